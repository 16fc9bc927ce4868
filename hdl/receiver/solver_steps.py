"""Idioms of a Solver's states, and the states in which it makes the matrix."""

from amaranth.hdl import Mux

from hdl.receiver.arithmetic import LEVEL_COLUMN, MATRIX_BITS
from hdl.receiver.leastsquares import NEWER
from hdl.receiver.solver_program import AfterProduct, Product


class Steps:
    """Reading, writing, shifting and products: idioms of the states of a Solver.

    They are said inside of ``m.State``, but for ``take`` and ``normalise``, which add states.

    Parameters
    ----------
    m : the Solver's module
    i : its stream of words
    arithmetic : its :class:`hdl.receiver.arithmetic.Arithmetic`
    rows, registers : those of :mod:`hdl.receiver.solver_program`
    """

    def __init__(self, m, i, arithmetic, rows, registers):
        self.m, self.i, self.arithmetic = m, i, arithmetic
        self.rows, self.registers = rows, registers
        self.operation, self.settled = arithmetic.operation, ~arithmetic.busy

    def do(self, **flags):
        """Flags of the operation, 1 where they have no other value."""
        self.m.d.comb += [getattr(self.operation, name).eq(value) for name, value in flags.items()]

    def read(self, row, column, **flags):
        self.do(row=row, column=column, **flags)

    def write(self, row, column, *, high=1, biased=0):
        self.do(row=row, column=column, write=1, high=high, biased=biased)

    def shift(self):
        """Double the sum, and count it."""
        count = self.registers.count
        self.do(shift=1)
        self.m.d.sync += count.eq(count + 1)

    def begin(self, product):
        """Go on with a row of the program."""
        self.m.d.sync += self.registers.product.eq(product)
        self.m.next = "MULTIPLICAND"

    def take(self, name, following):
        """Add states that load the next word."""
        m = self.m
        with m.State(name):
            self.do(clear=1)
            m.d.sync += self.registers.count.eq(0)
            m.next = f"{name}_LOAD"
        with m.State(f"{name}_LOAD"):
            m.d.comb += self.i.ready.eq(1)
            self.do(load=1)
            with m.If(self.i.valid):
                m.d.comb += self.arithmetic.word_in.eq(self.i.payload)
                m.next = following

    def normalise(self, name, done):
        """Add a state that doubles the sum until its bit 60 counts, ``scale`` times at most."""
        m, total, r = self.m, self.arithmetic.sum, self.registers
        with m.State(name), m.If(self.settled):
            with m.If((total[61] == total[60]) & (r.count != r.scale)):
                self.shift()
            with m.Else():
                m.d.sync += r.scale.eq(r.count)
                done()

    def products(self, row):
        """Add the two states that do the program's row in turn."""
        m, r = self.m, self.registers
        with m.State("MULTIPLICAND"):
            self.read(row.first_row, row.first_column, multiplicand=1)
            self.do(divisor=row.divisor, clear=row.clear)
            m.next = "MULTIPLIER"
        with m.State("MULTIPLIER"):
            self.read(row.second_row, row.second_column, multiplier=1, negative=row.negative)
            m.d.sync += r.product.eq(row.next)
            with m.Switch(row.then):
                for state in AfterProduct:
                    with m.Case(state):
                        m.next = state.name
            with m.Switch(r.product):
                with m.Case(Product.LAST):
                    samples, both = ~r.symbols & ~r.with_symbol, r.symbols & r.with_symbol
                    m.d.sync += [
                        r.row.eq(r.row + Mux(samples, 2, 1)),
                        r.place.eq(r.place + Mux(both, 1, 2)),
                        r.later.eq(1),
                    ]
                with m.Case(Product.FACTOR):
                    m.d.sync += r.place.eq(Mux(r.back, r.pivot + 1, 0))
                with m.Case(Product.LEVEL_BITS, Product.FORWARD):
                    m.d.sync += r.count.eq(0)
                with m.Case(Product.TAP_BITS):
                    m.d.sync += r.count.eq(r.base)


def matrix_states(steps: Steps, level, forward):
    """States from CONSTANTS to the whole matrix, then FACTOR.

    ``level``: TRN1d's; ``forward``: number of feed-forward taps.
    """
    _constants(steps, level)
    _edges(steps, forward)
    _seeds(steps, forward)
    _diagonals(steps, forward)


def _constants(steps, level):
    """The row of constants, and the scale by the first three words."""
    m, r, rows = steps.m, steps.registers, steps.rows
    with m.State("CONSTANTS"):
        # From 2**-33 times bit 32 on, of which nothing is written before bit 32 itself.
        steps.shift()
        steps.read(rows.constants, r.count[: len(r.row)], one=r.count == (-33 & 0x7F), high=1)
        steps.do(write=~r.count[-1])
        with m.If(r.count == MATRIX_BITS - 1):
            steps.do(clear=1)
            m.next = "LEVEL"
    with m.State("LEVEL"):
        m.d.comb += steps.arithmetic.word_in.eq(level)
        steps.do(load=1)
        m.d.sync += r.count.eq(0)
        m.next = "LEVEL_SHIFT"
    with m.State("LEVEL_SHIFT"):
        m.d.sync += [r.scale.eq(16), r.place.eq(0)]
        with m.If(r.count != 32):
            steps.shift()
        with m.Else():
            steps.write(*rows.power(LEVEL_COLUMN))
            m.next = "HEAD"
    steps.take("HEAD", "HEAD_BITS")

    def done():
        m.d.sync += r.place.eq(r.place + 1)
        m.next = "HEAD"
        with m.If(r.place == 2):
            m.d.sync += [r.place.eq(0), r.symbols.eq(0), r.later.eq(0)]
            m.next = "EDGE"

    steps.normalise("HEAD_BITS", done)


def _edges(steps, forward):
    """Regressors before and at the end of the stretch, scaled and times 2**16.

    Symbol j is in column F - 1 + j: the matrix has it in that row, and sample F - 1 is of no use
    here.
    """
    m, r, rows = steps.m, steps.registers, steps.rows
    steps.take("EDGE", "EDGE_SCALED")
    with m.State("EDGE_SCALED"):
        with m.If(r.count != r.scale + 16):
            steps.shift()
        with m.Else():
            steps.write(Mux(r.later, rows.last, rows.before), r.place)
            m.next = "EDGE_WHOLE"
    with m.State("EDGE_WHOLE"):
        with m.If(r.count != 32):
            steps.shift()
        with m.Else():
            steps.write(Mux(r.later, rows.last_whole, rows.before_whole), r.place)
            m.d.sync += r.place.eq(r.place + 1)
            m.next = "EDGE"
            with m.If(~r.symbols & (r.place == forward - 1)):
                m.d.sync += [r.place.eq(r.place), r.symbols.eq(1)]
            with m.If(r.place == rows.size - 2):
                m.d.sync += [r.place.eq(0), r.symbols.eq(0), r.later.eq(1)]
                with m.If(r.later):
                    m.d.sync += [r.pivot.eq(0), r.factor.eq(NEWER)]
                    m.next = "SEED"


def _seeds(steps, forward):
    """A sum, where its diagonal begins; the pivot counts them as columns of edges."""
    m, r, rows = steps.m, steps.registers, steps.rows
    steps.take("SEED", "SEED_SCALED")
    with m.State("SEED_SCALED"):
        beside = r.with_symbol & ~r.symbols
        m.d.sync += [
            r.row.eq(Mux(beside, forward - 1, r.pivot)),
            r.place.eq(Mux(r.with_symbol, Mux(r.symbols, forward - 1, r.pivot), r.factor)),
            r.later.eq(0),
        ]
        with m.If(r.count != r.scale):
            steps.shift()
        with m.Else():
            # Entries are the sum's bits 32 to 63.
            steps.begin(Product.HALF)
    with m.State("NEXT_SEED"):
        m.d.sync += r.pivot.eq(r.pivot + 1)
        m.next = "SEED"
        with m.If(r.pivot == Mux(r.symbols, rows.size - 2, forward - 1)):
            m.d.sync += [
                r.factor.eq(r.factor + 1),
                r.pivot.eq(Mux(r.symbols, forward - 1, r.factor == NEWER)),
            ]
            with m.If(r.with_symbol):
                m.d.sync += [r.factor.eq(NEWER), r.symbols.eq(1), r.pivot.eq(forward - 1)]
                with m.If(r.symbols):
                    m.d.sync += [r.pivot.eq(0), r.row.eq(0), r.later.eq(0)]
                    steps.begin(Product.FACTOR)


def _diagonals(steps, forward):
    """Entry by entry along a diagonal; ``later`` after its first."""
    m, r = steps.m, steps.registers
    target, symbol_0 = steps.rows.size - 1, forward - 1
    first, samples = ~r.later, ~r.symbols & ~r.with_symbol
    both = r.symbols & r.with_symbol
    with m.State("ENTRY"), m.If(steps.settled):
        # The matrix has symbol 0 last.
        with m.If(first & both):
            steps.write(target, Mux(r.row == symbol_0, target, r.row))
        with m.Elif(first & (r.with_symbol | (r.symbols & (r.row == symbol_0)))):
            steps.write(target, r.place)
        with m.Else():
            steps.write(r.row, r.place)
        symbols_end = (r.row == target - 1) | (~both & (r.place >= symbol_0 - 1))
        with m.If(Mux(samples, r.row >= symbol_0 - 1, symbols_end)):
            m.next = "NEXT_SEED"
        with m.Else():
            steps.begin(Product.BEFORE)
