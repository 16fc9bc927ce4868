"""Bits, whatever they are for: scrambler and HDLC, each as its model in golden/bits."""
