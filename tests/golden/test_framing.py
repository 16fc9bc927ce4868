"""MP and Ed in bits of data frames (8.6.2, 8.6.3)."""

import numpy as np
import pytest

from golden.framing import ED_FRAMES, LENGTHS, SequenceFramer
from golden.sequences import MP

FIELDS = {"drn": 14, "trellis": 0, "nonlinear": 0, "shaping": 0, "upstream_rates": 0}


def mp(data_bits, kind=0, acknowledge=0, **changes):
    fields = {"type": kind, "acknowledge": acknowledge, **FIELDS, **changes}
    if kind:
        fields["precoding"] = [0] * 6
    return MP.build(data_bits, **fields).reshape(-1, data_bits)


def test_lengths_are_those_of_table_16():
    assert LENGTHS == (86, 188)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("data_bits", range(9, 31))
def test_mp_up_to_ed(data_bits, kind, rng):
    one = mp(data_bits, kind)
    ones = np.ones((rng.integers(3, 40), data_bits), np.uint8)
    zeroes = np.zeros((ED_FRAMES, data_bits), np.uint8)
    behind = rng.integers(0, 2, (9, data_bits), np.uint8)
    bits = np.concatenate([ones, one, one, mp(data_bits, kind, 1), zeroes, behind])
    begins = len(ones) + len(one) * np.arange(3)
    end = begins[-1] + len(one) + ED_FRAMES
    framer, found = SequenceFramer(data_bits), []
    for part in np.split(bits, np.sort(rng.integers(0, len(bits), 5))):
        more, there = framer.process(part)
        found += more
        if there is not None:
            break
    assert found == begins.tolist() and there == end


def test_zeroes_inside_end_nothing_and_an_error_is_forgotten():
    # With 9 bits a data frame MP of type 1 holds many data frames of zeroes.
    one = mp(9, 1)
    assert (~one.any(1)).sum() > 2
    framer = SequenceFramer(9)
    ones = np.ones((4, 9), np.uint8)
    assert framer.process(np.concatenate([ones, one, one]))[1] is None
    broken = one.copy()
    broken[0, 3] ^= 1
    assert framer.process(np.concatenate([broken, one]))[1] is None
    assert framer.process(np.zeros((2, 9), np.uint8))[1] == 4 + 4 * len(one) + 2
