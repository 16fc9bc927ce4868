"""Half symbols between the samples of the A/D (5.2/V.90): the interpolator and its clock.

Samples, instants and steps are those of ``golden.receiver.timing``; the clock is free-running until
it is started at what Sd told (8.4.4, 8.4.5).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.receiver import timing
from golden.receiver.timetable import FIRST_FRAME, FIRST_SYMBOL
from hdl.core.mac import MULTIPLY
from hdl.core.memory import read_alone

#: A half symbol and its place in the data frame.
HALF_LAYOUT = data.StructLayout({"half": signed(16), "index": range(timing.HALVES)})

#: Samples are counted from this, so that ``_count - instant`` is 0 when the last sample is there
#: that an instant needs. Instants have FIRST_SYMBOL less than golden's.
_FIRST_COUNT = -(timing.TAPS - timing.BEFORE + 1 + FIRST_SYMBOL)

#: From a sample's address to that of the instant's own one, both modulo the ring.
_RING_BITS = 6
_TO_OWN = timing.TAPS - timing.BEFORE + 1

#: The most that a sum is shifted right, and the least: at levels of -5 and 6.
_MOST_DROP = 20

_WORD = 16


def folded():
    """The table by distance in 1/64 sample: a tap is the same on both sides of the instant."""
    table = [0] * (timing.PHASES * timing.BEFORE + 1)
    for phase, row in enumerate(timing.TABLE.tolist()):
        for tap, value in enumerate(row):
            table[abs(phase + timing.PHASES * (timing.BEFORE - 1 - tap))] = value
    return table


class _Clock(wiring.Component):
    """Instant and step, five words of 16 bits that go round through one adder, and corrections.

    ``go`` begins a pass of five cycles, in the last of which ``done`` is high: it adds 1 and the
    step to the instant, or with ``correcting`` the pending corrections to both, which are 0 then.

    Members
    -------
    start : In(1); reversal, step_before : In, instant's whole part and step from now on
    phase, frequency : In(1), for which of them there is a correction : In(signed(40)), Q32,
        pending from now on
    go, correcting : In(1), hold for the pass; done : Out(1)
    whole : Out(16), place : Out(16), instant in between passes, Q16.16; step : Out(signed(32))
    """

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "reversal": In(16),
                "step_before": In(signed(24)),
                "phase": In(1),
                "frequency": In(1),
                "correction": In(signed(40)),
                "go": In(1),
                "correcting": In(1),
                "done": Out(1),
                "whole": Out(16),
                "place": Out(16),
                "step": Out(signed(32)),
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
        # While words go round, word 3 holds the step's lower half, then the upper one, which is
        # a word lower in the next cycle: there the sign and the 1 of the whole part make 1 or 0.
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
        with m.If(self.phase):
            m.d.sync += pending[: 3 * _WORD].eq(self.correction)
        with m.If(self.frequency):
            m.d.sync += pending[3 * _WORD :].eq(self.correction)
        with m.If(self.start):
            sign = self.step_before[-1].replicate(8)
            m.d.sync += [
                words.eq(Cat(Const(0, 2 * _WORD), self.reversal, self.step_before, sign)),
                pending.eq(0),
            ]
        return m


class Interpolator(wiring.Component):
    """A half symbol as soon as the six samples behind its instant are there.

    Samples are kept in a ring of 64. After a strobe come no, one or two half symbols; each takes
    :attr:`latency` cycles from the sample's strobe, or from the end of the one before, to its offer
    at ``o``. Then ``busy`` falls, a cycle after it is taken. The frame's last one takes 5 cycles
    more, in which corrections are added. After ``start`` the clock passes nine data frames in 540
    cycles; samples may come meanwhile, and are kept. Bit-exact with
    :class:`golden.receiver.timing.Interpolator` and the clock of
    :class:`golden.receiver.receiver.Receiver`.

    Members
    -------
    sample : In(signed(16)), with strobe : In(1); numbers count from 0 after reset, modulo 2**16
    busy : Out(1), there is something to do; the multiplier belongs to this block while it is high
    multiply : Out(MULTIPLY)
    start : In(1), while not busy, begins at the data frame 9 after ``start_reversal`` : In(16),
        number of Sd's reversal, with a left shift of the level ``start_shift`` : In(signed(4)) from
        -4 to 6, and ``start_step`` : In(signed(24)), Q32, the clock's offset
    hold : In(1), no half symbol begins; passing : Out(1), the clock passes data frames, and nothing
        is multiplied
    stop : In(1), there will be no other half symbol after the one being computed
    phase, frequency : In(1), take a correction of the instant, or of the step, ``correction`` :
        In(signed(40)), Q32, for the end of the data frame; not during the computation of the
        frame's last half symbol
    step : Out(signed(32)), Q32, in use while ``o`` is valid or not ``busy``; with the frame's
        last half symbol it is that of the next
    o : Out(stream), half : signed(16), at the working level; index : 0 to 11 in the data frame
    """

    latency = 66

    def __init__(self):
        super().__init__(
            {
                "sample": In(signed(16)),
                "strobe": In(1),
                "busy": Out(1),
                "multiply": Out(MULTIPLY),
                "start": In(1),
                "start_reversal": In(16),
                "start_shift": In(signed(4)),
                "start_step": In(signed(24)),
                "hold": In(1),
                "passing": Out(1),
                "stop": In(1),
                "phase": In(1),
                "frequency": In(1),
                "correction": In(signed(40)),
                "step": Out(signed(32)),
                "o": Out(stream.Signature(HALF_LAYOUT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.clock = clock = _Clock()
        running = Signal()
        index = Signal(range(timing.HALVES))
        skip = Signal(range(FIRST_FRAME * timing.HALVES + 1))
        count = Signal(16, init=_FIRST_COUNT & 0xFFFF)
        shift = Signal(signed(4))
        moves = Signal(range(_MOST_DROP + 1))
        tap = Signal(signed(4))
        total = Signal(signed(32), init=1 << (_MOST_DROP - 1))
        beat, adding, halving = Signal(2), Signal(), Signal()
        last_tap = tap == timing.BEFORE - timing.TAPS
        last = index == timing.HALVES - 1
        due = running & ~(count - clock.whole)[15]
        m.d.comb += [
            clock.start.eq(self.start),
            clock.reversal.eq(self.start_reversal),
            clock.step_before.eq(self.start_step),
            clock.phase.eq(self.phase),
            clock.frequency.eq(self.frequency),
            clock.correction.eq(self.correction),
            self.step.eq(clock.step),
            self.passing.eq(skip != 0),
            self.o.payload.index.eq(index),
        ]
        self._taps(m, clock, count, tap, beat)
        self._clip(m, total)
        # The sum begins as half of what its last bit will be worth, shifted into place.
        with m.If(adding):
            m.d.sync += total.eq(total + self.multiply.product)
        with m.Elif(halving):
            m.d.sync += total.eq(total >> 1)
        with m.If(self.strobe):
            m.d.sync += count.eq(count + 1)
        with m.If(self.stop):
            m.d.sync += running.eq(0)

        m.d.comb += self.busy.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(due)
                m.d.sync += [
                    moves.eq(shift + (_MOST_DROP - 15)),
                    total.eq(total.init),
                    beat.eq(0),
                    tap.eq(timing.BEFORE - 1),
                ]
                with m.If(self.start):
                    m.d.sync += [
                        running.eq(1),
                        index.eq(0),
                        skip.eq(FIRST_FRAME * timing.HALVES),
                        shift.eq(self.start_shift),
                    ]
                    m.next = "STEP"
                with m.Elif(due & ~self.hold):
                    m.next = "ROUND"
            with m.State("ROUND"):
                m.d.sync += moves.eq(moves - 1)
                m.d.comb += halving.eq(moves != 0)
                with m.If(moves == 0):
                    m.next = "TAPS"
            with m.State("TAPS"):
                # The product of the tap before is there in beat 1.
                m.d.comb += adding.eq((beat == 1) & (tap != timing.BEFORE - 1))
                m.d.sync += [beat.eq(Mux(beat == 2, 0, beat + 1)), moves.eq(15 - shift)]
                with m.If(beat == 2):
                    m.d.sync += tap.eq(tap - 1)
                    with m.If(last_tap):
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
            with m.State("OFFER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += index.eq(Mux(last, 0, index + 1))
                    m.next = "IDLE"
        return m

    def _taps(self, m, clock, count, tap, beat):
        """Three cycles a tap: both entries of the table are read, then the sample.

        The lower entry is the upper one less their difference, so place - 1024 stands for place.
        """
        m.submodules.ring = ring = Memory(shape=signed(16), depth=1 << _RING_BITS, init=[])
        m.submodules.table = table = Memory(shape=signed(16), depth=512, init=folded())
        write, entries = ring.write_port(), table.read_port()
        sample = read_alone(m, ring, clock.whole - tap - _TO_OWN, write)
        fine = Signal(timing.PHASE_BITS + timing.PLACE_BITS)
        upper, result = Signal(signed(16)), Signal(signed(16))
        behind = tap[-1]
        other = Signal(16)
        product = self.multiply.product
        # Distances below 0 are inverted instead of negated, hence the 1 on the other entry.
        distance = Cat(fine[timing.PLACE_BITS :], tap[:3]) ^ behind.replicate(9)
        m.d.comb += [
            fine.eq(clock.place),
            write.addr.eq(count[:_RING_BITS]),
            write.data.eq(self.sample),
            write.en.eq(self.strobe),
            entries.addr.eq(distance + (behind ^ (beat == 0))),
            # Beat 0 of the next tap is the cycle after beat 2.
            other.eq(Mux(beat == 0, product >> timing.PLACE_BITS, ~entries.data)),
            result.eq(
                (
                    Cat(Const(1, 1), upper)
                    + Cat((beat != 0) | product[timing.PLACE_BITS - 1], other)
                )[1:]
            ),
            self.multiply.a.eq(result),
            self.multiply.b.eq(
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
