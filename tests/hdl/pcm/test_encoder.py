"""Encoder banks against golden, their cycles and sizes, and the datapath alone."""

import numpy as np
import pytest

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.pcm.encoder import Datapath, Encoder
from hdl.pcm.shaper import Shaper
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.cache import to_rtlil
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.layout import ports
from sim.engines.pattern import DEFAULT_PATTERNS
from tests.hdl.pcm.support import IDLE, PATIENCE, Bank, random_bits
from tests.hdl.support import (
    FULL_SPEED,
    IDLE_AND_STALL,
    Paced,
    any_parameters,
    check_refused,
    data_frames,
    follow,
    host_octets,
    host_words,
    unpacked,
)


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled, and with a line's pace to be had."""
    return Gateware(Paced(Encoder(3)))


# --- Against golden -------------------------------------------------------------------------------


def stimuli(rng, channels, used, frames):
    """Everything that a host sends a bank: for some of its channels, parameters and data."""
    sets = {channel: any_parameters(rng) for channel in used}
    bits = {channel: random_bits(rng, p, frames) for channel, p in sets.items()}
    inputs = {"i_configuration": host_words(sets.items()), "i_data": host_octets(sets, bits)}
    return sets, bits, inputs


def check(output, channels, sets, bits):
    """Hold a bank's output against golden; returns how many data frames of data there were."""
    octets, starts = data_frames(output, channels)
    total = 0
    for channel in range(channels):
        history = [sets[channel]] if channel in sets else []
        sent = bits.get(channel, np.zeros(0, np.uint8))
        assert len(np.flatnonzero(starts[channel])) == len(history)
        for_want, _ = follow(octets[channel], starts[channel], history, sent)
        total += np.count_nonzero(~for_want)
    return total


@pytest.mark.parametrize(
    "channels, frames", [(1, 60), pytest.param(3, 60, marks=pytest.mark.long), (30, 12)]
)
def test_equal_to_golden(channels, frames, rng):
    """Under all patterns, and after a reset in the midst of everything."""
    gateware = Gateware(Encoder(channels))
    patterns = DEFAULT_PATTERNS if channels < 30 else (IDLE_AND_STALL, FULL_SPEED)
    for trial, pattern in enumerate(patterns):
        used = rng.permutation(channels)[: channels if trial % 2 else channels // 2 + 1]
        sets, bits, inputs = stimuli(rng, channels, used, frames)
        wanted = {"o": INTERVALS * channels * (frames + 3 * len(used) + 15)}
        options = {**pattern._asdict(), "check_ready": True}
        for _ in range(3):
            gateware.run(inputs, wanted, rng.integers(1, 900 * channels), partial=True, **options)
            result = gateware.run(inputs, wanted, PATIENCE, **options)
            assert check(result.outputs["o"], channels, sets, bits) == frames * len(used)


@pytest.mark.parametrize(
    "engine, channels, used, frames",
    [
        ("icarus", 1, (0,), 2),
        pytest.param("verilator", 3, (0, 1, 2), 8, marks=pytest.mark.long),
        pytest.param("verilator", 30, (0, 29), 1, marks=pytest.mark.long),
    ],
)
def test_other_engines_give_the_same(engine, channels, used, frames, rng):
    """The same as CXXRTL, cycle for cycle, and as golden: a bank never stops giving octets."""
    gateware = Gateware(Encoder(channels))
    sets, bits, inputs = stimuli(rng, channels, used, frames)
    count = INTERVALS * channels * (frames + 3 * len(used) + 8)
    for pattern in (IDLE_AND_STALL, FULL_SPEED)[channels // 30 :]:
        reset_at = 700 if channels < 30 else None
        gateware.power_on()
        if reset_at:
            gateware.run(inputs, {}, reset_at, partial=True, **pattern._asdict())
        ours = gateware.run(inputs, {"o": count}, PATIENCE, **pattern._asdict())
        assert check(ours.outputs["o"], channels, sets, bits) > 0
        (theirs,) = compare(
            Encoder(channels),
            inputs,
            {"o": ours.outputs["o"]},
            engine=engine,
            drain=0,
            patterns=[pattern],
            cycles=PATIENCE,
            reset_at=reset_at,
        )
        assert np.array_equal(theirs.given["o"], ours.given["o"])


# --- Time -----------------------------------------------------------------------------------------


def cycles_of(gateware, rng, sets):
    """Cycles per channel of each of 60 data frames, in the steady state."""
    bank = Bank(gateware, 3)
    bank.configure(*enumerate(sets))
    bank.take(20)
    result = bank.take(60)
    last = (result.outputs["o"]["channel"] == 2) & (result.outputs["o"]["interval"] == 5)
    return np.diff(result.given["o"][last]) / 3


@pytest.mark.parametrize("sr", range(4))
def test_cycles_of_a_data_frame(gateware, sr, rng):
    """300 cycles a channel and data frame are what a bank of 30 has at 12 MHz."""
    assert Encoder.cycles_per_frame <= 300 == 12_000_000 * INTERVALS // 8000 // 30
    for ld in range(4):
        cycles = cycles_of(gateware, rng, [random_parameters(rng, sr=sr, ld=ld) for _ in range(3)])
        assert cycles.max() <= Encoder.cycles_per_frame
        if sr and ld == 3:
            assert (cycles == Shaper.latency(sr, ld) + 1).all()  # what is slowest
            assert cycles.max() <= 235
        else:
            assert cycles.mean() <= 160


def test_cycles_with_the_slowest_mapper(gateware, rng):
    cycles = cycles_of(gateware, rng, [EXTREMES["least-k-in-one-interval-exact"]] * 3)
    assert 130 < cycles.mean() <= 160


def test_octets_are_in_time_for_a_line(gateware, rng):
    """Of the slowest shapers, and when all channels begin anew, again and again."""
    interval = Encoder.cycles_per_frame // INTERVALS
    for pace, late in ((interval, 0), (interval * 2 // 3, 1)):
        bank = Bank(gateware, 3)
        gateware.set("interval", pace)
        for _ in range(6):
            slow = [random_parameters(rng, sr=3, ld=3) for _ in range(3)]
            bank.configure(*enumerate(slow))
            bank.take(4)
        bank.take(20)
        gateware.set("interval", 0)
        bank.follow()
        assert gateware.get("late") == late, pace


def test_delay_is_three_data_frames(gateware):
    """And some more in the blocks, as long as the queue lets them."""
    p = random_parameters(np.random.default_rng(1), sr=1, ld=3, k=20)
    bank = Bank(gateware, 3)
    bank.configure((0, p))
    bank.take(30)
    bits = random_bits(np.random.default_rng(1), p, 1)
    bank.feed({0: bits})
    before = sum(len(part) for part in bank.parts) // (3 * INTERVALS)
    bank.take(20)
    _, starts = bank.frames()
    for_want = bank.follow()[0]
    (at,) = np.flatnonzero(~for_want)
    at += np.flatnonzero(starts[0])[0]
    assert DELAY_FRAMES <= at - before <= DELAY_FRAMES + 6


# --- Sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 31, pytest.param(256, marks=pytest.mark.long)])
def test_banks_of_other_sizes_build(channels):
    encoder = Encoder(channels, queue_octets=64)
    text, clocks = to_rtlil(encoder, *ports(encoder))
    assert clocks == {"clk", "rst"} and text.count("$mem") > 5


@pytest.mark.parametrize("channels", [-1, 0, 257])
def test_other_numbers_of_channels_are_refused(channels):
    check_refused(ValueError, "a bank has 1 to 256 channels", Encoder, channels)


# --- Its datapath ---------------------------------------------------------------------------------


def test_data_frames_that_are_not_encoded(rng):
    """Octets written beforehand, in their order, their signs turned by bits that are signs."""
    datapath, frames = Gateware(Datapath(2, IDLE, signals=True)), 8
    octets = rng.integers(0, 256, (frames, INTERVALS))
    places = np.arange(frames)[:, None] << 3 | np.arange(INTERVALS)
    datapath.run(
        cycles=octets.size,
        partial=True,
        waves={"plain_place": places.ravel(), "plain_octet": octets.ravel(), "plain_write": 1},
    )
    datapath.set("plain_write", 0)
    turned, begins = rng.integers(0, 64, frames), rng.integers(0, 2, frames)
    scrambled = Scrambler(GPC).process(unpacked(turned[::2], INTERVALS).ravel())
    signs = unpacked(turned, INTERVALS)
    signs[::2] = scrambled.reshape(-1, INTERVALS)
    signs[1::2] = 0
    tokens = {
        "channel": np.arange(frames) % 2,
        "half": np.zeros(frames, int),
        "initialise": np.arange(frames) < 2,
        "active": np.ones(frames, int),
        "sr": np.zeros(frames, int),
        "count": np.tile([INTERVALS, 0], frames // 2),
        "data": turned,
        "plain": np.ones(frames, int),
        "direct": np.ones(frames, int),
        "begins": begins,
    }
    more = {name: np.append(own, own[:6]) for name, own in tokens.items()}
    result = datapath.run(
        {"i": more}, {"o": 7 * INTERVALS * 2}, reset=False, probes=["done", "started"]
    )
    got, starts = data_frames(result.outputs["o"], 2)
    assert (got[:, :DELAY_FRAMES] == IDLE).all()
    made = (octets ^ signs.astype(int) << 7).reshape(-1, 2, INTERVALS)
    assert np.array_equal(got[:, DELAY_FRAMES:], np.moveaxis(made, 1, 0))
    assert np.array_equal(starts[:, DELAY_FRAMES:], begins.reshape(-1, 2).T)
    assert (result.probes["done"].sum(), result.probes["started"].sum()) == (14, 4)
