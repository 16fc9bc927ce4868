"""Means that a receiver watches: loudness of samples, squares of errors (9.3.2/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import ERROR
from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import DEAD_LINE, FAST_BITS, SLOW_BITS
from golden.receiver.timing import HALVES
from hdl.core.fixed import shape
from hdl.core.mac import Multiplier
from hdl.core.memory import read_alone
from hdl.receiver.interfaces import FRAME_ENERGY, HALF_SYMBOL, INTERVAL


class Quality(wiring.Component):
    """Slow means of squared errors, one for each symbol of a data frame.

    A mean is m + e**2 - m / 2**SLOW_BITS after each error e. Strobes are at least 2 cycles apart.

    Members
    -------
    clear : In(1)             for a cycle: all means become zero, in 6 cycles
    first : In(1)             for a cycle: the next error is symbol 0's
    error : In(ERROR)         of the next symbol
    strobe : In(1)            ``error`` is there
    read : In(INTERVAL)       a symbol's number, 0 to 5
    mean : Out(FRAME_ENERGY)  its mean a cycle later, in a cycle in which nothing else happens
    """

    clear: In(1)
    first: In(1)
    error: In(shape(ERROR))
    strobe: In(1)
    read: In(INTERVAL)
    mean: Out(FRAME_ENERGY)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=FRAME_ENERGY, depth=8, init=[])
        m.submodules.multiplier = multiplier = Multiplier()
        write = memory.write_port()
        symbol, clearing = Signal(INTERVAL), Signal()
        last = symbol == INTERVALS - 1
        mean = read_alone(m, memory, Mux(self.strobe, symbol, self.read), write)
        with multiplier.multiply(m, self.error, self.error, when=self.strobe):
            m.d.comb += write.en.eq(1)
        with m.If(clearing):
            m.d.comb += write.en.eq(1)
        m.d.comb += [
            write.addr.eq(symbol),
            write.data.eq(Mux(clearing, 0, mean - (mean >> SLOW_BITS) + multiplier.product)),
            self.mean.eq(mean),
        ]
        m.d.sync += clearing.eq(self.clear | (clearing & ~last))
        with m.If(self.first | self.clear):
            m.d.sync += symbol.eq(0)
        with m.Elif(write.en):
            m.d.sync += symbol.eq(Mux(last, 0, symbol + 1))
        return m


class Loudness(wiring.Component):
    """A fast mean of data frames' sums of magnitudes, and whether it is too small for a signal.

    Strobes are 3 cycles apart or more.

    Members
    -------
    half : In(HALF_SYMBOL)  a half symbol
    strobe : In(1)          ``half`` is there
    clear : In(1)           for a cycle: the mean is zero
    quiet : Out(1)          of the last whole data frame, 2 cycles after its last half symbol
    """

    half: In(HALF_SYMBOL)
    strobe: In(1)
    clear: In(1)
    quiet: Out(1)

    def elaborate(self, platform):
        m = Module()
        mean, whole, less = Signal(20 + FAST_BITS), Signal(), Signal()
        negative = self.half.half[-1]
        # A magnitude is added, or a share of the mean is taken away.
        magnitude = self.half.half ^ negative.replicate(16).as_signed()
        operand = Mux(less, ~Cat(mean[FAST_BITS:], Const(0, FAST_BITS)), magnitude)
        m.d.sync += [whole.eq(self.strobe & (self.half.index == HALVES - 1)), less.eq(whole)]
        with m.If(self.strobe | less):
            m.d.sync += mean.eq(mean + operand + (less | negative))
        with m.If(whole):
            m.d.sync += self.quiet.eq(mean >> FAST_BITS < DEAD_LINE)
        with m.If(self.clear):
            m.d.sync += mean.eq(0)
        return m
