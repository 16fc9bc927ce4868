"""Slicer and levels against plain integers."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.formats import SOFT
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE, Levels, Slicer
from tests.golden.receiver.support import alike, nearest, random_levels

# --- Levels ---------------------------------------------------------------------------------------


def test_levels_that_are_refused():
    ok, ucodes = (1, 2), (5, 6)
    Levels((ok,) * 6, (ucodes,) * 6)
    Levels((tuple(range(128)),) * 6, (tuple(range(128)),) * 6)
    for values, codes, sentence in (
        ((ok,) * 5, (ucodes,) * 6, "six data frame intervals"),
        ((ok,) * 6, (ucodes,) * 7, "six data frame intervals"),
        ((ok,) * 5 + ((),), (ucodes,) * 5 + ((),), "1 to 128 levels"),
        ((tuple(range(129)),) * 6, (tuple(range(129)),) * 6, "1 to 128 levels"),
        ((ok,) * 6, (ucodes,) * 5 + ((5,),), "a Ucode for each"),
        ((ok,) * 5 + ((2, 2),), (ucodes,) * 6, "ascend"),
        ((ok,) * 5 + ((2, 1),), (ucodes,) * 6, "ascend"),
        ((ok,) * 5 + ((-1, 1),), (ucodes,) * 6, "0 to 32767"),
        ((ok,) * 5 + ((1, 32768),), (ucodes,) * 6, "0 to 32767"),
    ):
        with pytest.raises(V90Error, match=sentence):
            Levels(values, codes)


def test_least_distance_is_between_any_two_points(rng):
    for _ in range(100):
        most, largest = int(rng.integers(2, 20)), int(rng.integers(20, 999))
        levels = random_levels(rng, most, largest)
        least = (
            min(
                abs(a - b)
                for values in levels.values
                for a in {*values, *(-value for value in values)}
                for b in {*values, *(-value for value in values)}
                if a != b or {*values} == {0}
            )
            or 1
        )
        assert levels.least_distance == least
    # Across nought, one level above it, nought itself, and nought alone.
    assert alike(3, 100).least_distance == 6
    assert alike(0, 100).least_distance == 100
    assert alike(0).least_distance == 1
    # Not between two values of one Ucode.
    robbed = Levels(((10, 14, 100),) * INTERVALS, ((1, 1, 2),) * INTERVALS)
    assert robbed.least_distance == 20


def test_power_and_what_follows(rng):
    levels = Levels(((3,), (5, 7), (1,), (1,), (1,), (2,)), ((1,), (1, 2), (1,), (1,), (1,), (1,)))
    assert levels.power == pytest.approx((9 + (25 + 49) / 2 + 3 + 4) / 6)
    for value in (400, 2828, 2896, 8000, 32767):
        assert alike(value).power_bits == round(np.log2(value**2))
    # 2**16.5 is where 17 begins.
    assert alike(304).power_bits == 16 and alike(305).power_bits == 17
    # A limit for what is quieter.
    assert alike(0).power_bits == alike(1).power_bits == alike(100).power_bits == 16
    # A square's sum over 34 distances squared is half way between 1/12 and 1/96 in dB.
    for levels in (alike(100), alike(7, 30, 50), random_levels(rng, most=30)):
        assert levels.loss == pytest.approx(48 * levels.least_distance**2 / 34, abs=1)
    assert alike(32767).loss == 2**32 - 1
    assert 10 * np.log10(34 / 12) == pytest.approx(10 * np.log10(96 / 34), abs=0.1)


# --- Slicer ---------------------------------------------------------------------------------------


def test_slicer_takes_the_nearest(rng):
    several = [random_levels(rng, most) for most in (3, 128, 20)]
    slicer = Slicer(several)
    fines, intervals, lines = [], [], []
    for line, levels in enumerate(several):
        for interval in range(INTERVALS):
            values = levels.values[interval]
            bounds = [(a + b) << (FINE - 1) for a, b in zip(values, values[1:], strict=False)]
            near = [bound + by for bound in bounds for by in (-1, 0, 1)]
            here = [0, 1, -1, SOFT.min, SOFT.max, *near, *(-fine for fine in near)]
            here += rng.integers(SOFT.min, SOFT.max + 1, 200).tolist()
            fines += here
            intervals += [interval] * len(here)
            lines += [line] * len(here)
    expected = [
        nearest(several[line], *rest) for *rest, line in zip(fines, intervals, lines, strict=True)
    ]
    # Many values at a time go another way than few.
    for size in (len(fines), 5):
        found = []
        for at in range(0, len(fines), size):
            part = (np.array(one[at : at + size]) for one in (fines, intervals, lines))
            found += zip(*slicer.process(*part), strict=True)
        assert found == expected


def test_slicer_by_hand():
    slicer = Slicer([alike(10, 21, 40)])
    zero = np.zeros(1, np.int64)
    half = (10 + 21) << (FINE - 1)
    for fine, value in (
        (0, 10),
        (-1, -10),
        (half, 10),
        (half + 1, 21),
        (-half, -10),
        (-half - 1, -21),
        (SOFT.max, 40),
        (SOFT.min, -40),
    ):
        assert slicer.process(np.array([fine]), zero, zero)[1] == [value]
