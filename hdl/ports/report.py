"""Lines of text about a receiver: numbers in decimal, decibels, the clock's offset in ppm."""

from math import log10

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.ports.report import (
    DECIBELS,
    ERROR_SUM_BITS,
    NUMBER_BITS,
    OCTAVE,
    PPM_DIVISOR,
    PPM_SHIFT,
    TABLE_BITS,
    TENTHS_FRACTION,
    Field,
    FieldKind,
)

#: Codes of characters besides digits, and the characters of all codes.
_POINT, _PLUS, _MINUS = 10, 11, 12
_CHARACTERS = "0123456789.+-"


def program(templates):
    """Octets that encode texts, and where each text begins.

    ``templates``: tuples of ASCII strings and :class:`golden.ports.report.Field`. A text ends with
    0. A field is one octet: 1 in bit 7, its kind in bits 4 to 6, its number in bits 0 to 3.
    """
    octets, starts = [], []
    for template in templates:
        starts.append(len(octets))
        for part in template:
            if isinstance(part, Field):
                octets.append(1 << 7 | part.kind << 4 | part.number)
            else:
                octets += part.encode("ascii")
        octets.append(0)
    return octets, starts


def first_sum(power):
    """Sum that :class:`Decibels` begins with: ``power`` over the largest power of two that fits.

    In tenths of a decibel with TENTHS_FRACTION fraction bits, to nearest.
    """
    return round(100 * (1 << TENTHS_FRACTION) * log10(power / (1 << (ERROR_SUM_BITS - 1))))


class Decibels(wiring.Component):
    """A power over a sum of squares in tenths of a decibel.

    At most ``latency`` = 43 cycles pass from ``start`` to ``done``. Bit-exact with
    :class:`golden.ports.report.Decibels`.

    Parameters
    ----------
    power : the power, as of the model

    Members
    -------
    start : In(1)         for a cycle: ``total`` is there; not between ``start`` and ``done``
    total : In(SUM_BITS)  the sum of squares
    done : Out(1)         for a cycle: ``tenths`` is there
    tenths : Out(11)      tenths of a decibel, from ``done`` on
    """

    latency = ERROR_SUM_BITS + 4

    def __init__(self, power):
        self.first = first_sum(power)
        super().__init__(
            {"start": In(1), "total": In(ERROR_SUM_BITS), "done": Out(1), "tenths": Out(11)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.table = table = Memory(shape=16, depth=1 << TABLE_BITS, init=DECIBELS)
        read = table.read_port()
        total, left = Signal(ERROR_SUM_BITS), Signal(range(ERROR_SUM_BITS + 1))
        sum_of = Signal(signed(11 + TENTHS_FRACTION + 1))
        m.d.comb += read.addr.eq(total[ERROR_SUM_BITS - 1 - TABLE_BITS :])
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [
                    total.eq(self.total),
                    left.eq(ERROR_SUM_BITS),
                    sum_of.eq(self.first + (1 << (TENTHS_FRACTION - 1))),
                ]
                with m.If(self.start):
                    m.next = "MOVE"
            with m.State("MOVE"):
                with m.If(total[-1] | (left == 0)):
                    m.next = "TABLE"
                with m.Else():
                    m.d.sync += [
                        total.eq(total << 1),
                        left.eq(left - 1),
                        sum_of.eq(sum_of + OCTAVE),
                    ]
            with m.State("TABLE"):
                m.d.sync += sum_of.eq(sum_of - read.data)
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.d.sync += self.tenths.eq(Mux(sum_of[-1], 0, sum_of >> TENTHS_FRACTION))
                m.next = "IDLE"
        return m


class Reporter(wiring.Component):
    """Gives texts with values in them, one octet after another.

    An octet of the text comes within 4 cycles of the one before, a value's first octet within 650,
    its others within 2. Bit-exact with :class:`golden.ports.report.Reporter`.

    Parameters
    ----------
    templates : texts, as those of the model

    Members
    -------
    start : In(1)                         for a cycle, while not ``busy``: begin a text
    template : In(range)                  number of the text
    busy : Out(1)                         a text is being given
    number : Out(4)                       number of the value that is wanted
    value : In(signed(NUMBER_BITS + 1))   that value, in the same cycle
    o : Out(stream of 8)                  octets of the text
    """

    def __init__(self, templates):
        self.octets, self.starts = program(templates)
        super().__init__(
            {
                "start": In(1),
                "template": In(range(max(2, len(self.starts)))),
                "busy": Out(1),
                "number": Out(4),
                "value": In(signed(NUMBER_BITS + 1)),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.text = text = Memory(shape=8, depth=len(self.octets), init=self.octets)
        m.submodules.digits = digits = Memory(shape=4, depth=16, init=[])
        read, digit, write = text.read_port(), digits.read_port(), digits.write_port()
        at, count = Signal(range(len(self.octets) + 1)), Signal(4)
        kind = Signal(FieldKind)
        left = Signal(range(NUMBER_BITS + 1))
        value, rest = Signal(NUMBER_BITS), Signal(PPM_DIVISOR.bit_length())
        offset, negative = Signal(), Signal()
        taken = Signal(len(rest) + 1)
        divisor = Mux(offset, PPM_DIVISOR, 10)
        goes = taken >= divisor
        size = abs(self.value)
        m.d.comb += [
            read.addr.eq(at),
            self.number.eq(read.data[:4]),
            self.busy.eq(1),
            taken.eq(Cat(value[-1], rest)),
            digit.addr.eq(count),
            write.addr.eq(count),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += at.eq(Array(self.starts)[self.template])
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.d.sync += count.eq(0)
                m.next = "TEXT"
            with m.State("TEXT"):
                m.d.sync += [kind.eq(read.data[4:6]), negative.eq(self.value[-1])]
                m.d.comb += self.o.payload.eq(read.data)
                with m.If(read.data[7]):
                    m.d.sync += at.eq(at + 1)
                    m.next = "VALUE"
                    m.d.sync += value.eq(size)
                with m.Elif(read.data == 0):
                    m.next = "IDLE"
                with m.Else():
                    m.d.comb += self.o.valid.eq(1)
                    with m.If(self.o.ready):
                        m.d.sync += at.eq(at + 1)
                        m.next = "READ"
            with m.State("VALUE"):
                m.d.sync += [left.eq(NUMBER_BITS), rest.eq(0), offset.eq(kind == FieldKind.OFFSET)]
                with m.If(kind == FieldKind.OFFSET):
                    m.d.sync += value.eq((value << PPM_SHIFT) + PPM_DIVISOR // 2)
                m.next = "DIVIDE"
            with m.State("DIVIDE"):
                m.d.sync += [
                    value.eq(Cat(goes, value)),
                    rest.eq(Mux(goes, taken - divisor, taken)),
                    left.eq(left - 1),
                ]
                with m.If(left == 1):
                    m.next = "DIGIT"
            with m.State("DIGIT"):
                m.d.sync += [left.eq(NUMBER_BITS), rest.eq(0), offset.eq(0)]
                m.d.comb += write.data.eq(rest)
                m.next = "DIVIDE"
                with m.If(~offset):
                    m.d.comb += write.en.eq(1)
                    m.d.sync += count.eq(count + 1)
                    with m.If((kind != FieldKind.NUMBER) & (count == 0)):
                        m.next = "POINT"
                    with m.Elif(value == 0):
                        m.next = "LAST"
            with m.State("POINT"):
                m.d.comb += [write.data.eq(_POINT), write.en.eq(1)]
                m.d.sync += count.eq(count + 1)
                m.next = "DIVIDE"
            with m.State("LAST"):
                m.d.comb += write.data.eq(Mux(negative, _MINUS, _PLUS))
                m.next = "BACK"
                with m.If(kind == FieldKind.OFFSET):
                    m.d.comb += write.en.eq(1)
                    m.next = "BACK"
                with m.Else():
                    m.d.sync += count.eq(count - 1)
            with m.State("BACK"):
                m.next = "SHOW"
            with m.State("SHOW"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.eq(Array(ord(one) for one in _CHARACTERS)[digit.data]),
                ]
                with m.If(self.o.ready):
                    m.d.sync += count.eq(count - 1)
                    m.next = "BACK"
                    with m.If(count == 0):
                        m.next = "READ"
        return m
