import numpy as np
import pytest

from golden import g711
from golden.scrambler import GPC, Descrambler
from golden.training import ABOVE, SD, SD_BAR, after_trn1d, sd, trn1d


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
