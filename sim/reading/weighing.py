"""Symbols weighed where decisions are doubtful: means and variances in place of decisions.

A line passes next to nothing at DC and at 4 kHz, so a wrong decision, once fed back, is followed by
others. Here the last symbols are a vector s with a mean m and a covariance P, and a symbol's value
is y = u + h s + noise: u the sums of the feed-forward taps, h the feedback taps and tails. What is
known of x before is that it is one of some levels, and that it is about y with the variance
h P h + noise. Levels far apart make it certain, and s is then known better too (a Kalman filter);
between levels that are closer than the noise it stays y.
"""

import numpy as np

from sim.reading.taps import FEEDBACK, POLES

#: Standard deviations around a value in which levels count.
REACH = 4.5

#: Variance below which a symbol is certain, beside that of the noise.
CERTAIN = 1e-4

_STATES = FEEDBACK + len(POLES)


class Weigher:
    """The last symbols as mean and covariance.

    Parameters: ``taps`` (:class:`~sim.reading.symbols.Taps`); ``rows``, levels by interval;
    ``deviation`` of the noise; ``past``, symbols before (at least FEEDBACK), which are certain;
    ``tails`` of them.
    """

    def __init__(self, taps, rows, deviation, past, tails):
        self._h = np.concatenate([taps.feedback, taps.tails])
        self._rows = [np.unique(np.concatenate([row, -np.asarray(row)])) for row in rows]
        self._noise = deviation**2
        self._mean = np.concatenate([past[: -FEEDBACK - 1 : -1], tails])
        self._covariance = np.zeros((_STATES, _STATES))

    def process(self, interval, value):
        """Weigh the next symbol, in ``interval``, whose feed-forward sum is ``value``.

        Returns its value and its mean.
        """
        spread = self._covariance @ self._h
        variance = float(self._h @ spread) + self._noise
        value += float(self._h @ self._mean)
        mean, own = self._weigh(self._rows[interval], value, variance)
        gain = spread / variance
        self._mean += gain * (mean - value)
        self._covariance -= np.multiply.outer(gain, gain * (variance - own))
        self._shift(mean, own, gain * own)
        return value, mean

    def _weigh(self, levels, value, variance):
        """Mean and variance of a symbol that is one of ``levels``, and about ``value``."""
        reach = REACH * variance**0.5
        first, last = np.searchsorted(levels, (value - reach, value + reach))
        if last - first < 2:
            at = np.searchsorted(levels, value)
            near = levels[max(at - 1, 0) : at + 1]
            return float(near[np.abs(near - value).argmin()]), 0.0
        near = levels[first:last]
        weights = np.exp((near - value) ** 2 * (-0.5 / variance))
        weights /= weights.sum()
        mean = float(weights @ near)
        own = float(weights @ (near - mean) ** 2)
        return mean, own if own > CERTAIN * self._noise else 0.0

    def _shift(self, mean, own, shared):
        """Take a symbol in, whose covariance with the others is ``shared``."""
        old, taps = self._covariance, slice(FEEDBACK, None)
        new = np.empty_like(old)
        new[1:FEEDBACK, 1:FEEDBACK] = old[: FEEDBACK - 1, : FEEDBACK - 1]
        new[0, 0] = own
        new[0, 1:FEEDBACK] = new[1:FEEDBACK, 0] = shared[: FEEDBACK - 1]
        tails = POLES * shared[taps]
        new[0, taps] = new[taps, 0] = tails + own
        cross = POLES[:, None] * old[taps, : FEEDBACK - 1] + shared[: FEEDBACK - 1]
        new[taps, 1:FEEDBACK] = cross
        new[1:FEEDBACK, taps] = cross.T
        new[taps, taps] = POLES[:, None] * POLES * old[taps, taps] + tails + tails[:, None] + own
        self._covariance = new
        self._mean[taps] = POLES * self._mean[taps] + mean
        self._mean[1:FEEDBACK] = self._mean[: FEEDBACK - 1].copy()
        self._mean[0] = mean

    @property
    def past(self):
        """Means of the last FEEDBACK symbols, oldest first, as they are known by now."""
        return self._mean[FEEDBACK - 1 :: -1]
