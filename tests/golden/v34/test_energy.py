"""Mean energies against sums over all points, required SNR, and the power of what is sent."""

from fractions import Fraction

import numpy as np
import pytest

from golden.v34.constellation import ENERGIES
from golden.v34.decoder import ideal_line
from golden.v34.encoder import SymbolEncoder
from golden.v34.energy import (
    TRAINING_ENERGY,
    mean_energy,
    scaling,
    signal_energy,
)
from golden.v34.formats import GAIN, PROJECTION, SCALED_SYMBOL, SPREAD
from golden.v34.mapper import PointMapper
from golden.v34.parameters import SYMBOL_RATES, ModulationParameters, rates
from golden.v34.parser import BitParser
from tests.golden.v34.support import TAPS, random_parameters

#: Energies in dB that a simulation with other programs gave before this one was written, within
#: 0.05 dB each: required SNR of 31 200 bit/s and others, less the code's part of 5.39 to 5.74 dB.
KNOWN = [
    (3200, 31200, True, 28.28),
    (3200, 28800, True, 26.01),
    (3200, 31200, False, 28.56),
    (3429, 33600, True, 28.41),
    (3429, 24000, False, 20.26),
    (3000, 14400, True, 13.31),
]


@pytest.mark.parametrize("name, rate, expanded, known", KNOWN)
def test_known_energies(name, rate, expanded, known):
    """Within 0.1 dB: these were rounded to 0.05 and the code's part to 0.01."""
    energy = mean_energy(ModulationParameters(name, rate, expanded=expanded))
    assert abs(10 * np.log10(float(energy)) - known) < 0.1


def test_four_points():
    """Without rings every point is point 0."""
    for name, rate in ((2400, 2400), (3200, 4800), (3429, 4800)):
        p = ModulationParameters(name, rate)
        assert mean_energy(p) == signal_energy(p) == TRAINING_ENERGY
        assert scaling(p).gain == 1 << GAIN.fraction


@pytest.mark.parametrize("rate", rates(3429)[1:5])
def test_every_bit(rate):
    """Exact for few bits: the mean over all that the shell mapper can be given, frame by frame."""
    p = ModulationParameters(3429, rate, expanded=True)
    f = p.framing
    if f.k > 12:
        pytest.skip("too many to count")
    total = Fraction(0)
    for high in f.high:
        bits = f.k - (not high)
        frames = np.zeros((1 << bits, f.b), np.uint8)
        frames[:, : f.k] = np.arange(1 << bits)[:, None] >> np.arange(f.k) & 1
        points = PointMapper(p).process(frames)
        total += Fraction(int(np.sum(points**2)), 8 << bits)
    assert f.q == 0
    assert mean_energy(p) == total / f.mapping_frames


def test_mean_of_random_points(rng):
    """Within 1 % of 20 000 points: their energies' deviation is half of the mean, 0.35 % of it."""
    for _ in range(10):
        p = random_parameters(rng)
        bits = rng.integers(0, 2, 2500 * p.framing.b, dtype=np.uint8)
        points = PointMapper(p).process(BitParser(p.framing).process(bits))
        measured = np.mean(np.sum(points.astype(float) ** 2, axis=0))
        assert abs(measured / float(mean_energy(p)) - 1) < 0.0175


def test_factors_are_inverse():
    """Gain and spread to half a bit of each; zeta's factor to its own."""
    for name in (2400, 3000, 3429):
        for rate in rates(name):
            p = ModulationParameters(name, rate, nonlinear=True, precoder=TAPS)
            s = scaling(p)
            gain, spread = s.gain / (1 << GAIN.fraction), s.spread / (1 << SPREAD.fraction)
            assert abs(gain * spread - 1) <= gain / (2 << SPREAD.fraction) + 1e-12
            zeta = s.projection / (1 << PROJECTION.fraction) * gain**2
            exact = float(p.theta / mean_energy(p))
            assert abs(zeta / exact - 1) < 0.6 / s.projection


def _check_power(p, rng):
    """Two seconds of symbols measure it to 0.05 dB."""
    symbols = SymbolEncoder(p).process(rng.integers(0, 2, 2 * p.rate, dtype=np.uint8))
    power = np.mean(np.sum(ideal_line(symbols, p).astype(float) ** 2, axis=0)) / (
        1 << 2 * SCALED_SYMBOL.fraction
    )
    assert abs(10 * np.log10(power / TRAINING_ENERGY)) < 0.2, p


def test_power(rng):
    """10.1.3: the power of what is sent is that of TRN, within 0.2 dB."""
    for _ in range(8):
        _check_power(random_parameters(rng), rng)


@pytest.mark.long
@pytest.mark.parametrize("name", SYMBOL_RATES)
def test_power_everywhere(name, rng):
    """Every rate, M and Theta, with no taps, small ones and large ones."""
    for rate in rates(name):
        for choice in range(16):
            mode = {"nonlinear": bool(choice & 1), "expanded": bool(choice & 2)}
            _check_power(random_parameters(rng, symbol_rate=name, rate=rate, **mode), rng)


def test_quarter_energies():
    """Point 0's energy is that of the training points."""
    assert ENERGIES[0] == TRAINING_ENERGY
