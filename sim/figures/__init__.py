"""Figures that `make figures` and `make soak` print: what the modem reaches."""
