"""Least squares in integers against Python's integers, and against float64."""

import numpy as np
import pytest

from golden.formats import TRAINING_LEVEL
from golden.receiver.leastsquares import Correlator
from tests.golden.receiver.support import any_regressors


def exact(windows, symbols):
    """The normal equations in Python's integers, the target last."""
    rows = [
        [
            *map(int, window),
            *(TRAINING_LEVEL * int(s) for s in signs[1:]),
            TRAINING_LEVEL * int(signs[0]),
        ]
        for window, signs in zip(windows, symbols, strict=True)
    ]
    size = range(len(rows[0]))
    return [[sum(row[i] * row[j] for row in rows) for j in size] for i in size]


@pytest.mark.parametrize("extreme", [False, True])
def test_sums_are_exact(extreme, rng):
    windows, symbols = any_regressors(rng, 300)
    if extreme:
        windows[:] = -(2**15)
    matrix = Correlator().process(windows, symbols)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == exact(windows, symbols)


def test_sums_of_pieces_and_of_lines(rng):
    windows, symbols = any_regressors(rng, 3, 100)
    correlator = Correlator()
    whole = correlator.process(windows, symbols)
    assert np.array_equal(correlator.matrix, whole)
    correlator.reset()
    for piece in np.split(np.arange(100), [1, 2, 50]):
        correlator.process(windows[:, piece], symbols[:, piece])
    assert np.array_equal(correlator.matrix, whole)
    for k in range(3):
        assert np.array_equal(Correlator().process(windows[k], symbols[k]), whole[k])
