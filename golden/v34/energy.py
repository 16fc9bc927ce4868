"""Mean energies and the factors that keep a signal's power (9.7 and 10.1.3/V.34).

Energies are those of grid points, exact over the rings that the shell mapper gives, high and low
mapping frames as often as they come. The text leaves open which average (9-35) takes. Here it is
that of u(n), which depends on the rate and M alone. A precoder adds to it no more than the square
of 2^w over 6, and so at most 2.2 % where w is 2.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, isqrt

import numpy as np

from golden.v34.constellation import ENERGIES, QUARTER
from golden.v34.formats import GAIN, PRECODER_TAP, PROJECTION, SPREAD
from golden.v34.shell import ring_mean

#: Energy of the points of S, TRN and PP: point 0 is (1, 1).
TRAINING_ENERGY = 2


#: Variance of a normal distribution's remainder modulo 1, in thousandths of 1/12, which an even
#: distribution has: one for each quarter of 1/12 of the normal distribution's own variance.
REMAINDERS = (
    *(0, 250, 477, 648, 766, 845, 897, 932, 955, 970, 980, 987, 991, 994, 996, 997, 998),
    1000,
)


def _mean(framing, expanded, costs):
    """Mean of a cost of points u(n), a Fraction; ``costs``, a number for each label."""
    rings, q = framing.rings(expanded), framing.q
    costs = [sum(costs[ring << q : (ring + 1) << q]) for ring in range(rings)]
    share = Fraction(framing.r, framing.mapping_frames)
    high = ring_mean(rings, framing.k, costs)
    low = ring_mean(rings, max(0, framing.k - 1), costs)
    return (share * high + (1 - share) * low) / (1 << q)


@cache
def _mean_energy(framing, expanded):
    return _mean(framing, expanded, ENERGIES.tolist())


def mean_energy(parameters):
    """Mean energy of the points u(n), a Fraction: the denominator of (9-35)."""
    return _mean_energy(parameters.framing, parameters.expanded)


def dither_energy(parameters):
    """Mean energy of c(n) - p(n), which the precoder adds to that of u(n), a Fraction.

    A component of p is taken for normal; that of c(n) - p(n) is its remainder modulo 2^w.
    """
    taps = sum(real * real + imag * imag for real, imag in parameters.precoder)
    share = Fraction(taps, 2 << 2 * PRECODER_TAP.fraction)
    even, energy = Fraction(4**parameters.w, 12), Fraction(0)
    for _ in range(3):
        # p is filtered from x, of which the dither is a part.
        quarters = 4 * share * (mean_energy(parameters) + energy) / even
        place = min(int(quarters), len(REMAINDERS) - 2)
        before, after = REMAINDERS[place : place + 2]
        part = before + (after - before) * min(Fraction(1), quarters - place)
        energy = 2 * even * part / 1000
    return _shortened(energy)


def signal_energy(parameters):
    """Mean energy of x'(n), a Fraction.

    The dither's components are taken for even and independent, with their exact variance.
    """
    mean = mean_energy(parameters)
    a, b = parameters.theta / (6 * mean), parameters.theta**2 / (120 * mean**2)
    weights = (1, 2 * a, a * a + 2 * b, 2 * a * b, b * b)
    reach = _shortened(3 * dither_energy(parameters) / 2)

    def part(square, j):
        """Mean of the 2j-th power of a component of x, of ``square`` in u."""
        terms = (
            comb(2 * j, 2 * i) * square ** (j - i) * reach**i / (2 * i + 1) for i in range(j + 1)
        )
        return sum(terms)

    squares = {int(value): None for value in np.unique(QUARTER**2)}
    parts = {square: [part(square, j) for j in range(len(weights) + 1)] for square in squares}
    costs = []
    for x, y in QUARTER[: parameters.points // 4].tolist():
        one, other = parts[x * x], parts[y * y]
        powers = (
            sum(comb(k, j) * one[j] * other[k - j] for j in range(k + 1))
            for k in range(1, len(weights) + 1)
        )
        costs.append(sum(weight * power for weight, power in zip(weights, powers, strict=True)))
    return _mean(parameters.framing, parameters.expanded, costs)


def _shortened(value):
    """A Fraction cut to 16 bits, so that its powers stay short."""
    return Fraction(int(value * 65536), 65536)


@dataclass(frozen=True)
class Scaling:
    """Factors between grid points and symbols whose mean energy is that of TRN.

    ``gain`` (GAIN) brings x(n) to a symbol, ``spread`` (SPREAD) a symbol to x(n), and
    ``projection`` (PROJECTION) a symbol's energy, before the non-linear encoder, to zeta(n).
    """

    gain: int
    spread: int
    projection: int


@cache
def scaling(parameters):
    """The :class:`Scaling` of modulation parameters."""
    fraction = GAIN.fraction
    root = _root(TRAINING_ENERGY / signal_energy(parameters), fraction)
    gain = _nearest(root, fraction)
    held = Fraction(gain, 1 << fraction)
    zeta = parameters.theta / (mean_energy(parameters) * held**2)
    return Scaling(gain, _nearest(1 / held, SPREAD.fraction), _nearest(zeta, PROJECTION.fraction))


def _root(value, fraction):
    """Square root of a Fraction to ``fraction`` bits and more, a Fraction."""
    bits = fraction + 8
    return Fraction(isqrt((value.numerator << 2 * bits) // value.denominator), 1 << bits)


def _nearest(value, fraction):
    """A Fraction as an integer with ``fraction`` bits, to nearest."""
    scaled = value * (1 << fraction)
    return (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
