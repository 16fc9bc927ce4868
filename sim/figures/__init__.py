"""Figures that `make figures` and `make soak` print: how well the modem does."""
