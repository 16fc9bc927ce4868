"""Half symbols between the samples of the A/D (5.2/V.90): the interpolator and its clock.

Samples, instants and steps are those of ``golden.receiver.timing``. The clock starts at a detection
of Sd (8.4.4, 8.4.5).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import SAMPLE
from golden.receiver import timing
from golden.receiver.timetable import FIRST_FRAME, FIRST_SYMBOL
from hdl.core.fixed import shape
from hdl.core.mac import MULTIPLIER
from hdl.core.memory import read_alone
from hdl.receiver.interfaces import CLOCK_STEP, HALF_SYMBOL, Correction, SdDetection

#: Samples are counted from this, so that ``count - instant`` is 0 when the last sample that an
#: instant needs is there. Instants have FIRST_SYMBOL less than golden's.
_FIRST_COUNT = -(timing.TAPS - timing.TAPS_BEFORE + 1 + FIRST_SYMBOL)

#: From a sample's address to that of the instant's own one, both modulo the ring.
_RING_BITS = 6
_TO_OWN = timing.TAPS - timing.TAPS_BEFORE + 1

#: The most that a sum is shifted right, and the least: at levels of -5 and 6.
_MOST_DROP = 20

_WORD = 16


def folded():
    """The table by distance in 1/64 sample: taps are alike on both sides of the instant."""
    table = [0] * (timing.PHASES * timing.TAPS_BEFORE + 1)
    for phase, row in enumerate(timing.TABLE.tolist()):
        for tap, value in enumerate(row):
            table[abs(phase + timing.PHASES * (timing.TAPS_BEFORE - 1 - tap))] = value
    return table


class _Clock(wiring.Component):
    """Instant and step: five words of 16 bits that go round through one adder.

    A pass takes five cycles. It adds 1 and the step to the instant. With ``correcting`` it adds the
    pending corrections to instant and step instead, which then are 0.

    Members
    -------
    start : In(1)                for a cycle: take instant and step from ``detection``
    detection : In(SdDetection)  its sample number and step
    correction : In(Correction)  pending from then on
    go : In(1)                   go on with a pass; holds for the pass
    correcting : In(1)           the pass adds corrections; holds for the pass
    done : Out(1)                in the last cycle of a pass
    whole : Out(16)              whole part of the instant, between passes
    place : Out(16)              its fraction, Q16
    step : Out(CLOCK_STEP)       Q32
    """

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "detection": In(SdDetection()),
                "correction": In(Correction()),
                "go": In(1),
                "correcting": In(1),
                "done": Out(1),
                "whole": Out(16),
                "place": Out(16),
                "step": Out(CLOCK_STEP),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Instant: fraction in words 0 and 1, whole part in 2. Step: 3 and 4.
        words = Signal(5 * _WORD)
        pending = Signal(5 * _WORD)
        word = Signal(range(5))
        carry = Signal()
        addend, total = Signal(_WORD), Signal(_WORD + 1)
        step = words[3 * _WORD :]
        m.d.comb += [
            self.place.eq(words[_WORD : 2 * _WORD]),
            self.whole.eq(words[2 * _WORD : 3 * _WORD]),
            self.step.eq(step),
            self.done.eq(word == 4),
            total.eq((Cat(Const(1, 1), words[:_WORD]) + Cat(carry, addend))[1:]),
        ]
        # While words go round, word 3 has the lower half of the step, then the upper half, a cycle
        # later its sign. With the 1 that is added to the whole part, the sign makes 1 or 0.
        with m.If(self.correcting):
            m.d.comb += addend.eq(pending[:_WORD])
        with m.Elif(word < 2):
            m.d.comb += addend.eq(step[:_WORD])
        with m.Elif(word == 2):
            m.d.comb += addend.eq(~words[3 * _WORD - 1])
        with m.If(self.go):
            m.d.sync += [
                words.eq(Cat(words[_WORD:], total[:_WORD])),
                carry.eq(total[_WORD] & (word != 2) & (word != 4)),
                word.eq(Mux(self.done, 0, word + 1)),
            ]
            with m.If(self.correcting):
                m.d.sync += pending.eq(pending[_WORD:])
        with m.If(self.correction.phase):
            m.d.sync += pending[: 3 * _WORD].eq(self.correction.amount)
        with m.If(self.correction.frequency):
            m.d.sync += pending[3 * _WORD :].eq(self.correction.amount)
        with m.If(self.start):
            found = self.detection
            sign = found.step[-1].replicate(8)
            m.d.sync += [
                words.eq(Cat(Const(0, 2 * _WORD), found.reversal, found.step, sign)),
                pending.eq(0),
            ]
        return m


class Interpolator(wiring.Component):
    """Computes half symbols, each when the six samples after its instant are there.

    Samples are kept in a ring of 64. After a strobe come no, one or two half symbols. Each takes
    :attr:`latency` cycles from the sample's strobe, or from the end of the one before, until it is
    offered at ``o``. ``busy`` falls a cycle after it is taken. A data frame's last half symbol
    takes 5 cycles more, in which corrections are added. After ``start`` the clock passes nine data
    frames in 540 cycles; samples may come meanwhile, and are kept. Bit-exact with
    :class:`golden.receiver.timing.Interpolator` and the clock of
    :class:`golden.receiver.receiver.Receiver`.

    Members
    -------
    sample : In(SAMPLE)            of the A/D
    strobe : In(1)                 ``sample`` is there; numbers count from 0 after a reset
    busy : Out(1)                  there is something to do; the multiplier is this block's
    multiplier : Out(MULTIPLIER)   in use while ``busy``
    start : In(1)                  for a cycle, while not busy: begin at ``detection``, with TRN1d's
                                   data frame FIRST_FRAME
    detection : In(SdDetection)      where Sd ended, level and clock
    hold : In(1)                   begin no half symbol
    passing : Out(1)               the clock passes data frames, and the multiplier is free
    stop : In(1)                   for a cycle: no half symbols after the one being computed
    correction : In(Correction)    for the end of the data frame; not while its last half symbol is
                                   being computed
    step : Out(CLOCK_STEP)         Q32, while ``o`` is valid or not ``busy``; with a data frame's
                                   last half symbol it is that of the next data frame
    o : Out(stream of HALF_SYMBOL)  at the working level
    """

    latency = 66

    def __init__(self):
        super().__init__(
            {
                "sample": In(shape(SAMPLE)),
                "strobe": In(1),
                "busy": Out(1),
                "multiplier": Out(MULTIPLIER),
                "start": In(1),
                "detection": In(SdDetection()),
                "hold": In(1),
                "passing": Out(1),
                "stop": In(1),
                "correction": In(Correction()),
                "step": Out(CLOCK_STEP),
                "o": Out(stream.Signature(HALF_SYMBOL)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.clock = clock = _Clock()
        # Instants are computed; index of the half symbol; half symbols that the clock passes.
        running, index = Signal(), Signal(range(timing.HALVES))
        skip = Signal(range(FIRST_FRAME * timing.HALVES + 1))
        count = Signal(16, init=_FIRST_COUNT & 0xFFFF)
        # The shift to the working level, and how far the sum is still to be moved for it.
        shift, moves = Signal(signed(4)), Signal(range(_MOST_DROP + 1))
        tap, beat = Signal(signed(4)), Signal(2)
        # The sum begins as half of what its last bit will be worth, shifted into place.
        total = Signal(signed(32), init=1 << (_MOST_DROP - 1))
        adding, halving = Signal(), Signal()
        last = index == timing.HALVES - 1
        due = running & ~(count - clock.whole)[15]
        connect(m, flipped(self.detection), clock.detection)
        connect(m, flipped(self.correction), clock.correction)
        m.d.comb += [
            clock.start.eq(self.start),
            self.step.eq(clock.step),
            self.passing.eq(skip != 0),
            self.o.payload.index.eq(index),
            self.busy.eq(1),
        ]
        self._taps(m, clock, count, tap, beat)
        self._clip(m, total)
        with m.If(adding):
            m.d.sync += total.eq(total + self.multiplier.product)
        with m.Elif(halving):
            m.d.sync += total.eq(total >> 1)
        with m.If(self.strobe):
            m.d.sync += count.eq(count + 1)
        with m.If(self.stop):
            m.d.sync += running.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(due)
                m.d.sync += [
                    moves.eq(shift + (_MOST_DROP - 15)),
                    total.eq(total.init),
                    beat.eq(0),
                    tap.eq(timing.TAPS_BEFORE - 1),
                ]
                with m.If(self.start):
                    m.d.sync += [
                        running.eq(1),
                        index.eq(0),
                        skip.eq(FIRST_FRAME * timing.HALVES),
                        shift.eq(self.detection.shift),
                    ]
                    m.next = "STEP"
                with m.Elif(due & ~self.hold):
                    m.next = "ROUND"
            self._sum(m, tap, beat, moves, shift, adding, halving)
            self._step(m, clock, skip, last)
            with m.State("OFFER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += index.eq(Mux(last, 0, index + 1))
                    m.next = "IDLE"
        return m

    @staticmethod
    def _sum(m, tap, beat, moves, shift, adding, halving):
        """The products of all taps, between the two shifts of the sum."""
        with m.State("ROUND"):
            m.d.sync += moves.eq(moves - 1)
            m.d.comb += halving.eq(moves != 0)
            with m.If(moves == 0):
                m.next = "TAPS"
        with m.State("TAPS"):
            # The product of the tap before is there in beat 1.
            m.d.comb += adding.eq((beat == 1) & (tap != timing.TAPS_BEFORE - 1))
            m.d.sync += [beat.eq(Mux(beat == 2, 0, beat + 1)), moves.eq(15 - shift)]
            with m.If(beat == 2):
                m.d.sync += tap.eq(tap - 1)
                with m.If(tap == timing.TAPS_BEFORE - timing.TAPS):
                    m.next = "LAST"
        with m.State("LAST"):
            m.d.sync += beat.eq(1)
            with m.If(beat == 1):
                m.d.comb += adding.eq(1)
                m.next = "SHIFT"
        with m.State("SHIFT"):
            m.d.sync += moves.eq(moves - 1)
            m.d.comb += halving.eq(1)
            with m.If(moves == 1):
                m.next = "STEP"

    @staticmethod
    def _step(m, clock, skip, last):
        """The clock goes on to the next half symbol, and is corrected at a data frame's end."""
        with m.State("STEP"):
            m.d.comb += clock.go.eq(1)
            with m.If(clock.done):
                with m.If(skip > 1):
                    m.d.sync += skip.eq(skip - 1)
                with m.Elif(skip == 1):
                    m.d.sync += skip.eq(0)
                    m.next = "IDLE"
                with m.Elif(last):
                    m.next = "CORRECT"
                with m.Else():
                    m.next = "OFFER"
        with m.State("CORRECT"):
            m.d.comb += [clock.go.eq(1), clock.correcting.eq(1)]
            with m.If(clock.done):
                m.next = "OFFER"

    def _taps(self, m, clock, count, tap, beat):
        """Three beats a tap: both entries of the table are read, then the sample.

        Beat 0 of the next tap follows beat 2. A tap is the upper entry plus the entries' difference
        times (place - 1024) / 1024, which is the lower entry plus it times place / 1024.
        """
        m.submodules.ring = ring = Memory(shape=signed(16), depth=1 << _RING_BITS, init=[])
        m.submodules.table = table = Memory(shape=signed(16), depth=512, init=folded())
        write, entries = ring.write_port(), table.read_port()
        sample = read_alone(m, ring, clock.whole - tap - _TO_OWN, write)
        fine = Signal(timing.PHASE_BITS + timing.PLACE_BITS)
        upper, result = Signal(signed(16)), Signal(signed(16))
        after = tap[-1]  # the sample is after the instant
        other = Signal(16)
        product = self.multiplier.product
        # Distances below 0 are inverted, not negated, so the other entry is one further.
        distance = Cat(fine[timing.PLACE_BITS :], tap[:3]) ^ after.replicate(9)
        m.d.comb += [
            fine.eq(clock.place),
            write.addr.eq(count[:_RING_BITS]),
            write.data.eq(self.sample),
            write.en.eq(self.strobe),
            entries.addr.eq(distance + (after ^ (beat == 0))),
            other.eq(Mux(beat == 0, product >> timing.PLACE_BITS, ~entries.data)),
            result.eq(
                (
                    Cat(Const(1, 1), upper)
                    + Cat((beat != 0) | product[timing.PLACE_BITS - 1], other)
                )[1:]
            ),
            self.multiplier.a.eq(result),
            self.multiplier.b.eq(
                Mux(beat == 0, sample, Cat(fine[: timing.PLACE_BITS], Const(63, 6)).as_signed())
            ),
        ]
        with m.If(beat == 1):
            m.d.sync += upper.eq(entries.data)

    def _clip(self, m, total):
        rest = total[15:24]
        fits = ~rest.any() | rest.all()
        m.d.comb += self.o.payload.half.eq(
            Mux(fits, total[:16], Cat((~total[-1]).replicate(15), total[-1])).as_signed()
        )
