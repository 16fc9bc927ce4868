"""Data and mapping parameters that come to an encoder bank while it runs."""

import numpy as np
import pytest

from hdl.pcm.csr import configuration_words
from hdl.pcm.encoder import Encoder
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.gateware import Gateware
from tests.hdl.pcm.support import IDLE, Bank, random_bits
from tests.hdl.support import (
    Paced,
    any_parameters,
    host_words,
)


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled, and with a line's pace to be had."""
    return Gateware(Paced(Encoder(3)))


# --- Data -----------------------------------------------------------------------------------------


def test_data_frames_are_what_is_in_the_queue(gateware, rng):
    """A queue filled before the parameters: so many data frames, not one more, then ones."""
    for trial in range(10):
        bank = Bank(gateware, 3)
        sets = [random_parameters(rng) for _ in range(3)]
        whole = [int(rng.integers(0, 256 // p.data_bits + 1)) for p in sets]
        rest = {}
        for channel, p in enumerate(sets):
            # Whole octets, so some bits may be over; not a data frame, and they stay.
            octets = min(32, -(-whole[channel] * p.data_bits // 8))
            bits = rng.integers(0, 2, 8 * octets, np.uint8)
            whole[channel] = len(bits) // p.data_bits
            rest[channel] = len(bits) % p.data_bits
            if octets:
                bank.feed({channel: bits})
        bank.configure(*enumerate(sets))
        bank.take(20 + max(whole))
        for channel, for_want in enumerate(bank.follow()):
            assert not for_want[: whole[channel]].any(), trial
            assert for_want[whole[channel] :].all()
        # What was over is the beginning of the next data frame.
        more = {
            channel: rng.integers(0, 2, -(-(p.data_bits - rest[channel]) // 8) * 8, np.uint8)
            for channel, p in enumerate(sets)
        }
        bank.feed(more)
        bank.take(12)
        for channel, for_want in enumerate(bank.follow()):
            assert np.count_nonzero(~for_want[whole[channel] :]) == 1


def test_underruns_are_counted(gateware, rng):
    """Data come and go; once the rest is data, the counters are the data frames of ones."""
    bank = Bank(gateware, 3)
    # Few bits a data frame, so that a queue outlasts what is on the way.
    sets = [random_parameters(rng, type="CPt", sr=3, k=6) for _ in range(3)]
    bank.configure(*enumerate(sets))
    for _ in range(8):
        bank.take(int(rng.integers(1, 12)))
        channel = int(rng.integers(3))
        bank.feed({channel: random_bits(rng, sets[channel], int(rng.integers(1, 5)))})
    bank.feed({channel: random_bits(rng, p, 27) for channel, p in enumerate(sets)})
    counts = bank.underruns()
    bank.take(20)
    assert bank.underruns() == counts
    want = bank.follow()
    assert counts == [np.count_nonzero(for_want) for for_want in want]
    assert min(counts) > 20 and all(np.count_nonzero(~for_want) > 10 for for_want in want)
    bank.gateware.reset()
    bank.gateware.run(cycles=20, reset=False)
    assert bank.underruns() == [0, 0, 0]


def test_a_full_queue_takes_no_more(gateware, rng):
    """32 octets a channel, and those for others wait after the 33rd."""
    bank = Bank(gateware, 3)
    bits = {1: rng.integers(0, 2, 8 * 40, np.uint8), 2: rng.integers(0, 2, 8, np.uint8)}
    octets = np.concatenate([np.packbits(own, bitorder="little") for own in bits.values()])
    inputs = {"channel": np.repeat([1, 2], [40, 1]), "octet": octets}
    result = bank.run({"i_data": inputs}, cycles=3000, partial=True)
    assert len(result.taken["i_data"]) == 32
    p = random_parameters(rng)
    bank.history[1], bank.history[2] = [p], [p]
    bank.sent[1], bank.sent[2] = bits[1], bits[2]
    result = bank.run(
        {
            "i_data": {name: own[32:] for name, own in inputs.items()},
            "i_configuration": host_words([(1, p), (2, p)]),
        }
    )
    assert len(result.taken["i_data"]) == 9
    bank.take(60)
    for_want = bank.follow()[1]
    assert not for_want[: 256 // p.data_bits].any() and bank.rest[1] == 320 % p.data_bits


# --- Parameters -----------------------------------------------------------------------------------


def test_idle_octets_until_there_are_parameters(gateware, rng):
    bank = Bank(gateware, 3)
    bank.take(10)
    bank.configure((1, random_parameters(rng)))
    bank.take(20)
    octets, starts = bank.frames()
    assert (octets[[0, 2]] == IDLE).all() and not starts[[0, 2]].any()
    (begin,) = np.flatnonzero(starts[1])
    assert begin >= 10 and (octets[1, :begin] == IDLE).all()
    # Words without COMMIT change nothing, not even to idle.
    bank.configure((0, random_parameters(rng)), (1, random_parameters(rng)), commit=False)
    bank.take(10)
    octets, starts = bank.frames()
    assert (octets[[0, 2]] == IDLE).all() and np.count_nonzero(starts) == 1
    bank.follow()


def test_words_come_again_after_a_reset(gateware, rng):
    """A reset forgets the parameters, and a commit under way."""
    bank = Bank(gateware, 3)
    bank.configure(*((channel, random_parameters(rng)) for channel in range(3)))
    bank.take(10)
    for cycles in (1, 5, 100, 150, 500):
        words = host_words([(1, random_parameters(rng))])
        gateware.run({"i_configuration": words}, cycles=cycles, partial=True, reset=False)
        bank = Bank(gateware, 3)
        bank.take(12)
        octets, starts = bank.frames()
        assert (octets == IDLE).all() and not starts.any()
        bank.configure((2, random_parameters(rng)))
        bank.take(12)
        bank.follow()
        assert np.count_nonzero(bank.frames()[1]) == 1


def test_parameters_change_while_running(gateware, rng):
    """Any to any other, data frames of data and of ones: the old ones are flushed, none is lost."""
    changes = 0
    for _ in range(8):
        bank = Bank(gateware, 3)
        for _ in range(12):
            channel = int(rng.integers(3))
            bank.configure((channel, any_parameters(rng)))
            changes += 1
            running = [channel for channel in range(3) if bank.history[channel]]
            bank.feed(
                {
                    channel: random_bits(rng, bank.history[channel][-1], int(rng.integers(1, 6)))
                    for channel in rng.permutation(running)[: rng.integers(len(running) + 1)]
                }
                or {channel: rng.integers(0, 2, 8, np.uint8)}
            )
            bank.take(int(rng.integers(1, 8)))
        bank.take(40)
        bank.follow()
        for channel, history in enumerate(bank.history):
            assert np.count_nonzero(bank.frames()[1][channel]) == len(history)
            assert not history or bank.rest[channel] < history[-1].data_bits
    assert changes == 96


@pytest.mark.parametrize("old", ["loudest-poles-outside", "faintest-double-pole"])
def test_commits_one_after_the_other(gateware, old, rng):
    """Words wait until the data frame before has its parameters; each set has a data frame."""
    for _ in range(10):
        bank = Bank(gateware, 3)
        sets = [EXTREMES[old], *(random_parameters(rng) for _ in range(5))]
        bank.feed({channel: random_bits(rng, sets[0], 5) for channel in range(3)})
        channels = rng.integers(3, size=len(sets)) if rng.random() < 0.5 else [1] * len(sets)
        bank.configure(*((int(c), p) for c, p in zip(channels, sets, strict=True)))
        bank.take(30)
        bank.follow()
        starts = bank.frames()[1]
        assert starts.sum(axis=1).tolist() == [len(history) for history in bank.history]


def test_channels_are_apart(gateware, rng):
    """Whatever happens to channel 1, the others give the same octets in the same data frames."""
    sets = [random_parameters(rng) for _ in range(3)]
    bits = {channel: random_bits(rng, sets[channel], 6)[:256] for channel in (0, 2)}

    def run(disturb):
        bank = Bank(gateware, 3)
        bank.feed(bits)
        bank.configure(*enumerate(sets))
        for _ in range(6):
            if disturb:
                bank.configure((1, random_parameters(rng)))
                bank.feed({1: random_bits(rng, bank.history[1][-1], 3)})
            bank.take(4)
        bank.take(12)
        bank.follow()
        return bank.frames()

    (octets, starts), (disturbed, restarts) = run(False), run(True)
    count = min(octets.shape[1], disturbed.shape[1])
    assert count > 30
    for channel in (0, 2):
        assert np.array_equal(octets[channel, :count], disturbed[channel, :count])
        assert np.array_equal(starts[channel, :count], restarts[channel, :count])
    assert restarts[1].sum() == 7


def test_channels_that_there_are_not(gateware, rng):
    """Words, a COMMIT and data for channel 3 of three go nowhere, and hold up nobody."""
    bank = Bank(gateware, 3)
    p = random_parameters(rng)
    rows = np.array([(3, address, word) for address, word in configuration_words(p)])
    stray = dict(zip(("channel", "address", "data"), rows.T, strict=True))
    bank.run({"i_configuration": stray})
    bank.run({"i_data": {"channel": np.full(100, 3), "octet": rng.integers(0, 256, 100)}})
    bank.feed({channel: random_bits(rng, p, 4)[:128] for channel in range(3)})
    bank.configure(*((channel, random_parameters(rng)) for channel in range(3)))
    bank.take(20)
    bank.follow()
    assert all(bank.frames()[1].sum(axis=1) == 1)
