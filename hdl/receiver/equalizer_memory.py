"""The equaliser's two memories, from which the factors of its products come (9.3.2/V.90).

Taps and errors are in one; samples, values, slopes and errors once more in the other.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import INTERPOLATED
from golden.receiver.equalizer import DRIFT_KEPT, DRIFT_STEERED
from golden.receiver.timing import HALVES
from hdl.core.fixed import shape
from hdl.core.memory import read_alone

HALF = data.StructLayout({"half": shape(INTERPOLATED), "index": range(HALVES)})


class Place(IntEnum):
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


class Taps(wiring.Component):
    """Taps that work, taps to come, and a few words of the equaliser.

    Members
    -------
    i_taps, load, discard, loaded_good, answered, asking : as those of
        :class:`hdl.receiver.equalizer.Equalizer`; clear : In(1), as discard
    tap : In(7); place : In(4), :class:`Place`; placed : In(1), which of them is meant
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
        init[self._address(Place.MINUS_SIXTEEN)] = -16 << 16
        init[self._address(Place.ONE)] = 1 << 16
        init[self._address(Place.ODD)] = -1
        init[self._address(Place.KEPT)] = DRIFT_KEPT << 16
        init[self._address(Place.STEERED)] = DRIFT_STEERED[0] << 16
        init[self._address(Place.HURRIED)] = DRIFT_STEERED[1] << 16
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
                self.loaded_good.eq(word.payload[8] & ~stale),
                self.answered.eq(~stale),
                stale.eq(0),
            ]
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


class Region(IntEnum):
    """Where in the sample memory: rings, and from SLOPES on a word for each symbol of a frame."""

    SAMPLES = 0
    PAST = 1
    SLOPES = 4
    ERRORS = 5
    COARSE = 6
    DRIFTS = 7


class Samples(wiring.Component):
    """Rings of samples and of past values, and what a data frame's symbols leave.

    ``at`` goes through one of the rings. The frame's first sample is at ``base - 12`` of a ring of
    128, its first value at ``base / 2 - 5`` of a ring of 64. ``half`` numbers the frame's half
    symbols from 4 on.

    Members
    -------
    i : In(stream), as that of :class:`hdl.receiver.equalizer.Equalizer`; hold : In(1), leave a
    frame's last
        sample waiting
    busy : In(1), leave any sample waiting; taken : Out(1), a sample comes, so nothing is read
    complete : Out(1), a frame's last sample comes
    region : In(Region); half : In(4); before : In(1), of the symbol before, where a region has a
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
                "region": In(Region),
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
        past = self.region == Region.PAST
        region, symbol = Value.cast(self.region), self.half[1:]
        slot = region[2]
        # Symbols count from 2 to 7: before 2 is 7.
        previous = Cat(~symbol[0], (symbol != 5) & (symbol != 6), (symbol != 3) & (symbol != 4))
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
