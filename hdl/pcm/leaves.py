"""The shaper's leaves: what each sequence of signs would cost (5.4.5.5/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden import formats
from golden.pcm.parameters import INTERVALS
from hdl.core.channels import channel_shape
from hdl.core.fixed import Overflow, Rounding, requant, shape
from hdl.core.mac import Multiplier
from hdl.pcm.csr import FRAME_LAYOUT, WORD_BITS
from hdl.pcm.g711 import linear
from hdl.pcm.mapper import UCODES

#: A metric is kept modulo 2**METRIC_BITS; see ``golden.formats.SHAPER_METRIC``.
METRIC_BITS = formats.SHAPER_METRIC.width + 1


#: Its lower bits fill two of the UP5K's SPRAMs.
METRIC_LOW_BITS = 32


#: Bits of a leaf's address: the most look-ahead and the frame itself.
LEAF_BITS = 4


class LeafPipeline(wiring.Component):
    """One symbol of one leaf every two cycles: y, v, w and the state that the next symbol needs.

    A leaf's row is read at ``parent`` and written at ``leaf`` of the same channel. Latency 10
    cycles from ``start`` until the row can be read again; the new metric is at ``metric`` in the
    ninth cycle after ``start``, with ``done``. Six multipliers. Rows are read in phase 0 and
    written in phase 1, and need no initial contents: single-port memories serve, as the UP5K's
    SPRAM, for which the metric is in two of them.

    Parameters: ``channels``.

    Members
    -------
    phase : In(1), 0 and 1 by turns; ``start`` and what belongs to it hold for phases 0 and 1
    start : In(1); channel, parent, leaf : In, rows; tag : In(2), what comes back with ``done``
    sign : In(1), 1 positive; ucode : In(7); law : In(1)
    a1, a2, b1, b2 : In(signed(8)), Q1.6
    clear : In(1), write zeros to ``leaf`` of ``channel`` instead (no ``start``)
    done : Out(1); done_leaf : Out(4); done_tag : Out(2); metric : Out(61)
    """

    latency = 10

    def __init__(self, channels=1):
        self.channels = channels
        number = channel_shape(channels)
        super().__init__(
            {
                "phase": In(1),
                "start": In(1),
                "clear": In(1),
                "channel": In(number),
                "parent": In(LEAF_BITS),
                "leaf": In(LEAF_BITS),
                "tag": In(2),
                "sign": In(1),
                "ucode": In(7),
                "law": In(1),
                **{name: In(signed(8)) for name in ("a1", "a2", "b1", "b2")},
                "done": Out(1),
                "done_leaf": Out(LEAF_BITS),
                "done_tag": Out(2),
                "metric": Out(METRIC_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        first, second = formats.SHAPER_FIRST, formats.SHAPER_SECOND
        depth = self.channels << LEAF_BITS
        m.submodules.states = states = Memory(
            shape=first.width + second.width, depth=depth, init=[]
        )
        state_read, state_write = states.read_port(), states.write_port()
        multipliers = {}
        for name in ("a1_y", "b2_y", "b1_x", "a2_v", "square", "mixed"):
            m.submodules[name] = multipliers[name] = Multiplier()

        # Registers are named by what they hold and load in the phase given, so each holds two
        # cycles. Cycle numbers count from the start of a leaf.
        def load(phase, register, value):
            with m.If(self.phase == phase):
                m.d.sync += register.eq(value)

        # Where a leaf is: stage n is valid in cycles 2n and 2n + 1.
        stages = [Cat(self.start, self.tag, self.leaf)]
        parents = [self.parent]
        for stage in range(1, 5):
            stages.append(Signal(3 + LEAF_BITS, name=f"stage_{stage}"))
            load(1, stages[-1], stages[-2])
        for stage in range(1, 3):
            parents.append(Signal(LEAF_BITS, name=f"parent_{stage}"))
            load(1, parents[-1], parents[-2])

        # 0: the row's address and the Ucode.  1: the row, the magnitude.
        m.d.comb += [
            state_read.addr.eq(Cat(self.parent, self.channel)),
            state_read.en.eq(self.phase == 0),
        ]
        s = state_read.data[: first.width].as_signed()
        magnitude = Signal(formats.LINEAR.integer)
        positive = Signal()
        positive_late = Signal()
        load(1, magnitude, linear(self.ucode, self.law))
        load(1, positive, self.sign)
        load(1, positive_late, positive)

        # 2: y = x + s.  3: v = y + r.  4: v's operand.
        y = Signal(shape(formats.SHAPER_FIRST_OUTPUT))
        r = Signal(shape(second))
        v = Signal(shape(formats.SHAPER_SECOND_OUTPUT))
        operand = Signal(shape(formats.SHAPER_METRIC_OPERAND))
        x = Cat(Const(0, first.fraction), magnitude, Const(0, 1)).as_signed()
        load(0, y, Mux(positive, s + x, s - x))
        load(0, r, state_read.data[first.width :].as_signed())
        align = second.fraction - first.fraction
        load(1, v, Cat(Const(0, align), y).as_signed() + r)
        load(
            0,
            operand,
            requant(
                v,
                formats.SHAPER_SECOND_OUTPUT,
                formats.SHAPER_METRIC_OPERAND,
                Rounding.HALF_UP,
                Overflow.FORBID,
            ),
        )

        # Numbers in digits of 15 bits, the last one signed: each fits a 16-bit multiplier.
        def digits(value, count):
            low = [Cat(value[15 * n : 15 * n + 15], Const(0, 1)) for n in range(count - 1)]
            return [*(digit.as_signed() for digit in low), value[15 * (count - 1) :].as_signed()]

        y_digits, v_digits, m_digits = digits(y, 2), digits(v, 3), digits(operand, 2)

        # The operands of each multiplier in phases 0 and 1; a product is there a cycle later.
        for name, zero, one in (
            ("b1_x", (self.b1, magnitude), (self.b1, magnitude)),  # 2, 3
            ("a1_y", (self.a1, y_digits[1]), (self.a1, y_digits[0])),  # 4, 3
            ("b2_y", (self.b2, y_digits[1]), (self.b2, y_digits[0])),  # 4, 3
            ("a2_v", (self.a2, v_digits[0]), (self.a2, v_digits[1])),  # 4, 5
            ("square", (m_digits[0], m_digits[0]), (m_digits[1], m_digits[1])),  # 6, 5
            ("mixed", (m_digits[0], m_digits[1]), (self.a2, v_digits[2])),  # 6, 5
        ):
            m.d.comb += [
                multipliers[name].a.eq(Mux(self.phase, one[0], zero[0])),
                multipliers[name].b.eq(Mux(self.phase, one[1], zero[1])),
            ]
        product = {name: multiplier.product for name, multiplier in multipliers.items()}

        # s: 4 and 5: a1 y - b1 x.  7: rounded.
        first_part = Signal(signed(formats.SHAPER_FIRST_PRODUCT.width))
        first_sum = Signal(signed(formats.SHAPER_FIRST_PRODUCT.width))
        next_s = Signal(shape(first))
        b1_x = Cat(Const(0, first.fraction), product["b1_x"]).as_signed()
        load(0, first_part, Mux(positive_late, product["a1_y"] - b1_x, product["a1_y"] + b1_x))
        load(1, first_sum, first_part + (product["a1_y"] << 15))
        load(
            1,
            next_s,
            requant(first_sum, formats.SHAPER_FIRST_PRODUCT, first, Rounding.HALF_UP, Overflow.SAT),
        )

        # r: 4 to 7: a2 v - b2 y.  8: rounded.
        y_low, y_sum = Signal(signed(24)), Signal(signed(40))
        v_low, v_high = Signal(signed(24)), Signal(signed(40))
        low_sum = Signal(signed(formats.SHAPER_SECOND_PRODUCT.width))
        second_sum = Signal(signed(formats.SHAPER_SECOND_PRODUCT.width))
        next_r = Signal(shape(second))
        load(0, y_low, product["b2_y"])
        load(1, y_sum, y_low + (product["b2_y"] << 15))
        load(1, v_low, product["a2_v"])
        load(0, low_sum, v_low - (y_sum << align))
        load(0, v_high, product["a2_v"] + (product["mixed"] << 15))
        load(1, second_sum, low_sum + (v_high << 15))
        load(
            0,
            next_r,
            requant(
                second_sum, formats.SHAPER_SECOND_PRODUCT, second, Rounding.HALF_UP, Overflow.SAT
            ),
        )

        # w: 6: the row and the high square.  7: the rest of the square.  8: both.
        high_sum, low_square = Signal(METRIC_BITS), Signal(signed(48))
        metric = Signal(METRIC_BITS)
        row = Signal(METRIC_BITS)
        load(0, high_sum, row + (product["square"] << 30))
        load(1, low_square, product["square"] + (product["mixed"] << 16))
        load(0, metric, high_sum + low_square)

        # 9: the row is written.
        done = stages[4][0] & (self.phase == 1)
        done_leaf = stages[4][3:]
        m.d.comb += [
            state_write.addr.eq(Cat(Mux(self.clear, self.leaf, done_leaf), self.channel)),
            state_write.data.eq(Mux(self.clear, 0, Cat(next_s, next_r))),
            state_write.en.eq(done | self.clear),
            self.done.eq(done),
            self.done_leaf.eq(done_leaf),
            self.done_tag.eq(stages[4][1:3]),
            self.metric.eq(metric),
        ]
        # Read in cycle 4. The low part is kept: a memory with a single port may give anything after
        # the write that cycle 5 may have.
        kept = Signal(METRIC_LOW_BITS)
        place = Mux(state_write.en, state_write.addr, Cat(parents[2], self.channel))
        for name, first_bit, bits in (
            ("low", 0, METRIC_LOW_BITS),
            ("high", METRIC_LOW_BITS, METRIC_BITS - METRIC_LOW_BITS),
        ):
            m.submodules[name] = memory = Memory(shape=bits, depth=depth, init=[])
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(place),
                write.data.eq(Mux(self.clear, 0, metric.bit_select(first_bit, bits))),
                write.en.eq(state_write.en),
                read.addr.eq(place),
                read.en.eq((self.phase == 0) & ~state_write.en),
            ]
            if name == "low":
                load(1, kept, read.data)
            m.d.comb += row.bit_select(first_bit, bits).eq(kept if name == "low" else read.data)
        return m


def _leaf_address(place, ld, number):
    """Address of sequence ``number``, whose bit b is the beta of the frame that is b old."""
    return Cat(number[(place - bit) % (ld + 1)] for bit in range(ld + 1))


def _table(m, selectors, entries, assign):
    """A truth table: for each ``(keys, value)`` of ``entries``, ``assign(value)`` statements."""
    with m.Switch(Cat(*selectors)):
        for keys, value in entries:
            pattern = shift = 0
            for key, selector in zip(keys, selectors, strict=True):
                pattern |= key << shift
                shift += len(selector)
            with m.Case(pattern):
                m.d.comb += assign(value)


class LeafWalk(wiring.Component):
    """One shaping frame of a channel's tree: every leaf through every symbol, and the best one.

    Symbol by symbol, leaf by leaf in lexicographic order; a symbol takes two cycles a leaf and at
    least the pipeline's latency of 10. From ``start`` to ``done``: 6 / Sr times that, and up to 10.

    Parameters: ``channels``.

    Members
    -------
    start : In(1), for one cycle; what follows holds from the cycle after until ``done``
    clear : In(1), zero the state of leaf ``clear_leaf``
    channel; signs, ucodes : In, of the whole data frame; first, length : In(3), its intervals
    place : In(2), the frame's bit in addresses; chosen : In(1), beta of the decided frame that had
        this bit; fresh : In(1), there is no frame before
    frame : In, word at FRAME; poles, zeros : In(16), words at POLES and ZEROS
    done : Out(1), for one cycle; best : Out(4), address of the leaf with the least metric, the
        first in lexicographic order among equals
    """

    def __init__(self, channels=1):
        self.channels = channels
        super().__init__(
            {
                "start": In(1),
                "clear": In(1),
                "clear_leaf": In(LEAF_BITS),
                "channel": In(channel_shape(channels)),
                "signs": In(INTERVALS),
                "ucodes": In(UCODES),
                "first": In(3),
                "length": In(3),
                "place": In(2),
                "chosen": In(1),
                "fresh": In(1),
                "frame": In(FRAME_LAYOUT),
                "poles": In(WORD_BITS),
                "zeros": In(WORD_BITS),
                "done": Out(1),
                "best": Out(LEAF_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.leaves = leaves = LeafPipeline(self.channels)
        phase = Signal()
        number = Signal(LEAF_BITS)
        position, interval = Signal(3), Signal(3)
        since = Signal(range(leaves.latency))
        address, last_number = Signal(LEAF_BITS), Signal(LEAF_BITS)
        issuing = Signal()
        last_symbol = position == self.length - 1
        last_leaf = number == last_number
        _table(
            m,
            (self.place, self.frame.ld),
            [((place, ld), (place, ld)) for ld in range(4) for place in range(ld + 1)],
            lambda key: address.eq(_leaf_address(*key, number)),
        )
        m.d.comb += last_number.eq((Const(2, LEAF_BITS + 1) << self.frame.ld) - 1)
        bit = (Const(1, LEAF_BITS) << self.place)[:LEAF_BITS]
        parent = Mux(self.chosen, address | bit, address & ~bit)
        beta = number[0]
        before = ~self.fresh & Mux(self.frame.ld == 0, self.chosen, number[1])
        inverted = beta ^ (~position[0] & before)
        m.d.comb += [
            leaves.phase.eq(phase),
            leaves.start.eq(issuing),
            leaves.clear.eq(self.clear),
            leaves.channel.eq(self.channel),
            leaves.leaf.eq(Mux(self.clear, self.clear_leaf, address)),
            leaves.parent.eq(Mux(position == 0, parent, address)),
            leaves.tag.eq(Cat(last_symbol, last_symbol & last_leaf)),
            leaves.sign.eq(self.signs.bit_select(interval, 1) ^ inverted),
            leaves.ucode.eq(self.ucodes[interval]),
            leaves.law.eq(self.frame.law),
            Cat(leaves.a1, leaves.a2).eq(self.poles),
            Cat(leaves.b1, leaves.b2).eq(self.zeros),
        ]

        # Metrics count modulo 2**METRIC_BITS; differences between open leaves stay below half.
        best_metric = Signal(METRIC_BITS)
        nothing_yet = Signal()
        smaller = (leaves.metric - best_metric)[METRIC_BITS - 1]
        with m.If(leaves.done & leaves.done_tag[0]):
            m.d.sync += nothing_yet.eq(0)
            with m.If(nothing_yet | smaller):
                m.d.sync += [best_metric.eq(leaves.metric), self.best.eq(leaves.done_leaf)]

        m.d.sync += phase.eq(~phase)
        with m.If(since != leaves.latency - 1):
            m.d.sync += since.eq(since + 1)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [
                        phase.eq(0),
                        number.eq(0),
                        since.eq(0),
                        position.eq(0),
                        interval.eq(self.first),
                        nothing_yet.eq(1),
                    ]
                    m.next = "SYMBOL"
            with m.State("SYMBOL"):
                m.d.comb += issuing.eq(1)
                with m.If(phase):
                    m.d.sync += number.eq(number + 1)
                    with m.If(last_leaf):
                        m.next = "REST"
                        with m.If(last_symbol):
                            m.next = "DRAIN"
                        with m.Elif(since == leaves.latency - 1):
                            m.next = "SYMBOL"
                            self._next_symbol(m, number, since, position, interval)
            with m.State("REST"):
                with m.If(since == leaves.latency - 1):
                    m.next = "SYMBOL"
                    self._next_symbol(m, number, since, position, interval)
            with m.State("DRAIN"):
                with m.If(leaves.done & leaves.done_tag[1]):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m

    @staticmethod
    def _next_symbol(m, number, since, position, interval):
        m.d.sync += [
            number.eq(0),
            since.eq(0),
            position.eq(position + 1),
            interval.eq(interval + 1),
        ]
