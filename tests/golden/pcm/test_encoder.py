"""The encoder of clause 5.4/V.90 assembled: order of the blocks, queue, look-ahead, changes."""

from dataclasses import replace

import numpy as np
import pytest

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm import g711
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS
from golden.pcm.shaper import Shaper
from golden.pcm.signs import DifferentialEncoder
from sim.calls.parameter_sets import EXTREMES, random_parameters

SEEDS = range(40)


def parameters_of(seed, **fixed):
    return random_parameters(np.random.default_rng(seed), **fixed)


def everything(encoder, bits):
    """Octets of a call that ends after the last whole data frame of ``bits``."""
    return np.concatenate([encoder.process(bits), encoder.flush()], axis=-1)


def frame_by_frame(parameters, bits):
    """Magnitudes and, without a shaper, signs: clause 5.4 one data frame after the other."""
    scrambled = Scrambler(GPC).process(bits).tolist()
    ucodes, sign, signs = [], 0, []
    for start in range(0, len(bits), parameters.data_bits):
        d = scrambled[start : start + parameters.data_bits]
        for bit in d[: parameters.s]:  # 5.4.2: d0 to dS-1 are the sign bits
            sign ^= bit
            signs.append(sign)
        number = sum(bit << i for i, bit in enumerate(d[parameters.s :]))
        for ucodes_of_interval in parameters.intervals:
            number, label = divmod(number, len(ucodes_of_interval))
            ucodes.append(sorted(ucodes_of_interval, reverse=True)[label])
        assert number == 0
    return ucodes, signs


@pytest.mark.parametrize("seed", SEEDS)
def test_magnitudes_frame_by_frame(seed):
    parameters = parameters_of(seed)
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, 20 * parameters.data_bits, dtype=np.uint8)
    octets = everything(Encoder(parameters), bits)
    assert octets.dtype == np.uint8 and len(octets) == 20 * INTERVALS
    ucodes, signs = frame_by_frame(parameters, bits)
    assert g711.ucode(octets, parameters.law).tolist() == ucodes
    if parameters.sr == 0:
        assert g711.sign(octets).tolist() == signs


@pytest.mark.parametrize("name", EXTREMES)
def test_magnitudes_of_extremes(rng, name):
    parameters = EXTREMES[name]
    bits = rng.integers(0, 2, 20 * parameters.data_bits, dtype=np.uint8)
    octets = everything(Encoder(parameters), bits)
    assert g711.ucode(octets, parameters.law).tolist() == frame_by_frame(parameters, bits)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_signs_are_the_shaper_s(seed):
    parameters = parameters_of(seed, sr=1 + seed % 3)
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, 20 * parameters.data_bits, dtype=np.uint8)
    octets = everything(Encoder(parameters), bits)
    frames = Scrambler(GPC).process(bits).reshape(20, -1)
    t = DifferentialEncoder(parameters.sr).process(frames[:, : parameters.s].reshape(-1))
    p = parameters
    shaper = Shaper(p.sr, p.ld, p.a1, p.a2, p.b1, p.b2)
    linear = g711.linear(g711.ucode(octets, p.law), p.law)
    want = np.concatenate([shaper.process(t, linear), shaper.flush()])
    assert np.array_equal(g711.sign(octets), want)


def test_one_frame_by_hand():
    """D = 42 scrambled ones from zero, without shaping: y[n] = 1 + y[n - 18] + y[n - 23]."""
    ones = np.ones(42, np.uint8)
    scrambled = [1] * 18 + [0] * 5 + [1] * 13 + [0] * 6
    assert Scrambler(GPC).process(ones).tolist() == scrambled
    # Six sign bits 1, differentially 1 0 1 0 1 0; then labels of six bits each, first bit lowest,
    # into M = 64 Ucodes from 64 to 127.
    parameters = EXTREMES["no-shaping-greatest-k-exact"]
    labels = [63, 63, 32, 63, 63, 0]
    octets = g711.octet([127 - label for label in labels], [1, 0, 1, 0, 1, 0], "mu")
    assert np.array_equal(Encoder(parameters).process(ones), octets)


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_are_the_whole(seed):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    d = parameters.data_bits
    bits = rng.integers(0, 2, 30 * d + int(rng.integers(d)), dtype=np.uint8)
    whole = everything(Encoder(parameters), bits)
    assert len(whole) == 30 * INTERVALS
    for cuts in (
        np.arange(1, len(bits), 7),  # odd pieces of less than a data frame
        np.sort(rng.integers(0, len(bits) + 1, 12)),
        [0, 0, d - 1, d, d + 1],
    ):
        encoder = Encoder(parameters)
        parts = [encoder.process(piece) for piece in np.split(bits, cuts)]
        assert all(len(part) % INTERVALS == 0 for part in parts)
        assert np.array_equal(np.concatenate([*parts, encoder.flush()]), whole)
        assert encoder.underruns == 0


@pytest.mark.parametrize("sr", range(4))
@pytest.mark.parametrize("ld", range(4))
def test_octets_come_as_soon_as_they_are_decided(sr, ld):
    parameters = parameters_of(1, sr=sr, ld=ld)
    encoder = Encoder(parameters)
    got = 0
    for sent in range(1, 12):
        got += len(encoder.frames(1))
        # ld shaping frames of 6 / Sr symbols stay open, and a data frame comes whole.
        open_symbols = ld * 6 // sr if sr else 0
        assert got == max(0, sent * 6 - open_symbols) // 6 * 6
    assert got + len(encoder.flush()) == 11 * 6
    assert len(encoder.flush()) == 0


@pytest.mark.parametrize("seed", range(12))
def test_first_frame_is_the_same_for_all_ld(seed):
    """8.6.1 and 8.6.5: its magnitudes are the first D scrambled ones', whatever ld."""
    parameters = parameters_of(seed, sr=1 + seed % 3)
    first = []
    for ld in range(4):
        encoder = Encoder(replace(parameters, ld=ld))
        octets = np.concatenate([encoder.frames(5), encoder.flush()])
        first.append(g711.ucode(octets[:6], parameters.law).tolist())
    ones = np.ones(parameters.data_bits, np.uint8)
    assert first == [frame_by_frame(parameters, ones)[0]] * 4


# --- The queue ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_an_underrun_sends_scrambled_ones_and_keeps_the_queue(seed):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    d = parameters.data_bits
    bits = rng.integers(0, 2, 5 * d, dtype=np.uint8)
    ones = np.ones(d, np.uint8)

    encoder = Encoder(parameters)
    octets = [encoder.frames(2)]  # nothing there yet
    assert encoder.underruns == 2
    encoder.fill(bits[: 3 * d - 1])
    octets.append(encoder.frames(4))  # two whole data frames, then one bit is missing
    assert encoder.underruns == 4
    encoder.fill(bits[3 * d - 1 :])
    octets.append(encoder.frames(3))
    assert encoder.underruns == 4
    octets.append(encoder.frames(1))
    assert encoder.underruns == 5
    octets.append(encoder.flush())

    sent = np.concatenate([ones, ones, bits[: 2 * d], ones, ones, bits[2 * d :], ones])
    assert np.array_equal(np.concatenate(octets), everything(Encoder(parameters), sent))
    encoder.reset()
    assert encoder.underruns == 0


def test_no_frames_is_nothing():
    encoder = Encoder(parameters_of(3, sr=2, ld=3))
    assert len(encoder.frames(0)) == len(encoder.process([])) == len(encoder.flush()) == 0
    assert encoder.underruns == 0


@pytest.mark.parametrize("sr", range(4))
def test_less_than_a_data_frame_waits(rng, sr):
    parameters = parameters_of(4, sr=sr, ld=1)
    d = parameters.data_bits
    bits = rng.integers(0, 2, 3 * d, dtype=np.uint8)
    encoder = Encoder(parameters)
    assert len(encoder.process(bits[: d - 1])) == 0
    rest = everything(encoder, bits[d - 1 :])
    assert np.array_equal(rest, everything(Encoder(parameters), bits))


# --- Channels, change, reset -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", [(1,), (2, 3)], ids=str)
def test_channels_are_separate_encoders(seed, shape):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    d = parameters.data_bits
    bits = rng.integers(0, 2, (*shape, 10 * d), dtype=np.uint8)
    encoder = Encoder(parameters)
    parts = [
        encoder.process(bits[..., : d - 1]),  # nothing to send yet
        encoder.process(bits[..., d - 1 : 4 * d + 3]),
        encoder.process(bits[..., 4 * d + 3 :]),
        encoder.frames(1),
        encoder.flush(),
    ]
    octets = np.concatenate(parts, axis=-1)
    assert octets.shape == (*shape, 66)
    ones = np.ones(d, np.uint8)
    for index in np.ndindex(shape):
        want = everything(Encoder(parameters), np.concatenate([bits[index], ones]))
        assert np.array_equal(octets[index], want)


@pytest.mark.parametrize("seed", range(20))
def test_change_of_parameters_on_a_boundary(seed):
    """As from CPt to CP: the old ones to the end, the new ones from zero, the queue goes on."""
    rng = np.random.default_rng(seed)
    old = random_parameters(rng, type="CPt")
    new = random_parameters(rng, type="CP", law=old.law)
    first = rng.integers(0, 2, 7 * old.data_bits, dtype=np.uint8)
    second = rng.integers(0, 2, 9 * new.data_bits, dtype=np.uint8)
    encoder = Encoder(old)
    encoder.fill(np.concatenate([first, second]))
    octets = [encoder.frames(7), encoder.change(new)]
    assert sum(map(len, octets)) == 7 * 6
    octets += [encoder.frames(9), encoder.flush()]
    assert encoder.parameters is new and encoder.underruns == 0
    want = [everything(Encoder(old), first), everything(Encoder(new), second)]
    assert np.array_equal(np.concatenate(octets), np.concatenate(want))


def test_change_before_anything_was_sent(rng):
    old, new = parameters_of(0), parameters_of(1)
    bits = rng.integers(0, 2, 3 * new.data_bits, dtype=np.uint8)
    encoder = Encoder(old)
    assert len(encoder.change(new)) == 0
    assert np.array_equal(everything(encoder, bits), everything(Encoder(new), bits))


def test_reset(rng):
    parameters = parameters_of(5, sr=1, ld=3)
    bits = rng.integers(0, 2, 10 * parameters.data_bits + 3, dtype=np.uint8)
    encoder = Encoder(parameters)
    first = encoder.process(bits)
    encoder.reset()
    assert np.array_equal(encoder.process(bits), first)
