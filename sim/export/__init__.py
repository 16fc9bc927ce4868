"""Blocks as Verilog for other projects, with what a reader needs to connect them."""
