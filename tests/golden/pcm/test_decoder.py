"""The decoder: inverse of the encoder, of any legal shaper, and what it counts."""

from dataclasses import replace

import numpy as np
import pytest

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.mapper import Mapper
from golden.pcm.modulus import ModulusEncoder
from golden.pcm.signs import DifferentialEncoder
from sim.calls.parameter_sets import EXTREMES, random_parameters


def encoded(parameters, bits):
    encoder = Encoder(parameters)
    return np.concatenate([encoder.process(bits), encoder.flush()], axis=-1)


def random_bits(rng, parameters, frames):
    return rng.integers(0, 2, frames * parameters.data_bits, dtype=np.uint8)


def assert_round_trip(rng, parameters, frames=25):
    bits = random_bits(rng, parameters, frames)
    decoder = Decoder(parameters)
    got = decoder.process(encoded(parameters, bits))
    assert got.dtype == np.uint8
    assert np.array_equal(got, bits)
    assert (decoder.illegal, decoder.overflows) == (0, 0)


@pytest.mark.parametrize("block", range(20))
def test_round_trip_of_random_parameters(block):
    for seed in range(12 * block, 12 * block + 12):
        print(f"seed {seed}")  # of the one that fails, as the last
        rng = np.random.default_rng(seed)
        assert_round_trip(rng, random_parameters(rng))


@pytest.mark.parametrize("name", EXTREMES)
def test_round_trip_of_extremes(rng, name):
    assert_round_trip(rng, EXTREMES[name])


@pytest.mark.parametrize("seed", range(20))
def test_pieces_are_the_whole(seed):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    bits = random_bits(rng, parameters, 30)
    octets = encoded(parameters, bits)
    for cuts in (np.arange(1, 180, 7), np.arange(180), np.sort(rng.integers(0, 181, 9)), [0, 0, 6]):
        decoder = Decoder(parameters)
        parts = [decoder.process(piece) for piece in np.split(octets, cuts)]
        assert all(len(part) % parameters.data_bits == 0 for part in parts)
        assert np.array_equal(np.concatenate(parts), bits)


@pytest.mark.parametrize("shape", [(1,), (2, 3)], ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_channels_are_separate_decoders(seed, shape):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    bits = rng.integers(0, 2, (*shape, 10 * parameters.data_bits), dtype=np.uint8)
    octets = encoded(parameters, bits)
    decoder = Decoder(parameters)
    parts = [decoder.process(octets[..., :3]), decoder.process(octets[..., 3:])]
    assert np.array_equal(np.concatenate(parts, axis=-1), bits)


def octets_of_a_legal_shaper(rng, parameters, bits, beta=0):
    """An encoder whose shaper chooses by chance among what Figure 2/V.90 allows.

    ``beta``: of the shaping frame before the first, 1 for a start in trellis state 1.
    """
    p = parameters
    frames = Scrambler(GPC).process(bits).reshape(-1, p.data_bits)
    numbers = frames[:, p.s :].astype(np.int64) @ (1 << np.arange(p.k))
    ucodes = Mapper(p.intervals).process(ModulusEncoder(p.moduli).process(numbers)).reshape(-1)
    signs = DifferentialEncoder(p.sr).process(frames[:, : p.s].reshape(-1))
    length = 6 // p.sr
    for start in range(0, len(signs), length):
        before, beta = beta, int(rng.integers(2))
        signs[start : start + length : 2] ^= before ^ beta
        signs[start + 1 : start + length : 2] ^= beta
    return g711.octet(ucodes, signs, p.law)


@pytest.mark.parametrize("seed", range(60))
def test_any_legal_shaper_decodes(seed):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng, sr=1 + seed % 3)
    bits = random_bits(rng, parameters, 30)
    octets = octets_of_a_legal_shaper(rng, parameters, bits)
    assert not np.array_equal(octets, encoded(parameters, bits))
    assert np.array_equal(Decoder(parameters).process(octets), bits)


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("how", ["inverted", "trellis-state-1", "in-the-middle"])
def test_started_elsewhere_it_recovers(seed, how):
    """Wrong for two shaping frames (one sign without shaping) and the 23 bits that follow."""
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng, sr=1 + seed % 3 if how == "trellis-state-1" else seed % 4)
    bits = random_bits(rng, parameters, 30)
    if how == "trellis-state-1":
        octets = octets_of_a_legal_shaper(rng, parameters, bits, beta=1)
    else:
        octets = encoded(parameters, bits)
        if how == "inverted":
            octets ^= 0x80
        else:
            octets, bits = octets[60:], bits[10 * parameters.data_bits :]
    decoder = Decoder(parameters)
    got = decoder.process(octets)
    wrong = np.flatnonzero(got != bits)
    # Two shaping frames end at the latest with the second data frame; its last sign bit is bit S.
    assert len(wrong) and wrong.max() < parameters.data_bits + parameters.s + 23
    assert (decoder.illegal, decoder.overflows) == (0, 0)


# --- What it counts ----------------------------------------------------------------------------


@pytest.mark.parametrize("law", g711.LAWS)
def test_illegal_octets_are_counted_and_taken_for_the_nearest(rng, law):
    # Constellations of even Ucodes: the odd one above is as near to the even one below it.
    parameters = replace(
        random_parameters(rng, type="CP", sr=1, k=16, law=law),
        interval_constellation=(0, 1, 0, 1, 0, 1),
        constellations=(tuple(range(2, 60, 2)), tuple(range(40, 128, 2))),
    )
    bits = random_bits(rng, parameters, 20)
    octets = encoded(parameters, bits)
    places = rng.choice(len(octets), 17, replace=False)
    ucodes = g711.ucode(octets, law)
    ucodes[places] += 1
    received = g711.octet(ucodes, g711.sign(octets), law)
    decoder = Decoder(parameters)
    assert np.array_equal(decoder.process(received), bits)
    assert (decoder.illegal, decoder.overflows) == (17, 0)
    # The count is from the start on, through a change of parameters, to a reset.
    decoder.process(received)
    assert decoder.illegal == 34
    decoder.change(parameters)
    assert decoder.illegal == 34
    decoder.reset()
    assert decoder.illegal == 0


@pytest.mark.parametrize("sr", range(4))
def test_overflows_are_counted(rng, sr):
    parameters = replace(
        random_parameters(rng, type="CP", sr=sr, k=20),
        interval_constellation=(0,) * 6,
        constellations=(tuple(range(11)),),
    )
    assert 11**6 > 1 << 20  # so some labels stand for more than K bits
    numbers = np.array([0, (1 << 20) - 1, 1 << 20, 11**6 - 1, 5, (1 << 20) + 7])
    labels = ModulusEncoder(parameters.moduli).process(numbers)
    decoder = Decoder(parameters)
    bits = decoder.process_labels(labels, np.zeros((6, 6), np.uint8))
    assert len(bits) == 6 * parameters.data_bits
    assert (decoder.illegal, decoder.overflows) == (0, 3)
    # The same as octets.
    octets = g711.octet(Mapper(parameters.intervals).process(labels), 0, parameters.law)
    again = Decoder(parameters)
    assert np.array_equal(again.process(octets.reshape(-1)), bits)
    assert (again.illegal, again.overflows) == (0, 3)


@pytest.mark.parametrize("seed", range(10))
def test_labels_and_signs_decode_like_octets(seed):
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng)
    bits = random_bits(rng, parameters, 12)
    octets = encoded(parameters, bits).reshape(12, 6)
    labels = np.zeros((12, 6), np.int64)
    for interval, ucodes in enumerate(parameters.intervals):
        received = g711.ucode(octets[:, interval], parameters.law)
        labels[:, interval] = [len(ucodes) - 1 - ucodes.index(ucode) for ucode in received]
    decoder = Decoder(parameters)
    signs = g711.sign(octets)
    parts = [decoder.process_labels(labels[n : n + 5], signs[n : n + 5]) for n in (0, 5, 10)]
    assert np.array_equal(np.concatenate(parts), bits)


@pytest.mark.parametrize("seed", range(20))
def test_change_of_parameters(seed):
    rng = np.random.default_rng(seed)
    old = random_parameters(rng, type="CPt")
    new = random_parameters(rng, type="CP", law=old.law)
    first, second = random_bits(rng, old, 5), random_bits(rng, new, 6)
    decoder = Decoder(old)
    got = [decoder.process(encoded(old, first))]
    decoder.change(new)
    got.append(decoder.process(encoded(new, second)))
    assert decoder.parameters is new
    assert np.array_equal(np.concatenate(got), np.concatenate([first, second]))


def test_reset_forgets_an_open_data_frame(rng):
    parameters = random_parameters(rng)
    bits = random_bits(rng, parameters, 5)
    octets = encoded(parameters, bits)
    decoder = Decoder(parameters)
    decoder.process(octets[:16])
    decoder.reset()
    assert np.array_equal(decoder.process(octets), bits)


def test_nothing_gives_nothing():
    for sr in range(4):
        decoder = Decoder(random_parameters(np.random.default_rng(sr), sr=sr))
        assert decoder.process([]).shape == (0,)
        assert decoder.process([1, 2, 3]).shape == (0,)
