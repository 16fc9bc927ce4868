"""Sequences in bits of data frames, and their ends (8.4.2, 8.4.3, 8.6.2, 8.6.3/V.90)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.receiver.framing import MP_LENGTHS, SYNC_ONES
from golden.signals.training import ED_FRAMES
from hdl.pcm.sequencer import DATA_BITS

#: Bits of a frame sync, its start bit and the type after it.
_HEAD = SYNC_ONES + 2

#: Data frames that a sequence may take.
MOST_PERIOD = 63

#: Sizes of data frames and sequences: bits of a data frame; the place in a data frame of the start
#: bit of a sequence that began with a data frame; data frames from its first to the one with the
#: type; data frames of a sequence whose type is 0, and of one whose type is 1.
FRAMING = data.StructLayout(
    {
        "data_bits": range(DATA_BITS + 1),
        "place": range(SYNC_ONES + 1),
        "span": range(4),
        "period_0": range(MOST_PERIOD + 1),
        "period_1": range(MOST_PERIOD + 1),
    }
)


def framing(data_bits, lengths=MP_LENGTHS):
    """Fields of FRAMING for data frames of ``data_bits`` bits and sequences of these lengths.

    Raises ``ValueError`` for data frames of less than 6 bits or sequences that are too long.
    """
    periods = [-(-length // data_bits) for length in lengths]
    if data_bits < 6 or max(periods) > MOST_PERIOD:
        raise ValueError(f"data frames have 6 bits or more, sequences {MOST_PERIOD} data frames")
    return {
        "data_bits": data_bits,
        "place": SYNC_ONES % data_bits,
        "span": (_HEAD - 1) // data_bits,
        "period_0": periods[0],
        "period_1": periods[1],
    }


class SequenceFramer(wiring.Component):
    """Finds sequences and their end in bits, at most one bit a cycle.

    ``begun`` and ``ended`` come ``latency`` = 1 cycle after a data frame's last bit, for a cycle.
    After ``ended`` bits are ignored until ``restart``. Bit-exact with
    :class:`golden.receiver.framing.SequenceFramer`.

    Members
    -------
    bit : In(1)            of data frames, from a first one's first bit on
    strobe : In(1)         ``bit`` is there
    framing : In(FRAMING)  sizes, which hold from ``restart`` on
    restart : In(1)        wait for a frame sync; the next bit is a data frame's first. Not in a
                           cycle with ``strobe``
    begun : Out(1)         the type of a sequence came in this data frame
    ended : Out(1)         this data frame was the end's last
    """

    latency = 1

    def __init__(self):
        super().__init__(
            {
                "bit": In(1),
                "strobe": In(1),
                "framing": In(FRAMING),
                "restart": In(1),
                "begun": Out(1),
                "ended": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        given = self.framing
        place, ones = Signal(range(DATA_BITS)), Signal(range(SYNC_ONES + 1))
        # The last bit was a start bit; a type came in this data frame; all its bits were zeros.
        start, typed, zero = Signal(), Signal(), Signal(init=1)
        known, over, zeroes = Signal(), Signal(), Signal(range(ED_FRAMES))
        phase, period = Signal(range(MOST_PERIOD + 1)), Signal(range(MOST_PERIOD + 1))
        last = place == given.data_bits - 1
        type_comes, comes = start, typed | start
        all_zero = zero & ~self.bit
        own = Mux(type_comes, Mux(self.bit, given.period_1, given.period_0), period)
        now = Mux(comes, given.span, Mux(phase + 1 == period, 0, phase + 1))
        counts = all_zero & (known | comes) & (now == zeroes)
        m.d.sync += [self.begun.eq(0), self.ended.eq(0)]
        with m.If(self.strobe & ~over):
            m.d.sync += [
                place.eq(Mux(last, 0, place + 1)),
                ones.eq(Mux(self.bit, ones + (ones != SYNC_ONES), 0)),
                start.eq(~self.bit & (ones == SYNC_ONES) & (place == given.place)),
                typed.eq(comes),
                zero.eq(all_zero),
                period.eq(own),
            ]
            with m.If(last):
                m.d.sync += [
                    typed.eq(0),
                    zero.eq(1),
                    known.eq(known | comes),
                    phase.eq(now),
                    zeroes.eq(Mux(counts, zeroes + 1, 0)),
                    self.begun.eq(comes),
                ]
                with m.If(counts & (zeroes == ED_FRAMES - 1)):
                    m.d.sync += [self.ended.eq(1), over.eq(1)]
        with m.If(self.restart):
            kept = (place, ones, start, typed, zero, known, over, zeroes)
            m.d.sync += [register.eq(register.init) for register in kept]
        return m
