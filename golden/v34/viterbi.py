"""Viterbi decoder over the 4D trellis: received channel outputs to decided ones (9.6.3/V.34).

Points of a subset are those of the unbounded grid of odd integers: with a precoder there is no
edge, and without one it helps few decisions.
"""

from functools import cached_property
from math import prod

import numpy as np

from golden.errors import V90Error
from golden.v34.constellation import subset
from golden.v34.formats import PATH_METRIC, RECEIVED_POINT
from golden.v34.parameters import TRELLISES
from golden.v34.trellis import code

#: 4D symbols from a received point to its decision, by states. With half as many again, the loss
#: against a much longer one is below 0.02 dB at one 4D symbol in 10^4.
DEPTHS = {16: 24, 32: 32, 64: 40}

#: A point's unit, and four of them, the spacing of a class of points.
_UNIT = 1 << RECEIVED_POINT.fraction
_SPACING = 4 * _UNIT

#: Classes of points by their quarter turns: each coordinate 1 or -1 modulo 4 (Figure 9).
_CLASSES = ((1, 1), (1, -1), (-1, -1), (-1, 1))

#: Metric with which states other than the first begin: more than two 4D symbols can make up for.
UNLIKELY = 1 << (PATH_METRIC.integer + PATH_METRIC.fraction - 2)

#: 4D symbols, over all channels, that are worked on together: it bounds the memory.
_BLOCK = 1 << 12


def distances(points):
    """Squared distances of received points to the nearest point of each of the eight subsets.

    ``points``: RECEIVED_POINT, int64 ``(..., 2, n)``. Returns ``(..., n, 8)``; the sum of two is a
    BRANCH_METRIC.
    """
    errors = _errors(points)
    parts = [(errors[a][..., 0, :], errors[b][..., 1, :]) for a, b in _CLASSES]
    fields = [_field(points, pair) for pair in _CLASSES]
    near = np.stack([real**2 + imaginary**2 for real, imaginary in parts], axis=-1)
    # In the other subset of a class the part with the larger error e goes to 4 - e.
    largest = [np.maximum(np.abs(real), np.abs(imaginary)) for real, imaginary in parts]
    far = near + _SPACING**2 - 2 * _SPACING * np.stack(largest, axis=-1)
    odd = np.stack(fields, axis=-1) == 1
    return np.concatenate([np.where(odd, far, near), np.where(odd, near, far)], axis=-1)


def _errors(points):
    """Errors to the nearest coordinate of each class, by 1 and -1; a half goes up."""
    return {a: (points - a * _UNIT + _SPACING // 2) % _SPACING - _SPACING // 2 for a in (1, -1)}


def _field(points, pair):
    """High bit of Figure 9's label of the nearest point of a class."""
    steps = [
        (points[..., axis, :] - a * _UNIT + _SPACING // 2) // _SPACING
        for axis, a in enumerate(pair)
    ]
    return (steps[0] + steps[1]) & 1


def nearest_points(points, labels):
    """The point of subset ``labels`` (``(..., n)``) nearest to each received point.

    ``points``: RECEIVED_POINT, int64 ``(..., 2, n)``. Returns whole numbers, as many.
    """
    turns = labels & 3
    signs = np.moveaxis(np.array(_CLASSES)[turns], -1, -2)
    offset = points - signs * _UNIT + _SPACING // 2
    steps, errors = offset // _SPACING, offset % _SPACING - _SPACING // 2
    wrong = (steps[..., 0, :] + steps[..., 1, :] - (labels >> 2)) & 1
    size = np.abs(errors)
    first = size[..., 0, :] >= size[..., 1, :]
    moved = np.stack([first, ~first], axis=-2) & (wrong[..., None, :] == 1)
    return 4 * (steps + np.where(moved, np.where(errors >= 0, 1, -1), 0)) + signs


class ViterbiDecoder:
    """Decide channel outputs y(n) from received ones, with one of the three trellis codes.

    Parameters: ``states``, 16, 32 or 64; ``depth``, 4D symbols from a received point to its
    decision.

    ``process`` takes received points (RECEIVED_POINT, int64 ``(..., 2, n)``, n even) and V0(m) of
    each 4D symbol (``(n / 2,)``). It returns decided points, whole numbers ``(..., 2, k)``:
    ``depth - 1`` 4D symbols late, none of them when fewer have arrived. :meth:`finish` returns the
    rest. Leading axes are channels.

    A path's metric is the sum of squared distances of its 4D symbols. From the path that is best
    after each 4D symbol, the branch ``depth - 1`` 4D symbols before is taken, and the received
    points of then are decided again among the points of that branch. On a tie the branch with the
    lower number, the lower state and the pair of subsets with the lower labels win.

    Raises :class:`~golden.errors.V90Error` for another number of states.
    """

    def __init__(self, states, depth=None):
        if states not in TRELLISES:
            raise V90Error(f"a trellis has 16, 32 or 64 states, not {states}")
        self._code = code(states)
        self.depth = depth or DEPTHS[states]
        self._lead = ()
        self.reset()

    def reset(self):
        """The trellis encoder is known to be in its first state, as it is when B1 begins."""
        self._metrics = None

    @cached_property
    def _groups(self):
        """For each state and branch, ``branches`` times Y0 and the branch."""
        c = self._code
        return c.output[c.preceding] * c.branches + np.arange(c.branches)

    def process(self, points, inversions):
        """Decided points, late by ``depth - 1`` 4D symbols."""
        points = np.asarray(points, np.int64)
        lead, n = points.shape[:-2], points.shape[-1]
        rows = points.reshape(prod(lead), 2, n)
        if self._metrics is None:
            self._start(len(rows))
        self._lead = lead
        size = max(1, _BLOCK // max(1, len(rows)))
        out = [np.zeros((len(rows), 2, 0), np.int64)]
        for start in range(0, n // 2, size):
            block = slice(start, start + size)
            ends = rows[..., 2 * start : 2 * (start + size)]
            out.append(self._block(ends, np.asarray(inversions)[block]))
        decided = np.concatenate(out, axis=-1)
        return decided.reshape(*lead, *decided.shape[1:])

    def finish(self):
        """Decided points that are still due, from the path that is best now, and a reset."""
        if self._metrics is None:
            return np.zeros((*self._lead, 2, 0), np.int64)
        count = self._branches.shape[0]
        state = np.argmin(self._metrics, axis=0)
        groups = np.empty((count, state.shape[0]), np.int64)
        columns = np.arange(state.shape[0])
        for m in range(count - 1, -1, -1):
            branch = self._branches[m][state, columns]
            groups[m] = self._groups[state, branch]
            state = self._code.preceding[state, branch]
        points, inversions = self._kept
        self.reset()
        decided = self._decide(points, groups.T, inversions)
        return decided.reshape(*self._lead, *decided.shape[1:])

    def _start(self, channels):
        """Metrics, and what is kept of 4D symbols not yet decided: time first, channels last."""
        self._metrics = np.full((self._code.states, channels), UNLIKELY, np.int64)
        self._metrics[0] = 0
        self._branches = np.zeros((0, self._code.states, channels), np.uint8)
        self._kept = np.zeros((channels, 2, 0), np.int64), np.zeros(0, np.int64)

    def _block(self, points, inversions):
        """One block of every channel: add, compare, select; trace back; decide."""
        branches, best = self._select(self._branch_metrics(points, inversions))
        branches = np.concatenate([self._branches, branches])
        points = np.concatenate([self._kept[0], points], axis=-1)
        inversions = np.concatenate([self._kept[1], inversions])
        # The last of ``best`` belongs to the last of ``branches``.
        due = max(0, len(branches) - self.depth + 1)
        groups = self._trace(branches, best[len(best) - due :])
        kept = len(branches) - due
        self._branches = branches[due:]
        self._kept = points[..., 2 * due :], inversions[len(inversions) - kept :]
        return self._decide(points[..., : 2 * due], groups, inversions[:due])

    def _branch_metrics(self, points, inversions):
        """4D distances ``(n, 2 branches, channels)``, ``branches`` times Y0 and the branch."""
        near = distances(points)
        first, second = np.divmod(self._code.pairs, 8)
        sums = near[:, 0::2][..., first] + near[:, 1::2][..., second]
        metrics = np.moveaxis(sums.min(axis=-1), 0, -1)
        turned = np.where(inversions[:, None, None, None] == 1, metrics[:, ::-1], metrics)
        return turned.reshape(len(inversions), -1, points.shape[0])

    def _select(self, metrics):
        """Survivors of every 4D symbol: the branch to each state, and the best state."""
        c = self._code
        low = c.branches.bit_length() - 1
        metrics <<= low
        number = np.arange(c.branches)[None, :, None]
        chosen = np.empty((len(metrics), *self._metrics.shape), np.int64)
        state, before = self._metrics << low, c.preceding
        for step, out in zip(metrics, chosen, strict=True):
            # The branch's number in the low bits: the least sum is the first of equal ones.
            paths = state[before]
            paths += step[self._groups]
            paths |= number
            paths.min(axis=1, out=out)
            state = out & -c.branches
        best = np.argmin(chosen >> low, axis=1)
        spread = (np.ptp(chosen, axis=1).max() >> low) if chosen.size else 0
        if spread >= 1 << (PATH_METRIC.width - 1):
            raise OverflowError(f"metrics differ by {spread}, which {PATH_METRIC} cannot compare")
        self._metrics = (state - state.min(axis=0)) >> low
        return (chosen & (c.branches - 1)).astype(np.uint8), best

    def _trace(self, branches, states):
        """``branches`` times Y0 and the branch, ``depth - 1`` before each of ``states``."""
        c, due, columns = self._code, len(states), np.arange(states.shape[1])
        place = np.arange(due)[:, None] + self.depth - 1
        for back in range(self.depth):
            branch = branches[place - back, states, columns]
            group = self._groups[states, branch]
            states = c.preceding[states, branch]
        return group.T

    def _decide(self, points, groups, inversions):
        """Points of the branches: ``groups`` ``(channels, n)``, with Y0 and not yet V0."""
        c = self._code
        near = distances(points)
        parity, branch = np.divmod(groups, c.branches)
        pairs = c.pairs[parity ^ inversions, branch]
        first, second = np.divmod(pairs, 8)
        sums = np.take_along_axis(near[:, 0::2], first, -1)
        sums = sums + np.take_along_axis(near[:, 1::2], second, -1)
        pair = np.take_along_axis(pairs, np.argmin(sums, axis=-1)[..., None], -1)[..., 0]
        labels = np.stack(np.divmod(pair, 8), axis=-1).reshape(len(points), points.shape[-1])
        return nearest_points(points, labels)


def viterbi_reference(points, inversions, states):
    """Decide channel outputs in float64, from whole paths: what ``ViterbiDecoder`` comes close to.

    ``points``: float64 ``(channels, 2, n)`` on the grid of odd integers; ``inversions``: V0.
    Returns whole numbers, as many.
    """
    c = code(states)
    line = np.arange(-3, 5, 2)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    # The nearest of a subset's points is the nearest of its two in 8 by 8, moved by eights.
    grid = np.concatenate([grid, grid + [4, 4]])
    labels = subset(grid)
    moved = points[..., None] - grid.T[:, None]
    whole = grid.T[:, None] + 8 * np.rint(moved / 8)
    apart = np.sum((points[..., None] - whole) ** 2, axis=-3)
    pairs = [np.flatnonzero(labels == label) for label in range(8)]
    choice = np.stack([pair[np.argmin(apart[..., pair], axis=-1)] for pair in pairs], axis=-1)
    near = np.take_along_axis(apart, choice, axis=-1)
    one, other = np.divmod(c.pairs, 8)
    sums = near[:, 0::2][..., one] + near[:, 1::2][..., other]
    best_pair, sums = np.argmin(sums, axis=-1), sums.min(axis=-1)
    count, columns = len(points), np.arange(len(points))
    metrics = np.where(np.arange(states) == 0, 0, np.inf) * np.ones((count, 1))
    taken = []
    for m, inversion in enumerate(inversions):
        group = sums[:, m, c.output[c.preceding] ^ inversion, np.arange(c.branches)]
        paths = metrics[:, c.preceding] + group
        taken.append(np.argmin(paths, axis=-1))
        metrics = paths.min(axis=-1)
    state, decided = np.argmin(metrics, axis=-1), np.empty(points.shape, np.int64)
    for m in range(len(taken) - 1, -1, -1):
        branch = taken[m][columns, state]
        state = c.preceding[state, branch]
        parity = c.output[state] ^ inversions[m]
        pair = c.pairs[parity, branch, best_pair[columns, m, parity, branch]]
        for n, label in zip((2 * m, 2 * m + 1), np.divmod(pair, 8), strict=True):
            decided[:, :, n] = whole[columns, :, n, choice[columns, n, label]]
    return decided
