"""Modulus encoder and its inverse (5.4.3/V.90)."""

import numpy as np


def _powers(moduli):
    """A(i): the product of the moduli below interval i."""
    return np.cumprod([1, *moduli[:-1]], dtype=np.int64)


class ModulusEncoder:
    """K bits, as the integer R0, into one label for each data frame interval.

    ``moduli``: M0 to M5, each 1 to 128.
    """

    def __init__(self, moduli):
        self.moduli = np.array(moduli, np.int64)

    def process(self, numbers):
        """Labels K0 to K5 (int64, shape ``(..., 6)``) of integers R0 (int64, shape ``(...)``)."""
        numbers = np.asarray(numbers, np.int64)[..., None]
        return numbers // _powers(self.moduli) % self.moduli


class ModulusDecoder:
    """The inverse of :class:`ModulusEncoder`."""

    def __init__(self, moduli):
        self.moduli = np.array(moduli, np.int64)

    def process(self, labels):
        """Integers R0 (int64, shape ``(...)``) of labels (shape ``(..., 6)``)."""
        return np.asarray(labels, np.int64) @ _powers(self.moduli)
