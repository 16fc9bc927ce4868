"""DIL of an analogue line, where it is known what was asked for: its levels (8.3.1, 8.4.1/V.90).

Taps and clock rest in DIL. What the feed-forward taps make of samples is then linear in symbols: a
symbol's value, less the feedback taps times the values before it. Ja tells Ucode and sign of each
symbol, so there are no more unknown values than levels, and least squares tell all of them at once.
No decision can be wrong in it, over a line that passes no DC either.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from golden.errors import V90Error
from golden.formats import FEEDBACK_TAP_USED
from golden.learning import learning
from golden.learning.constellations import at_codec
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver import timing
from golden.receiver.slicer import FINE, Levels
from golden.signals.training import dil

#: Data frames before R begins that are left out, for they may be R's own.
GUARD = 8

#: Data frames in which sums are R's, so that it is R; those before that feedback reaches back to.
ALIKE, REACH = 16, 6

#: Data frames of DIL below which it tells nothing.
LEAST = 60

#: Deviation (PCM values) of the two signs of one level: over a line that passes no DC nothing else
#: tells an offset that all have.
ASYMMETRY = 64.0

#: Standard deviations of the noise beyond which the remainder says that it is another DIL.
OTHER = 3.0

_R = np.array([1.0, 1, 1, -1, -1, -1])


@dataclass
class Found:
    """What a DIL told.

    Fields: ``values`` (float64, ``(n, 6)``), soft values of DIL and of what was heard of R behind
    it; ``end``, DIL's data frames; ``deviation`` of the noise; ``impairments``
    (:class:`~golden.learning.learning.Impairments`), in the receiver's scale.
    """

    values: np.ndarray
    end: int
    deviation: float
    impairments: object

    def levels(self, parameters):
        """:class:`Levels` at which points of mapping parameters arrive, and Ucodes at the codec.

        Raises :class:`~golden.errors.V90Error` where two points of an interval arrive alike.
        """
        rows, names = [], []
        grid = g711.linear(np.arange(128), self.impairments.law_out) * self.impairments.gain
        for i, ucodes in enumerate(parameters.intervals):
            words = self.impairments.codewords[i, list(ucodes)]
            rows.append(tuple(int(x) for x in np.rint(grid[words].mean((1, 2)))))
            names.append(words.max((1, 2)))
        return Levels(tuple(rows), parameters.intervals), names

    def arriving(self, parameters):
        """Mapping parameters with the constellations that arrive; None where two points are one."""
        words = self.impairments.codewords.max((2, 3))
        return at_codec(parameters, words, self.impairments.law_out)


def forward(receiver, samples, first, behind):
    """Sums of the feed-forward taps (float64, ``(n, 6)``) and their slopes for data frames.

    ``first``, ``behind``: numbers of data frames, within ``samples``; taps and clock are those that
    the receiver has.
    """
    at, step, number, shift = receiver.held()
    taps = (receiver.equalizer.forward_taps[0] >> 16) / 2.0 ** (receiver.equalizer.drop[0] + FINE)
    before = -(-len(taps) // timing.HALVES) + 1
    one = (1 << timing.INSTANT_FRACTION) + step
    start = at + (np.arange(first - before, behind) - number) * timing.HALVES * one
    instants = timing.instants(start, np.full(len(start), step))
    whole = instants >> timing.INSTANT_FRACTION
    offsets = np.arange(-timing.TAPS_BEFORE + 1, timing.TAPS - timing.TAPS_BEFORE + 1)
    index = np.clip(whole[..., None] + offsets, 0, len(samples) - 1)
    fraction = instants & ((1 << timing.INSTANT_FRACTION) - 1)
    halves = timing.Interpolator().process(samples[index], fraction, np.full((1, 1), shift))
    sums = np.convolve(halves.reshape(-1), taps)[: halves.size]
    places = before * timing.HALVES + 2 * np.arange((behind - first) * INTERVALS)
    slope = sums[np.minimum(places + 1, len(sums) - 1)] - sums[places - 1]
    return sums[places].reshape(-1, INTERVALS), slope.reshape(-1, INTERVALS)


def way_of_r(receiver, samples, level, sigma):
    """Whether the last ALIKE data frames are R (1) or turned R (-1) of that level, or not (0).

    Sums of the feed-forward taps tell it without a decision: those that are wrong may last.
    """
    number = receiver.held()[2]
    sums, _ = forward(receiver, samples, number - ALIKE, number)
    made = np.convolve(np.tile(level * _R, ALIKE + REACH), _back(receiver))
    made = made[REACH * INTERVALS : (REACH + ALIKE) * INTERVALS]
    for way in (1, -1):
        if np.mean((sums.reshape(-1) - way * made) ** 2) < (OTHER * sigma) ** 2:
            return way
    return 0


def follow_r(receiver, way, level):
    """Have the receiver take the last symbols for R's, whatever it decided."""
    past = receiver.equalizer.past
    past[0] = np.resize(np.rint(-way * level * _R).astype(np.int64), past.shape[1])


def _back(receiver):
    taps = (receiver.equalizer.feedback_taps[0] >> 16) / 2.0**FEEDBACK_TAP_USED.fraction
    return np.concatenate([[1.0], -taps])


def find(receiver, samples, descriptor, before, first, sure, sigma):
    """:class:`Found`, or None where DIL is too short or is another one.

    ``descriptor``: fields of :data:`golden.signals.sequences.DIL`. ``before``: values of the
    symbols before DIL, as many as feedback taps at least. ``first``, ``sure``: numbers of DIL's
    first data frame and of one that is R's, None: DIL goes on. ``sigma``: deviation of the noise.
    """
    heard = receiver.held()[2] - first
    n = heard if sure is None else max(0, sure - first - GUARD)
    ucodes, signs = dil(descriptor)
    if n < LEAST or not len(ucodes):
        return None
    sums, slope = (one.reshape(-1) for one in forward(receiver, samples, first, first + heard))
    back = _back(receiver)
    size = heard * INTERVALS
    ucodes, way = np.resize(ucodes, size), 2.0 * np.resize(signs, size) - 1
    columns = (np.arange(size) % INTERVALS * 128 + ucodes) * 2 + (way > 0)
    level, spread, moved, deviation = _fit(
        sums[: n * INTERVALS], slope[: n * INTERVALS], columns, way, back, before, sigma
    )
    if deviation > OTHER * sigma:
        return None
    measurement = learning.Measurement(
        level.reshape(INTERVALS, 128, 2),
        np.where(np.isfinite(level), np.maximum(1, (deviation / spread) ** 2), 0)
        .reshape(INTERVALS, 128, 2)
        .astype(np.int64),
        np.full(INTERVALS, deviation),
    )
    try:
        laws = [learning.impairments(measurement, law) for law in g711.LAWS]
    except V90Error:
        return None
    # Of two that explain as much, the one that needs no conversion.
    best = min(laws, key=lambda one: (round(one.misfit, 1), len(one.sentences)))
    # What did not come yet has the level that the others' explanation gives it.
    grid = g711.linear(np.arange(128), best.law_out) * best.gain
    level = np.where(np.isfinite(level), level, grid[best.codewords].mean(2).reshape(-1))
    sums = sums + slope * np.polyval(moved, np.arange(size) / (n * INTERVALS))
    sent, end = way * level[columns], heard
    if sure is not None:
        own = float(np.mean(np.abs(before)))
        sent, end = _with_r(sums, sent, n, heard, own, back, before)
    past = np.concatenate([before[1 - len(back) :], sent])
    values = sums - np.convolve(past, back, "valid") + sent
    return Found(values.reshape(-1, INTERVALS), end, deviation, best)


def _fit(sums, slope, columns, way, back, before, sigma):
    """Levels (NaN where there is none), their deviations, the clock's polynomial, the remainder's.

    The clock has an offset and a rate beside what it was held at, both small.
    """
    n, lags = len(sums), len(back)
    used, place = np.unique(columns[:n], return_inverse=True)
    rows = np.concatenate([np.arange(k, n) for k in range(lags)])
    where = np.concatenate([place[: n - k] for k in range(lags)])
    weight = np.concatenate([back[k] * way[: n - k] for k in range(lags)])
    time = np.arange(n) / n
    clock = sparse.csr_matrix(-slope[:, None] * np.stack([time, np.ones(n)], 1))
    matrix = sparse.hstack(
        [
            sparse.csr_matrix((weight, (rows, where)), (n, len(used))),
            clock,
        ]
    ).tocsr()
    # What was sent before is known.
    target = sums.copy()
    past = np.concatenate([before[1 - lags :], np.zeros(lags)])
    target[: lags - 1] -= np.convolve(past, back)[lags - 1 : 2 * lags - 2]
    gram = (matrix.T @ matrix).toarray()
    both = np.flatnonzero((used[:-1] ^ 1 == used[1:]) & (used[1:] & 1 == 1))
    tie = (sigma / ASYMMETRY) ** 2
    for a, b in ((0, 0), (1, 1), (0, 1), (1, 0)):
        gram[both + a, both + b] += tie if a == b else -tie
    inverse = np.linalg.inv(gram)
    found = inverse @ (matrix.T @ target)
    left = target - matrix @ found
    deviation = float(np.sqrt(np.sum(left**2) / max(1, n - len(found))))
    level, spread = np.full((2, INTERVALS * 256), np.nan)
    level[used] = found[:-2]
    spread[used] = deviation * np.sqrt(np.diag(inverse)[:-2])
    return level, spread, found[-2:], deviation


def _with_r(sums, sent, first, last, level, back, before):
    """The values sent, with R from the data frame on that fits best, and that data frame.

    Between data frames ``first`` and ``last``.
    """
    lags, begin = len(back), first * INTERVALS
    past = np.concatenate([before[1 - lags :], sent])[begin:]
    best = None
    for way in (1, -1):
        for at in range(first, last + 1):
            own = past.copy()
            own[lags - 1 + at * INTERVALS - begin :] = np.tile(way * level * _R, last - at)
            cost = float(np.sum((sums[begin:] - np.convolve(own, back, "valid")) ** 2))
            if best is None or cost < best[0]:
                best = cost, np.concatenate([sent[:begin], own[lags - 1 :]]), at
    return best[1:]
