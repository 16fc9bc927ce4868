import numpy as np
import pytest

from golden.bits.scrambler import GPC, Descrambler
from golden.errors import V90Error
from golden.pcm import g711
from golden.signals.training import (
    ABOVE,
    R_BAR,
    SD,
    SD_BAR,
    DilSequencer,
    after_trn1d,
    dil,
    dil_lengths,
    r,
    sd,
    trn1d,
)
from tests.golden.signals.support import dil_fields


def test_sd_is_that_of_clause_8_4_4():
    """64 times +W, +0, +W, -W, -0, -W, then 8 times with all signs turned."""
    ucodes, signs = sd(62)
    w = 62 + 16
    period = [(w, 1), (0, 1), (w, 1), (w, 0), (0, 0), (w, 0)]
    turned = [(ucode, 1 - sign) for ucode, sign in period]
    assert list(zip(ucodes.tolist(), signs.tolist(), strict=True)) == 64 * period + 8 * turned
    assert (SD, SD_BAR, ABOVE) == (64, 8, 16)
    assert ucodes.dtype == signs.dtype == np.uint8


@pytest.mark.parametrize("law", ["A", "mu"])
def test_sd_repeats_with_the_other_sign_after_three_symbols(law):
    ucodes, signs = sd(66)
    x = g711.linear(ucodes, law) * (2 * signs.astype(int) - 1)
    # Except where Sd ends: there three symbols go on instead. In mu-law the middle one is 0.
    assert np.flatnonzero(x[3:] != -x[:-3]).tolist() == [
        k for k in (381, 382, 383) if k != 382 or law == "A"
    ]
    # No direct current.
    assert x[: 6 * SD].sum() == x[6 * SD :].sum() == 0


def test_trn1d_is_ones_scrambled_at_one_level():
    ucodes, signs = trn1d(70, 2040)
    assert (ucodes == 70).all() and len(ucodes) == len(signs) == 2040
    assert ucodes.dtype == signs.dtype == np.uint8
    # From a scrambler of zeros: the first 18 come through, as 1 is positive.
    assert signs[:18].all() and not signs[18]
    assert (Descrambler(GPC).process(signs) == 1).all()
    assert abs(signs.mean() - 0.5) < 0.05


@pytest.mark.parametrize("symbols", [1, 5, 2041])
def test_trn1d_is_whole_data_frames(symbols):
    with pytest.raises(ValueError, match="multiple of 6"):
        trn1d(70, symbols)


def test_shorter_trn1d_is_the_beginning_of_a_longer_one():
    assert np.array_equal(trn1d(70, 60)[1], trn1d(70, 2040)[1][:60])


@pytest.mark.parametrize("symbols", [6, 30, 2040])
def test_what_follows_trn1d_descrambles_back(rng, symbols):
    bits = rng.integers(0, 2, 500, dtype=np.uint8)
    _, before = trn1d(70, symbols)
    ucodes, signs = after_trn1d(70, bits, before)
    assert (ucodes == 70).all() and ucodes.dtype == signs.dtype == np.uint8
    # A change of sign is a scrambled 1; the first one is told from TRN1d's last sign.
    scrambled = np.diff(np.concatenate([before[-1:], signs]).astype(int)) != 0
    descrambler = Descrambler(GPC)
    assert (descrambler.process(before) == 1).all()
    assert np.array_equal(descrambler.process(scrambled.astype(np.uint8)), bits)


def test_no_bits_after_trn1d():
    assert len(after_trn1d(70, [], trn1d(70, 12)[1])[1]) == 0


@pytest.mark.parametrize("n, lsp, ltp", [(1, 1, 1), (3, 7, 128), (255, 128, 5), (120, 52, 26)])
def test_dil_symbol_by_symbol(n, lsp, ltp, rng):
    d = dil_fields(rng, n, lsp, ltp)
    expected = []
    for ucode in d["training_ucodes"]:
        uchord = ucode // 16  # Uchord 1 has Ucodes 0 to 15
        for symbol in range((d["H"][uchord] + 1) * 6):
            trains = d["training_pattern"][symbol % ltp]
            expected.append(
                (ucode if trains else d["REF"][uchord], d["sign_pattern"][symbol % lsp])
            )
    ucodes, signs = dil(d)
    assert list(zip(ucodes.tolist(), signs.tolist(), strict=True)) == expected
    assert ucodes.dtype == signs.dtype == np.uint8 and dil_lengths(d).sum() == len(ucodes)
    # The whole sequence is repeated, and ends with any segment.
    more, more_signs = dil(d, n + 1)
    again = dil_lengths(d)[0]
    assert np.array_equal(more, np.concatenate([ucodes, ucodes[:again]]))
    assert np.array_equal(more_signs, np.concatenate([signs, signs[:again]]))
    assert len(dil(d, 0)[0]) == 0


@pytest.mark.parametrize("n, lsp, ltp", [(1, 1, 1), (3, 7, 128), (255, 128, 5)])
def test_dil_in_pieces(n, lsp, ltp, rng):
    d = dil_fields(rng, n, lsp, ltp)
    lengths = dil_lengths(d)
    ucodes, signs = dil(d, 2 * n + 1)
    expected = [
        (symbol % ltp, segment % n, symbol == lengths[segment % n] - 1)
        for segment in range(2 * n + 1)
        for symbol in range(lengths[segment % n])
    ]
    places, segments, last = (np.array(part) for part in zip(*expected, strict=True))
    training = np.array(d["training_pattern"], bool)[places]
    sequencer = DilSequencer(d)
    cuts = np.sort(rng.integers(0, len(ucodes), 5))
    pieces = [sequencer.process(count) for count in np.diff([0, *cuts, len(ucodes)])]
    for got, wanted in zip(
        zip(*pieces, strict=True), (ucodes, signs, training, segments, last), strict=True
    ):
        assert np.array_equal(np.concatenate(got), wanted)
    sequencer.reset()
    assert np.array_equal(sequencer.process(100).ucodes, np.resize(dil(d)[0], 100))


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"training_ucodes": []}, "1 to 255 segments"),
        ({"training_ucodes": [1] * 256}, "segments .* is 0 to 255, not 256"),
        ({"sign_pattern": []}, "sign_length .* not -1"),
        ({"training_pattern": [1] * 129}, "training_length .* not 128"),
        ({"H": [1] * 7}, "H .* are 8"),
        ({"REF": [128] * 8}, "REF .* is 0 to 127"),
    ],
)
def test_what_is_no_descriptor(wrong, sentence, rng):
    with pytest.raises(V90Error, match=sentence):
        DilSequencer({**dil_fields(rng, 2, 3, 4), **wrong})


def test_no_dil():
    assert [len(part) for part in dil({"segments": 0})] == [0, 0]


def test_r_is_that_of_clause_8_6_4():
    ucodes, signs = r(79, 3)
    assert ucodes.tolist() == [79] * 6 * (3 + 4) and R_BAR == 4
    assert signs.tolist() == [1, 1, 1, 0, 0, 0] * 3 + [0, 0, 0, 1, 1, 1] * 4
    ucodes, _ = r([10, 20, 30, 40, 50, 60], 1)
    assert ucodes.tolist() == [10, 20, 30, 40, 50, 60] * 5


def test_dil_of_real_calls(dil_call):
    """Octet for octet where the network leaves them alone, a whole number of segments to Ri."""
    facts, octets, asked = dil_call
    where = facts["samples"]
    length = where["ri"] - where["dil"]
    ends = np.cumsum(np.resize(dil_lengths(asked), 1000))
    segments = int(np.searchsorted(ends, length)) + 1
    assert ends[segments - 1] == length
    ucodes, signs = dil(asked, segments)
    differ = octets[:length] != g711.octet(ucodes, signs, "A")
    # The sign of Ucode 0 does not survive.
    assert not differ[ucodes != 0].any()
    assert np.array_equal(g711.ucode(octets[:length], "A"), ucodes)
    rest = octets[length:]
    ucodes, signs = r(facts["u_info_requested"], len(rest) // 6 - R_BAR)
    assert np.array_equal(rest, g711.octet(ucodes, signs, "A"))
