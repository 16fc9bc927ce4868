"""Constellations for what a receiver measured: as many points as stay apart (5.4.1, 8.5.2/V.90).

A network moves levels, so what counts is where Ucodes arrive, interval by interval; what the
Recommendation limits is the power of what is sent, or of what comes out of the codec (8.5.2).
``arrived`` is a pair ``(least, most)`` of arrays ``(6, 128)``: the range of values at which each
Ucode arrives in each data frame interval.
"""

from bisect import bisect_left
from dataclasses import replace
from math import prod

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.pcm.parameters import INTERVALS, TYPES, MappingParameters, rate, rate_table
from golden.receiver.slicer import Levels

#: Standard deviations of the noise to the bound between two points at which one decision in 10**6
#: is wrong: 2 Q(4.9) = 1e-6.
DEVIATIONS = 4.9

#: Limit of the average power in dBm0 that constellations keep.
USUAL_POWER = -12.0

#: The shaper's filter where Sr is not 0: a pole at z = 1, which takes away DC.
FILTER = (64, 0, 0, 0)

#: Range of the factor on distances in which points that carry a rate are searched, that beyond
#: which the highest rate's are no further apart, and its precision, a tenth of a dB.
_LEAST, _MOST, _FURTHER, _FINE = 1 / 256, 64.0, 4.0, 1.01


def middle(arrived):
    """Levels (int64, ``(6, 128)``) to decide on: half way between least and most."""
    least, most = arrived
    return np.asarray((least + most) // 2, np.int64)


def data_levels(arrived, parameters):
    """The levels at which the constellations of ``parameters`` arrive.

    Raises :class:`~golden.errors.V90Error` when two points of an interval arrive at one level.
    """
    levels = middle(arrived)
    for interval, ucodes in enumerate(parameters.intervals):
        same = np.flatnonzero(np.diff(levels[interval, list(ucodes)]) <= 0)
        if len(same):
            a, b = ucodes[same[0]], ucodes[same[0] + 1]
            raise V90Error(
                f"Ucodes {a} and {b} of data frame interval {interval} arrive at the same level "
                "over this network"
            )
    return Levels(
        tuple(
            tuple(int(x) for x in levels[i, list(ucodes)])
            for i, ucodes in enumerate(parameters.intervals)
        ),
        parameters.intervals,
    )


def data_bits_of(bits_per_second):
    """D for a rate of Table 2 in bit/s, rounded or cut to whole numbers, or as it is."""
    known = sorted({d for _, _, d, _ in rate_table("CP")})
    for d in known:
        if abs(float(rate(d)) - bits_per_second) < 1:
            return d
    listed = ", ".join(str(int(rate(d))) for d in known)
    raise V90Error(f"no rate is {bits_per_second:g} bit/s: there are {listed}")


def points(least, most, distance, usable=None):
    """Ucodes that arrive at least ``distance`` apart, signs included, from the smallest on.

    Of ``usable`` ones, None: of all. Half of it must be on either side of the bound between two,
    wherever they arrive.
    """
    taken, half = [], max(distance, 1) / 2
    # Plain numbers: one by one they are faster than an array's.
    least, most = least.tolist(), most.tolist()
    for ucode in range(128) if usable is None else usable:
        low, high = least[ucode], most[ucode]
        bound = 0.0 if not taken else (low + high + least[taken[-1]] + most[taken[-1]]) / 4
        below = half if not taken else bound - most[taken[-1]]
        if min(low - bound, below) >= half:
            taken.append(ucode)
    return taken


def distances(sigma, margin):
    """Least distances ``(6,)`` for standard deviations ``sigma``, with ``margin`` in dB."""
    return 2 * DEVIATIONS * np.asarray(sigma) * 10 ** (margin / 20)


def margins(arrived, parameters, sigma):
    """Noise in dB ``(6,)`` that intervals stand beyond ``sigma`` before 1e-6 are wrong."""
    room = np.empty(INTERVALS)
    for interval, ucodes in enumerate(parameters.intervals):
        low, high = (levels[interval, list(ucodes)] for levels in arrived)
        bounds = (low[1:] + low[:-1] + high[1:] + high[:-1]) / 4
        room[interval] = min(low[0], *(low[1:] - bounds), *(bounds - high[:-1]))
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.maximum(room, 0) / DEVIATIONS / np.maximum(sigma, 1e-9))


class Designer:
    """Mapping parameters for a network and a receiver's noise.

    Parameters
    ----------
    arrived
        Where Ucodes arrive.
    law : str
        Law of what is sent.
    least : float, ``(6,)``
        Least distance between two points for each interval.
    sr, ld : int
        Of the shaper.
    filter : four int
        a1, a2, b1, b2 of the shaper in Q1.6, where ``sr`` is not 0.
    power : float
        Limit of the average power in dBm0 (Table 15).
    codec : (int array ``(6, 128)``, str), optional
        Ucodes at the codec's output for those sent, and its law: where power counts, if that is
        where INFO0d has it measured.
    kind : str
        CP or CPt.
    usable : int array, optional
        Ucodes that may be used; None: all.
    ceiling : float, optional
        Average power of what is sent, in squares of Table 1's values, that is not to be exceeded
        either.
    """

    def __init__(
        self,
        arrived,
        law,
        least,
        sr=0,
        ld=0,
        filter=FILTER,
        power=USUAL_POWER,
        codec=None,
        kind="CP",
        usable=None,
        ceiling=None,
    ):
        self.arrived, self.law, self.least = arrived, law, np.broadcast_to(least, INTERVALS)
        self.sr, self.ld, self.filter = sr, ld, filter
        self.power, self.codec, self.kind, self.usable = power, codec, kind, usable
        self.ceiling = ceiling
        # Ascending.
        self.ks = [k for k, s, _, _ in rate_table(kind) if s == INTERVALS - sr]

    def best(self, most=None, allowed=None):
        """Parameters of the highest rate; then, for that rate, with points as far apart as can be.

        ``most``: largest D; ``allowed``: those that are, None: all. Raises
        :class:`~golden.errors.CallFailed` where not even the lowest rate is possible.
        """
        for k in reversed(self.ks):
            d = k + INTERVALS - self.sr
            if (most is not None and d > most) or (allowed is not None and d not in allowed):
                continue
            if self._at(1.0, k):
                return self._widest(k, 1.0, _FURTHER)
        raise CallFailed("the line does not carry the lowest rate of V.90 at this noise")

    def at_rate(self, d):
        """Parameters for D = ``d`` with points as far apart as can be, whatever the noise.

        Raises :class:`~golden.errors.V90Error` where no points carry it.
        """
        k = d - INTERVALS + self.sr
        if k not in self.ks:
            raise V90Error(
                f"{int(rate(d))} bit/s is not possible with Sr {self.sr} (Table "
                f"{'2' if self.kind == 'CP' else '17'}/V.90)"
            )
        if not self._at(_LEAST, k):
            raise V90Error(
                f"no points carry {int(rate(d))} bit/s over this network at {self.power:g} dBm0"
            )
        return self._widest(k, _LEAST, _MOST)

    def exceeds(self, parameters):
        """Tell whether their average power is above a limit where it counts."""
        if self.ceiling is not None and parameters.average_power > self.ceiling:
            return True
        if self.codec is not None:
            parameters = at_codec(parameters, *self.codec)
        return parameters is None or parameters.exceeds(self.power)

    def _widest(self, k, low, high):
        while high / low > _FINE:
            between = np.sqrt(low * high)
            low, high = (between, high) if self._at(between, k) else (low, between)
        return self._at(low, k)

    def _at(self, factor, k):
        """Parameters with distances times ``factor`` that keep the power, or None."""
        sets = [
            points(*where, factor * least, self.usable)
            for *where, least in zip(*self.arrived, self.least, strict=True)
        ]
        # The largest points go first; each that goes lowers the power.
        order = [i for _, i in sorted((-u, i) for i, one in enumerate(sets) for u in one)]
        sizes, most = [len(one) for one in sets], -1
        while prod(sizes) >= 1 << k:
            most += 1
            sizes[order[most]] -= 1

        def without(count):
            left = [len(one) - order[:count].count(i) for i, one in enumerate(sets)]
            return self._parameters([one[:n] for one, n in zip(sets, left, strict=True)], k)

        if most < 0 or self.exceeds(without(most)):
            return None
        return without(bisect_left(range(most), True, key=lambda n: not self.exceeds(without(n))))

    def _parameters(self, sets, k):
        chosen = list(dict.fromkeys(tuple(one) for one in sets))
        return MappingParameters(
            self.kind,
            k + INTERVALS - self.sr - TYPES[self.kind][0],
            self.sr,
            self.ld,
            self.law,
            *(self.filter if self.sr else (0, 0, 0, 0)),
            tuple(chosen.index(tuple(one)) for one in sets),
            tuple(chosen),
        )


def at_codec(parameters, codewords, law):
    """The parameters with the constellations that come out of the codec (8.5.2, bit 128 of CP).

    ``codewords`` (``(6, 128)``): Ucodes there for those sent. None where two points become one.
    """
    sets = [
        tuple(int(x) for x in codewords[i, list(ucodes)])
        for i, ucodes in enumerate(parameters.intervals)
    ]
    try:
        return replace(
            parameters,
            law=law,
            interval_constellation=tuple(range(INTERVALS)),
            constellations=tuple(sets),
        )
    except V90Error:
        return None
