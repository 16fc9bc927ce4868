"""V.34's modulator in gateware (clause 5/V.34); tables and formats stand in golden/v34."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.fixed import Overflow, Rounding
from golden.formats import SAMPLE
from golden.v34.modulator import (
    PULSE_SUM,
    ROTATED,
    ROTATION,
    ROTATION_SUM,
    SYMBOL,
    SYMBOL_DOUBLED,
)
from golden.v34.pulse import SPAN, TAP
from hdl.core.channels import channel_shape
from hdl.core.fixed import requant, shape
from hdl.core.mac import Multiplier
from hdl.core.memory import read_alone

#: A channel's words, from ``words`` of the table on. Two halves of ROTATIONS words: cosine and sine
#: of up to seven carrier phases, and the shift at SHIFT.
ROTATIONS, SHIFT = 16, 14
#: Where the channel's taps begin in the table.
BASE = 32
#: RATE_LAYOUT; the channel begins anew, or is stopped by zero.
RATE = 33
ROW_BITS = 6

#: Samples and symbols that take the same time, and e of the carrier.
RATE_LAYOUT = data.StructLayout({"phases": 6, "symbols": 4, "turns": 3})

SYMBOL_LAYOUT = data.StructLayout({"half": 1, "re": shape(SYMBOL), "im": shape(SYMBOL)})

#: Slots of a channel's symbols, a power of two and SPAN at least.
_SLOTS = 64

#: What a sum does with a product: it takes part, it is the first, its sign is turned.
_PRODUCT = data.StructLayout(
    {"used": 1, "first": 1, "negative": 1, "a": signed(16), "b": signed(16)}
)


def table_words(taps, base):
    """Words ``[(address, data), ...]`` of a line's taps from ``base`` on.

    ``taps``: an array as ``golden.v34.pulse.taps_of`` gives it.
    """
    return [(base + place, tap & 0xFFFF) for place, tap in enumerate(taps.reshape(-1).tolist())]


def rotation_words(shift, phases, half, words):
    """Words of a channel for symbols that come with this ``half``.

    ``shift``, ``phases``: as ``golden.v34.modulator.rotations_of`` gives them for the mean energy
    of these symbols. ``words``: of the modulator's table, where a channel's own addresses begin.
    """
    first = words + ROTATIONS * half
    flat = phases.reshape(-1).tolist()
    return [*((first + n, part & 0xFFFF) for n, part in enumerate(flat)), (first + SHIFT, shift)]


def start_words(line, ratio, base, words):
    """Words that start a channel of ``line`` with the taps at ``base``.

    ``ratio``: samples and symbols that take the same time.
    """
    phases, symbols = ratio
    turns = line.carrier_ratio.denominator
    started = RATE_LAYOUT.const({"phases": phases, "symbols": symbols, "turns": turns})
    return [(words + BASE, base), (words + RATE, started.as_value().value)]


class _Sum(wiring.Component):
    """Products added up on one multiplier, one a cycle.

    ``total`` has a product two cycles after it was given.

    Members
    -------
    i : In(_PRODUCT)               two factors, and what becomes of their product
    total : Out(PULSE_SUM)         which ROTATION_SUM fits
    """

    latency = 2

    def __init__(self):
        super().__init__({"i": In(_PRODUCT), "total": Out(shape(PULSE_SUM))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        used, first, negative = Signal(), Signal(), Signal()
        product = multiplier.product
        m.d.comb += [multiplier.a.eq(self.i.a), multiplier.b.eq(self.i.b)]
        m.d.sync += [used.eq(self.i.used), first.eq(self.i.first), negative.eq(self.i.negative)]
        with m.If(used):
            m.d.sync += self.total.eq(Mux(first, 0, self.total) + Mux(negative, -product, product))
        return m


class _Rotator(wiring.Component):
    """A symbol brought to its level and turned by its carrier phase.

    It shifts a bit a cycle, and then gives a :class:`_Sum` two products for each part. A symbol
    takes 10 cycles and its shift.

    Members
    -------
    row : In(stream of row_layout)   where, a channel and half; index; data, a word of ROTATIONS;
        always taken
    i : In(stream of symbol_layout)  where, a channel and half; turn, re and im of a symbol
    o : Out(_PRODUCT)                for the sum
    kept : Out(2)                    the sum is the real part (1), the imaginary part (2) or neither
        (0)
    """

    def __init__(self, channels):
        self.channels = channels
        self.where = data.StructLayout({"half": 1, "channel": channel_shape(channels)})
        self.row_layout = data.StructLayout(
            {"index": 4, "where": self.where, "data": shape(ROTATION)}
        )
        self.symbol_layout = data.StructLayout(
            {"where": self.where, "turn": 3, "re": shape(SYMBOL), "im": shape(SYMBOL)}
        )
        super().__init__(
            {
                "row": In(stream.Signature(self.row_layout)),
                "i": In(stream.Signature(self.symbol_layout)),
                "o": Out(_PRODUCT),
                "kept": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        depth = ROTATIONS * 2 * self.channels
        m.submodules.rotations = rotations = Memory(shape=shape(ROTATION), depth=depth, init=[])
        write = rotations.write_port()
        where, turn, index = Signal(self.where), Signal(3), Signal(4)
        re, im = Signal(shape(SYMBOL)), Signal(shape(SYMBOL))
        read = read_alone(m, rotations, Cat(index, where), write)
        left, step = Signal(3), Signal(3)
        m.d.comb += [
            self.row.ready.eq(1),
            write.addr.eq(Cat(self.row.payload.index, self.row.payload.where)),
            write.data.eq(self.row.payload.data),
            write.en.eq(self.row.valid),
            index.eq(SHIFT),
            self.o.a.eq(Mux(step[0], re, im)),
            self.o.b.eq(read),
        ]
        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [Cat(where, turn, re, im).eq(self.i.payload), step.eq(0)]
                with m.If(self.i.valid):
                    m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += left.eq(read)
                m.next = "SHIFT"
            with m.State("SHIFT"):
                m.d.sync += left.eq(left - 1)
                for part in (re, im):
                    # Twice at the end of its format, it stays there.
                    doubled = requant(part, SYMBOL, SYMBOL_DOUBLED, Rounding.TRUNC, Overflow.SAT)
                    with m.If(left != 0):
                        m.d.sync += part.eq(doubled)
                with m.If(left == 0):
                    m.next = "TURN"
            with m.State("TURN"):
                # re cos - im sin at steps 1 and 2, re sin + im cos at 3 and 4.
                m.d.comb += [
                    index.eq(Cat(step[0] ^ step[1], turn)),
                    self.o.used.eq((step != 0) & (step < 5)),
                    self.o.first.eq(step[0]),
                    self.o.negative.eq(step == 2),
                    self.kept.eq(Cat(step == 4, step == 6)),
                ]
                m.d.sync += step.eq(step + 1)
                with m.If(step == 6):
                    m.next = "TAKE"
        return m


class _Places(wiring.Component):
    """Each channel's rate, its taps, and how far it is in its line signal.

    Outputs are those of ``channel``, a cycle after it or anything was written.

    Members
    -------
    channel : In(channel_shape(channels))  whose place is read
    word : In(stream of word)  channel, rate (or else base), data; always taken
    clear : In(1)              the channel of ``word`` begins: its next sample needs a symbol
    done : In(1)               a sample of ``channel`` was made, with taps up to ``taps``
    taps : In(range(words))    address after the last of the sample's taps
    stopped : Out(1)           the channel makes no samples
    needs : Out(1)             the next sample needs a symbol
    turn : Out(3)              its carrier phase
    newest : Out(6)            slot of the latest symbol, the one that is needed included
    first : Out(range(words))  address of the next sample's first tap
    """

    def __init__(self, channels, words):
        self.channels, self.words = channels, words
        number, place = channel_shape(channels), range(words)
        word = data.StructLayout({"channel": number, "rate": 1, "data": 16})
        super().__init__(
            {
                "channel": In(number),
                "word": In(stream.Signature(word)),
                "clear": In(1),
                "done": In(1),
                "taps": In(place),
                "stopped": Out(1),
                "needs": Out(1),
                "turn": Out(3),
                "newest": Out(6),
                "first": Out(place),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout = data.StructLayout(
            {"newest": 6, "taps": self.taps.shape(), "phase": 6, "late": 6, "turn": 3, "needs": 1}
        )
        forms = {"base": self.taps.shape(), "rate": RATE_LAYOUT, "place": layout}
        read, write = {}, {}
        for name, form in forms.items():
            m.submodules[name] = rows = Memory(shape=form, depth=self.channels, init=[])
            write[name] = rows.write_port()
            read[name] = read_alone(m, rows, self.channel, write[name])
        rate, place = read["rate"], read["place"]
        after, late = Signal(layout), Signal(7)
        word = self.word.payload
        m.d.comb += [
            self.word.ready.eq(1),
            self.stopped.eq(rate.phases == 0),
            self.needs.eq(place.needs),
            self.turn.eq(place.turn),
            self.newest.eq(place.newest - place.needs),
            self.first.eq(Mux(place.phase == 0, read["base"], place.taps)),
            late.eq(place.late + rate.symbols),
            after.newest.eq(self.newest),
            after.taps.eq(self.taps),
            after.phase.eq(Mux(place.phase == rate.phases - 1, 0, place.phase + 1)),
            after.needs.eq(late >= rate.phases),
            after.late.eq(Mux(after.needs, late - rate.phases, late)),
            after.turn.eq(place.turn),
            write["place"].addr.eq(self.channel),
            write["place"].data.eq(after),
            write["place"].en.eq(self.done),
            write["base"].en.eq(self.word.valid & ~word.rate),
            write["rate"].en.eq(self.word.valid & word.rate),
        ]
        for name in ("base", "rate"):
            m.d.comb += [write[name].addr.eq(word.channel), write[name].data.eq(word.data)]
        with m.If(place.needs):
            m.d.comb += after.turn.eq(Mux(place.turn == rate.turns - 1, 0, place.turn + 1))
        with m.If(self.clear):
            m.d.comb += [
                write["place"].addr.eq(word.channel),
                write["place"].data.eq(layout.const({"needs": 1})),
                write["place"].en.eq(1),
            ]
        return m


class Modulator(wiring.Component):
    """Samples of V.34's symbols for many channels, one sample of each in turn.

    A sample is a sum of ``2 SPAN`` products: taps of a table times the channel's latest symbols.
    Taps lie in the order of use, so that a running address finds them. A symbol that a sample needs
    is asked for, shifted, turned by its carrier phase and kept. One multiplier and one sum serve
    both.

    Channels that have been started take turns; each gives a sample, with its own symbol rate,
    carrier, pre-emphasis and level. Lines alike may use the same taps.

    A sample takes ``2 SPAN + 5`` cycles, 105, while ``o`` is ready. One that needs a symbol takes
    ``12 + shift`` more, with the shift of its channel's rotations, 0 to 5; it is offered
    ``latency(shift)`` cycles after its symbol was taken. A stopped channel takes 2 cycles. After a
    reset all are stopped; that takes ``channels`` cycles.

    Bit-exact with :class:`golden.v34.modulator.Modulator`.

    Parameters
    ----------
    channels : int
    words : int
        Of the table, a power of two. At 16 kHz a line of 3000 takes 1600 of them, 3200 500, 3429
        1400, and the longest of all, 2800, takes 4000.

    Members
    -------
    i_configuration : In(stream of word_layout)  channel, address, data; taken between two samples,
                      before the next; starting takes 128 cycles
    run : In(1)                    samples are made; while it is low words are taken alone
    o_request : Out(stream of channel_shape)  the channel whose symbol is next at ``i``
    i : In(stream of SYMBOL_LAYOUT)  a symbol, and the half of its channel's rotations
    o : Out(stream of o_layout)    channel and sample

    Raises :class:`~golden.errors.V90Error` for a table that is no power of two.
    """

    def __init__(self, channels=1, words=2048):
        if words & (words - 1) or words < 2 << ROW_BITS:
            raise V90Error(
                f"a table of {words} words is not a power of two from {2 << ROW_BITS} on"
            )
        self.channels, self.words = channels, words
        number = channel_shape(channels)
        self.word_layout = data.StructLayout(
            {"channel": number, "address": words.bit_length(), "data": 16}
        )
        self.o_layout = data.StructLayout({"channel": number, "sample": shape(SAMPLE)})
        super().__init__(
            {
                "i_configuration": In(stream.Signature(self.word_layout)),
                "run": In(1),
                "o_request": Out(stream.Signature(number)),
                "i": In(stream.Signature(SYMBOL_LAYOUT)),
                "o": Out(stream.Signature(self.o_layout)),
            }
        )

    @staticmethod
    def latency(shift):
        """Cycles from a symbol taken to the sample offered that needed it."""
        return 2 * SPAN + 13 + shift

    def _configure(self, m, table, rotator, places):
        """Bring the word that is offered where it belongs; return whether it starts a channel."""
        word = self.i_configuration.payload
        taken = self.i_configuration.valid & self.i_configuration.ready
        row, own = word.address[:ROW_BITS], taken & word.address[-1]
        m.d.comb += [
            table.addr.eq(word.address),
            table.data.eq(word.data),
            table.en.eq(taken & ~word.address[-1]),
            rotator.row.payload.eq(Cat(row[:5], word.channel, word.data)),
            rotator.row.valid.eq(own & ~row[5]),
            places.word.payload.eq(Cat(word.channel, row[0], word.data)),
            places.word.valid.eq(own & row[5]),
            places.clear.eq(own & (row == RATE)),
        ]
        return places.clear

    def _join(self, m, channel, rotator, places, total):
        """A channel's symbol to the rotator, its sample to ``o``."""
        m.d.comb += [
            rotator.i.payload.where.eq(Cat(self.i.payload.half, channel)),
            rotator.i.payload.turn.eq(places.turn),
            rotator.i.payload.re.eq(self.i.payload.re),
            rotator.i.payload.im.eq(self.i.payload.im),
            places.channel.eq(channel),
            places.done.eq(self.o.valid & self.o.ready),
            self.o_request.payload.eq(channel),
            self.o.payload.channel.eq(channel),
            self.o.payload.sample.eq(
                requant(total, PULSE_SUM, SAMPLE, Rounding.HALF_UP, Overflow.SAT)
            ),
        ]

    def elaborate(self, platform):
        m = Module()
        m.submodules.rotator = rotator = _Rotator(self.channels)
        m.submodules.places = places = _Places(self.channels, self.words)
        m.submodules.sum = products = _Sum()
        m.submodules.table = table = Memory(shape=shape(TAP), depth=self.words, init=[])
        m.submodules.symbols = symbols = Memory(
            shape=shape(ROTATED), depth=2 * _SLOTS * self.channels, init=[]
        )
        write, table_write = symbols.write_port(), table.write_port()
        channel, cleared = Signal.like(places.channel), Signal.like(places.channel)
        taps, cursor = Signal.like(places.taps), Signal(range(2 * _SLOTS))
        step, reading, first = Signal(range(2 * SPAN)), Signal(), Signal()
        tap = read_alone(m, table, taps, table_write)
        part = read_alone(m, symbols, Cat(cursor, channel), write)
        starts = self._configure(m, table_write, rotator, places)
        self._join(m, channel, rotator, places, products.total)
        m.d.comb += [
            products.i.eq(rotator.o),
            places.taps.eq(taps),
            write.addr.eq(Cat(rotator.kept[1], places.newest, channel)),
            write.data.eq(
                requant(products.total, ROTATION_SUM, ROTATED, Rounding.HALF_UP, Overflow.SAT)
            ),
            write.en.eq(rotator.kept.any()),
        ]
        m.d.sync += [reading.eq(0), first.eq(step == 0)]
        with m.If(reading):
            m.d.comb += products.i.eq(Cat(1, first, 0, part, tap))

        def advance():
            m.d.sync += channel.eq(Mux(channel == self.channels - 1, 0, channel + 1))
            m.next = "NEXT"

        with m.FSM():
            with m.State("STOP"):
                # After a reset no channel has a rate.
                m.d.comb += [
                    places.word.payload.eq(Cat(channel, Const(1, 1))),
                    places.word.valid.eq(1),
                ]
                m.d.sync += channel.eq(channel + 1)
                with m.If(channel == self.channels - 1):
                    advance()
            with m.State("NEXT"):
                m.d.comb += self.i_configuration.ready.eq(1)
                m.d.sync += [cleared.eq(self.i_configuration.payload.channel), cursor.eq(0)]
                with m.If(starts):
                    m.next = "CLEAR"
                with m.Elif(~self.i_configuration.valid & self.run):
                    m.next = "PLACE"
            with m.State("CLEAR"):
                m.d.comb += [write.addr.eq(Cat(cursor, cleared)), write.data.eq(0), write.en.eq(1)]
                m.d.sync += cursor.eq(cursor + 1)
                with m.If(cursor.all()):
                    m.next = "NEXT"
            with m.State("PLACE"):
                m.d.sync += [
                    step.eq(0),
                    cursor.eq(Cat(Const(0, 1), places.newest)),
                    taps.eq(places.first),
                ]
                with m.If(places.stopped):
                    advance()
                with m.Elif(places.needs):
                    m.next = "REQUEST"
                with m.Else():
                    m.next = "SUM"
            with m.State("REQUEST"):
                m.d.comb += self.o_request.valid.eq(1)
                with m.If(self.o_request.ready):
                    m.next = "TAKE"
            with m.State("TAKE"):
                m.d.comb += [rotator.i.valid.eq(self.i.valid), self.i.ready.eq(rotator.i.ready)]
                with m.If(self.i.valid & self.i.ready):
                    m.next = "TURN"
            with m.State("TURN"):
                with m.If(rotator.kept[1]):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += [
                    reading.eq(1),
                    step.eq(step + 1),
                    cursor.eq(cursor + 1),
                    taps.eq(taps + 1),
                ]
                with m.If(step == 2 * SPAN - 1):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~reading):
                    m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    advance()
        return m
