"""DIL descriptors found in the DILs that they ask for."""

import numpy as np
import pytest

from golden.learning.learning import LEAD, dil_request
from golden.pcm.parameters import INTERVALS
from golden.signals.training import dil, dil_lengths
from sim.reading import dil as reading_dil
from sim.reading import octets as reading
from tests.golden.signals.support import descriptor
from tests.sim.reading.support import U_INFO, named, sent


def test_the_dil_is_taken_apart():
    octets, _ = sent("A")
    (dil_signal,) = named(reading.read(octets), "DIL")
    asked, fields = dil_request(U_INFO), dil_signal.fields
    assert fields["equal"] == 1
    for name in ("segments", "H", "REF", "training_ucodes"):
        assert fields[name] == asked[name], name
    # Patterns are told up to what makes the same DIL.
    length = 12 * INTERVALS
    assert np.array_equal(np.resize(fields["training_pattern"], length), asked["training_pattern"])
    signs = np.resize(fields["sign_pattern"], length) == asked["sign_pattern"]
    assert signs.all()


def same(found, ucodes, signs):
    """Whether the descriptor makes the same symbols, the signs of Ucode 0 left out."""
    own, other = (one[: len(ucodes)] for one in dil(found.descriptor, len(found.starts)))
    return np.array_equal(own, ucodes) and bool(((other == signs) | (own == 0)).all())


@pytest.mark.parametrize("seed", range(12))
def test_random_descriptors(seed):
    """What is found makes the same DIL; which of several that do so cannot be told."""
    rng = np.random.default_rng(seed)
    asked = descriptor(rng, 40, most_h=12)
    asked["REF"] = [int(rng.integers(0, 100))] * 8
    pattern = (rng.random(len(asked["training_pattern"])) < 0.3).astype(int)
    pattern[int(rng.integers(0, min(6, len(pattern))))] = 1
    asked["training_pattern"] = pattern.tolist()
    ucodes, signs = dil(asked, 56)
    found = reading_dil.find(ucodes, signs)
    assert found is not None and same(found, ucodes, signs) and not found.cut
    print(found.descriptor["segments"], len(found.starts), found.passes)
    assert found.descriptor["segments"] <= 40


def test_a_level_for_each_sign():
    """Below Ucode 16 a level arrives at two neighbours; REF is Ucode 0."""
    asked = dil_request(0)
    ucodes, signs = dil(asked)
    moved = np.where((ucodes > 0) & (ucodes < 16) & (signs == 0), ucodes - 1, ucodes)
    found = reading_dil.find(moved, signs)
    assert found is not None
    own = dil(found.descriptor, len(found.starts))[0][: len(moved)]
    assert np.mean(own == moved) > 0.97
    assert found.descriptor["training_ucodes"][LEAD + 20 :] == list(range(20, 128))


def test_robbed_intervals_are_passed_over():
    asked = dil_request(U_INFO)
    ucodes, signs = dil(asked)
    ucodes = ucodes.copy()
    ucodes[3::INTERVALS] |= 1
    found = reading_dil.find(ucodes, signs, [3])
    assert found.descriptor["training_ucodes"] == asked["training_ucodes"]
    assert found.descriptor["H"] == asked["H"]


def test_noise_is_no_dil():
    rng = np.random.default_rng(1)
    assert reading_dil.find(rng.integers(0, 128, 1200), rng.integers(0, 2, 1200)) is None
    assert reading_dil.find(np.zeros(3, np.int64), np.zeros(3, np.uint8)) is None


def test_segments_of_a_length():
    asked = dil_request(U_INFO)
    lengths = dil_lengths(asked)
    whole = int(lengths.sum())
    for symbols, segments in (
        (1, 1),
        (int(lengths[0]), 1),
        (int(lengths[0]) + 1, 2),
        (whole, 128 + LEAD),
        (whole + 6, 129 + LEAD),
    ):
        assert reading_dil.passes_of(asked, symbols) == segments
