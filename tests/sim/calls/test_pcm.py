"""sim.calls.pcm: golden and gateware side by side, and that a difference between them is found."""

import numpy as np
import pytest

from golden.errors import CallFailed
from sim.calls import pcm
from sim.calls.parameter_sets import EXTREMES, random_parameters


@pytest.fixture(scope="module")
def encoder():
    return pcm.EncoderBank()


@pytest.fixture(scope="module")
def decoder():
    return pcm.DecoderBank()


@pytest.mark.parametrize("name", EXTREMES)
def test_one_channel_equals_golden_from_its_first_bit(name, encoder, decoder, rng):
    p = EXTREMES[name]
    bits = rng.integers(0, 2, 40 * p.data_bits, np.uint8)
    (octets,) = encoder.encode([p], [bits])
    octets = octets[: 40 * 6]
    assert np.array_equal(octets, pcm.encode(p, bits))
    assert np.array_equal(decoder.decode(p, octets), bits)
    assert encoder.frame_cycles > 0 and decoder.cycles > 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_short_and_empty_lines(count, encoder, decoder, rng):
    p = random_parameters(rng)
    for frames in (count, 0):
        bits = rng.integers(0, 2, frames * p.data_bits, np.uint8)
        octets = encoder.encode([p], [bits])[0][: frames * 6]
        assert np.array_equal(octets, pcm.encode(p, bits))
        assert np.array_equal(decoder.decode(p, octets), bits)


def test_lines_longer_than_a_chunk(encoder, decoder, rng, monkeypatch):
    monkeypatch.setattr(pcm, "CHUNK", 16)
    p = random_parameters(rng)
    bits = rng.integers(0, 2, 100 * p.data_bits, np.uint8)
    calls = []
    octets = encoder.encode([p], [bits], lambda *call: calls.append(call))[0][:600]
    assert np.array_equal(octets, pcm.encode(p, bits))
    assert np.array_equal(decoder.decode(p, octets, lambda *call: calls.append(call)), bits)
    assert all(0 <= done <= total for done, total in calls)
    assert len(calls) > 12


def test_a_bank_of_different_channels_equals_golden(rng):
    for round_ in range(3):
        sets = [random_parameters(rng) for _ in range(4)]
        assert pcm.compare_bank(sets, 30, round_) == []


def test_a_bank_gives_whole_data_frames(rng):
    bank = pcm.EncoderBank(4)
    for _ in range(10):
        sets = [random_parameters(rng) for _ in range(4)]
        counts = rng.integers(0, 40, 4)
        bits = [
            rng.integers(0, 2, n * p.data_bits, np.uint8) for n, p in zip(counts, sets, strict=True)
        ]
        for n, octets in zip(counts, bank.encode(sets, bits), strict=True):
            assert len(octets) % 6 == 0 and len(octets) >= 6 * n


def test_a_difference_is_found(rng, monkeypatch):
    sets = [random_parameters(rng) for _ in range(4)]
    encode = pcm.encode

    def wrong(p, bits):
        octets = encode(p, bits)
        if p is sets[2]:
            octets[31] ^= 0x80
        return octets

    monkeypatch.setattr(pcm, "encode", wrong)
    ((index, sentence),) = pcm.compare_bank(sets, 30)
    assert index == 2
    assert "first in octet 31 (number 1 of data frame 5)" in sentence


def test_data_that_do_not_come_back_are_found(rng, monkeypatch):
    sets = [random_parameters(rng) for _ in range(4)]
    decode = pcm.decode
    monkeypatch.setattr(pcm, "decode", lambda p, octets: decode(p, octets) ^ 1)
    differences = pcm.compare_bank(sets, 30)
    assert [index for index, _ in differences] == [0, 1, 2, 3]
    assert all("not among the data received" in sentence for _, sentence in differences)


def test_gateware_that_hangs_is_a_failed_call(monkeypatch):
    bank = pcm.DecoderBank()
    with pytest.raises(CallFailed, match="the gateware failed: after 100 cycles"):
        bank._gateware.run({}, {"o": 1}, cycles=100)
