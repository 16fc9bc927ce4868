"""The analogue modem's slicer, and the levels that it decides on (8.4.5, 9.3.2, 9.4.2/V.90).

PCM values are those of Table 1/V.90; "fine" ones have 4 fraction bits.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from golden.errors import V90Error
from golden.formats import SOFT
from golden.pcm.parameters import INTERVALS

#: Fraction bits of fine PCM values.
FINE = SOFT.fraction

#: Levels of the largest constellation.
MOST_LEVELS = 128

#: Values from which on a slicer is faster with arrays, and bits that hold any bound and any value.
_MANY, _OWN = 24, 40


@dataclass(frozen=True)
class Levels:
    """What to decide on: the values at which Ucodes arrive, for each data frame interval.

    Parameters
    ----------
    values : six sequences of int
        PCM values as received, 0 to 32767, ascending, 1 to 128 of them.
    ucodes : six sequences of int
        Their Ucodes.
    lost : int, optional
        :attr:`loss` where levels do not tell it: those of DIL are all that there are, and the
        distance between the smallest says nothing of synchronism.
    guess : bool
        Levels are only a guess, as DIL's are: taps rest, and the clock goes on at its mean rate.
        DIL's pattern repeats with each segment, which leaves taps and clock to what levels it has.
    """

    values: tuple
    ucodes: tuple
    lost: int | None = None
    guess: bool = False

    def __post_init__(self):
        if len(self.values) != INTERVALS or len(self.ucodes) != INTERVALS:
            raise V90Error("levels are for six data frame intervals")
        for values, ucodes in zip(self.values, self.ucodes, strict=True):
            if not 1 <= len(values) <= MOST_LEVELS or len(values) != len(ucodes):
                raise V90Error("an interval has 1 to 128 levels, and a Ucode for each")
            if any(b <= a for a, b in pairwise(values)):
                raise V90Error("the levels of an interval ascend")
            if min(values) < 0 or max(values) > 32767:
                raise V90Error("levels are 0 to 32767")

    @cached_property
    def least_distance(self):
        """Least distance between two points of which one is decided wrongly as the other.

        Signs are included; levels of one Ucode, where a robbed bit takes turns, are no mistake.
        """
        return min(map(_least_distance, self.values, self.ucodes))

    @cached_property
    def power(self):
        """Mean square, all points as likely."""
        return float(
            np.mean([np.mean(np.square(values, dtype=np.float64)) for values in self.values])
        )

    @cached_property
    def power_bits(self):
        """Logarithm of the power to the base 2, to nearest: it scales the steps of adaptation.

        At least 16, which is 42 dB below full scale, so that steps have a limit.
        """
        return max(16, int(np.rint(np.log2(max(1.0, self.power)))))

    @cached_property
    def points(self):
        """For each interval, ascending, both signs: bounds between points, values, Ucodes.

        A bound is the last fine value of the point below. Nought is positive, and a value half way
        between two levels is the smaller one's.
        """
        found = []
        for values, ucodes in zip(self.values, self.ucodes, strict=True):
            bounds = [(a + b) << (FINE - 1) for a, b in pairwise(values)]
            found.append(
                (
                    [*(~bound for bound in reversed(bounds)), -1, *bounds],
                    [*(-value for value in reversed(values)), *values],
                    [*reversed(ucodes), *ucodes],
                )
            )
        return found

    @cached_property
    def table(self):
        """The same as arrays: ``(6, 255)``, twice ``(6, 256)``; behind the last bound, far ones."""
        bounds = np.full((INTERVALS, 2 * MOST_LEVELS - 1), 1 << (_OWN - 1))
        values, ucodes = np.zeros((2, INTERVALS, 2 * MOST_LEVELS), np.int64)
        for i, own in enumerate(self.points):
            for row, numbers in zip((bounds[i], values[i], ucodes[i]), own, strict=True):
                row[: len(numbers)] = numbers
        return bounds, values, ucodes

    @property
    def single(self):
        """Whether all levels are those of one Ucode, as in TRN1d."""
        return len({ucode for ucodes in self.ucodes for ucode in ucodes}) == 1

    @cached_property
    def loss(self):
        """What 48 squared errors add up to when synchronism is lost.

        Errors that are anywhere within the least distance have a mean square of its square over 12;
        at a 96th of it one decision in 10**6 is wrong (4.9 standard deviations). The limit is half
        way between them in dB, 5 standard deviations and more of such a sum from either.
        """
        if self.lost is not None:
            return self.lost
        return min(2**32 - 1, int(48 * self.least_distance**2 / 34))


def _least_distance(values, ucodes):
    positive = [(value, ucode + 1) for value, ucode in zip(values, ucodes, strict=True)]
    negative = [(-value, -name) for value, name in positive if value]
    points = sorted(negative + positive)
    return min((b - a for (a, x), (b, y) in pairwise(points) if x != y), default=1)


class Slicer:
    """Decides values against levels, one :class:`Levels` for each line.

    ``process(fine, interval, lines)`` returns ``(ucode, value)``, as arrays or lists: ``fine`` is
    SOFT, ``interval`` its data frame interval, ``lines`` the numbers of the lines, all ``(c,)``.
    ``value`` is a level of the interval with the sign of ``fine`` (nought is positive), ``ucode``
    its Ucode. A value half way between two goes to the smaller.
    """

    def __init__(self, levels):
        self._levels = list(levels)
        self.power_bits, self.loss = (
            np.array([getattr(one, name) for one in self._levels])
            for name in ("power_bits", "loss")
        )
        self.guess = np.array([one.guess for one in self._levels])
        self._table = None
        # Lists and bisection: for a few values that is faster than arrays.
        self._points = [one.points for one in self._levels]

    def changed(self, line, levels):
        """A slicer with other :class:`Levels` for one line."""
        return Slicer([*self._levels[:line], levels, *self._levels[line + 1 :]])

    def process(self, fine, interval, lines):
        """See the class."""
        if len(lines) >= _MANY:
            return self._process_many(fine, interval, lines)
        ucode, value = [], []
        for y, at, line in zip(fine.tolist(), interval.tolist(), lines.tolist(), strict=True):
            bounds, values, ucodes = self._points[line][at]
            found = bisect_left(bounds, y)
            ucode.append(ucodes[found])
            value.append(values[found])
        return ucode, value

    def _process_many(self, fine, interval, lines):
        if self._table is None:
            tables = zip(*(one.table for one in self._levels), strict=True)
            bounds, values, ucodes = map(np.concatenate, tables)
            # One ascending row of all bounds: each interval of each line has numbers of its own.
            bounds = bounds + (np.arange(len(bounds)) << _OWN)[:, None]
            self._table = bounds.reshape(-1), values.reshape(-1), ucodes.reshape(-1)
        bounds, values, ucodes = self._table
        row = INTERVALS * lines + interval
        # A row has one bound less than points.
        found = bounds.searchsorted((row << _OWN) + fine) + row
        return ucodes[found], values[found]
