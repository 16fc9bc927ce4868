"""Mean energies and the factors that keep a signal's power (9.7 and 10.1.3/V.34).

Energies are those of grid points, exact over the rings that the shell mapper gives, high and low
mapping frames as often as they come. The text leaves open which average (9-35) takes. Here it is
that of u(n), which depends on the rate and M alone. A precoder adds to it no more than the square
of 2^w over 6, and so at most 2.2 % where w is 2.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isqrt

import numpy as np

from golden.bits.scrambler import GPA, Scrambler
from golden.v34.constellation import ENERGIES
from golden.v34.formats import GAIN, PRECODED, PROJECTION, SPREAD
from golden.v34.mapper import PointMapper
from golden.v34.parser import BitParser
from golden.v34.precoder import Precoder
from golden.v34.shell import ring_mean

#: Energy of the points of S, TRN and PP: point 0 is (1, 1).
TRAINING_ENERGY = 2


#: Mapping frames over which a precoder's part is measured: to 0.05 dB, at most.
MEASURED_FRAMES = 512


def _mean(framing, expanded, costs):
    """Mean of a cost of points u(n), a Fraction; ``costs``, a whole number for each label."""
    rings, q = framing.rings(expanded), framing.q
    costs = [sum(costs[ring << q : (ring + 1) << q]) for ring in range(rings)]
    share = Fraction(framing.r, framing.mapping_frames)
    high = ring_mean(rings, framing.k, costs)
    low = ring_mean(rings, max(0, framing.k - 1), costs)
    return (share * high + (1 - share) * low) / (1 << q)


@cache
def _moments(framing, expanded):
    """Means of the first five powers of u's magnitude squared, as Fractions."""
    powers = (ENERGIES.astype(object) ** power for power in range(1, 6))
    return tuple(_mean(framing, expanded, costs.tolist()) for costs in powers)


def mean_energy(parameters):
    """Mean energy of the points u(n), a Fraction: the denominator of (9-35)."""
    return _moments(parameters.framing, parameters.expanded)[0]


def _projected(parameters, moments):
    """Mean energy after the non-linear encoder, of a signal with these ``moments``."""
    mean = mean_energy(parameters)
    a, b = parameters.theta / (6 * mean), parameters.theta**2 / (120 * mean**2)
    weights = (1, 2 * a, a * a + 2 * b, 2 * a * b, b * b)
    return sum(weight * moment for weight, moment in zip(weights, moments, strict=True))


@cache
def signal_energy(parameters):
    """Mean energy of x'(n), a Fraction.

    It is exact without a precoder. The share that a precoder adds is measured while it encodes
    scrambled ones: no formula knows all taps and points.
    """
    exact = _projected(parameters, _moments(parameters.framing, parameters.expanded))
    if not parameters.precoded:
        return exact
    ones = np.ones(MEASURED_FRAMES * parameters.framing.b, np.uint8)
    frames = BitParser(parameters.framing).process(Scrambler(GPA).process(ones))
    points = PointMapper(parameters).process(frames[:MEASURED_FRAMES])
    inversions = np.zeros(points.shape[-1] // 2, np.int64)
    x = Precoder(parameters).process(points, inversions)
    before, after = (
        _projected(parameters, _measured(signal, fraction))
        for signal, fraction in ((points, 0), (x, PRECODED.fraction))
    )
    return exact * after / before


def _measured(signal, fraction):
    """Moments of a signal ``(2, n)``, as :func:`_moments` gives them for u."""
    squares = np.sum(signal * signal, axis=0).astype(object)
    unit = 1 << 2 * fraction
    return [
        Fraction(int(np.sum(squares**power)), len(squares) * unit**power) for power in range(1, 6)
    ]


@dataclass(frozen=True)
class Scaling:
    """Factors between the grid of points and a mean energy of 2, that of TRN.

    ``gain`` (GAIN) brings x(n) or x'(n) to SCALED_SYMBOL, ``spread`` (SPREAD) that to the grid, and
    ``projection`` (PROJECTION) the magnitude squared of a scaled x(n) to zeta(n).
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
