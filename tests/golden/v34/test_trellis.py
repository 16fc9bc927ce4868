"""Convolutional encoders: state maps, distances, and what a quarter turn does to a code."""

import heapq

import numpy as np
import pytest

from golden.v34.constellation import rotate, subset
from golden.v34.parameters import TRELLISES
from golden.v34.trellis import TABLE_13, code

#: Y0 after one input, from Figures 10 to 12 by hand: (states, branch) and Y0 from that input on.
BY_HAND = {
    # Y1 enters before the last delay. Y0 goes back to the first and the second: what leaves comes
    # again after three and four, Y0(m) = Y0(m - 3) + Y0(m - 4).
    (16, 1): "0100110101",
    # Y2 enters before the second and the third: the sum of two of these, one and two later.
    (16, 2): "0011010111",
    # Figure 11: a ring of five; Y4 enters before the fourth delay, Y1 before the third.
    (32, 4): "0010000100",
    (32, 1): "0001000010",
    (32, 2): "0100101001",
    # Figure 12: Y2 enters before the last delay of the ring of two.
    (64, 2): "0101010101",
    # Y1 enters before the third delay: with both AND gates, traced delay by delay.
    (64, 1): "0011010000",
}


@pytest.mark.parametrize("states", TRELLISES)
def test_state_maps(states):
    """Each branch permutes the states, and leads back; a state's branches part."""
    table = code(states)
    for branch in range(table.branches):
        after = table.following[:, branch]
        assert sorted(after) == list(range(states))
        assert np.array_equal(table.preceding[after, branch], np.arange(states))
    for state in range(states):
        assert len(set(table.following[state])) == table.branches


@pytest.mark.parametrize("states", TRELLISES)
def test_any_state_within_two_steps(states):
    """The format of a path's metric rests on it."""
    table = code(states)
    for state in range(states):
        assert set(table.following[table.following[state]].ravel()) == set(range(states))


@pytest.mark.parametrize("states, start", BY_HAND)
def test_impulse_responses(states, start):
    """Y0 after one input, from state zero."""
    table = code(states)
    state, out = table.following[0, start], ""
    for _ in BY_HAND[states, start]:
        out += str(table.output[state])
        state = table.following[state, 0]
    assert "0" + out[:-1] == BY_HAND[states, start]


def test_branches():
    """Inputs that an encoder does not use are no part of a branch."""
    assert np.array_equal(code(64).branch, TABLE_13)
    assert np.array_equal(code(16).branch, TABLE_13 % 4)
    assert np.array_equal(code(32).branch, TABLE_13 // 8 * 4 + TABLE_13 % 4)


@pytest.mark.parametrize("states", TRELLISES)
def test_pairs(states):
    """Pairs of labels by parity and branch: all 64, ascending in each group."""
    table = code(states)
    for parity, branch in np.ndindex(2, table.branches):
        first, second = np.divmod(table.pairs[parity, branch], 8)
        assert np.all((first ^ second) & 1 == parity)
        assert np.all(table.branch[first, second] == branch)
        assert np.all(np.diff(table.pairs[parity, branch]) > 0)
    assert sorted(table.pairs.ravel()) == list(range(64))


def test_table_13_by_its_structure():
    """Y4 is the sum of both labels' high bits; a turn of both points changes Y1 or Y2 alike."""
    first, second = np.divmod(np.arange(64), 8)
    assert np.array_equal(TABLE_13.ravel() >> 3, (first ^ second) >> 2)
    assert np.array_equal(np.bincount(TABLE_13.ravel()), [4] * 16)


def _squares():
    """Least squared distance between two points of subsets, unlike ones, by labels."""
    line = np.arange(-7, 9, 2)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    labels = subset(points)
    near = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1], [-3, 1], [1, 3], [3, -1], [3, 1]])
    assert np.array_equal(subset(near), np.arange(8))
    apart = np.sum((near[:, None] - points[None]) ** 2, axis=-1)
    return np.array([apart[:, labels == label].min(axis=1) for label in range(8)]).T


def _free_distance(states):
    """Least squared distance of two paths that part and meet again, by Dijkstra's algorithm."""
    table, squares = code(states), _squares()
    one, other = np.divmod(table.pairs, 8)

    def between(a, b):
        return (
            squares[one[a][:, None], one[b][None]] + squares[other[a][:, None], other[b][None]]
        ).min()

    groups = [(p, b) for p in (0, 1) for b in range(table.branches)]
    apart = {(a, b): int(between(a, b)) for a in groups for b in groups}
    best, queue = {}, []
    for state in range(states):
        for a in range(table.branches):
            for b in range(a):
                ends = table.following[state, a], table.following[state, b]
                y0 = int(table.output[state])
                heapq.heappush(queue, (apart[(y0, a), (y0, b)], *map(int, ends)))
    while queue:
        distance, p, q = heapq.heappop(queue)
        if p == q:
            return distance
        if best.get((p, q), distance + 1) <= distance:
            continue
        best[p, q] = distance
        outs = int(table.output[p]), int(table.output[q])
        for a in range(table.branches):
            for b in range(table.branches):
                more = distance + apart[(outs[0], a), (outs[1], b)]
                ends = int(table.following[p, a]), int(table.following[q, b])
                if best.get(ends, more + 1) > more:
                    heapq.heappush(queue, (more, *ends))
    return None


@pytest.mark.parametrize("states", TRELLISES)
def test_free_distance(states):
    """Paths are at least as far apart as the points of a branch of 16 states: 16, or 4 times 4.

    An uncoded grid of spacing 2 has 4: a gain of 6 dB, less 1.5 dB for twice as many 4D points.
    """
    parallel = {16: 16, 32: 16, 64: 32}[states]
    table, squares = code(states), _squares()
    one, other = np.divmod(table.pairs, 8)
    for group in np.ndindex(table.pairs.shape[:2]):
        a, b = one[group], other[group]
        sums = squares[a[:, None], a[None]] + squares[b[:, None], b[None]]
        within = sums[~np.eye(len(a), dtype=bool)].min()
        assert min(within, 32) == parallel
    assert _free_distance(states) >= 16


@pytest.mark.parametrize("states", TRELLISES)
def test_quarter_turns(states, rng):
    """A code turned by 90 degrees is the same code: there is a state from which it starts."""
    table = code(states)
    state, pairs = int(rng.integers(states)), []
    for _ in range(300):
        first = int(rng.integers(8))
        second = int(2 * rng.integers(4) + (first ^ table.output[state]) % 2)
        pairs.append((first, second))
        state = table.following[state, table.branch[first, second]]
    turned = [tuple(label & 4 | label + 1 & 3 for label in pair) for pair in pairs]
    starts = [s for s in range(states) if _possible(table, s, turned)]
    assert len(starts) == 1
    assert not any(_possible(table, s, [(a, b ^ 1) for a, b in pairs]) for s in range(states))


def _possible(table, state, pairs):
    for first, second in pairs:
        if (first ^ second) & 1 != table.output[state]:
            return False
        state = table.following[state, table.branch[first, second]]
    return True


def test_labels_turn():
    """A quarter turn of a point adds one to its label's low bits and leaves the high one."""
    line = np.arange(-7, 9, 2)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    before, after = subset(points), subset(rotate(points, np.ones(len(points), int)))
    assert np.array_equal(after & 3, (before + 1) & 3)
    assert np.array_equal(after & 4, before & 4)
