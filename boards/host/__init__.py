"""A board's host: the link, a bank, a client, and a simulated board."""
