"""Shell mapper and its inverse in gateware (9.4/V.34)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.v34.parameters import MOST_SHELL_BITS, SYMBOLS_2D
from hdl.core.mac import Multiplier

#: Bits of R0, of M, of a ring index, of a sum of eight, and of g4.
R0_BITS, RING_BITS, SUM_BITS, COUNT_BITS = 31, 5, 8, 12

#: Eight ring indices in the order of time.
RINGS_LAYOUT = data.ArrayLayout(RING_BITS, SYMBOLS_2D)

_MOST_RINGS = len(MOST_SHELL_BITS) - 1


def _convolved(one, other):
    return [
        sum(one[i] * other[total - i] for i in range(len(one)) if 0 <= total - i < len(other))
        for total in range(len(one) + len(other) - 1)
    ]


def _tables():
    """g4 of every M in a row, and z8 up to the largest sum that an R0 has; where each M begins.

    z8 of an M ends with a word that no R0 reaches.
    """
    g4, z8, g4_at, z8_at, largest = [], [], [0], [0], [0]
    for rings in range(1, _MOST_RINGS + 1):
        two = _convolved([1] * rings, [1] * rings)
        four = _convolved(two, two)
        g4_at.append(len(g4))
        g4 += four
        below, words = 0, []
        for size in _convolved(four, four):
            if below >= 1 << MOST_SHELL_BITS[rings]:
                break
            words.append(below)
            below += size
        z8_at.append(len(z8))
        z8 += [*words, (1 << R0_BITS + 1) - 1]
        largest.append(len(words) - 1)
    return g4, z8, g4_at, z8_at, largest


_G4, _Z8, _G4_AT, _Z8_AT, _LARGEST = _tables()


def _of_rings(table, rings):
    """An entry for each M as combinational logic."""
    return Array(Const(value, range(max(table) + 1)) for value in table)[rings]


class _Products(wiring.Component):
    """g(p) g(T - p) for running p, with g2 or g4 of M: one product a cycle.

    Members
    -------
    rings : In(RING_BITS)          M
    fours : In(1)                  g is g4 and not g2
    total : In(SUM_BITS)           T
    place : In(SUM_BITS)           p; outside 0 to T, g(p) or g(T - p) is zero or not used
    other : In(COUNT_BITS)         instead of g(T - p), where ``replaced`` was high with ``place``
    replaced : In(1)               the product takes ``other``; with ``place``
    factor : Out(COUNT_BITS)       g(p), a cycle after ``place``
    product : Out(2 * COUNT_BITS)  two cycles after ``place``
    """

    latency = 2

    def __init__(self):
        super().__init__(
            {
                "rings": In(RING_BITS),
                "fours": In(1),
                "total": In(SUM_BITS),
                "place": In(SUM_BITS),
                "other": In(COUNT_BITS),
                "replaced": In(1),
                "factor": Out(COUNT_BITS),
                "product": Out(2 * COUNT_BITS),
            }
        )

    def _two(self, place):
        """g2(p) of (9-3); p from 0."""
        value = Signal(RING_BITS)
        after = 2 * self.rings - 1 - place
        fits = place < 2 * self.rings - 1
        return value, value.eq(Mux(place < self.rings, place + 1, Mux(fits, after, 0)))

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        m.submodules.table = table = Memory(shape=COUNT_BITS, depth=len(_G4), init=_G4)
        begin = _of_rings(_G4_AT, self.rings)
        factors = []
        for place in (self.place, (self.total - self.place)[:SUM_BITS]):
            read = table.read_port()
            two, logic = self._two(place)
            two_after, fits = Signal(RING_BITS), Signal()
            m.d.comb += [read.addr.eq(begin + place), logic]
            m.d.sync += [two_after.eq(two), fits.eq(place <= 4 * (self.rings - 1))]
            factors.append(Mux(self.fours, Mux(fits, read.data, 0), two_after))
        replaced, other = Signal(), Signal(COUNT_BITS)
        m.d.sync += [replaced.eq(self.replaced), other.eq(self.other)]
        m.d.comb += [
            self.factor.eq(factors[0]),
            multiplier.a.eq(factors[0]),
            multiplier.b.eq(Mux(replaced, other, factors[1])),
            self.product.eq(multiplier.product),
        ]
        return m


class _Block(wiring.Component):
    """Common to both: M and a tag pass with a token.

    Members
    -------
    i : In(stream of i_layout)     M, the block's own input, and a tag
    o : Out(stream of o_layout)    the block's own output, and the tag of its input
    """

    def __init__(self, tag, given, made):
        self.tag = tag
        common = {"tag": tag}
        self.i_layout = data.StructLayout({"rings": unsigned(RING_BITS), **given, **common})
        self.o_layout = data.StructLayout({**made, **common})
        super().__init__(
            {
                "i": In(stream.Signature(self.i_layout)),
                "o": Out(stream.Signature(self.o_layout)),
            }
        )


class ShellMapper(_Block):
    """R0 to eight ring indices: the algorithm of 9.4, one comparison a cycle.

    A is found by looking through z8, and B, C, D by subtracting products while they fit; remainders
    and quotients come from one division of twelve steps. A token takes ``58 + A + B + C + D``
    cycles, at most ``latency``, 222. Bit-exact with :class:`golden.v34.shell.ShellMapper` for
    every K and M of Table 10.

    Parameters: ``tag``, shape of what passes unchanged.

    Members
    -------
    i : In(stream of i_layout)     M in rings; number, R0; tag
    o : Out(stream of o_layout)    indices, m(i,0,0) first; tag
    """

    #: With 15 rings A reaches 68, B and C together 56 of it, and D as far as A - B.
    latency = 222

    def __init__(self, tag=1):
        super().__init__(tag, {"number": R0_BITS}, {"indices": RINGS_LAYOUT})

    def _ring_pair(self, m, total, number):
        """(9-17) to (9-24): two rings of a sum and their number."""
        first, second = Signal(RING_BITS), Signal(RING_BITS)
        last = self._rings - 1
        with m.If(total <= last):
            m.d.comb += [first.eq(number), second.eq(total - number)]
        with m.Else():
            m.d.comb += [first.eq(total - last + number), second.eq(last - number)]
        return Cat(first, second)

    def elaborate(self, platform):
        m = Module()
        m.submodules.products = products = _Products()
        m.submodules.z8 = z8 = Memory(shape=R0_BITS + 1, depth=len(_Z8), init=_Z8)
        read = z8.read_port()
        self._rings = rings = Signal(RING_BITS)
        tag, indices = Signal(self.tag), Signal(RINGS_LAYOUT)
        # The search of A ends with a sum one too large.
        total, first, rest = Signal(SUM_BITS), Signal(SUM_BITS), Signal(R0_BITS)
        number = Signal(R0_BITS)
        half = Signal(range(3))
        second_total, second_rest = Signal(SUM_BITS), Signal(COUNT_BITS)
        place, ahead = Signal(SUM_BITS), Signal(2)
        step, remainder, quotient = Signal(4), Signal(COUNT_BITS), Signal(COUNT_BITS)
        divisor = Signal(COUNT_BITS)
        difference = Signal(R0_BITS + 2)
        shifted = Cat(quotient[-1], remainder)
        pair = self._ring_pair(m, first, remainder)
        other_pair = self._ring_pair(m, total - first, quotient)
        m.d.comb += [
            read.addr.eq(_of_rings(_Z8_AT, rings) + place),
            products.rings.eq(rings),
            products.fours.eq(half == 0),
            products.total.eq(total),
            products.place.eq(place),
            self.o.payload.indices.eq(indices),
            self.o.payload.tag.eq(tag),
        ]
        m.d.sync += place.eq(place + 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    rings.eq(self.i.payload.rings),
                    number.eq(self.i.payload.number),
                    tag.eq(self.i.payload.tag),
                    place.eq(0),
                    half.eq(0),
                    total.eq(0),
                    ahead.eq(0),
                ]
                with m.If(self.i.valid):
                    m.next = "SUM"
            with m.State("SUM"):
                # z8 of a place comes a cycle after it.
                m.d.comb += difference.eq(number - read.data)
                m.d.sync += ahead.eq(1)
                with m.If(ahead != 0):
                    with m.If(~difference[-1]):
                        m.d.sync += [rest.eq(difference), total.eq(total + 1)]
                    with m.Else():
                        m.d.sync += [total.eq(total - 1), place.eq(0), first.eq(0), ahead.eq(0)]
                        m.next = "SPLIT"
            with m.State("SPLIT"):
                m.d.comb += difference.eq(rest - products.product)
                m.d.sync += ahead.eq(Mux(ahead == 2, 2, ahead + 1))
                with m.If(ahead == 2):
                    with m.If(~difference[-1]):
                        m.d.sync += [rest.eq(difference), first.eq(first + 1)]
                    with m.Else():
                        m.d.sync += [place.eq(first), ahead.eq(0)]
                        m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [
                    ahead.eq(1),
                    Cat(quotient, remainder).eq(rest),
                    step.eq(0),
                    divisor.eq(products.factor),
                ]
                with m.If(ahead == 1):
                    m.next = "DIVIDE"
            with m.State("DIVIDE"):
                m.d.comb += difference.eq(shifted - divisor)
                m.d.sync += [
                    remainder.eq(Mux(difference[-1], shifted, difference)),
                    quotient.eq(Cat(~difference[-1], quotient)),
                    step.eq(step + 1),
                ]
                with m.If(step == COUNT_BITS - 1):
                    m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += [half.eq(half + 1), place.eq(0), first.eq(0), ahead.eq(0)]
                m.next = "SPLIT"
                with m.If(half == 0):
                    # R2 and B first, R3 and A - B after them.
                    m.d.sync += [
                        second_total.eq(total - first),
                        second_rest.eq(quotient),
                        total.eq(first),
                        rest.eq(remainder),
                    ]
                with m.Else():
                    m.d.sync += [
                        indices.eq(Cat(indices.as_value()[4 * RING_BITS :], pair, other_pair)),
                        total.eq(second_total),
                        rest.eq(second_rest),
                    ]
                with m.If(half == 2):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class ShellDemapper(_Block):
    """Eight ring indices to R0: the sums of 9.4 put together again, one product a cycle.

    A token takes ``16 + B + C + D`` cycles, at most ``latency``, 152. Bit-exact with
    :class:`golden.v34.shell.ShellDemapper` in the low bits that ``number`` has, for rings below M.

    Parameters: ``tag``, shape of what passes unchanged.

    Members
    -------
    i : In(stream of i_layout)     M in rings; indices, m(i,0,0) first; tag
    o : Out(stream of o_layout)    number, R0 modulo 2^31; tag
    """

    latency = 152

    def __init__(self, tag=1):
        super().__init__(tag, {"indices": RINGS_LAYOUT}, {"number": R0_BITS})

    def elaborate(self, platform):
        m = Module()
        m.submodules.products = products = _Products()
        m.submodules.z8 = z8 = Memory(shape=R0_BITS + 1, depth=len(_Z8), init=_Z8)
        read = z8.read_port()
        token = Signal(self.i_layout)
        number = Signal(R0_BITS)
        half = Signal(range(3))
        pairs = []
        last = token.rings - 1
        for at in (0, 2):
            one, two = (token.indices.as_value().word_select(at + k, RING_BITS) for k in (0, 1))
            total, place = Signal(RING_BITS + 1), Signal(RING_BITS)
            m.d.comb += [total.eq(one + two), place.eq(Mux(total <= last, one, last - two))]
            pairs.append((total, place))
        # Sums and numbers of both halves, once they are known.
        sums, counts = (
            Signal(data.ArrayLayout(SUM_BITS, 2)),
            Signal(data.ArrayLayout(COUNT_BITS, 2)),
        )
        whole = Signal(SUM_BITS)
        first, place, flow = Signal(SUM_BITS), Signal(SUM_BITS), Signal(2)
        fits = Signal()
        m.d.comb += [
            whole.eq(sums[0] + sums[1]),
            read.addr.eq(_of_rings(_Z8_AT, token.rings) + whole),
            fits.eq(whole <= _of_rings(_LARGEST, token.rings)),
            products.rings.eq(token.rings),
            products.fours.eq(half == 2),
            products.total.eq(Mux(half == 2, whole, pairs[0][0] + pairs[1][0])),
            first.eq(Mux(half == 2, sums[0], pairs[0][0])),
            products.place.eq(place),
            products.replaced.eq(place == first),
            products.other.eq(Mux(half == 2, counts[1], pairs[1][1])),
            self.o.payload.number.eq(number),
            self.o.payload.tag.eq(token.tag),
        ]
        m.d.sync += flow.eq(Cat(0, flow[0]))
        with m.If(flow[1]):
            m.d.sync += number.eq(number + products.product)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), half.eq(0)]
                with m.If(self.i.valid):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += [place.eq(0), number.eq(Mux(half == 2, counts[0], pairs[0][1]))]
                m.next = "SUM"
            with m.State("SUM"):
                # Products before the first half's sum, and at it that of the other half's number.
                m.d.sync += [place.eq(place + 1), flow[0].eq(1)]
                with m.If(place == first):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(flow == 0):
                    m.d.sync += half.eq(half + 1)
                    m.d.sync += [
                        sums[0].eq(sums[1]),
                        sums[1].eq(pairs[0][0] + pairs[1][0]),
                        counts[0].eq(counts[1]),
                        counts[1].eq(number),
                        token.indices.eq(token.indices.as_value() >> 4 * RING_BITS),
                    ]
                    m.next = "BEGIN"
                    with m.If(half == 2):
                        m.d.sync += [sums.eq(sums), number.eq(number + Mux(fits, read.data, 0))]
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
