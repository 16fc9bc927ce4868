"""Ucodes, G.711 octets and linear values for both laws (Table 1/V.90, G.711).

A Ucode (0 to 127) names the magnitude of a PCM codeword in both laws; a sign bit of 1 is a
positive voltage (5.4.6/V.90). All functions take arrays of any shape.
"""

import reprlib

import numpy as np

from golden.errors import V90Error

#: The laws by the names that parameter files use.
LAWS = ("mu", "A")

# mu-law sends all magnitude bits inverted, A-law every second bit; the octet's first bit is 1 for
# a positive value in both (G.711 clause 2).
_MASK = {"mu": 0x7F, "A": 0x55}


def check_law(law):
    """Return ``law``; raise :class:`~golden.errors.V90Error` unless it is ``mu`` or ``A``."""
    if law not in LAWS:
        raise V90Error(f"unknown law {reprlib.repr(law)}: the laws are mu and A")
    return law


def octet(ucode, sign, law):
    """Octets (uint8) of Ucodes 0..127 with sign bits, 1 positive."""
    inverted = np.asarray(ucode, np.uint8) ^ _MASK[check_law(law)]
    return (np.asarray(sign, np.uint8) << 7) | inverted


def ucode(octets, law):
    """Ucodes 0..127 (uint8) of octets."""
    return (np.asarray(octets, np.uint8) ^ _MASK[check_law(law)]) & 0x7F


def sign(octets):
    """Sign bits (uint8, 1 positive) of octets; the first bit of the octet in either law."""
    return np.asarray(octets, np.uint8) >> 7


def _linear_table(law):
    # A segment doubles the step of the one below it; A-law's two lowest share a step, and its
    # steps are twice mu-law's, which starts half a step lower (G.711 Tables 1a and 2a).
    code = np.arange(128, dtype=np.int64)
    segment, step = code >> 4, code & 15
    if law == "mu":
        return 4 * (((2 * step + 33) << segment) - 33)
    return 8 * np.where(segment == 0, 2 * step + 1, (2 * step + 33) << np.maximum(segment - 1, 0))


_LINEAR = {law: _linear_table(law) for law in LAWS}


def linear(ucode, law):
    """Linear values of Table 1/V.90 (int64, 0 to 32256) of Ucodes."""
    return _LINEAR[check_law(law)][np.asarray(ucode)]
