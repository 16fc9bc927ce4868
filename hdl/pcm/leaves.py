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
from hdl.pcm.mapper import UCODES_LAYOUT

#: A metric is kept modulo 2**METRIC_BITS; see ``golden.formats.SHAPER_METRIC``.
METRIC_BITS = formats.SHAPER_METRIC.width + 1

#: Its lower bits fill two of the UP5K's SPRAMs.
METRIC_LOW_BITS = 32

#: Bits of a leaf's address: one for each frame of the longest look-ahead, and one for the frame
#: itself.
LEAF_BITS = 4

#: The metric in two memories: name, first bit, bits.
_METRIC_PARTS = (
    ("low", 0, METRIC_LOW_BITS),
    ("high", METRIC_LOW_BITS, METRIC_BITS - METRIC_LOW_BITS),
)


class LeafPipeline(wiring.Component):
    """Filter and metric of one symbol of one leaf, every two cycles.

    It computes y, v and w of 5.4.5.6 and the state that the next symbol needs. A leaf's row is read
    at ``parent`` and written at ``leaf`` of the same channel. The row can be read again 10 cycles
    after ``start``; the new metric is at ``metric`` in the ninth cycle after ``start``, with
    ``done``. Six multipliers.

    Rows are read in phase 0 and written in phase 1, and need no initial contents. So memories with
    a single port serve, such as the UP5K's SPRAM; the metric is split over two of them.

    Parameters: ``channels``.

    Members
    -------
    phase : In(1)               0 and 1 by turns
    start : In(1)               a leaf's symbol begins; this and the inputs that belong to it hold
        for phases 0 and 1
    clear : In(1)               write zeros to ``leaf`` of ``channel``; not with ``start``
    channel : In(channel_shape(channels))  whose leaf it is
    parent : In(LEAF_BITS)      address of the row to read
    leaf : In(LEAF_BITS)        address of the row to write
    tag : In(2)                 comes back at ``done_tag``
    sign : In(1)                1 positive
    ucode : In(7)               of the symbol
    law : In(1)                 1 A-law
    a1 : In(signed(8))          pole, Q1.6
    a2 : In(signed(8))          pole, Q1.6
    b1 : In(signed(8))          zero, Q1.6
    b2 : In(signed(8))          zero, Q1.6
    done : Out(1)               a row is written, in a leaf's last phase 1
    done_leaf : Out(LEAF_BITS)  its address, with ``done``
    done_tag : Out(2)           its tag, with ``done``
    metric : Out(METRIC_BITS)   its new metric modulo 2**METRIC_BITS, with ``done``
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

    # A register is named after what it holds. It loads in the phase given, so it holds its value
    # for two cycles. Comments count cycles from a leaf's start.

    def elaborate(self, platform):
        m = Module()
        bits = formats.SHAPER_FIRST.width + formats.SHAPER_SECOND.width
        m.submodules.states = states = Memory(shape=bits, depth=self.channels << LEAF_BITS, init=[])
        state_read, state_write = states.read_port(), states.write_port()
        multipliers = {}
        for name in ("a1_y", "b2_y", "b1_x", "a2_v", "square", "mixed"):
            m.submodules[name] = multipliers[name] = Multiplier()
        product = {name: multiplier.product for name, multiplier in multipliers.items()}

        stages, parents = self._stages(m)
        row, magnitude, positive = self._row(m, state_read)
        y, v, operand, positive_late = self._outputs(m, row, magnitude, positive)
        self._multiply(m, multipliers, magnitude, y, v, operand)
        next_s = self._first(m, product, positive_late)
        next_r = self._second(m, product)
        metric, metric_row = self._metric(m, product)
        self._write(m, stages[4], state_write, next_s, next_r, metric)
        self._metric_memories(m, state_write, parents[2], metric, metric_row)
        return m

    def _load(self, m, phase, register, value):
        with m.If(self.phase == phase):
            m.d.sync += register.eq(value)

    def _stages(self, m):
        """A leaf's start, tag and address, and its parent's: stage n holds in 2n and 2n + 1."""
        stages = [Cat(self.start, self.tag, self.leaf)]
        parents = [self.parent]
        for stage in range(1, 5):
            stages.append(Signal(3 + LEAF_BITS, name=f"stage_{stage}"))
            self._load(m, 1, stages[-1], stages[-2])
        for stage in range(1, 3):
            parents.append(Signal(LEAF_BITS, name=f"parent_{stage}"))
            self._load(m, 1, parents[-1], parents[-2])
        return stages, parents

    def _row(self, m, read):
        """0: the row's address and the Ucode.  1: the row, and the Ucode's magnitude and sign."""
        m.d.comb += [
            read.addr.eq(Cat(self.parent, self.channel)),
            read.en.eq(self.phase == 0),
        ]
        magnitude = Signal(formats.LINEAR.integer)
        positive = Signal()
        self._load(m, 1, magnitude, linear(self.ucode, self.law))
        self._load(m, 1, positive, self.sign)
        return read.data, magnitude, positive

    def _outputs(self, m, row, magnitude, positive):
        """2: y = x + s.  3: v = y + r.  4: v as an operand of the metric."""
        first, second = formats.SHAPER_FIRST, formats.SHAPER_SECOND
        positive_late = Signal()
        self._load(m, 1, positive_late, positive)
        y = Signal(shape(formats.SHAPER_FIRST_OUTPUT))
        r = Signal(shape(second))
        v = Signal(shape(formats.SHAPER_SECOND_OUTPUT))
        operand = Signal(shape(formats.SHAPER_METRIC_OPERAND))
        s = row[: first.width].as_signed()
        x = Cat(Const(0, first.fraction), magnitude, Const(0, 1)).as_signed()
        self._load(m, 0, y, Mux(positive, s + x, s - x))
        self._load(m, 0, r, row[first.width :].as_signed())
        align = Const(0, second.fraction - first.fraction)
        self._load(m, 1, v, Cat(align, y).as_signed() + r)
        output, narrow = formats.SHAPER_SECOND_OUTPUT, formats.SHAPER_METRIC_OPERAND
        narrowed = requant(v, output, narrow, Rounding.HALF_UP, Overflow.FORBID)
        self._load(m, 0, operand, narrowed)
        return y, v, operand, positive_late

    def _multiply(self, m, multipliers, magnitude, y, v, operand):
        """The operands of each multiplier in phases 0 and 1; a product is there a cycle later."""
        y, v, w = _digits(y, 2), _digits(v, 3), _digits(operand, 2)
        for name, zero, one in (
            ("b1_x", (self.b1, magnitude), (self.b1, magnitude)),  # 2, 3
            ("a1_y", (self.a1, y[1]), (self.a1, y[0])),  # 4, 3
            ("b2_y", (self.b2, y[1]), (self.b2, y[0])),  # 4, 3
            ("a2_v", (self.a2, v[0]), (self.a2, v[1])),  # 4, 5
            ("square", (w[0], w[0]), (w[1], w[1])),  # 6, 5
            ("mixed", (w[0], w[1]), (self.a2, v[2])),  # 6, 5
        ):
            m.d.comb += [
                multipliers[name].a.eq(Mux(self.phase, one[0], zero[0])),
                multipliers[name].b.eq(Mux(self.phase, one[1], zero[1])),
            ]

    def _first(self, m, product, positive_late):
        """s.  4 and 5: a1 y - b1 x.  7: rounded."""
        wide, narrow = formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_FIRST
        first_part = Signal(signed(wide.width))
        first_sum = Signal(signed(wide.width))
        next_s = Signal(shape(narrow))
        a1_y = product["a1_y"]
        b1_x = Cat(Const(0, narrow.fraction), product["b1_x"]).as_signed()
        self._load(m, 0, first_part, Mux(positive_late, a1_y - b1_x, a1_y + b1_x))
        self._load(m, 1, first_sum, first_part + (a1_y << 15))
        rounded = requant(first_sum, wide, narrow, Rounding.HALF_UP, Overflow.SAT)
        self._load(m, 1, next_s, rounded)
        return next_s

    def _second(self, m, product):
        """r.  4 to 7: a2 v - b2 y.  8: rounded."""
        wide, narrow = formats.SHAPER_SECOND_PRODUCT, formats.SHAPER_SECOND
        align = narrow.fraction - formats.SHAPER_FIRST.fraction
        y_low, y_sum = Signal(signed(24)), Signal(signed(40))
        v_low, v_high = Signal(signed(24)), Signal(signed(40))
        low_sum = Signal(signed(wide.width))
        second_sum = Signal(signed(wide.width))
        next_r = Signal(shape(narrow))
        self._load(m, 0, y_low, product["b2_y"])
        self._load(m, 1, y_sum, y_low + (product["b2_y"] << 15))
        self._load(m, 1, v_low, product["a2_v"])
        self._load(m, 0, low_sum, v_low - (y_sum << align))
        self._load(m, 0, v_high, product["a2_v"] + (product["mixed"] << 15))
        self._load(m, 1, second_sum, low_sum + (v_high << 15))
        rounded = requant(second_sum, wide, narrow, Rounding.HALF_UP, Overflow.SAT)
        self._load(m, 0, next_r, rounded)
        return next_r

    def _metric(self, m, product):
        """w.  6: the row and the square's high part.  7: its low part.  8: both."""
        high_sum, low_square = Signal(METRIC_BITS), Signal(signed(48))
        metric = Signal(METRIC_BITS)
        row = Signal(METRIC_BITS)
        self._load(m, 0, high_sum, row + (product["square"] << 30))
        self._load(m, 1, low_square, product["square"] + (product["mixed"] << 16))
        self._load(m, 0, metric, high_sum + low_square)
        return metric, row

    def _write(self, m, stage, write, next_s, next_r, metric):
        """9: the row is written."""
        done, done_leaf = stage[0] & (self.phase == 1), stage[3:]
        m.d.comb += [
            write.addr.eq(Cat(Mux(self.clear, self.leaf, done_leaf), self.channel)),
            write.data.eq(Mux(self.clear, 0, Cat(next_s, next_r))),
            write.en.eq(done | self.clear),
            self.done.eq(done),
            self.done_leaf.eq(done_leaf),
            self.done_tag.eq(stage[1:3]),
            self.metric.eq(metric),
        ]

    def _metric_memories(self, m, state_write, parent, metric, row):
        """4: the metric's row is read.  9: it is written.

        The low part is kept: after a write, which cycle 5 may have, a memory with a single port may
        give anything.
        """
        kept = Signal(METRIC_LOW_BITS)
        place = Mux(state_write.en, state_write.addr, Cat(parent, self.channel))
        for name, first_bit, bits in _METRIC_PARTS:
            memory = Memory(shape=bits, depth=self.channels << LEAF_BITS, init=[])
            m.submodules[name] = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(place),
                write.data.eq(Mux(self.clear, 0, metric.bit_select(first_bit, bits))),
                write.en.eq(state_write.en),
                read.addr.eq(place),
                read.en.eq((self.phase == 0) & ~state_write.en),
            ]
            if name == "low":
                self._load(m, 1, kept, read.data)
            m.d.comb += row.bit_select(first_bit, bits).eq(kept if name == "low" else read.data)


def _digits(value, count):
    """A number as digits of 15 bits, the last one signed: each fits a 16-bit multiplier."""
    low = [Cat(value[15 * n : 15 * n + 15], Const(0, 1)) for n in range(count - 1)]
    return [*(digit.as_signed() for digit in low), value[15 * (count - 1) :].as_signed()]


def _leaf_address(place, ld, number):
    """Address of sequence ``number``, whose bit b is the beta of the frame that is b old."""
    return Cat(number[(place - bit) % (ld + 1)] for bit in range(ld + 1))


def truth_table(m, selectors, entries, assign):
    """For each ``(keys, value)`` of ``entries``: ``assign(value)`` where ``selectors`` equal keys.

    ``assign`` returns statements of the comb domain.
    """
    with m.Switch(Cat(*selectors)):
        for keys, value in entries:
            pattern = shift = 0
            for key, selector in zip(keys, selectors, strict=True):
                pattern |= key << shift
                shift += len(selector)
            with m.Case(pattern):
                m.d.comb += assign(value)


class LeafWalk(wiring.Component):
    """One shaping frame of a channel's tree: every leaf through every symbol, and the best leaf.

    It goes symbol by symbol, and in a symbol leaf by leaf in lexicographic order. A symbol takes
    two cycles a leaf, and at least the pipeline's latency of 10. From ``start`` to ``done``: 6 / Sr
    times that, and up to 10.

    Parameters: ``channels``.

    Members
    -------
    start : In(1)               for one cycle; inputs from ``channel`` on hold from the cycle after
        until ``done``
    clear : In(1)               zero the state of leaf ``clear_leaf``; not while it walks
    clear_leaf : In(LEAF_BITS)  address of a leaf
    channel : In(channel_shape(channels))  whose tree it is
    signs : In(INTERVALS)       initial signs of the whole data frame, interval 0 in bit 0
    ucodes : In(UCODES_LAYOUT)  Ucodes of the whole data frame
    first : In(3)               first data frame interval of the shaping frame
    length : In(3)              its intervals
    place : In(2)               its bit in addresses of leaves
    chosen : In(1)              beta of the decided frame that had this bit before
    fresh : In(1)               there is no frame before
    frame : In(FRAME_LAYOUT)    the word at FRAME_AT
    poles : In(WORD_BITS)       the word at POLES_AT
    zeros : In(WORD_BITS)       the word at ZEROS_AT
    done : Out(1)               for one cycle
    best : Out(LEAF_BITS)       address of the leaf with the least metric, the first in
        lexicographic order among equals; from ``done`` to the next ``start``
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
                "ucodes": In(UCODES_LAYOUT),
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
        truth_table(
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
