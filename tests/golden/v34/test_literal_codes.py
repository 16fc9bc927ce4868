"""The literal reading's trellis encoders: Figures 9 to 12 and Table 13 of V.34 as codes.

A figure that is misread gives a code, too, but hardly one with these properties.
"""

import itertools

import numpy as np
import pytest

from tests.golden.v34 import literal

EACH_TRELLIS = pytest.mark.parametrize("trellis", [16, 32, 64])


@EACH_TRELLIS
def test_each_input_permutes_the_states(trellis):
    elements, step = literal.ENCODERS[trellis]
    states = list(itertools.product((0, 1), repeat=elements))
    assert len(states) == trellis
    reached = {state: set() for state in states}
    for y in itertools.product((0, 1), repeat=4):
        assert len({step(state, *y) for state in states}) == trellis
        for state in states:
            reached[state].add(step(state, *y))
    # Rates 2/3, 3/4, 4/5: 4, 8, 16 ways from a state.
    assert {len(ways) for ways in reached.values()} == {{16: 4, 32: 8, 64: 16}[trellis]}


def coded_labels(rng, trellis, count):
    """Labels of ``count`` 4D symbols that the encoder makes from a random state."""
    elements, step = literal.ENCODERS[trellis]
    state = tuple(rng.integers(0, 2, elements).tolist())
    labels = []
    for _ in range(count):
        first, second = rng.integers(0, 8, 2).tolist()
        second ^= (first ^ second ^ state[-1]) & 1
        labels.append((first, second))
        state = step(state, *literal.symbol_to_bits(first, second))
    return labels


def consistent_states(labels, trellis):
    """States from which the encoder makes these labels."""
    elements, step = literal.ENCODERS[trellis]
    states = {state: state for state in itertools.product((0, 1), repeat=elements)}
    for first, second in labels:
        y = literal.symbol_to_bits(first, second)
        parity = (first ^ second) & 1
        states = {begun: step(state, *y) for begun, state in states.items() if state[-1] == parity}
    return list(states)


@EACH_TRELLIS
def test_a_code_survives_quarter_turns(trellis, rng):
    """Turned by 90 degrees a coded sequence is one of the code: a misread figure is not like that.

    This is what the differential encoder is for. A wrong sequence has no state left soon.
    """
    labels = coded_labels(rng, trellis, 200)
    for n in range(4):
        turned = [tuple(s & 4 | (s + n) & 3 for s in pair) for pair in labels]
        assert len(consistent_states(turned, trellis)) == 1
    wrong = [(first, second ^ (n == 100)) for n, (first, second) in enumerate(labels)]
    assert consistent_states(wrong, trellis) == []


def label_distances():
    """Least squared distance of points with labels a and b, for all pairs."""
    axis = range(-13, 14, 2)
    least = np.full((8, 8), 1000)
    for x, y in itertools.product((-3, -1, 1, 3), repeat=2):
        first = literal.subset_label((x, y))
        for re, im in itertools.product(axis, repeat=2):
            second = literal.subset_label((re, im))
            if (re, im) != (x, y):
                apart = (re - x) ** 2 + (im - y) ** 2
                least[first, second] = min(least[first, second], apart)
    return least


def branches():
    """Squared distances between branches, and the branches: ``(Y4, Y3, Y2, Y1, Y0)`` each."""
    pairs = {}
    for first, second in itertools.product(range(8), repeat=2):
        key = (*literal.symbol_to_bits(first, second), (first ^ second) & 1)
        pairs.setdefault(key, []).append((first, second))
    apart = label_distances()
    np.fill_diagonal(apart, 0)
    least = [
        [
            min(apart[a, c] + apart[b, d] for a, b in pairs[one] for c, d in pairs[other])
            for other in pairs
        ]
        for one in pairs
    ]
    return np.array(least), {key: n for n, key in enumerate(pairs)}


@pytest.mark.parametrize("trellis, distance", [(16, 16), (32, 16), (64, 20)])
def test_free_distance(trellis, distance):
    """Coded sequences are 16, 16 and 20 apart, squared, on a grid of 2: Wei's 4, 4 and 5 times 4.

    Found by going from each pair of states to all that follow until nothing gets nearer.
    """
    elements, step = literal.ENCODERS[trellis]
    least, number = branches()
    states = list(itertools.product((0, 1), repeat=elements))
    inputs = list(itertools.product((0, 1), repeat=4))
    place = {state: n for n, state in enumerate(states)}
    following = np.array([[place[step(state, *y)] for y in inputs] for state in states])
    branch = np.array([[number[*y, state[-1]] for y in inputs] for state in states])
    one, other, k, n = np.meshgrid(
        *[np.arange(trellis)] * 2, *[np.arange(16)] * 2, indexing="ij", sparse=True
    )
    leads = following[one, k] * trellis + following[other, n]
    weight = least[branch[one, k], branch[other, n]]
    same = np.broadcast_to(one == other, leads.shape)
    begins = same & np.broadcast_to(k != n, leads.shape)
    nearest = np.full(trellis**2, 1000)
    np.minimum.at(nearest, leads[begins], weight[begins])
    known = None
    while not np.array_equal(known, nearest):
        known = nearest.copy()
        reached = known.reshape(trellis, trellis)[:, :, None, None] + weight
        np.minimum.at(nearest, leads[~same], reached[~same])
    assert nearest[:: trellis + 1].min() == distance
