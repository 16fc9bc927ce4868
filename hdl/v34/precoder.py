"""Precoder with its trellis encoder, and what undoes it, in gateware (9.6.2, 9.6.3/V.34)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.fixed import Overflow, Rounding
from golden.formats import Q
from golden.v34.formats import (
    FILTERED,
    PRECODED,
    PRECODER_TAP,
    PREDICTED,
    RECEIVED_POINT,
    RECEIVED_PRECODED,
)
from hdl.core.channels import channel_shape
from hdl.core.fixed import requant, shape
from hdl.core.mac import Multiplier
from hdl.core.memory import read_alone
from hdl.core.stream import pass_on
from hdl.v34.trellis import (
    STATE_BITS,
    any_following,
    any_output,
    encoder_inputs,
    subset_label,
)

#: Configuration words of a channel: real and imaginary part of h(1), h(2) and h(3).
TAP_WORDS = 6

#: Bits of a coordinate: of u in the transmitter, of y in the receiver, of u in the receiver.
POINT_BITS, OUTPUT_BITS, INNER_BITS = 7, 10, 14

#: A sum of six products of 16 bits.
SUM_BITS = 34


def tap_layout(channels):
    """A configuration word: one part of a tap."""
    return data.StructLayout(
        {"channel": channel_shape(channels), "address": range(TAP_WORDS), "data": 16}
    )


def tap_words(precoder):
    """Configuration words ``[(address, data), ...]`` of three pairs of integers in Q2.14."""
    parts = (part for tap in precoder for part in tap)
    return [(address, part & 0xFFFF) for address, part in enumerate(parts)]


def _nearest(value, drop):
    """``value / 2**drop`` to nearest, a half to the smaller magnitude (9.6.2, items 2 and 3)."""
    value = value.as_signed()
    return (value + ((1 << drop - 1) - 1) + value[-1])[drop:].as_signed()


class _Filter(wiring.Component):
    """h(1) x(n - 1) + h(2) x(n - 2) + h(3) x(n - 3) of many channels, on one multiplier.

    Taps and symbols share a memory of 16 words a channel. Sums are there ``latency`` cycles after
    ``start``; a symbol is taken in 2 cycles.

    Members
    -------
    i_configuration : In(stream of tap_layout(channels))  taken while nothing else is done
    channel : In(channel_shape(channels))  of the sums and of the symbol; held
    start : In(1)                  form sums; only while ``ready``
    initialise : In(1)             with ``start``: symbols before are zero
    push : In(1)                   take a symbol; only while ``ready``, and not with ``start``
    re : In(signed(16))            real part of the symbol; held for 2 cycles
    im : In(signed(16))            imaginary part of the symbol; held for 2 cycles
    ready : Out(1)                 sums, if any, are complete
    real : Out(signed(SUM_BITS))   real part of the sums, while ``ready``
    imaginary : Out(signed(SUM_BITS))  imaginary part of the sums, while ``ready``
    """

    latency = 27

    def __init__(self, channels):
        self.channels = channels
        super().__init__(
            {
                "i_configuration": In(stream.Signature(tap_layout(channels))),
                "channel": In(channel_shape(channels)),
                "start": In(1),
                "initialise": In(1),
                "push": In(1),
                "re": In(signed(16)),
                "im": In(signed(16)),
                "ready": Out(1),
                "real": Out(signed(SUM_BITS)),
                "imaginary": Out(signed(SUM_BITS)),
            }
        )

    def _products(self, m, word, filled):
        """Form the sums from the words that are read; return ``(running, address)``.

        A product takes two reads: a part of a symbol, then a part of its tap.
        """
        m.submodules.multiplier = multiplier = Multiplier()
        running, imaginary, output, tap = Signal(), Signal(), Signal(), Signal()
        back, last = Signal(2), Signal()
        flags = data.StructLayout({"used": 1, "negative": 1, "imaginary": 1})
        given, formed = Signal(flags), Signal(flags)
        symbol = Signal(signed(16))
        m.d.comb += [
            last.eq(tap & imaginary & output & (back == 2)),
            multiplier.a.eq(symbol),
            multiplier.b.eq(word),
        ]
        m.d.sync += [symbol.eq(word), given.eq(0), formed.eq(given)]
        with m.If(running):
            # A tap's part, the symbol's part, the delay, and at last the sum's part.
            m.d.sync += Cat(tap, imaginary).eq(Cat(tap, imaginary) + 1)
            with m.If(tap):
                m.d.sync += given.eq(Cat(back < filled, imaginary & ~output, output))
            with m.If(tap & imaginary):
                m.d.sync += back.eq(Mux(back == 2, 0, back + 1))
                with m.If(back == 2):
                    m.d.sync += output.eq(~output)
            with m.If(last):
                m.d.sync += running.eq(0)
        with m.If(self.start):
            m.d.sync += [running.eq(1), self.real.eq(0), self.imaginary.eq(0)]
        product = Mux(formed.negative, -multiplier.product, multiplier.product)
        with m.If(formed.used):
            for part, total in ((0, self.real), (1, self.imaginary)):
                with m.If(formed.imaginary == part):
                    m.d.sync += total.eq(total + product)
        ending = Signal(2)
        m.d.sync += ending.eq(Cat(running, ending[0]))
        return running | ending.any(), tap, Cat(imaginary ^ output, back), Cat(imaginary, back)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = Memory(shape=signed(16), depth=16 * self.channels, init=[])
        row = data.StructLayout({"next": 2, "filled": 2})
        m.submodules.rows = places = Memory(shape=row, depth=self.channels, init=[])
        write, place_write = words.write_port(), places.write_port()
        place = read_alone(m, places, self.channel, place_write)
        address, filled, second = Signal(4), Signal(2), Signal()
        word = read_alone(m, words, Cat(address, self.channel), write)
        busy, is_tap, tap, (symbol_part, *back) = self._products(m, word, filled)
        slot = (place.next - 1 - Cat(back))[:2]
        configuration = self.i_configuration.payload
        m.d.comb += [
            self.ready.eq(~busy & ~second),
            address.eq(Mux(is_tap, tap, Cat(symbol_part, slot, Const(1, 1)))),
            place_write.addr.eq(self.channel),
            place_write.data.eq(Cat((place.next + 1)[:2], Mux(filled == 3, 3, filled + 1))),
            place_write.en.eq(second),
            self.i_configuration.ready.eq(self.ready & ~self.start & ~self.push),
        ]
        m.d.sync += second.eq(self.push & self.ready)
        with m.If(self.start):
            m.d.sync += filled.eq(Mux(self.initialise, 0, place.filled))
        with m.If(self.i_configuration.ready):
            m.d.comb += [
                write.addr.eq(Cat(configuration.address, Const(0, 1), configuration.channel)),
                write.data.eq(configuration.data),
                write.en.eq(self.i_configuration.valid),
            ]
        with m.Else():
            m.d.comb += [
                write.addr.eq(Cat(second, place.next, Const(1, 1), self.channel)),
                write.data.eq(Mux(second, self.im, self.re)),
                write.en.eq(second | (self.push & self.ready)),
            ]
        return m


class _Filtered(wiring.Component):
    """Common to all three: a filter, and configuration words that are its own.

    ``_filter`` is what elaborate of one of them makes first.

    Members
    -------
    i_configuration : In(stream of tap_layout(channels))  taps; taken while nothing else is done
    i : In(stream of i_layout)     channel; initialise; the block's own input
    o : Out(stream of o_layout)    channel; initialise; the block's own output
    """

    def __init__(self, channels, given, made):
        self.channels = channels
        number = channel_shape(channels)
        self.i_layout = data.StructLayout({"channel": number, "initialise": 1, **given})
        self.o_layout = data.StructLayout({"channel": number, "initialise": 1, **made})
        super().__init__(
            {
                "i_configuration": In(stream.Signature(tap_layout(channels))),
                "i": In(stream.Signature(self.i_layout)),
                "o": Out(stream.Signature(self.o_layout)),
            }
        )

    def _filter(self, m, token, *, first):
        """Make the filter; ``first``: it is the first symbol of a token."""
        m.submodules.filter = block = _Filter(self.channels)
        pass_on(m, self, block, ("i_configuration",))
        m.d.comb += [
            block.channel.eq(token.channel),
            block.initialise.eq(token.initialise & first),
            self.o.payload.channel.eq(token.channel),
            self.o.payload.initialise.eq(token.initialise),
        ]
        return block


def _predicted(m, block, w):
    """p(n) and c(n) of a filter's sums, each registered: two cycles; ``w``: w of (9-29) is 2.

    Returns ``(p, c, round_p, round_c)``; the last two are high in the cycles that take them.
    """
    drop = FILTERED.fraction - PREDICTED.fraction
    p = [Signal(signed(SUM_BITS - drop), name=f"p{n}") for n in (0, 1)]
    c = [Signal(signed(INNER_BITS), name=f"c{n}") for n in (0, 1)]
    round_p, round_c = Signal(), Signal()
    for total, rounded, coarse in zip((block.real, block.imaginary), p, c, strict=True):
        fine = PREDICTED.fraction
        by_two = Cat(Const(0, 1), _nearest(rounded, fine + 1)).as_signed()
        by_four = Cat(Const(0, 2), _nearest(rounded, fine + 2)).as_signed()
        with m.If(round_p):
            m.d.sync += rounded.eq(_nearest(total, drop))
        with m.If(round_c):
            m.d.sync += coarse.eq(Mux(w, by_four, by_two))
    return p, c, round_p, round_c


class Precoder(_Filtered):
    """Points of 4D symbols to precoded ones, with the trellis encoder: Table 11 of many channels.

    The second point of a 4D symbol comes with U0 = 0 and is turned here. Latency: ``latency``
    cycles, and a token in one more. Bit-exact with :class:`golden.v34.precoder.Precoder`.

    Parameters: ``channels``, each with taps, filter and trellis encoder of its own.

    Members
    -------
    i_configuration : In(stream of tap_layout(channels))  parts of taps; between two tokens
    i : In(stream of i_layout)     channel; initialise, filter and trellis encoder are zero; trellis
                                   by its number; w, of (9-29), is 2; inversion, V0; points, real
                                   and imaginary part of both, whole numbers
    o : Out(stream of o_layout)    channel; initialise; x, the same of x(n), PRECODED
    """

    latency = 2 * 34 + 3

    def __init__(self, channels=1):
        points = data.ArrayLayout(signed(POINT_BITS), 4)
        given = {"trellis": 2, "w": 1, "inversion": 1, "points": points}
        super().__init__(channels, given, {"x": data.ArrayLayout(shape(PRECODED), 4)})

    def elaborate(self, platform):
        m = Module()
        token, second = Signal(self.i_layout), Signal()
        block = self._filter(m, token, first=~second)
        p, c, round_p, round_c = _predicted(m, block, token.w)
        m.submodules.states = states = Memory(shape=STATE_BITS, depth=self.channels, init=[])
        write = states.write_port()
        held = read_alone(m, states, token.channel, write)
        state, modulo, turned = Signal(STATE_BITS), Signal(), Signal()
        x = Signal(data.ArrayLayout(shape(PRECODED), 4))
        first_label, label, y = Signal(3), Signal(3), [Signal(signed(OUTPUT_BITS)) for _ in p]
        real, imaginary = token.points[0], token.points[1]
        u = Mux(turned, imaginary, real), Mux(turned, -real, imaginary)
        m.d.comb += [
            state.eq(Mux(token.initialise, 0, held)),
            label.eq(subset_label(*y)),
            block.re.eq(x[2]),
            block.im.eq(x[3]),
            write.addr.eq(token.channel),
            write.data.eq(any_following(token.trellis, state, encoder_inputs(first_label, label))),
            self.o.payload.x.eq(x),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), second.eq(0), modulo.eq(0), turned.eq(0)]
                with m.If(self.i.valid):
                    m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "START"
            with m.State("START"):
                with m.If(block.ready):
                    m.d.comb += block.start.eq(1)
                    m.next = "FILTER"
            with m.State("FILTER"):
                m.d.comb += round_p.eq(1)
                with m.If(block.ready):
                    m.next = "COARSE"
            with m.State("COARSE"):
                m.d.comb += round_c.eq(1)
                m.next = "TURN"
            with m.State("TURN"):
                # C0 is the parity of the halves of all four parts of c.
                parity = modulo ^ c[0][1] ^ c[1][1]
                output = any_output(token.trellis, state)
                m.d.sync += [
                    modulo.eq(parity),
                    turned.eq(second & (output ^ token.inversion ^ parity)),
                ]
                m.next = "POINT"
            with m.State("POINT"):
                for part in (0, 1):
                    m.d.sync += y[part].eq(u[part] + c[part])
                m.next = "SYMBOL"
            with m.State("SYMBOL"):
                now = [
                    ((y[part] << PRECODED.fraction) - p[part])[: PRECODED.width] for part in (0, 1)
                ]
                m.d.sync += [
                    x.eq(Cat(x[2], x[3], *now)),
                    token.points.eq(token.points.as_value() >> 2 * POINT_BITS),
                    first_label.eq(Mux(second, first_label, label)),
                ]
                m.next = "PUSH"
            with m.State("PUSH"):
                m.d.comb += block.push.eq(1)
                m.next = "PUSHED"
            with m.State("PUSHED"):
                m.d.sync += second.eq(1)
                m.next = "LOOK"
                with m.If(second):
                    m.d.comb += write.en.eq(1)
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class InversePrecoder(_Filtered):
    """Decided channel outputs y(n) of 4D symbols to points u(n), of many channels.

    Latency: ``latency`` cycles, and a token in one more. Bit-exact with
    :class:`golden.v34.precoder.InversePrecoder`.

    Parameters: ``channels``.

    Members
    -------
    i_configuration : In(stream of tap_layout(channels))  parts of taps; between two tokens
    i : In(stream of i_layout)     channel; initialise, symbols before are zero; w, of (9-29), is 2;
                                   points, real and imaginary part of both y, whole numbers
    o : Out(stream of o_layout)    channel; initialise; points, the same of u
    """

    latency = 2 * 32 + 1

    def __init__(self, channels=1):
        given = {"w": 1, "points": data.ArrayLayout(signed(OUTPUT_BITS), 4)}
        super().__init__(channels, given, {"points": data.ArrayLayout(signed(INNER_BITS), 4)})

    def elaborate(self, platform):
        m = Module()
        token, second = Signal(self.i_layout), Signal()
        block = self._filter(m, token, first=~second)
        p, c, round_p, round_c = _predicted(m, block, token.w)
        u = Signal(data.ArrayLayout(signed(INNER_BITS), 4))
        x = [Signal(shape(RECEIVED_PRECODED), name=f"x{n}") for n in (0, 1)]
        m.d.comb += [block.re.eq(x[0]), block.im.eq(x[1]), self.o.payload.points.eq(u)]
        fraction = RECEIVED_PRECODED.fraction
        wide = Q(1, SUM_BITS - FILTERED.fraction, fraction)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), second.eq(0)]
                with m.If(self.i.valid):
                    m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "START"
            with m.State("START"):
                with m.If(block.ready):
                    m.d.comb += block.start.eq(1)
                    m.next = "FILTER"
            with m.State("FILTER"):
                m.d.comb += round_p.eq(1)
                with m.If(block.ready):
                    m.next = "COARSE"
            with m.State("COARSE"):
                m.d.comb += round_c.eq(1)
                for part in (0, 1):
                    exact = (token.points[part] << fraction) - p[part]
                    kept = requant(exact, wide, RECEIVED_PRECODED, Rounding.TRUNC, Overflow.SAT)
                    m.d.sync += x[part].eq(kept)
                m.next = "POINT"
            with m.State("POINT"):
                now = [(token.points[part] - c[part])[:INNER_BITS] for part in (0, 1)]
                m.d.sync += [
                    u.eq(Cat(u[2], u[3], *now)),
                    token.points.eq(token.points.as_value() >> 2 * OUTPUT_BITS),
                ]
                m.d.comb += block.push.eq(1)
                m.next = "PUSHED"
            with m.State("PUSHED"):
                m.d.sync += second.eq(1)
                m.next = "LOOK"
                with m.If(second):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class WhiteningFilter(_Filtered):
    """The precoder's filter on received symbols, of many channels: x(n) with noise to y(n).

    Latency: ``latency`` cycles, and a token in one more. Bit-exact with
    :class:`golden.v34.precoder.WhiteningFilter`.

    Parameters: ``channels``.

    Members
    -------
    i_configuration : In(stream of tap_layout(channels))  parts of taps; between two tokens
    i : In(stream of i_layout)     channel; initialise, symbols before are zero; re and im,
                                   RECEIVED_PRECODED
    o : Out(stream of o_layout)    channel; initialise; re and im, RECEIVED_POINT
    """

    latency = 31

    def __init__(self, channels=1):
        given = dict.fromkeys(("re", "im"), shape(RECEIVED_PRECODED))
        super().__init__(channels, given, dict.fromkeys(("re", "im"), shape(RECEIVED_POINT)))

    def elaborate(self, platform):
        m = Module()
        token = Signal(self.i_layout)
        block = self._filter(m, token, first=1)
        fraction = RECEIVED_PRECODED.fraction + PRECODER_TAP.fraction
        wide = Q(1, SUM_BITS - 1 - fraction, fraction)
        m.d.comb += [block.re.eq(token.re), block.im.eq(token.im)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += token.eq(self.i.payload)
                with m.If(self.i.valid):
                    m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "START"
            with m.State("START"):
                with m.If(block.ready):
                    m.d.comb += block.start.eq(1)
                    m.next = "FILTER"
            with m.State("FILTER"):
                sums = {"re": block.real, "im": block.imaginary}
                for name, total in sums.items():
                    whole = (total + (token[name] << PRECODER_TAP.fraction))[:SUM_BITS]
                    kept = requant(whole, wide, RECEIVED_POINT, Rounding.HALF_UP, Overflow.SAT)
                    m.d.sync += self.o.payload[name].eq(kept)
                with m.If(block.ready):
                    m.d.comb += block.push.eq(1)
                    m.next = "PUSHED"
            with m.State("PUSHED"):
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
