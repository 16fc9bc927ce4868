"""Reports and pictures of calls and recordings."""
