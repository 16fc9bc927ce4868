"""Jd and DIL received (8.4.1, 8.4.2, 9.3.2/V.90): bits found, averages of levels."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.bits.scrambler import GPC
from golden.formats import DIL_COUNT, DIL_SUM
from golden.pcm.parameters import INTERVALS
from golden.receiver.training import TRN1D_BACK, TRN1D_OVER
from golden.signals.sequences import JD
from hdl.core.memory import read_alone
from hdl.receiver.words import DATA_FRAME_NUMBER, DECISION
from hdl.signals.training import (
    DIL_ADDRESS_BITS,
    DIL_STATE,
    DIL_WORD,
    DIL_WORD_BITS,
    DilSequencer,
)

#: How a Jd begins, 17 ones and a zero: the last of three data frames, its first bit in bit 0.
_SYNC_ENDS = 0b011111


#: Data frames of a Jd.
_JD_FRAMES = JD.length // INTERVALS


class TrainingDecoder(wiring.Component):
    """A receiver's decisions to the bits of TRN1d and Jd, up to DIL (8.4.2, 8.4.3, 8.4.5).

    With each data frame come the bits of the one two before, one a cycle. The first of them is
    there ``latency`` = 2 cycles after the data frame's last decision is taken, and the next
    decision is taken 8 cycles after that. Bit-exact with
    :class:`golden.receiver.training.TrainingDecoder`.

    Members
    -------
    i : In(stream of DECISION)  decisions; dropped where they are of no whole data frame, and after
                                Jd'
    restart : In(1)             for a cycle: wait for TRN1d, as after a reset; a data frame on its
                                way out still leaves
    o : Out(stream of bit, first, begins)  a bit; ``first`` of its data frame; ``begins``: a Jd
                                begins with its data frame. Bits of Jd' do not come
    dil : Out(1)                Jd' has been read, and the next decision is DIL's first; from two
                                cycles after the last decision of Jd' until ``restart``
    number : Out(DATA_FRAME_NUMBER)  of DIL's first data frame, with ``dil``
    """

    latency = 2

    def __init__(self):
        bit = data.StructLayout({"bit": 1, "first": 1, "begins": 1})
        super().__init__(
            {
                "i": In(stream.Signature(DECISION)),
                "restart": In(1),
                "o": Out(stream.Signature(bit)),
                "dil": Out(1),
                "number": Out(DATA_FRAME_NUMBER),
            }
        )

    def elaborate(self, platform):
        m = Module()
        near, far = GPC
        decision = self.i.payload
        # The oldest is in bit 0, everywhere. ``line`` has the scrambled bits: signs, or changes of
        # sign once these are known to be sent. ``before`` has the bits of two data frames.
        collected, place = Signal(INTERVALS), Signal(range(INTERVALS + 1))
        signs, line, before = Signal(far), Signal(far), Signal(2 * INTERVALS)
        waits = Signal(range(3))
        jd, ones, others = Signal(), Signal(range(TRN1D_BACK + 1)), Signal(range(TRN1D_OVER + 1))
        known, since = Signal(), Signal(range(_JD_FRAMES))
        given, left, begins = Signal(INTERVALS), Signal(range(INTERVALS)), Signal()

        whole = Cat(signs, collected)
        changes = Signal(far + INTERVALS - 1)
        m.d.comb += changes.eq(whole[1:] ^ whole)
        last = changes[-INTERVALS:]

        def descrambled(bits, past):
            return (bits ^ past[far - near :] ^ past)[:INTERVALS]

        plain, own, bits = Signal(INTERVALS), Signal(INTERVALS), Signal(INTERVALS)
        begun, no_more, again, in_jd = Signal(), Signal(), Signal(), Signal()
        synchronised, ends = Signal(), Signal()
        one, phase = Signal(), Signal.like(since)
        m.d.comb += [
            plain.eq(descrambled(collected, signs)),
            own.eq(descrambled(last, line)),
            one.eq(plain.all()),
            begun.eq(~jd & own.all() & ~one),
            no_more.eq(~jd & ~one & (others >= TRN1D_OVER - 1)),
            again.eq(jd & one & (ones >= TRN1D_BACK - 1)),
            in_jd.eq((jd | begun) & ~again),
            bits.eq(Mux(in_jd, own, plain)),
            synchronised.eq(in_jd & (own == _SYNC_ENDS) & before.all()),
            phase.eq(Mux(since == _JD_FRAMES - 1, 0, since + 1)),
            ends.eq(
                jd & known & (phase == _JD_FRAMES - 1) & ~own.any() & ~before[INTERVALS:].any()
            ),
            self.o.payload.bit.eq(given[0]),
            self.o.payload.first.eq(left == INTERVALS - 1),
            self.o.payload.begins.eq(begins),
        ]
        with m.FSM():
            with m.State("COLLECT"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += left.eq(INTERVALS - 1)
                with m.If(self.i.valid & ~self.dil):
                    m.d.sync += place.eq(0)
                    with m.If((decision.interval == place) | (decision.interval == 0)):
                        m.d.sync += [
                            collected.eq(Cat(collected[1:], decision.sign)),
                            place.eq(decision.interval + 1),
                            self.number.eq(decision.number + 1),
                        ]
                        with m.If(decision.interval == INTERVALS - 1):
                            m.next = "JUDGE"
            with m.State("JUDGE"):
                m.d.sync += [
                    place.eq(0),
                    signs.eq(whole[INTERVALS:]),
                    line.eq(whole[INTERVALS:]),
                    before.eq(Cat(before[INTERVALS:], bits)),
                    given.eq(before),
                    begins.eq(synchronised),
                    jd.eq(in_jd),
                    since.eq(Mux(synchronised, 0, phase)),
                    known.eq((known | synchronised) & ~again),
                    self.dil.eq(ends),
                    ones.eq(Mux(one, ones + (ones != TRN1D_BACK), 0)),
                    others.eq(Mux(one, 0, others + (others != TRN1D_OVER))),
                ]
                with m.If(in_jd):
                    m.d.sync += line.eq(Cat(line, last)[INTERVALS:])
                with m.Elif(no_more):
                    m.d.sync += [line.eq(changes[-far:]), jd.eq(1)]
                with m.If(waits != 2):
                    m.d.sync += waits.eq(waits + 1)
                m.next = "COLLECT"
                with m.If((waits == 2) & ~self.restart):
                    m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [given.eq(given >> 1), left.eq(left - 1)]
                    with m.If(left == 0):
                        m.next = "COLLECT"
        with m.If(self.restart):
            kept = (place, signs, line, before, waits, jd, ones, others, known, self.dil)
            m.d.sync += [register.eq(register.init) for register in kept]
        return m


#: Number of a sum of an averager: DIL-segment, data frame interval and sign.
DIL_ENTRY = data.StructLayout({"sign": 1, "interval": range(INTERVALS), "segment": 8})


#: A sum, and how many values it has; three words of an averager's memory.
DIL_AVERAGE = data.StructLayout({"sum": signed(DIL_SUM.width), "count": DIL_COUNT.width})


_WORD, _WORDS = 16, 3


class DilAverager(wiring.Component):
    """Soft values of DIL's training symbols, added up by DIL-segment, interval and sign (8.4.1).

    A reset or ``clear`` sets all sums to zero in ``clearing`` = 4096 cycles. Nothing is taken
    meanwhile, so ``clear`` is for a time when no decisions come. Reading a sum waits while there
    are decisions, and so does a word of the descriptor. Bit-exact with
    :class:`golden.receiver.training.DilAverager`.

    A decision takes at most ``cycles`` = 16 cycles, a sum that is read 6. The sums are 12288 words
    of 16 bits, with a single port that reads or writes and no initial contents: an SB_SPRAM256KA,
    or twelve DP16KD. The descriptor has 256 words more.

    Members
    -------
    i_descriptor : In(stream of DIL_WORD)  words of the descriptor, as ``descriptor_words`` makes
                                           them
    i : In(stream of DECISION)             whole data frames; decisions that are none of DIL's are
                                           dropped
    dil : In(1)                            the next decision is one of DIL's; the first after it
                                           rises is DIL's first
    stop : In(1)                           for a cycle: the rest is none of DIL's, until ``dil``
                                           falls; for use once the end of DIL was asked for
    clear : In(1)                          for a cycle: set all sums to zero
    reference : Out(1)                     the next decision is one of a reference symbol; from 9
                                           cycles after the decision before, or after ``dil`` rises,
                                           until its own is taken
    reference_sign : Out(1)                its sign, 1 positive, likewise
    passes : Out(8)                        how often the whole DIL was added since ``dil`` rose;
                                           stops at 255
    i_entry : In(stream of DIL_ENTRY)      the sum to be read
    o : Out(stream of DIL_AVERAGE)         that sum
    """

    cycles, clearing = 16, 1 << DIL_ENTRY.size

    def __init__(self):
        super().__init__(
            {
                "i_descriptor": In(stream.Signature(DIL_WORD)),
                "i": In(stream.Signature(DECISION)),
                "dil": In(1),
                "stop": In(1),
                "clear": In(1),
                "reference": Out(1),
                "reference_sign": Out(1),
                "passes": Out(8),
                "i_entry": In(stream.Signature(DIL_ENTRY)),
                "o": Out(stream.Signature(DIL_AVERAGE)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = self._sequencer(m)
        m.submodules.sums = sums = Memory(shape=_WORD, depth=_WORDS << DIL_ENTRY.size, init=[])
        write = sums.write_port()
        entry, part = Signal(DIL_ENTRY), Signal(range(_WORDS + 1))
        # Words come in at the top and go out at the bottom; the count is in the last.
        words = Signal(_WORD * _WORDS)
        held = data.View(DIL_AVERAGE, words[: DIL_AVERAGE.size])
        fine = Signal.like(self.i.payload.fine)
        place, following = Signal(DIL_STATE), sequencer.o.payload.state
        stopped, uncleared, asked = Signal(), Signal(init=1), Signal()
        mine = self.dil & ~stopped & ~self.stop
        total = Mux(held.count == 0, 0, held.sum)
        read = read_alone(m, sums, Cat(entry, part[:2]), write)
        # The symbol to come waits at the sequencer's output for its decision.
        ahead, taken = sequencer.o.payload, Signal()
        m.d.comb += [
            sequencer.i.payload.eq(place),
            sequencer.i.valid.eq(mine),
            sequencer.o.ready.eq(taken | ~self.dil),
            self.reference.eq(mine & sequencer.o.valid & ~ahead.training),
            self.reference_sign.eq(ahead.sign),
            write.addr.eq(Cat(entry, part[:2])),
            write.data.eq(words),
            self.o.payload.count.eq(held.count),
            self.o.payload.sum.eq(total),
        ]
        with m.If(self.clear):
            m.d.sync += uncleared.eq(1)
        with m.If(self.stop):
            m.d.sync += stopped.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [part.eq(0), fine.eq(self.i.payload.fine)]
                with m.If(uncleared):
                    m.d.sync += [entry.eq(0), words.eq(0), part.eq(_WORDS - 1), uncleared.eq(0)]
                    m.next = "CLEAR"
                with m.Else():
                    m.d.comb += self.i.ready.eq(1)
                    with m.If(self.i.valid):
                        with m.If(mine):
                            m.next = "SYMBOL"
                    with m.Else():
                        m.d.comb += [
                            self.i_entry.ready.eq(1),
                            self.i_descriptor.ready.eq(~mine | sequencer.o.valid),
                        ]
                        m.d.sync += [asked.eq(self.i_entry.valid), entry.eq(self.i_entry.payload)]
                        with m.If(self.i_entry.valid):
                            m.next = "READ"
            with m.State("CLEAR"):
                m.d.comb += write.en.eq(1)
                m.d.sync += entry.as_value().eq(entry.as_value() + 1)
                with m.If(entry.as_value().all()):
                    m.next = "IDLE"
            with m.State("SYMBOL"):
                m.d.comb += taken.eq(1)
                m.d.sync += [
                    asked.eq(0),
                    entry.segment.eq(ahead.segment),
                    entry.interval.eq(place.interval),
                    entry.sign.eq(ahead.sign),
                ]
                with m.If(sequencer.o.valid):
                    ends = ahead.last & (following.segment == 0)
                    m.d.sync += [
                        place.eq(following),
                        self.passes.eq(self.passes + (ends & ~self.passes.all())),
                    ]
                    m.next = "IDLE"
                    with m.If(ahead.training):
                        m.next = "READ"
            with m.State("READ"):
                m.d.sync += [part.eq(part + 1), words.eq(Cat(words[_WORD:], read))]
                with m.If(part == _WORDS):
                    m.d.sync += part.eq(0)
                    m.next = "ADD"
                    with m.If(asked):
                        m.next = "GIVE"
            with m.State("ADD"):
                m.d.sync += [held.sum.eq(total + fine), held.count.eq(held.count + 1)]
                m.next = "WRITE"
                with m.If(held.count == DIL_COUNT.max):
                    m.next = "IDLE"
            with m.State("WRITE"):
                m.d.comb += write.en.eq(1)
                m.d.sync += [part.eq(part + 1), words.eq(words >> _WORD)]
                with m.If(part == _WORDS - 1):
                    m.next = "IDLE"
            with m.State("GIVE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        # Between two DIL, whatever was under way.
        with m.If(~self.dil):
            m.d.sync += [place.eq(0), stopped.eq(0), self.passes.eq(0)]
        return m

    def _sequencer(self, m):
        """Add the descriptor, and the sequencer that makes DIL's symbols out of it."""
        m.submodules.descriptor = descriptor = Memory(
            shape=DIL_WORD_BITS, depth=1 << DIL_ADDRESS_BITS, init=[]
        )
        sequencer, write = DilSequencer(), descriptor.write_port()
        word = self.i_descriptor
        m.d.comb += [
            write.addr.eq(word.payload.address),
            write.data.eq(word.payload.data),
            write.en.eq(word.valid & word.ready),
            sequencer.word.eq(read_alone(m, descriptor, sequencer.address, write)),
        ]
        return sequencer
