"""Chips: what the gateware takes there. Platforms and bitstreams come later."""
