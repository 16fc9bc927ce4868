"""Non-linear encoder and its inverse (9.7/V.34). With Theta = 0 both change nothing."""

from functools import cache

import numpy as np

from golden.fixed import Overflow, Rounding, requant
from golden.formats import Q
from golden.v34.energy import scaling
from golden.v34.formats import (
    GAIN,
    PRECODED,
    PROJECTED,
    PROJECTION,
    PROJECTION_BEND,
    PROJECTION_SLOPE,
    SCALED_SYMBOL,
    SYMBOL_ENERGY,
    UNPROJECTED,
    ZETA,
)
from golden.v34.modulator import SYMBOL

#: 1 / 6 and 1 / 120 of (9-34), to nearest.
SIXTH = ((1 << PROJECTION_SLOPE.fraction) + 3) // 6
HUNDRED_TWENTIETH = ((1 << PROJECTION_BEND.fraction) + 60) // 120

#: Entries of the decoder's table for each unit of zeta.
UNPROJECTION_STEPS = 16

_SQUARES = Q(0, 2 * SCALED_SYMBOL.integer + 1, 2 * SCALED_SYMBOL.fraction)
_SCALED = Q(0, SYMBOL_ENERGY.integer, SYMBOL_ENERGY.fraction + PROJECTION.fraction)


@cache
def unprojection():
    """1 / Phi by the energy that the non-linear encoder gives: UNPROJECTED, an int64 array.

    Entry i is for ``zeta Phi^2 = i / UNPROJECTION_STEPS``, the last one for the end of ZETA.
    """
    unit, bits = 1 << UNPROJECTED.fraction, 24
    one = 1 << bits
    table = []
    for entry in range((UNPROJECTION_STEPS << ZETA.integer) + 1):
        # zeta Phi^2 grows with zeta: find the last one, to 24 bits, that is not above the entry.
        low, high = 0, entry * one // UNPROJECTION_STEPS + 1
        while high - low > 1:
            zeta = (low + high) // 2
            phi = 120 * one**2 + 20 * one * zeta + zeta**2
            above = UNPROJECTION_STEPS * zeta * phi**2 > entry * one * (120 * one**2) ** 2
            low, high = (low, zeta) if above else (zeta, high)
        phi = 120 * one**2 + 20 * one * low + low**2
        table.append((2 * unit * 120 * one**2 + phi) // (2 * phi))
    return np.array(table, np.int64)


def _zeta(symbols, projection):
    """zeta of symbols (int64, ``(..., 2, n)``), saturated, as ``(..., n)``."""
    energy = np.sum(symbols * symbols, axis=-2)
    energy = requant(energy, _SQUARES, SYMBOL_ENERGY, Rounding.HALF_UP, Overflow.SAT)
    return requant(energy * projection, _SCALED, ZETA, Rounding.HALF_UP, Overflow.SAT)


class NonlinearEncoder:
    """Move outer points further out: x'(n) = Phi(n) x(n), for one set of modulation parameters.

    ``process`` takes x(n) in PRECODED, int64 ``(..., 2, n)`` with real and imaginary parts on the
    axis before time, and returns as many x'(n) in :data:`golden.v34.modulator.SYMBOL`. Nothing is
    remembered.
    """

    def __init__(self, parameters):
        self._scaling = scaling(parameters)

    def reset(self):
        """Nothing is remembered."""

    def process(self, precoded):
        """Symbols for the modulator."""
        scaled = precoded * self._scaling.gain
        form = Q(1, PRECODED.integer + GAIN.integer, PRECODED.fraction + GAIN.fraction)
        scaled = requant(scaled, form, SCALED_SYMBOL, Rounding.HALF_UP, Overflow.FORBID)
        zeta = _zeta(scaled, self._scaling.projection)
        bend = Q(0, 2, ZETA.fraction + PROJECTION_BEND.fraction)
        slope = SIXTH + requant(
            zeta * HUNDRED_TWENTIETH, bend, PROJECTION_SLOPE, Rounding.HALF_UP, Overflow.FORBID
        )
        wide = Q(0, 2, ZETA.fraction + PROJECTION_SLOPE.fraction)
        more = requant(zeta * slope, wide, PROJECTED, Rounding.HALF_UP, Overflow.FORBID)
        grown = precoded * more[..., None, :]
        form = Q(1, PRECODED.integer, PRECODED.fraction + PROJECTED.fraction)
        grown = requant(grown, form, SYMBOL, Rounding.HALF_UP, Overflow.FORBID)
        return requant(precoded, PRECODED, SYMBOL, Rounding.TRUNC, Overflow.FORBID) + grown


class NonlinearDecoder:
    """Undo the :class:`NonlinearEncoder` on received symbols: a table of 1 / Phi, interpolated.

    ``process`` takes and returns SCALED_SYMBOL, int64 ``(..., 2, n)``. Nothing is remembered.
    """

    def __init__(self, parameters):
        self._projection = scaling(parameters).projection

    def reset(self):
        """Nothing is remembered."""

    def process(self, symbols):
        """Symbols as the encoder was given them, and their noise."""
        zeta = _zeta(symbols, self._projection)
        table, drop = unprojection(), ZETA.fraction - (UNPROJECTION_STEPS.bit_length() - 1)
        entry, rest = zeta >> drop, zeta & ((1 << drop) - 1)
        # 1 / Phi falls by less than an eighth from entry to entry.
        fall = (table[entry] - table[entry + 1]) * rest
        fall = requant(
            fall,
            Q(0, -3, UNPROJECTED.fraction + drop),
            UNPROJECTED,
            Rounding.HALF_UP,
            Overflow.FORBID,
        )
        factor = table[entry] - fall
        form = Q(1, SCALED_SYMBOL.integer + 1, SCALED_SYMBOL.fraction + UNPROJECTED.fraction)
        shrunk = symbols * factor[..., None, :]
        return requant(shrunk, form, SCALED_SYMBOL, Rounding.HALF_UP, Overflow.SAT)


def nonlinear_reference(points, energy, theta):
    """(9-33) to (9-35) in float64: complex x(n) to x'(n), with the mean energy of x(n)."""
    zeta = float(theta) * np.abs(points) ** 2 / float(energy)
    return points * (1 + zeta / 6 + zeta**2 / 120)
