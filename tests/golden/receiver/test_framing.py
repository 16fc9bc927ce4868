"""Frame sync, Ed and Jd' in bits, at every size of a data frame (8.4.3, 8.6.2, 8.6.3/V.90)."""

import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.receiver.framing import JD_LENGTHS, MP_LENGTHS, Follower, SequenceFramer
from golden.signals.sequences import JD, JD_END, MP
from golden.signals.training import ED_FRAMES
from tests.startup import parameters

#: Data bits of a data frame with CPt (Table 17), and in a rate renegotiation.
SIZES = (9, 12, 17, 18, 19, 24, 30)


def mp(rng, d, kind=0):
    """Bits of one MP."""
    fields = {
        "type": kind,
        "drn": int(rng.integers(15)),
        "trellis": 0,
        "nonlinear": 1,
        "shaping": 0,
        "acknowledge": int(rng.integers(2)),
        "upstream_rates": int(rng.integers(1 << 13)),
    }
    if kind:
        # Long runs of zeroes, and of ones.
        fields["precoding"] = [0, 0, 65535, 0, int(rng.integers(1 << 16)), 0]
    return MP.build(d, **fields)


def sequences(rng, d, kinds, trained=5):
    """Data frames of TRN2d, MP, Ed and ones; with the numbers that must be found."""
    parts, begins = [np.ones(trained * d, np.uint8)], []
    for kind in kinds:
        begins.append(sum(map(len, parts)) // d)
        parts.append(mp(rng, d, kind))
    parts.append(np.zeros(ED_FRAMES * d, np.uint8))
    end = sum(map(len, parts)) // d
    parts.append(np.ones(4 * d, np.uint8))
    return np.concatenate(parts).reshape(-1, d), begins, end


def test_lengths_are_those_of_the_tables():
    """Table 16: bits 0 to 84 and a fill bit, 0 to 186 and one; Table 13: 72 bits."""
    assert MP_LENGTHS == (86, 188) and JD_LENGTHS == (72, 72)


@pytest.mark.parametrize("d", SIZES)
def test_mp_and_ed(d, rng):
    for kinds in ([0], [0, 0, 0], [1, 1], [1, 0, 1, 0]):
        bits, begins, end = sequences(rng, d, kinds)
        assert SequenceFramer(d).process(bits) == (begins, end)


@pytest.mark.parametrize("d", SIZES)
def test_pieces_give_what_one_call_gives(d, rng):
    bits, begins, end = sequences(rng, d, [0, 1, 0])
    framer, found, ends, at = SequenceFramer(d), [], [], 0
    while at < len(bits):
        size = int(rng.choice([0, 1, 2, 7]))
        some, behind = framer.process(bits[at : at + size])
        found += some
        ends += [behind] * (behind is not None)
        at += size
    assert (found, ends) == (begins, [end])
    framer.reset()
    assert framer.process(bits) == (begins, end)


def test_zeroes_inside_end_nothing(rng):
    """Precoding coefficients of nought are 16 zeroes each, more than two data frames of 7 bits."""
    for d in (7, 9, 10):
        bits, begins, end = sequences(rng, d, [1, 1])
        inside = ~bits[: end - ED_FRAMES].any(1)
        assert inside[:-1].any()
        assert SequenceFramer(d).process(bits) == (begins, end)
    zeroes = np.zeros((50, 12), np.uint8)
    assert SequenceFramer(12).process(zeroes) == ([], None)
    assert SequenceFramer(12).process(np.ones((50, 12), np.uint8)) == ([], None)


@pytest.mark.parametrize("d", SIZES)
def test_a_wrong_bit_is_borne(d, rng):
    """Wherever it is in three sequences of a type, Ed is found, and at most one beginning lost."""
    bits, begins, end = sequences(rng, d, [0, 0, 0])
    first = begins[0] * d
    for at in range(first, (end - ED_FRAMES) * d):
        wrong = bits.reshape(-1).copy()
        wrong[at] ^= 1
        found, behind = SequenceFramer(d).process(wrong.reshape(-1, d))
        if at < first + (begins[1] - begins[0]) * 2 * d:
            # The last sequence was right.
            assert behind == end and begins[2] in found
        assert len(set(begins) - set(found)) <= 1


def test_jd_and_its_end(rng):
    """Jd' is two data frames of six zeroes behind a Jd, whose own fill bits are zeroes too."""
    fields = {"rates": 0, "training": 0, "renegotiation": 0, "look_ahead": 1}
    jd = JD.build(**fields)
    assert not jd[19:34].any()
    bits = np.concatenate([np.ones(60, np.uint8), jd, jd, np.zeros(JD_END, np.uint8), jd])
    framer = SequenceFramer(6, JD_LENGTHS)
    assert framer.process(bits.reshape(-1, 6)) == ([10, 22], 36)
    # Behind the end nothing is looked at.
    assert framer.process(jd.reshape(-1, 6)) == ([], None)


@pytest.mark.parametrize("sr", [0, 1, 3])
def test_follower_decodes(sr, rng):
    """Data frames of an encoder that starts with TRN2d, one by one."""

    p = parameters("CPt", "A", 18, range(40, 104, 8), sr=sr, ld=sr and 1)
    bits, _, end = sequences(rng, p.data_bits, [0, 0], trained=9)
    encoder = Encoder(p)
    octets = np.concatenate([encoder.process(bits.reshape(-1)), encoder.flush()]).reshape(-1, 6)
    follower = Follower(p, 100)
    ended = [
        follower.process(g711.ucode(row, "A"), g711.sign(row).astype(bool)) for row in octets[:end]
    ]
    assert follower.first == 100 and np.flatnonzero(ended).tolist() == [end - 1]
