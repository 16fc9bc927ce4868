"""The decimator in gateware; its taps and formats stand in golden/ports/decimator.py."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.fixed import Overflow, Rounding
from golden.formats import DECIMATOR_SUM, DECIMATOR_TAP, SAMPLE
from golden.ports.decimator import TAPS
from hdl.core.fixed import requant, shape
from hdl.core.mac import Multiplier

#: Samples that are kept, a power of two and as many as there are taps at most.
_KEPT = 64


class Decimator(wiring.Component):
    """A sample of 16 kHz for every ``factor`` of a codec's: 3 of 48 kHz, or 2 of 32 kHz.

    A sample is taken in a cycle. With the ``factor``-th one a product is added in each cycle: the
    sum is offered ``latency`` cycles after that sample was taken, 38 or 26, and until it is taken
    no other is. So samples that come ``latency`` + 2 cycles apart or more need not wait. After a
    reset there are zeros, after 64 cycles. Bit-exact with
    :class:`golden.ports.decimator.Decimator`.

    Members
    -------
    i, o : In(stream), Out(stream): SAMPLE
    """

    def __init__(self, factor):
        self.factor, self.taps = factor, TAPS[factor]
        self.latency = len(self.taps) + 3
        super().__init__(
            {"i": In(stream.Signature(signed(16))), "o": Out(stream.Signature(signed(16)))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.kept = kept = Memory(shape=shape(SAMPLE), depth=_KEPT, init=[])
        m.submodules.table = table = Memory(
            shape=shape(DECIMATOR_TAP), depth=len(self.taps), init=self.taps
        )
        m.submodules.multiplier = multiplier = Multiplier()
        write, read, taps = kept.write_port(), kept.read_port(), table.read_port()
        newest, tap = Signal(range(_KEPT)), Signal(range(_KEPT))
        phase = Signal(range(self.factor))
        total = Signal(shape(DECIMATOR_SUM))
        reading, multiplied, adding = Signal(), Signal(), Signal()
        m.d.sync += [multiplied.eq(reading), adding.eq(multiplied)]
        m.d.comb += [
            read.addr.eq(newest - tap),
            taps.addr.eq(tap),
            multiplier.a.eq(read.data),
            multiplier.b.eq(taps.data),
            self.o.payload.eq(
                requant(total, DECIMATOR_SUM, SAMPLE, Rounding.HALF_UP, Overflow.SAT)
            ),
        ]
        with m.If(adding):
            m.d.sync += total.eq(total + multiplier.product)
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += [write.addr.eq(tap), write.en.eq(1)]
                m.d.sync += tap.eq(tap + 1)
                with m.If(tap == _KEPT - 1):
                    m.next = "TAKE"
            with m.State("TAKE"):
                m.d.comb += [
                    self.i.ready.eq(1),
                    write.addr.eq(newest + 1),
                    write.data.eq(self.i.payload),
                    write.en.eq(self.i.valid),
                ]
                m.d.sync += [total.eq(0), tap.eq(0)]
                with m.If(self.i.valid):
                    m.d.sync += [newest.eq(newest + 1), phase.eq(phase + 1)]
                    with m.If(phase == self.factor - 1):
                        m.d.sync += phase.eq(0)
                        m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += reading.eq(1)
                m.d.sync += tap.eq(tap + 1)
                with m.If(tap == len(self.taps) - 1):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~multiplied):
                    m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "TAKE"
        return m
