import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.ports import link
from golden.signals.generator import Command, Generator, Signal
from hdl.modem.bank import Bank, LinkedBank
from hdl.ports.tdm import SPEECH_SLOTS
from sim.calls.parameter_sets import random_parameters
from sim.engines.cache import to_rtlil
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.layout import ports
from tests.hdl.support import (
    FULL_SPEED,
    HighwayClock,
    any_parameters,
    check_refused,
    follow,
    host_commands,
    host_octets,
    host_words,
    slots_of,
    uart_octets,
    uart_wave,
)

IDLE = 0xD5


PROBES = ("data", "enable", "late")


@pytest.fixture(scope="module")
def bank():
    return Gateware(Bank(30))


def stimuli(rng, sets, frames):
    bits = {}
    for channel, p in sets.items():
        count = frames * p.data_bits
        bits[channel] = rng.integers(0, 2, count + -count % 8, np.uint8)
    inputs = {"i_configuration": host_words(sets.items()), "i_data": host_octets(sets, bits)}
    return bits, inputs


def on_the_line(clock, probes, channels=30):
    """Octets of each channel by data frame: ``(channels, data frames, 6)``."""
    octets = slots_of(clock.read(probes["data"]), 32)
    enable = clock.read(probes["enable"]).reshape(clock.frames, 32, 8)
    speech = list(SPEECH_SLOTS[32][:channels])
    # The first frame is the first that finds an octet at its sync.
    begin = np.flatnonzero(enable[:, 1, 0])[0]
    assert enable[begin:, speech].all() and not np.delete(enable, speech, axis=1).any()
    assert not np.delete(octets, speech, axis=1).any()
    octets = octets[begin:, speech]
    octets = octets[: len(octets) // INTERVALS * INTERVALS].reshape(-1, INTERVALS, channels)
    return octets.transpose(2, 0, 1).astype(np.uint8)


def starts_of(octets):
    """Where a channel's first data frame with parameters is; no data frame of it is all idle."""
    starts = np.zeros(len(octets), bool)
    starts[np.flatnonzero((octets != IDLE).any(axis=1))[:1]] = True
    return starts


def test_every_slot_is_its_channels_encoder(bank, rng):
    """An E1 of 28 channels with parameters, and two without, at 24.576 MHz."""
    sets = {channel: any_parameters(rng) for channel in range(30) if channel not in (7, 29)}
    bits, inputs = stimuli(rng, sets, 8)
    frames = INTERVALS * (len(sets) + 30)
    clock = HighwayClock(frames, 256, 12)
    result = bank.run(
        inputs,
        {},
        waves=clock.waves,
        cycles=len(clock.bit_clock),
        probes=PROBES,
        partial=True,
        drain=1,
        reset=True,
    )
    done = result.cycles
    rest = {name: wave[done:] for name, wave in clock.waves.items()}
    more = bank.run(waves=rest, cycles=len(clock.bit_clock) - done, probes=PROBES, reset=False)
    probes = {n: np.concatenate([result.probes[n], more.probes[n]]) for n in PROBES}
    assert not probes["late"].any()
    octets = on_the_line(clock, probes)
    total = 0
    for channel in range(30):
        if channel not in sets:
            assert (octets[channel] == IDLE).all()
            continue
        starts = starts_of(octets[channel])
        for_want, rest = follow(octets[channel], starts, [sets[channel]], bits[channel])
        assert rest < sets[channel].data_bits
        total += len(for_want)
        # Those on their way are counted, too.
        bank.set("underruns_channel", channel)
        bank.run(waves={"bit_clock": 0, "frame_sync": 0}, cycles=2, reset=False)
        seen = np.count_nonzero(for_want)
        assert seen <= bank.get("underruns") <= seen + DELAY_FRAMES + 5
    assert total > 28 * 30


def test_a_bank_of_generators(rng):
    """All octets of three slots are golden's; the commands wait for the clock."""
    bank, laws = Gateware(Bank(3, signals=True)), ("A", "mu", "A")
    signals = [
        (Signal.SD, 70),
        (Signal.TRN1D, 70),
        (Signal.R, (1, 2, 3, 4, 5, 6)),
        (Signal.TRN2D, None),
        (Signal.DATA, None),
    ]
    given = [
        [
            Command(
                signal,
                4,
                value=value or random_parameters(rng, law=law) if signal == Signal.TRN2D else value,
            )
            for signal, value in signals
        ]
        for law in laws
    ]
    words = host_commands(
        [(channel, command, law) for channel, law in enumerate(laws) for command in given[channel]]
    )
    clock = HighwayClock(INTERVALS * 40, 256, 12)
    bank.run({"i_command": words}, waves={"bit_clock": 0, "frame_sync": 0})
    result = bank.run(waves=clock.waves, cycles=len(clock.bit_clock), probes=PROBES, reset=False)
    assert not result.probes["late"].any()
    octets = on_the_line(clock, result.probes, 3)
    for channel, law in enumerate(laws):
        golden = Generator(law)
        for command in given[channel]:
            golden.give(command)
        first = DELAY_FRAMES * INTERVALS
        expected = golden.process(24 + DELAY_FRAMES)[first:].reshape(-1, INTERVALS)
        begin = np.flatnonzero((octets[channel] != IDLE).any(axis=1))[0]
        assert np.array_equal(octets[channel, begin : begin + 24], expected)


def test_late_tells_that_the_clock_is_too_slow(bank, rng):
    """Four cycles a bit are 204 a channel and data frame, less than the slowest shaper needs."""
    sets = {channel: random_parameters(rng, sr=3, ld=3) for channel in range(30)}
    _, inputs = stimuli(rng, sets, 1)
    clock = HighwayClock(INTERVALS * 60, 256, 4)
    result = bank.run(
        inputs,
        {},
        waves=clock.waves,
        cycles=len(clock.bit_clock),
        probes=PROBES,
        partial=True,
    )
    rest = {name: wave[result.cycles :] for name, wave in clock.waves.items()}
    assert not result.probes["late"][: 1024 * INTERVALS * 5].any()
    bank.run(waves=rest, cycles=len(rest["bit_clock"]), reset=False)
    assert bank.get("late") == 1
    bank.reset()
    assert bank.get("late") == 0


@pytest.mark.long
def test_icarus_gives_the_same():
    """Three channels without parameters; their encoders and the highway have longer tests."""
    clock = HighwayClock(2, 256, 12)
    options = {"waves": clock.waves, "cycles": len(clock.bit_clock), "probes": PROBES}
    (theirs,) = compare(Bank(3), {}, {}, engine="icarus", drain=0, patterns=[FULL_SPEED], **options)
    ours = Gateware(Bank(3)).run(**options)
    for name in PROBES:
        assert np.array_equal(theirs.probes[name], ours.probes[name])
    # The first frame is before the encoders'.
    octets = slots_of(clock.read(theirs.probes["data"]), 32)
    assert not octets[0].any() and (octets[1, 1:4] == IDLE).all() and not octets[1, 4:].any()


@pytest.mark.parametrize("channels, slots", [(24, 24), (1, 32)])
def test_other_banks_build(channels, slots):
    bank = Bank(channels, slots, queue_octets=64)
    text, clocks = to_rtlil(bank, *ports(bank))
    assert clocks == {"clk", "rst"} and text


@pytest.mark.parametrize("channels, slots", [(31, 32), (25, 24), (30, 31)])
def test_impossible_banks_are_refused(channels, slots):
    check_refused(V90Error, "a PCM highway", Bank, channels, slots)


def test_a_bank_behind_a_uart_says_what_it_is():
    """The first request on the pins; what else goes through them is in boards/test_simulated."""
    cycles = 8
    # As the simulated board has it, so that it is compiled once.
    bank = LinkedBank(2, 24, clock=15.44e6, baud=15.44e6 / cycles)
    gateware = Gateware(bank)
    line = uart_wave(link.frame(link.hello()), cycles)
    line = np.concatenate([line, np.ones(200 * 10 * cycles, int)])
    result = gateware.run(waves={"rx": line}, cycles=len(line), probes=["tx"])
    (answer,) = link.Unframer().process(uart_octets(result.probes["tx"], cycles))
    said = link.Information.of(answer[1:][::-1])
    assert said == bank.information and said.channels == 2 and said.baud == 1_930_000
