"""Words of commands, and the rings that they are put into."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, connect, flipped

from golden.errors import V90Error
from golden.signals.generator import Command, Signal
from hdl.pcm.csr import configuration_words
from hdl.signals.commands import (
    COMMAND_AT,
    END_AT,
    HEADER,
    NEXT_AT,
    REST_AT,
    RING_BITS,
    ROW_WORD_BITS,
    WORD_BITS,
    WRITTEN_AT,
    CommandWriter,
    command_words,
)
from hdl.signals.training import descriptor_words
from sim.calls.parameter_sets import random_parameters
from sim.engines.gateware import Gateware
from sim.engines.pattern import DEFAULT_PATTERNS
from tests.golden.signals.support import descriptor

RING = 1 << RING_BITS


def header(words):
    """A command's first word as a dict."""
    fields = HEADER.from_bits(words[0])
    return {name: int(fields[name]) for name, _ in HEADER}


# --- Words ----------------------------------------------------------------------------------------


def test_words_of_what_needs_nothing():
    words = command_words(Command(Signal.ED, 2, repeat=True), "A")
    assert header(words) == {"signal": 12, "repeat": 1, "now": 0, "law": 1, "size": 6}
    assert words[1:] == [2, 0, 0, 0, 0]
    words = command_words(Command(Signal.SILENCE, 65535, now=True), "mu")
    assert header(words) == {"signal": 0, "repeat": 0, "now": 1, "law": 0, "size": 6}
    assert words[1] == 65535


def test_words_with_ucodes_and_bits(rng):
    assert command_words(Command(Signal.SD, value=70), "A")[3:] == [86, 86 | 86 << 8, 86 << 8]
    assert command_words(Command(Signal.R, value=range(1, 7)), "A")[3:] == [513, 1027, 1541]
    assert command_words(Command(Signal.TRN1D, value=5), "A")[3:] == [0x505] * 3
    bits = rng.integers(0, 2, 72, np.uint8)
    words = command_words(Command(Signal.JD, value=(5, bits)), "A")
    assert words[2:6] == [72, 0x505, 0x505, 0x505] and header(words)["size"] == len(words) == 11
    packed = sum(word << 16 * n for n, word in enumerate(words[6:]))
    assert packed == sum(int(bit) << n for n, bit in enumerate(bits))
    words = command_words(Command(Signal.JD_END, value=(5, None)), "A")
    assert words[2] == 12 and len(words) == 6


def test_words_of_tables(rng):
    asked = descriptor(rng, 255, 128, 128)
    words = command_words(Command(Signal.DIL, value=asked), "A")
    assert len(words) == REST_AT + 160 == header(words)["size"] < RING
    assert all(words[REST_AT + at] == word for at, word in descriptor_words(asked))
    p = random_parameters(rng, law="mu")
    words = command_words(Command(Signal.B1D, 48, value=p), "mu")
    assert words[REST_AT:] == [word for _, word in configuration_words(p)][:-1]
    assert len(words) == 63


def test_what_has_no_words(rng):
    p = random_parameters(rng, law="mu")
    for command, sentence in (
        (Command(Signal.TRN2D, value=p), "mu-law are no use to a channel that is A-law"),
        (Command(Signal.DIL, value={"segments": 0}), "a DIL without DIL-segments is none"),
        (Command(Signal.MP, value=[0] * 256), "255 bits at most, not 256"),
    ):
        with pytest.raises(V90Error, match=sentence):
            command_words(command, "A")


# --- Rings ----------------------------------------------------------------------------------------


class Written(wiring.Component):
    """A writer with its memory, which a plain port reads and writes, too."""

    def __init__(self, channels):
        self.writer = CommandWriter(channels)
        places = self.writer.places
        super().__init__(
            {
                "i": self.writer.signature.members["i"],
                "grant": In(1),
                "busy": wiring.Out(1),
                "address": In(places.shape),
                "data": In(WORD_BITS),
                "write": In(1),
                "word": wiring.Out(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.writer = writer = self.writer
        m.submodules.words = words = Memory(
            shape=WORD_BITS, depth=writer.places.depth, init=[0] * writer.places.depth
        )
        port, write, read = words.read_port(), words.write_port(), words.read_port()
        connect(m, flipped(self.i), writer.i)
        m.d.comb += [
            port.addr.eq(writer.address),
            writer.word.eq(port.data),
            write.addr.eq(writer.address),
            write.data.eq(writer.data),
            write.en.eq(writer.write),
            read.addr.eq(self.address),
            self.word.eq(read.data),
            writer.grant.eq(self.grant),
            self.busy.eq(writer.busy),
        ]
        with m.If(self.write):
            m.d.comb += [
                write.addr.eq(self.address),
                write.data.eq(self.data),
                write.en.eq(1),
            ]
        return m


class Rings:
    """Such a memory, and what should be in it."""

    def __init__(self, channels):
        self.gateware, self.channels = Gateware(Written(channels)), channels
        self.gateware.power_on()

    def access(self, address, value=None):
        self.gateware.run(
            cycles=2,
            reset=False,
            partial=True,
            waves={"address": address, "data": value or 0, "write": [int(value is not None), 0]},
        )
        return self.gateware.get("word")

    def row(self, channel, word, value=None):
        base = self.channels * RING + (channel << ROW_WORD_BITS)
        return self.access(base + word, value)

    def ring(self, channel, at, count):
        return [self.access(channel * RING + (at + n) % RING) for n in range(count)]

    def places(self, channel):
        """Where the next command is, and where those that wait end, and the words."""
        return tuple(self.row(channel, word) for word in (NEXT_AT, END_AT, WRITTEN_AT))

    def give_word(self, channel, word, last):
        """One word of a command; whether it was taken."""
        inputs = {"channel": [channel], "data": [word], "last": [int(last)]}
        result = self.gateware.run(
            {"i": inputs}, cycles=20, partial=True, reset=False, waves={"grant": 1}
        )
        return len(result.taken["i"]) == 1

    def give(self, *commands, cycles=20_000, grant=1, **options):
        """Words of ``(channel, words)``; how many were taken, whose cycles are ``taken``."""
        rows = [
            (channel, word, n == len(words) - 1)
            for channel, words in commands
            for n, word in enumerate(words)
        ]
        inputs = dict(zip(("channel", "data", "last"), np.array(rows).T, strict=True))
        result = self.gateware.run(
            {"i": inputs},
            cycles=cycles,
            partial=True,
            reset=False,
            waves={"grant": grant},
            **options,
        )
        self.taken = result.taken["i"]
        self.gateware.reset()  # what was not taken is no longer offered
        return len(self.taken)


def some_words(rng, size, now=0):
    first = HEADER.const({"signal": 1, "repeat": 0, "now": now, "law": 0, "size": size})
    return [first.as_value().value, *rng.integers(0, 1 << 16, size - 1).tolist()]


@pytest.mark.parametrize("channels", [1, 3])
def test_commands_wait_from_their_last_word_on(channels, rng):
    for pattern in DEFAULT_PATTERNS:
        rings, at = Rings(channels), 0
        for size in (6, 63, 11, 166):
            words = some_words(rng, size)
            given = [(channel, words) for channel in range(channels)]
            assert rings.give(*given, **pattern._asdict()) == size * channels
            for channel in range(channels):
                assert rings.ring(channel, at, size) == words
                assert rings.places(channel) == (0, at + size, at + size)
            at += size
    # Word by word in turns, and the last one of each later.
    words = [some_words(rng, 9) for _ in range(channels)]
    for n in range(9):
        for channel in range(channels):
            assert rings.give_word(channel, words[channel][n], n == 8)
            assert rings.places(channel) == (0, at + 9 * (n == 8), at + n + 1)
    for channel in range(channels):
        assert rings.ring(channel, at, 9) == words[channel]


def test_a_word_takes_eight_cycles_and_a_grant(rng):
    rings = Rings(2)
    assert rings.give((1, some_words(rng, 63)), grant=0) == 0
    assert rings.give((1, some_words(rng, 63))) == 63
    assert set(np.diff(rings.taken)) == {CommandWriter.cycles}


def test_a_full_ring_takes_no_more(rng):
    """The command being sent keeps its words, all of them, and the first that waits is dropped."""
    rings = Rings(2)
    sent, waits = some_words(rng, 100), some_words(rng, 300)
    assert rings.give((1, sent), (1, waits)) == 400
    rings.row(1, COMMAND_AT, REST_AT)
    rings.row(1, NEXT_AT, 100)
    assert rings.give((1, some_words(rng, 300))) == RING - 1 - 400
    assert rings.places(1) == (100, 400, RING - 1)
    # The next begins: its words stay, those of the one before make room.
    rings.row(1, COMMAND_AT, 100 + REST_AT)
    rings.row(1, NEXT_AT, 400)
    assert rings.give((1, some_words(rng, 300))) == 100
    assert rings.ring(1, 100, 300) == waits


@pytest.mark.parametrize("waiting", [0, 400])
def test_now_takes_the_place_of_what_waits(waiting, rng):
    rings = Rings(2)
    sent = some_words(rng, 100)
    rings.give((1, sent), *([(1, some_words(rng, waiting))] if waiting else []))
    rings.row(1, NEXT_AT, 100)
    now = some_words(rng, 63, now=1)
    assert rings.give_word(1, now[0], 0)
    assert rings.places(1) == (100, 100, 101)
    for word in now[1:]:
        rings.give_word(1, word, 0)
    assert rings.places(1) == (100, 100, 163)
    assert rings.give_word(1, now[0], 1)
    assert rings.places(1) == (100, 164, 164)
    assert rings.ring(1, 0, 164) == sent + now + now[:1]


def test_words_for_channels_that_there_are_not(rng):
    rings = Rings(3)
    assert rings.give((3, some_words(rng, 40)), (2, some_words(rng, 7))) == 47
    assert rings.places(2) == (0, 7, 7)
    assert all(rings.places(channel) == (0, 0, 0) for channel in range(2))
