"""Shared by the tests of hdl: engines and channels, stimuli, and small test components."""

import gc
import warnings

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, UnusedElaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.core.mac import Multiplier
from hdl.core.stream import pass_on
from hdl.pcm.csr import COMMIT, configuration_words
from hdl.signals.commands import command_words
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.compare import compare
from sim.engines.pattern import DEFAULT_PATTERNS, Pattern

#: Engines with numbers of channels for blocks that have them. The cheapest to compile has all.
ENGINES_AND_CHANNELS = [
    pytest.param(engine, channels, id=f"{engine}-{channels}")
    for engine, counts in (("cxxrtl", (1, 3, 30)), ("verilator", (3,)), ("icarus", (1, 30)))
    for channels in counts
]

FULL_SPEED = Pattern(0.0, 0.0, 1)
IDLE_AND_STALL = Pattern(0.6, 0.4, 4)

#: How much of a workload an engine gets: cocotb has some ten thousand cycles a second with
#: Verilator and a few thousand with Icarus, CXXRTL a million.
_SHARE = {"cxxrtl": 1, "verilator": 0.1, "icarus": 0.02}


def scaled(engine, count, least=1):
    """``count`` items for CXXRTL, as many as others get through in a few seconds."""
    return max(least, round(count * _SHARE[engine]))


def patterns_of(engine):
    """Patterns of idling and stalling: all for CXXRTL, the two ends for the others."""
    return DEFAULT_PATTERNS if engine == "cxxrtl" else (FULL_SPEED, IDLE_AND_STALL)


def compare_resetting(component, inputs, expected, resets, *, engine, **options):
    """``compare`` with no reset and with each one, or only the last to save time.

    Returns the result at full speed of the last.
    """
    for reset_at in (None, *resets) if engine == "cxxrtl" else resets[-1:]:
        results = compare(
            component,
            inputs,
            expected,
            engine=engine,
            patterns=patterns_of(engine),
            reset_at=reset_at,
            cycles=1_000_000,
            **options,
        )
    assert results[0].pattern == FULL_SPEED
    return results[0]


def check_refused(error, sentence, make, *arguments, **options):
    """``make`` must raise, without Amaranth's warning that what it had made by then goes unused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(error, match=sentence):
            make(*arguments, **options)
        gc.collect()


def columns(rows):
    """A list of dicts as a dict of arrays, which dicts in it may nest."""
    first = rows[0]
    return {
        name: columns([row[name] for row in rows])
        if isinstance(first[name], dict)
        else np.array([row[name] for row in rows])
        for name in first
    }


def packed(bits):
    """Bits on the last axis, the first in bit 0, as integers."""
    bits = np.asarray(bits, np.int64)
    return bits @ (np.int64(1) << np.arange(bits.shape[-1]))


def unpacked(numbers, width):
    """The inverse of :func:`packed`."""
    return (np.asarray(numbers, np.int64)[..., None] >> np.arange(width) & 1).astype(np.uint8)


def each_channel_once(rng, channels, count):
    """Channel numbers of ``count`` tokens: all channels first, so that all of them begin."""
    return np.concatenate([rng.permutation(channels), rng.integers(0, channels, count)])


def some_rows(rng, channels, most):
    """At most so many ``(channel, half)``, the first and the last channel among them."""
    rows = {(0, int(rng.integers(2))), (channels - 1, int(rng.integers(2)))}
    every = [(channel, half) for channel in range(channels) for half in range(2)]
    rows |= {every[number] for number in rng.permutation(len(every))[: max(0, most - len(rows))]}
    return sorted(rows)


def any_parameters(rng, **pinned):
    """Random parameters, or now and then a set at the corners."""
    if not pinned and rng.random() < 0.3:
        return list(EXTREMES.values())[rng.integers(len(EXTREMES))]
    return random_parameters(rng, **pinned)


def write_words(rng, sets, addresses=range(COMMIT)):
    """Configuration words as blocks take them, of ``{(channel, half): parameters}`` in any order.

    Only those at ``addresses``.
    """
    words = [
        {"channel": channel, "half": half, "address": address, "data": word}
        for (channel, half), parameters in sets.items()
        for address, word in configuration_words(parameters, commit=False)
        if address in addresses
    ]
    return [words[number] for number in rng.permutation(len(words))]


def host_words(sets, commit=True):
    """Configuration words as a bank takes them, of ``[(channel, parameters), ...]`` in order."""
    return columns(
        [
            {"channel": channel, "address": address, "data": word}
            for channel, parameters in sets
            for address, word in configuration_words(parameters, commit)
        ]
    )


def host_commands(commands):
    """Words as the bank takes them, of ``[(channel, command, law), ...]`` in order."""
    return columns(
        [
            {"channel": channel, "data": word, "last": n == len(words) - 1}
            for channel, command, law in commands
            for words in [command_words(command, law)]
            for n, word in enumerate(words)
        ]
    )


def host_octets(sets, bits):
    """Data octets as a bank takes them.

    ``sets`` and ``bits``: ``{channel: ...}``. In the order in which data frames need them, so that
    a channel whose queue is full keeps no other waiting for long.
    """
    rows = []
    for channel, sent in bits.items():
        octets = np.packbits(sent, bitorder="little")
        needed = 8 * np.arange(len(octets)) // sets[channel].data_bits
        rows += [(n, channel, octet) for n, octet in zip(needed, octets, strict=True)]
    rows.sort(key=lambda row: row[0])
    _, channel, octet = np.array(rows).T
    return {"channel": channel, "octet": octet}


def data_frames(output, channels):
    """Octets of a bank since its reset, by data frames: ``(octets, starts)`` of each channel.

    ``octets`` has the shape ``(channels, frames, 6)``, ``starts`` is true for each data frame that
    is the first with its parameters. Checks the order, and the tags.
    """
    number = np.arange(len(output))
    assert np.array_equal(output["channel"], number % channels)
    assert np.array_equal(output["interval"], number // channels % INTERVALS)
    whole = output[: len(output) // (channels * INTERVALS) * channels * INTERVALS]
    frames = whole.reshape(-1, INTERVALS, channels).transpose(2, 0, 1)
    assert (frames["start"] == frames["start"][:, :, :1]).all()
    return frames["octet"].astype(np.uint8), frames["start"][:, :, 0].astype(bool)


def follow(octets, starts, history, sent, idle=0xD5):
    """Hold a channel's data frames against golden, every octet.

    ``history``: the parameters in the order they were committed; each but the last must have
    begun. ``sent``: all data bits that the channel was given, where data frames of ones may come
    between data frames of data. Returns for each data frame with parameters whether it is one of
    ones for want of data.

    Golden is given the bits that golden decodes from the octets, so this is no more than checking
    that the octets are the ones of an encoder that had these bits. What is still undecided at the
    end of the octets is not compared.
    """
    begins = np.flatnonzero(starts)
    assert len(begins) <= len(history)
    assert (octets[: begins[0] if len(begins) else None] == idle).all()
    encoder, expected, for_want, position = None, [], [], 0
    for p, run in zip(history, np.split(octets, begins)[1:], strict=False):
        decoder = Decoder(p)
        bits = decoder.process(run.reshape(-1))
        assert decoder.illegal == decoder.overflows == 0
        for frame in bits.reshape(-1, p.data_bits):
            is_data = np.array_equal(frame, sent[position : position + p.data_bits])
            assert is_data or frame.all()
            position += p.data_bits * is_data
            for_want.append(not is_data)
        if encoder is None:
            encoder = Encoder(p)
        else:
            expected.append(encoder.change(p))
        expected.append(encoder.process(bits))
    if encoder is not None:
        expected = np.concatenate(expected)
        compared = octets[begins[0] :].reshape(-1)[: len(expected)]
        assert np.array_equal(compared, expected)
        assert compared.size + DELAY_FRAMES * INTERVALS >= octets[begins[0] :].size
    return np.array(for_want, bool), len(sent) - position


class WithMultiplier(wiring.Component):
    """A block that shares a multiplier, with one of its own."""

    def __init__(self, block):
        self.block = block
        members = block.signature.members
        super().__init__({name: members[name] for name in members if name != "multiplier"})

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = self.block
        m.submodules.multiplier = multiplier = Multiplier()
        pass_on(m, self, block, self.signature.members)
        multiplier.serve(m, block)
        return m


class Configured(wiring.Component):
    """A block whose ``i`` waits until ``words`` configuration words have come since reset."""

    def __init__(self, block):
        self.block = block
        members = block.signature.members
        super().__init__(
            {name: members[name] for name in ("i_configuration", "i", "o")} | {"words": In(16)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = self.block
        seen = Signal(16)
        connect(m, flipped(self.i_configuration), block.i_configuration)
        connect(m, block.o, flipped(self.o))
        begun = seen >= self.words
        m.d.comb += [
            block.i.payload.eq(self.i.payload),
            block.i.valid.eq(self.i.valid & begun),
            self.i.ready.eq(block.i.ready & begun),
        ]
        with m.If(self.i_configuration.valid & self.i_configuration.ready & ~begun):
            m.d.sync += seen.eq(seen + 1)
        return m


class Paced(wiring.Component):
    """A bank whose octets are taken at most one in ``interval`` cycles, as by a line.

    ``late``: once an octet has been taken, one was not there in its time; stays 1. ``interval`` of
    0 is as fast as they come.
    """

    def __init__(self, bank):
        self.bank, members = bank, dict(bank.signature.members)
        self.passed = [name for name in members if name != "o"]
        super().__init__({**members, "interval": In(16), "late": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = self.bank
        pass_on(m, self, bank, self.passed)
        since, due, begun = Signal(16), Signal(), Signal()
        may = due | (self.interval == 0)
        m.d.comb += [
            self.o.payload.eq(bank.o.payload),
            self.o.valid.eq(bank.o.valid & may),
            bank.o.ready.eq(self.o.ready & may),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [begun.eq(1), due.eq(0)]
        m.d.sync += since.eq(since + 1)
        with m.If((since + 1 >= self.interval) & (self.interval != 0)):
            m.d.sync += [since.eq(0), due.eq(1)]
            with m.If(due & ~self.o.valid & begun):
                m.d.sync += self.late.eq(1)
        return m


class HighwayClock:
    """Bit clock and frame sync of a PCM highway, and where its bits are to be read.

    ``cycle`` counts from 0 of the first frame's first bit, which has ``lead`` cycles before it.
    """

    def __init__(self, frames, bits, cycles_per_bit, *, silent=(), jitter=None, lead=40):
        begins = lead + np.floor(np.arange(frames * bits + 1) * cycles_per_bit).astype(int)
        if jitter is not None:
            begins[1:-1] += jitter.integers(-1, 2, len(begins) - 2)
        length = begins[-1]
        falls = begins[:-1] + np.diff(begins) // 2
        self.begins, self.falls = begins[:-1], falls
        self.frames, self.bits = frames, bits
        self.bit_clock, self.frame_sync = np.zeros((2, length), int)
        for begin, fall in zip(self.begins, falls, strict=True):
            self.bit_clock[begin:fall] = 1
        # The clock runs before the first frame, too.
        half = int(cycles_per_bit) // 2
        self.bit_clock[lead - 4 * half : lead] = np.repeat([1, 0, 1, 0], half)
        # A bit long, before each frame but the silent ones.
        for frame in set(range(frames)) - set(silent):
            before = begins[frame * bits - 1] if frame else lead - 2 * half
            self.frame_sync[before : begins[frame * bits]] = 1

    @property
    def waves(self):
        return {"bit_clock": self.bit_clock, "frame_sync": self.frame_sync}

    def read(self, wave):
        """A wave at the falling edges: ``(frames, bits)``."""
        return wave[self.falls].reshape(self.frames, self.bits)


def slots_of(bits, slots):
    """Octets ``(frames, slots)`` of a highway's bits, most significant first."""
    return np.packbits(bits[:, : 8 * slots].reshape(-1, slots, 8).astype(np.uint8), axis=2)[..., 0]


#: Bits of silence on a UART's line before the first octet, and after the last.
UART_LEAD = 12


def uart_wave(octets, cycles, gap=0):
    """A UART's line with octets, ``gap`` bits apart; ``cycles`` a bit need not be whole."""
    bits = [1] * UART_LEAD
    for octet in octets:
        bits += [0, *(octet >> n & 1 for n in range(8)), 1, *[1] * gap]
    bits += [1] * UART_LEAD
    edges = np.rint(np.arange(len(bits) + 1) * cycles).astype(int)
    return np.repeat(bits, np.diff(edges))


def uart_octets(line, cycles):
    """Octets on a UART's line of a whole number of cycles a bit."""
    octets, at = bytearray(), 0
    while len(starts := np.flatnonzero(line[at:] == 0)):
        bits = line[at + starts[0] + cycles // 2 :: cycles][:10]
        if len(bits) < 10:
            break
        assert bits[9] == 1
        octets.append(int(packed(bits[1:9])))
        at += starts[0] + cycles // 2 + 9 * cycles
    return bytes(octets)
