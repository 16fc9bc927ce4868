"""Figures in data with a few lines, and their parts."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import Levels
from sim.figures import data as figures_data
from sim.figures.trials import TRIAL_LAW, TRN1D_VALUE
from tests.sim.figures.support import LINES, all_met


def test_data():
    rows = figures_data.data(LINES, seconds=0.5)
    assert all_met(rows)
    for row in rows:
        assert row.values["bit/s"] > 40000 and row.values["symbols"] > 3000
        assert row.values["in data"] == pytest.approx(row.values["SNR"], abs=0.5)


def test_high_pass():
    """Corners of 60 Hz and others: what the drift is for is not one pole."""
    rows = figures_data.high_pass(LINES[1:2], distances=(1000, 1500), seconds=2.5, at=0.5)
    assert all_met(rows)
    for row in rows:
        print(row.values)
        assert 30 < row.values["bound"] < 40 and row.values["lowest"] < row.values["bound"] - 3
        assert row.values["at the end"] > row.values["bound"] - 1.5


@pytest.mark.parametrize("pole", [0.94, 0.97, 0.98])
def test_other_high_passes(monkeypatch, pole):
    monkeypatch.setattr(figures_data, "POLE", pole)
    assert all_met(figures_data.high_pass(LINES[1:2], distances=(1500,), seconds=2.5, at=0.5))


def test_constellations():
    for distance in (200, 625, 1000, 1500):
        ucodes = figures_data.constellation(distance)
        one = figures_data.levels_of((ucodes,) * INTERVALS)
        assert isinstance(one, Levels) and one.least_distance >= distance
        assert one.power <= TRN1D_VALUE**2
        # One more level above would be too much power.
        above = g711.linear(np.arange(ucodes[-1] + 1, 128), TRIAL_LAW)
        higher = above[above - one.values[0][-1] >= distance][0]
        assert np.mean(np.square([*one.values[0], higher])) > TRN1D_VALUE**2
    with pytest.raises(ValueError, match="no constellation"):
        figures_data.constellation(20000)


def test_mapping_takes_all_the_bits_there_are():
    p = figures_data.mapping(((31, 55, 68, 76, 82, 86),) * 5 + ((31, 55, 68, 76, 82),))
    assert 1 << p.k <= p.modulus_product < 2 << p.k and p.sr == 0
    assert p.moduli == (6, 6, 6, 6, 6, 5)
