"""The equaliser's taps from the normal equations: Cholesky's factorisation in fixed point."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.receiver.arithmetic import EQUATION_WORD, MATRIX_BITS, Arithmetic
from hdl.receiver.interfaces import PCM_MAGNITUDE, TAP_WORD
from hdl.receiver.leastsquares import check_taps
from hdl.receiver.solver_program import Product, SolverRegisters, SolverRows, solver_program
from hdl.receiver.solver_steps import Steps, matrix_states


class Solver(wiring.Component):
    """Taps from the normal equations, by Cholesky's factorisation.

    It takes the words of a Correlator for a stretch of 32 symbols at least, and gives the taps.
    With the edges it makes all entries of the matrix, as :mod:`hdl.receiver.leastsquares` says,
    each rounded to NORMAL. The factor (FACTOR) and then the solution (SOLUTION) replace them.
    Bit-exact with :class:`golden.receiver.solver.Solver`, except where a diagonal's rest is so
    small that entries of the factor do not fit FACTOR. The ridge prevents that.

    With F = 64 and B = 32, less than 590 000 cycles pass from the first word to the last, 605 000
    where ``held``. Two cycles go into each of (F + B)**3 / 6 products, and most of the others into
    (F + B)**2 / 2 quotients. Words wait until the matrix can take them, and those of the next
    stretch until all taps are given.

    Single products are a program, :mod:`hdl.receiver.solver_program`. The loops around them are
    states: of the matrix in :mod:`hdl.receiver.solver_steps`, the others here.

    Parameters
    ----------
    forward : F, number of feed-forward taps, even and at least 4
    feedback : B, number of feedback taps, at least 2
    held : as of :class:`hdl.receiver.arithmetic.Arithmetic`

    Members
    -------
    i : In(stream of EQUATION_WORD)  words in the order that hdl.receiver.leastsquares has
    level : In(PCM_MAGNITUDE)        TRN1d's PCM value, not 0; holds from the first word to the last
                                     tap
    o : Out(stream of TAP_WORD)      F taps (FORWARD_TAP) and B taps (FEEDBACK_TAP), then a word
                                     with drop in bits 0 to 7 and good in bit 8

    Raises
    ------
    ValueError
        For other numbers of taps.
    """

    def __init__(self, forward=64, feedback=32, held=False):
        check_taps(forward, feedback)
        self.forward, self.feedback = forward, feedback
        self._rows = SolverRows(forward, feedback)
        super().__init__(
            {
                "i": In(stream.Signature(EQUATION_WORD)),
                "level": In(PCM_MAGNITUDE),
                "o": Out(stream.Signature(TAP_WORD)),
            }
        )
        self.arithmetic = Arithmetic(self._rows.size, self._rows.more, held)
        self._registers = SolverRegisters(self.arithmetic.places)
        #: High from the first word until the last is given.
        self.busy = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.arithmetic = arithmetic = self.arithmetic
        r = self._registers
        steps = Steps(m, self.i, arithmetic, self._rows, r)
        row = solver_program(self._rows, r, arithmetic.places).select(m, r.product)
        status = Signal()
        good = Cat(r.scale, Const(0, 3), r.good) & status.replicate(9)
        m.d.comb += [self.o.payload.eq(arithmetic.word | good), self.busy.eq(1)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                steps.do(clear=1)
                m.d.sync += r.count.eq(-33)
                with m.If(self.i.valid):
                    m.next = "CONSTANTS"
            steps.products(row)
            matrix_states(steps, self.level, self.forward)
            self._factor(m, steps)
            self._divide(m, steps)
            self._write(m, steps)
            self._scale(m, steps)
            self._give(m, steps)
            with m.State("STATUS"):
                m.d.comb += [status.eq(1), self.o.valid.eq(1)]
                steps.do(high=1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m

    def _factor(self, m, steps):
        """Subtract from an entry the products of the columns before; with ``back``, after it."""
        r, target, total = self._registers, self._rows.size - 1, self.arithmetic.sum
        with m.State("DOT"):
            steps.read(Mux(r.back, r.place, r.row), Mux(r.back, r.pivot, r.place), multiplicand=1)
            m.next = "DOT_TIMES"
            with m.If(r.place == Mux(r.back, target, r.pivot)):
                steps.do(multiplicand=0)
                m.next = "LEFT"
        with m.State("DOT_TIMES"):
            steps.read(Mux(r.back, r.row, r.pivot), r.place, multiplier=1, negative=1)
            m.d.sync += r.place.eq(r.place + 1)
            m.next = "DOT"
        with m.State("LEFT"), m.If(steps.settled):
            # A negative sum's root is that of 0, its quotient the least.
            steps.do(clear=total[-1])
            m.d.sync += r.count.eq(0)
            m.next = "DIVIDE"
            with m.If(total[-1]):
                m.next = "WRITE"
            with m.If(r.diagonal):
                m.next = "ROOT"
                with m.If(r.row == target):
                    steps.do(clear=0)
                    steps.begin(Product.ERROR)
        with m.State("GOOD"), m.If(steps.settled):
            m.d.sync += [r.good.eq(total[-1]), r.back.eq(1), r.pivot.eq(self._rows.size - 2)]
            steps.begin(Product.FACTOR)

    def _divide(self, m, steps):
        """Root or quotient of what is left."""
        r, total, goes = self._registers, self.arithmetic.sum, self.arithmetic.goes
        ones = Signal()
        with m.State("ROOT"):
            # As a divisor it counts twice, and that is 0.
            steps.read(*self._rows.power(31), multiplicand=1, divisor=1)
            m.next = "ROOT_WAIT"
        with m.State("ROOT_WAIT"):
            m.next = "ROOT_BITS"
        with m.State("ROOT_BITS"):
            # One bit more, to have it where quotients are.
            steps.shift()
            steps.do(divide=1, root=1)
            with m.If(r.count == MATRIX_BITS):
                m.next = "WRITE"
        with m.State("DIVIDE"):
            steps.shift()
            steps.do(divide=1)
            m.d.sync += ones.eq(goes & (ones | (r.count == 1)))
            with m.If((r.count == 0) & goes):
                steps.do(clear=1)
                steps.begin(Product.MOST)
            with m.Elif(r.count == MATRIX_BITS + 1):
                m.next = "QUOTIENT"
        with m.State("QUOTIENT"):
            # To nearest, ties away from 0. There is nothing above the greatest.
            tie_below = ~total[32] & ~total[33:64].any()
            with m.If(ones | tie_below):
                m.next = "WRITE"
            with m.Else():
                steps.begin(Product.ROUND)

    def _write(self, m, steps):
        """Write root or quotient where the entry was, and go on to the next entry."""
        r, target = self._registers, self._rows.size - 1
        with m.State("WRITE"), m.If(steps.settled):
            steps.write(r.row, r.pivot, high=0, biased=r.back | (r.row != r.pivot))
            steps.begin(Product.FACTOR)
            with m.If(r.back):
                m.d.sync += r.pivot.eq(r.pivot - 1)
                with m.If(r.pivot == 0):
                    m.d.sync += [r.back.eq(0), r.later.eq(1), r.scale.eq(16)]
                    steps.begin(Product.LEVEL_BITS)
            with m.Else():
                m.d.sync += r.row.eq(r.row + 1)
                with m.If(r.row == target):
                    m.d.sync += [r.pivot.eq(r.pivot + 1), r.row.eq(r.pivot + 1)]

    def _scale(self, m, steps):
        """How far the greatest feed-forward tap can be doubled after the level, 16 at most."""
        r = self._registers

        def level_done():
            m.d.sync += [r.base.eq(r.count), r.scale.eq(16), r.pivot.eq(0)]
            steps.begin(Product.TAP_BITS)

        steps.normalise("LEVEL_SCALE", level_done)

        def tap_done():
            m.d.sync += r.pivot.eq(r.pivot + 1)
            steps.begin(Product.TAP_BITS)
            with m.If(r.pivot == self.forward - 1):
                m.d.sync += r.pivot.eq(0)
                steps.begin(Product.FORWARD)

        steps.normalise("TAP_SCALE", tap_done)

    def _give(self, m, steps):
        """Give taps as they are kept."""
        r, total = self._registers, self.arithmetic.sum
        with m.State("FORWARD_SCALED"), m.If(steps.settled):
            with m.If(r.count != r.scale):
                steps.shift()
            with m.Else():
                steps.begin(Product.FORWARD_HALF)
        with m.State("CLIP"), m.If(steps.settled):
            m.next = "GIVE"
            with m.If(total[-1]):
                steps.do(clear=1)
            with m.Elif(total[33:64].any()):
                steps.do(clear=1)
                steps.begin(Product.MOST)
        with m.State("GIVE"):
            m.d.comb += self.o.valid.eq(steps.settled)
            steps.do(high=r.pivot < self.forward, biased=1)
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += r.pivot.eq(r.pivot + 1)
                steps.begin(Product.FEEDBACK)
                with m.If(r.pivot < self.forward - 1):
                    steps.begin(Product.FORWARD)
                with m.If(r.pivot == self._rows.size - 2):
                    steps.do(clear=1)
                    m.next = "STATUS"
