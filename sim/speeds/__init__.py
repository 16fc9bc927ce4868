"""Speeds of golden and gateware, and the page that shows them."""
