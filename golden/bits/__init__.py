"""Bits, whatever they are for: scrambler, CRC, HDLC, sequences as tables."""
