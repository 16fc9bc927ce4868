"""What the taps of the equaliser are solved with: a memory and a sum (8.4.5, 9.3.2/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

#: Bits of a sum; CORRELATION is narrower.
SUM_BITS = 48

#: Bits of a word of the Solver's memory: NORMAL, FACTOR, SOLUTION and taps.
WORD_BITS = 32

#: Bits of the sum that all else is done in. What is narrowed is its bits 32 to 63.
_LEFT_BITS = 66

#: Where a divisor stands under the sum: the first bit of a quotient counts 2**32.
_DIVISOR_AT = 31

#: Powers of two, by exponent, and behind them TRN1d's level times 2**16.
LEVEL = WORD_BITS


def operation_signature(places):
    """What an Arithmetic does in a cycle, for 2**places rows, seen from its user.

    Wires of their own, not a layout: some follow others within a cycle, which as bits of one wire
    would look like feedback to a simulator, that then evaluates everything several times.
    """
    flags = (
        "write",
        "high",
        "biased",
        "multiplicand",
        "multiplier",
        "negative",
        "divisor",
        "clear",
        "load",
        "shift",
        "one",
        "divide",
        "root",
    )
    return wiring.Signature(
        {"row": Out(places), "column": Out(places)} | {name: Out(1) for name in flags}
    )


class Arithmetic(wiring.Component):
    """The Solver's memory and what is done with its words: sums of products, division, root.

    A word read is a ``multiplicand``, a ``divisor`` or a ``multiplier``, whose product with the
    last multiplicand is in the sum 3 cycles later (``busy`` until then), or 4 where it is ``held``
    a cycle after the memory, which makes for a faster clock and 32 registers more; ``negative``
    takes the product away. A ``shift`` doubles the sum; with ``divide`` it takes away as much of
    the divisor as goes, and the quotient comes in from below. With ``root``, multiplicand 2**31 and
    divisor 0 that becomes twice the square root, which is never 0.

    The memory holds a lower triangle and a few rows more, and folds short rows behind long ones. It
    has a single port, reading or writing, and nothing rests on what it holds at first: without
    initial contents and with ram_style "huge" it is two SB_SPRAM256KA.

    Parameters: ``size``, rows of the triangle; ``more``, whole rows behind it; ``held``.

    Members
    -------
    operation : In, row and column; write the word; high: the word is bits 32 to 63 of the sum, else
        bits 1 to 32, the last of them inverted if biased; multiplicand, multiplier (and negative),
        divisor: what is read at row and column; clear, shift (one: from below) the sum; load it,
        which must be nought
    word_in : In(signed(48)), loaded times 2**16; nought where there is nothing to load
    sum : Out(signed(66)); word : Out(32); goes : Out(1), the divisor goes; busy : Out(1)
    """

    def __init__(self, size, more, held=False):
        self.held = held
        #: At least as many columns as there are words in the row of constants.
        self.places = max(LEVEL.bit_length(), (size + 10).bit_length())
        half = 1 << (self.places - 1)
        self.first = half - size // 2
        self.lines = max(half - self.first, self.first + size + more - half)
        super().__init__(
            {
                "operation": In(operation_signature(self.places)),
                "word_in": In(signed(SUM_BITS)),
                "sum": Out(signed(_LEFT_BITS)),
                "word": Out(WORD_BITS),
                "goes": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        operation, left = self.operation, self.sum
        read = self._memory(m)

        # What is asked for with an address is for the word a cycle later.
        tags = Cat(
            operation.multiplicand, operation.multiplier, operation.negative, operation.divisor
        )
        tagged = Signal(4)
        multiplicand, multiplier, negative, divisor = tagged
        adding, taking_away = Signal(), Signal()
        factor = Signal(signed(WORD_BITS))
        product = Signal(signed(2 * WORD_BITS), reset_less=True)
        word = read
        if self.held:
            word, due, away = Signal(WORD_BITS), Signal(), Signal()
            m.d.sync += [word.eq(read), due.eq(multiplier), away.eq(negative)]
        else:
            due, away = multiplier, negative
        m.d.sync += [
            tagged.eq(tags),
            adding.eq(due),
            taking_away.eq(away),
        ]
        exact = factor * word.as_signed()
        m.d.sync += product.eq(exact ^ away.replicate(2 * WORD_BITS))

        # While a root is found, the factor's one is its bit in question.
        double_root = Signal(WORD_BITS)
        tried = factor & operation.root.replicate(WORD_BITS)
        found = Signal()
        rest = Signal(signed(_LEFT_BITS - _DIVISOR_AT + 1))
        goes = ~rest[-1] & operation.divide
        bit = goes | (operation.root & factor[0] & ~found)
        m.d.comb += [
            rest.eq(left[_DIVISOR_AT:].as_signed() - (double_root | tried)),
            self.goes.eq(~rest[-1]),
            self.busy.eq(multiplier | due | adding),
        ]
        m.d.sync += found.eq(operation.root & (found | goes))

        with m.If(multiplicand):
            m.d.sync += factor.eq(read)
        with m.Elif(operation.root):
            m.d.sync += factor.eq(Cat(factor[1:], 0))
        with m.If(divisor):
            m.d.sync += double_root.eq(Cat(0, read[:-1]))
        with m.Elif(operation.root & bit):
            m.d.sync += double_root.eq(double_root | Cat(0, factor[:-1]))

        with m.If(adding):
            m.d.sync += left.eq(left + product + taking_away)
        with m.Elif(operation.shift | operation.load):
            upper = Mux(goes, rest, left[_DIVISOR_AT:])
            word_in = Cat(Const(0, 16), self.word_in, self.word_in[-1].replicate(2))
            m.d.sync += left.eq(Cat(bit | operation.one, left[:_DIVISOR_AT], upper) | word_in)
        with m.If(operation.clear):
            m.d.sync += left.eq(0)
        return m

    def _memory(self, m):
        """The memory; returns the word read."""
        operation, left = self.operation, self.sum
        m.submodules.words = words = Memory(
            shape=WORD_BITS, depth=self.lines << self.places, init=[]
        )
        read, write = words.read_port(), words.write_port()
        row = Signal(self.places)
        line = Cat(operation.column, row[:-1])
        m.d.comb += [
            row.eq(operation.row + self.first),
            write.addr.eq(Mux(row[-1], line, ~line)),
            read.addr.eq(write.addr),
            write.en.eq(operation.write),
            read.en.eq(~operation.write),
            self.word.eq(
                Mux(operation.high, left[32:64], Cat(left[1:32], left[32] ^ operation.biased))
            ),
            write.data.eq(self.word),
        ]
        return read.data
