"""Numbers as text, and decibels against logarithms."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.ports.report import (
    ERROR_SUM_BITS,
    TENTHS_FRACTION,
    Decibels,
    FieldKind,
    Reporter,
    decibels_table,
    error_power,
    written,
)
from tests.golden.ports.support import TEMPLATES
from tests.hdl.support import check_refused


def test_texts():
    reporter = Reporter(TEMPLATES)
    assert reporter.process(0, []) == b"searching\r\n"
    step = round(37.2e-6 * 2**32)
    assert reporter.process(1, [448, 0, 271998, step]) == (
        b"SNR 44.8 dB, 0 errors in 271998 bits, clock +37.2 ppm\r\n"
    )
    assert reporter.process(1, [3, 7, 2**40 - 1, -step]) == (
        b"SNR 0.3 dB, 7 errors in 1099511627775 bits, clock -37.2 ppm\r\n"
    )


def test_offset_is_right_to_a_tenth(rng):
    for ppm in (*rng.uniform(-1000, 1000, 200), 0, 1000, -1000):
        step = round(ppm * 2**32 / 1e6)
        assert abs(float(written(step, FieldKind.OFFSET)) - ppm) < 0.0501 + 0.015


def test_decibels_are_right_to_a_tenth(rng):
    power = error_power(4032, 4, 6)
    decibels = Decibels(power)
    for total in (
        *(int(2**x) for x in rng.uniform(0, ERROR_SUM_BITS, 500)),
        1,
        2**ERROR_SUM_BITS - 1,
    ):
        exact = max(0, 10 * np.log10(power / total))
        assert abs(decibels.process(total) / 10 - exact) < 0.1
    assert decibels.process(0) >= decibels.process(1)


def test_power_is_that_of_the_means():
    """Errors of 1 % of the level in all six symbols are 40 dB."""
    fine, level = 4, 4000
    mean = (0.01 * level * 2**fine) ** 2 * 64
    assert Decibels(error_power(level, fine, 6)).process(6 * mean) in (399, 400, 401)


@pytest.mark.parametrize("value", [1 << 40, -(1 << 31) - 1])
def test_numbers_that_are_too_long(value):
    check_refused(V90Error, "has more", written, value, FieldKind.NUMBER)


def test_each_entry_of_the_table_stands_for_its_middle():
    """10 log10 (1 + 1/64) dB from one end to the other: half of that away at most, and rounding."""
    table = decibels_table() / (1 << TENTHS_FRACTION)
    edges = 100 * np.log10(1 + np.arange(len(table) + 1) / len(table))
    most = (edges[1] - edges[0]) / 2 + 2**-TENTHS_FRACTION
    assert np.abs(table - edges[:-1]).max() <= most and np.abs(table - edges[1:]).max() <= most
