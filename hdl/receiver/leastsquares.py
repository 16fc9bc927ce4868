"""Taps of the equaliser by least squares over TRN1d (8.4.5, 9.3.2/V.90): sums, and their solution.

The normal equations are summed by displacement. With each symbol a regressor moves on by one place,
a sample by two. Entries of the matrix therefore follow from one another along its diagonals::

    R[i + 1, j + 1] = R[i, j] + b[i] b[j] - l[i] l[j]       symbols
    R[i + 2, j + 2] = R[i, j] + b[i] b[j] - l[i] l[j]       samples

where b and l are the regressors before the stretch of symbols and at its last symbol: the edges.
For each symbol, only the products with the newest two samples and the newest symbol are summed.

The words from :class:`Correlator` to :class:`hdl.receiver.solver.Solver`, each an EQUATION_WORD:

1. the sums of squares of sample 0, of sample 1 and of symbol 0;
2. the regressors before the stretch: samples 0 to F - 1, then symbols 0 to B;
3. the regressors of its last symbol, likewise;
4. sums of products with sample 0, with sample 1 and with symbol 0: first of samples 0 to F - 1
   (with sample 1: from 1), then of symbols 0 to B.

Sample i is the one i half symbols before the newest. Symbol 0 is the target, symbol j the one j
before it. Symbols are about plus or minus TRAINING_LEVEL.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import TRAINING_LEVEL
from hdl.core.mac import FACTOR_SHAPE, MULTIPLIER
from hdl.receiver.arithmetic import EQUATION_WORD
from hdl.receiver.interfaces import SAMPLED_SYMBOL

#: Modes of an item: it comes before a stretch of symbols, is in it, or is its last.
REMEMBER, ACCUMULATE, FINISH = range(3)

#: One factor of products: sample 0, sample 1, symbol 0; or 1, to copy the regressors.
NEWER, OLDER, NEWEST_SYMBOL, ONE = range(4)

#: Parts of the words from the Correlator, in their order.
_HEAD, _EDGE_BEFORE, _EDGE_LAST, _SUMS = range(4)

#: An item of the Correlator: a symbol and its mode.
ITEM = data.StructLayout(
    {**{name: field.shape for name, field in SAMPLED_SYMBOL}, "mode": range(FINISH + 1)}
)


def check_taps(forward, feedback):
    """Raise ``ValueError`` for numbers of taps that Correlator and Solver cannot do."""
    if forward % 2 or forward < 4 or feedback < 2:
        raise ValueError(
            f"forward is even and at least 4, feedback at least 2, not {forward} and {feedback}"
        )


class Correlator(wiring.Component):
    """Sums the normal equations over a stretch of symbols.

    Items with mode REMEMBER come first: at least one, and F / 2 or B + 1 of them, whichever is
    more, until all regressors of the stretch's first symbol are there. Then come items with mode
    ACCUMULATE and a last one with mode FINISH: the stretch, of 4096 symbols at most. Then the words
    leave in the order that the module's docstring has. Until all have left, items are dropped.

    An item is taken 3F + 3B + 8 cycles after it is offered, with REMEMBER 5F + 5B + 13 cycles; the
    multiplier is in use only in that time. A word leaves every 3 cycles. The equations are those of
    :class:`golden.receiver.leastsquares.Correlator`.

    Parameters
    ----------
    forward : F, number of samples among the regressors, even and at least 4
    feedback : B, number of symbols, at least 2

    Members
    -------
    i : In(stream of ITEM)            a symbol: magnitude TRAINING_LEVEL + ``above``, mode
    multiplier : Out(MULTIPLIER)      in use while an item waits
    o : Out(stream of EQUATION_WORD)  words of the normal equations

    Raises
    ------
    ValueError
        For other numbers of taps.
    """

    def __init__(self, forward=64, feedback=32):
        check_taps(forward, feedback)
        self.forward, self.feedback = forward, feedback
        super().__init__(
            {
                "i": In(stream.Signature(ITEM)),
                "multiplier": Out(MULTIPLIER),
                "o": Out(stream.Signature(EQUATION_WORD)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = max(self.forward - 1, self.feedback).bit_length()
        place = data.StructLayout({"index": width, "factor": 2, "symbols": 1})
        m.submodules.sums = sums = Memory(shape=EQUATION_WORD, depth=8 << width, init=[])
        m.submodules.history = history = Memory(shape=FACTOR_SHAPE, depth=2 << width, init=[])
        sum_read, sum_write = sums.read_port(), sums.write_port()
        past, remember = history.read_port(), history.write_port()
        item = self.i.payload
        symbol = Signal(width)

        # A regressor is read, a cycle later multiplied, a cycle later added to its sum.
        at, multiplied, added = Signal(place), Signal(place), Signal(place)
        walking, reading = Signal(), Signal()
        newest = Mux(at.symbols, symbol, Cat(1, symbol[:-1]))
        magnitude = TRAINING_LEVEL + item.above
        level = Mux(item.sign, magnitude, -magnitude)
        clearing, copying = Signal(), Signal()
        part = Signal(2)
        factor = Signal(FACTOR_SHAPE)
        m.d.sync += [multiplied.eq(at), added.eq(multiplied), reading.eq(walking)]
        m.d.comb += [
            past.en.eq(~remember.en),
            past.addr.eq(Cat((newest - at.index)[:width], at.symbols)),
            sum_read.addr.eq(multiplied),
            sum_write.addr.eq(added),
            sum_write.data.eq(Mux(clearing, 0, sum_read.data + self.multiplier.product)),
            self.o.payload.eq(Mux(part == _EDGE_LAST, past.data, sum_read.data)),
        ]
        with m.Switch(multiplied.factor):
            for number, value in (
                (NEWER, item.newer),
                (OLDER, item.older),
                (NEWEST_SYMBOL, level),
                (ONE, 1),
            ):
                with m.Case(number):
                    m.d.comb += factor.eq(value)
        with self.multiplier.multiply(m, factor, past.data, when=reading) as due:
            m.d.comb += sum_write.en.eq(1)

        taking = Signal()
        step, end = self._walk(m, at, clearing, copying)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [at.eq(0), clearing.eq(item.mode == REMEMBER), part.eq(_HEAD)]
                with m.If(self.i.valid):
                    m.d.sync += symbol.eq(symbol + 1)
                    m.next = "OLDER"
            for state, value, address, following in (
                ("OLDER", item.older, Cat(0, symbol[:-1], 0), "NEWER"),
                ("NEWER", item.newer, Cat(1, symbol[:-1], 0), "SIGN"),
                ("SIGN", level, Cat(symbol, 1), "WALK"),
            ):
                with m.State(state):
                    m.d.comb += [
                        remember.addr.eq(address),
                        remember.data.eq(value),
                        remember.en.eq(1),
                    ]
                    m.next = following
            with m.State("WALK"):
                m.d.comb += [walking.eq(1), step.eq(1)]
                with m.If(end):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~reading & ~due):
                    m.d.sync += [clearing.eq(0), copying.eq(clearing), at.eq(0)]
                    m.next = "IDLE"
                    with m.If(clearing):
                        # These regressors may be those before a stretch.
                        m.d.sync += at.factor.eq(ONE)
                        m.next = "WALK"
                    with m.Else():
                        m.d.comb += self.i.ready.eq(1)
                        with m.If(item.mode == FINISH):
                            m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.i.ready.eq(1)
                m.next = "GIVE"
                with m.If(multiplied != at):
                    m.next = "READ"
            with m.State("GIVE"):
                m.d.comb += [self.i.ready.eq(1), self.o.valid.eq(1)]
                with m.If(self.o.ready):
                    m.d.comb += taking.eq(1)
                    m.next = "READ"
                    with m.If(end & (part == _SUMS)):
                        m.next = "IDLE"
        with m.If(taking):
            self._give(m, at, part, step, end, copying)
        return m

    def _walk(self, m, at, clearing, copying):
        """Walk over the sums: ``step`` goes on, ``end`` is the last place. Returns both."""
        step, end = Signal(), Signal()
        last_index = at.index == Mux(at.symbols, self.feedback, self.forward - 1)
        last_factor = at.factor == Mux(clearing | copying, ONE, NEWEST_SYMBOL)
        m.d.comb += end.eq(last_index & last_factor & at.symbols)
        with m.If(step):
            m.d.sync += at.index.eq(at.index + 1)
            with m.If(last_index):
                # The product of samples 0 and 1 is there already.
                m.d.sync += [
                    at.index.eq((at.factor == NEWER) & ~at.symbols),
                    at.factor.eq(at.factor + 1),
                ]
                with m.If(last_factor):
                    m.d.sync += [
                        at.index.eq(0),
                        at.factor.eq(Mux(copying, ONE, NEWER)),
                        at.symbols.eq(~at.symbols),
                    ]
        return step, end

    @staticmethod
    def _give(m, at, part, step, end, copying):
        """Go on to the next word: three sums of squares, then three walks."""
        with m.If(part == _HEAD):
            m.d.sync += [
                at.factor.eq(at.factor + 1),
                at.index.eq(at.factor == NEWER),
                at.symbols.eq(at.factor == OLDER),
            ]
            with m.If(at.factor == NEWEST_SYMBOL):
                m.d.sync += [part.eq(_EDGE_BEFORE), at.symbols.eq(0), copying.eq(1)]
        with m.Else():
            m.d.comb += step.eq(1)
            with m.If(end):
                m.d.sync += part.eq(part + 1)
                with m.If(part == _EDGE_LAST):
                    m.d.sync += [copying.eq(0), at.factor.eq(NEWER)]
