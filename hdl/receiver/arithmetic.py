"""The arithmetic of the least-squares solution: a memory and a sum (8.4.5, 9.3.2/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.receiver.interfaces import TAP_WORD

#: A word of the normal equations; golden.formats.CORRELATION is narrower.
EQUATION_WORD = signed(48)

#: Bits of a word of the Solver's memory: NORMAL, FACTOR, SOLUTION and taps.
MATRIX_BITS = TAP_WORD.width

#: Bits of the sum. A word that is narrowed is bits 32 to 63 of it.
_SUM_BITS = 66

#: Lowest bit of a divisor under the sum: the first bit of a quotient counts 2**32.
_DIVISOR_AT = 31

#: Column of TRN1d's level times 2**16 in the row of constants, after the powers of two, each in the
#: column of its exponent.
LEVEL_COLUMN = MATRIX_BITS


class Operation(wiring.Signature):
    """To Arithmetic from its user: what it does in a cycle. ``places``: bits of row and column.

    They are separate signals, not one layout: some depend combinationally on others. As bits of one
    signal they would look like a loop, and a simulator would evaluate it repeatedly.

    Members
    -------
    row : Out(places)       of the word read or written
    column : Out(places)    of the word read or written
    write : Out(1)          write ``word``, and read nothing
    high : Out(1)           ``word`` is bits 32 to 63 of the sum, and not bits 1 to 32
    biased : Out(1)         of bits 1 to 32, bit 32 is inverted
    multiplicand : Out(1)   the word read becomes the multiplicand
    multiplier : Out(1)     the word read is a multiplier: add its product with the multiplicand
    negative : Out(1)       with ``multiplier``: subtract the product
    divisor : Out(1)        the word read becomes the divisor
    clear : Out(1)          set the sum to zero
    load : Out(1)           load ``word_in`` into the sum, which must be zero
    shift : Out(1)          double the sum
    one : Out(1)            with ``shift``: the bit that comes in from below is 1
    divide : Out(1)         with ``shift``: a step of a division, whose bit comes in from below
    root : Out(1)           with ``divide``: a step of a square root
    """

    def __init__(self, places):
        super().__init__(
            {
                "row": Out(places),
                "column": Out(places),
                "write": Out(1),
                "high": Out(1),
                "biased": Out(1),
                "multiplicand": Out(1),
                "multiplier": Out(1),
                "negative": Out(1),
                "divisor": Out(1),
                "clear": Out(1),
                "load": Out(1),
                "shift": Out(1),
                "one": Out(1),
                "divide": Out(1),
                "root": Out(1),
            }
        )


class Arithmetic(wiring.Component):
    """The Solver's memory, and a sum for products, quotients and square roots of its words.

    A word that is read is a multiplicand, a divisor or a multiplier. The product of a multiplier
    with the last multiplicand is in the sum 3 cycles later, and ``busy`` until then. With ``held``
    it takes 4 cycles, because a register follows the memory: a faster clock for 32 registers more.

    A division takes one bit a cycle: each ``shift`` doubles the sum, subtracts the divisor where it
    goes, and puts a bit of the quotient at the bottom. With ``root``, multiplicand 2**31 and
    divisor 0 it becomes the root: the divisor then is twice the square root, which is never 0.

    The memory holds a lower triangle and a few rows more. Two rows share a line, a short one and
    the rest of a long one. It has a single port, reading or writing, and nothing depends on its
    first contents: without them, and with ram_style "huge", it is two SB_SPRAM256KA.

    Parameters
    ----------
    size : rows of the triangle
    more : whole rows after them
    held : whether a register follows the memory

    Members
    -------
    operation : In(Operation(places))  what to do in this cycle
    word_in : In(EQUATION_WORD)        loaded times 2**16; zero where nothing is loaded
    sum : Out(signed(_SUM_BITS))       the sum
    word : Out(MATRIX_BITS)            the part of the sum that is written
    goes : Out(1)                      the divisor goes into the sum
    busy : Out(1)                      a product is on its way to the sum
    """

    def __init__(self, size, more, held=False):
        self.held = held
        #: At least as many columns as there are words in the row of constants.
        self.places = max(LEVEL_COLUMN.bit_length(), (size + 10).bit_length())
        half = 1 << (self.places - 1)
        self.first = half - size // 2
        self.lines = max(half - self.first, self.first + size + more - half)
        super().__init__(
            {
                "operation": In(Operation(self.places)),
                "word_in": In(EQUATION_WORD),
                "sum": Out(signed(_SUM_BITS)),
                "word": Out(MATRIX_BITS),
                "goes": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        operation, left = self.operation, self.sum
        read = self._memory(m)

        # The word is there a cycle after its address.
        tags = Cat(
            operation.multiplicand, operation.multiplier, operation.negative, operation.divisor
        )
        tagged = Signal(4)
        multiplicand, multiplier, negative, divisor = tagged
        adding, taking_away = Signal(), Signal()
        factor = Signal(signed(MATRIX_BITS))
        product = Signal(signed(2 * MATRIX_BITS), reset_less=True)
        word = read
        if self.held:
            word, due, away = Signal(MATRIX_BITS), Signal(), Signal()
            m.d.sync += [word.eq(read), due.eq(multiplier), away.eq(negative)]
        else:
            due, away = multiplier, negative
        m.d.sync += [
            tagged.eq(tags),
            adding.eq(due),
            taking_away.eq(away),
        ]
        exact = factor * word.as_signed()
        m.d.sync += product.eq(exact ^ away.replicate(2 * MATRIX_BITS))

        # While a root is found, the multiplicand's one is the bit in question.
        double_root = Signal(MATRIX_BITS)
        tried = factor & operation.root.replicate(MATRIX_BITS)
        found = Signal()
        rest = Signal(signed(_SUM_BITS - _DIVISOR_AT + 1))
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
        """Add the memory; return the word read."""
        operation, left = self.operation, self.sum
        m.submodules.words = words = Memory(
            shape=MATRIX_BITS, depth=self.lines << self.places, init=[]
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
