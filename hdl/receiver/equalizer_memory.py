"""The equaliser's two memories, from which the factors of its products come (9.3.2/V.90).

One has taps, scaled errors and constants. The other has samples, values, slopes and errors.
"""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.receiver.equalizer import DRIFT_KEPT, DRIFT_STEERED
from golden.receiver.timing import HALVES
from hdl.core.mac import FACTOR_SHAPE
from hdl.core.memory import read_alone
from hdl.receiver.interfaces import HALF_SYMBOL, TAP_WORD, TapControl


class Place(IntEnum):
    """Words of the tap memory besides the feed-forward and feedback taps.

    From STEERED to ODD words change; KEPT, MINUS_SIXTEEN and ONE are factors. STEERED and HURRIED
    are factors of an error, and ERRORS + 2 is the first of six scaled errors.
    """

    STEERED = 0
    HURRIED = 1
    ERRORS = 0
    SOFT = 8
    FINE = 9
    ODD = 10
    KEPT = 11
    MINUS_SIXTEEN = 12
    ONE = 13
    DRIFT_TAP = 14
    ERROR_TAP = 15


class TapMemory(wiring.Component):
    """Two sets of taps, one in use and one to come, and a few words of the equaliser.

    A word is read in each cycle in which nothing is written, and is there a cycle later.

    Parameters
    ----------
    taps : number of taps of a set

    Members
    -------
    i_taps : In(stream of TAP_WORD)  taps of the set to come, then drop in bits 0 to 4 and good in
                                     bit 8; taken while ``idle``, until a good set waits
    set : In(TapControl)             what becomes of that set
    asking : In(1)                   for a cycle: a set was asked for, and will come
    tap : In(7)                      a tap of the set in use, to be read or written
    place : In(4)                    another word, a :class:`Place`
    placed : In(1)                   ``place`` is meant, and not ``tap``
    idle : In(1)                     nothing is read: ``i_taps`` may write
    word : Out(TAP_WORD)             the word read in the last cycle without writing
    write : In(1)                    write ``value``
    value : In(TAP_WORD)             the word to be written
    invert : In(1)                   write the complement of ``value``
    drop : Out(5)                    the shift that goes with the taps in use
    """

    def __init__(self, taps):
        self.taps = taps
        super().__init__(
            {
                "i_taps": In(stream.Signature(TAP_WORD)),
                "set": In(TapControl()),
                "asking": In(1),
                "tap": In(7),
                "place": In(4),
                "placed": In(1),
                "idle": In(1),
                "word": Out(TAP_WORD),
                "write": In(1),
                "value": In(TAP_WORD),
                "invert": In(1),
                "drop": Out(5, init=10),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Constant factors are in the memory too, and nothing ever writes there.
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
            word.ready.eq(self.idle & ~self.write & ~self.set.good),
            write.addr.eq(Mux(self.write, address, Cat(number, ~bank))),
            write.data.eq(
                Mux(self.write, self.value ^ self.invert.replicate(32).as_signed(), word.payload)
            ),
            write.en.eq(self.write | (word.valid & word.ready)),
        ]
        # A set that was asked for before a discard still comes; then it is stale.
        asked, stale, ends = Signal(), Signal(), Signal()
        m.d.comb += ends.eq(word.valid & word.ready & last)
        with m.If(word.valid & word.ready):
            m.d.sync += [number.eq(Mux(last, 0, number + 1)), drop.eq(word.payload)]
        with m.If(ends):
            m.d.sync += [
                self.set.good.eq(word.payload[8] & ~stale),
                self.set.answered.eq(~stale),
                stale.eq(0),
            ]
        m.d.sync += asked.eq(self.asking | (asked & ~ends))
        with m.If(self.set.load):
            m.d.sync += [bank.eq(~bank), self.drop.eq(drop)]
        with m.If(self.set.load | self.set.discard):
            m.d.sync += [self.set.good.eq(0), self.set.answered.eq(0)]
        with m.If(self.set.discard & asked):
            m.d.sync += stale.eq(~ends)
        return m

    @staticmethod
    def _address(place):
        return 0b0111 << 4 | place


class Region(IntEnum):
    """Parts of the sample memory: rings, and from SLOPES on a word for each symbol of a frame.

    SAMPLES is the ring of half symbols, PAST that of values.
    """

    SAMPLES = 0
    PAST = 1
    SLOPES = 4
    ERRORS = 5
    COARSE = 6
    DRIFTS = 7


class SampleMemory(wiring.Component):
    """Rings of samples and of past values, and words for the six symbols of a data frame.

    The pointer ``at`` walks through one of the rings. ``half`` numbers the half symbols of a data
    frame from 4 to 15, and so selects a symbol's word in the other regions. The frame's first
    sample is at ``base - 12`` of a ring of 128, its first value at ``base / 2 - 5`` of a ring of
    64.

    A word is read in each cycle in which nothing is written, and is there a cycle later.

    Members
    -------
    i : In(stream of HALF_SYMBOL)  samples, as of :class:`hdl.receiver.equalizer.Equalizer`
    hold : In(1)                   a data frame's last sample must wait
    busy : In(1)                   any sample must wait
    taken : Out(1)                 a sample is taken, so nothing is read
    complete : Out(1)              a data frame's last sample is taken
    region : In(Region)            where to read or write
    half : In(4)                   number of a half symbol, 4 to 15
    before : In(1)                 the word of the symbol before ``half``'s, where a region has a
                                   word for each; before the first symbol, and with ``half`` 0,
                                   that is the last one
    start : In(1)                  set ``at`` to half symbol ``half`` in SAMPLES, in PAST to the
                                   value before that of its symbol
    own : In(1)                    with ``start``: one later, in PAST the symbol's own value
    move : In(1)                   add ``step`` to ``at``
    step : In(signed(7))           how far
    sample : Out(FACTOR_SHAPE)     the word read in the last cycle without writing
    write : In(1)                  write ``value``
    value : In(FACTOR_SHAPE)       the word to be written
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(HALF_SYMBOL)),
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
                "sample": Out(FACTOR_SHAPE),
                "write": In(1),
                "value": In(FACTOR_SHAPE),
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
        # Symbols count from 2 to 7; the one before 2 is 7.
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
