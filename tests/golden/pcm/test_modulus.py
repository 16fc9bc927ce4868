"""Modulus encoder against the algorithm of 5.4.3/V.90, in Python integers."""

import numpy as np
import pytest

from golden.pcm.modulus import ModulusDecoder, ModulusEncoder
from golden.pcm.parameters import rate_table
from sim.calls.parameter_sets import EXTREMES, random_parameters


def step_by_step(number, moduli):
    """K0 to K5 by steps 1 to 3 of 5.4.3."""
    labels = []
    for modulus in moduli:
        label = number % modulus
        labels.append(label)
        number = (number - label) // modulus
    assert number == 0
    return labels


def numbers_of(rng, k):
    """R0 at both ends, at powers of two, and random ones."""
    ends = [0, 1, (1 << k) - 1, (1 << k) - 2] + [1 << bit for bit in range(k)]
    return np.array(ends + rng.integers(0, 1 << k, 200).tolist(), np.int64)


def assert_exact(rng, moduli, k):
    numbers = numbers_of(rng, k)
    labels = ModulusEncoder(moduli).process(numbers)
    assert labels.dtype == np.int64 and labels.shape == (*numbers.shape, 6)
    assert labels.tolist() == [step_by_step(int(number), moduli) for number in numbers]
    assert np.array_equal(ModulusDecoder(moduli).process(labels), numbers)


@pytest.mark.parametrize(
    "kind, k", [("CPt", k) for k in range(6, 25)] + [("CP", k) for k in range(15, 40)]
)
def test_step_by_step(rng, kind, k):
    for _ in range(4):
        # The S that goes with K is no matter here; any that the tables have does.
        sr = next(6 - s for row, s, _, _ in rate_table(kind) if row == k)
        assert_exact(rng, random_parameters(rng, type=kind, sr=sr, k=k).moduli, k)


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(rng, name):
    assert_exact(rng, EXTREMES[name].moduli, EXTREMES[name].k)


@pytest.mark.parametrize(
    "moduli", [(2, 3, 1, 4, 5, 2), (1, 1, 1, 1, 1, 7), (6, 5, 4, 3, 2, 1)], ids=str
)
def test_all_numbers_below_the_product_have_different_labels(moduli):
    product = int(np.prod(moduli))
    labels = ModulusEncoder(moduli).process(np.arange(product))
    assert (labels >= 0).all() and (labels < moduli).all()
    assert len(set(map(tuple, labels.tolist()))) == product
    assert np.array_equal(ModulusDecoder(moduli).process(labels), np.arange(product))


def test_greatest_number_of_all():
    # 128^6 - 1 = 2^42 - 1, what labels can stand for with the largest constellations.
    assert int(ModulusDecoder((128,) * 6).process([127] * 6)) == 2**42 - 1


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 0, 4)], ids=str)
def test_shapes(rng, shape):
    moduli = (3, 1, 128, 7, 2, 9)
    numbers = rng.integers(0, 3 * 128 * 7 * 2 * 9, shape)
    labels = ModulusEncoder(moduli).process(numbers)
    assert labels.shape == (*shape, 6)
    back = ModulusDecoder(moduli).process(labels)
    assert back.shape == shape and back.dtype == np.int64
    assert np.array_equal(back, numbers)


def test_labels_in_few_bits_do_not_overflow():
    # The demapper gives uint8 labels; the product must be taken in 64 bits.
    labels = np.full((2, 6), 127, np.uint8)
    assert ModulusDecoder((128,) * 6).process(labels).tolist() == [2**42 - 1] * 2
