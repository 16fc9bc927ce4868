"""Taps of the equaliser by least squares over TRN1d (8.4.5, 9.3.2/V.90): sums, and their solution.

The normal equations are summed by displacement. A symbol later every regressor has moved on by one
place, samples by two, so an entry of the matrix is the one a place before it, plus the product of
the regressors before the stretch of symbols, less that of its last symbol's. So per symbol only the
products with the newest two samples and the newest symbol are summed, and the rest is made of them
and of those two sets of regressors, the edges.

The words between the two components, each of 48 bits:

1. the sums of squares of sample 0, of sample 1 and of symbol 0;
2. the regressors before the stretch: samples 0 to F - 1, then symbols 0 to B;
3. the regressors of its last symbol, likewise;
4. sums of products with sample 0, with sample 1 and with symbol 0: first of samples 0 to F - 1
   (with sample 1: from 1), then of symbols 0 to B.

Sample i is the one i half symbols before the newest, symbol 0 the target, symbol j the one j before
it; symbols count about plus or minus TRAINING_LEVEL.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import INTERPOLATED, TRAINING_LEVEL
from golden.receiver.leastsquares import MOST_OFF
from hdl.core.fixed import shape
from hdl.core.mac import MULTIPLY
from hdl.receiver.arithmetic import SUM_BITS

#: What there is to do with an item of the Correlator.
REMEMBER, ACCUMULATE, FINISH = range(3)

#: What products are with: sample 0, sample 1, symbol 0; and 1, for a copy of the regressors.
_NEWER, _OLDER, _SYMBOL, _ONE = range(4)

#: Parts of what the Correlator gives.
_HEAD, _BEFORE, _LAST, _SUMS = range(4)


def item_layout():
    """Payload of the Correlator's input."""
    sample = shape(INTERPOLATED)
    return data.StructLayout(
        {
            "older": sample,
            "newer": sample,
            "sign": 1,
            "above": signed(MOST_OFF.bit_length() + 1),
            "mode": 2,
        }
    )


def _check(forward, feedback):
    if forward % 2 or forward < 4 or feedback < 2:
        raise ValueError(
            f"forward is even and at least 4, feedback at least 2, not {forward} and {feedback}"
        )


class Correlator(wiring.Component):
    """Sums the normal equations over a stretch of symbols.

    Items with mode 0 are remembered only; there is one at least before a stretch, and F / 2 or
    B + 1 of them, whichever is more, until all is remembered that a stretch begins with. Items with
    mode 1 and a last one with mode 2 are the stretch, of 4096 at most. Then the sums are given, in
    the order of the module's docstring, and as long as that lasts items are taken and dropped.

    An item is taken when all is done with it, 3F + 3B + 8 cycles after it came, with mode 0
    5F + 5B + 13; the multiplier is used only in that time. A word is given every 3 cycles. The
    equations are those of :class:`golden.receiver.leastsquares.Correlator`.

    Parameters: ``forward`` (F, even) and ``feedback`` (B).

    Members
    -------
    i : In(stream), older, newer (signed(16)): the samples of a symbol; sign, 1 positive, of its
        value, which is TRAINING_LEVEL and ``above`` in magnitude; mode
    multiply : Out(MULTIPLY)
    o : Out(stream), signed(48)
    """

    def __init__(self, forward=64, feedback=32):
        _check(forward, feedback)
        self.forward, self.feedback = forward, feedback
        super().__init__(
            {
                "i": In(stream.Signature(item_layout())),
                "multiply": Out(MULTIPLY),
                "o": Out(stream.Signature(signed(SUM_BITS))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = max(self.forward - 1, self.feedback).bit_length()
        place = data.StructLayout({"index": width, "factor": 2, "symbols": 1})
        m.submodules.sums = sums = Memory(shape=signed(SUM_BITS), depth=8 << width, init=[])
        m.submodules.history = history = Memory(shape=signed(16), depth=2 << width, init=[])
        sum_read, sum_write = sums.read_port(), sums.write_port()
        past, remember = history.read_port(), history.write_port()
        item = self.i.payload
        symbol = Signal(width)

        # A regressor is read, a cycle later multiplied, a cycle later added to its sum.
        at, multiplied, added = Signal(place), Signal(place), Signal(place)
        walking = Signal()
        moving = Signal(2)
        newest = Mux(at.symbols, symbol, Cat(1, symbol[:-1]))
        magnitude = TRAINING_LEVEL + item.above
        level = Mux(item.sign, magnitude, -magnitude)
        clearing, copying = Signal(), Signal()
        part = Signal(2)
        m.d.sync += [multiplied.eq(at), added.eq(multiplied), moving.eq(Cat(walking, moving))]
        m.d.comb += [
            past.en.eq(~remember.en),
            past.addr.eq(Cat((newest - at.index)[:width], at.symbols)),
            self.multiply.b.eq(past.data),
            sum_read.addr.eq(multiplied),
            sum_write.addr.eq(added),
            sum_write.data.eq(Mux(clearing, 0, sum_read.data + self.multiply.product)),
            sum_write.en.eq(moving[1]),
            self.o.payload.eq(Mux(part == _LAST, past.data, sum_read.data)),
        ]
        with m.Switch(multiplied.factor):
            for factor, value in (
                (_NEWER, item.newer),
                (_OLDER, item.older),
                (_SYMBOL, level),
                (_ONE, 1),
            ):
                with m.Case(factor):
                    m.d.comb += self.multiply.a.eq(value)

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
                with m.If(moving == 0):
                    m.d.sync += [clearing.eq(0), copying.eq(clearing), at.eq(0)]
                    m.next = "IDLE"
                    with m.If(clearing):
                        # What is remembered now may be what is before a stretch.
                        m.d.sync += at.factor.eq(_ONE)
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
        """Where a walk goes with ``step``; ``end`` is its last place. Returns both."""
        step, end = Signal(), Signal()
        last_index = at.index == Mux(at.symbols, self.feedback, self.forward - 1)
        last_factor = at.factor == Mux(clearing | copying, _ONE, _SYMBOL)
        m.d.comb += end.eq(last_index & last_factor & at.symbols)
        with m.If(step):
            m.d.sync += at.index.eq(at.index + 1)
            with m.If(last_index):
                # The product of samples 0 and 1 is there already.
                m.d.sync += [
                    at.index.eq((at.factor == _NEWER) & ~at.symbols),
                    at.factor.eq(at.factor + 1),
                ]
                with m.If(last_factor):
                    m.d.sync += [
                        at.index.eq(0),
                        at.factor.eq(Mux(copying, _ONE, _NEWER)),
                        at.symbols.eq(~at.symbols),
                    ]
        return step, end

    @staticmethod
    def _give(m, at, part, step, end, copying):
        """On to the next word: three sums of squares, then three walks."""
        with m.If(part == _HEAD):
            m.d.sync += [
                at.factor.eq(at.factor + 1),
                at.index.eq(at.factor == _NEWER),
                at.symbols.eq(at.factor == _OLDER),
            ]
            with m.If(at.factor == _SYMBOL):
                m.d.sync += [part.eq(_BEFORE), at.symbols.eq(0), copying.eq(1)]
        with m.Else():
            m.d.comb += step.eq(1)
            with m.If(end):
                m.d.sync += part.eq(part + 1)
                with m.If(part == _LAST):
                    m.d.sync += [copying.eq(0), at.factor.eq(_NEWER)]
