"""Levels of a constellation in values: clusters, names, and which law and U_INFO they are of.

Values have TRN1d's level as 1 here, and ``(n, 6)`` is data frames of them.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp

import numpy as np
from scipy.ndimage import gaussian_filter1d

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from sim.reading.taps import PERIOD
from sim.world.network import nearest

#: U_INFO that may arrive: those that may be sent, 67 to 111, so that there is W of Sd (Table
#: 10/V.90), and what a pad of 6 dB makes of them.
U_INFOS = range(51, 112)

#: U_INFO of A-law, any 16 of which stand for all: most servers send about -12 dBm0.
USUAL = range(67, 83)

#: Law and U_INFO of levels whose own nobody knows.
LAW, U_INFO = "A", 79

#: Half steps between codewords, in standard deviations of the noise, from which on a value tells
#: which codeword it is; how many such values there must be to tell the law.
TELLING, LEAST_TELLING = 3.0, 24

#: Ucodes of a Uchord.
UCHORD = 16

#: Share of the best law and U_INFO's misfit that the next best has at least, to be sure.
SURE = 1.15

#: Shares of TRN1d's level between which nothing else is taken for a level of DIL.
OWN = 0.88, 1.13

#: Logarithm of the odds from which on a decision is sure, and standard deviations of the noise
#: below which two levels are not told apart.
SURELY, CLOSE = 5.0, 2.0

#: Places of a density within a deviation, and its share of the lower one of two peaks that it has
#: in a valley at most.
BINS, VALLEY = 4, 0.3

#: Share by which two levels that a robbed bit does not touch may differ.
SLACK = 0.004

#: Most levels of an interval.
MOST_LEVELS = 128


@dataclass(frozen=True)
class Scale:
    """Law and U_INFO of levels; ``alike``: all Ucodes that U_INFO may be as well."""

    law: str = LAW
    u_info: int = U_INFO
    alike: tuple = ()


@cache
def codewords(law, u_info):
    """Levels of all Ucodes where U_INFO has the level 1 (float64, ``(128,)``)."""
    return g711.linear(np.arange(128), law) / float(g711.linear(u_info, law))


def dil_levels(law, u_info):
    """Levels that DIL may have beside TRN1d's.

    Those near TRN1d's are left out: most of DIL's symbols have that, and decisions on its
    neighbours would follow any offset.
    """
    levels = codewords(law, u_info)
    return levels[(levels < OWN[0]) | (levels > OWN[1])]


class Rows:
    """Levels of symbols by interval, in even and in odd data frames (a robbed bit may take turns).

    Parameters: ``rows``, PERIOD arrays of ascending levels; ``first``, a symbol in interval 0:
    data frames count from symbol 0, or from the data frame that it falls into.
    """

    def __init__(self, rows, first):
        self.rows = [np.asarray(row) for row in rows]
        self._begin = first - INTERVALS * (first // INTERVALS % 2)

    @classmethod
    def alike(cls, row, first):
        """The same levels everywhere."""
        return cls([row] * PERIOD, first)

    def decider(self, deviation=0.0):
        """A function of symbol number and value that decides on these levels.

        A wrong decision spoils those behind it, so where noise of ``deviation`` leaves a doubt
        between two levels, the decision is the mean of what was sent: between levels that are
        closer than the noise, the value itself.
        """
        levels, bounds, doubts = [], [], []
        for row in self.rows:
            own = np.unique(np.concatenate([row, -row]))
            levels.append(own.tolist())
            bounds.append(((own[1:] + own[:-1]) / 2).tolist())
            doubts.append((SURELY * deviation**2 / np.diff(own)).tolist())
        variance, begin = max(deviation**2, 1e-30), self._begin

        def decide(n, value):
            i = (n - begin) % PERIOD
            own, bound, doubt = levels[i], bounds[i], doubts[i]
            k = bisect_right(bound, value)
            for edge in (k - 1, k):
                if 0 <= edge < len(bound) and abs(off := value - bound[edge]) < doubt[edge]:
                    low, step = own[edge], own[edge + 1] - own[edge]
                    if step < CLOSE * deviation:
                        return value
                    return low + step / (1 + exp(-step * off / variance))
            return own[k]

        return decide

    def _places(self, values, at):
        """For each row, where values of symbols from ``at`` on are of it; and their sizes."""
        sizes, place = np.abs(values), (np.arange(len(values)) + at - self._begin) % PERIOD
        for i, row in enumerate(self.rows):
            mine = place == i
            yield row, mine, sizes[mine]

    def distances(self, values, at):
        """Distances (float64) from their levels of values of symbols from ``at`` on."""
        found = np.empty(len(values))
        for row, mine, sizes in self._places(values, at):
            found[mine] = np.abs(sizes - row[nearest_index(sizes, row)])
        return found

    def once(self, values, at):
        """Which values of symbols from ``at`` on are the only ones at their level."""
        found = np.empty(len(values), bool)
        for row, mine, sizes in self._places(values, at):
            label = nearest_index(sizes, row)
            found[mine] = np.bincount(label)[label] == 1
        return found

    def ucodes(self, values, at, law, u_info):
        """Ucodes (int64) of values of symbols from ``at`` on.

        Where a bit takes turns, both levels of a point have the Ucode of that in even data frames.
        """
        found = np.empty(len(values), np.int64)
        for i, (row, mine, sizes) in enumerate(self._places(values, at)):
            other = self.rows[i % INTERVALS]
            own = names(other, law, u_info)
            if row is not other:
                own = own[_partners(row, other)]
            found[mine] = own[nearest_index(sizes, row)]
        return found


def _partners(row, other):
    """For each level of ``row`` the index of the level of ``other`` that is its own in turn."""
    nearest_one = nearest_index(row, other)
    above = np.median(row - other[nearest_one]) > 0
    side = np.searchsorted(other, row * (1 + SLACK), "right") - 1
    if not above:
        side = np.searchsorted(other, row * (1 - SLACK), "left")
    return np.clip(side, 0, len(other) - 1)


def clusters(sizes, deviation):
    """Means (float64) of the clusters of ``sizes`` (``(n,)``), whose noise is about ``deviation``.

    Clusters are peaks of the density, smoothed by as much, with a valley between any two of them.
    """
    width = deviation / BINS
    first = sizes.min() - 4 * deviation
    counts = np.bincount(((sizes - first) / width).astype(np.int64))
    density = gaussian_filter1d(np.append(counts, np.zeros(8 * BINS)), BINS, mode="constant")
    rises = np.sign(np.diff(density))
    turns = np.flatnonzero(rises)
    tops = turns[np.flatnonzero((rises[turns][:-1] > 0) & (rises[turns][1:] < 0))] + 1
    peaks = density[tops].tolist()
    lows = [a + int(density[a:b].argmin()) for a, b in pairwise(tops)]
    while lows:
        depth = [density[low] / min(two) for low, two in zip(lows, pairwise(peaks), strict=True)]
        least = int(np.argmax(depth))
        if depth[least] < VALLEY:
            break
        del lows[least]
        peaks[least : least + 2] = [max(peaks[least : least + 2])]
    parts = np.searchsorted(first + width * np.array(lows), sizes)
    return np.bincount(parts, sizes) / np.bincount(parts)


def nearest_index(values, levels):
    """Index of the level nearest to each value; ``levels`` ascend."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values)


def names(levels, law, u_info):
    """Ucodes (int64) of ascending levels, the nearest that are free."""
    scale = float(g711.linear(u_info, law))
    own = g711.ucode(nearest(levels * scale, np.ones(len(levels), np.uint8), law), law)
    own = own.astype(np.int64)
    for k in range(1, len(own)):
        own[k] = max(own[k], own[k - 1] + 1)
    return np.minimum(own, np.arange(128 - len(own), 128))


def misfit(values, law, u_info, deviations):
    """How far values are from levels of that law and U_INFO, and how many values show it.

    The mean of their distances, in half steps between levels: 0.5 if the levels are others, less if
    they are these and noise of ``deviations`` is well below a step. NaN where no value shows it.
    """
    levels, sizes = codewords(law, u_info), np.abs(values)
    at = np.clip(nearest_index(sizes, levels), 1, 126)
    half = np.minimum(levels[at + 1] - levels[at], levels[at] - levels[at - 1]) / 2
    use = (half > TELLING * deviations) & (sizes < levels[-1])
    count = int(np.count_nonzero(use))
    return (float((np.abs(sizes - levels[at])[use] / half[use]).mean()) if count else np.nan), count


def scale_of(values, deviations):
    """:class:`Scale` at which values (float64, ``(n,)``) are levels of G.711, or None.

    ``deviations`` of their noise. None where several laws, or Ucodes that are not multiples of 16
    apart, do as well.
    """
    found = {}
    for law in g711.LAWS:
        for u_info in U_INFOS:
            off, count = misfit(values, law, u_info, deviations)
            if count >= LEAST_TELLING:
                found.setdefault((law, u_info % UCHORD), []).append((off, u_info))
    families = sorted((min(one), key[0], one) for key, one in found.items())
    if not families or (len(families) > 1 and families[1][0][0] < SURE * families[0][0][0]):
        return None
    _, law, members = families[0]
    if law == "mu":
        off, u_info = min(members)
    else:
        # All Uchords of A-law but the lowest are alike.
        off, u_info = min(members, key=lambda one: one[1] not in USUAL)
    alike = [other for own, other in members if own < SURE * off]
    return Scale(law, u_info, tuple(sorted(alike)))
