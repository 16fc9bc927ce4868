"""Bitstreams: platforms, tops, tools, and what a design takes in a chip."""
