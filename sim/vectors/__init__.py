"""Golden vectors for other implementations."""
