import json

import numpy as np
import pytest

from golden.bits.scrambler import GPC, Descrambler
from golden.formats import DIL_COUNT, DIL_SUM, SOFT
from golden.pcm import g711
from golden.receiver.training import TRN1D_BACK, DilAverager, TrainingDecoder
from golden.signals.sequences import JD, JD_END
from golden.signals.training import (
    after_trn1d,
    dil_lengths,
    trn1d,
)
from tests.golden.signals.support import descriptor


@pytest.mark.parametrize(
    "n, lsp, ltp, frames", [(1, 1, 1, 50), (5, 7, 64, 333), (255, 128, 5, 3000)]
)
def test_averages_of_dil_symbol_by_symbol(n, lsp, ltp, frames, rng):
    d = descriptor(rng, n, lsp, ltp)
    fine = rng.integers(SOFT.min, SOFT.max + 1, (frames, 6))
    sums, counts = np.zeros((2, n, 6, 2), np.int64)
    segment = place = 0
    for number, value in enumerate(fine.reshape(-1).tolist()):
        if d["training_pattern"][place % ltp]:
            at = segment, number % 6, d["sign_pattern"][place % lsp]
            sums[at] += value
            counts[at] += 1
        place += 1
        if place == (d["H"][d["training_ucodes"][segment] // 16] + 1) * 6:
            segment, place = (segment + 1) % n, 0
    averager = DilAverager(d)
    for piece in np.split(fine, np.sort(rng.integers(0, frames, 7))):
        averager.process(piece)
    assert np.array_equal(averager.sums, sums) and np.array_equal(averager.counts, counts)
    assert sums.any() or not any(d["training_pattern"])
    averager.reset()
    averager.process(fine)
    assert np.array_equal(averager.sums, sums)


@pytest.mark.parametrize("value", [SOFT.min, SOFT.max])
def test_a_full_sum_takes_no_more(value):
    d = {
        "training_ucodes": [3],
        "sign_pattern": [1, 0, 1],
        "training_pattern": [1],
        "H": [0] * 8,
        "REF": [9] * 8,
    }
    averager = DilAverager(d)
    averager.process(np.full((DIL_COUNT.max - 5, 6), value))
    averager.process(np.full((10, 6), value))
    full = averager.counts == DIL_COUNT.max
    assert full.sum() == 6 and (averager.counts[~full] == 0).all()
    assert (averager.sums[full] == DIL_COUNT.max * value).all()
    assert DIL_SUM.min <= averager.sums.min() and averager.sums.max() <= DIL_SUM.max
    # No format with a bit less would do.
    assert abs(DIL_COUNT.max * value) > DIL_SUM.max >> 1
    before = averager.sums.copy()
    averager.process(np.full((10, 6), -1))
    assert np.array_equal(averager.sums, before)


def test_averages_of_real_calls_are_the_levels_asked_for(dil_call):
    """DIL as it came: each mean is the level of its segment's training Ucode."""
    facts, octets, asked = dil_call
    where = facts["samples"]
    octets = octets[: where["ri"] - where["dil"]]
    values = g711.linear(g711.ucode(octets, "A"), "A") * (2 * g711.sign(octets).astype(int) - 1)
    averager = DilAverager(asked)
    averager.process((values << SOFT.fraction).reshape(-1, 6))
    seen = averager.counts > 0
    levels = g711.linear(asked["training_ucodes"], "A")[:, None, None] << SOFT.fraction
    levels = np.broadcast_to(levels * np.array([-1, 1]), seen.shape)
    # A client may have enough before all segments were sent.
    sent = np.cumsum(dil_lengths(asked)) <= len(octets)
    assert np.array_equal(seen.any(axis=(1, 2)), sent)
    # The sign of Ucode 0 does not survive.
    known = seen & (np.array(asked["training_ucodes"]) != 0)[:, None, None]
    assert np.array_equal(averager.sums[known], (averager.counts * levels)[known])


def jd_bits(rng, count=1, **pinned):
    """So many Jd of the same fields."""
    fields = {
        "rates": int(rng.integers(1 << 22)),
        "training": int(rng.integers(2)),
        "renegotiation": int(rng.integers(2)),
        "look_ahead": int(rng.integers(1, 4)),
    }
    return np.tile(JD.build(**fields | pinned), count)


def sent_signs(rng, symbols, bits, more=60):
    """Signs by data frames of TRN1d, of ``bits`` and Jd', and of symbols of DIL."""
    _, before = trn1d(70, symbols)
    _, behind = after_trn1d(70, np.concatenate([bits, np.zeros(JD_END, np.uint8)]), before)
    dil_signs = rng.integers(0, 2, more, dtype=np.uint8)
    return np.concatenate([before, behind, dil_signs]).reshape(-1, 6)


def both(symbols, bits):
    """Which data frames behind TRN1d descramble to ones either way, from the line's bits alone."""
    _, before = trn1d(70, symbols)
    _, signs = after_trn1d(70, bits, before)
    scrambled = np.diff(np.concatenate([before[-1:], signs]).astype(int)) != 0
    return (signs == scrambled).reshape(-1, 6).all(axis=1)


@pytest.mark.parametrize("symbols, count", [(24, 1), (60, 3), (2040, 30)])
def test_what_was_sent_after_trn1d_is_read(symbols, count, rng):
    sent = jd_bits(rng, count)
    assert not both(symbols, sent)[:2].all()
    decoder = TrainingDecoder()
    bits, begins = decoder.process(sent_signs(rng, symbols, sent))
    # Ones, and all of Jd; nothing of Jd' and DIL.
    assert np.array_equal(bits.reshape(-1), np.concatenate([np.ones(symbols), sent]))
    assert np.flatnonzero(begins).tolist() == [(symbols + 72 * n) // 6 for n in range(count)]
    assert decoder.dil == (symbols + 72 * count + JD_END) // 6
    assert len(JD.find(bits[begins.argmax() :].reshape(-1))) == count
    # It is over.
    assert len(decoder.process(rng.integers(0, 2, (50, 6))).bits) == 0
    assert decoder.dil == (symbols + 72 * count + JD_END) // 6
    decoder.reset()
    assert decoder.dil is None and len(decoder.process(np.ones((4, 6), np.uint8)).bits) == 2


def test_training_decoder_in_pieces(rng):
    signs = sent_signs(rng, 600, jd_bits(rng, 5), 6000)
    # And with what goes wrong: TRN1d again, wrong signs, noise.
    more = [signs[:-1010], signs[:300], rng.integers(0, 2, (400, 6), np.uint8), signs]
    signs = np.concatenate(more)
    signs[rng.random(signs.shape) < 0.002] ^= 1
    whole = TrainingDecoder()
    bits, begins = whole.process(signs)
    assert whole.dil is None or len(bits) == whole.dil - 2
    assert begins.sum() >= 3
    for _ in range(20):
        decoder = TrainingDecoder()
        cuts = np.sort(rng.integers(0, len(signs), 40))
        parts = [decoder.process(piece) for piece in np.split(signs, cuts)]
        assert np.array_equal(np.concatenate([part.bits for part in parts]), bits)
        assert np.array_equal(np.concatenate([part.begins for part in parts]), begins)
        assert decoder.dil == whole.dil


def test_a_data_frame_that_may_be_both(rng):
    """It descrambles to ones as TRN1d and as Jd: bits and history are the same either way."""
    sent, met = jd_bits(rng, 2), 0
    for symbols in range(60, 6 * 700, 6):
        twice = both(symbols, sent)[:2]
        if not twice[0] or twice.all():
            continue
        met += 1
        decoder = TrainingDecoder()
        bits, begins = decoder.process(sent_signs(rng, symbols, sent))
        assert np.array_equal(bits.reshape(-1), np.concatenate([np.ones(symbols), sent]))
        assert begins.sum() == 2 and decoder.dil is not None
    assert met > 3  # one in 64


def test_trn1d_needs_no_beginning(rng):
    """From any data frame of TRN1d on, history or not, Jd is read."""
    sent = jd_bits(rng, 4)
    whole = sent_signs(rng, 600, sent)
    for start in range(1, 60):
        decoder = TrainingDecoder()
        bits, begins = decoder.process(whole[start:])
        # Four data frames have parts of what was before.
        assert bits[4 : 100 - start].all() and begins.sum() == 4 and not begins[: 100 - start].any()
        assert decoder.dil == len(whole) - 10 - start


def test_a_beginning_that_is_missed(rng):
    """Wrong signs where Jd begins: the third is read, if not the second."""
    sent = jd_bits(rng, 4, rates=(1 << 22) - 1)
    signs = sent_signs(rng, 600, sent)
    for wrong in range(1, 1 << 6, 7):
        spoilt = signs.copy()
        for frame in (100, 101, 102):
            spoilt[frame] ^= wrong >> np.arange(6, dtype=np.uint8) & 1
        decoder = TrainingDecoder()
        bits, begins = decoder.process(spoilt)
        assert np.flatnonzero(begins)[-2:].tolist() == [124, 136]
        assert np.array_equal(bits[124:].reshape(-1), sent[144:])
        assert decoder.dil == 150


@pytest.mark.parametrize("frame", range(20, 30))
@pytest.mark.parametrize("interval", [0, 3, 5])
def test_a_wrong_sign_in_trn1d_is_no_jd(frame, interval, rng):
    sent = jd_bits(rng, 2)
    signs = sent_signs(rng, 600, sent)
    signs[frame, interval] ^= 1
    decoder = TrainingDecoder()
    bits, begins = decoder.process(signs)
    assert np.flatnonzero(begins).tolist() == [100, 112] and decoder.dil == 126
    assert np.count_nonzero(bits[:100] == 0) >= 1


def test_wrong_signs_in_jd(rng):
    """Each spoils the Jd that its 24 bits are in, and no other."""
    sent = jd_bits(rng, 12)
    signs = sent_signs(rng, 600, sent)
    places = 100 * 6 + 72 * np.array([2, 5, 8]) + rng.integers(0, 40, 3)
    signs.reshape(-1)[places] ^= 1
    decoder = TrainingDecoder()
    bits, _ = decoder.process(signs)
    good = (bits[100:].reshape(12, 72) == sent[:72]).all(axis=1)
    assert np.flatnonzero(~good).tolist() == [2, 5, 8] and decoder.dil == 100 + 144 + 2


def test_what_was_no_jd_ends(rng):
    """After noise that passes for Jd, TRN1d is TRN1d again within a few data frames."""
    for _ in range(50):
        noise = rng.integers(0, 2, (int(rng.integers(10, 300)), 6), dtype=np.uint8)
        sent = jd_bits(rng, 3)
        signs = np.concatenate([noise, sent_signs(rng, 600, sent)])
        decoder = TrainingDecoder()
        bits, begins = decoder.process(signs)
        at = len(noise)
        # 23 bits of history are four data frames.
        assert bits[at + 4 + TRN1D_BACK : at + 100].all()
        assert np.flatnonzero(begins[at:]).tolist() == [100, 112, 124]
        assert decoder.dil == at + 138


def test_dil_where_jd_ends_in_zeroes(rng):
    """Zeroes at one level descramble to ones as TRN1d's do; Jd' comes first."""
    met = 0
    for symbols in range(60, 1200, 6):
        # Not Jd's own CRC: what matters are seven zeroes, fill bits, and Jd'.
        sent = jd_bits(rng, 2)
        sent[-13:] = [1] + [0] * 12
        signs = sent_signs(rng, symbols, sent)
        ones = Descrambler(GPC).process(signs.reshape(-1)).reshape(-1, 6).all(axis=1)
        end = symbols // 6 + 26
        decoder = TrainingDecoder()
        decoder.process(signs)
        if not both(symbols, sent)[0]:
            met += ones[end - TRN1D_BACK : end].all()
            assert decoder.dil == end
    assert met > 3


def test_a_dil_needs_a_jd(rng):
    """Twelve zeroes elsewhere than where a Jd would begin are none of Jd'."""
    sent = jd_bits(rng, 3)
    for shift in range(6, 72, 6):
        cut = sent[: 144 + shift]
        decoder = TrainingDecoder()
        decoder.process(sent_signs(rng, 600, cut, 12))
        wrong = cut[-shift:].any()
        assert wrong and decoder.dil is None, shift


def test_training_decoder_of_real_calls(real_call):
    """Every Jd, Jd' and DIL's first data frame, where the call has them."""
    facts = json.loads((real_call / "call.json").read_text())
    where = facts["samples"]
    octets = np.fromfile(real_call / "down.al", np.uint8)[where["trn1d"] :]
    signs = g711.sign(octets[: len(octets) // 6 * 6])
    # TRN1d begins with ones: a receiver has learnt its polarity by then.
    signs = (signs ^ signs[0] ^ 1).reshape(-1, 6)
    decoder = TrainingDecoder()
    bits, begins = decoder.process(signs)
    at = 6 * np.flatnonzero(begins)
    print(f"{len(at)} Jd of {facts['jd_frames']}")
    assert (where["trn1d"] + at == where["jd"] + JD.length * np.arange(facts["jd_frames"])).all()
    assert decoder.dil == (where["dil"] - where["trn1d"]) // 6
    assert bits[: at[0] // 6].all()
    read = [JD.parse(bits.reshape(-1)[one : one + JD.length]) for one in at]
    assert read[0] is not None and read == [read[0]] * facts["jd_frames"]
    assert JD.length * len(at) + at[0] == bits.size
