"""The solver's program: products of two words, and what follows each.

The factorisation's long sums of products are a loop of their own. These are the others: single
products with constants, which shift a word into its place, round it or negate it, and the pairs of
edges that make one entry of the matrix out of another.
"""

from enum import IntEnum

from amaranth.hdl import Mux, Signal

from golden.formats import FEEDBACK_TAP, NORMAL, SOLUTION
from golden.receiver.leastsquares import RIDGE
from hdl.core.program import Program
from hdl.receiver.arithmetic import LEVEL_COLUMN
from hdl.receiver.leastsquares import NEWEST_SYMBOL


class Product(IntEnum):
    """SolverRows of the program: what a product is for."""

    HALF = 0
    RIDGE = 1
    BEFORE = 2
    LAST = 3
    FACTOR = 4
    BIAS = 5
    ERROR = 6
    ROUND = 7
    MOST = 8
    LEVEL_BITS = 9
    TAP_BITS = 10
    FORWARD = 11
    FORWARD_HALF = 12
    FEEDBACK = 13
    FEEDBACK_HALF = 14
    FEEDBACK_BIAS = 15


class AfterProduct(IntEnum):
    """The state of the Solver after a product; MULTIPLICAND begins the next product."""

    MULTIPLICAND = 0
    ENTRY = 1
    DOT = 2
    GOOD = 3
    WRITE = 4
    GIVE = 5
    LEVEL_SCALE = 6
    TAP_SCALE = 7
    FORWARD_SCALED = 8
    CLIP = 9


class SolverRows:
    """Numbers of rows in the Solver's memory.

    First comes the matrix: samples, symbols 1 to B, symbol 0. Then the regressors before the
    stretch and at its last symbol, each once scaled and once whole, and the constants.
    """

    def __init__(self, forward, feedback):
        #: SolverRows of the matrix.
        self.size = forward + feedback + 1
        self.before, self.before_whole, self.last, self.last_whole, self.constants = range(
            self.size, self.size + 5
        )
        #: SolverRows after the matrix.
        self.more = 5

    def power(self, exponent):
        """Row and column of a power of two, or of TRN1d's level."""
        return self.constants, exponent


class SolverRegisters:
    """State of a Solver. ``places``: bits of the number of a row or column."""

    def __init__(self, places):
        #: Row, column of the pivot, and a place in both, in the matrix.
        self.row = Signal(places)
        self.pivot = Signal(places)
        self.place = Signal(places)
        #: Symbols are being dealt with, not samples; the second of two rounds; the solution is
        #: substituted back, not the factor made.
        self.symbols, self.later, self.back = Signal(), Signal(), Signal()
        #: What a diagonal's products are with, as the Correlator numbers it.
        self.factor = Signal(2)
        #: The product in turn.
        self.product = Signal(Product)
        #: Steps done, shifts of words and taps, and shifts of the level.
        self.count, self.scale, self.base = Signal(7), Signal(5), Signal(5)
        #: The solution is good.
        self.good = Signal()

    @property
    def diagonal(self):
        """The factor's entry in turn is on the diagonal."""
        return ~self.back & (self.row == self.pivot)

    @property
    def with_symbol(self):
        """A diagonal's products are with symbol 0."""
        return self.factor == NEWEST_SYMBOL


def solver_program(rows: SolverRows, registers: SolverRegisters, places):
    """The program, for the registers that its rows depend on; ``places`` as theirs."""
    program = Program(
        {
            # Multiplicand and multiplier; the product is subtracted; the multiplicand is the
            # divisor too; the sum begins with this product.
            "first_row": places,
            "first_column": places,
            "second_row": places,
            "second_column": places,
            "negative": 1,
            "divisor": 1,
            "clear": 1,
            # The state after it, and the product that is next if it is MULTIPLICAND.
            "then": AfterProduct,
            "next": Product,
        }
    )
    r, power = registers, rows.power

    def row(number, first, second, then=AfterProduct.MULTIPLICAND, **values):
        assert len(program) == number, number
        names = "first_row", "first_column", "second_row", "second_column"
        addresses = dict(zip(names, (*first, *second), strict=True))
        program.row(number.name, then=then, **addresses, **values)

    entry = r.row, r.pivot
    # Seeds and entries of the matrix; those of a diagonal get the ridge, but not the target's.
    samples_diagonal = (r.row == r.place) & ~r.with_symbol
    then = Mux(samples_diagonal, AfterProduct.MULTIPLICAND, AfterProduct.ENTRY)
    row(Product.HALF, power(15), power(16), then, next=Product.RIDGE)
    row(Product.RIDGE, power(16), power(16 + RIDGE.bit_length() - 1), AfterProduct.ENTRY)
    first, second = (rows.before, r.row), (rows.before_whole, r.place)
    row(Product.BEFORE, first, second, next=Product.LAST)
    first, second = (rows.last, r.row), (rows.last_whole, r.place)
    after_target = r.symbols & r.with_symbol & ~r.later & (r.row == r.place)
    then = Mux(after_target, AfterProduct.MULTIPLICAND, AfterProduct.ENTRY)
    row(Product.LAST, first, second, then, negative=1, next=Product.RIDGE)
    # An entry of the factor or of the solution, and what is subtracted for rounding: the divisor,
    # or root, times 2**31, so that quotients count from the least there is.
    scale = Mux(r.back, SOLUTION.fraction, NORMAL.fraction)
    then = Mux(r.diagonal, AfterProduct.DOT, AfterProduct.MULTIPLICAND)
    row(Product.FACTOR, entry, power(scale), then, clear=1, next=Product.BIAS)
    pivot = r.pivot, r.pivot
    row(Product.BIAS, pivot, power(31), AfterProduct.DOT, negative=1, divisor=1)
    # An eighth of the target is subtracted from the error.
    target, eighth = (r.row, r.row), power(NORMAL.fraction - 3)
    row(Product.ERROR, target, eighth, AfterProduct.GOOD, negative=1)
    row(Product.ROUND, power(0), power(0), AfterProduct.WRITE)
    # One less than 0 is the greatest word: all bits are ones.
    then = Mux(r.later, AfterProduct.GIVE, AfterProduct.WRITE)
    row(Product.MOST, power(0), power(0), then, negative=1)
    # How far the level and the greatest feed-forward tap can be doubled.
    level = power(LEVEL_COLUMN)
    row(Product.LEVEL_BITS, level, power(30), AfterProduct.LEVEL_SCALE, clear=1)
    row(Product.TAP_BITS, entry, power(30), AfterProduct.TAP_SCALE, clear=1)
    # Taps as they are kept, with half of what is cut off.
    row(Product.FORWARD, entry, level, AfterProduct.FORWARD_SCALED, clear=1)
    row(Product.FORWARD_HALF, power(30), power(17), AfterProduct.GIVE)
    # Twice the tap, counted from the least there is, as with quotients.
    double = power(1 + FEEDBACK_TAP.fraction - SOLUTION.fraction)
    row(Product.FEEDBACK, entry, double, clear=1, next=Product.FEEDBACK_HALF)
    row(Product.FEEDBACK_HALF, power(8), power(8), next=Product.FEEDBACK_BIAS)
    row(Product.FEEDBACK_BIAS, power(16), power(16), AfterProduct.CLIP)
    return program
