"""Coefficients that make values of symbols of samples (see :mod:`sim.reading.symbols`)."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from golden.pcm.parameters import INTERVALS

#: Poles of the tails: corners from 4 to 280 Hz.
POLES = np.array([0.8, 0.9, 0.953, 0.98, 0.992, 0.997])

#: Feed-forward taps, a half symbol each, and feedback taps.
FORWARD, FEEDBACK = 96, 48

#: Levels may differ by interval and from data frame to data frame, where bits are robbed.
PERIOD = 2 * INTERVALS

#: Symbols after which tails have died out.
MEMORY = 4000

#: Share of each regressor's power that is added to it, so that there is always one solution.
RIDGE = 1e-8


@dataclass
class Taps:
    """``forward`` w, ``feedback`` b, ``tails`` c and ``bias`` d of :mod:`sim.reading.symbols`."""

    forward: np.ndarray
    feedback: np.ndarray
    tails: np.ndarray
    bias: float

    @classmethod
    def of(cls, row):
        """Taps from one row with all of them."""
        ends = np.cumsum([FORWARD, FEEDBACK, len(POLES)])
        forward, feedback, tails, bias = np.split(row, ends)
        return cls(forward, feedback, tails, float(bias[0]))

    def back(self, count=FEEDBACK):
        """Weights of the last ``count`` symbols in a value, that of the last one first."""
        weights = (POLES ** np.arange(count)[:, None]) @ self.tails
        weights[:FEEDBACK] += self.feedback
        return weights


def tails_of(past):
    """Tails (float64, one a pole) behind symbols, oldest first."""
    past = past[-MEMORY:]
    return POLES[:, None] ** np.arange(len(past))[::-1] @ past


def columns(symbols, before):
    """Regressors of ``symbols``, behind ``before``: feedback taps, tails and bias, ``(n, ...)``."""
    past = np.concatenate([np.zeros(FEEDBACK), before, symbols])
    rows = np.lib.stride_tricks.sliding_window_view(past, FEEDBACK)[:-1, ::-1]
    latest = np.concatenate([[0.0], before, symbols])[:-1]
    tails = np.stack([lfilter([1], [1, -p], latest) for p in POLES], 1)
    ones = np.ones((len(latest), 1))
    return np.concatenate([rows[-len(latest) :], tails, ones], 1)[len(before) :]


def solve(matrix, target):
    """Coefficients of least squares, and the deviation of what they leave."""
    scale = np.sqrt((matrix**2).mean(0)) + 1e-12
    matrix = matrix / scale
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] += RIDGE * len(target)
    found = np.linalg.solve(gram, matrix.T @ target)
    left = target - matrix @ found
    freedom = max(1, len(target) - matrix.shape[1])
    return found / scale, float(np.sqrt(left @ left / freedom))
