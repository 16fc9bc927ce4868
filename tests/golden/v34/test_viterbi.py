"""Viterbi decoder: on clean points, against float64, and its error rates on white noise."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.fixed import Overflow, Rounding, requant
from golden.formats import Q
from golden.v34.constellation import subset
from golden.v34.encoder import Inversions
from golden.v34.formats import BRANCH_METRIC, RECEIVED_POINT
from golden.v34.parameters import TRELLISES, Framing
from golden.v34.viterbi import (
    DEPTHS,
    ViterbiDecoder,
    distances,
    nearest_points,
    viterbi_reference,
)
from tests.golden.v34.support import coded_points

UNIT = 1 << RECEIVED_POINT.fraction

#: 4D error rates on white noise that another program found: states, then sigma of each part and the
#: rate, from 8e5 to 2.4e6 4D symbols.
KNOWN = {
    16: ((0.45, 1.5e-3), (0.43, 4.2e-4), (0.41, 8.2e-5), (0.39, 1.3e-5)),
    32: ((0.41, 4.3e-5),),
    64: ((0.48, 4.9e-3), (0.45, 5.1e-4), (0.43, 1.3e-4), (0.41, 1.5e-5)),
}

#: dB for each factor of e in the error rate: from 0.45 to 0.43, 0.39 dB, the rate of 16 states
#: falls by 3.6.
DB_FOR_E = 0.39 / np.log(3.6)


def _noisy(states, channels, count, sigma, rng):
    """Coded points, V0, and the points with noise in float64."""
    inversions = Inversions(Framing(3429, 33600)).process(count)
    points = coded_points(states, channels, inversions, rng)
    return points, inversions, points + rng.normal(0, sigma, points.shape)


def _held(points):
    """Points in RECEIVED_POINT."""
    fine = np.rint(points * UNIT * 256).astype(np.int64)
    form = Q(1, RECEIVED_POINT.integer, RECEIVED_POINT.fraction + 8)
    return requant(fine, form, RECEIVED_POINT, Rounding.HALF_UP, Overflow.SAT)


def _wrong(decided, points):
    """Which 4D symbols are wrong."""
    return np.any((decided != points).reshape(len(points), 2, -1, 2), axis=(1, 3))


def _decide(states, received, inversions, depth=None):
    decoder = ViterbiDecoder(states, depth)
    decided = decoder.process(received, inversions)
    return np.concatenate([decided, decoder.finish()], axis=-1)


def _grid(label, around):
    """Every point of a subset near a received point, by the labels of Figure 9."""
    line = 2 * np.arange(around // 2 - 5, around // 2 + 6) + 1
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return points[subset(points) == label]


def test_distances(rng):
    """The nearest point of each subset, by trying all; ties as good as any."""
    received = rng.integers(-3 * UNIT, 3 * UNIT, (2, 200))
    found = distances(received)
    assert found.max() <= BRANCH_METRIC.max // 2
    for label in range(8):
        points = _grid(label, 0) * UNIT
        least = np.min(np.sum((points[:, :, None] - received) ** 2, axis=1), axis=0)
        assert np.array_equal(found[:, label], least)
        nearest = nearest_points(received, np.full(200, label))
        assert np.all(subset(nearest.T) == label)
        assert np.array_equal(np.sum((nearest * UNIT - received) ** 2, axis=0), least)


def test_ties():
    """Half way between two points of a class: the higher one."""
    received = np.array([[3 * UNIT, 1 * UNIT], [1 * UNIT, 1 * UNIT]])
    # Labels 0 and 4 have the points (1, 1) and (5, 1), which are as near to (3, 1).
    assert nearest_points(received, np.array([4, 0])).T.tolist() == [[5, 1], [1, 1]]
    # Every neighbour of (1, 1) in its class is as near: the real part moves, and up.
    assert nearest_points(received, np.array([0, 4]))[:, 1].tolist() == [5, 1]


@pytest.mark.parametrize("states", TRELLISES)
def test_clean_points(states, rng):
    """Everything comes back, late by the depth less one; at the rails of the format too."""
    points, inversions, _ = _noisy(states, 3, 400, 0, rng)
    decoder = ViterbiDecoder(states)
    decided = decoder.process(points * UNIT, inversions)
    assert decided.shape[-1] == 2 * (400 - DEPTHS[states] + 1)
    whole = np.concatenate([decided, decoder.finish()], axis=-1)
    assert np.array_equal(whole, points)
    # Eights are added without a change of subset.
    far = points + 8 * rng.integers(-31, 31, points.shape)
    far = np.where(np.abs(far) < 256, far, points)
    assert np.array_equal(_decide(states, far * UNIT, inversions), far)


@pytest.mark.parametrize("states", TRELLISES)
def test_pieces(states, rng):
    """One call, many pieces; one channel or several; a fresh start after a reset or the end."""
    _, inversions, received = _noisy(states, 2, 300, 0.5, rng)
    received = _held(received).reshape(2, 1, 2, -1)
    whole = _decide(states, received, inversions)
    decoder, m = ViterbiDecoder(states), 0
    assert decoder.finish().shape == (2, 0)
    pieces = [decoder.process(received[..., :0], inversions[:0])]
    assert pieces[0].shape == (2, 1, 2, 0)
    while m < 300:
        step = int(rng.integers(0, 70))
        piece = received[..., 2 * m : 2 * (m + step)]
        pieces.append(decoder.process(piece, inversions[m : m + step]))
        m += step
    pieces.append(decoder.finish())
    assert np.array_equal(np.concatenate(pieces, axis=-1), whole)
    decoder.process(received[..., :100], inversions[:50])
    decoder.reset()
    again = [decoder.process(received[1, 0], inversions), decoder.finish()]
    assert np.array_equal(np.concatenate(again, axis=-1), whole[1, 0])


def test_short_depth(rng):
    """A depth of one decides at once, by the best state."""
    points, inversions, _ = _noisy(16, 1, 50, 0, rng)
    decoder = ViterbiDecoder(16, depth=1)
    assert np.array_equal(decoder.process(points * UNIT, inversions), points)
    assert decoder.finish().shape == (1, 2, 0)


def test_wrong_inversions(rng):
    """Without V0 the code does not fit, and decisions are wrong after each half data frame."""
    points, inversions, _ = _noisy(16, 1, 600, 0, rng)
    decided = _decide(16, points * UNIT, 0 * inversions)
    wrong = np.flatnonzero(_wrong(decided, points)[0])
    first = int(np.flatnonzero(inversions)[0])
    assert len(wrong)
    assert abs(int(wrong[0]) - first) <= 3


def test_another_trellis():
    """One sentence."""
    with pytest.raises(V90Error, match="a trellis has 16, 32 or 64 states, not 8"):
        ViterbiDecoder(8)


def _loss(rate, known):
    """dB by which an error rate is above a known one."""
    return DB_FOR_E * np.log(max(rate, 1e-9) / known)


@pytest.mark.parametrize("states", TRELLISES)
def test_against_float(states, rng):
    """Rounding and the depth cost less than 0.02 dB where one 4D symbol in 200 is wrong.

    Both see the same noise, so that 300 errors, less than a hundred of them apart, measure it.
    """
    sigma = {16: 0.48, 32: 0.49, 64: 0.5}[states]
    points, inversions, received = _noisy(states, 100, 600, sigma, rng)
    reference = _wrong(viterbi_reference(received, inversions, states), points).sum()
    golden = _wrong(_decide(states, _held(received), inversions), points).sum()
    assert reference > 200
    assert _loss(golden, reference) < 0.02


def _measured(decide, states, sigma, count, rng):
    """4D error rate over ``count`` 4D symbols, in blocks of 200 channels."""
    wrong, length = 0, 1000
    for _ in range(count // (200 * length)):
        points, inversions, received = _noisy(states, 200, length, sigma, rng)
        wrong += _wrong(decide(states, received, inversions), points).sum()
    return wrong / count


def _golden(states, received, inversions):
    return _decide(states, _held(received), inversions)


def _reference(states, received, inversions):
    # In parts: it keeps every distance.
    parts = np.split(received, 4)
    return np.concatenate([viterbi_reference(part, inversions, states) for part in parts])


@pytest.mark.parametrize("states, sigma, known", [(16, 0.45, 1.5e-3), (64, 0.48, 4.9e-3)])
def test_known_error_rate(states, sigma, known, rng):
    """The highest of the known ones, within 0.15 dB; 400 000 4D symbols measure it to 0.03."""
    assert abs(_loss(_measured(_golden, states, sigma, 400_000, rng), known)) < 0.15


@pytest.mark.long
@pytest.mark.parametrize(
    "states, sigma, known",
    [(states, *row) for states, rows in KNOWN.items() for row in rows if row[1] > 4e-5],
)
def test_known_error_rates(states, sigma, known, rng):
    """Float within 0.05 dB and the error of counting; golden within 0.15 dB.

    Some three wrong 4D symbols come together, so that the count's error is that of a third; the
    known rates have it too, from as many 4D symbols.
    """
    count = 1_000_000 if known > 2e-4 else 4_000_000
    counting = 3 * DB_FOR_E * np.sqrt(2 * 3 / (known * min(count, 1_600_000)))
    golden = _measured(_golden, states, sigma, count, rng)
    assert abs(_loss(golden, known)) < max(0.15, 0.05 + counting)
    if known > 2e-4:
        reference = _measured(_reference, states, sigma, count, rng)
        assert abs(_loss(reference, known)) < 0.05 + counting
