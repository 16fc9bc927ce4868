"""Shell mapper: K bits of a mapping frame to eight ring indices, and back (9.4/V.34).

All of it is exact and without memory, over any number of mapping frames at once. Besides the
mapping there is its mean, :func:`ring_mean`: rings are not equally likely.
"""

from fractions import Fraction
from functools import cache

import numpy as np

from golden.v34.parameters import MOST_SHELL_BITS


class _Counts:
    """g2, g4, g8 and z8 of (9-3) to (9-6) for M, and where each split of a sum begins.

    ``largest`` is the largest A that an R0 of K bits has, with any K that M comes with.
    ``starts8[A, B]`` is the smallest R0 of the splits of A into B and A - B; ``starts4[B, C]`` that
    of B into C and B - C, among all fours of rings whose sum is at most B. Both ascend.
    """

    def __init__(self, rings):
        self.rings = rings
        self.g2 = np.convolve(np.ones(rings, np.int64), np.ones(rings, np.int64))
        self.g4 = np.convolve(self.g2, self.g2)
        self.g8 = np.convolve(self.g4, self.g4)
        self.z8 = np.concatenate([[0], np.cumsum(self.g8)[:-1]])
        self.z4 = np.concatenate([[0], np.cumsum(self.g4)[:-1]])
        self.starts8 = self._starts(self.z8, self.g4)
        self.largest = int(np.searchsorted(self.z8, (1 << MOST_SHELL_BITS[rings]) - 1, "right")) - 1
        self.starts4 = self._starts(self.z4, self.g2)

    @staticmethod
    def _starts(below, half):
        """For each sum and each first half of it, how many come before."""
        sums, firsts = np.arange(len(below))[:, None], np.arange(len(half))[None]
        second = sums - firsts
        fits = (second >= 0) & (second < len(half))
        sizes = np.where(fits, half[firsts] * half[np.where(fits, second, 0)], 0)
        return below[:, None] + np.cumsum(sizes, axis=1) - sizes


@cache
def _counts(rings):
    return _Counts(rings)


def _split(starts, number):
    """The last sum and first half that begin at ``number`` or below it, and what is left."""
    flat = starts.reshape(-1)
    where = np.searchsorted(flat, number, side="right") - 1
    sums, firsts = np.divmod(where, starts.shape[1])
    return sums, firsts, number - flat[where]


class ShellMapper:
    """Map R0 (9-7) to ring indices, for M rings.

    ``process`` takes int64 of any shape, below M^8, and returns one axis of eight more: m(i,0,0),
    m(i,0,1), m(i,1,0) and so on.
    """

    def __init__(self, rings):
        self._counts = _counts(rings)

    def reset(self):
        """Nothing is remembered."""

    def process(self, numbers):
        """Ring indices of the numbers R0."""
        counts = self._counts
        total, first, rest = _split(counts.starts8, np.asarray(numbers, np.int64))
        r3, r2 = np.divmod(rest, counts.g4[first])
        return np.concatenate([self._four(first, r2), self._four(total - first, r3)], axis=-1)

    def _four(self, total, number):
        """Four rings of a sum by their number: steps 5 and 6 for one half."""
        counts = self._counts
        _, first, rest = _split(counts.starts4, counts.z4[total] + number)
        high, low = np.divmod(rest, counts.g2[first])
        return np.stack([*self._two(first, low), *self._two(total - first, high)], axis=-1)

    def _two(self, total, number):
        """Two rings of a sum by their number, (9-17) to (9-24)."""
        last = self._counts.rings - 1
        small = total <= last
        return np.where(small, number, total - last + number), np.where(
            small, total - number, last - number
        )


class ShellDemapper:
    """Map ring indices back to R0; the inverse of :class:`ShellMapper`.

    ``process`` takes int64 ``(..., 8)``, each from 0 to M - 1, and returns ``(...)``. Rings whose
    sum no R0 has, with any K of Table 10, are counted from zero, and not from z8 of their sum.
    """

    def __init__(self, rings):
        self._counts = _counts(rings)

    def reset(self):
        """Nothing is remembered."""

    def process(self, rings):
        """Numbers R0 of the ring indices."""
        counts, last = self._counts, self._counts.rings - 1
        first, second = rings[..., 0::2], rings[..., 1::2]
        twos = first + second
        numbers = np.where(twos <= last, first, last - second)
        fours, numbers = self._join(twos, numbers, counts.g2, counts.starts4)
        numbers -= counts.z4[fours]
        eights, numbers = self._join(fours, numbers, counts.g4, counts.starts8)
        return np.where(eights > counts.largest, numbers - counts.z8[eights], numbers)[..., 0]

    @staticmethod
    def _join(sums, numbers, sizes, starts):
        """Join halves that lie side by side: their sum, and the number of both."""
        first, second = sums[..., 0::2], sums[..., 1::2]
        number = numbers[..., 1::2] * sizes[first] + numbers[..., 0::2]
        return first + second, starts[first + second, first] + number


class _Total:
    """Costs of rings summed over all groups of 2, 4 or 8 rings with one sum, and over the first.

    ``all[n][s]``: the cost of all groups of n rings with the sum s, the sum of its rings' costs.
    """

    def __init__(self, rings, costs):
        counts = _counts(rings)
        ones = np.ones(rings, object)
        self.counts = {1: ones, 2: counts.g2, 4: counts.g4, 8: counts.g8}
        self.counts = {n: g.astype(object) for n, g in self.counts.items()}
        self.all = {1: np.array(costs, object)}
        for n in (1, 2, 4):
            self.all[2 * n] = 2 * np.convolve(self.all[n], self.counts[n])
        self._costs, self._last = costs, rings - 1

    def first(self, n, total, number):
        """Cost of the first ``number`` groups of ``n`` rings whose sum is ``total``."""
        if n == 2:
            low = max(0, total - self._last)
            pairs = ((low + i, total - low - i) for i in range(number))
            return sum(self._costs[a] + self._costs[b] for a, b in pairs)
        half, cost = n // 2, 0
        counts, costs = self.counts[half], self.all[half]
        for one in range(max(0, total - len(counts) + 1), len(counts)):
            other = total - one
            size = counts[one] * counts[other]
            if number < size:
                break
            cost += costs[one] * counts[other] + counts[one] * costs[other]
            number -= size
            if not number:
                return cost
        high, low = divmod(number, counts[one])
        before, through = (self.first(half, other, high + i) for i in (0, 1))
        cost += counts[one] * before + high * costs[one]
        return cost + self.first(half, one, low) + low * (through - before)


def ring_mean(rings, bits, costs):
    """Mean cost of a ring of the eight that R0 = 0 to 2^``bits`` - 1 give, a Fraction.

    ``costs``: one for each of the M rings, whole numbers or Fractions.
    """
    total, number, cost = _Total(rings, costs), 1 << bits, 0
    for sum8, size in enumerate(total.counts[8]):
        if number <= size:
            cost += total.first(8, sum8, number)
            return Fraction(cost) / (8 << bits)
        cost += total.all[8][sum8]
        number -= size
    raise ValueError(f"{rings} rings do not have 2^{bits} groups of eight")
