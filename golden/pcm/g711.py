"""Ucodes, G.711 octets and linear values for both laws (Table 1/V.90, G.711).

A Ucode (0 to 127) names the magnitude of a PCM codeword in both laws; a sign bit of 1 is a
positive voltage (5.4.6/V.90). All functions take arrays of any shape.
"""

import numpy as np

from golden.errors import V90Error, short

#: The laws by the names that parameter files use.
LAWS = ("mu", "A")

# mu-law sends all magnitude bits inverted, A-law every second bit; the octet's first bit is 1 for
# a positive value in both (G.711 clause 2).
_MASK = {"mu": 0x7F, "A": 0x55}


def check_law(law):
    """Return ``law``; raise :class:`~golden.errors.V90Error` unless it is ``mu`` or ``A``."""
    if law not in LAWS:
        raise V90Error(f"unknown law {short(law)}: the laws are mu and A")
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


def _conversions():
    # Tables 3/G.711 and 4/G.711, from decoder output value number to number: a mu-law number is its
    # Ucode, an A-law number its Ucode and one.
    mu = np.arange(128)
    mu_to_a = mu + np.select(
        [mu < 16, mu < 33, mu < 37, mu < 48, mu == 48, mu < 64, mu < 80],
        [mu // 2 + 1 - mu, -7, mu - 39, -3, -2, -1, 0],
        1,
    )
    a = np.arange(129)
    a_to_mu = a + np.select(
        [a < 9, a < 26, a < 33, a < 45, a < 49, a < 63, a == 63, a < 80],
        [a - 1, 7, (a - 1) // 2 + 20 - a, 3, (a - 1) // 2 + 26 - a, 1, 1, 0],
        -1,
    )
    return {"mu": mu_to_a - 1, "A": a_to_mu[1:]}


_CONVERTED = _conversions()


def converted(ucode, law):
    """Ucodes (int64) in the other law of Ucodes in ``law``, by Tables 3/G.711 and 4/G.711."""
    return _CONVERTED[check_law(law)][np.asarray(ucode)]
