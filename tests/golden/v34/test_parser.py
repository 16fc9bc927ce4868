"""BitParser against 9.3's orders of bits, and its inverse."""

import numpy as np
import pytest

from golden.v34.parameters import Framing, framings
from golden.v34.parser import BitDeparser, BitParser, frame_bits, frame_mask

#: 9.3.2: what is sent of I1, I2, I3 four times over, by bits of a mapping frame.
ORDERS = {
    8: "110 110 110 110",
    9: "111 110 110 110",
    11: "111 111 111 110",
    12: "111 111 111 111",
}


@pytest.mark.parametrize("row", [row for row in framings() if row.b <= 12], ids=str)
def test_few_bits(row):
    """Procedure for b up to 12."""
    for high, mask in zip(row.high, frame_mask(row), strict=True):
        order = ORDERS[row.b - (not high)].replace(" ", "")
        assert mask.tolist() == [bit == "1" for bit in order]


@pytest.mark.parametrize("row", [row for row in framings() if row.b > 12], ids=str)
def test_many_bits(row):
    """Procedure for b above 12: only the shell mapper's last bit is ever left out."""
    mask = frame_mask(row)
    assert frame_bits(row) == row.b
    assert np.array_equal(mask[:, row.k - 1], row.high)
    assert np.delete(mask, row.k - 1, axis=1).all()


@pytest.mark.parametrize("row", framings(), ids=str)
def test_inverse(row, rng):
    """Bits in time's order into the places sent, zero elsewhere; and back."""
    bits = rng.integers(0, 2, 3 * row.bits + 5, dtype=np.uint8)
    frames = BitParser(row).process(bits)
    mask = np.tile(frame_mask(row), (4, 1))[: len(frames)]
    assert 3 * row.mapping_frames <= len(frames)
    assert not frames[~mask].any()
    assert np.array_equal(frames[mask], bits[: mask.sum()])
    assert np.array_equal(BitDeparser(row).process(frames), bits[: mask.sum()])


@pytest.mark.parametrize("name, rate", [(3429, 4800), (3429, 33600), (2400, 2400), (3000, 9600)])
def test_pieces(name, rate, rng):
    """One call, many, and none of a whole mapping frame; two channels."""
    row = Framing(name, rate)
    bits = rng.integers(0, 2, (2, 2 * row.bits), dtype=np.uint8)
    whole = BitParser(row).process(bits)
    parser, deparser, start, frames, back = BitParser(row), BitDeparser(row), 0, [], []
    while start < bits.shape[-1]:
        end = start + int(rng.integers(0, 3 * row.b))
        frames.append(parser.process(bits[:, start:end]))
        back.append(deparser.process(frames[-1]))
        start = end
    assert np.array_equal(np.concatenate(frames, axis=-2), whole)
    assert np.array_equal(np.concatenate(back, axis=-1), bits)
    parser.reset()
    assert np.array_equal(parser.process(bits), whole)
