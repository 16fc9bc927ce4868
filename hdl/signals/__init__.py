"""Clause 8/V.90 in gateware: the signals that a digital modem sends."""
