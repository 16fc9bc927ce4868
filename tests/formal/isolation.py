"""Memories of banks, and copies of blocks: no channel changes another's (test_isolation.py)."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import Assert, Assume, Cat, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect, flipped

from hdl.core.channels import Channels
from hdl.pcm.shaper import Shaper
from hdl.pcm.signs import DifferentialEncoder
from hdl.signals.commands import RING_BITS, ROW_WORD_BITS
from tests.formal.proof import Free, contract, holds, planted

CHANNELS = 3


def taken(stream, channel="channel"):
    """The channel of what a stream gave last, what it gives now included."""

    def owner(m, block, inside):
        port, last = getattr(block, stream), Signal(range(CHANNELS + 1))
        now = port.payload[channel]
        with m.If(port.valid & port.ready):
            m.d.sync += last.eq(now)
        return last

    return owner


def offered(stream):
    """The channel of what a stream offers."""
    return lambda m, block, inside: getattr(block, stream).payload.channel


def keeps_token(*idle, fsm="fsm", path=""):
    """Claim that a block has the token that it took last, except where it waits for one."""

    def known(m, block, inside, owner):
        token = inside.signal(f"{path}.token" if path else "token")
        m.d.comb += Assert(inside.during(*idle, fsm=fsm, path=path) | (token.channel == owner))

    return known


def walks(m, block, inside, owner):
    """A shaper's leaves go through the pipeline while it walks, the last one after all others.

    ``walk.leaves.stages`` are valid with bit 0, and the last leaf's last symbol with bit 2.
    """
    keeps_token("IDLE")(m, block, inside, owner)
    _, *stages = inside.signal("walk.leaves.stages")
    at_rest, drains = (inside.during(name, path="walk") for name in ("IDLE", "DRAIN"))
    ends = inside.during("DONE", path="walk")
    valid = Cat(stage[0] for stage in stages)
    last = Cat(stage[0] & stage[2] for stage in stages)
    m.d.comb += [
        Assert(inside.during("WALK") == ~at_rest),
        Assert(~(at_rest | ends) | ~valid.any()),
        Assert(drains == last.any()),
        Assert(~drains | ((last & (last - 1)[: len(last)]) == 0)),
        # Younger stages, which come after it, have none.
        *(Assert(~last[n] | ~valid[:n].any()) for n in range(1, len(stages))),
    ]


def busy(m, block, inside):
    """The channel whose word a command writer has, or else that of the data frame."""
    writing, sending = block.i_command.payload.channel, block.o.payload.channel
    return Mux(inside.signal("_words.busy"), writing, sending)


def writes(m, block, inside, owner):
    """A command writer that is busy has a word of a channel that there is."""
    word = block.i_command
    known = word.valid & (word.payload.channel < CHANNELS)
    m.d.comb += [
        Assert(~inside.signal("_words.busy") | known),
        Assert(block.o.payload.channel < CHANNELS),
    ]


def of_ring(address):
    """The channel of a place in a ring, or in a row; rows come after all rings."""
    rows = CHANNELS << RING_BITS
    return Mux(address < rows, address >> RING_BITS, (address - rows) >> ROW_WORD_BITS)


def nothing(m, block, inside, owner):
    pass


@dataclass(frozen=True)
class Rows:
    """A block ``make(module)``; its memory, where a channel's number is in an address.

    That is from a ``bit`` on, or a function of the address gives it. ``owner`` gives the channel
    that may be written, ``known`` claims what is so besides. ``plant``: an error, of the module.
    ``begins``: states in which all channels' rows are cleared.
    """

    module: str
    make: Callable
    memory: str
    bit: int | Callable
    owner: Callable
    plant: tuple
    known: Callable = keeps_token("IDLE")
    begins: tuple = ()
    fsm: str = "fsm"
    cut: tuple = ()

    def holds(self, folder, is_planted):
        module = planted(f"hdl.{self.module}", *[self.plant] * is_planted)

        def claims(m, block, inside):
            contract(m, block, lambda was, valid, same: 1)
            owner = self.owner(m, block, inside)
            self.known(m, block, inside, owner)
            clears = inside.during(*self.begins, fsm=self.fsm) if self.begins else 0
            place = self.bit if callable(self.bit) else lambda address: address >> self.bit
            ports = [port for memory in self.memory.split() for port in inside.writes(memory)]
            assert ports
            for address, enable in ports:
                m.d.comb += Assert(~enable | clears | (place(address) == owner))

        return holds(folder, Free(self.make(module), claims, inside=True), 2, 2, self.cut)


_TOKEN = ("write.addr.eq(token.channel)", "write.addr.eq(self.i.payload.channel)")
_WORD = "i_configuration"


def _word(text):
    return text, text.replace("word.channel", "token.channel")


QUICK = {
    "Scrambler": Rows(
        "bits.scrambler", lambda m: m.Scrambler(CHANNELS), "memory", 0, taken("i"), _TOKEN
    ),
    "DifferentialEncoder": Rows(
        "pcm.signs", lambda m: m.DifferentialEncoder(CHANNELS), "memory", 0, taken("i"), _TOKEN
    ),
    "Sequencer, frames": Rows(
        "pcm.sequencer",
        lambda m: m.Sequencer(CHANNELS),
        "frames",
        1,
        offered("o_configuration"),
        (
            "frame_write.addr.eq(Cat(out.half, out.channel))",
            "frame_write.addr.eq(Cat(out.half, token.channel))",
        ),
        nothing,
    ),
}
LONG = {
    "Descrambler": Rows(
        "bits.scrambler", lambda m: m.Descrambler(CHANNELS), "memory", 0, taken("i"), _TOKEN
    ),
    "DifferentialDecoder": Rows(
        "pcm.signs", lambda m: m.DifferentialDecoder(CHANNELS), "memory", 0, taken("i"), _TOKEN
    ),
    "Sequencer, rows": Rows(
        "pcm.sequencer",
        lambda m: m.Sequencer(CHANNELS),
        "rows",
        0,
        offered("o"),
        ("row_write.addr.eq(token.channel)", "row_write.addr.eq(word.channel)"),
        nothing,
        ("CLEAR",),
        "frames",
    ),
    "ModulusEncoder": Rows(
        "pcm.modulus",
        lambda m: m.ModulusEncoder(CHANNELS),
        "moduli",
        4,
        offered(_WORD),
        (
            "write.addr.eq(Cat(word.address[:3], word.half, word.channel))",
            "write.addr.eq(Cat(word.address, word.half, word.channel))",
        ),
        nothing,
    ),
    "Mapper": Rows(
        "pcm.mapper",
        lambda m: m.Mapper(CHANNELS),
        "masks",
        7,
        offered(_WORD),
        (
            "Cat(word.address, word.half, word.channel)",
            "Cat(word.address, word.half, token.channel)",
        ),
        nothing,
    ),
    "Shaper, words": Rows(
        "pcm.shaper",
        lambda m: m.Shaper(CHANNELS),
        "words",
        3,
        offered(_WORD),
        (
            "write.addr.eq(Cat(word.address[:2], word.half, word.channel))",
            "write.addr.eq(Cat(word.address[:2], word.half, self.i.payload.channel))",
        ),
        nothing,
        cut=("walk", "decision"),
    ),
    "Shaper, states": Rows(
        "pcm.shaper",
        lambda m: m.Shaper(CHANNELS),
        "states",
        0,
        taken("i"),
        ("state_write.addr.eq(token.channel)", "state_write.addr.eq(self.i.payload.channel)"),
        cut=("walk", "decision"),
    ),
    "Multiplexer, waiting": Rows(
        "pcm.multiplexer",
        lambda m: m.Multiplexer(CHANNELS, Shaper(CHANNELS).o_layout, 0xD5),
        "waiting",
        5,
        taken("i"),
        (
            "wait_write.addr.eq(Cat(interval, frame, token.channel))",
            "wait_write.addr.eq(Cat(interval, frame, self.i.payload.channel))",
        ),
        keeps_token("IDLE", fsm="make"),
    ),
    "Multiplexer, ready": Rows(
        "pcm.multiplexer",
        lambda m: m.Multiplexer(CHANNELS, Shaper(CHANNELS).o_layout, 0xD5),
        "ready",
        4,
        taken("i"),
        (
            "ready_write.addr.eq(Cat(before, writing[0], token.channel))",
            "ready_write.addr.eq(Cat(before, writing, token.channel))",
        ),
        keeps_token("IDLE", fsm="make"),
    ),
    "Shaper, leaves": Rows(
        "pcm.shaper",
        lambda m: m.Shaper(CHANNELS),
        "walk.leaves.states walk.leaves.low walk.leaves.high",
        4,
        taken("i"),
        ("walk.channel.eq(token.channel)", "walk.channel.eq(self.i.payload.channel)"),
        walks,
        cut=tuple(
            f"walk.leaves.{name}" for name in ("a1_y", "b2_y", "b1_x", "a2_v", "square", "mixed")
        ),
    ),
    "SignalSequencer, commands": Rows(
        "signals.sequencer",
        lambda m: m.SignalSequencer(CHANNELS),
        "words",
        of_ring,
        busy,
        ("address = Mux(writer.busy | writer.grant,", "address = Mux(writer.grant,"),
        writes,
        ("CLEAR",),
    ),
}


class Twins(wiring.Component):
    """Two copies of a component, ``a`` and ``b``."""

    def __init__(self, make):
        self.parts = make(), make()
        super().__init__({name: Out(self.parts[0].signature) for name in "ab"})

    def elaborate(self, platform):
        m = Module()
        for part, port in zip(self.parts, (self.a, self.b), strict=True):
            m.submodules += part
            connect(m, part, flipped(port))
        return m


def same_but(data):
    """Tokens of channel 1 may differ in the field ``data``: others' answers do not."""

    def claims(m, twins):
        a, b = twins.a, twins.b
        one, other = a.i.payload, b.i.payload
        for name in one.shape().members:
            free = (one.channel == 1) if name == data else 0
            m.d.comb += Assume(free | (one[name] == other[name]))
        answers = a.o.payload, b.o.payload
        m.d.comb += [
            Assume(~ResetSignal()),
            Assume(a.i.valid & b.i.valid & a.o.ready & b.o.ready),
            Assert(a.o.valid == b.o.valid),
            Assert(a.i.ready == b.i.ready),
            Assert(
                ~a.o.valid
                | (answers[0].channel == 1)
                | (answers[0].as_value() == answers[1].as_value())
            ),
        ]

    return claims


class Turns(wiring.Component):
    """:class:`hdl.core.channels.Channels` of a component, with its ports, and whose turn it is."""

    def __init__(self, component, count, channels=Channels):
        self.component, self.lines = component, channels(component, count)
        super().__init__({"own": Out(component.signature), "channel": Out(range(count))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.lines = self.lines
        connect(m, self.component, flipped(self.own))
        m.d.comb += self.channel.eq(self.lines.channel)
        return m


def same_turns(m, twins):
    """In the turns of channel 1 anything may come: in others' the answers are the same."""
    a, b = twins.a.own, twins.b.own
    mine = twins.a.channel == 1
    ours, theirs = (port.i.payload.as_value() for port in (a, b))
    m.d.comb += [
        Assume(mine | ((a.i.valid == b.i.valid) & (ours == theirs) & (a.o.ready == b.o.ready))),
        Assume(~ResetSignal()),
        Assert(twins.a.channel == twins.b.channel),
        Assert(mine | ((a.o.valid == b.o.valid) & (a.i.ready == b.i.ready))),
        Assert(mine | ~a.o.valid | (a.o.payload.as_value() == b.o.payload.as_value())),
    ]


#: Claims, a module, two copies of what, for how many cycles, and an error.
TWINS = {
    "Scrambler": (
        same_but("data"),
        "bits.scrambler",
        lambda m: m.Scrambler(2, polynomial=(2, 3), width=4),
        24,
        ("read.addr.eq(self.i.payload.channel)", "read.addr.eq(~self.i.payload.channel)"),
    ),
    "Descrambler": (
        same_but("data"),
        "bits.scrambler",
        lambda m: m.Descrambler(2, polynomial=(2, 3), width=4),
        24,
        ("read.addr.eq(self.i.payload.channel)", "read.addr.eq(~self.i.payload.channel)"),
    ),
    "DifferentialEncoder": (
        same_but("bits"),
        "pcm.signs",
        lambda m: m.DifferentialEncoder(2),
        14,
        _TOKEN,
    ),
    "DifferentialDecoder": (
        same_but("bits"),
        "pcm.signs",
        lambda m: m.DifferentialDecoder(2),
        14,
        _TOKEN,
    ),
    "Channels": (
        same_turns,
        "core.channels",
        lambda m: Turns(DifferentialEncoder(), 3, m.Channels),
        14,
        ("addr=self._after, data=read", "addr=self._channel, data=read"),
    ),
}
