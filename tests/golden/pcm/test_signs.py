"""Differential coding of signs against Tables 3 and 4/V.90, and its inverse under any shaper."""

import numpy as np
import pytest

from golden.pcm.signs import DifferentialDecoder, DifferentialEncoder

#: Table 3/V.90 by Sr: the sign bit that each data frame interval's p is, or None for p = 0.
TABLE_3 = {
    1: (None, 0, 1, 2, 3, 4),
    2: (None, 0, 1, None, 2, 3),
    3: (None, 0, None, 1, None, 2),
}

#: Table 4/V.90 by Sr: for each data frame interval how many data frames before, and in which
#: interval, the p' lies that is added to p; None where p' = p.
TABLE_4 = {
    1: (None, (1, 5), None, (0, 1), None, (0, 3)),
    2: (None, (1, 4), None, None, (0, 1), None),
    3: (None, (1, 5), None, (0, 1), None, (0, 3)),
}

#: Table 5/V.90 by Sr: shaping frame after the data frame's first, and position in it.
TABLE_5 = {
    1: ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)),
    2: ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)),
    3: ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)),
}

#: Figure 2/V.90: (state, rule) to the next state.
FIGURE_2 = {(0, "A"): 0, (0, "B"): 1, (1, "C"): 0, (1, "D"): 1}

#: The sign inversion rules of 5.4.5.5: which positions of a shaping frame they invert.
RULES = {"A": (0, 0), "B": (1, 1), "C": (1, 0), "D": (0, 1)}


def encode_by_the_tables(bits, sr):
    """Sign input bits to initial signs (Sr = 0: PCM signs), one bit after the other."""
    s_count = 6 - sr
    sent = {}  # p' and t by (data frame, interval); what is not there yet is 0
    last_sign = 0
    p1, t = {}, {}
    for n in range(len(bits) // s_count):
        s = [int(bit) for bit in bits[n * s_count : (n + 1) * s_count]]
        for i in range(6):
            if sr == 0:
                last_sign ^= s[i]  # 5.4.5.1
                sent[n, i] = last_sign
                continue
            p = 0 if TABLE_3[sr][i] is None else s[TABLE_3[sr][i]]
            if TABLE_4[sr][i] is not None:
                back, other = TABLE_4[sr][i]
                p ^= p1.get((n - back, other), 0)
            p1[n, i] = p
            # t_j(k) = p'_j(k) + t_{j-1}(k), the same position of the shaping frame before.
            frame, k = TABLE_5[sr][i]
            j = n * sr + frame
            t[j, k] = p ^ t.get((j - 1, k), 0)
            sent[n, i] = t[j, k]
    return [sent[key] for key in sorted(sent)]


def shape(t, sr, choices, state=0):
    """Apply legal rules to initial signs: ``choices`` 0 or 1 picks the upper or lower branch."""
    length = 6 // sr
    signs = []
    for j in range(len(t) // length):
        rule = ("AB" if state == 0 else "CD")[choices[j]]
        state = FIGURE_2[state, rule]
        signs += [int(t[j * length + k]) ^ RULES[rule][k % 2] for k in range(length)]
    return np.array(signs, np.uint8)


def random_call(rng, sr, frames, state=0):
    """Sign input bits, and line signs after a shaper that chooses legal rules at random."""
    bits = rng.integers(0, 2, (6 - sr) * frames, dtype=np.uint8)
    t = DifferentialEncoder(sr).process(bits)
    if not sr:
        return bits, t
    return bits, shape(t, sr, rng.integers(0, 2, frames * sr), state)


@pytest.mark.parametrize("sr", range(4))
def test_encoder_is_tables_3_and_4(rng, sr):
    for frames in (0, 1, 2, 3, 50):
        bits = rng.integers(0, 2, (6 - sr) * frames, dtype=np.uint8)
        before = bits.copy()
        got = DifferentialEncoder(sr).process(bits)
        assert got.dtype == np.uint8
        assert got.tolist() == encode_by_the_tables(bits, sr)
        assert np.array_equal(bits, before)


@pytest.mark.parametrize("sr", range(4))
def test_each_single_bit(sr):
    # One bit set in an otherwise zero sequence: what each entry of the tables does by itself.
    for position in range(3 * (6 - sr)):
        bits = np.zeros(4 * (6 - sr), np.uint8)
        bits[position] = 1
        assert DifferentialEncoder(sr).process(bits).tolist() == encode_by_the_tables(bits, sr)


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("run", range(20))
def test_decoder_inverts_after_any_legal_rules(rng, sr, run):
    bits, signs = random_call(rng, sr, 60)
    got = DifferentialDecoder(sr).process(signs)
    assert got.dtype == np.uint8
    assert np.array_equal(got, bits)


@pytest.mark.parametrize("sr", [1, 2, 3])
def test_decoder_inverts_after_all_rules_of_short_calls(rng, sr):
    # Every sequence of rules over eight shaping frames, rounded up to whole data frames.
    frames = -(-8 // sr)
    bits = rng.integers(0, 2, (6 - sr) * frames, dtype=np.uint8)
    t = DifferentialEncoder(sr).process(bits)
    lines = set()
    for number in range(256):
        choices = [number >> j & 1 for j in range(8)] + [0] * (frames * sr - 8)
        signs = shape(t, sr, choices)
        lines.add(signs.tobytes())
        assert np.array_equal(DifferentialDecoder(sr).process(signs), bits)
    assert len(lines) == 256  # the rules are all different on the line


def wrong_bits(sr, got, bits):
    """``(data frame, sign bit)`` of each difference."""
    s = 6 - sr
    return {(int(n) // s, int(n) % s) for n in np.flatnonzero(got != bits)}


def shaping_frame_and_position(sr, where):
    """The shaping frame and position that carry sign bit ``where`` = (data frame, s)."""
    n, s = where
    frame, k = TABLE_5[sr][TABLE_3[sr].index(s)]
    return n * sr + frame, k


# After a start from anything but the encoder's state, the first shaping frame misses the signs
# before it, and the odd chain of Table 4 hands this on to the first odd position of the second.
# From the third on, everything that is needed has been received.


@pytest.mark.parametrize("sr", [1, 2, 3])
@pytest.mark.parametrize("run", range(10))
def test_inverted_line(rng, sr, run):
    bits, signs = random_call(rng, sr, 30)
    got = DifferentialDecoder(sr).process(signs ^ 1)
    assert {shaping_frame_and_position(sr, bit) for bit in wrong_bits(sr, got, bits)} == {(1, 1)}


def test_inverted_line_without_shaping(rng):
    bits, signs = random_call(rng, 0, 30)
    assert wrong_bits(0, DifferentialDecoder(0).process(signs ^ 1), bits) == {(0, 0)}


@pytest.mark.parametrize("sr", [1, 2, 3])
@pytest.mark.parametrize("run", range(10))
def test_start_from_trellis_state_1(rng, sr, run):
    bits, signs = random_call(rng, sr, 30, state=1)
    got = DifferentialDecoder(sr).process(signs)
    assert {shaping_frame_and_position(sr, bit) for bit in wrong_bits(sr, got, bits)} == {
        (0, 1),
        (1, 1),
    }


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("run", range(10))
def test_start_in_the_middle(rng, sr, run):
    bits, signs = random_call(rng, sr, 40)
    got = DifferentialDecoder(sr).process(signs[6 * 10 :])
    wrong = wrong_bits(sr, got, bits[(6 - sr) * 10 :])
    if sr:
        wrong = {shaping_frame_and_position(sr, bit) for bit in wrong}
        assert all(frame == 0 or (frame, k) == (1, 1) for frame, k in wrong)
    else:
        assert wrong <= {(0, 0)}


@pytest.mark.parametrize("sr", range(4))
def test_pieces_are_the_whole(rng, sr):
    bits, signs = random_call(rng, sr, 60)
    t = DifferentialEncoder(sr).process(bits)
    cuts = np.sort(rng.integers(0, 61, 20))
    encoder, decoder = DifferentialEncoder(sr), DifferentialDecoder(sr)
    sent = [encoder.process(piece) for piece in np.split(bits, cuts * (6 - sr))]
    received = [decoder.process(piece) for piece in np.split(signs, cuts * 6)]
    assert np.array_equal(np.concatenate(sent), t)
    assert np.array_equal(np.concatenate(received), bits)


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2)], ids=str)
def test_leading_axes_are_separate_lines(rng, shape, sr):
    bits = rng.integers(0, 2, (*shape, 10 * (6 - sr)), dtype=np.uint8)
    encoder, decoder = DifferentialEncoder(sr), DifferentialDecoder(sr)
    cut = 4 * (6 - sr)
    t = np.concatenate([encoder.process(bits[..., :cut]), encoder.process(bits[..., cut:])], -1)
    assert t.shape == (*shape, 60)
    for index in np.ndindex(shape):
        assert np.array_equal(t[index], DifferentialEncoder(sr).process(bits[index]))
    back = np.concatenate([decoder.process(t[..., :24]), decoder.process(t[..., 24:])], -1)
    assert np.array_equal(back, bits)


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("block", [DifferentialEncoder, DifferentialDecoder])
def test_reset(rng, block, sr):
    x = rng.integers(0, 2, 60, dtype=np.uint8)  # whole frames of 3, 4, 5 and 6 bits
    one = block(sr)
    first = one.process(x)
    one.reset()
    assert np.array_equal(one.process(x), first)
