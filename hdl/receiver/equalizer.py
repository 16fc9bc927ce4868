"""Equaliser of the analogue modem (8.4.4, 8.4.5, 9.3.2/V.90).

Feed-forward and feedback sums, errors, slopes and the changes of taps all go through one multiplier
and one accumulator. :mod:`hdl.receiver.equalizer_program` lists these sums. One factor of each
product comes from each of two memories.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import SOFT
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import FEEDBACK, FORWARD
from hdl.core.mac import MULTIPLIER
from hdl.receiver.accumulator import Step
from hdl.receiver.equalizer_memory import Place, Region
from hdl.receiver.equalizer_program import Sum, equalizer_program
from hdl.receiver.equalizer_sums import Sums
from hdl.receiver.interfaces import (
    DECIDED,
    HALF_SYMBOL,
    INTERVAL,
    SAMPLED_SYMBOL,
    SHARE_ABOVE,
    TAP_WORD,
    Correction,
    FrameReport,
    FrameSettings,
    KnownSymbols,
    TapControl,
)
from hdl.receiver.slicer import SLICE, SLICED


class Equalizer(wiring.Component):
    """Decides data frames and adapts its taps: one line of the golden ``Equalizer``.

    It processes a data frame when its last half symbol comes. If the symbols are known, they only
    become past values. Otherwise the six symbols are decided, one after the other, and then the
    taps move, unless the energy of the errors is too large. A set of taps from a solver waits in
    the other half of the tap memory until ``set.load``. Bit-exact with
    :class:`golden.receiver.equalizer.Equalizer`.

    Cycles of a data frame with 64 + 32 taps, and a slicer and outputs that do not wait: 60 for
    known symbols while training; 1780 where no taps move; else 3250 for equal powers, at most 3820
    for powers that :class:`golden.receiver.slicer.Levels` has, at most 5250 for any.

    It takes 3 block RAMs of 256 x 16, and a multiplier that may be shared.

    Parameters
    ----------
    forward : number of feed-forward taps, at least 1
    feedback : number of feedback taps, 1 to 58; at most 96 together

    Members
    -------
    i : In(stream of HALF_SYMBOL)    index 0 begins a data frame, even in the middle of one; taken
                                     within 4 cycles, but a data frame's last waits until the one
                                     before is done, and all wait while clearing
    clear : In(1)                    for a cycle: forget samples, decisions, the last odd sum and
                                     the taps that wait; takes 258 cycles, after the data frame that
                                     is being processed
    frame : In(FrameSettings)        of the data frame; ``known`` and ``turn`` are looked at in the
                                     cycle in which ``i`` gives the last half symbol
    report : Out(FrameReport)        how it is getting on
    correction : Out(Correction)     of the clock, before ``report.done``: the sum of errors times
                                     slopes, beside the power; 0 where taps do not move
    known : Out(KnownSymbols)        symbols whose values are known
    o_slice : Out(stream of SLICE)   to a Slicer; for known symbols 0 or -1, to be decided on
                                     TRN1d's level
    i_slice : In(stream of SLICED)   from it
    o : Out(stream of DECIDED)       symbols decided
    o_symbol : Out(stream of SAMPLED_SYMBOL)  symbols known or decided, with their samples
    i_taps : In(stream of TAP_WORD)  feed-forward taps, feedback taps, then drop in bits 0 to 4 and
                                     good in bit 8; taken between data frames and while the slicer
                                     decides, but not while a good set waits
    set : In(TapControl)             what becomes of the set of taps that waits
    asking : In(1)                   for a cycle: a set was asked for
    multiplier : Out(MULTIPLIER)     in use while ``report.busy``

    Raises
    ------
    ValueError
        For numbers of taps beyond these.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        if not (1 <= forward and 1 <= feedback <= 58 and forward + feedback <= 96):
            raise ValueError(f"{forward} and {feedback} taps are not 1 to 96, 1 to 58, 96 together")
        self.forward, self.feedback = forward, feedback
        super().__init__(
            {
                "i": In(stream.Signature(HALF_SYMBOL)),
                "clear": In(1),
                "frame": In(FrameSettings()),
                "report": Out(FrameReport()),
                "correction": Out(Correction()),
                "known": Out(KnownSymbols()),
                "o_slice": Out(stream.Signature(SLICE)),
                "i_slice": In(stream.Signature(SLICED)),
                "o": Out(stream.Signature(DECIDED)),
                "o_symbol": Out(stream.Signature(SAMPLED_SYMBOL)),
                "i_taps": In(stream.Signature(TAP_WORD)),
                "set": In(TapControl()),
                "asking": In(1),
                "multiplier": Out(MULTIPLIER),
            }
        )
        #: What sums are done with.
        self.sums = Sums(forward, feedback)
        #: Interval of the symbol in turn; the decision's sign, 1 positive, and how far its level is
        #: above TRN1d's.
        self._interval, self._positive, self._above = (
            Signal(INTERVAL),
            Signal(),
            Signal(SHARE_ABOVE),
        )
        #: The past is to be forgotten, because of a ``clear``.
        self._clearing = Signal()

    def elaborate(self, platform):
        m = Module()
        sums, taps, samples = self.sums, self.sums.taps, self.sums.samples
        m.submodules.accumulator = accumulator = sums.accumulator
        m.submodules.taps, m.submodules.samples = taps, samples
        connect(m, flipped(self.i), samples.i)
        connect(m, flipped(self.i_taps), taps.i_taps)
        connect(m, flipped(self.set), taps.set)
        row = equalizer_program(self.frame, taps.drop, sums.half).select(m, sums.sum)
        self._outputs(m)
        m.d.comb += [
            taps.asking.eq(self.asking),
            taps.value.eq(accumulator.total),
            accumulator.product.eq(self.multiplier.product),
            accumulator.word.eq(taps.word),
            self.report.busy.eq(1),
        ]
        m.d.sync += sums.issued.eq(0)
        factors = taps.word >> 16, samples.sample
        with self.multiplier.multiply(m, *factors, when=sums.issued) as self.due:
            m.d.comb += accumulator.do.eq(Step.ADD_PRODUCT)
        with m.If(self.clear):
            m.d.comb += taps.set.discard.eq(1)
            m.d.sync += self._clearing.eq(1)
        sums.default_places(m, row)
        with m.FSM():
            self._rest(m)
            sums.begin(m, self.frame, self.known, self.report.adapting)
            sums.multiply(m, row, self.frame.hurry)
            sums.narrow(m, row, self.frame.still)
            sums.store(m, row, self.correction)
            self._decide(m)
            self._end(m)
        return m

    def _outputs(self, m):
        """Payloads: the accumulator's sum and the words read, which only some states offer."""
        total, word, sample = (
            self.sums.accumulator.total,
            self.sums.taps.word,
            self.sums.samples.sample,
        )
        m.d.comb += [
            self.o_slice.payload.fine.eq(total),
            self.o_slice.payload.interval.eq(self._interval),
            self.o.payload.fine.eq(word),
            self.o.payload.sign.eq(~word[SOFT.width - 1]),
            self.o.payload.error.eq(~total[:16]),
            self.o.payload.ucode.eq(self.i_slice.payload.ucode),
            self.o.payload.interval.eq(self._interval),
            self.o_symbol.payload.newer.eq(total),
            self.o_symbol.payload.older.eq(sample),
            self.o_symbol.payload.sign.eq(self._positive),
            self.o_symbol.payload.above.eq(self._above),
            self.report.energy.eq(total),
            self.correction.amount.eq(total),
        ]

    def _rest(self, m):
        """Wait for a data frame, or forget the last one."""
        sums, samples, taps = self.sums, self.sums.samples, self.sums.taps
        with m.State("IDLE"):
            m.d.comb += [
                self.report.busy.eq(self._clearing),
                samples.hold.eq(self._clearing | self.clear),
                taps.idle.eq(1),
            ]
            with m.If(samples.complete):
                m.d.sync += [
                    sums.known.eq(self.frame.known),
                    self._interval.eq(self.frame.turn),
                    sums.half.eq(4),
                ]
                sums.go(m, Sum.FORWARD, "BEGIN")
            with m.Elif(self._clearing):
                m.d.comb += sums.accumulator.do.eq(Step.ZEROS)
                m.d.sync += [sums.tap.eq(0), sums.half.eq(0)]
                m.next = "CLEAR"
        with m.State("CLEAR"):
            # The rings; the last error, the drift and their taps; the odd sum.
            second, last = sums.half[0], ~sums.tap[6]
            error = sums.tap[0]
            sums.place(m, Mux(second, Cat(error, Const(0b111, 3)), Place.ODD))
            other = Mux(error, Region.ERRORS, Region.DRIFTS)
            m.d.comb += [
                taps.write.eq(1),
                taps.invert.eq(~second),
                samples.region.eq(Mux(second, Mux(last, other, Region.PAST), Region.SAMPLES)),
                samples.before.eq(1),
                samples.step.eq(-1),
                samples.write.eq(1),
                samples.move.eq(second),
            ]
            m.d.sync += [sums.half[0].eq(~second), sums.tap.eq(sums.tap + second)]
            with m.If(second & sums.tap.all()):
                m.d.sync += self._clearing.eq(0)
                m.next = "IDLE"

    def _decide(self, m):
        """Have a symbol decided, and report it."""
        sums, samples, symbol = self.sums, self.sums.samples, self.o_symbol
        with m.State("ASK"):
            m.d.comb += [self.o_slice.valid.eq(1), samples.start.eq(1), samples.own.eq(1)]
            m.d.comb += sums.taps.idle.eq(1)
            with m.If(self.o_slice.ready):
                m.next = "ANSWER"
        with m.State("ANSWER"):
            value = self.i_slice.payload.value
            m.d.comb += [
                samples.value.eq(Mux(self.known.given, self.known.value, value)),
                samples.write.eq(self.i_slice.valid),
            ]
            m.d.sync += [
                self._positive.eq(~value[-1]),
                self._above.eq(self.i_slice.payload.above),
            ]
            with m.If(self.i_slice.valid):
                with m.If(sums.known):
                    m.d.comb += self.i_slice.ready.eq(1)
                    sums.go(m, Sum.SYMBOL, "BEGIN")
                with m.Else():
                    sums.go(m, Sum.ERROR, "MULTIPLY")
        with m.State("TELL"):
            sums.place(m, Place.FINE)
            m.d.comb += [self.o.valid.eq(1), self.i_slice.ready.eq(self.o.ready)]
            with m.If(self.o.ready):
                sums.go(m, Sum.SCALE, "DRAIN")
        with m.State("PAIR"):
            m.d.comb += symbol.valid.eq(1)
            with m.If(symbol.ready):
                m.d.sync += self._interval.eq(
                    Mux(self._interval == INTERVALS - 1, 0, self._interval + 1)
                )
                sums.next_half(m, Mux(sums.known, 2, 1))
                sums.go(m, Sum.FORWARD, "BEGIN")
                with m.If(sums.known & sums.half[1:].all()):
                    m.next = "IDLE"

    def _end(self, m):
        """Measure a data frame's errors, and end it."""
        frame, report, sums = self.frame, self.report, self.sums
        with m.State("MEASURE"):
            m.d.comb += report.measured.eq(1)
            adapts = ((report.energy >> 8) <= (frame.loss >> 2)) & ~frame.guess & ~frame.settling
            m.d.sync += report.adapting.eq(adapts)
            sums.go(m, Mux(adapts, Sum.ADAPT_FORWARD, Sum.ADAPT_DRIFT), "BEGIN")
        with m.State("DONE"):
            m.d.comb += report.done.eq(1)
            m.next = "IDLE"
