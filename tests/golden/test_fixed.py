"""requant against its definition in rational arithmetic, exhaustively on small formats."""

from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest

from golden.fixed import Overflow, Rounding, check_range, narrower, requant
from golden.formats import Q

#: All formats of 1 to 6 bits in all with these many integer and fraction bits.
SMALL = [
    Q(signed, integer, fraction)
    for signed, integer, fraction in product((0, 1), (-1, 0, 1, 2, 3), (-1, 0, 1, 2, 4))
    if integer + fraction >= 0 and 1 <= signed + integer + fraction <= 6
]

MODES = [
    pytest.param(rounding, overflow, id=f"{rounding.name}-{overflow.name}")
    for rounding, overflow in product(Rounding, Overflow)
]


def rounded(value, rounding):
    """The nearest whole number to a Fraction, as the mode says."""
    if rounding is Rounding.TRUNC:
        return floor(value)
    if rounding is Rounding.HALF_UP:
        return floor(value + Fraction(1, 2))
    below = floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        return below + below % 2
    return below + (rest > Fraction(1, 2))


def limited(n, form, overflow):
    """``n`` brought into the format, or None where FORBID forbids it."""
    if form.min <= n <= form.max:
        return n
    if overflow is Overflow.SAT:
        return form.min if n < form.min else form.max
    if overflow is Overflow.FORBID:
        return None
    span = form.max - form.min + 1
    while n < form.min:
        n += span
    while n > form.max:
        n -= span
    return n


@pytest.mark.parametrize("rounding, overflow", MODES)
def test_requant_is_its_definition_on_all_small_formats(rounding, overflow):
    compared = raised = 0
    for src in SMALL:
        values = range(src.min, src.max + 1)
        for dst in SMALL:
            scale = Fraction(2) ** (dst.fraction - src.fraction)
            want = [limited(rounded(n * scale, rounding), dst, overflow) for n in values]
            legal = [n for n, expected in zip(values, want, strict=True) if expected is not None]
            got = requant(np.array(legal, np.int64), src, dst, rounding, overflow)
            assert got.dtype == np.int64
            assert got.tolist() == [n for n in want if n is not None], (src, dst)
            compared += len(legal)
            for n, expected in zip(values, want, strict=True):
                if expected is None:
                    raised += 1
                    with pytest.raises(OverflowError):
                        requant(n, src, dst, rounding, overflow)
    # 38 formats among each other; the smallest has 2 values and the largest 64.
    assert compared > 10_000
    assert (raised > 1000) is (overflow is Overflow.FORBID)


def test_the_small_formats_have_every_case():
    assert {form.signed for form in SMALL} == {0, 1}
    assert max(form.width for form in SMALL) == 6 and min(form.width for form in SMALL) == 1
    drops = {a.fraction - b.fraction for a, b in product(SMALL, SMALL)}
    assert min(drops) <= -4 and max(drops) >= 4 and {0, 1, 2} <= drops


@pytest.mark.parametrize(
    "rounding, want",
    [
        (Rounding.TRUNC, [-2, -2, -2, -1, -1, 0, 0, 1, 1]),
        (Rounding.HALF_UP, [-2, -2, -1, -1, 0, 0, 1, 1, 2]),
        (Rounding.HALF_EVEN, [-2, -2, -2, -1, 0, 0, 0, 1, 2]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_ties_by_hand(rounding, want):
    # -2, -1.75 (-7/4), -1.5, -1, -0.5, 0, 0.5, 1.25, 1.5 in quarters.
    quarters = [-8, -7, -6, -4, -2, 0, 2, 5, 6]
    got = requant(quarters, Q(1, 3, 2), Q(1, 3, 0), rounding, Overflow.FORBID)
    assert got.tolist() == want


@pytest.mark.parametrize("rounding, overflow", MODES)
@pytest.mark.parametrize("src", [Q(1, 31, 31), Q(0, 40, 22), Q(1, 2, 60)], ids=str)
def test_wide_formats_do_not_overflow_on_the_way(rng, src, rounding, overflow):
    dst = Q(src.signed, src.integer - (overflow is not Overflow.FORBID), src.fraction - 20)
    grid = [src.min, src.min + 1, src.max, src.max - 1, 0, 1]
    ties = [(int(n) << 20) + (1 << 19) for n in rng.integers(src.min >> 21, src.max >> 21, 50)]
    values = grid + ties + rng.integers(src.min, src.max, 200).tolist()
    checked = 0
    for n in values:
        want = limited(rounded(Fraction(n, 1 << 20), rounding), dst, overflow)
        if want is None:
            with pytest.raises(OverflowError):
                requant(n, src, dst, rounding, overflow)
        else:
            assert int(requant(n, src, dst, rounding, overflow)) == want
            checked += 1
    assert checked > 200


def test_input_outside_its_format_raises():
    for n in (-9, 8):
        with pytest.raises(OverflowError):
            requant([0, n], Q(1, 3, 0), Q(1, 8, 0), Rounding.TRUNC, Overflow.SAT)


def test_too_wide_on_the_way_raises():
    assert int(requant(1, Q(1, 30, 0), Q(1, 30, 32), Rounding.TRUNC, Overflow.SAT)) == 1 << 32
    with pytest.raises(ValueError):
        requant(1, Q(1, 31, 0), Q(1, 30, 32), Rounding.TRUNC, Overflow.SAT)


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 0, 3), (2, 3, 4)], ids=str)
def test_shape_stays_and_the_argument_too(rng, shape):
    x = rng.integers(-32, 32, shape)
    before = x.copy()
    got = requant(x, Q(1, 3, 2), Q(1, 2, 1), Rounding.HALF_EVEN, Overflow.SAT)
    assert got.shape == shape
    assert np.array_equal(x, before)


@pytest.mark.parametrize("rounding", Rounding, ids=lambda mode: mode.name)
@pytest.mark.parametrize("overflow", Overflow, ids=lambda mode: mode.name)
def test_narrower_with_a_format_for_each_row(rounding, overflow):
    src, dst = (Q(1, 3, 4), Q(1, 3, 3), Q(0, 5, 2)), (Q(1, 3, 2), Q(1, 2, 1), Q(0, 4, 0))
    common = np.arange(0, 32)  # what all three hold
    rows = np.stack([common - 16, common - 16, common])
    if overflow is Overflow.FORBID:
        rows //= 4  # so that the narrowest row holds it
    want = [
        requant(row, a, b, rounding, overflow) for row, a, b in zip(rows, src, dst, strict=True)
    ]
    narrow = narrower(src, dst, rounding, overflow)
    x = rows.copy()
    assert narrow(x) is x  # in place
    assert np.array_equal(x, want)
    if overflow is Overflow.FORBID:
        x = rows.copy()
        x[1, 3] = 60
        with pytest.raises(OverflowError):
            narrow(x)


def test_narrower_needs_rows_that_lose_the_same():
    with pytest.raises(ValueError):
        narrower((Q(1, 3, 4), Q(1, 3, 3)), (Q(1, 3, 2), Q(1, 3, 2)), Rounding.TRUNC, Overflow.SAT)


def test_check_range():
    check_range([], Q(0, 1, 0))
    check_range([-8, 7], Q(1, 3, 0))
    for n in (-9, 8):
        with pytest.raises(OverflowError, match="level"):
            check_range([0, n], Q(1, 3, 0), "level")
