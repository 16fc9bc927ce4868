"""Small queues keep order and lose nothing: a gatherer, and a UART's two ends."""

import pytest
from amaranth.hdl import Assert, Assume, Module, Mux, ResetSignal, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tests.formal.proof import Free, contract, holds, holds_in_sat, planted

CHANNELS, LINES = 3, 4


def gathers(m, gatherer, inside):
    """Octets that have come and not gone are the last ones, in order, with the last one's marks."""
    contract(m, gatherer)
    i, o = gatherer.i, gatherer.o
    held = Signal(data.ArrayLayout(8, LINES))
    there, channel = Signal(range(LINES + 1)), Signal(range(CHANNELS))
    last = Signal(i.payload.shape())
    m.d.comb += Assume(~ResetSignal())
    with m.If(o.valid & o.ready):
        m.d.sync += [there.eq(0), channel.eq(Mux(channel == CHANNELS - 1, 0, channel + 1))]
    with m.If(i.valid & i.ready):
        m.d.sync += [there.eq(there + 1), held[there].eq(i.payload.octet), last.eq(i.payload)]
    line, following = inside.signal("line"), inside.signal("channel")
    m.d.comb += [
        Assert(~(i.valid & i.ready) | (there < LINES)),
        Assert(o.valid == (there == LINES)),
        Assert(~o.valid | (o.payload.octet == held.as_value())),
        Assert(~o.valid | (o.payload.channel == channel)),
        Assert(~o.valid | (o.payload.interval == last.interval)),
        Assert(~o.valid | (o.payload.start == last.start)),
        # What is so inside.
        Assert((there <= LINES) & (channel < CHANNELS)),
        Assert(line == Mux(there == LINES, 0, there)),
        Assert(following == Mux(o.valid, Mux(channel == CHANNELS - 1, 0, channel + 1), channel)),
    ]
    for filled in range(1, LINES):
        own = o.payload.octet[8 * (LINES - filled) :]
        m.d.comb += Assert((there != filled) | (own == held.as_value()[: 8 * filled]))


def gatherer_holds(folder, *change):
    gatherer = planted("hdl.ports.tdm", *change).Gatherer(CHANNELS, LINES)
    return holds(folder, Free(gatherer, gathers, inside=True), 2, 2)


def test_gatherer_is_a_queue(tmp_path):
    assert gatherer_holds(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        ("self.i.ready.eq(~self.o.valid)", "self.i.ready.eq(1)"),
        ("Cat(out.octet[8:], octet)", "Cat(octet, out.octet[:-8])"),
        ("line == self.lines - 1", "line == self.lines - 2"),
    ],
)
def test_errors_of_a_gatherer_are_found(change, tmp_path):
    assert not gatherer_holds(tmp_path, change)


class Serial(wiring.Component):
    """A UART's transmitter, and a receiver of its line."""

    def __init__(self, module):
        cycles = module.LEAST_CYCLES
        self.ends = module.UartTransmitter(cycles), module.UartReceiver(cycles)
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter, m.submodules.receiver = transmitter, receiver = self.ends
        connect(m, flipped(self.i), transmitter.i)
        connect(m, receiver.o, flipped(self.o))
        m.d.comb += receiver.rx.eq(transmitter.tx)
        return m


def serial(m, pair):
    """An octet comes as it went, at the latest when the next one goes."""
    i, o, octet, under_way = pair.i, pair.o, Signal(8), Signal()
    taken = i.valid & i.ready
    with m.If(o.valid):
        m.d.sync += under_way.eq(0)
    with m.If(taken):
        m.d.sync += [octet.eq(i.payload), under_way.eq(1)]
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume(o.ready),
        Assert(~taken | ~under_way | o.valid),
        Assert(~o.valid | (under_way & (o.payload == octet))),
    ]


#: From power-on: an octet of ten bits of eight cycles, and the next one's beginning.
SERIAL_CYCLES = 90


def serial_holds(folder, *change):
    return holds_in_sat(
        folder, Free(Serial(planted("hdl.ports.uart", *change)), serial), SERIAL_CYCLES
    )


@pytest.mark.long
def test_uart_receives_what_it_transmits(tmp_path):
    assert serial_holds(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        ("Cat(0, self.i.payload, 1)", "Cat(0, self.i.payload[::-1], 1)"),
        ("left.eq(self.cycles // 2 - 1)", "left.eq(self.cycles - 1)"),
        ("m.d.sync += shift.eq(0x80)", "m.d.sync += shift.eq(0x40)"),
    ],
)
def test_errors_of_a_uart_are_found(change, tmp_path):
    assert not serial_holds(tmp_path, change)
