"""Clause 8/V.90 as sent: sequences of bits, training signals, and their generator."""
