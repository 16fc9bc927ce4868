"""Mapper and demapper against 5.4.4/V.90."""

import numpy as np
import pytest

from golden.pcm.mapper import Demapper, Mapper
from sim.calls.parameter_sets import EXTREMES, random_constellation, random_parameters

INTERVALS = ((3, 7, 8), (0,), (127,), tuple(range(128)), (5, 6), (0, 64, 127))


def test_label_0_is_the_largest_ucode():
    # 5.4.4: labels in descending order, label M - 1 the smallest PCM code.
    mapper = Mapper(INTERVALS)
    assert mapper.process([0] * 6).tolist() == [8, 0, 127, 127, 6, 127]
    assert mapper.process([len(ucodes) - 1 for ucodes in INTERVALS]).tolist() == [
        3,
        0,
        127,
        0,
        5,
        0,
    ]
    assert mapper.process([1, 0, 0, 100, 1, 1]).tolist() == [7, 0, 127, 27, 5, 64]


SETS = [
    pytest.param(INTERVALS, id="by-hand"),
    *(pytest.param(parameters.intervals, id=name) for name, parameters in EXTREMES.items()),
    *(
        pytest.param(random_parameters(np.random.default_rng(seed)).intervals, id=f"seed{seed}")
        for seed in range(20)
    ),
]


@pytest.mark.parametrize("intervals", SETS)
def test_each_interval_by_itself(intervals):
    mapper, demapper = Mapper(intervals), Demapper(intervals)
    for interval, ucodes in enumerate(intervals):
        labels = np.zeros((len(ucodes), 6), np.int64)
        labels[:, interval] = np.arange(len(ucodes))
        mapped = mapper.process(labels)
        assert mapped.dtype == np.uint8
        assert mapped[:, interval].tolist() == sorted(ucodes, reverse=True)
        back, known = demapper.process(mapped)
        assert back.dtype == np.uint8 and known.dtype == bool
        assert np.array_equal(back, labels) and known.all()


def nearest(ucode, ucodes):
    """The nearest Ucode of a constellation, the smaller of two as near, by search outward."""
    for distance in range(128):
        for candidate in (ucode - distance, ucode + distance):
            if candidate in ucodes:
                return candidate
    raise AssertionError


@pytest.mark.parametrize("intervals", SETS)
def test_all_ucodes_of_all_intervals(intervals):
    received = np.repeat(np.arange(128, dtype=np.uint8)[:, None], 6, axis=1)
    labels, known = Demapper(intervals).process(received)
    decided = Mapper(intervals).process(labels)
    for interval, ucodes in enumerate(intervals):
        assert np.flatnonzero(known[:, interval]).tolist() == list(ucodes)
        assert decided[:, interval].tolist() == [nearest(u, ucodes) for u in range(128)]


def test_ties_go_to_the_smaller():
    labels, known = Demapper([(10, 20)] * 6).process([15] * 6)
    assert labels.tolist() == [1] * 6 and not known.any()


@pytest.mark.parametrize("shape", [(6,), (0, 6), (5, 6), (2, 3, 6), (2, 0, 6)], ids=str)
def test_shapes(rng, shape):
    intervals = [random_constellation(rng, 11) for _ in range(6)]
    labels = rng.integers(0, 11, shape)
    ucodes = Mapper(intervals).process(labels)
    assert ucodes.shape == shape
    back, known = Demapper(intervals).process(ucodes)
    assert back.shape == known.shape == shape
    assert np.array_equal(back, labels)
