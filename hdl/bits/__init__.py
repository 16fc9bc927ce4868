"""Streams of bits: scrambler and HDLC, each with a model of its name in golden/bits."""
