"""Clause 5/V.90: G.711, mapping parameters, and the encoder and decoder with their parts."""
