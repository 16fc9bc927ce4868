"""The equaliser's taps from the normal equations: Cholesky in fixed point."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import FEEDBACK_TAP, NORMAL, SOLUTION
from golden.receiver.leastsquares import RIDGE
from hdl.receiver.arithmetic import LEVEL, SUM_BITS, WORD_BITS, Arithmetic
from hdl.receiver.leastsquares import (
    _NEWER,
    _SYMBOL,
    _check,
)


class Solver(wiring.Component):
    """Taps from the normal equations, by Cholesky's factorisation.

    Words as the Correlator gives them, of a stretch of 32 symbols at least; then the taps. With the
    regressors before and at the end of the stretch every diagonal of the matrix is summed on from
    its seeds, each entry rounded to NORMAL; the factor (FACTOR) and the solution (SOLUTION) replace
    it. Bit-exact with :class:`golden.receiver.solver.Solver`, unless a diagonal's rest is so small
    that entries of the factor do not fit FACTOR, against which there is the ridge.

    From the first word to the last less than 590 000 cycles with F = 64 and B = 32, 605 000 where
    ``held``, of which two go into each of (F + B)**3 / 6 products and the most of the others into
    (F + B)**2 / 2 quotients. Words wait for one another until the matrix is made; the next
    stretch's, until all is given.

    Parameters: ``forward`` (F) and ``feedback`` (B); ``held``, as that of :class:`Arithmetic`.

    Members
    -------
    i : In(stream), signed(48), in the order of the module's docstring
    level : In(15), TRN1d's PCM value, not 0; stable from the first word to the last tap
    o : Out(stream), signed(32): F taps (FORWARD_TAP), B taps (FEEDBACK_TAP); then a word with drop
        in bits 0 to 7 and good in bit 8
    """

    def __init__(self, forward=64, feedback=32, held=False):
        _check(forward, feedback)
        self.held = held
        self.forward, self.feedback = forward, feedback
        #: High from the first word until the last is given.
        self.busy = Signal()
        #: Rows of the matrix: samples, symbols 1 to B, symbol 0. In the rows behind it are the
        #: regressors before and at the end of the stretch, scaled and whole, and constants.
        self.size = forward + feedback + 1
        (self._before, self._before_whole, self._last, self._last_whole, self._constants) = range(
            self.size, self.size + 5
        )
        super().__init__(
            {
                "i": In(stream.Signature(signed(SUM_BITS))),
                "level": In(15),
                "o": Out(stream.Signature(signed(WORD_BITS))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.arithmetic = self.arithmetic = arithmetic = Arithmetic(self.size, 5, self.held)
        self.operation = arithmetic.operation
        self.settled = ~arithmetic.busy
        places = arithmetic.places
        self.row, self.pivot, self.place = (
            Signal(places, name=name) for name in ("row", "pivot", "place")
        )
        self.symbols, self.later, self.back = Signal(), Signal(), Signal()
        self.factor = Signal(2)
        self.count = Signal(7)
        self.scale, self.base = Signal(5), Signal(5)
        self.good = Signal()
        status = Signal()
        m.d.comb += [
            self.o.payload.eq(
                arithmetic.word | (Cat(self.scale, Const(0, 3), self.good) & status.replicate(9))
            ),
        ]
        m.d.comb += self.busy.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.operation.clear.eq(1), self.busy.eq(0)]
                m.d.sync += self.count.eq(-33)
                with m.If(self.i.valid):
                    m.next = "CONSTANTS"
            self._begin(m)
            self._edges(m)
            self._seeds(m)
            self._diagonals(m)
            self._factor(m)
            self._divide(m)
            self._scale(m)
            self._give(m)
            with m.State("STATUS"):
                m.d.comb += [status.eq(1), self.operation.high.eq(1), self.o.valid.eq(1)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m

    # What all states are made of.

    def _at(self, m, row, column):
        m.d.comb += [self.operation.row.eq(row), self.operation.column.eq(column)]

    def _read(self, m, row, column, **flags):
        self._at(m, row, column)
        m.d.comb += [getattr(self.operation, name).eq(value) for name, value in flags.items()]

    def _write(self, m, row, column, *, high=1, biased=0):
        self._at(m, row, column)
        m.d.comb += [
            self.operation.write.eq(1),
            self.operation.high.eq(high),
            self.operation.biased.eq(biased),
        ]

    def _add(
        self,
        m,
        name,
        first,
        second,
        following,
        *,
        clear=False,
        negative=False,
        divisor=False,
        also=(),
    ):
        """States to add the product of two words; ``following`` may be a function."""
        with m.State(name):
            self._read(m, *first, multiplicand=1, divisor=int(divisor), clear=int(clear))
            m.next = f"{name}_TIMES"
        with m.State(f"{name}_TIMES"):
            self._read(m, *second, multiplier=1, negative=int(negative))
            m.d.sync += also
            if callable(following):
                following()
            else:
                m.next = following

    def _power(self, exponent):
        return self._constants, exponent

    def _shift(self, m):
        m.d.comb += self.operation.shift.eq(1)
        m.d.sync += self.count.eq(self.count + 1)

    def _take(self, m, name, following):
        """States to load the next word."""
        with m.State(name):
            m.d.comb += self.operation.clear.eq(1)
            m.d.sync += self.count.eq(0)
            m.next = f"{name}_LOAD"
        with m.State(f"{name}_LOAD"):
            m.d.comb += [self.i.ready.eq(1), self.operation.load.eq(1)]
            with m.If(self.i.valid):
                m.d.comb += self.arithmetic.word_in.eq(self.i.payload)
                m.next = following

    def _normalise(self, m, name, done):
        """A state to double the sum, ``scale`` times at most, until its bit 60 counts."""
        left = self.arithmetic.sum
        with m.State(name), m.If(self.settled):
            with m.If((left[61] == left[60]) & (self.count != self.scale)):
                self._shift(m)
            with m.Else():
                m.d.sync += self.scale.eq(self.count)
                done()

    # The steps, in their order.

    def _begin(self, m):
        """Constants, and the scale by the first three words."""
        arithmetic, count = self.arithmetic, self.count
        with m.State("CONSTANTS"):
            # From 2**-33 times bit 32 on, of which nothing is written before bit 32 itself.
            self._shift(m)
            self._at(m, self._constants, count[: arithmetic.places])
            m.d.comb += [
                self.operation.one.eq(count == (-33 & 0x7F)),
                self.operation.write.eq(~count[-1]),
                self.operation.high.eq(1),
            ]
            with m.If(count == WORD_BITS - 1):
                m.d.comb += self.operation.clear.eq(1)
                m.next = "LEVEL"
        with m.State("LEVEL"):
            m.d.comb += [arithmetic.word_in.eq(self.level), self.operation.load.eq(1)]
            m.d.sync += count.eq(0)
            m.next = "LEVEL_SHIFT"
        with m.State("LEVEL_SHIFT"):
            m.d.sync += [self.scale.eq(16), self.place.eq(0)]
            with m.If(count != 32):
                self._shift(m)
            with m.Else():
                self._write(m, *self._power(LEVEL))
                m.next = "HEAD"
        self._take(m, "HEAD", "HEAD_BITS")

        def done():
            m.d.sync += self.place.eq(self.place + 1)
            m.next = "HEAD"
            with m.If(self.place == 2):
                m.d.sync += [self.place.eq(0), self.symbols.eq(0), self.later.eq(0)]
                m.next = "EDGE"

        self._normalise(m, "HEAD_BITS", done)

    def _edges(self, m):
        """Regressors before and at the end of the stretch, scaled and times 2**16.

        Symbol j is in column F - 1 + j: the matrix has it in that row, and sample F - 1 is of no
        use here.
        """
        place = self.place
        self._take(m, "EDGE", "EDGE_SCALED")
        with m.State("EDGE_SCALED"):
            with m.If(self.count != self.scale + 16):
                self._shift(m)
            with m.Else():
                self._write(m, Mux(self.later, self._last, self._before), place)
                m.next = "EDGE_WHOLE"
        with m.State("EDGE_WHOLE"):
            with m.If(self.count != 32):
                self._shift(m)
            with m.Else():
                self._write(m, Mux(self.later, self._last_whole, self._before_whole), place)
                m.d.sync += place.eq(place + 1)
                m.next = "EDGE"
                with m.If(~self.symbols & (place == self.forward - 1)):
                    m.d.sync += [place.eq(place), self.symbols.eq(1)]
                with m.If(place == self.size - 2):
                    m.d.sync += [place.eq(0), self.symbols.eq(0), self.later.eq(1)]
                    with m.If(self.later):
                        m.d.sync += [self.pivot.eq(0), self.factor.eq(_NEWER)]
                        m.next = "SEED"

    def _seeds(self, m):
        """A sum, where its diagonal begins; ``pivot`` counts them as columns of edges."""
        self._take(m, "SEED", "SEED_SCALED")
        with m.State("SEED_SCALED"):
            symbol = self.factor == _SYMBOL
            m.d.sync += [
                self.row.eq(Mux(symbol & ~self.symbols, self.forward - 1, self.pivot)),
                self.place.eq(
                    Mux(symbol, Mux(self.symbols, self.forward - 1, self.pivot), self.factor)
                ),
                self.later.eq(0),
            ]
            with m.If(self.count != self.scale):
                self._shift(m)
            with m.Else():
                m.next = "HALF"

        def after():
            m.next = "ENTRY"
            with m.If((self.row == self.place) & (self.factor != _SYMBOL)):
                m.next = "RIDGE"

        # Entries are the sum's bits 32 to 63.
        self._add(m, "HALF", self._power(15), self._power(16), after)
        self._add(m, "RIDGE", self._power(16), self._power(16 + RIDGE.bit_length() - 1), "ENTRY")
        with m.State("NEXT_SEED"):
            m.d.sync += self.pivot.eq(self.pivot + 1)
            m.next = "SEED"
            with m.If(self.pivot == Mux(self.symbols, self.size - 2, self.forward - 1)):
                m.d.sync += [
                    self.factor.eq(self.factor + 1),
                    self.pivot.eq(Mux(self.symbols, self.forward - 1, self.factor == _NEWER)),
                ]
                with m.If(self.factor == _SYMBOL):
                    m.d.sync += [
                        self.factor.eq(_NEWER),
                        self.symbols.eq(1),
                        self.pivot.eq(self.forward - 1),
                    ]
                    with m.If(self.symbols):
                        m.d.sync += [self.pivot.eq(0), self.row.eq(0), self.later.eq(0)]
                        m.next = "FACTOR"

    def _diagonals(self, m):
        """Entry by entry along a diagonal; ``second`` after its first."""
        target, symbol_0 = self.size - 1, self.forward - 1
        row, column = self.row, self.place
        first, symbol = ~self.later, self.factor == _SYMBOL
        samples, both = ~self.symbols & ~symbol, self.symbols & symbol
        with m.State("ENTRY"), m.If(self.settled):
            # The matrix has symbol 0 last.
            with m.If(first & both):
                self._write(m, target, Mux(row == symbol_0, target, row))
            with m.Elif(first & (symbol | (self.symbols & (row == symbol_0)))):
                self._write(m, target, column)
            with m.Else():
                self._write(m, row, column)
            m.next = "BEFORE"
            with m.If(
                Mux(
                    samples,
                    row >= symbol_0 - 1,
                    (row == target - 1) | (~both & (column >= symbol_0 - 1)),
                )
            ):
                m.next = "NEXT_SEED"

        def after():
            m.next = "ENTRY"
            # The target has no ridge, those after it have.
            with m.If(both & first & (row == column)):
                m.next = "RIDGE"

        self._add(m, "BEFORE", (self._before, row), (self._before_whole, column), "LAST")
        self._add(
            m,
            "LAST",
            (self._last, row),
            (self._last_whole, column),
            after,
            negative=True,
            also=[
                row.eq(row + Mux(samples, 2, 1)),
                column.eq(column + Mux(both, 1, 2)),
                self.later.eq(1),
            ],
        )

    def _factor(self, m):
        """What the columns before leave of an entry; of the solution, with ``back``."""
        row, pivot, place, back = self.row, self.pivot, self.place, self.back
        scale = Mux(back, SOLUTION.fraction, NORMAL.fraction)
        diagonal = ~back & (row == pivot)

        def after():
            m.next = "BIAS"
            with m.If(diagonal):
                m.next = "DOT"

        self._add(
            m,
            "FACTOR",
            (row, pivot),
            self._power(scale),
            after,
            clear=True,
            also=[place.eq(Mux(back, pivot + 1, 0))],
        )
        # The root times 2**31, so that quotients count from the least there is.
        self._add(m, "BIAS", (pivot, pivot), self._power(31), "DOT", negative=True, divisor=True)
        with m.State("DOT"):
            self._read(m, Mux(back, place, row), Mux(back, pivot, place), multiplicand=1)
            m.next = "DOT_TIMES"
            with m.If(place == Mux(back, self.size - 1, pivot)):
                m.d.comb += self.operation.multiplicand.eq(0)
                m.next = "LEFT"
        with m.State("DOT_TIMES"):
            self._read(m, Mux(back, row, pivot), place, multiplier=1, negative=1)
            m.d.sync += place.eq(place + 1)
            m.next = "DOT"
        with m.State("LEFT"), m.If(self.settled):
            # A negative sum's root is that of 0, its quotient the least.
            m.d.comb += self.operation.clear.eq(self.arithmetic.sum[-1])
            m.d.sync += self.count.eq(0)
            m.next = "DIVIDE"
            with m.If(self.arithmetic.sum[-1]):
                m.next = "WRITE"
            with m.If(diagonal):
                m.next = "ROOT"
                with m.If(row == self.size - 1):
                    m.d.comb += self.operation.clear.eq(0)
                    m.next = "ERROR"

        # An eighth of the target.
        self._add(m, "ERROR", (row, row), self._power(NORMAL.fraction - 3), "GOOD", negative=True)
        with m.State("GOOD"), m.If(self.settled):
            m.d.sync += [
                self.good.eq(self.arithmetic.sum[-1]),
                back.eq(1),
                pivot.eq(self.size - 2),
            ]
            m.next = "FACTOR"

    def _divide(self, m):
        """Root or quotient, where the entry was; and on to the next."""
        row, pivot, back, count = self.row, self.pivot, self.back, self.count
        left, goes = self.arithmetic.sum, self.arithmetic.goes
        ones = Signal()
        with m.State("ROOT"):
            # As a divisor it counts twice, and that is 0.
            self._read(m, *self._power(31), multiplicand=1, divisor=1)
            m.next = "ROOT_WAIT"
        with m.State("ROOT_WAIT"):
            m.next = "ROOT_BITS"
        with m.State("ROOT_BITS"):
            # One more, to have it where quotients are.
            self._shift(m)
            m.d.comb += [self.operation.divide.eq(1), self.operation.root.eq(1)]
            with m.If(count == WORD_BITS):
                m.next = "WRITE"
        with m.State("DIVIDE"):
            self._shift(m)
            m.d.comb += self.operation.divide.eq(1)
            m.d.sync += ones.eq(goes & (ones | (count == 1)))
            with m.If((count == 0) & goes):
                m.d.comb += self.operation.clear.eq(1)
                m.next = "MOST"
            with m.If(count == WORD_BITS + 1):
                m.next = "QUOTIENT"
        with m.State("QUOTIENT"):
            # To nearest, ties away from 0. There is nothing above the greatest.
            tie_below = ~left[32] & ~left[33:64].any()
            m.next = "ROUND"
            with m.If(ones | tie_below):
                m.next = "WRITE"
        self._add(m, "ROUND", self._power(0), self._power(0), "WRITE")

        def after():
            m.next = "WRITE"
            with m.If(self.later):
                m.next = "GIVE"

        # From 0 one less: all bits are ones.
        self._add(m, "MOST", self._power(0), self._power(0), after, negative=True)
        with m.State("WRITE"), m.If(self.settled):
            self._write(m, row, pivot, high=0, biased=back | (row != pivot))
            m.next = "FACTOR"
            with m.If(back):
                m.d.sync += pivot.eq(pivot - 1)
                with m.If(pivot == 0):
                    m.d.sync += [back.eq(0), self.later.eq(1), self.scale.eq(16)]
                    m.next = "LEVEL_BITS"
            with m.Else():
                m.d.sync += row.eq(row + 1)
                with m.If(row == self.size - 1):
                    m.d.sync += [pivot.eq(pivot + 1), row.eq(pivot + 1)]

    def _scale(self, m):
        """How far the greatest feed-forward tap can be doubled after the level, 16 at most."""
        row, pivot, count = self.row, self.pivot, self.count
        self._add(
            m,
            "LEVEL_BITS",
            self._power(LEVEL),
            self._power(30),
            "LEVEL_SCALE",
            clear=True,
            also=[count.eq(0)],
        )

        def level_done():
            m.d.sync += [self.base.eq(count), self.scale.eq(16), pivot.eq(0)]
            m.next = "TAP_BITS"

        self._normalise(m, "LEVEL_SCALE", level_done)
        self._add(
            m,
            "TAP_BITS",
            (row, pivot),
            self._power(30),
            "TAP_SCALE",
            clear=True,
            also=[count.eq(self.base)],
        )

        def tap_done():
            m.d.sync += pivot.eq(pivot + 1)
            m.next = "TAP_BITS"
            with m.If(pivot == self.forward - 1):
                m.d.sync += pivot.eq(0)
                m.next = "FORWARD"

        self._normalise(m, "TAP_SCALE", tap_done)

    def _give(self, m):
        """Taps as they are kept, with half of what is cut off for multiplying."""
        row, pivot, count = self.row, self.pivot, self.count
        left = self.arithmetic.sum
        forward = pivot < self.forward
        self._add(
            m,
            "FORWARD",
            (row, pivot),
            self._power(LEVEL),
            "FORWARD_SCALED",
            clear=True,
            also=[count.eq(0)],
        )
        with m.State("FORWARD_SCALED"), m.If(self.settled):
            with m.If(count != self.scale):
                self._shift(m)
            with m.Else():
                m.next = "FORWARD_HALF"
        self._add(m, "FORWARD_HALF", self._power(30), self._power(17), "GIVE")
        # Twice the tap, counted from the least there is, as with quotients.
        self._add(
            m,
            "FEEDBACK",
            (row, pivot),
            self._power(1 + FEEDBACK_TAP.fraction - SOLUTION.fraction),
            "FEEDBACK_HALF",
            clear=True,
        )
        self._add(m, "FEEDBACK_HALF", self._power(8), self._power(8), "FEEDBACK_BIAS")
        self._add(m, "FEEDBACK_BIAS", self._power(16), self._power(16), "CLIP")
        with m.State("CLIP"), m.If(self.settled):
            m.next = "GIVE"
            with m.If(left[-1]):
                m.d.comb += self.operation.clear.eq(1)
            with m.Elif(left[33:64].any()):
                m.d.comb += self.operation.clear.eq(1)
                m.next = "MOST"
        with m.State("GIVE"):
            m.d.comb += [
                self.operation.high.eq(forward),
                self.operation.biased.eq(1),
                self.o.valid.eq(self.settled),
            ]
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += pivot.eq(pivot + 1)
                m.next = "FEEDBACK"
                with m.If(pivot < self.forward - 1):
                    m.next = "FORWARD"
                with m.If(pivot == self.size - 2):
                    m.d.comb += self.operation.clear.eq(1)
                    m.next = "STATUS"
