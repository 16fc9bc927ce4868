"""Headroom of V.34's formats: the arguments beside them, by computing."""

import numpy as np
import pytest

from golden.v34 import formats
from golden.v34.constellation import QUARTER
from golden.v34.energy import mean_energy, scaling
from golden.v34.modulator import SYMBOL
from golden.v34.parameters import ModulationParameters, framings
from tests.golden.v34.support import NO_TAPS

#: A precoder whose dither is as large as it can be.
TAPS = ((12000, 0), (0, 0), (0, 0))


def _modes():
    """Every rate: with the highest peaks for its power, and with the lowest gain."""
    for row in framings():
        if row.rate % 2400 == 0:
            for extreme, taps in ((True, TAPS), (False, NO_TAPS)):
                yield ModulationParameters(
                    row.symbol_rate, row.rate, 16, extreme, not extreme, taps
                )


@pytest.fixture(scope="module")
def peaks():
    """For every mode the largest component of a symbol, its energy before Phi, and zeta."""
    found = []
    for p in _modes():
        reach = (1 << p.w) / 2 + 2**-8 if p.precoded else 0
        x = np.abs(QUARTER[: p.points // 4]) + reach
        energy = np.sum(x**2, axis=1).max()
        zeta = float(p.theta) * energy / float(mean_energy(p))
        gain = scaling(p).gain / (1 << formats.GAIN.fraction)
        phi = 1 + zeta / 6 + zeta**2 / 120
        sent = x.max() * phi
        found.append((sent * gain, energy * gain**2, zeta, phi - 1, gain, x.max(), sent))
    return np.array(found).max(axis=0), np.array(found).min(axis=0)


def test_symbols_fit(peaks):
    """Values of the encoder are inside their formats, and need their integer bits."""
    (component, energy, zeta, more, gain, x, sent), least = peaks
    for value, form in (
        (component, formats.SCALED_SYMBOL),
        (x, formats.PRECODED),
        (sent, SYMBOL),
    ):
        assert 2 ** (form.integer - 1) < value < 2**form.integer, form
    assert more < 1
    assert energy < 14
    assert zeta < 1 << formats.ZETA.integer
    assert gain <= 1
    assert 1 / least[4] < 1 << formats.SPREAD.integer


def test_projection_fits():
    """Its largest value needs all integer bits, and leaves room for any precoder."""
    largest = max(scaling(p).projection for p in _modes())
    assert formats.PROJECTION.max / 2 < largest < formats.PROJECTION.max


def test_metric_format():
    """The largest 4D distance fits; two of them are less than half of a path's range."""
    assert formats.BRANCH_METRIC.max > 32 << formats.BRANCH_METRIC.fraction
    assert formats.BRANCH_METRIC.fraction == formats.PATH_METRIC.fraction
    assert formats.BRANCH_METRIC.fraction == 2 * formats.RECEIVED_POINT.fraction
    assert 2 * 2 * 32 <= 1 << formats.PATH_METRIC.integer


def test_products_of_16_bits():
    """Factors of a product are of 16 bits, or 17 with their sign, as multipliers want them."""
    for form in (
        formats.PRECODER_TAP,
        formats.SCALED_SYMBOL,
        formats.PRECODED,
        formats.SYMBOL_ENERGY,
    ):
        assert form.width <= 16
    for form in (formats.GAIN, formats.SPREAD, formats.PROJECTION, formats.UNPROJECTED):
        assert form.width <= 16
