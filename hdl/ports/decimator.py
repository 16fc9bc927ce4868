"""The decimator in gateware; golden/ports/decimator.py has its taps and formats."""

from amaranth.hdl import Module, Signal
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

    A sample is taken in one cycle. After every ``factor``-th one, a product is added in each cycle.
    The sum is offered ``latency`` cycles after that sample was taken, 38 or 26, and no sample is
    taken until the sum is. So samples that come at least ``latency`` + 2 cycles apart need not
    wait. A reset sets all samples to zero, in 64 cycles. Bit-exact with
    :class:`golden.ports.decimator.Decimator`.

    Parameters
    ----------
    factor : 2 or 3

    Members
    -------
    i : In(stream of SAMPLE)   of the codec
    o : Out(stream of SAMPLE)  of 16 kHz
    """

    def __init__(self, factor):
        self.factor, self.taps = factor, TAPS[factor]
        self.latency = len(self.taps) + 3
        super().__init__(
            {"i": In(stream.Signature(shape(SAMPLE))), "o": Out(stream.Signature(shape(SAMPLE)))}
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
        reading, multiplied = Signal(), Signal()
        m.d.sync += multiplied.eq(reading)
        m.d.comb += [
            read.addr.eq(newest - tap),
            taps.addr.eq(tap),
            self.o.payload.eq(
                requant(total, DECIMATOR_SUM, SAMPLE, Rounding.HALF_UP, Overflow.SAT)
            ),
        ]
        with multiplier.multiply(m, read.data, taps.data, when=multiplied) as self.adding:
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
