"""Sd found in the samples of the A/D (8.4.4, 9.3.2/V.90).

The detector is one memory of 256 words, which holds samples, sums of three words and constants, and
one adder of 16 bits. :mod:`hdl.receiver.detection_program` lists what it does with a sample. Sums
slide by the product that comes in and the one that goes out.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import SAMPLE
from golden.receiver import detection as golden
from golden.receiver.detection import LATEST_REVERSAL, PERIOD, STRETCH, Phase
from hdl.core.fixed import shape
from hdl.core.mac import MULTIPLIER
from hdl.core.memory import read_alone
from hdl.receiver.detection_program import (
    ALL_SUMS,
    CONSTANTS,
    DETECTION_SUMS,
    LOWEST_SUMS,
    SHARE_BITS,
    ZERO,
    DetectionRegisters,
    RowKind,
    contents,
    detection_program,
)
from hdl.receiver.interfaces import SdDetection

_WORD = 16

#: Bits of the tangent.
_TANGENT_BITS = golden.TANGENT_LIMIT.bit_length()

#: Samples that each phase lasts.
_LENGTHS = {
    Phase.FIRST: STRETCH,
    Phase.SECOND: STRETCH,
    Phase.REVERSAL: LATEST_REVERSAL - 2 * STRETCH,
    Phase.LOWEST: PERIOD - 1,
    Phase.LEVEL: golden.LEVEL_WINDOW,
}


class _Adder(wiring.Component):
    """The memory, two operand registers that shift as one, and the adder.

    Members
    -------
    address : In(8)               for reading, and for writing where ``write`` is 1
    write : In(1)                 write the sum, or one of the next two
    take : In(1)                  write ``sample``
    clear : In(1)                 write 0
    sample : In(SAMPLE)           a sample
    load : In(1)                  the lower operand gets the word read
    push : In(1)                  the upper operand gets the lower one
    shift : In(1)                 both move right by a bit
    own : In(1)                   the sum is of the word read and the lower operand, and not of the
                                  word read and a word of the product
    word : In(2)                  that word: 0 or 1, or 2 for its sign
    subtract : In(1)              subtract, and do not add
    begin : In(1)                 the carry becomes ``carry_in``
    carry_in : In(1)              the carry into the first word of a sum
    add : In(1)                   the carry becomes the sum's
    multiplier : Out(MULTIPLIER)  product of both operands
    negative : Out(1)             sign of the sum
    fits : Out(1)                 the lower operand has the value of both
    """

    def __init__(self):
        super().__init__(
            {
                "address": In(8),
                "write": In(1),
                "take": In(1),
                "clear": In(1),
                "sample": In(shape(SAMPLE)),
                "load": In(1),
                "push": In(1),
                "shift": In(1),
                "own": In(1),
                "word": In(2),
                "subtract": In(1),
                "begin": In(1),
                "carry_in": In(1),
                "add": In(1),
                "multiplier": Out(MULTIPLIER),
                "negative": Out(1),
                "fits": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=_WORD, depth=256, init=contents())
        write = memory.write_port()
        read = read_alone(m, memory, self.address, write)
        low, high = Signal(_WORD), Signal(_WORD)
        addend, total, carry = Signal(_WORD), Signal(_WORD + 1), Signal()
        product = self.multiplier.product
        sign = self.word[1] & ~self.own & product[-1]
        part = Mux(self.word[0], product[_WORD:], product[:_WORD]) & (~self.word[1]).replicate(16)
        m.d.comb += [
            self.multiplier.a.eq(low),
            self.multiplier.b.eq(high),
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

    A sample takes at most :attr:`cycles` cycles, and at most :attr:`decision_cycles` where the
    second stretch or the level is complete. After a reset ``busy`` is high for 192 cycles, and no
    sample may come. Bit-exact with :class:`golden.receiver.detection.SdDetector` that is called
    again with the samples after each detection.

    Members
    -------
    sample : In(SAMPLE)           of the A/D
    strobe : In(1)                ``sample`` is there, while not busy; numbers count from 0 after a
                                  reset
    busy : Out(1)                 from the cycle after the strobe on
    multiplier : Out(MULTIPLIER)  in use while ``busy``
    found : Out(1)                for the cycle after ``busy``, with the sample that completes a
                                  detection
    detection : Out(SdDetection)    the detection; from ``found`` until the next ``found``
    """

    cycles, decision_cycles = 192, 400

    def __init__(self):
        super().__init__(
            {
                "sample": In(shape(SAMPLE)),
                "strobe": In(1),
                "busy": Out(1),
                "multiplier": Out(MULTIPLIER),
                "found": Out(1),
                "detection": Out(SdDetection()),
            }
        )
        self._adder, self._registers = _Adder(), DetectionRegisters()
        self._program = detection_program(self._registers)
        #: Where the next word is cleared.
        self._clear_at = Signal(8, init=ALL_SUMS)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = self._adder
        r = self._registers
        row = self._program.select(m, r.row)
        place, left = Signal(8), Signal(4)
        adding = row.kind == RowKind.ADD
        connect(m, flipped(self.multiplier), words.multiplier)
        m.d.comb += [
            words.sample.eq(self.sample),
            words.word.eq(r.word),
            words.subtract.eq(row.subtract),
            words.carry_in.eq(row.carry),
            # Addresses of samples count back from the next one.
            words.address.eq(Mux(place[-1], place, Cat((place + r.number)[:7], Const(0, 1)))),
            self.busy.eq(1),
        ]
        m.d.sync += self.found.eq(0)
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += [words.write.eq(1), words.clear.eq(1), words.address.eq(self._clear_at)]
                m.d.sync += self._clear_at.eq(self._clear_at + 1)
                with m.If(self._clear_at == CONSTANTS - 1):
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), words.take.eq(1), words.write.eq(self.strobe)]
                m.d.sync += [r.row.eq(0), r.visit.eq(0), r.bits.eq(0), r.calm.eq(0)]
                with m.If(self.strobe):
                    m.d.sync += r.number.eq(r.number + 1)
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
                with m.If(row.kind == RowKind.CUT):
                    m.next = "SHIFT"
            self._sum(m, row, place, adding)
            self._cut(m, row, place, left)
            with m.State("DECIDE"):
                m.next = "IDLE"
                self._decide(m)
        return m

    def _sum(self, m, row, place, adding):
        """States in which a row's three words are added, one after the other."""
        r, words = self._registers, self._adder
        with m.State("READ"):
            m.d.comb += [
                place.eq(row.result),
                words.load.eq(adding),
                words.begin.eq(r.word == 0),
            ]
            m.next = "SUM"
        with m.State("SUM"):
            m.d.comb += [
                place.eq(row.result),
                words.write.eq(row.keep),
                words.own.eq(adding),
                words.add.eq(1),
            ]
            m.d.sync += r.word.eq(r.word + 1)
            m.next = "READ"
            with m.If(adding):
                m.next = "FIRST"
            with m.If(r.word == 2):
                m.d.sync += [r.word.eq(0), r.signs.eq(Cat(words.negative, r.signs))]
                self._end_of_sum(m, row)

    def _cut(self, m, row, place, left):
        """States in which a row's two words are shifted, and one is stored."""
        r, words = self._registers, self._adder
        with m.State("SHIFT"):
            m.d.comb += [place.eq(ZERO), words.begin.eq(1)]
            grow = (r.row == self._number("CUTS")) & ~words.fits
            with m.If(left != 0):
                m.d.comb += words.shift.eq(1)
                m.d.sync += left.eq(left - 1)
            with m.Elif(grow & ~r.surveying):
                m.d.comb += words.shift.eq(1)
                m.d.sync += [r.bits.eq(r.bits + 1), r.calm.eq(0)]
            with m.Else():
                with m.If(grow):
                    m.d.sync += r.bits.eq(16)
                m.next = "STORE"
        with m.State("STORE"):
            m.d.comb += [place.eq(row.result), words.write.eq(1), words.own.eq(1)]
            self._end_of_cut(m)

    def _move(self):
        """How far the row in turn shifts right."""
        r = self._registers
        cutting = Mux(r.surveying, 0, r.bits[:4])
        return Mux(r.row != self._number("CUTS"), SHARE_BITS, cutting)

    def _number(self, label):
        return self._program.number(label)

    def _enter(self, phase):
        r = self._registers
        return [r.phase.eq(phase), r.since.eq(0), r.angle.eq(0)]

    def _clear(self, m, start):
        m.d.sync += self._clear_at.eq(start)
        m.next = "CLEAR"

    def _end_of_sum(self, m, row):
        """Go on after a row that sums."""
        r, found = self._registers, self.detection
        m.d.sync += r.row.eq(r.row + 1)
        m.next = "FIRST"
        with m.If(row.again):
            m.next = "READ"
        with m.Switch(r.row):
            with m.Case(self._number("LAST_OF_SAMPLE")):
                m.next = "DECIDE"
            with m.Case(self._number("MIRROR")):
                # Of the two that differ in sign, the one that is not negative is divided.
                m.d.sync += r.mirrored.eq(~self._adder.negative)
            with m.Case(self._number("LAST_OF_BIT")):
                m.next = "IDLE"
                with m.If(r.phase == Phase.SECOND):
                    # An eighth or more, or a dot product that is not positive: another tone.
                    m.d.sync += self._enter(Mux(r.signs[0], Phase.REVERSAL, Phase.SEARCH))
            with m.Case(self._number("SCALE")):
                # Bits are counted from the 16th on, the sign's among them.
                half = (golden.LEVEL_BITS - (_WORD - 1) - r.bits) >> 1
                m.d.sync += [
                    self.found.eq(1),
                    found.reversal.eq(r.number - (1 + golden.LEVEL_WINDOW) - r.age),
                    found.shift.eq(
                        Mux(half > golden.MOST_LEVEL_SHIFT, golden.MOST_LEVEL_SHIFT, half)
                    ),
                    found.step.eq(self.multiplier.product >> 8),
                    *self._enter(Phase.SEARCH),
                ]
                m.next = "IDLE"

    def _end_of_cut(self, m):
        """Go on after a row that cuts.

        The row of the correlations first visits all four, to see whether 32 bits hold them. Then it
        visits them by turns until all four are cut alike, and counts the bits cut beyond 16.
        """
        r = self._registers
        m.next = "FIRST"
        with m.If(r.row != self._number("CUTS")):
            m.d.sync += r.row.eq(r.row + 1)
            with m.If((r.row == self._number("LAST_SHARE")) & (r.phase != Phase.SEARCH)):
                m.d.sync += r.row.eq(self._number("LAST_OF_SAMPLE"))
        with m.Else():
            m.d.sync += r.visit.eq(r.visit + 1)
            with m.If(~r.surveying):
                m.d.sync += r.calm.eq(r.calm + 1)
            with m.If(r.calm == 3):
                after_cuts = self._number("CUTS") + 1
                m.d.sync += r.row.eq(Mux(r.phase == Phase.LEVEL, self._number("SCALE"), after_cuts))

    def _decide(self, m):
        """Go on to the next phase after a sample's last row."""
        r = self._registers
        # Only the search asks whether Sd is there, and its signs are two more.
        turned, lower = r.signs[0], r.signs[1]
        found, loud = r.signs[1], r.signs[2]
        last = Signal(10)
        with m.Switch(r.phase):
            for phase, length in _LENGTHS.items():
                with m.Case(phase):
                    m.d.comb += last.eq(length - 1)
        ended = r.since == last
        m.d.sync += [
            r.since.eq(r.since + 1),
            r.angle.eq(Mux(r.angle == PERIOD - 1, 0, r.angle + 1)),
            r.age.eq(r.age + 1),
        ]
        with m.Switch(r.phase):
            with m.Case(Phase.SEARCH):
                with m.If(found & loud):
                    m.d.sync += self._enter(Phase.FIRST)
                    self._clear(m, DETECTION_SUMS)
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
                    m.d.sync += [r.age.eq(0), *self._enter(Phase.LOWEST)]
                    self._clear(m, LOWEST_SUMS)
                with m.Elif(ended):
                    m.d.sync += self._enter(Phase.SEARCH)
            with m.Case(Phase.LOWEST):
                with m.If(lower):
                    m.d.sync += r.age.eq(0)
                with m.If(lower | ended):
                    self._clear(m, LOWEST_SUMS)
                with m.If(ended):
                    m.d.sync += self._enter(Phase.LEVEL)
            with m.Case(Phase.LEVEL):
                m.d.sync += r.age.eq(r.age)
                with m.If(ended):
                    m.next = "FIRST"
                with m.Elif(r.since < _TANGENT_BITS):
                    m.d.sync += r.row.eq(self._number("DIVIDE"))
                    m.next = "FIRST"
