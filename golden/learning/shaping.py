"""Which spectral shaping a line is worth: Sr and filter for what was measured (5.4.5.6/V.90).

Transformers and codecs pass nothing at DC, and little at the band edge. What an equaliser cannot
make good there is in the errors of its decisions, in step with the symbols before and behind; a
signal without power there would not have it. A sign bit in Sr's place costs a bit a data frame,
which is 20 log10(2) / 6 = 1 dB where levels are evenly spaced.
"""

import numpy as np

from golden.errors import CallFailed
from golden.learning.constellations import FILTER
from golden.pcm import g711
from golden.pcm.encoder import Encoder

#: Filters of the shaper: ``(a1, a2, b1, b2)`` in Q1.6, by where the signal then has no power.
FILTERS = {"DC": FILTER, "band edge": (-64, 0, 0, 0), "DC and band edge": (64, -64, 0, 0)}

#: First and last symbol before a decision (negative: behind it) of each sum of symbols that its
#: error may be in step with. Those that an equaliser reaches itself are there too, for its taps
#: are fit to the noise as well.
_SUMS = (
    (-32, -17),
    (-16, -9),
    (-8, -1),
    (1, 8),
    (9, 16),
    (17, 32),
    (33, 48),
    (49, 64),
    (65, 96),
    (97, 128),
)

#: Symbols behind a decision and before it that the sums need.
AHEAD, BEHIND = 32, 128

#: dB of noise in step for which shaping is looked at: noise alone, over as many symbols as a
#: start-up has, never claims as much (tests/golden/learning/test_shaping.py). dB of more room, at
#: the same rate, for which a signal changes: half of what a sign bit costs.
_LOOK, _WORTH = 0.15, 0.5

#: Data frames of a signal whose spectrum is taken, and bits' seed: any will do.
_FRAMES, _SEED = 400, 90


def _sums(values):
    """Sums ``(20, n - BEHIND - AHEAD)`` of symbols: as they are, and with signs in turn."""
    values = np.asarray(values, np.float64)
    n = np.arange(BEHIND, len(values) - AHEAD)
    turns = np.where(np.arange(len(values)) % 2, -1.0, 1.0)
    rows = []
    for signs in (np.ones(len(values)), turns):
        total = np.concatenate([[0.0], np.cumsum(signs * values)])
        rows += [signs[n] * (total[n - first + 1] - total[n - last]) for first, last in _SUMS]
    return np.stack(rows)


class Residue:
    """What of the errors is in step with low frequencies and the band edge.

    Parameters
    ----------
    values, errors : float, ``(n,)``
        What was decided, signs included, and how far from it it arrived, in PCM values. The values'
        signs must be scrambled (TRN1d, Jd).

    ``apart``: standard deviation of what remains when all of it is gone; ``deviation(values)``:
    what it would be for a signal of such values.
    """

    def __init__(self, values, errors):
        sums = _sums(values)
        errors = np.asarray(errors, np.float64)[BEHIND : len(values) - AHEAD]
        count, free = len(errors), len(sums)
        self._gram = sums @ sums.T / count
        self._weights = np.linalg.lstsq(sums.T, errors, rcond=None)[0]
        self._power = float(np.mean(np.asarray(values, np.float64) ** 2))
        left = errors - self._weights @ sums
        self._noise = float(np.sum(left**2)) / max(count - free, 1)
        # Weights are as wrong as noise makes them: what they claim too much by.
        self._wrong = np.linalg.pinv(self._gram) * self._noise / count

    @property
    def apart(self):
        """See the class."""
        return np.sqrt(self._noise)

    def deviation(self, values=None):
        """See the class; without ``values``, that of the errors themselves."""
        gram = self._gram
        if values is not None:
            sums = _sums(values)
            gram = sums @ sums.T / sums.shape[1] * (self._power / np.mean(np.square(values)))
        claimed = self._weights @ gram @ self._weights - np.sum(self._wrong * gram)
        return np.sqrt(self._noise + max(claimed, 0.0))


def signal(parameters):
    """PCM values (float64, ``(n,)``) of random data with these mapping parameters."""
    encoder = Encoder(parameters)
    bits = np.random.default_rng(_SEED).integers(0, 2, _FRAMES * parameters.data_bits, np.uint8)
    encoder.fill(bits)
    octets = encoder.frames(_FRAMES)
    magnitudes = g711.linear(g711.ucode(octets, parameters.law), parameters.law)
    return np.where(g711.sign(octets), magnitudes, -magnitudes).astype(np.float64)


def choice(residue, design):
    """``(Sr, filter)`` of the highest rate, and of the most room where rates are the same.

    ``design(sr, filter, factor)``: mapping parameters for ``factor`` times the deviation that there
    is, and the noise in dB that they bear beyond it; raises :class:`~golden.errors.CallFailed`
    where there are none. Without shaping where that is as good within ``_WORTH``.

    A signal that takes away half of what is in step has a chance: its taps adapt to it, and then
    nothing of it is left, as TRN2d will tell or not.
    """
    now = residue.deviation()
    best = 0, FILTER
    if 20 * np.log10(now / residue.apart) < _LOOK:
        return best
    most = _worth(design, *best, 1.0)[0]
    for name in FILTERS:
        for sr in range(1, 4):
            worth, parameters = _worth(design, sr, FILTERS[name], residue.apart / now)
            if _beyond(worth, most):
                left = residue.deviation(signal(parameters)) ** 2 - residue.apart**2
                if left <= (now**2 - residue.apart**2) / 2:
                    best, most = (sr, FILTERS[name]), worth
    return best


def _beyond(worth, most):
    return worth[0] > most[0] or (worth[0] == most[0] and worth[1] > most[1] + _WORTH)


def _worth(design, sr, filter, factor):
    """D and room in dB, to be compared in that order; and the parameters."""
    try:
        parameters, room = design(sr, filter, factor)
    except CallFailed:
        return (0, 0.0), None
    return (parameters.data_bits, room), parameters
