"""Equaliser of the analogue modem (8.4.4, 8.4.5, 9.3.2/V.90).

Feed-forward and feedback sums, errors, slopes and the changes of taps all go through one multiplier
and one accumulator. :mod:`hdl.receiver.equalizer_program` lists these sums. One factor of each
product comes from each of two memories.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import SOFT
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timing import HALVES
from hdl.core.mac import MULTIPLIER
from hdl.receiver.accumulator import Accumulator, Step
from hdl.receiver.equalizer_memory import Place, Region, SampleMemory, TapMemory
from hdl.receiver.equalizer_program import AfterSum, Sum, Walk, equalizer_program
from hdl.receiver.interfaces import (
    ABOVE,
    DECIDED,
    HALF_SYMBOL,
    INTERVAL,
    SAMPLED_SYMBOL,
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
        self._accumulator = Accumulator()
        self._taps, self._samples = TapMemory(forward + feedback), SampleMemory()
        #: The sum in turn; whether the data frame's symbols are known; the symbol's interval.
        self._sum, self._known, self._interval = Signal(Sum), Signal(), Signal(INTERVAL)
        #: Tap and half symbol in turn; places that are left to be shifted.
        self._tap, self._half, self._shift = Signal(7), Signal(4), Signal(signed(7))
        #: The decision's sign, 1 positive, and how far its level is above TRN1d's.
        self._positive, self._above = Signal(), Signal(ABOVE)
        #: What came before a ``clear`` is still there.
        self._clearing = Signal()
        #: A product was asked for in the cycle before: its factors are there now.
        self._issued = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.accumulator = accumulator = self._accumulator
        m.submodules.taps, m.submodules.samples = taps, samples = self._taps, self._samples
        connect(m, flipped(self.i), samples.i)
        connect(m, flipped(self.i_taps), taps.i_taps)
        connect(m, flipped(self.set), taps.set)
        row = equalizer_program(self.frame, taps.drop, self._half).select(m, self._sum)
        self._outputs(m)
        m.d.comb += [
            taps.asking.eq(self.asking),
            taps.value.eq(accumulator.total),
            accumulator.product.eq(self.multiplier.product),
            accumulator.word.eq(taps.word),
        ]
        m.d.sync += self._issued.eq(0)
        factors = taps.word >> 16, samples.sample
        with self.multiplier.multiply(m, *factors, when=self._issued) as self._due:
            m.d.comb += accumulator.do.eq(Step.ADD_PRODUCT)
        with m.If(self.clear):
            m.d.comb += taps.set.discard.eq(1)
            m.d.sync += self._clearing.eq(1)
        self._default_places(m, row)
        with m.FSM():
            self._rest(m)
            self._begin(m, row)
            self._multiply(m, row)
            self._narrow(m, row)
            self._store(m, row)
            self._decide(m)
            self._end(m)
        return m

    def _outputs(self, m):
        """Payloads: the accumulator's sum and the words read, in the states in which they are."""
        total, word, sample = self._accumulator.total, self._taps.word, self._samples.sample
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

    def _at(self, *sums):
        return Cat(self._sum == one for one in sums).any()

    def _go(self, m, following, state):
        m.d.sync += self._sum.eq(following)
        m.next = state

    def _place(self, m, place):
        m.d.comb += [self._taps.placed.eq(1), self._taps.place.eq(place)]

    def _default_places(self, m, row):
        """Where to read and write, where a state says nothing else."""
        taps, samples = self._taps, self._samples
        m.d.comb += [
            taps.tap.eq(self._tap),
            taps.place.eq(Cat(self._half[1:], Const(0, 1))),
            samples.half.eq(self._half),
            samples.region.eq(row.region),
            samples.before.eq(row.before),
            samples.step.eq(row.step),
            samples.value.eq(self._accumulator.total),
            samples.hold.eq(1),
            self.report.busy.eq(1),
        ]

    def _rest(self, m):
        """Wait for a data frame, or forget the last one."""
        samples, taps = self._samples, self._taps
        with m.State("IDLE"):
            m.d.comb += [
                self.report.busy.eq(self._clearing),
                samples.hold.eq(self._clearing | self.clear),
                taps.idle.eq(1),
            ]
            with m.If(samples.complete):
                m.d.sync += [
                    self._known.eq(self.frame.known),
                    self._interval.eq(self.frame.turn),
                    self._half.eq(4),
                ]
                self._go(m, Sum.FORWARD, "BEGIN")
            with m.Elif(self._clearing):
                m.d.comb += self._accumulator.do.eq(Step.ZEROS)
                m.d.sync += [self._tap.eq(0), self._half.eq(0)]
                m.next = "CLEAR"
        with m.State("CLEAR"):
            # The rings; the last error, the drift and their taps; the odd sum.
            second, last = self._half[0], ~self._tap[6]
            error = self._tap[0]
            self._place(m, Mux(second, Cat(error, Const(0b111, 3)), Place.ODD))
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
            m.d.sync += [self._half[0].eq(~second), self._tap.eq(self._tap + second)]
            with m.If(second & self._tap.all()):
                m.d.sync += self._clearing.eq(0)
                m.next = "IDLE"

    def _begin(self, m, row):
        """Begin a sum from zero, or leave it zero where it must not count."""
        with m.State("BEGIN"):
            m.d.comb += [self._samples.start.eq(1), self._accumulator.do.eq(Step.ZEROS)]
            with m.If(self._at(Sum.FORWARD, Sum.ENERGY)):
                m.d.sync += self._tap.eq(0)
            with m.If(self._at(Sum.ADAPT_ERROR)):
                m.d.sync += self._half.eq(6)
            m.next = "MULTIPLY"
            with m.If(self._known & self._at(Sum.FORWARD)):
                m.d.comb += self.known.next.eq(1)
                with m.If(~self.known.sign):
                    m.d.comb += self._accumulator.do.eq(Step.ONES)
                self._go(m, Sum.BACK, "ASK")
            with m.If(self._at(Sum.SLOPE, Sum.FREQUENCY) & ~self.report.adapting):
                m.next = "STORE"
            with m.If(self._at(Sum.ADAPT_DRIFT) & self.frame.guess):
                m.next = "DRAIN"

    def _multiply(self, m, row):
        """Ask for the factors of a sum's products, a product a cycle where no sample comes."""
        samples = self._samples
        with m.State("MULTIPLY"), m.If(~samples.taken):
            m.d.comb += samples.move.eq(1)
            m.d.sync += self._issued.eq(1)
            ends = Signal()
            with m.Switch(row.walk):
                with m.Case(Walk.TAPS):
                    m.d.sync += self._tap.eq(self._tap + 1)
                    m.d.comb += ends.eq(self._last_tap)
                with m.Case(Walk.ONE):
                    self._place(m, row.factor)
                    m.d.comb += ends.eq(1)
                with m.Case(Walk.SYMBOLS):
                    m.d.comb += self._taps.placed.eq(1)
                    self._next_half(m, 2)
                    m.d.comb += ends.eq(self._half[1:] == HALVES // 2 + 1)
            with m.If(ends):
                m.next = "DRAIN"
                with m.If(row.grows):
                    m.next = "GROW"
        # Two products more: with the coarse value, then with the error of the symbol before.
        with m.State("GROW"):
            self._place(m, Place.DRIFT_TAP)
            m.d.comb += [samples.region.eq(Region.COARSE), samples.before.eq(0)]
            with m.If(~samples.taken):
                m.d.sync += self._issued.eq(1)
                m.next = "STEER"
        with m.State("STEER"):
            back = self._at(Sum.BACK)
            self._place(m, Mux(back, Place.ERROR_TAP, self.frame.hurry))
            m.d.comb += [samples.region.eq(Region.ERRORS), samples.before.eq(back)]
            with m.If(~samples.taken):
                m.d.sync += self._issued.eq(1)
                m.next = "DRAIN"
        with m.State("DRAIN"):
            m.d.comb += samples.busy.eq(1)
            m.d.sync += self._shift.eq(row.shift)
            self._place_added(m, row)
            with m.If(~self._issued):
                m.next = "SHIFT"
                with m.Switch(self._sum):
                    with m.Case(Sum.SYMBOL):
                        m.next = "PAIR"
                    with m.Case(Sum.ENERGY):
                        m.next = "MEASURE"

    @property
    def _last_tap(self):
        back = self._at(Sum.BACK, Sum.ADAPT_BACK)
        end = Mux(back, self.forward + self.feedback, self.forward)
        return self._tap == end - 1

    def _next_half(self, m, by):
        after = self._half + by
        m.d.sync += self._half.eq(Mux(after[4], 4, after))

    def _place_added(self, m, row):
        """Read the word that is added to the sum: the tap in turn, or another."""
        with m.If(~row.of_tap):
            self._place(m, row.added)

    def _narrow(self, m, row):
        """Shift, round, add a word, saturate."""
        accumulator, shift = self._accumulator, self._shift
        with m.State("SHIFT"):
            m.d.comb += accumulator.rounding.eq(1)
            self._place_added(m, row)
            with m.If(shift[:2].any() | shift[-1]):
                m.d.comb += accumulator.do.eq(Step.DOUBLE)
                m.d.sync += shift.eq(shift + 1)
            with m.Elif(shift.any()):
                m.d.comb += accumulator.do.eq(Step.SIXTEENTH)
                m.d.sync += shift.eq(shift - 4)
            with m.Else():
                m.d.comb += accumulator.do.eq(row.rounds)
                m.next = "SATURATE"
        with m.State("SATURATE"):
            self._place(m, Place.ODD)
            m.d.comb += accumulator.do.eq(row.fits)
            negative = self._at(Sum.ADAPT_DRIFT) & accumulator.total[-1]
            no_drift = self._at(Sum.ADAPT_DRIFT, Sum.FOLLOW) & self.frame.still
            with m.If(negative | no_drift):
                m.d.comb += accumulator.do.eq(Step.ZEROS)
            m.next = "STORE"

    def _store(self, m, row):
        """Put a sum where it belongs, and begin the next one."""
        samples, taps, accumulator = self._samples, self._taps, self._accumulator
        with m.State("STORE"):
            with m.If(~row.of_tap):
                self._place(m, row.to)
            m.d.comb += [
                taps.write.eq(row.to_taps),
                taps.invert.eq(row.invert),
                samples.region.eq(row.into),
                samples.before.eq(0),
                samples.write.eq(row.to_samples),
            ]
            m.d.sync += self._sum.eq(row.next)
            with m.Switch(row.then):
                for then in AfterSum:
                    with m.Case(then):
                        m.next = then.name
            with m.Switch(self._sum):
                with m.Case(Sum.FORWARD):
                    # The complement of the odd sum before is in the word, and one is lacking.
                    with m.If(self._half[0]):
                        m.d.comb += [accumulator.plus_one.eq(1), accumulator.do.eq(Step.ADD_WORD)]
                with m.Case(Sum.ERROR):
                    m.d.comb += samples.value.eq(~accumulator.total)
                with m.Case(Sum.CHANGE):
                    self._next_half(m, 1)
                with m.Case(Sum.SLOPE):
                    m.d.comb += self.correction.phase.eq(1)
                with m.Case(Sum.FREQUENCY):
                    m.d.comb += self.correction.frequency.eq(1)
                with m.Case(Sum.ADAPT_FORWARD, Sum.ADAPT_BACK):
                    m.d.comb += accumulator.do.eq(Step.ZEROS)
                    m.d.sync += self._tap.eq(self._tap + 1)
                    with m.If(~self._last_tap):
                        self._go(m, self._sum, "MULTIPLY")

    def _decide(self, m):
        """Have a symbol decided, and report it."""
        samples, symbol = self._samples, self.o_symbol
        with m.State("ASK"):
            m.d.comb += [self.o_slice.valid.eq(1), samples.start.eq(1), samples.own.eq(1)]
            m.d.comb += self._taps.idle.eq(1)
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
                with m.If(self._known):
                    m.d.comb += self.i_slice.ready.eq(1)
                    self._go(m, Sum.SYMBOL, "BEGIN")
                with m.Else():
                    self._go(m, Sum.ERROR, "MULTIPLY")
        with m.State("TELL"):
            self._place(m, Place.FINE)
            m.d.comb += [self.o.valid.eq(1), self.i_slice.ready.eq(self.o.ready)]
            with m.If(self.o.ready):
                self._go(m, Sum.SCALE, "DRAIN")
        with m.State("PAIR"):
            m.d.comb += symbol.valid.eq(1)
            with m.If(symbol.ready):
                m.d.sync += self._interval.eq(
                    Mux(self._interval == INTERVALS - 1, 0, self._interval + 1)
                )
                self._next_half(m, Mux(self._known, 2, 1))
                self._go(m, Sum.FORWARD, "BEGIN")
                with m.If(self._known & self._half[1:].all()):
                    m.next = "IDLE"

    def _end(self, m):
        """Measure a data frame's errors, and end it."""
        frame, report = self.frame, self.report
        with m.State("MEASURE"):
            m.d.comb += report.measured.eq(1)
            adapts = ((report.energy >> 8) <= (frame.loss >> 2)) & ~frame.guess & ~frame.settling
            m.d.sync += report.adapting.eq(adapts)
            self._go(m, Mux(adapts, Sum.ADAPT_FORWARD, Sum.ADAPT_DRIFT), "BEGIN")
        with m.State("DONE"):
            m.d.comb += report.done.eq(1)
            m.next = "IDLE"
