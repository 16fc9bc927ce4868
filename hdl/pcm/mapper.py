"""Mapper and its inverse (5.4.4/V.90), from the constellation masks as CP carries them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from hdl.core.memory import read_alone
from hdl.pcm.csr import ADDRESS_BITS, COMMIT, FRAME_AT, WORD_BITS, ConfiguredBlock, word_layout
from hdl.pcm.modulus import LABELS_LAYOUT

#: Ucodes U0 to U5.
UCODES_LAYOUT = data.ArrayLayout(7, INTERVALS)

#: A symbol received: its Ucode, its sign (1 positive), its data frame interval.
RECEIVED_LAYOUT = data.StructLayout({"ucode": 7, "sign": 1, "interval": 3})

#: The same as a label; ``first`` is 1 in data frame interval 0.
LABEL_LAYOUT = data.StructLayout({"label": 7, "sign": 1, "first": 1})


def _ones(word):
    """How many bits of a value are 1: the sum over both halves."""
    if len(word) == 1:
        return word
    half = len(word) // 2
    return _ones(word[:half]) + _ones(word[half:])


class Mapper(ConfiguredBlock):
    """Labels to Ucodes (5.4.4): the label-th set bit from the top of an interval's 128-bit mask.

    It skips whole Uchords by the count of their bits, and then goes through the bits of one Uchord.
    Latency: at most 6 * 26 + 1 = 157 cycles, and one more for each mask word that is written
    meanwhile, because the memory has a single port. It needs no initial contents, so the UP5K's
    SPRAM serves; after a write such a memory may give anything. Bit-exact with
    :class:`golden.pcm.mapper.Mapper`; a label that the constellation lacks gives Ucode 0.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words; those from MASKS_AT on are kept;
        always ready
    i : In(stream of i_layout)   channel; half of the parameters to use; labels K0 to K5; tag
    o : Out(stream of o_layout)  channel; half; ucodes U0 to U5; tag
    """

    latency = 26 * INTERVALS + 1

    def __init__(self, channels=1, tag=1):
        super().__init__(channels, tag, {"labels": LABELS_LAYOUT}, {"ucodes": UCODES_LAYOUT})

    def elaborate(self, platform):
        m = Module()
        m.submodules.masks = memory = Memory(
            shape=WORD_BITS, depth=self.channels << ADDRESS_BITS + 1, init=[]
        )
        write, place = memory.write_port(), Signal(range(memory.depth))
        read = read_alone(m, memory, place, write)
        word = self.i_configuration.payload
        token = Signal(self.i_layout)
        labels = token.labels.as_value()
        ucodes = Signal(UCODES_LAYOUT)
        interval = Signal(range(INTERVALS))
        uchord = Signal(3)
        # A word is counted two cycles after its address was given.
        wanted, address, again = Signal(3), Signal(3), Signal(3)
        word_now, members = Signal(WORD_BITS), Signal(range(WORD_BITS + 1))
        mask = Signal(WORD_BITS)
        position = Signal(4)
        left = Signal(7)
        # A write takes the port: nothing goes on until the word has been read.
        goes_on = Signal(init=1)
        m.d.sync += [goes_on.eq(~write.en), again.eq(address)]
        with m.If(goes_on):
            m.d.sync += [word_now.eq(read), members.eq(_ones(read))]
        m.d.comb += [
            self.i_configuration.ready.eq(1),
            place.eq(
                Mux(
                    write.en,
                    Cat(word.address, word.half, word.channel),
                    Cat(address, interval, token.half, token.channel),
                )
            ),
            write.addr.eq(place),
            write.data.eq(word.data),
            write.en.eq(self.i_configuration.valid & (word.address < FRAME_AT)),
            wanted.eq(uchord - 2),
            address.eq(Mux(goes_on, wanted, again)),
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
                m.d.comb += wanted.eq(7)
                with m.If(goes_on):
                    m.d.sync += [uchord.eq(7), left.eq(labels[:7]), token.labels.eq(labels >> 7)]
                    m.next = "COUNT"
            with m.State("COUNT"):
                m.d.comb += wanted.eq(6)
                with m.If(goes_on):
                    m.next = "UCHORD"
            with m.State("UCHORD"):
                m.d.sync += [mask.eq(word_now), position.eq(WORD_BITS - 1)]
                with m.If(left < members):
                    m.next = "BIT"
                with m.Elif(goes_on):
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


class Demapper(wiring.Component):
    """One receiver's Ucodes back to labels: a label counts the greater Ucodes of a constellation.

    A symbol at a time; latency at most 11 cycles with a COMMIT, and 10 without. Bit-exact with
    :class:`golden.pcm.mapper.Demapper` for Ucodes of their interval's constellation. A Ucode that
    the constellation lacks is counted, and gets the label of the greatest that is smaller.

    Words go on to a :class:`hdl.pcm.decoder.Decoder`. A COMMIT goes on just before the label of the
    first symbol that it is for, so that both change their parameters with the same data frame.

    Members
    -------
    i_configuration : In(stream of word_layout())  words of ``hdl.pcm.csr``; those that follow a
        COMMIT wait until the next data frame begins
    o_configuration : Out(stream of word_layout())  the same words
    i : In(stream of RECEIVED_LAYOUT)  a symbol; dropped before the first parameters
    o : Out(stream of LABEL_LAYOUT)    its label
    unknown : Out(16)                  Ucodes that their constellation lacked; stops at 65535
    """

    latency = 11

    def __init__(self):
        words = stream.Signature(word_layout())
        super().__init__(
            {
                "i_configuration": In(words),
                "o_configuration": Out(words),
                "i": In(stream.Signature(RECEIVED_LAYOUT)),
                "o": Out(stream.Signature(LABEL_LAYOUT)),
                "unknown": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.masks = memory = Memory(shape=WORD_BITS, depth=128, init=[])
        write, read = memory.write_port(), memory.read_port()
        word, symbol = self.i_configuration.payload, self.i.payload
        half, active, waiting = Signal(), Signal(), Signal()
        uchord, label, known = Signal(3), Signal(7), Signal()
        position, own = symbol.ucode[:4], symbol.ucode[4:]
        first = symbol.interval == 0
        commit = word.address == COMMIT
        m.d.comb += [
            self.o_configuration.payload.eq(word),
            self.o_configuration.valid.eq(self.i_configuration.valid & ~waiting & ~commit),
            self.i_configuration.ready.eq(~waiting & (commit | self.o_configuration.ready)),
            write.addr.eq(Cat(word.address, ~half)),
            write.data.eq(word.data),
            write.en.eq(self.i_configuration.valid & self.i_configuration.ready),
            read.addr.eq(Cat(uchord, symbol.interval, half)),
            self.o.payload.label.eq(label),
            self.o.payload.sign.eq(symbol.sign),
            self.o.payload.first.eq(first),
        ]
        with m.If(self.i_configuration.valid & ~waiting & commit):
            m.d.sync += waiting.eq(1)
        # In the Ucode's own Uchord the bits above its own; in higher Uchords all bits.
        ended = (uchord + 1)[:3] == own
        above = Mux(ended, (read.data >> position) >> 1, read.data)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [uchord.eq(7), label.eq(0)]
                with m.If(self.i.valid):
                    with m.If(waiting & first):
                        m.next = "COMMIT"
                    with m.Elif(active):
                        m.next = "READ"
                    with m.Else():
                        m.d.comb += self.i.ready.eq(1)
            with m.State("COMMIT"):
                m.d.comb += [
                    self.o_configuration.valid.eq(1),
                    self.o_configuration.payload.eq(COMMIT),
                ]
                with m.If(self.o_configuration.ready):
                    m.d.sync += [half.eq(~half), waiting.eq(0), active.eq(1)]
                    m.next = "READ"
            with m.State("READ"):
                m.d.sync += uchord.eq(uchord - 1)
                m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += [
                    label.eq(label + _ones(above)),
                    uchord.eq(uchord - 1),
                    known.eq(read.data.bit_select(position, 1)),
                ]
                with m.If(ended):
                    m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += [self.o.valid.eq(1), self.i.ready.eq(self.o.ready)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
                    with m.If(~known & ~self.unknown.all()):
                        m.d.sync += self.unknown.eq(self.unknown + 1)
        return m
