from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, signed
from amaranth.hdl import Signal as Wire
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from golden import constellations, g711, link, training
from golden.decoder import Decoder
from golden.encoder import Encoder
from golden.errors import V90Error
from golden.generator import Command, Generator, Signal
from golden.parameters import DELAY_FRAMES, INTERVALS, MappingParameters
from golden.receiver import Receiver
from hdl.receiver_words import configuration_words as receiver_words
from hdl.stream import pass_on
from hdl.tdm import SPEECH_SLOTS
from hdl.top import AnalogueReceiver, Bank, LinkedBank
from sim import design, lines
from sim.cache import to_rtlil
from sim.engines import compare
from sim.gateware import Gateware
from sim.layout import ports
from sim.line import Conditions, Line
from sim.network import NetworkParameters
from sim.parameter_sets import random_parameters
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

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

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
        inputs, {}, waves=clock.waves, cycles=len(clock.bit_clock), probes=PROBES, partial=True,
        drain=1, reset=True,
    )  # fmt: skip
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
    signals = [(Signal.SD, 70), (Signal.TRN1D, 70), (Signal.R, (1, 2, 3, 4, 5, 6)),
               (Signal.TRN2D, None), (Signal.DATA, None)]  # fmt: skip
    given = [
        [Command(signal, 4, value=value or random_parameters(rng, law=law)
                 if signal == Signal.TRN2D else value) for signal, value in signals]
        for law in laws
    ]  # fmt: skip
    words = host_commands([(channel, command, law) for channel, law in enumerate(laws)
                           for command in given[channel]])  # fmt: skip
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
        inputs, {}, waves=clock.waves, cycles=len(clock.bit_clock), probes=PROBES, partial=True,
    )  # fmt: skip
    rest = {name: wave[result.cycles :] for name, wave in clock.waves.items()}
    assert not result.probes["late"][: 1024 * INTERVALS * 5].any()
    bank.run(waves=rest, cycles=len(rest["bit_clock"]), reset=False)
    assert bank.get("late") == 1
    bank.reset()
    assert bank.get("late") == 0


def test_icarus_gives_the_same():
    """Three channels without parameters; their encoders and the highway have longer tests."""
    clock = HighwayClock(2, 256, 12)
    options = {"waves": clock.waves, "cycles": len(clock.bit_clock), "probes": PROBES}
    (theirs,) = compare(
        Bank(3), {}, {}, engine="icarus", drain=0, patterns=[FULL_SPEED], **options
    )
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
    bank = LinkedBank(3, clock=24e6, baud=3e6)
    gateware = Gateware(bank)
    line = uart_wave(link.frame(link.hello()), cycles)
    line = np.concatenate([line, np.ones(100 * 10 * cycles, int)])
    result = gateware.run(waves={"rx": line}, cycles=len(line), probes=["tx"])
    (answer,) = link.Unframer().process(uart_octets(result.probes["tx"], cycles))
    said = link.Information.of(answer[1:][::-1])
    assert said == bank.information and said.channels == 3 and said.baud == 3_000_000


class Paced(wiring.Component):
    """The path with samples from a stream, half as far apart as at 12 MHz: there are few taps."""

    def __init__(self, forward, feedback):
        self.path = AnalogueReceiver(forward, feedback)
        members = self.path.signature.members
        self.passed = ("i_configuration", "i_parameters", "o", "o_event", "unknown", "decided")
        super().__init__(
            {"i": In(stream.Signature(signed(16)))} | {name: members[name] for name in self.passed}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.path = path = self.path
        pass_on(m, self, path, self.passed)
        left = Wire(10)
        m.d.comb += [
            self.i.ready.eq(left == 0), path.sample.eq(self.i.payload),
            path.strobe.eq(self.i.valid & self.i.ready),
            path.o_training.ready.eq(1),
        ]  # fmt: skip
        m.d.sync += left.eq(Mux(left != 0, left - 1, Mux(self.i.valid, 374, 0)))
        return m


def test_samples_to_bits(rng):
    """What the encoder sent comes out, over a line; and what golden makes of the decisions."""
    forward, feedback, begin = 32, 17, 480
    p = MappingParameters.from_json((EXAMPLES / "28000.json").read_text())
    encoder = Encoder(p)
    sent = rng.integers(0, 2, 60 * p.data_bits, np.uint8)
    start = [(np.zeros(200, np.uint8), np.arange(200) % 2), training.sd(79),
             training.trn1d(79, begin * INTERVALS)]  # fmt: skip
    octets = np.concatenate([
        *(g711.octet(*part, p.law) for part in start), encoder.process(sent), encoder.flush(),
        np.tile(g711.octet(np.array([79] * 6), np.arange(6) % 2, p.law), 20),
    ])  # fmt: skip
    line = Line(lines.find("26awg-6kft"), Conditions(bits=16, level=-20, snr=40, ppm=30, seed=5),
                law=p.law)  # fmt: skip
    samples = np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)
    arrived = design.arrivals(NetworkParameters(law=p.law))
    levels = design.training_levels(arrived, 79), constellations.data_levels(arrived, p)
    pairs = [("address", np.int64), ("data", np.int64)]
    words = host_words([(0, p)])
    gateware = Gateware(Paced(forward, feedback))
    gateware.run({
        "i_configuration": np.array(receiver_words(*levels, begin), pairs),
        "i_parameters": {name: words[name] for name in ("address", "data")},
    })  # fmt: skip
    result = gateware.run({"i": samples}, {}, len(samples) * 376, reset=False, drain=6000,
                          probes=["unknown", "decided"])  # fmt: skip
    golden = Receiver(*levels, begin, forward=forward, feedback=feedback).process(samples)
    data = golden.number >= begin
    decided = g711.octet(golden.ucode[data], golden.sign[data], p.law).reshape(-1)
    bits = result.outputs["o"]["bit"]
    assert np.array_equal(bits, Decoder(p).process(decided)[: len(bits)])
    assert len(bits) >= len(sent) and np.array_equal(bits[: len(sent)], sent)
    firsts = np.flatnonzero(result.outputs["o"]["first"])
    assert np.array_equal(firsts, np.arange(0, len(bits), p.data_bits))
    assert not result.probes["unknown"].any()
    # Of each data frame: its last decision, its first bit.
    ends = np.flatnonzero(result.probes["decided"])[5::6][-len(firsts) :]
    begun = result.given["o"][firsts]
    assert (begun - ends == AnalogueReceiver.latency).all()
    assert (np.diff(result.given["o"].reshape(-1, p.data_bits)) == 1).all()
