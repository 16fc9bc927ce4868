"""Invariants of the number formats, and the headroom that golden.formats argues, recomputed."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from golden import formats
from golden.formats import Q
from golden.pcm import g711
from golden.pcm.shaper import LINEAR_STEP
from golden.ports import decimator, emulator, i2s
from golden.receiver import equalizer, timetable, timing

ROWS = {name: value for name, value in vars(formats).items() if isinstance(value, Q)}

#: Symbols in the longest look-ahead window: four shaping frames of six.
WINDOW = 24


@pytest.mark.parametrize(
    "form, width, low, high",
    [
        (Q(0, 1, 0), 1, 0, 1),
        (Q(1, 0, 0), 1, -1, 0),
        (Q(1, 1, 6), 8, -128, 127),
        (Q(0, 8, 0), 8, 0, 255),
        (Q(0, 5, -2), 3, 0, 7),
        (Q(1, -2, 5), 4, -8, 7),
        (Q(1, 63, 0), 64, -(2**63), 2**63 - 1),
        (Q(0, 0, 63), 63, 0, 2**63 - 1),
    ],
    ids=str,
)
def test_width_and_range(form, width, low, high):
    assert (form.width, form.min, form.max) == (width, low, high)
    assert form.max - form.min + 1 == 2**form.width


@pytest.mark.parametrize(
    "numbers",
    [(2, 1, 1), (-1, 1, 1), (0, 0, 0), (0, 3, -3), (1, 1, -2), (0, 64, 0), (1, 32, 32), (1, 0, -1)],
    ids=str,
)
def test_impossible_formats_raise(numbers):
    with pytest.raises(ValueError):
        Q(*numbers)


def test_a_format_is_a_value():
    assert Q(1, 2, 3) == Q(1, 2, 3) != Q(1, 3, 2)
    assert len({Q(1, 2, 3), Q(1, 2, 3)}) == 1
    with pytest.raises(FrozenInstanceError):
        Q(1, 2, 3).integer = 4


def largest(form):
    return max(-form.min, form.max)


def fits(form, magnitude, fraction):
    """Tell whether integers of a ``magnitude`` with ``fraction`` bits fit, of either sign."""
    return form.fraction == fraction and magnitude <= form.max


def test_the_rows_are_all_looked_at_here():
    # A new row needs its headroom recomputed below.
    assert set(ROWS) == {
        "LINEAR",
        "COEFFICIENT",
        "SHAPER_FIRST",
        "SHAPER_FIRST_OUTPUT",
        "SHAPER_FIRST_PRODUCT",
        "SHAPER_SECOND",
        "SHAPER_SECOND_OUTPUT",
        "SHAPER_SECOND_PRODUCT",
        "SHAPER_METRIC_OPERAND",
        "SHAPER_METRIC",
        "SAMPLE",
        "INTERPOLATED",
        "INTERPOLATOR_TAP",
        "CODEC",
        "DECIMATOR_TAP",
        "DECIMATOR_SUM",
        "CORRELATION",
        "NORMAL",
        "FACTOR",
        "SOLUTION",
        "FORWARD_TAP",
        "FORWARD_TAP_USED",
        "FEEDBACK_TAP",
        "FEEDBACK_TAP_USED",
        "SOFT",
        "ERROR",
        "SLOPE",
        "DRIFT",
        "DRIFT_TAP",
        "DRIFT_TAP_USED",
        "COARSE",
        "ERROR_TAP",
        "ERROR_TAP_USED",
        "DIL_COUNT",
        "DIL_SUM",
        "EMULATED_TAP",
        "LEAK",
        "LEAK_USED",
    }


def test_emulated_line_headroom():
    """A recursion's rest, and sums of taps at the level of the self-test."""
    top = max(int(g711.linear(127, law)) for law in g711.LAWS) // LINEAR_STEP
    # Where all values are the largest: what comes is what goes, and the shift rounds down.
    rest = ((top << formats.LEAK.fraction) << 6) + (1 << 6)
    assert rest <= formats.LEAK.max
    assert formats.LEAK_USED.integer == formats.LEAK.integer
    # Interpolation multiplies a sample, which was narrowed, by a weight of as many bits.
    assert formats.EMULATED_TAP.fraction == emulator.RESPONSE_PLACE_BITS


def test_interpolator_headroom():
    """Taps between two phases are no larger than those of both."""
    magnitude = np.abs(timing.TABLE).sum(-1).max()
    assert timing.TABLE.max() <= formats.INTERPOLATOR_TAP.max
    assert magnitude < 2 << formats.INTERPOLATOR_TAP.fraction
    assert largest(formats.SAMPLE) * (magnitude + timing.TAPS) < 2**31


def test_codec_headroom():
    """The largest words of 24 and of 16 bits are the largest samples."""
    assert formats.CODEC.width == max(i2s.WIDTHS)
    assert formats.CODEC.max >> formats.CODEC.fraction == formats.SAMPLE.max
    assert formats.CODEC.min >> formats.CODEC.fraction == formats.SAMPLE.min


@pytest.mark.parametrize("factor", decimator.FACTORS.values())
def test_decimator_headroom(factor):
    """What is rounded away is added before it goes."""
    taps = decimator.taps_of(factor)
    assert np.abs(taps).max() <= formats.DECIMATOR_TAP.max // 2 + 1
    half = 1 << formats.DECIMATOR_TAP.fraction >> 1
    total = largest(formats.SAMPLE) * int(np.abs(taps).sum()) + half
    assert fits(formats.DECIMATOR_SUM, total, formats.DECIMATOR_TAP.fraction)
    assert np.abs(taps).sum() < 1.5 * 2**formats.DECIMATOR_TAP.fraction


def test_least_squares_headroom():
    symbols = 6 * max(timetable.TRAINED, timetable.TRAINED_AGAIN)
    product = max(largest(formats.INTERPOLATED), formats.TRAINING_LEVEL) ** 2
    assert symbols * product <= formats.CORRELATION.max
    # A row's squares are the diagonal, below 1, so that their sum in Q60 is below 2**62.
    assert formats.NORMAL.fraction == formats.FACTOR.fraction == 30
    assert formats.SOLUTION.width == formats.FORWARD_TAP.width == formats.FEEDBACK_TAP.width == 32


def test_equalizer_headroom():
    for kept, used in (
        (formats.FORWARD_TAP, formats.FORWARD_TAP_USED),
        (formats.FEEDBACK_TAP, formats.FEEDBACK_TAP_USED),
    ):
        assert (kept.width, used.width, kept.integer) == (32, 16, used.integer)
    product = largest(formats.FORWARD_TAP_USED) * largest(formats.INTERPOLATED)
    assert equalizer.FORWARD * product < 2**37
    # A slope is the difference of two soft values without their fraction, an error saturates.
    assert formats.SLOPE.width == formats.ERROR.width == 16
    assert formats.ERROR.fraction == formats.SOFT.fraction


def test_drift_headroom():
    for kept, used in (
        (formats.DRIFT_TAP, formats.DRIFT_TAP_USED),
        (formats.ERROR_TAP, formats.ERROR_TAP_USED),
    ):
        assert (kept.width, used.width, kept.integer) == (32, 16, used.integer)
    drop = formats.SOFT.fraction - formats.COARSE.fraction
    assert (largest(formats.SOFT) + (1 << drop >> 1)) >> drop <= formats.COARSE.max
    assert formats.DRIFT.width == formats.COARSE.width == 16
    # 58 feedback taps and two more, each with 16 bits as its factor has.
    assert (58 + 2) * 2**30 < 2**37
    # One sum has products of values and of errors, and half of what the drift grows by.
    fraction = formats.FEEDBACK_TAP_USED.fraction
    growth = formats.DRIFT_TAP_USED.fraction + formats.COARSE.fraction
    assert formats.ERROR_TAP_USED.fraction + formats.ERROR.fraction == fraction == growth + 1
    # The drift's own: of a drift in 2**-10, an error in 2**-9, and the growth.
    assert formats.DRIFT.fraction + 10 == formats.ERROR.fraction + 9 == growth


def test_dil_headroom():
    assert fits(formats.DIL_SUM, formats.DIL_COUNT.max * largest(formats.SOFT), 4)
    # Sum and count are three words of 16 bits.
    assert formats.DIL_SUM.width + formats.DIL_COUNT.width <= 48


def test_linear_holds_both_laws():
    for law in g711.LAWS:
        top = g711.linear(127, law)
        assert top % LINEAR_STEP == 0 and top // LINEAR_STEP <= formats.LINEAR.max


def test_coefficient_is_the_signed_q1_6_of_table_14():
    form = formats.COEFFICIENT
    assert (form.width, form.min / 64, form.max / 64) == (8, -2, 1.984375)


def test_shaper_headroom():
    """Every intermediate of the shaper fits its row, whatever the states hold (Python integers)."""
    x = max(int(g711.linear(127, law)) for law in g711.LAWS) // LINEAR_STEP
    coefficient, step = largest(formats.COEFFICIENT), formats.COEFFICIENT.fraction
    first, second = formats.SHAPER_FIRST.fraction, formats.SHAPER_SECOND.fraction
    x <<= first
    y = largest(formats.SHAPER_FIRST) + x
    assert fits(formats.SHAPER_FIRST_OUTPUT, y, first)
    assert fits(formats.SHAPER_FIRST_PRODUCT, coefficient * (y + x), first + step)
    y <<= second - first
    v = largest(formats.SHAPER_SECOND) + y
    assert fits(formats.SHAPER_SECOND_OUTPUT, v, second)
    assert fits(formats.SHAPER_SECOND_PRODUCT, coefficient * (v + y), second + step)
    drop = second - formats.SHAPER_METRIC_OPERAND.fraction
    operand = (v + (1 << drop >> 1)) >> drop
    assert fits(formats.SHAPER_METRIC_OPERAND, operand, second - drop)
    assert fits(formats.SHAPER_METRIC, WINDOW * operand**2, 2 * (second - drop))
    # Golden adds and subtracts windows in int64.
    assert formats.SHAPER_METRIC.width <= 62
