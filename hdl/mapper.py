"""Mapper (5.4.4/V.90): labels to Ucodes, from the constellation masks as CP carries them."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory

from golden.parameters import INTERVALS
from hdl.csr import FRAME, WORD_BITS, ConfiguredBlock
from hdl.modulus import LABELS

UCODES = data.ArrayLayout(7, INTERVALS)


def _ones(word):
    """How many bits of a value are 1, by halves."""
    if len(word) == 1:
        return word
    half = len(word) // 2
    return _ones(word[:half]) + _ones(word[half:])


class Mapper(ConfiguredBlock):
    """The label-th set bit from the top of each interval's 128-bit mask.

    Whole Uchords are skipped by counting their bits, then the Uchord's bits are gone through one by
    one. Latency at most 6 * 26 + 1 = 157 cycles. Bit-exact with :class:`golden.mapper.Mapper`; a
    label that the constellation has not gives Ucode 0.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged.

    Members
    -------
    i_configuration : In(stream, always ready), words; those at MASKS are kept
    i : In(stream), channel; half of the parameters to use; labels K0 to K5; tag
    o : Out(stream), channel; half; ucodes U0 to U5; tag
    """

    latency = 26 * INTERVALS + 1

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"labels": LABELS}, {"ucodes": UCODES})

    def elaborate(self, platform):
        m = Module()
        # 48 words for each half of each channel, without gaps: a third of the memory.
        m.submodules.masks = memory = Memory(
            shape=WORD_BITS, depth=2 * self.channels * FRAME, init=[]
        )
        write, read = memory.write_port(), memory.read_port()
        word = self.i_configuration.payload
        token = Signal(self.i_layout)
        labels = token.labels.as_value()
        ucodes = Signal(UCODES)
        interval = Signal(range(INTERVALS))
        uchord = Signal(3)
        # The word being counted is two cycles behind its address.
        address = Signal(3)
        word_now, members = Signal(WORD_BITS), Signal(range(WORD_BITS + 1))
        mask = Signal(WORD_BITS)
        position = Signal(4)
        left = Signal(7)
        m.d.sync += [word_now.eq(read.data), members.eq(_ones(read.data))]
        m.d.comb += [
            self.i_configuration.ready.eq(1),
            write.addr.eq(Cat(word.half, word.channel) * FRAME + word.address),
            write.data.eq(word.data),
            write.en.eq(self.i_configuration.valid & (word.address < FRAME)),
            address.eq(uchord - 2),
            read.addr.eq(Cat(token.half, token.channel) * FRAME + Cat(address, interval)),
            self.o.payload.channel.eq(token.channel),
            self.o.payload.half.eq(token.half),
            self.o.payload.ucodes.eq(ucodes),
            self.o.payload.tag.eq(token.tag),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [token.eq(self.i.payload), interval.eq(0)]
                with m.If(self.i.valid):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += address.eq(7)
                m.d.sync += [uchord.eq(7), left.eq(labels[:7]), token.labels.eq(labels >> 7)]
                m.next = "COUNT"
            with m.State("COUNT"):
                m.d.comb += address.eq(6)
                m.next = "UCHORD"
            with m.State("UCHORD"):
                m.d.sync += [mask.eq(word_now), position.eq(WORD_BITS - 1)]
                with m.If(left < members):
                    m.next = "BIT"
                with m.Else():
                    m.d.sync += [left.eq(left - members), uchord.eq(uchord - 1)]
                    with m.If(uchord == 0):
                        m.d.sync += [mask.eq(1 << (WORD_BITS - 1)), left.eq(0), position.eq(0)]
                        m.d.sync += uchord.eq(0)
                        m.next = "BIT"
            with m.State("BIT"):
                m.d.sync += [mask.eq(mask << 1), position.eq(position - 1)]
                with m.If(mask[-1]):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 0):
                        m.d.sync += [
                            ucodes.eq(Cat(ucodes.as_value()[7:], position, uchord)),
                            interval.eq(interval + 1),
                        ]
                        m.next = "BEGIN"
                        with m.If(interval == INTERVALS - 1):
                            m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
