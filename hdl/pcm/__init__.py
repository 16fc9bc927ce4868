"""Clause 5/V.90 in gateware: the encoder and decoder with their parts."""
