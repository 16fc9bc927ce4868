"""Equaliser of the analogue modem (8.4.4, 8.4.5, 9.3.2/V.90).

Everything goes through one multiplier and one accumulator: sums of the feed-forward and of the
feedback part, errors, slopes, and the taps' changes. Its numbers live in two memories, so that one
factor of each product comes from either: taps and errors from one, samples, values, slopes and
errors once more from the other.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.equalizer import (
    DRIFT_HURRY_BITS,
    DRIFT_STEP_BITS,
    ERROR_STEP_BITS,
    FEEDBACK,
    FORWARD,
    INPUT_POWER_BITS,
    KEPT,
    STEERED,
    STEP_BITS,
)
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
from golden.parameters import INTERVALS
from golden.receiver import FREQUENCY_BITS, LOOP_BITS
from golden.slicer import FINE
from golden.timing import HALVES, INSTANT_FRACTION
from hdl.fixed import shape
from hdl.mac import MULTIPLY
from hdl.memory import read_alone
from hdl.slicer import ABOVE_BITS, SLICE, SLICED

# One shift does for the feedback part, for a coarse value and for the drift; an error that steers
# and a drift that is added have the same factor.
assert FEEDBACK_TAP_USED.fraction - FINE == FINE - COARSE.fraction
assert STEERED[0] == 1 << (FINE - DRIFT.fraction)

HALF = data.StructLayout({"half": shape(INTERPOLATED), "index": range(HALVES)})
DECISION = data.StructLayout(
    {"fine": shape(SOFT), "error": shape(ERROR), "ucode": 7, "sign": 1, "interval": 3}
)
SYMBOL = data.StructLayout(
    {
        "older": shape(INTERPOLATED), "newer": shape(INTERPOLATED), "sign": 1,
        "above": signed(ABOVE_BITS),
    }
)  # fmt: skip


class _Sum(IntEnum):
    """What the accumulator does in a cycle, besides keeping what it has."""

    KEEP = 0
    ADD_PRODUCT = 1
    ADD_WORD = 2
    ADD_CARRY = 3
    LESS_ONE = 4
    ZEROS = 5
    ONES = 6
    DOUBLE = 7
    SIXTEENTH = 8
    FIT_16 = 9
    FIT_SOFT = 10
    FIT_32 = 11


class _Accumulator(wiring.Component):
    """A sum that can be shifted, rounded and saturated, one step a cycle.

    Shifts right by n are doublings up to the next multiple of 4, then sixteenths. ``carry`` is the
    last bit that a sixteenth cut off, so that adding it rounds half up. Sums of products are below
    2**37, which leaves room for three doublings. Nothing doubles from 2**39 on: only shifts to the
    left come there, and what has does not fit a tap.

    Members
    -------
    do : In(_Sum); product : In(signed(32)); word : In(signed(32)); total : Out(signed(42))
    plus_one : In(1), what ADD_WORD adds besides carry
    rounding : In(1), 0 forgets carry
    """

    WIDTH = 42

    def __init__(self):
        super().__init__(
            {
                "do": In(_Sum),
                "product": In(signed(32)),
                "word": In(signed(32)),
                "plus_one": In(1),
                "rounding": In(1),
                "total": Out(signed(self.WIDTH)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        total, do = Signal(signed(self.WIDTH), reset_less=True), self.do
        carry = Signal()
        m.d.comb += self.total.eq(total)
        # Bits above 31, from 21 to 30, from 15 to 20: alike where a number fits 32, 22, 16 bits.
        negative = total[-1]
        soft = SOFT.width - 1
        parts = [total[:15], total[15:soft], total[soft:31], total[31:]]
        alike = [part == negative.replicate(len(part)) for part in parts]
        fits, ends = Signal(), Signal(4)
        load, constant = Signal(), Signal()
        select = Signal(4)
        with m.Switch(do):
            for case, kept in ((_Sum.FIT_16, 1), (_Sum.FIT_SOFT, 2), (_Sum.FIT_32, 3)):
                with m.Case(case):
                    m.d.comb += [
                        fits.eq(Cat(alike[kept:]).all()),
                        ends.eq(Cat(Const(1).replicate(kept), Const(0, 4 - kept))),
                    ]
        fitting = do >= _Sum.FIT_16
        shifting = (do == _Sum.DOUBLE) | (do == _Sum.SIXTEENTH)
        m.d.comb += [
            load.eq(fitting | shifting | (do == _Sum.ZEROS) | (do == _Sum.ONES)),
            constant.eq((load & ~shifting) | (do == _Sum.LESS_ONE) | (do == _Sum.ADD_CARRY)),
            select.eq(
                Mux(
                    fitting, ends ^ negative.replicate(4),
                    (shifting | (do == _Sum.ONES) | (do == _Sum.LESS_ONE)).replicate(4),
                )
            ),
        ]  # fmt: skip
        # One look-up table a bit for each of these, and one for the sum.
        chosen = Cat(select[n].replicate(len(part)) for n, part in enumerate(parts))
        shifted = Mux(do == _Sum.DOUBLE, total << 1, total >> 4)[: self.WIDTH]
        added = Mux(do == _Sum.ADD_WORD, self.word, self.product)
        operand = Signal(signed(self.WIDTH))
        for n in range(self.WIDTH):
            source = Mux(chosen[n], shifted[n], added[min(n, 31)])
            m.d.comb += operand[n].eq(Mux(constant, chosen[n], source))
        rounds = (do == _Sum.ADD_WORD) | (do == _Sum.ADD_CARRY)
        one = rounds & (carry | self.plus_one)
        full = (do == _Sum.DOUBLE) & (total[-3:-1] != negative.replicate(2))
        with m.If((do != _Sum.KEEP) & ~full & ~(fitting & fits)):
            m.d.sync += total.eq(Mux(load, operand, total + operand + one))
        m.d.sync += carry.eq(self.rounding & Mux(do == _Sum.SIXTEENTH, total[3], carry))
        return m


class _Place(IntEnum):
    """Words of the tap memory besides the feed-forward and feedback taps."""

    STEERED = 0
    HURRIED = 1
    ERRORS = 0  # six from 2 on
    SOFT = 8
    FINE = 9
    ODD = 10
    KEPT = 11
    MINUS_SIXTEEN = 12
    ONE = 13
    DRIFT_TAP = 14
    ERROR_TAP = 15


class _Taps(wiring.Component):
    """Taps that work, taps to come, and a few words of the equaliser.

    Members
    -------
    i_taps, load, discard, loaded_good, answered, asking : as those of :class:`Equalizer`; clear :
        In(1), as discard
    tap : In(7); place : In(4), :class:`_Place`; placed : In(1), which of them is meant
    idle : In(1), nothing is read: ``i_taps`` may write
    word : Out(signed(32)), of the last cycle in which nothing was written
    write : In(1), ``value`` : In(signed(32)) there, with ``invert`` : In(1) its complement
    drop : Out(5), that goes with the taps
    """

    def __init__(self, taps):
        self.taps = taps
        super().__init__(
            {
                "i_taps": In(stream.Signature(signed(32))),
                "load": In(1),
                "discard": In(1),
                "loaded_good": Out(1),
                "answered": Out(1),
                "asking": In(1),
                "tap": In(7),
                "place": In(4),
                "placed": In(1),
                "idle": In(1),
                "word": Out(signed(32)),
                "write": In(1),
                "value": In(signed(32)),
                "invert": In(1),
                "drop": Out(5, init=10),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Factors that are constant stand in the memory too, and nothing ever writes there.
        init = [0] * 256
        init[self._address(_Place.MINUS_SIXTEEN)] = -16 << 16
        init[self._address(_Place.ONE)] = 1 << 16
        init[self._address(_Place.ODD)] = -1
        init[self._address(_Place.KEPT)] = KEPT << 16
        init[self._address(_Place.STEERED)] = STEERED[0] << 16
        init[self._address(_Place.HURRIED)] = STEERED[1] << 16
        m.submodules.memory = memory = Memory(shape=signed(32), depth=256, init=init)
        write, bank = memory.write_port(), Signal()
        address = Mux(self.placed, Cat(self.place, Const(0b0111, 4)), Cat(self.tap, bank))
        word, number, drop = self.i_taps, Signal(7), Signal(5)
        last = number == self.taps
        m.d.comb += [
            self.word.eq(read_alone(m, memory, address, write)),
            word.ready.eq(self.idle & ~self.write & ~self.loaded_good),
            write.addr.eq(Mux(self.write, address, Cat(number, ~bank))),
            write.data.eq(
                Mux(self.write, self.value ^ self.invert.replicate(32).as_signed(), word.payload)
            ),
            write.en.eq(self.write | (word.valid & word.ready)),
        ]
        # A set that was asked for before a discard comes all the same, and is none.
        asked, stale, ends = Signal(), Signal(), Signal()
        m.d.comb += ends.eq(word.valid & word.ready & last)
        with m.If(word.valid & word.ready):
            m.d.sync += [number.eq(Mux(last, 0, number + 1)), drop.eq(word.payload)]
        with m.If(ends):
            m.d.sync += [
                self.loaded_good.eq(word.payload[8] & ~stale), self.answered.eq(~stale),
                stale.eq(0),
            ]  # fmt: skip
        m.d.sync += asked.eq(self.asking | (asked & ~ends))
        with m.If(self.load):
            m.d.sync += [bank.eq(~bank), self.drop.eq(drop)]
        with m.If(self.load | self.discard):
            m.d.sync += [self.loaded_good.eq(0), self.answered.eq(0)]
        with m.If(self.discard & asked):
            m.d.sync += stale.eq(~ends)
        return m

    @staticmethod
    def _address(place):
        return 0b0111 << 4 | place


class _Region(IntEnum):
    """Where in the sample memory: rings, and from SLOPES on a word for each symbol of a frame."""

    SAMPLES = 0
    PAST = 1
    SLOPES = 4
    ERRORS = 5
    COARSE = 6
    DRIFTS = 7


class _Samples(wiring.Component):
    """Rings of samples and of past values, and what a data frame's symbols leave.

    ``at`` goes through one of the rings. The frame's first sample is at ``base - 12`` of a ring of
    128, its first value at ``base / 2 - 5`` of a ring of 64. ``half`` numbers the frame's half
    symbols from 4 on.

    Members
    -------
    i : In(stream), as that of :class:`Equalizer`; hold : In(1), leave a frame's last sample waiting
    busy : In(1), leave any sample waiting; taken : Out(1), a sample comes, so nothing is read
    complete : Out(1), a frame's last sample comes
    region : In(_Region); half : In(4); before : In(1), of the symbol before, where a region has a
        word for each; where ``half`` is of the first or nought, that is the last one's
    start : In(1), ``at`` goes to half symbol ``half`` in SAMPLES, else before its symbol's value,
        or to that with ``own`` : In(1)
    move : In(1), ``at`` goes on by ``step`` : In(signed(7)) instead
    sample : Out(signed(16)), of the last cycle in which nothing was written
    write : In(1), ``value`` : In(signed(16)) there
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(HALF)),
                "hold": In(1),
                "busy": In(1),
                "taken": Out(1),
                "complete": Out(1),
                "region": In(_Region),
                "half": In(4),
                "before": In(1),
                "start": In(1),
                "own": In(1),
                "move": In(1),
                "step": In(signed(7)),
                "sample": Out(signed(16)),
                "write": In(1),
                "value": In(signed(16)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=signed(16), depth=256, init=[])
        write = memory.write_port()
        # Frames begin at multiples of 4.
        frame, at = Signal(5), Signal(7)
        base = Cat(Const(0, 2), frame)
        past = self.region == _Region.PAST
        region, symbol = Value.cast(self.region), self.half[1:]
        slot = region[2]
        # Symbols count from 2 to 7: before 2 is 7.
        previous = Cat(
            ~symbol[0], (symbol != 5) & (symbol != 6), (symbol != 3) & (symbol != 4)
        )  # fmt: skip
        kept = Cat(Mux(self.before, previous, symbol), region[:2], Const(0, 1))
        address = Signal(8)
        last = self.i.payload.index == HALVES - 1
        origin, distance = Signal(7), Signal(7)
        m.d.comb += [
            address.eq(Cat(Mux(slot, kept, at[:6]), Mux(past, 0, slot | at[6]), past | slot)),
            self.sample.eq(read_alone(m, memory, address, write)),
            self.i.ready.eq(~self.write & ~self.busy & ~(last & self.hold)),
            self.taken.eq(self.i.valid & self.i.ready),
            self.complete.eq(self.taken & last),
            write.addr.eq(Mux(self.write, address, (base + self.i.payload.index)[:7])),
            write.data.eq(Mux(self.write, self.value, self.i.payload.half)),
            write.en.eq(self.write | self.taken),
            origin.eq(Mux(self.start, Mux(past, base >> 1, base), at)),
            distance.eq(
                Mux(
                    self.start,
                    Mux(past, Cat(self.half[1:], Const(-1, 4)), Cat(self.half, Const(-1, 3))),
                    self.step,
                )
            ),
        ]
        with m.If(self.start | self.move):
            m.d.sync += at.eq(origin + distance + self.own)
        with m.If(self.complete):
            m.d.sync += frame.eq(frame + HALVES // 4)
        return m


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
    """Decides data frames and moves its taps: one line of :class:`golden.equalizer.Equalizer`.

    A data frame is processed when its last sample comes. With known symbols they only go to the
    past values; otherwise the data frame's six symbols are decided, one after the other, and taps
    are moved unless the energy is too large. With 64 + 32 taps and a slicer and outputs that do not
    wait, a data frame takes 3250 cycles when powers are alike, at most 3820 for powers that
    :class:`golden.slicer.Levels` has and 5250 for any from 0 on; 1780 when taps do not move; 60
    with known symbols while training. Bit-exact with golden.

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
    o_slice, i_slice : Out(stream), In(stream), of a :class:`hdl.slicer.Slicer`. It is asked for
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
        m.submodules.accumulator = self._sum = accumulator = _Accumulator()
        m.submodules.taps = self._taps = taps = _Taps(self.forward + self.feedback)
        m.submodules.samples = self._samples = samples = _Samples()
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
            m.d.comb += accumulator.do.eq(_Sum.ADD_PRODUCT)
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
                m.d.comb += samples.region.eq(_Region.PAST)
            with m.Case(_Phase.DRIFT, _Phase.FOLLOW):
                m.d.comb += [samples.region.eq(_Region.DRIFTS), samples.before.eq(1)]
            with m.Case(_Phase.ENERGY):
                m.d.comb += samples.region.eq(_Region.ERRORS)
            with m.Case(_Phase.ADAPT_ERROR):
                m.d.comb += [samples.region.eq(_Region.ERRORS), samples.before.eq(1)]
            with m.Case(_Phase.SLOPE, _Phase.FREQUENCY):
                m.d.comb += samples.region.eq(_Region.SLOPES)

    def _place(self, m, place):
        m.d.comb += [self._taps.placed.eq(1), self._taps.place.eq(place)]

    def _place_word(self, m):
        """The word of a phase that is added to its sum, where that is not one of the taps."""
        with m.Switch(self._phase):
            with m.Case(_Phase.BACK):
                self._place(m, _Place.SOFT)
            with m.Case(_Phase.ADAPT_ERROR):
                self._place(m, _Place.ERROR_TAP)
            with m.Case(_Phase.ADAPT_DRIFT):
                self._place(m, _Place.DRIFT_TAP)

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
                m.d.comb += self._sum.do.eq(_Sum.ZEROS)
                m.d.sync += [self._tap.eq(0), self._half.eq(0)]
                m.next = "CLEAR"
        with m.State("CLEAR"):
            # The rings; the last error, the drift and their taps; the odd sum.
            second, last = self._half[0], ~self._tap[6]
            error = self._tap[0]
            self._place(m, Mux(second, Cat(error, Const(0b111, 3)), _Place.ODD))
            other = Mux(error, _Region.ERRORS, _Region.DRIFTS)
            m.d.comb += [
                taps.write.eq(1),
                taps.invert.eq(~second),
                samples.region.eq(
                    Mux(second, Mux(last, other, _Region.PAST), _Region.SAMPLES)
                ),
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
            m.d.comb += [samples.start.eq(1), accumulator.do.eq(_Sum.ZEROS)]
            with m.If(self._at(_Phase.FORWARD, _Phase.ENERGY)):
                m.d.sync += self._tap.eq(0)
            with m.If(self._at(_Phase.ADAPT_ERROR)):
                m.d.sync += self._half.eq(6)
            m.next = "MULTIPLY"
            with m.If(self._known & self._at(_Phase.FORWARD)):
                m.d.comb += self.known_next.eq(1)
                with m.If(~self.known_sign):
                    m.d.comb += accumulator.do.eq(_Sum.ONES)
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
                        self._place(m, _Place.STEERED)
                        m.next = "DRAIN"
                    with m.Case(_Phase.FOLLOW):
                        self._place(m, _Place.KEPT)
                        m.next = "GROW"
                    with m.Case(_Phase.ERROR):
                        self._place(m, _Place.MINUS_SIXTEEN)
                        m.next = "DRAIN"
                    with m.Case(_Phase.SYMBOL):
                        self._place(m, _Place.ONE)
                        m.next = "DRAIN"
                    with m.Default():
                        m.d.comb += self._taps.placed.eq(1)
                        self._next_half(m, 2)
                        with m.If(self._half[1:] == HALVES // 2 + 1):
                            m.next = "DRAIN"
        with m.State("GROW"):
            self._place(m, _Place.DRIFT_TAP)
            m.d.comb += [samples.region.eq(_Region.COARSE), samples.before.eq(0)]
            with m.If(~samples.taken):
                m.d.sync += self._issued.eq(1)
                m.next = "STEER"
        with m.State("STEER"):
            back = self._at(_Phase.BACK)
            self._place(m, Mux(back, _Place.ERROR_TAP, self.hurry))
            m.d.comb += [samples.region.eq(_Region.ERRORS), samples.before.eq(back)]
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
                m.d.comb += amount.eq(
                    self.power_bits - self.training_bits + bits - self._taps.drop
                )
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
                m.d.comb += accumulator.do.eq(_Sum.DOUBLE)
                m.d.sync += shift.eq(shift + 1)
            with m.Elif(shift.any()):
                m.d.comb += accumulator.do.eq(_Sum.SIXTEENTH)
                m.d.sync += shift.eq(shift - 4)
            with m.Else():
                with m.Switch(self._phase):
                    with m.Case(
                        _Phase.BACK, _Phase.ADAPT_FORWARD, _Phase.ADAPT_BACK,
                        _Phase.ADAPT_ERROR, _Phase.ADAPT_DRIFT,
                    ):  # fmt: skip
                        m.d.comb += accumulator.do.eq(_Sum.ADD_WORD)
                    with m.Case(_Phase.ERROR):
                        # The value is below the sum by its error and 1: by the complement.
                        m.d.comb += accumulator.do.eq(_Sum.LESS_ONE)
                    with m.Default():
                        m.d.comb += accumulator.do.eq(_Sum.ADD_CARRY)
                m.next = "SATURATE"
        with m.State("SATURATE"):
            self._place(m, _Place.ODD)
            with m.Switch(self._phase):
                with m.Case(_Phase.FORWARD, _Phase.DRIFT, _Phase.BACK):
                    m.d.comb += accumulator.do.eq(_Sum.FIT_SOFT)
                with m.Case(_Phase.ERROR, _Phase.CHANGE, _Phase.COARSE, _Phase.FOLLOW):
                    m.d.comb += accumulator.do.eq(_Sum.FIT_16)
                with m.Case(_Phase.SLOPE, _Phase.FREQUENCY):
                    pass
                with m.Default():
                    m.d.comb += accumulator.do.eq(_Sum.FIT_32)
            negative = self._at(_Phase.ADAPT_DRIFT) & accumulator.total[-1]
            with m.If(negative | (self._at(_Phase.ADAPT_DRIFT, _Phase.FOLLOW) & self.still)):
                m.d.comb += accumulator.do.eq(_Sum.ZEROS)
            m.next = "STORE"

    def _store(self, m):
        """Put a sum where it belongs."""
        samples, taps, accumulator = self._samples, self._taps, self._sum
        with m.State("STORE"):
            with m.Switch(self._phase):
                with m.Case(_Phase.FORWARD):
                    with m.If(self._half[0]):
                        # The complement of the odd sum before is in the word, and one is lacking.
                        self._place(m, _Place.ODD)
                        m.d.comb += [
                            taps.write.eq(1),
                            taps.invert.eq(1),
                            accumulator.plus_one.eq(1),
                            accumulator.do.eq(_Sum.ADD_WORD),
                        ]
                        self._go(m, _Phase.CHANGE, "DRAIN")
                    with m.Else():
                        self._go(m, _Phase.DRIFT, "MULTIPLY")
                with m.Case(_Phase.DRIFT):
                    self._place(m, _Place.SOFT)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.COARSE, "DRAIN")
                with m.Case(_Phase.COARSE):
                    m.d.comb += [samples.region.eq(_Region.COARSE), samples.write.eq(1)]
                    self._go(m, _Phase.BACK, "BEGIN")
                with m.Case(_Phase.BACK):
                    self._place(m, _Place.FINE)
                    m.d.comb += taps.write.eq(1)
                    m.next = "ASK"
                with m.Case(_Phase.ERROR):
                    self._place(m, _Place.FINE)
                    m.d.comb += [
                        samples.region.eq(_Region.ERRORS),
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
                    m.d.comb += [samples.region.eq(_Region.SLOPES), samples.write.eq(1)]
                    self._next_half(m, 1)
                    self._go(m, _Phase.FORWARD, "BEGIN")
                    with m.If(self._half.all()):
                        self._go(m, _Phase.ENERGY, "BEGIN")
                with m.Case(_Phase.ADAPT_ERROR):
                    self._place(m, _Place.ERROR_TAP)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.ADAPT_DRIFT, "BEGIN")
                with m.Case(_Phase.ADAPT_DRIFT):
                    self._place(m, _Place.DRIFT_TAP)
                    m.d.comb += taps.write.eq(1)
                    self._go(m, _Phase.SLOPE, "BEGIN")
                with m.Case(_Phase.SLOPE):
                    m.d.comb += self.phase.eq(1)
                    self._go(m, _Phase.FREQUENCY, "BEGIN")
                with m.Case(_Phase.FREQUENCY):
                    m.d.comb += self.frequency.eq(1)
                    m.next = "DONE"
                with m.Default():
                    m.d.comb += [taps.write.eq(1), accumulator.do.eq(_Sum.ZEROS)]
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
                self._positive.eq(~value[-1]), self._above.eq(self.i_slice.payload.above),
            ]  # fmt: skip
            with m.If(self.i_slice.valid):
                with m.If(self._known):
                    m.d.comb += self.i_slice.ready.eq(1)
                    self._go(m, _Phase.SYMBOL, "BEGIN")
                with m.Else():
                    self._go(m, _Phase.ERROR, "MULTIPLY")
        with m.State("TELL"):
            self._place(m, _Place.FINE)
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
