"""Modulus encoder and decoder (5.4.3/V.90)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory

from golden.pcm.parameters import INTERVALS
from hdl.pcm.csr import MODULI_AT, ConfiguredBlock

#: Bits of R0: K is at most 39 (Table 2/V.90).
R0_BITS = 39
#: Quotient bits that a division gives in a cycle, and its cycles.
_DIGIT_BITS = 2
_STEPS = -(-R0_BITS // _DIGIT_BITS)
#: Bits of six labels: they can stand for more than 2^K numbers.
DECODED_BITS = 42

#: Labels K0 to K5.
LABELS_LAYOUT = data.ArrayLayout(7, INTERVALS)


def _moduli(m, port, channels):
    """Make a memory of M0 to M5 for each half of each channel; returns its read port."""
    m.submodules.moduli = memory = Memory(shape=8, depth=channels * 16, init=[])
    write, read = memory.write_port(), memory.read_port()
    word = port.payload
    m.d.comb += [
        port.ready.eq(1),
        write.addr.eq(Cat(word.address[:3], word.half, word.channel)),
        write.data.eq(word.data),
        write.en.eq(port.valid & (word.address[3:] == MODULI_AT >> 3)),
    ]
    return read


class ModulusEncoder(ConfiguredBlock):
    """R0 to six labels (5.4.3): one division for each label, two quotient bits a cycle.

    Latency: 6 * 21 + 1 = 127 cycles. Throughput: a token in 128 cycles. Bit-exact with
    :class:`golden.pcm.modulus.ModulusEncoder`.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words; those from MODULI_AT on are kept;
        always ready
    i : In(stream of i_layout)   channel; half of the parameters to use; number R0; tag
    o : Out(stream of o_layout)  channel; half; labels K0 to K5; tag
    """

    latency = INTERVALS * (_STEPS + 1) + 1

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"number": R0_BITS}, {"labels": LABELS_LAYOUT})

    def elaborate(self, platform):
        m = Module()
        read = _moduli(m, self.i_configuration, self.channels)
        token = Signal(self.i_layout)
        labels = Signal(LABELS_LAYOUT)
        interval = Signal(range(INTERVALS))
        # The dividend leaves at the top while the quotient enters at the bottom.
        number = Signal(_STEPS * _DIGIT_BITS)
        step = Signal(range(_STEPS))
        modulus, remainder = Signal(8), Signal(8)
        after, quotient = remainder, []
        for digit in range(_DIGIT_BITS):
            shifted = Cat(number[-1 - digit], after)
            difference = (shifted - modulus)[:10]
            quotient.insert(0, ~difference[-1])
            after = Mux(difference[-1], shifted, difference)[:8]
        m.d.comb += [
            read.addr.eq(Cat(interval, token.half, token.channel)),
            self.o.payload.channel.eq(token.channel),
            self.o.payload.half.eq(token.half),
            self.o.payload.labels.eq(labels),
            self.o.payload.tag.eq(token.tag),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.comb += read.addr.eq(
                    Cat(Const(0, 3), self.i.payload.half, self.i.payload.channel)
                )
                m.d.sync += [
                    token.eq(self.i.payload),
                    number.eq(self.i.payload.number),
                    interval.eq(0),
                ]
                with m.If(self.i.valid):
                    m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [modulus.eq(read.data), remainder.eq(0), step.eq(0)]
                m.next = "DIVIDE"
            with m.State("DIVIDE"):
                m.d.comb += read.addr.eq(Cat((interval + 1)[:3], token.half, token.channel))
                m.d.sync += [
                    number.eq(Cat(*quotient, number)),
                    remainder.eq(after),
                    step.eq(step + 1),
                ]
                with m.If(step == _STEPS - 1):
                    m.d.sync += [labels.eq(Cat(labels.as_value()[7:], after[:7]))]
                    m.d.sync += interval.eq(interval + 1)
                    m.next = "LOAD"
                    with m.If(interval == INTERVALS - 1):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m


class ModulusDecoder(ConfiguredBlock):
    """Six labels to R0 by Horner's rule, one bit of a modulus a cycle.

    Latency: 5 * 10 + 2 = 52 cycles. Throughput: a token in 53 cycles. Bit-exact with
    :class:`golden.pcm.modulus.ModulusDecoder`.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words; those from MODULI_AT on are kept;
        always ready
    i : In(stream of i_layout)   channel; half of the parameters to use; labels K0 to K5; tag
    o : Out(stream of o_layout)  channel; half; number, of DECODED_BITS; tag
    """

    latency = 10 * (INTERVALS - 1) + 2

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"labels": LABELS_LAYOUT}, {"number": DECODED_BITS})

    def elaborate(self, platform):
        m = Module()
        read = _moduli(m, self.i_configuration, self.channels)
        token = Signal(self.i_layout)
        labels = token.labels.as_value()
        number, product = Signal(DECODED_BITS), Signal(DECODED_BITS)
        modulus = Signal(8)
        interval = Signal(range(INTERVALS))
        step = Signal(3)
        m.d.comb += [
            read.addr.eq(Cat(interval, token.half, token.channel)),
            self.o.payload.channel.eq(token.channel),
            self.o.payload.half.eq(token.half),
            self.o.payload.number.eq(number),
            self.o.payload.tag.eq(token.tag),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), interval.eq(INTERVALS - 2)]
                with m.If(self.i.valid):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                # K5 is the start; labels are taken from the top.
                m.d.sync += [number.eq(labels[-7:]), token.labels.eq(labels << 7)]
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [modulus.eq(read.data), product.eq(0), step.eq(0)]
                m.next = "MULTIPLY"
            with m.State("MULTIPLY"):
                m.d.sync += [
                    product.eq((product << 1) + Mux(modulus[-1], number, 0)),
                    modulus.eq(modulus << 1),
                    step.eq(step + 1),
                ]
                with m.If(step == 7):
                    m.next = "ADD"
            with m.State("ADD"):
                m.d.sync += [
                    number.eq(product + labels[-7:]),
                    token.labels.eq(labels << 7),
                    interval.eq(interval - 1),
                ]
                m.d.comb += read.addr.eq(Cat((interval - 1)[:3], token.half, token.channel))
                m.next = "LOAD"
                with m.If(interval == 0):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
