"""Non-linear encoder against (9-33) to (9-35)/V.34 in float64, and its inverse."""

import numpy as np
import pytest

from golden.v34.constellation import ENERGIES
from golden.v34.decoder import ideal_line
from golden.v34.energy import mean_energy, scaling
from golden.v34.formats import GAIN, PRECODED, SCALED_SYMBOL, UNPROJECTED, ZETA
from golden.v34.modulator import SYMBOL
from golden.v34.nonlinear import (
    UNPROJECTION_STEPS,
    NonlinearDecoder,
    NonlinearEncoder,
    nonlinear_reference,
    unprojection,
)
from golden.v34.parameters import ModulationParameters, rates
from tests.golden.v34.support import TAPS, random_parameters


def _precoded(p, rng, count=2000):
    """x(n) over the whole disc that the constellation and a precoder's dither fill, in PRECODED."""
    reach = np.sqrt(ENERGIES[p.points // 4 - 1]) + np.sqrt(2) * (1 << p.w) / 2
    radius = reach * np.sqrt(rng.random(count))
    x = radius * np.exp(2j * np.pi * rng.random(count)) * (1 << PRECODED.fraction)
    return np.rint(np.stack([x.real, x.imag])).astype(np.int64)


@pytest.mark.parametrize("name, rate", [(3429, 33600), (3200, 31200), (3000, 14400), (3200, 7200)])
def test_encoder(name, rate, rng):
    """Half a bit of x', and Phi's own roundings: 5e-5 of 50, which is a bit."""
    p = ModulationParameters(name, rate, nonlinear=True, expanded=True)
    precoded = _precoded(p, rng)
    out = NonlinearEncoder(p).process(precoded)
    x = (precoded[0] + 1j * precoded[1]) / (1 << PRECODED.fraction)
    reference = nonlinear_reference(x, mean_energy(p), p.theta)
    error = (out[0] + 1j * out[1]) / (1 << SYMBOL.fraction) - reference
    assert np.abs([error.real, error.imag]).max() * (1 << SYMBOL.fraction) < 1.5
    # A twelfth of a bit squared for each part is 55 dB below points of energy 1, and more below
    # others.
    noise = np.mean(np.abs(error) ** 2) / float(mean_energy(p))
    assert 10 * np.log10(noise) < -60


def test_inverse(rng):
    """Within 2 units: the table's interpolation is 7e-5 of the largest, and four roundings."""
    for name in (2400, 3200, 3429):
        for rate in rates(name)[1:]:
            p = ModulationParameters(name, rate, nonlinear=True, precoder=TAPS)
            precoded = _precoded(p, rng, 300)
            symbols = ideal_line(NonlinearEncoder(p).process(precoded), p)
            back = NonlinearDecoder(p).process(symbols)
            gain = scaling(p).gain / (1 << GAIN.fraction)
            exact = precoded * gain * (1 << SCALED_SYMBOL.fraction - PRECODED.fraction)
            assert np.abs(back - exact).max() <= 2 + 2 ** (11 - SYMBOL.fraction) * gain


def test_theta_zero(rng):
    """Nothing changes, at any level."""
    p = random_parameters(rng, nonlinear=False)
    precoded = _precoded(p, rng)
    symbols = precoded << SYMBOL.fraction - PRECODED.fraction
    assert np.array_equal(NonlinearEncoder(p).process(precoded), symbols)
    anything = rng.integers(SCALED_SYMBOL.min, SCALED_SYMBOL.max + 1, (3, 2, 500))
    assert np.array_equal(NonlinearDecoder(p).process(anything), anything)


def test_any_symbol(rng):
    """The decoder takes the rails."""
    p = ModulationParameters(3200, 4800, nonlinear=True, precoder=TAPS)
    rails = np.array(
        [[SCALED_SYMBOL.min, SCALED_SYMBOL.max], [SCALED_SYMBOL.max, SCALED_SYMBOL.min]]
    )
    out = NonlinearDecoder(p).process(rails)
    assert np.all(np.abs(out) < np.abs(rails))
    assert np.all(np.sign(out) == np.sign(rails))


def test_table():
    """Each entry is 1 / Phi where zeta Phi^2 is the entry's."""
    table = unprojection() / (1 << UNPROJECTED.fraction)
    phi = 1 / table
    zeta = np.arange(len(table)) / UNPROJECTION_STEPS / phi**2
    assert len(table) == (UNPROJECTION_STEPS << ZETA.integer) + 1
    assert table[0] == 1
    # Half a unit is 1.5e-5, and zeta is off by that too.
    assert np.abs(1 / (1 + zeta / 6 + zeta**2 / 120) - table).max() < 4e-5
    # Between entries it bends by an eighth of the second difference: 3e-3 of a point 45 away.
    assert np.abs(np.diff(table, 2)).max() / 8 < 7e-5
    assert np.diff(unprojection()).min() > -(1 << UNPROJECTED.fraction - 3)
