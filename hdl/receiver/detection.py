"""Sd found in the samples of the A/D, and R in decisions (8.4.4, 8.6.4, 9.3.2/V.90).

Sd's detector is one memory of 256 words, which holds samples, sums of three words and constants,
and one adder of 16 bits that goes through them by a list of rows. Sums slide by what comes in and
what goes out. What golden compares is kept as differences, so that each question is one about a
sign: the power less the correlation over half a period, and how far the correlation over a period
is above its lowest. A row of the division is done with each of the first samples whose squares tell
the level.
"""

from dataclasses import dataclass
from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.receiver import detection as golden
from golden.receiver.detection import (
    HALF_PERIOD,
    LATEST_REVERSAL,
    PERIOD,
    STRETCH,
    SUM_WINDOW,
    Phase,
)
from hdl.core.mac import MULTIPLY
from hdl.core.memory import read_alone

_WORD = 16

#: Samples have addresses below this; above it four words each belong to a sum.
_SUMS = 128


def _sum(number):
    return _SUMS + 4 * number


#: Sums over samples: squares; those less the correlation; the correlation over a period; a 32nd of
#: the first.
_POWER, _EXCESS, _TURN, _SHARE = (_sum(n) for n in range(4))
#: Of the two stretches: the cross product, the same with the other sign, the dot product, and the
#: four correlations cut to a word.
_CROSS, _MIRROR, _DOT, _CUT = (_sum(n) for n in range(4, 8))
#: How far the correlation is above its lowest; the tangent as far as it is known.
_RISE, _TANGENT = _sum(8), _sum(9)
#: Cosine and sine of the first stretch, then of the second; the first two also take the level.
_CORRELATIONS = _sum(12)
_CONSTANTS = _sum(16)
_COSINES, _SINES = _CONSTANTS, _CONSTANTS + 16
#: What a 32nd of the power must be above; the scale of steps for both signs; 0.
_LEAST, _SCALES, _ZERO = _CONSTANTS + 32, _CONSTANTS + 36, _CONSTANTS + 40

#: From where to clear sums: all, those of a detection, those of a lowest correlation.
_ALL, _DETECTION, _LOWEST = 0, _CROSS, _RISE

#: Right shift that makes a share of the power, and bits of the tangent.
_SHARE_BITS, _TANGENT_BITS = 5, golden.TANGENT_LIMIT.bit_length()

#: Samples that each phase lasts.
_LENGTHS = {
    Phase.FIRST: STRETCH,
    Phase.SECOND: STRETCH,
    Phase.REVERSAL: LATEST_REVERSAL - 2 * STRETCH,
    Phase.LOWEST: PERIOD - 1,
    Phase.LEVEL: golden.LEVEL_WINDOW,
}


def _contents():
    words = [0] * 256
    cosine = golden.COSINE.tolist()
    words[_COSINES : _COSINES + PERIOD] = cosine
    words[_SINES : _SINES + PERIOD] = cosine[-3:] + cosine[:-3]
    words[_LEAST] = (1 << (golden.LEAST_POWER_BITS - 1 - _SHARE_BITS)) - 1
    words[_SCALES : _SCALES + 2] = golden.STEP_SCALE, -golden.STEP_SCALE
    return words


class _Kind(IntEnum):
    """What a row does.

    MULTIPLY adds the product of ``first`` and ``second`` to a sum, ADD adds the sum ``first`` to
    one, CUT puts a word of a sum, ``first`` above ``second``, shifted right, elsewhere.
    """

    MULTIPLY = 0
    ADD = 1
    CUT = 2


@dataclass
class _Row:
    """One row: what, with which addresses, and with which sign.

    ``keep`` is 0 where only the sign of the sum is wanted, ``again`` 1 where the product is the one
    of the row before, ``carry`` is added.
    """

    kind: _Kind
    result: int
    first: int = 0
    second: int = 0
    subtract: int = 0
    keep: int = 1
    again: int = 0
    carry: int | None = None


class _Words(wiring.Component):
    """The memory, two operand registers that shift as one, and the adder.

    Members
    -------
    address : In(8), for reading, and writing where ``write`` is 1
    write : In(1); sample, with take : In(1), is written, or 0 with clear : In(1), or the sum
    load, push, shift : In(1); low gets the word read, high gets low, or both move right by a bit
    own : In(1), the sum is of the word read and low, else the product's word number word : In(2)
    subtract : In(1); begin : In(1), the carry becomes carry_in : In(1); add : In(1), the sum's
    multiply : Out(MULTIPLY), of low and high
    negative : Out(1), sign of the sum; fits : Out(1), low holds all of high and low
    """

    def __init__(self):
        ones = (
            "write",
            "take",
            "clear",
            "load",
            "push",
            "shift",
            "own",
            "subtract",
            "begin",
            "carry_in",
            "add",
        )
        super().__init__(
            {
                "address": In(8),
                "sample": In(signed(_WORD)),
                **{name: In(1) for name in ones},
                "word": In(2),
                "multiply": Out(MULTIPLY),
                "negative": Out(1),
                "fits": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=_WORD, depth=256, init=[word & 0xFFFF for word in _contents()]
        )
        write = memory.write_port()
        read = read_alone(m, memory, self.address, write)
        low, high = Signal(_WORD), Signal(_WORD)
        addend, total, carry = Signal(_WORD), Signal(_WORD + 1), Signal()
        product = self.multiply.product
        sign = self.word[1] & ~self.own & product[-1]
        part = Mux(self.word[0], product[_WORD:], product[:_WORD]) & (~self.word[1]).replicate(16)
        m.d.comb += [
            self.multiply.a.eq(low),
            self.multiply.b.eq(high),
            addend.eq(Mux(self.own, low, part) ^ (self.subtract ^ sign).replicate(_WORD)),
            total.eq((Cat(Const(1, 1), read) + Cat(carry, addend))[1:]),
            self.negative.eq(total[_WORD - 1]),
            self.fits.eq(high == low[-1].replicate(_WORD)),
            write.addr.eq(self.address),
            write.en.eq(self.write),
            write.data.eq(Mux(self.take, self.sample, Mux(self.clear, 0, total[:_WORD]))),
        ]
        with m.If(self.load):
            m.d.sync += low.eq(read)
        with m.If(self.push):
            m.d.sync += high.eq(low)
        with m.If(self.shift):
            m.d.sync += [low.eq(Cat(low[1:], high[0])), high.eq(Cat(high[1:], high[-1]))]
        with m.If(self.begin):
            m.d.sync += carry.eq(self.carry_in)
        with m.Elif(self.add):
            m.d.sync += carry.eq(total[_WORD])
        return m


class SdDetector(wiring.Component):
    """Waits for Sd and S-bar-d, again and again.

    Bit-exact with :class:`golden.receiver.detection.SdDetector` that is called again with what is
    left after each detection. A sample takes at most :attr:`cycles` cycles, and at most
    :attr:`decision_cycles` where the second stretch or the level is complete. After a reset there
    are 192 cycles in which ``busy`` is high and no sample may come.

    Members
    -------
    sample : In(signed(16)), with strobe : In(1), while not busy; numbers count from 0 after reset
    busy : Out(1), from the cycle after the strobe on; the multiplier belongs to this block then
    multiply : Out(MULTIPLY)
    found : Out(1), for the cycle after ``busy`` with the sample that completes a detection; what
        follows is new then and holds until the next one
    reversal : Out(16), number of the sample where S-bar-d was found, modulo 2**16
    shift : Out(signed(4)), left shift to the working level, -4 to 6
    step : Out(signed(24)), Q32, what half a symbol takes beyond one sample
    """

    cycles, decision_cycles = 192, 400

    def __init__(self):
        super().__init__(
            {
                "sample": In(signed(_WORD)),
                "strobe": In(1),
                "busy": Out(1),
                "multiply": Out(MULTIPLY),
                "found": Out(1),
                "reversal": Out(16),
                "shift": Out(signed(4)),
                "step": Out(signed(24)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = self.words = words = _Words()
        self.phase, self.since, self.angle = Signal(Phase), Signal(10), Signal(range(PERIOD))
        self.age = Signal(range(PERIOD))
        self.number = Signal(16)
        # Signs of the last three sums, the last in bit 0.
        self.signs = Signal(3)
        self.mirrored = Signal()
        self.visit, self.calm, self.bits = Signal(4), Signal(2), Signal(5)
        self.row, self.word = Signal(5), Signal(2)
        self.clear_at = Signal(8, init=_ALL)
        left = Signal(4)
        place = Signal(8)
        row = self._rows(m)
        surveying = self.visit[2:] == 0
        m.d.comb += [
            words.sample.eq(self.sample),
            words.word.eq(self.word),
            words.subtract.eq(row.subtract),
            words.carry_in.eq(row.carry),
            self.multiply.a.eq(words.multiply.a),
            self.multiply.b.eq(words.multiply.b),
            words.multiply.product.eq(self.multiply.product),
            # Places below _SUMS are those of samples, back from the next one.
            words.address.eq(Mux(place[-1], place, Cat((place + self.number)[:7], Const(0, 1)))),
            self.busy.eq(1),
        ]
        m.d.sync += self.found.eq(0)
        adding = row.kind == _Kind.ADD
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += [words.write.eq(1), words.clear.eq(1), words.address.eq(self.clear_at)]
                m.d.sync += self.clear_at.eq(self.clear_at + 1)
                with m.If(self.clear_at == _CONSTANTS - 1):
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), words.take.eq(1), words.write.eq(self.strobe)]
                m.d.sync += [self.row.eq(0), self.visit.eq(0), self.bits.eq(0), self.calm.eq(0)]
                with m.If(self.strobe):
                    m.d.sync += self.number.eq(self.number + 1)
                    m.next = "FIRST"
            with m.State("FIRST"):
                m.d.comb += place.eq(row.first)
                m.next = "SECOND"
                with m.If(adding):
                    m.next = "READ"
            with m.State("SECOND"):
                m.d.comb += [place.eq(row.second), words.load.eq(1)]
                m.next = "HOLD"
            with m.State("HOLD"):
                m.d.comb += [words.push.eq(1), words.load.eq(1)]
                m.d.sync += left.eq(self._move())
                m.next = "READ"
                with m.If(row.kind == _Kind.CUT):
                    m.next = "SHIFT"
            with m.State("READ"):
                m.d.comb += [
                    place.eq(row.result),
                    words.load.eq(adding),
                    words.begin.eq(self.word == 0),
                ]
                m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += [
                    place.eq(row.result),
                    words.write.eq(row.keep),
                    words.own.eq(adding),
                    words.add.eq(1),
                ]
                m.d.sync += self.word.eq(self.word + 1)
                m.next = "READ"
                with m.If(adding):
                    m.next = "FIRST"
                with m.If(self.word == 2):
                    m.d.sync += [self.word.eq(0), self.signs.eq(Cat(words.negative, self.signs))]
                    self._end(m, row)
            with m.State("SHIFT"):
                m.d.comb += [place.eq(_ZERO), words.begin.eq(1)]
                grow = (self.row == self.CUTS) & ~words.fits
                with m.If(left != 0):
                    m.d.comb += words.shift.eq(1)
                    m.d.sync += left.eq(left - 1)
                with m.Elif(grow & ~surveying):
                    m.d.comb += words.shift.eq(1)
                    m.d.sync += [self.bits.eq(self.bits + 1), self.calm.eq(0)]
                with m.Else():
                    with m.If(grow):
                        m.d.sync += self.bits.eq(16)
                    m.next = "STORE"
            with m.State("STORE"):
                m.d.comb += [place.eq(row.result), words.write.eq(1), words.own.eq(1)]
                self._end_of_cut(m)
            with m.State("DECIDE"):
                m.next = "IDLE"
                self._decide(m)
        return m

    # Rows -----------------------------------------------------------------------------------------

    def _rows(self, m):
        """The row in turn, as signals."""

        def ago(samples):
            # The next sample's place is 0.
            return -(1 + samples) % 128

        def each(start):
            # A sum's word in turn.
            return start | self.word

        def product(result, first, second, **more):
            return _Row(_Kind.MULTIPLY, each(result), first, second, **more)

        def plus(result, first, **more):
            return _Row(_Kind.ADD, each(result), each(first), **more)

        def cut(result, of, word):
            return _Row(_Kind.CUT, result, of + word + 1, of + word)

        level = self.phase == Phase.LEVEL
        which = Cat(Const(0, 3), self.phase == Phase.SECOND)
        cosine, sine = (Mux(level, ago(0), start | self.angle) for start in (_COSINES, _SINES))
        surveying = self.visit[2:] == 0
        upper = surveying | self.bits[4]
        number = self.visit[:2]
        remainder = _CROSS | Cat(Const(0, 2), self.mirrored)
        not_negative = ~self.signs[0]
        rows = [
            product(_POWER, ago(0), ago(0)),
            product(_EXCESS, 0, 0, again=1),
            product(_POWER, ago(SUM_WINDOW), ago(SUM_WINDOW), subtract=1),
            product(_EXCESS, 0, 0, again=1, subtract=1),
            product(_EXCESS, ago(0), ago(HALF_PERIOD)),
            product(_EXCESS, ago(SUM_WINDOW), ago(SUM_WINDOW + HALF_PERIOD), subtract=1),
            product(_CORRELATIONS | which, ago(0), cosine),
            product(_CORRELATIONS | 4 | which, ago(0), sine),
            product(_TURN, ago(0), ago(PERIOD)),
            product(_RISE, 0, 0, again=1),
            product(_TURN, ago(PERIOD), ago(2 * PERIOD), subtract=1),
            product(_RISE, 0, 0, again=1, subtract=1),
            cut(_SHARE, _POWER, 0),
            cut(_SHARE + 1, _POWER, 1),
            plus(_LEAST, _SHARE, subtract=1, keep=0),
            plus(_EXCESS, _SHARE, subtract=1, keep=0),
            plus(_TURN, _SHARE, keep=0),
        ]
        # For the step: the four correlations cut to what the largest needs, and their products.
        self.LAST_OF_SAMPLE = len(rows) - 1
        self.LAST_SHARE = self.LAST_OF_SAMPLE - 3
        self.CUTS = len(rows)
        of = _CORRELATIONS | Cat(Const(0, 2), number)
        rows += [
            _Row(_Kind.CUT, _CUT | number, of | Mux(upper, 2, 1), of | upper),
            product(_CROSS, _CUT, _CUT + 3),
            product(_MIRROR, 0, 0, again=1, subtract=1),
            product(_CROSS, _CUT + 1, _CUT + 2, subtract=1),
            product(_MIRROR, 0, 0, again=1),
            product(_DOT, _CUT, _CUT + 2),
            product(_DOT, _CUT + 1, _CUT + 3),
        ]
        self.MIRROR = self.CUTS + 4
        # A bit of the quotient, without restoring; before the first one the dividend by 8.
        rows += [plus(remainder, remainder)] * 3
        self.DIVIDE = len(rows) - 1
        rows += [
            plus(remainder, _DOT, subtract=not_negative),
            plus(_TANGENT, _TANGENT, carry=not_negative),
        ]
        self.LAST_OF_BIT = len(rows) - 1
        rows.append(_Row(_Kind.MULTIPLY, _ZERO, _TANGENT, _SCALES | self.mirrored, keep=0))
        self.SCALE = len(rows) - 1
        return self._selected(m, rows)

    def _selected(self, m, rows):
        chosen = _Row(
            Signal(_Kind), Signal(8), Signal(8), Signal(8), Signal(), Signal(), Signal(), Signal()
        )
        with m.Switch(self.row):
            for number, row in enumerate(rows):
                carry = row.subtract if row.carry is None else row.carry
                # What the row after does with the product is known at the end of this one.
                again = number + 1 < len(rows) and rows[number + 1].again
                with m.Case(number):
                    m.d.comb += [
                        chosen.kind.eq(row.kind),
                        chosen.result.eq(row.result),
                        chosen.first.eq(row.first),
                        chosen.second.eq(row.second),
                        chosen.subtract.eq(row.subtract),
                        chosen.keep.eq(row.keep),
                        chosen.again.eq(again),
                        chosen.carry.eq(carry),
                    ]
        return chosen

    def _move(self):
        """How far the row in turn shifts right."""
        surveying = self.visit[2:] == 0
        return Mux(self.row != self.CUTS, _SHARE_BITS, Mux(surveying, 0, self.bits[:4]))

    # What comes next ------------------------------------------------------------------------------

    def _enter(self, phase):
        return [self.phase.eq(phase), self.since.eq(0), self.angle.eq(0)]

    def _clear(self, m, start):
        m.d.sync += self.clear_at.eq(start)
        m.next = "CLEAR"

    def _end(self, m, row):
        """After a row that sums."""
        product = self.multiply.product
        m.d.sync += self.row.eq(self.row + 1)
        m.next = "FIRST"
        with m.If(row.again):
            m.next = "READ"
        with m.Switch(self.row):
            with m.Case(self.LAST_OF_SAMPLE):
                m.next = "DECIDE"
            with m.Case(self.MIRROR):
                # Of the two that differ in sign, the one that is not negative is divided.
                m.d.sync += self.mirrored.eq(~self.words.negative)
            with m.Case(self.LAST_OF_BIT):
                m.next = "IDLE"
                with m.If(self.phase == Phase.SECOND):
                    # An eighth or more, or a dot product that is not positive: another tone.
                    m.d.sync += self._enter(Mux(self.signs[0], Phase.REVERSAL, Phase.SEARCH))
            with m.Case(self.SCALE):
                # Bits are counted from the 16th on, the sign's among them.
                half = (golden.LEVEL_BITS - (_WORD - 1) - self.bits) >> 1
                m.d.sync += [
                    self.found.eq(1),
                    self.reversal.eq(self.number - (1 + golden.LEVEL_WINDOW) - self.age),
                    self.shift.eq(
                        Mux(half > golden.MOST_LEVEL_SHIFT, golden.MOST_LEVEL_SHIFT, half)
                    ),
                    self.step.eq(product >> 8),
                    *self._enter(Phase.SEARCH),
                ]
                m.next = "IDLE"

    def _end_of_cut(self, m):
        """After a row that cuts.

        The correlations' one visits all four to see whether 32 bits hold them, then by turns until
        bits beyond 16 have been counted and all four were cut alike.
        """
        m.next = "FIRST"
        with m.If(self.row != self.CUTS):
            m.d.sync += self.row.eq(self.row + 1)
            with m.If((self.row == self.LAST_SHARE) & (self.phase != Phase.SEARCH)):
                m.d.sync += self.row.eq(self.LAST_OF_SAMPLE)
        with m.Else():
            m.d.sync += self.visit.eq(self.visit + 1)
            with m.If(self.visit[2:] != 0):
                m.d.sync += self.calm.eq(self.calm + 1)
            with m.If(self.calm == 3):
                m.d.sync += self.row.eq(Mux(self.phase == Phase.LEVEL, self.SCALE, self.CUTS + 1))

    def _decide(self, m):
        # Whether Sd is there matters to the search only, whose signs are two more.
        turned, lower = self.signs[0], self.signs[1]
        found, loud = self.signs[1], self.signs[2]
        last = Signal(10)
        with m.Switch(self.phase):
            for phase, length in _LENGTHS.items():
                with m.Case(phase):
                    m.d.comb += last.eq(length - 1)
        ended = self.since == last
        m.d.sync += [
            self.since.eq(self.since + 1),
            self.angle.eq(Mux(self.angle == PERIOD - 1, 0, self.angle + 1)),
            self.age.eq(self.age + 1),
        ]
        with m.Switch(self.phase):
            with m.Case(Phase.SEARCH):
                with m.If(found & loud):
                    m.d.sync += self._enter(Phase.FIRST)
                    self._clear(m, _DETECTION)
            with m.Case(Phase.FIRST):
                with m.If(turned):
                    m.d.sync += self._enter(Phase.SEARCH)
                with m.Elif(ended):
                    m.d.sync += self._enter(Phase.SECOND)
            with m.Case(Phase.SECOND):
                with m.If(turned):
                    m.d.sync += self._enter(Phase.SEARCH)
                with m.Elif(ended):
                    m.next = "FIRST"
            with m.Case(Phase.REVERSAL):
                with m.If(turned):
                    m.d.sync += [self.age.eq(0), *self._enter(Phase.LOWEST)]
                    self._clear(m, _LOWEST)
                with m.Elif(ended):
                    m.d.sync += self._enter(Phase.SEARCH)
            with m.Case(Phase.LOWEST):
                with m.If(lower):
                    m.d.sync += self.age.eq(0)
                with m.If(lower | ended):
                    self._clear(m, _LOWEST)
                with m.If(ended):
                    m.d.sync += self._enter(Phase.LEVEL)
            with m.Case(Phase.LEVEL):
                m.d.sync += self.age.eq(self.age)
                with m.If(ended):
                    m.next = "FIRST"
                with m.Elif(self.since < _TANGENT_BITS):
                    m.d.sync += self.row.eq(self.DIVIDE)
                    m.next = "FIRST"
