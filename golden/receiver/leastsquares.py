"""Taps of the equaliser by least squares over TRN1d (8.4.5, 9.3.2/V.90).

LMS needs far more symbols than the 2040 of TRN1d that are sure, because the line's band edges
spread the eigenvalues of its input. So the normal equations are summed exactly and solved by
Cholesky's factorisation in fixed point. Regressors are samples of half symbols, newest first, then
the symbols before the one in question, latest first; the symbol itself is the target.
"""

import numpy as np

from golden.formats import TRAINING_LEVEL

#: Ridge on the diagonal, whose first entries are between 2**28 and 2**29: -72 dB or so. It keeps
#: the factorisation's rounding errors from making the matrix indefinite.
RIDGE = 1 << 4

#: By how much of TRAINING_LEVEL a symbol can differ from TRN1d's level: a robbed bit moves a Ucode
#: by a 16.5th at most, for U_INFO is 67 or more.
MOST_OFF = 255


class Correlator:
    """Sums the normal equations.

    ``process(forward, symbols)``: ``forward`` (int64 within 16 bits, ``(..., n, F)``) are the
    samples before each symbol of the training, ``symbols`` (``(..., n, B + 1)``, +-1, or as many
    4096ths as levels differ) the symbol and those before it. Adds to ``matrix`` (int64, ``(...,
    F+B+1, F+B+1)``): regressors in the order of the module's docstring, the target last.
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """Start with nothing."""
        self.matrix = 0

    def process(self, forward, symbols):
        """See the class; returns ``matrix``."""
        count = forward.shape[-1]
        rows = np.empty((*forward.shape[:-1], count + symbols.shape[-1]))
        rows[..., :count] = forward
        np.multiply(symbols[..., 1:], TRAINING_LEVEL, out=rows[..., count:-1])
        np.multiply(symbols[..., 0], TRAINING_LEVEL, out=rows[..., -1])
        # Sums of whole numbers below 2**53 are exact in float64, and the fastest there is.
        self.matrix = self.matrix + (np.swapaxes(rows, -1, -2) @ rows).astype(np.int64)
        return self.matrix


def shares(values, level):
    """PCM values, which are near plus or minus ``level``, in TRAINING_LEVEL-ths of it, to nearest.

    ``values``: int64, nought is positive; what is further than MOST_OFF from TRAINING_LEVEL is
    as far.
    """
    values = np.asarray(values, np.int64)
    magnitude = (2 * TRAINING_LEVEL * np.abs(values) + level) // (2 * level)
    most = TRAINING_LEVEL + MOST_OFF
    return np.where(values < 0, -1, 1) * np.clip(magnitude, TRAINING_LEVEL - MOST_OFF, most)
