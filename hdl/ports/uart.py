"""UART: octets on a serial line, 8 data bits, no parity, one stop bit, lowest bit first."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error

#: The fewest cycles of a bit with which a receiver keeps up with a fast sender.
LEAST_CYCLES = 8

#: How far the bit rate may be off the one asked for: ten bits then end a fifth of a bit off.
TOLERANCE = 0.02


def cycles_of(clock, baud):
    """Cycles of a bit at ``baud`` bit/s with a clock of ``clock`` Hz.

    Raises :class:`~golden.errors.V90Error` where there is no number near enough.
    """
    cycles = max(1, round(clock / baud))
    if cycles < LEAST_CYCLES or abs(clock / cycles / baud - 1) > TOLERANCE:
        raise V90Error(
            f"a clock of {clock / 1e6:g} MHz makes no UART of {baud:g} bit/s: a bit must last "
            f"{LEAST_CYCLES} cycles at least, a whole number within {TOLERANCE:.0%}"
        )
    return cycles


class UartTransmitter(wiring.Component):
    """Sends octets. One takes ten bits, and its start bit begins a cycle after it is taken.

    Parameters
    ----------
    cycles : length of a bit

    Members
    -------
    i : In(stream of 8)  octets
    tx : Out(1)          the line; 1 while nothing is sent
    """

    def __init__(self, cycles):
        self.cycles = cycles
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        # Bits to be sent, the present one first. The last one, the stop bit, stays as silence.
        shift, left = Signal(10, init=1), Signal(range(self.cycles))
        over, last = left == 0, shift[1:] == 0
        m.d.comb += [self.tx.eq(shift[0]), self.i.ready.eq(over & last)]
        with m.If(~over):
            m.d.sync += left.eq(left - 1)
        with m.Elif(~last | self.i.valid):
            m.d.sync += left.eq(self.cycles - 1)
            m.d.sync += shift.eq(shift >> 1)
            with m.If(last):
                m.d.sync += shift.eq(Cat(0, self.i.payload, 1))
        return m


class UartReceiver(wiring.Component):
    """Receives octets.

    An octet comes in the middle of its stop bit. Until it is taken the line is not read, and octets
    that come meanwhile are lost. An octet whose stop bit is 0 is dropped.

    Parameters
    ----------
    cycles : length of a bit

    Members
    -------
    rx : In(1)            the line, asynchronous
    o : Out(stream of 8)  octets
    """

    def __init__(self, cycles):
        self.cycles = cycles
        super().__init__({"rx": In(1), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules += FFSynchronizer(self.rx, line, init=1)
        # A 1 goes before the bits, and is shifted out with the last one.
        shift, left = Signal(8), Signal(range(self.cycles))
        over = left == 0
        m.d.comb += self.o.payload.eq(shift)
        with m.If(~over):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += left.eq(self.cycles - 1)
        with m.FSM():
            with m.State("SILENCE"):
                m.d.sync += left.eq(self.cycles // 2 - 1)
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                m.d.sync += shift.eq(0x80)
                with m.If(over):
                    m.next = "BITS"
                    with m.If(line):
                        m.next = "SILENCE"
            with m.State("BITS"):
                with m.If(over):
                    m.d.sync += shift.eq(Cat(shift[1:], line))
                    with m.If(shift[0]):
                        m.next = "STOP"
            with m.State("STOP"):
                with m.If(over):
                    m.next = "BROKEN"
                    with m.If(line):
                        m.next = "OCTET"
            with m.State("OCTET"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "SILENCE"
            with m.State("BROKEN"):
                with m.If(line):
                    m.next = "SILENCE"
        return m
