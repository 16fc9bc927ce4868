"""The client's clock by its conditions, and conditions that cannot be."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.receiver.timing import SAMPLE_RATE
from sim.world import line as lines
from sim.world.conditions import Conditions
from tests.sim.world.support import frequency, samples, sine


@pytest.mark.parametrize("ppm", [-162.0, 0.0, 23.0, 200.0])
def test_ppm_shows_in_a_sine(ppm):
    found = samples(Conditions(ppm=ppm), sine(1000, 4))
    # The client's second is shorter when its clock is fast, and so is its count of a period's
    # samples longer.
    assert len(found) == pytest.approx(4 * SAMPLE_RATE * (1 + ppm * 1e-6), abs=1)
    ratio = 1000 / SAMPLE_RATE / frequency(found[8000:], 1000 / SAMPLE_RATE, 8000) - 1
    assert ratio * 1e6 == pytest.approx(np.full(len(ratio), ppm), abs=0.002)


def test_steps_of_the_clock():
    """By hand: 100 ppm for half a second, then 300 ppm, gain 200 us, three samples and more."""
    steps = Conditions(ppm=100.0, ppm_steps=((0.5, 200.0),))
    at = lines.sample_times(1.0, steps)
    assert at[8000] == pytest.approx(0.5 - 50e-6, abs=1e-7)
    assert np.diff(at)[:7000] * SAMPLE_RATE == pytest.approx(1 / (1 + 100e-6), abs=1e-9)
    assert np.diff(at)[9000:] * SAMPLE_RATE == pytest.approx(1 / (1 + 300e-6), abs=1e-9)
    assert len(at) == 16000 + 4


def test_drift_is_ppm_a_second():
    conditions = Conditions(ppm=100.0, drift=-5.0)
    found = samples(conditions, sine(1000, 8))
    at = 0.5 + 0.5 * (np.arange(14) + 1)
    ratio = 1000 / SAMPLE_RATE / frequency(found[8000:], 1000 / SAMPLE_RATE, 8000)[:14] - 1
    assert ratio * 1e6 == pytest.approx(100 - 5 * at, abs=0.02)


def test_sample_times_are_the_clock():
    c = Conditions(ppm=-150.0, drift=2.0, phase=0.25)
    at = lines.sample_times(60.0, c)
    clock = SAMPLE_RATE * (at + 1e-6 * (c.ppm * at + c.drift * at**2 / 2))
    assert clock == pytest.approx(np.arange(len(at)) + 0.25, abs=1e-7)
    assert at[-1] < 60 <= at[-1] + 1.001 / SAMPLE_RATE


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"snr": float("nan")}, "snr is -50 to 200"),
        ({"ppm": 1001}, "ppm is -1000 to 1000"),
        ({"drift": "1"}, "drift is -100 to 100"),
        ({"level": 1}, "level is -100 to 0"),
        ({"mains": 55}, "mains is 50 or 60"),
        ({"bits": 7}, "bits is a whole number from 8 to 24"),
        ({"bits": 16.0}, "bits is a whole number from 8 to 24"),
        ({"impulses": [(1, 2)]}, "impulses are triples"),
        ({"gain_hits": 3}, "gain_hits are triples"),
        ({"phase_hits": [(-1, 1, 1)]}, "seconds from 0"),
        ({"ppm_steps": [3]}, "ppm_steps are pairs"),
        ({"ppm_steps": [(1, 2000)]}, "at most 1000 ppm"),
        ({"balance": "900"}, "no termination '900'"),
        ({"far_delay": 3}, "far_delay is 0 to 2"),
    ],
)
def test_bad_conditions(table, sentence):
    with pytest.raises(V90Error, match=sentence):
        Conditions(**table)
