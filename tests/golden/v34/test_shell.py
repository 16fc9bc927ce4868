"""Shell mapper: its order against the sorted list of all groups of rings, and its inverse."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from golden.v34.parameters import framings
from golden.v34.shell import ShellDemapper, ShellMapper, ring_mean

#: Every K and M of Table 10.
PAIRS = sorted({(row.k, row.rings(more)) for row in framings() for more in (False, True)})


def _place(pair, rings):
    """E of (9-17) and (9-18) for a pair of rings."""
    first, second = pair
    return first if first + second < rings else rings - 1 - second


def _key(group, rings):
    """Key by which 9.4 sorts groups of eight rings, the most significant first."""
    pairs = [group[i : i + 2] for i in range(0, 8, 2)]
    c, _, d, _ = (sum(pair) for pair in pairs)
    e, f, g, h = (_place(pair, rings) for pair in pairs)
    # R0: A; B; R3 = (D; H, G); R2 = (C; F, E).
    return sum(group), sum(group[:4]), d, h, g, c, f, e


@pytest.mark.parametrize("rings", [1, 2, 3])
def test_order_of_all_groups(rings):
    """Every R0 up to M^8, by sorting."""
    groups = sorted(itertools.product(range(rings), repeat=8), key=lambda g: _key(g, rings))
    assert np.array_equal(ShellMapper(rings).process(np.arange(rings**8)), groups)


@pytest.mark.parametrize("bits, rings", PAIRS)
def test_inverse(bits, rings, rng):
    """Random numbers, first and last ones: rings in range, and back; sums never fall."""
    _inverse(bits, rings, rng.integers(0, 1 << bits, 2000))


@pytest.mark.long
@pytest.mark.parametrize("bits, rings", PAIRS)
def test_inverse_of_many(bits, rings, rng):
    """A hundred thousand numbers of each K and M."""
    _inverse(bits, rings, rng.integers(0, 1 << bits, 100_000))


def _inverse(bits, rings, numbers):
    ends = np.arange(min(1 << bits, 200))
    numbers = np.unique(np.concatenate([numbers, ends, (1 << bits) - 1 - ends]))
    groups = ShellMapper(rings).process(numbers)
    assert groups.min() >= 0
    assert groups.max() < rings
    assert np.array_equal(ShellDemapper(rings).process(groups), numbers)
    assert np.all(np.diff(groups.sum(axis=-1)) >= 0)
    assert len(np.unique(groups, axis=0)) == len(numbers)


@pytest.mark.parametrize("rings", [5, 11, 15, 18])
def test_inverse_of_any_rings(rings, rng):
    """Rings whose sum no R0 has: their place among those of their sum, in the order of 9.4."""
    groups = rng.integers(0, rings, (500, 8))
    groups[:100] = np.maximum(groups[:100], rings - 2)
    numbers = ShellDemapper(rings).process(groups)
    most = max(bits for bits, some in PAIRS if some == rings)
    last = ShellMapper(rings).process((1 << most) - 1).sum()
    sums = groups.sum(axis=-1)
    usual = sums <= last
    assert usual.any()
    assert np.array_equal(ShellMapper(rings).process(numbers[usual]), groups[usual])
    total = 1
    for _ in range(8):
        total = np.convolve(total, np.ones(rings, int))
    before = np.concatenate([[0], np.cumsum(total)])[sums[~usual]]
    assert len(before) > 50
    assert np.all(numbers[~usual] < total[sums[~usual]])
    assert np.array_equal(ShellMapper(rings).process(before + numbers[~usual]), groups[~usual])


def test_shapes():
    """Any leading axes, none among them."""
    numbers = np.arange(24).reshape(2, 3, 4)
    groups = ShellMapper(5).process(numbers)
    assert groups.shape == (2, 3, 4, 8)
    assert np.array_equal(ShellDemapper(5).process(groups), numbers)
    assert ShellMapper(5).process(7).shape == (8,)


@pytest.mark.parametrize("bits, rings", [(k, m) for k, m in PAIRS if k <= 12])
def test_mean(bits, rings):
    """The mean of a cost is that of all groups."""
    groups = ShellMapper(rings).process(np.arange(1 << bits))
    costs = [3 + 5 * ring**2 + ring for ring in range(rings)]
    mean = Fraction(int(np.array(costs)[groups].sum()), 8 << bits)
    assert ring_mean(rings, bits, costs) == mean
    thirds = [Fraction(cost, 3) for cost in costs]
    assert ring_mean(rings, bits, thirds) == mean / 3


def test_mean_of_too_few():
    """Rings that do not have as many groups."""
    with pytest.raises(ValueError, match="2 rings do not have 2\\^9 groups"):
        ring_mean(2, 9, [0, 1])
