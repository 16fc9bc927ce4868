"""The ring of commands of a channel is an ideal queue: an induction step.

It begins with any rings and rows in which the command being sent, the commands that wait and the
one that is not yet whole lie one after the other. A word of any channel goes after all others, or
takes the place of those that wait, or waits where there is no room. Nothing else changes, of any
channel. So this holds after any number of words. That a signal sequencer moves on by whole commands
rests on the sizes in their headers.
"""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, ResetSignal, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory

from hdl.core.memory import read_alone
from hdl.signals.commands import (
    COMMAND_AT,
    END_AT,
    HEADER,
    NEXT_AT,
    REST_AT,
    RING_BITS,
    WORD_BITS,
    WRITTEN_AT,
    Places,
)
from tests.formal.proof import Free, holds, planted

#: 30 take three minutes.
CHANNELS = 3


class Rings(wiring.Component):
    """A command writer and its memory, as a signal sequencer has them."""

    def __init__(self, module, channels):
        self.writer = module.CommandWriter(channels)
        super().__init__({"i": self.writer.signature.members["i"]})

    def elaborate(self, platform):
        m = Module()
        m.submodules.writer = writer = self.writer
        m.submodules.words = words = Memory(shape=WORD_BITS, depth=writer.places.depth, init=[])
        write = words.write_port()
        wiring.connect(m, wiring.flipped(self.i), writer.i)
        m.d.comb += [
            writer.word.eq(read_alone(m, words, writer.address, write)),
            write.addr.eq(writer.address),
            write.data.eq(writer.data),
            write.en.eq(writer.write),
            writer.grant.eq(1),
        ]
        return m


def takes_a_word(channels):
    """The claims; ``channel`` and ``place`` are any of a ring's."""
    places = Places(channels)

    def claims(m, rings, inside, channel, place):
        cycles = rings.writer.cycles
        time, word = Signal(range(cycles + 2)), Signal.like(rings.i.payload)
        first, over = time == 0, time == cycles
        m.d.sync += time.eq(Mux(time == cycles + 1, time, time + 1))
        with m.If(first):
            m.d.sync += word.eq(rings.i.payload)

        def look(address):
            reads, value = inside.content("words", address)
            m.d.comb += reads
            return value

        rest, following, end, written = (
            look(places.row(channel, name))[:RING_BITS]
            for name in (COMMAND_AT, NEXT_AT, END_AT, WRITTEN_AT)
        )
        there = look(places.ring(channel, place))
        # All places count from the first word of the command being sent on.
        begins = (rest - REST_AT)[:RING_BITS]
        waits, whole, size, at = (
            (one - begins)[:RING_BITS] for one in (following, end, written, place)
        )
        m.d.comb += [
            Assume(~ResetSignal()),
            Assume(channel < channels),
            Assume(rings.i.payload.channel < channels),
            Assume(~first | ((waits <= whole) & (whole <= size))),
            Assert(~over | ((waits <= whole) & (whole <= size))),
        ]
        old = Signal(
            data.StructLayout(
                {
                    **dict.fromkeys(("begins", "waits", "whole", "size"), RING_BITS),
                    "there": WORD_BITS,
                }
            )
        )
        with m.If(first):
            m.d.sync += old.eq(Cat(begins, waits, whole, size, there))
        before = Signal(len(channel) + len(place))
        valid, taken = Signal(), Signal()
        m.d.sync += before.eq(Cat(channel, place))
        with m.If(first):
            m.d.sync += valid.eq(rings.i.valid)
        with m.If(rings.i.ready):
            m.d.sync += taken.eq(1)
        # A word stays until it is taken, and no other comes.
        m.d.comb += [
            Assume(first | (before == Cat(channel, place))),
            Assume(first | (rings.i.valid == (valid & ~taken))),
            Assume(first | (rings.i.payload == word)),
        ]
        mine = valid & (word.channel == channel)
        header = data.View(HEADER, word.data)
        # The first word of a command, which takes the place of what waits if it says so.
        begins_one = old.whole == old.size
        target = Mux(begins_one & header.now, old.waits, old.size)
        room = target != (1 << RING_BITS) - 1
        put = mine & room
        kept = Mux(begins_one, target, old.whole)
        later = (target + 1)[:RING_BITS]
        with m.If(over):
            m.d.comb += [
                Assert(begins == old.begins),
                Assert(waits == old.waits),
                Assert(~mine | (taken == room)),
                Assert(size == Mux(put, later, old.size)),
                Assert(whole == Mux(put, Mux(word.last, later, kept), old.whole)),
                Assert(there == Mux(put & (at == target), word.data, old.there)),
            ]

    return claims


def rings_hold(folder, *change, channels=CHANNELS):
    module = planted("hdl.signals.commands", *change)
    rings = Rings(module, channels)
    number = len(rings.i.payload.channel)
    free = Free(rings, takes_a_word(channels), inside=True, channel=number, place=RING_BITS)
    return holds(folder, free, rings.writer.cycles + 1, filled=False)


@pytest.mark.long
def test_words_go_behind_all_others(tmp_path):
    assert rings_hold(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        ("(at + 1 + REST_AT)[:RING_BITS]", "(at + REST_AT)[:RING_BITS]"),
        ("with m.If(first & header.now)", "with m.If(header.now)"),
        (
            'm.d.sync += end.eq(at)\n                m.next = "KEEP_END"',
            'pass\n                m.next = "KEEP_END"',
        ),
        ("return Cat(place[:RING_BITS], channel)", "return Cat(place[:RING_BITS], channel[:1])"),
    ],
)
def test_errors_of_rings_are_found(change, tmp_path):
    assert not rings_hold(tmp_path, change)
