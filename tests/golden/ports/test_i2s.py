"""The serial format against the specification's figure, bit by bit, and back."""

import numpy as np
import pytest

from golden.ports.i2s import FRAME_CLOCKS, LEFT, RIGHT, SLOT_CLOCKS, WIDTHS, I2s, serial


def test_where_the_bits_are():
    """One frame by hand: a bit of nothing, the word from its highest bit on, zeros."""
    bits = serial([[0x5A0F01, -(1 << 23)]])
    left = "0" + "0101101000001111" + "00000001" + "0" * 7
    right = "0" + "1" + "0" * 30
    assert "".join(map(str, bits)) == left + right
    short = serial([[-2, 1]], 16)
    assert "".join(map(str, short)) == "0" + "1" * 15 + "0" * 16 + "0" * 16 + "1" + "0" * 15


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("channel", [LEFT, RIGHT])
def test_samples_are_the_upper_16_bits(width, channel, rng):
    ends = 1 << (width - 1)
    words = rng.integers(-ends, ends, (50, 2))
    words[:4] = [[-ends, ends - 1], [ends - 1, -ends], [-1, 0], [0, -1]]
    bits = serial(words, width)
    assert len(bits) == 50 * FRAME_CLOCKS == 50 * 2 * SLOT_CLOCKS
    got = I2s(channel).process(bits)
    assert np.array_equal(got, np.floor_divide(words[:, channel], 1 << (width - 16)))


def test_what_is_behind_24_bits_does_not_count(rng):
    words = rng.integers(-(1 << 23), 1 << 23, (20, 2))
    bits = serial(words).reshape(-1, 2, SLOT_CLOCKS)
    spoilt = bits.copy()
    spoilt[..., 0] ^= 1
    spoilt[..., 25:] ^= 1
    assert np.array_equal(I2s().process(spoilt.reshape(-1)), I2s().process(bits.reshape(-1)))


def test_pieces_and_leading_axes(rng):
    words = rng.integers(-(1 << 23), 1 << 23, (30, 2))
    bits = np.stack([serial(words), serial(words[::-1])])
    whole = I2s().process(bits)
    assert np.array_equal(whole[0], words[:, 0] >> 8)
    block, cuts = I2s(), [0, 3, 3, 64, 700, 30 * FRAME_CLOCKS]
    parts = [block.process(bits[:, a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    assert np.array_equal(np.concatenate(parts, axis=-1), whole)
    block.process(bits[:, :5])
    block.reset()
    assert np.array_equal(block.process(bits[1]), whole[1])


def test_words_that_do_not_fit():
    with pytest.raises(OverflowError, match="word"):
        serial([[1 << 15, 0]], 16)
