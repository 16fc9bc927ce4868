"""Commands into the bank and into golden, at the same data frames, and the same octets out.

A bank whose octets are not taken fills up and stands still: then it is known how many data frames
of each channel have been decided on, and what is given counts from the next one, as in golden.
"""

from collections import Counter

import numpy as np
import pytest

from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.signals.generator import QUEUE, Command, Signal
from golden.signals.generator import Generator as Golden
from hdl.signals.commands import command_words
from hdl.signals.generator import Generator
from sim.calls.parameter_sets import random_parameters
from sim.engines.cache import to_rtlil
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.layout import ports
from tests.hdl.signals.support import (
    IDLE,
    PATIENCE,
    QUEUE_BITS,
    RING_WORDS,
    Bank,
    Commands,
    any_descriptor,
    jd_bits,
    mp_bits,
)
from tests.hdl.support import (
    FULL_SPEED,
    IDLE_AND_STALL,
    Paced,
    check_refused,
    data_frames,
    host_commands,
)


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled, and with a line's pace to be had."""
    return Gateware(Paced(Generator(3)))


# --- Against golden -------------------------------------------------------------------------------


def script(rng, bank, steps, now=0.1, least=1):
    """Random commands and data for all channels while data frames are taken; counts of signals."""
    commands = [
        Commands(rng, law, golden, least)
        for law, golden in zip(bank.laws, bank.golden, strict=True)
    ]
    given = Counter()
    for _ in range(steps):
        for channel in rng.permutation(bank.channels):
            own, golden = commands[channel], bank.golden[channel]
            for _ in range(rng.integers(4)):
                command = own.next(bool(rng.random() < now))
                room = own.words() + len(command_words(command, own.law)) < RING_WORDS
                if command.now or (room and golden.waiting < QUEUE):
                    bank.give((channel, command))
                    given[command.signal, command.now] += 1
            room = QUEUE_BITS - 8 - golden.queued
            if rng.random() < 0.3 and room >= 8:
                count = 8 * rng.integers(1, room // 8 + 1)
                bank.fill({channel: rng.integers(0, 2, count, np.uint8)})
        bank.take(int(rng.integers(1, 14)))
    return given


@pytest.mark.parametrize(
    "laws, seeds, steps",
    [
        ("AmA", 6, 60),
        pytest.param("m", 6, 120, marks=pytest.mark.long),
        pytest.param("Am" * 15, 1, 15, marks=pytest.mark.long),
    ],
)
def test_equal_to_golden(laws, seeds, steps, rng):
    """Any commands in any order, of channels side by side, and after a reset in their midst.

    One channel's parameters may have to wait for each other, which this way of testing cannot: so
    they are further apart there. See :func:`hurried`.
    """
    laws = ["mu" if law == "m" else law for law in laws]
    gateware = Gateware(Generator(len(laws)))
    given, begun = Counter(), 0
    for _ in range(seeds):
        bank = Bank(gateware, laws)
        given += script(rng, bank, steps, *((0, 8) if len(laws) == 1 else ()))
        begun += sum(bank.check())
    assert {signal for signal, _ in given} == set(Signal)
    cut = sum(count for (_, now), count in given.items() if now)
    assert begun > 200 and (cut > 10 or len(laws) == 1)


def test_underruns_are_counted(gateware, rng):
    bank = Bank(gateware, ("A", "mu", "A"))
    for channel, law in enumerate(bank.laws):
        bank.give(
            (channel, Command(Signal.TRN2D, 3, value=random_parameters(rng, law=law))),
            (channel, Command(Signal.DATA, repeat=True)),
        )
    for _ in range(12):
        channel = int(rng.integers(3))
        if bank.golden[channel].queued < 100:
            bank.fill({channel: rng.integers(0, 2, 64, np.uint8)})
        bank.take(int(rng.integers(1, 8)))
    counts = []
    for channel in range(3):
        gateware.set("underruns_channel", channel)
        bank.run({}, cycles=2)
        counts.append(gateware.get("underruns"))
    bank.check()
    assert counts == [golden.underruns for golden in bank.golden] and min(counts) > 0


@pytest.mark.parametrize(
    "law, idle", [("A", 0xD5), pytest.param("mu", 0xFF, marks=pytest.mark.long)]
)
def test_silence_before_the_first_command(law, idle, rng):
    """With the law's own Ucode 0, as golden; silence after the last command has its law."""
    bank = Bank(Gateware(Generator(1, idle=idle)), [law])
    bank.take(5)
    bank.give((0, Command(Signal.R, 2, value=(70,) * 6)))
    bank.take(30)
    octets, starts = data_frames(np.concatenate(bank.parts), 1)
    expected = np.concatenate(bank.octets[0]).reshape(-1, INTERVALS)[: octets.shape[1]]
    assert np.array_equal(octets[0], expected) and np.count_nonzero(starts) == 2


def test_a_reset_forgets_everything(gateware, rng):
    for cycles in (1, 60, 500, 5000):
        bank = Bank(gateware, ("A", "mu", "A"))
        script(rng, bank, 4)
        bank.give((1, Command(Signal.TRN2D, 9, value=random_parameters(rng, law="mu"), now=True)))
        gateware.run({}, {}, cycles, reset=False, partial=True)
        bank = Bank(gateware, ("mu", "A", "mu"))
        bank.take(9)
        octets, starts = data_frames(np.concatenate(bank.parts), 3)
        assert (octets == IDLE).all() and not starts.any()
        script(rng, bank, 4)
        bank.check()


def test_now_comes_through_a_full_ring(gateware, rng):
    """Of nine commands with mapping parameters, one is held back; and there is room for ``now``."""
    bank = Bank(gateware, ("A", "mu", "A"))
    asked = [Command(Signal.B1D, 60000, value=random_parameters(rng, law="mu")) for _ in range(9)]
    words = host_commands([(1, command, "mu") for command in asked])
    result = gateware.run({"i_command": words}, {"o": 0}, 50_000, reset=False, partial=True)
    # Nothing has begun, as nothing is taken.
    assert len(result.taken["i_command"]) == RING_WORDS
    gateware.reset()
    bank = Bank(gateware, ("A", "mu", "A"))
    bank.give(*((1, command) for command in asked[:8]))
    bank.take(10)
    bank.give((1, Command(Signal.R, 2, value=(70,) * 6, now=True)))
    bank.take(20)
    bank.check()
    assert [entry.frames for entry in bank.golden[1].log[1:3]] == [10, 2]


# --- Time -----------------------------------------------------------------------------------------


def cycles_of(gateware, commands, frames, skip):
    """Cycles per channel of data frames of all three channels, as fast as they come."""
    gateware.reset()
    inputs = {
        "i_command": host_commands(
            [(channel, command, "A") for command in commands for channel in range(3)]
        )
    }
    gateware.run(inputs, {"o": 0}, PATIENCE, reset=False)
    result = gateware.run({}, {"o": frames * 3 * INTERVALS}, PATIENCE, reset=False)
    last = (result.outputs["o"]["channel"] == 2) & (result.outputs["o"]["interval"] == 5)
    return np.diff(result.given["o"][last])[skip:] / 3


def test_cycles_of_a_data_frame(gateware, rng):
    """When parameters change in all channels in each data frame, the slowest shaper's; and else."""
    slowest = [
        Command(Signal.B1D, value=random_parameters(rng, law="A", sr=3, ld=3)) for _ in range(8)
    ]
    cycles = cycles_of(gateware, slowest, 11, 4)
    assert 235 < cycles.max() <= Generator.cycles_per_frame
    longest = {**any_descriptor(rng), "training_ucodes": [1] * 255, "segments": 255, "H": [0] * 8}
    for command in (
        Command(Signal.SILENCE, repeat=True),
        Command(Signal.R, repeat=True, value=(1,) * 6),
        Command(Signal.TRN1D, repeat=True, value=1),
        Command(Signal.DIL, 500, value=longest),
    ):
        cycles = cycles_of(gateware, [command], 60, 12)
        assert 120 < cycles.max() <= 160, command


def test_octets_are_in_time_for_a_line(gateware, rng):
    """The slowest data frames in all channels at once, with commands that come meanwhile."""
    interval = Generator.cycles_per_frame // INTERVALS
    for pace, late in ((interval, 0), (interval * 2 // 3, 1)):
        gateware.reset()
        gateware.set("interval", pace)
        bank = Bank(gateware, "AAA")
        for _ in range(6):
            bank.give(
                *(
                    (channel, Command(signal, 3, value=random_parameters(rng, law="A", sr=3, ld=3)))
                    for channel in range(3)
                    for signal in (Signal.TRN2D, Signal.B1D)
                )
            )
            bank.take(6)
        bank.take(20)
        gateware.set("interval", 0)
        bank.check()
        assert gateware.get("late") == late, pace


@pytest.mark.parametrize("channels", [-1, 0, 257])
def test_other_numbers_of_channels_are_refused(channels):
    check_refused(ValueError, "a bank has 1 to 256 channels", Generator, channels)


@pytest.mark.parametrize("channels", [2, 65, pytest.param(256, marks=pytest.mark.long)])
def test_banks_of_other_sizes_build(channels):
    generator = Generator(channels, queue_octets=64)
    text, clocks = to_rtlil(generator, *ports(generator))
    assert clocks == {"clk", "rst"} and text


# --- Other engines --------------------------------------------------------------------------------


def hurried(rng, law):
    """Commands of one channel, one of each signal, that go on one after the other."""
    trained, asked, more = (random_parameters(rng, law=law) for _ in range(3))
    short = {**any_descriptor(rng, most=4), "H": [0] * 8}
    given = [
        (Signal.TRN1D, 70),
        (Signal.JD, (70, jd_bits(rng))),
        (Signal.JD_END, (70, None)),
        (Signal.DIL, short),
        (Signal.R, (1, 2, 3, 4, 5, 6)),
        (Signal.R_BAR, (70,) * 6),
        (Signal.TRN2D, trained),
        (Signal.MP_ACK, mp_bits(rng, trained, 1)),
        (Signal.ED, None),
        (Signal.B1D, asked),
        (Signal.DATA, None),
        (Signal.SD, 70),
        (Signal.SD_BAR, 70),
        (Signal.SILENCE, None),
        (Signal.B1D, trained),
        (Signal.TRN2D, asked),
        (Signal.B1D, more),
        (Signal.MP, mp_bits(rng, more, 0)),
    ]
    # The rest comes while TRN1d is sent.
    return [
        Command(signal, 60 if signal == Signal.TRN1D else 1, value=value) for signal, value in given
    ]


@pytest.mark.parametrize(
    "engine, channels",
    [
        *(pytest.param(*one, marks=pytest.mark.long) for one in (("verilator", 3), ("cxxrtl", 2))),
        ("cxxrtl", 1),
        ("icarus", 1),
    ],
)
def test_other_engines_give_the_same(engine, channels, rng):
    """The same as CXXRTL, cycle for cycle, and as golden from the first command on."""
    laws, frames = ["A", "mu", "A"][:channels], 150
    given = [hurried(rng, law) for law in laws]
    inputs = {
        "i_command": host_commands(
            [
                (channel, command, laws[channel])
                for row in zip(*given, strict=True)
                for channel, command in enumerate(row)
            ]
        )
    }
    count = frames * INTERVALS * channels
    gateware = Gateware(Generator(channels))
    for pattern in (IDLE_AND_STALL, FULL_SPEED):
        gateware.power_on()
        gateware.run(inputs, {}, 5000, partial=True, **pattern._asdict())
        ours = gateware.run(inputs, {"o": count}, PATIENCE, check_ready=True, **pattern._asdict())
        octets, starts = data_frames(ours.outputs["o"], channels)
        for channel, law in enumerate(laws):
            golden, begin = Golden(law), np.flatnonzero(starts[channel])[0]
            made = [golden.process(begin - DELAY_FRAMES)]
            for command in given[channel]:
                while golden.waiting == QUEUE:
                    made.append(golden.process(1))
                golden.give(command)
            made.append(golden.process(frames - golden.given))
            expected = np.concatenate(made).reshape(-1, INTERVALS)
            begun = [entry.first for entry in golden.log[1:]]
            assert np.flatnonzero(starts[channel]).tolist() == begun
            assert np.array_equal(octets[channel, begin:], expected[begin:])
            assert len(begun) == len(given[channel]) + 1
        (theirs,) = compare(
            Generator(channels),
            inputs,
            {"o": ours.outputs["o"]},
            engine=engine,
            drain=0,
            patterns=[pattern],
            cycles=PATIENCE,
            reset_at=5000,
        )
        assert np.array_equal(theirs.given["o"], ours.given["o"])
