"""DIL of an analogue line, where it is known what was asked for: its levels (8.3.1, 8.4.1/V.90).

Ja gives Ucode and sign of each symbol, so no decision is needed. The mean of the values that a
Ucode has in an interval is its level, and symbols of these levels give values in which less is left
of the ones before: some rounds of that find all levels, over a line that passes no DC too.
"""

from dataclasses import dataclass

import numpy as np

from golden.errors import V90Error
from golden.learning import learning
from golden.learning.constellations import at_codec
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.training import dil
from sim.reading.points import LAW, U_INFO, codewords
from sim.reading.taps import PERIOD

#: Data frames before R that are left out, for they may be R's own.
GUARD = 50

#: Data frames of DIL below which it shows nothing.
LEAST = 20

#: Rounds in which levels are learnt.
ROUNDS = 5

#: Factor by which errors may exceed TRN1d's noise, beyond which it is another DIL.
OTHER = 3.0

#: PCM values that TRN1d's level counts as.
SCALE = float(g711.linear(U_INFO, LAW))


@dataclass
class Found:
    """What a DIL showed.

    Fields: ``impairments`` (:class:`~golden.learning.learning.Impairments`), TRN1d at ``SCALE``;
    ``deviation`` of the noise, TRN1d at 1.
    """

    impairments: learning.Impairments
    deviation: float

    @property
    def law_and_u_info(self):
        """Law of the codec at the exchange, and TRN1d's Ucode there."""
        law = self.impairments.law_out
        levels = g711.linear(np.arange(128), law) * self.impairments.gain
        return law, int(np.abs(levels - SCALE).argmin())

    def rows(self, parameters):
        """Levels at which points of mapping parameters arrive, six arrays.

        Raises :class:`~golden.errors.V90Error` where two points of an interval arrive alike.
        """
        levels, found = codewords(*self.law_and_u_info), []
        for i, ucodes in enumerate(parameters.intervals):
            row = levels[self.impairments.codewords[i, list(ucodes)]].mean((1, 2))
            if (np.diff(row) <= 0).any():
                raise V90Error(f"points of interval {i} arrive alike")
            found.append(row)
        return found

    def arriving(self, parameters):
        """Mapping parameters with the constellations that arrive; None where two points are one."""
        words = self.impairments.codewords.max((2, 3))
        return at_codec(parameters, words, self.impairments.law_out)


def guess(descriptor):
    """Symbols of one DIL (float64), at levels that a network without law conversion gives them."""
    ucodes, signs = dil(descriptor)
    return np.where(signs == 1, 1.0, -1.0) * codewords(LAW, U_INFO)[ucodes]


def find(symbols, descriptor, first, last, ends):
    """:class:`Found`, or None where DIL is too short or is another one.

    ``symbols``: :class:`~sim.reading.symbols.Symbols` that were run over DIL from symbol ``first``
    to ``last``; ``descriptor``: fields of :data:`golden.signals.sequences.DIL`; ``ends``: whether R
    follows.
    """
    count = (last - first) // INTERVALS
    count -= min(GUARD, count // 2) if ends else 0
    ucodes, signs = dil(descriptor)
    if count < LEAST or not len(ucodes):
        return None
    size = (last - first) // INTERVALS * INTERVALS
    ucodes, signs = np.resize(ucodes, size).astype(np.int64), np.resize(signs, size)
    way = np.where(signs == 1, 1.0, -1.0)
    columns = (first + np.arange(size)) % PERIOD * 128 + ucodes
    inside = slice(0, count * INTERVALS)
    grid = codewords(LAW, U_INFO)[ucodes]
    for _ in range(ROUNDS):
        values = symbols.y[symbols.part(first, first + size)]
        seen = np.bincount(columns[inside], minlength=PERIOD * 128)
        total = np.bincount(columns[inside], (values * way)[inside], PERIOD * 128)
        level = np.where(seen[columns] > 0, total[columns] / np.maximum(seen[columns], 1), grid)
        symbols.run(first, first + size, known=way * level)
    values = symbols.y[symbols.part(first, first + size)].copy()
    error = (way * level - values)[inside]
    free = max(1, len(error) - np.count_nonzero(seen))
    deviation = float(np.sqrt(error @ error / free))
    if deviation > OTHER * symbols.deviation:
        return None
    measurement = learning.Measurement.of_symbols(
        ucodes[inside], signs[inside], values[inside] * SCALE, deviation * SCALE
    )
    try:
        laws = [learning.impairments(measurement, law) for law in g711.LAWS]
    except V90Error:
        return None
    # Of two that explain as much, the one that needs no conversion.
    best = min(laws, key=lambda one: (round(one.misfit, 1), len(one.sentences)))
    return Found(best, deviation)
