"""Equaliser of the analogue modem (8.4.4, 8.4.5, 9.3.2/V.90).

Everything goes through one multiplier and one accumulator: sums of the feed-forward and of the
feedback part, errors, slopes, and the taps' changes. One factor of each product comes from either
of two memories.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import (
    COARSE,
    DRIFT,
    DRIFT_TAP,
    ERROR,
    ERROR_TAP,
    FEEDBACK_TAP,
    FEEDBACK_TAP_USED,
    INTERPOLATED,
    SOFT,
)
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import (
    DRIFT_HURRY_BITS,
    DRIFT_STEERED,
    DRIFT_STEP_BITS,
    ERROR_STEP_BITS,
    FEEDBACK,
    FORWARD,
    INPUT_POWER_BITS,
    STEP_BITS,
)
from golden.receiver.slicer import FINE
from golden.receiver.timetable import FREQUENCY_BITS, LOOP_BITS
from golden.receiver.timing import HALVES, INSTANT_FRACTION
from hdl.core.fixed import shape
from hdl.core.mac import MULTIPLY
from hdl.receiver.accumulator import Accumulator, Step
from hdl.receiver.equalizer_memory import HALF, Place, Region, Samples, Taps
from hdl.receiver.slicer import ABOVE_BITS, SLICE, SLICED

# One shift does for the feedback part, for a coarse value and for the drift; an error that steers
# and a drift that is added have the same factor.
assert FEEDBACK_TAP_USED.fraction - FINE == FINE - COARSE.fraction
assert DRIFT_STEERED[0] == 1 << (FINE - DRIFT.fraction)

DECISION = data.StructLayout(
    {"fine": shape(SOFT), "error": shape(ERROR), "ucode": 7, "sign": 1, "interval": 3}
)
SYMBOL = data.StructLayout(
    {
        "older": shape(INTERPOLATED),
        "newer": shape(INTERPOLATED),
        "sign": 1,
        "above": signed(ABOVE_BITS),
    }
)


class _Phase(IntEnum):
    """What a sum is for: of a half symbol, or of a data frame from ENERGY on, but for FOLLOW."""

    FORWARD = 0
    BACK = 1
    ERROR = 2
    SCALE = 3
    SYMBOL = 4
    CHANGE = 5
    DRIFT = 6
    COARSE = 7
    ENERGY = 8
    ADAPT_FORWARD = 9
    ADAPT_BACK = 10
    SLOPE = 11
    FOLLOW = 12
    ADAPT_ERROR = 13
    ADAPT_DRIFT = 14
    FREQUENCY = 15


class Equalizer(wiring.Component):
    """Decides data frames and moves its taps: one line of the golden ``Equalizer``.

    A data frame is processed when its last sample comes. With known symbols they only go to the
    past values; otherwise the data frame's six symbols are decided, one after the other, and taps
    are moved unless the energy is too large. With 64 + 32 taps and a slicer and outputs that do not
    wait, a data frame takes 3250 cycles when powers are alike, at most 3820 for powers that
    :class:`golden.receiver.slicer.Levels` has and 5250 for any from 0 on; 1780 when taps do not
    move; 60 with known symbols while training. Bit-exact with golden.

    Taps that a solver gives wait in the other half of the tap memory until ``load``.

    One multiplier (not within), 3 block RAMs of 256 x 16.

    Parameters: ``forward``, ``feedback``: numbers of taps, at least 1, at most 96 together and 58
    of the feedback part.

    Members
    -------
    i : In(stream), half (INTERPOLATED); index 0 to 11. Index 0 begins a data frame, whatever was
        there of one. Taken within 4 cycles, at any time, but the last one of a frame waits for the
        end of the frame before, and all do while clearing.
    clear : In(1), forget samples, decisions, the last odd sum and taps that wait, and no others;
        takes 258 cycles, from the end of the data frame on that is being processed
    turn : In(3), interval of the frame's first symbol, 0 to 5; known : In(1), a frame of known
        symbols. Both are looked at in the cycle in which ``i`` gives the last sample.
    known_sign : In(1), 1 positive, of the known symbol; known_next : Out(1), it was looked at
    power_bits, training_bits : In(6), logarithms of powers (at most 30); hurry : In(1), errors
        steer the drift in a hurry; still : In(1), there is none; settling : In(1), no taps move but
        the drift's; guess : In(1), levels are one, and no taps move; loss : In(32), of the levels.
        They hold during a frame.
    given : In(1), the symbol of the interval that ``o_slice`` tells has the value given_value :
        In(signed(16)), whatever it is decided to be. Looked at until the decision is at ``o``
    o_slice, i_slice : Out(stream), In(stream), of a :class:`hdl.receiver.slicer.Slicer`. It is
    asked for
        known symbols too, with 0 or -1, and must be ``training`` then.
    o : Out(stream), fine (SOFT); error (ERROR); ucode; sign, 1 positive; interval: symbols decided
    o_symbol : Out(stream), older, newer: the two samples of a symbol; sign of its value, known or
        decided, 1 positive; above, of the level decided
    measured : Out(1), for one cycle; energy : Out(36), sum of squares of errors, in that cycle
    done : Out(1), for one cycle, at the end of a frame, but not of known symbols
    adapting : Out(1), whether energy allowed taps to move, from ``done`` until the next frame
    phase, frequency : Out(1), each for one cycle before ``done``: with it comes the correction of
        the clock's phase, or of its frequency, ``correction`` : Out(signed(40)), Q32: the sum of
        errors times slopes beside the power, or nought
    i_taps : In(stream), 32 bits: feed-forward taps, feedback taps, then drop in bits 0 to 4 and
        good in bit 8. Taken between frames and while the slicer decides; when a set is good, the
        next one waits until ``load`` or ``discard``.
    loaded_good : Out(1), a whole set waits and is good; answered : Out(1), a whole set was the last
        that came, good or not; discard : In(1) forgets it, or the one that is under way since
        ``asking`` : In(1) told of it
    load : In(1), it works from now on. For one cycle, not while busy.
    multiply : to a shared multiplier
    busy : Out(1)
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        if not (1 <= forward and 1 <= feedback <= 58 and forward + feedback <= 96):
            raise ValueError(f"{forward} and {feedback} taps are not 1 to 96, 1 to 58, 96 together")
        self.forward, self.feedback = forward, feedback
        super().__init__(
            {
                "i": In(stream.Signature(HALF)),
                "clear": In(1),
                "turn": In(3),
                "known": In(1),
                "known_sign": In(1),
                "known_next": Out(1),
                "power_bits": In(6),
                "training_bits": In(6),
                "hurry": In(1),
                "still": In(1),
                "settling": In(1),
                "guess": In(1),
                "given": In(1),
                "given_value": In(signed(16)),
                "loss": In(32),
                "o_slice": Out(stream.Signature(SLICE)),
                "i_slice": In(stream.Signature(SLICED)),
                "o": Out(stream.Signature(DECISION)),
                "o_symbol": Out(stream.Signature(SYMBOL)),
                "measured": Out(1),
                "energy": Out(36),
                "done": Out(1),
                "adapting": Out(1),
                "phase": Out(1),
                "frequency": Out(1),
                "correction": Out(signed(40)),
                "i_taps": In(stream.Signature(signed(32))),
                "loaded_good": Out(1),
                "answered": Out(1),
                "asking": In(1),
                "discard": In(1),
                "load": In(1),
                "multiply": Out(MULTIPLY),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.accumulator = self._sum = accumulator = Accumulator()
        m.submodules.taps = self._taps = taps = Taps(self.forward + self.feedback)
        m.submodules.samples = self._samples = samples = Samples()
        connect(m, flipped(self.i), samples.i)
        connect(m, flipped(self.i_taps), taps.i_taps)
        self._phase, self._known = Signal(_Phase), Signal()
        self._interval, self._positive = Signal(3), Signal()
        self._above = Signal(signed(ABOVE_BITS))
        self._tap, self._half = Signal(7), Signal(4)
        self._clearing = Signal()
        self._issued, self._due = Signal(), Signal()
        self._shift = Signal(signed(7))
        total = accumulator.total
        m.d.comb += [
            taps.load.eq(self.load),
            taps.asking.eq(self.asking),
            taps.discard.eq(self.discard | self.clear),
            self.loaded_good.eq(taps.loaded_good),
            self.answered.eq(taps.answered),
            taps.value.eq(total),
            self.multiply.a.eq(taps.word >> 16),
            self.multiply.b.eq(samples.sample),
            accumulator.product.eq(self.multiply.product),
            accumulator.word.eq(taps.word),
            self.o_slice.payload.fine.eq(total),
            self.o_slice.payload.interval.eq(self._interval),
            self.o.payload.fine.eq(taps.word),
            self.o.payload.sign.eq(~taps.word[SOFT.width - 1]),
            self.o.payload.error.eq(~total[:16]),
            self.o.payload.ucode.eq(self.i_slice.payload.ucode),
            self.o.payload.interval.eq(self._interval),
            self.o_symbol.payload.newer.eq(total),
            self.o_symbol.payload.older.eq(samples.sample),
            self.o_symbol.payload.sign.eq(self._positive),
            self.o_symbol.payload.above.eq(self._above),
            self.energy.eq(total),
            self.correction.eq(total),
        ]
        m.d.sync += [self._issued.eq(0), self._due.eq(self._issued)]
        with m.If(self._due):
            m.d.comb += accumulator.do.eq(Step.ADD_PRODUCT)
        with m.If(self.clear):
            m.d.sync += self._clearing.eq(1)
        self._default_places(m)
        with m.FSM():
            self._rest(m)
            self._multiply(m)
            self._narrow(m)
            self._store(m)
            self._decide(m)
            self._end(m)
        return m

    def _at(self, *phases):
        return Cat(self._phase == phase for phase in phases).any()

    def _go(self, m, phase, state):
        m.d.sync += self._phase.eq(phase)
        m.next = state

    def _default_places(self, m):
        """Where to read and write as a rule in each phase."""
        taps, samples = self._taps, self._samples
        m.d.comb += [
            taps.tap.eq(self._tap),
            taps.place.eq(Cat(self._half[1:], Const(0, 1))),
            samples.half.eq(self._half),
            samples.value.eq(self._sum.total),
            samples.hold.eq(1),
            samples.step.eq(-1),
            self.busy.eq(1),
        ]
        # From the frame's last symbol, back to the first for the next tap.
        last = self._half[1:] == HALVES // 2 + 1
        with m.If(self._phase == _Phase.ADAPT_FORWARD):
            m.d.comb += samples.step.eq(Mux(last, 1 - HALVES, 2))
        with m.If(self._at(_Phase.ADAPT_BACK, _Phase.ADAPT_DRIFT)):
            m.d.comb += samples.step.eq(Mux(last, -INTERVALS, 1))
        with m.Switch(self._phase):
            with m.Case(_Phase.BACK, _Phase.ERROR, _Phase.ADAPT_BACK, _Phase.ADAPT_DRIFT):
                m.d.comb += samples.region.eq(Region.PAST)
            with m.Case(_Phase.DRIFT, _Phase.FOLLOW):
                m.d.comb += [samples.region.eq(Region.DRIFTS), samples.before.eq(1)]
            with m.Case(_Phase.ENERGY):
                m.d.comb += samples.region.eq(Region.ERRORS)
            with m.Case(_Phase.ADAPT_ERROR):
                m.d.comb += [samples.region.eq(Region.ERRORS), samples.before.eq(1)]
            with m.Case(_Phase.SLOPE, _Phase.FREQUENCY):
                m.d.comb += samples.region.eq(Region.SLOPES)

    def _place(self, m, place):
        m.d.comb += [self._taps.placed.eq(1), self._taps.place.eq(place)]

    def _place_word(self, m):
        """The word of a phase that is added to its sum, where that is not one of the taps."""
        with m.Switch(self._phase):
            with m.Case(_Phase.BACK):
                self._place(m, Place.SOFT)
            with m.Case(_Phase.ADAPT_ERROR):
                self._place(m, Place.ERROR_TAP)
            with m.Case(_Phase.ADAPT_DRIFT):
                self._place(m, Place.DRIFT_TAP)

    def _rest(self, m):
        """Wait for a data frame, or forget the last one."""
        samples, taps = self._samples, self._taps
        with m.State("IDLE"):
            m.d.comb += [
                self.busy.eq(self._clearing),
                samples.hold.eq(self._clearing | self.clear),
                taps.idle.eq(1),
            ]
            with m.If(samples.complete):
                m.d.sync += [
                    self._known.eq(self.known),
                    self._interval.eq(self.turn),
                    self._half.eq(4),
                ]
                self._go(m, _Phase.FORWARD, "BEGIN")
            with m.Elif(self._clearing):
                m.d.comb += self._sum.do.eq(Step.ZEROS)
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
                samples.write.eq(1),
                samples.move.eq(second),
            ]
            m.d.sync += [self._half[0].eq(~second), self._tap.eq(self._tap + second)]
            with m.If(second & self._tap.all()):
                m.d.sync += self._clearing.eq(0)
                m.next = "IDLE"

    def _multiply(self, m):
        """Sums of products."""
        samples, accumulator = self._samples, self._sum
        with m.State("BEGIN"):
            m.d.comb += [samples.start.eq(1), accumulator.do.eq(Step.ZEROS)]
            with m.If(self._at(_Phase.FORWARD, _Phase.ENERGY)):
                m.d.sync += self._tap.eq(0)
            with m.If(self._at(_Phase.ADAPT_ERROR)):
                m.d.sync += self._half.eq(6)
            m.next = "MULTIPLY"
            with m.If(self._known & self._at(_Phase.FORWARD)):
                m.d.comb += self.known_next.eq(1)
                with m.If(~self.known_sign):
                    m.d.comb += accumulator.do.eq(Step.ONES)
                self._go(m, _Phase.BACK, "ASK")
            with m.If(self._at(_Phase.SLOPE, _Phase.FREQUENCY) & ~self.adapting):
                m.next = "STORE"
            with m.If(self._at(_Phase.ADAPT_DRIFT) & self.guess):
                m.next = "DRAIN"
        with m.State("MULTIPLY"):
            with m.If(~samples.taken):
                m.d.comb += samples.move.eq(1)
                m.d.sync += self._issued.eq(1)
                with m.Switch(self._phase):
                    with m.Case(_Phase.FORWARD, _Phase.BACK):
                        m.d.sync += self._tap.eq(self._tap + 1)
                        with m.If(self._last_tap):
                            m.next = "DRAIN"
                            with m.If(self._at(_Phase.BACK)):
                                m.next = "GROW"
                    with m.Case(_Phase.DRIFT):
                        # A drift has one fraction bit less than the sum.
                        self._place(m, Place.STEERED)
                        m.next = "DRAIN"
                    with m.Case(_Phase.FOLLOW):
                        self._place(m, Place.KEPT)
                        m.next = "GROW"
                    with m.Case(_Phase.ERROR):
                        self._place(m, Place.MINUS_SIXTEEN)
                        m.next = "DRAIN"
                    with m.Case(_Phase.SYMBOL):
                        self._place(m, Place.ONE)
                        m.next = "DRAIN"
                    with m.Default():
                        m.d.comb += self._taps.placed.eq(1)
                        self._next_half(m, 2)
                        with m.If(self._half[1:] == HALVES // 2 + 1):
                            m.next = "DRAIN"
        with m.State("GROW"):
            self._place(m, Place.DRIFT_TAP)
            m.d.comb += [samples.region.eq(Region.COARSE), samples.before.eq(0)]
            with m.If(~samples.taken):
                m.d.sync += self._issued.eq(1)
                m.next = "STEER"
        with m.State("STEER"):
            back = self._at(_Phase.BACK)
            self._place(m, Mux(back, Place.ERROR_TAP, self.hurry))
            m.d.comb += [samples.region.eq(Region.ERRORS), samples.before.eq(back)]
            with m.If(~samples.taken):
                m.d.sync += self._issued.eq(1)
                m.next = "DRAIN"
        with m.State("DRAIN"):
            m.d.comb += samples.busy.eq(1)
            m.d.sync += self._shift.eq(self._amount(m))
            self._place_word(m)
            with m.If(~self._issued):
                m.next = "SHIFT"
                with m.Switch(self._phase):
                    with m.Case(_Phase.SYMBOL):
                        m.next = "PAIR"
                    with m.Case(_Phase.ENERGY):
                        m.next = "MEASURE"

    @property
    def _last_tap(self):
        back = self._at(_Phase.BACK, _Phase.ADAPT_BACK)
        end = Mux(back, self.forward + self.feedback, self.forward)
        return self._tap == end - 1

    def _next_half(self, m, by):
        after = self._half + by
        m.d.sync += self._half.eq(Mux(after[4], 4, after))

    def _amount(self, m):
        """Places by which a phase's sum is shifted to the right."""
        amount = Signal(signed(7))
        with m.Switch(self._phase):
            with m.Case(_Phase.FORWARD):
                m.d.comb += amount.eq(self._taps.drop)
            with m.Case(_Phase.BACK, _Phase.COARSE, _Phase.FOLLOW):
                m.d.comb += amount.eq(FEEDBACK_TAP_USED.fraction - FINE)
            with m.Case(_Phase.SCALE):
                m.d.comb += amount.eq(-16)
            with m.Case(_Phase.CHANGE):
                m.d.comb += amount.eq(FINE)
            with m.Case(_Phase.ADAPT_FORWARD):
                bits = STEP_BITS + INPUT_POWER_BITS - 16
                m.d.comb += amount.eq(self.power_bits - self.training_bits + bits - self._taps.drop)
            with m.Case(_Phase.ADAPT_BACK):
                bits = STEP_BITS + FINE - FEEDBACK_TAP.fraction
                m.d.comb += amount.eq(self.power_bits + bits)
            with m.Case(_Phase.ADAPT_ERROR):
                bits = ERROR_STEP_BITS + 2 * FINE - ERROR_TAP.fraction
                m.d.comb += amount.eq(self.power_bits + bits)
            with m.Case(_Phase.ADAPT_DRIFT):
                steps = Mux(self.hurry, DRIFT_HURRY_BITS, DRIFT_STEP_BITS)
                m.d.comb += amount.eq(self.power_bits + FINE - DRIFT_TAP.fraction + steps)
            with m.Case(_Phase.SLOPE):
                m.d.comb += amount.eq(self.power_bits + LOOP_BITS - INSTANT_FRACTION)
            with m.Case(_Phase.FREQUENCY):
                bits = LOOP_BITS - INSTANT_FRACTION + FREQUENCY_BITS
                m.d.comb += amount.eq(self.power_bits + bits)
        return amount

    def _narrow(self, m):
        """Shift, round, add what the phase adds, saturate."""
        accumulator, shift = self._sum, self._shift
        with m.State("SHIFT"):
            m.d.comb += accumulator.rounding.eq(1)
            self._place_word(m)
            with m.If(shift[:2].any() | shift[-1]):
                m.d.comb += accumulator.do.eq(Step.DOUBLE)
                m.d.sync += shift.eq(shift + 1)
            with m.Elif(shift.any()):
                m.d.comb += accumulator.do.eq(Step.SIXTEENTH)
                m.d.sync += shift.eq(shift - 4)
            with m.Else():
                with m.Switch(self._phase):
                    with m.Case(
                        _Phase.BACK,
                        _Phase.ADAPT_FORWARD,
                        _Phase.ADAPT_BACK,
                        _Phase.ADAPT_ERROR,
                        _Phase.ADAPT_DRIFT,
                    ):
                        m.d.comb += accumulator.do.eq(Step.ADD_WORD)
                    with m.Case(_Phase.ERROR):
                        # The value is below the sum by its error and 1: by the complement.
                        m.d.comb += accumulator.do.eq(Step.LESS_ONE)
                    with m.Default():
                        m.d.comb += accumulator.do.eq(Step.ADD_CARRY)
                m.next = "SATURATE"
        with m.State("SATURATE"):
            self._place(m, Place.ODD)
            with m.Switch(self._phase):
                with m.Case(_Phase.FORWARD, _Phase.DRIFT, _Phase.BACK):
                    m.d.comb += accumulator.do.eq(Step.FIT_SOFT)
                with m.Case(_Phase.ERROR, _Phase.CHANGE, _Phase.COARSE, _Phase.FOLLOW):
                    m.d.comb += accumulator.do.eq(Step.FIT_16)
                with m.Case(_Phase.SLOPE, _Phase.FREQUENCY):
                    pass
                with m.Default():
                    m.d.comb += accumulator.do.eq(Step.FIT_32)
            negative = self._at(_Phase.ADAPT_DRIFT) & accumulator.total[-1]
            with m.If(negative | (self._at(_Phase.ADAPT_DRIFT, _Phase.FOLLOW) & self.still)):
                m.d.comb += accumulator.do.eq(Step.ZEROS)
            m.next = "STORE"

    def _store(self, m):
        """Put a sum where it belongs."""
        samples, taps, accumulator = self._samples, self._taps, self._sum
        with m.State("STORE"):
            with m.Switch(self._phase):
                with m.Case(_Phase.FORWARD):
                    with m.If(self._half[0]):
                        # The complement of the odd sum before is in the word, and one is lacking.
                        self._place(m, Place.ODD)
                        m.d.comb += [
                            taps.write.eq(1),
                            taps.invert.eq(1),
                            accumulator.plus_one.eq(1),
                            accumulator.do.eq(Step.ADD_WORD),
                        ]
                        self._go(m, _Phase.CHANGE, "DRAIN")
                    with m.Else():
                        self._go(m, _Phase.DRIFT, "MULTIPLY")
                with m.Case(_Phase.DRIFT):
                    self._place(m, Place.SOFT)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.COARSE, "DRAIN")
                with m.Case(_Phase.COARSE):
                    m.d.comb += [samples.region.eq(Region.COARSE), samples.write.eq(1)]
                    self._go(m, _Phase.BACK, "BEGIN")
                with m.Case(_Phase.BACK):
                    self._place(m, Place.FINE)
                    m.d.comb += taps.write.eq(1)
                    m.next = "ASK"
                with m.Case(_Phase.ERROR):
                    self._place(m, Place.FINE)
                    m.d.comb += [
                        samples.region.eq(Region.ERRORS),
                        samples.value.eq(~accumulator.total),
                        samples.write.eq(1),
                    ]
                    m.next = "TELL"
                with m.Case(_Phase.SCALE):
                    m.d.comb += [taps.placed.eq(1), taps.invert.eq(1), taps.write.eq(1)]
                    self._go(m, _Phase.FOLLOW, "BEGIN")
                with m.Case(_Phase.FOLLOW):
                    m.d.comb += [samples.before.eq(0), samples.write.eq(1)]
                    self._go(m, _Phase.SYMBOL, "BEGIN")
                with m.Case(_Phase.CHANGE):
                    m.d.comb += [samples.region.eq(Region.SLOPES), samples.write.eq(1)]
                    self._next_half(m, 1)
                    self._go(m, _Phase.FORWARD, "BEGIN")
                    with m.If(self._half.all()):
                        self._go(m, _Phase.ENERGY, "BEGIN")
                with m.Case(_Phase.ADAPT_ERROR):
                    self._place(m, Place.ERROR_TAP)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.ADAPT_DRIFT, "BEGIN")
                with m.Case(_Phase.ADAPT_DRIFT):
                    self._place(m, Place.DRIFT_TAP)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.SLOPE, "BEGIN")
                with m.Case(_Phase.SLOPE):
                    m.d.comb += self.phase.eq(1)
                    self._go(m, _Phase.FREQUENCY, "BEGIN")
                with m.Case(_Phase.FREQUENCY):
                    m.d.comb += self.frequency.eq(1)
                    m.next = "DONE"
                with m.Default():
                    m.d.comb += [taps.write.eq(1), accumulator.do.eq(Step.ZEROS)]
                    m.d.sync += self._tap.eq(self._tap + 1)
                    m.next = "MULTIPLY"
                    with m.If(self._last_tap):
                        m.next = "BEGIN"
                        m.d.sync += self._phase.eq(
                            Mux(self._at(_Phase.ADAPT_BACK), _Phase.ADAPT_ERROR, _Phase.ADAPT_BACK)
                        )

    def _decide(self, m):
        """Have a symbol sliced, and tell of it."""
        samples = self._samples
        with m.State("ASK"):
            m.d.comb += [self.o_slice.valid.eq(1), samples.start.eq(1), samples.own.eq(1)]
            m.d.comb += self._taps.idle.eq(1)
            with m.If(self.o_slice.ready):
                m.next = "ANSWER"
        with m.State("ANSWER"):
            value = self.i_slice.payload.value
            m.d.comb += [
                samples.value.eq(Mux(self.given, self.given_value, value)),
                samples.write.eq(self.i_slice.valid),
            ]
            m.d.sync += [
                self._positive.eq(~value[-1]),
                self._above.eq(self.i_slice.payload.above),
            ]
            with m.If(self.i_slice.valid):
                with m.If(self._known):
                    m.d.comb += self.i_slice.ready.eq(1)
                    self._go(m, _Phase.SYMBOL, "BEGIN")
                with m.Else():
                    self._go(m, _Phase.ERROR, "MULTIPLY")
        with m.State("TELL"):
            self._place(m, Place.FINE)
            m.d.comb += [self.o.valid.eq(1), self.i_slice.ready.eq(self.o.ready)]
            with m.If(self.o.ready):
                self._go(m, _Phase.SCALE, "DRAIN")
        with m.State("PAIR"):
            m.d.comb += self.o_symbol.valid.eq(1)
            with m.If(self.o_symbol.ready):
                m.d.sync += self._interval.eq(
                    Mux(self._interval == INTERVALS - 1, 0, self._interval + 1)
                )
                self._next_half(m, Mux(self._known, 2, 1))
                self._go(m, _Phase.FORWARD, "BEGIN")
                with m.If(self._known & self._half[1:].all()):
                    m.next = "IDLE"

    def _end(self, m):
        """Measure a data frame's errors, and end it."""
        with m.State("MEASURE"):
            m.d.comb += self.measured.eq(1)
            adapts = ((self.energy >> 8) <= (self.loss >> 2)) & ~self.guess & ~self.settling
            m.d.sync += self.adapting.eq(adapts)
            self._go(m, Mux(adapts, _Phase.ADAPT_FORWARD, _Phase.ADAPT_DRIFT), "BEGIN")
        with m.State("DONE"):
            m.d.comb += self.done.eq(1)
            m.next = "IDLE"
