"""Precoder against items 1 to 4 of 9.6.2/V.34 in fractions, and what undoes it."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.fixed import check_range
from golden.v34.constellation import rotate, subset
from golden.v34.formats import RECEIVED_POINT, RECEIVED_PRECODED
from golden.v34.mapper import PointMapper
from golden.v34.parameters import ModulationParameters
from golden.v34.parser import BitParser
from golden.v34.precoder import InversePrecoder, Precoder, WhiteningFilter, nearest
from golden.v34.trellis import code
from tests.golden.v34.support import TAPS, random_parameters


def _points(p, frames, rng):
    """Points before the precoder, and V0 at random."""
    bits = rng.integers(0, 2, frames * p.framing.b, dtype=np.uint8)
    points = PointMapper(p).process(BitParser(p.framing).process(bits))
    return points, rng.integers(0, 2, points.shape[-1] // 2)


def _to_nearest(value, step):
    """A Fraction to the nearest multiple of ``step``, a half to the smaller magnitude."""
    whole = math.ceil(abs(value) / step - Fraction(1, 2)) * step
    return whole if value >= 0 else -whole


def test_nearest():
    """All values around zero, ties and negative ones among them."""
    for value in range(-200, 201):
        for drop in (1, 3, 5):
            exact = _to_nearest(Fraction(value), 1 << drop) >> drop
            assert nearest(value, drop) == exact
            assert nearest(np.array([value]), drop) == exact


@pytest.mark.parametrize("seed", range(5))
def test_equations(seed, rng):
    """Every x and y by items 1 to 4, from the x before; y's turn by the trellis encoder."""
    p = random_parameters(rng)
    points, inversions = _points(p, 12, rng)
    precoder = Precoder(p)
    x = precoder.process(points, inversions)
    y, table, state = precoder.outputs, code(p.trellis), 0
    taps = [[Fraction(part, 1 << 14) for part in tap] for tap in p.precoder]
    sent = [[Fraction(0)] * 2] * 3
    for m, inversion in enumerate(inversions):
        labels, modulo = [], 0
        for n in (2 * m, 2 * m + 1):
            products = [
                (a * c - b * d, a * d + b * c)
                for (a, b), (c, d) in zip(reversed(sent[-3:]), taps, strict=True)
            ]
            rounded = [
                _to_nearest(sum(part), Fraction(1, 128)) for part in zip(*products, strict=True)
            ]
            coarse = [_to_nearest(part, 1 << p.w) for part in rounded]
            u = y[:, n] - coarse
            sent.append([int(y[i, n]) - rounded[i] for i in (0, 1)])
            assert [Fraction(int(x[i, n]), 128) for i in (0, 1)] == sent[-1]
            turned = rotate(points[:, n], n % 2)
            u0 = int(not np.array_equal(u, points[:, n]))
            assert np.array_equal(u, turned if u0 else points[:, n])
            labels.append(int(subset(y[:, n])))
            modulo ^= int(sum(coarse) / 2) & 1
        # u0 is left from the second point (9-32).
        assert u0 == table.output[state] ^ modulo ^ inversion
        state = table.following[state, table.branch[tuple(labels)]]


def test_pieces_and_channels(rng):
    """Channels are apart, and pieces are one call."""
    p = ModulationParameters(3200, 26400, 64, precoder=TAPS)
    points, inversions = _points(p, 10, rng)
    both = np.stack([points, points[:, ::-1]])[:, None]
    precoder, alone = Precoder(p), Precoder(p)
    pieces = [
        precoder.process(both[..., :16], inversions[:8]),
        precoder.process(both[..., 16:], inversions[8:]),
    ]
    pieces = np.concatenate(pieces, axis=-1)
    assert pieces.shape == both.shape
    assert np.array_equal(pieces[0, 0], alone.process(points, inversions))
    alone.reset()
    assert np.array_equal(pieces[1, 0], alone.process(points[:, ::-1], inversions))
    # From state zero again: the same.
    precoder.reset()
    assert np.array_equal(precoder.process(both, inversions), pieces)


def test_inverse(rng):
    """Points come back, turned by U0; in pieces too."""
    for _ in range(8):
        p = random_parameters(rng)
        points, inversions = _points(p, 20, rng)
        precoder, inverse = Precoder(p), InversePrecoder(p)
        precoder.process(points, inversions)
        y = precoder.outputs
        pieces = [inverse.process(y[:, :31]), inverse.process(y[:, 31:])]
        u = np.concatenate(pieces, axis=-1)
        assert np.array_equal(u[:, ::2], points[:, ::2])
        turned = rotate(points[:, 1::2].T, np.ones(points.shape[-1] // 2, int)).T
        same = np.all(u[:, 1::2] == points[:, 1::2], axis=0)
        assert np.all(same | np.all(u[:, 1::2] == turned, axis=0))
        assert 0 < same.sum() < len(same)


def test_whitening(rng):
    """The filter on x is y, but for the rounding of p and its own; in pieces too."""
    for _ in range(8):
        p = random_parameters(rng)
        points, inversions = _points(p, 20, rng)
        precoder, whitening = Precoder(p), WhiteningFilter(p)
        x = precoder.process(points, inversions)
        pieces = [whitening.process(x[:, :33]), whitening.process(x[:, 33:])]
        error = np.concatenate(pieces, axis=-1) - (precoder.outputs << RECEIVED_POINT.fraction)
        # Half of 2^-7 by p, and half of a bit.
        assert np.abs(error).max() <= (1 << RECEIVED_POINT.fraction) / 256 + 0.5


def test_whitening_saturates():
    """At both rails, and with the largest taps and symbols no product overflows."""
    p = ModulationParameters(2400, 2400, precoder=((32767, 32767), (0, 0), (0, 0)))
    largest = np.array([[RECEIVED_PRECODED.max] * 6, [RECEIVED_PRECODED.min] * 6])
    for sign in (1, -1):
        out = WhiteningFilter(p).process(np.clip(sign * largest, *_rails()))
        check_range(out, RECEIVED_POINT)
        assert (RECEIVED_POINT.max if sign > 0 else RECEIVED_POINT.min) in out


def _rails():
    return RECEIVED_PRECODED.min, RECEIVED_PRECODED.max


def test_output_out_of_range():
    """Points beyond any constellation with taps that amplify them."""
    p = ModulationParameters(3429, 33600, precoder=((32767, 0), (32767, 0), (0, 0)))
    points = np.full((2, 16), 125)
    with pytest.raises(OverflowError):
        Precoder(p).process(points, np.zeros(8, int))
