"""Commands to a bank of signal generators: their words, and the memory in which these wait.

A channel has 520 words of one memory: a ring of 512 for the words of its commands, and a row of
eight that says which command it sends and how far it is. A command keeps its words until it ends.
The memory has a single port and no initial contents, so that one SPRAM of the UP5K holds 30
channels.
"""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.pcm.parameters import INTERVALS
from golden.signals.generator import STARTS
from golden.signals.generator import Signal as Sent
from golden.signals.sequences import JD_END
from golden.signals.training import ABOVE
from hdl.core.channels import channel_shape
from hdl.pcm.csr import WORD_BITS, configuration_words
from hdl.pcm.g711 import LAW_BITS
from hdl.signals.training import descriptor_words

#: Bits of a place in a channel's ring.
RING_BITS = 9

# Words of a command after HEADER. A command that does not need one has 0 there; words from REST_AT
# on are left out.

#: How many units; bits of a unit, which is a sequence (MP has 229); six Ucodes, two a word,
#: the first in bits 0..6, the second in 8..14; and more that a command needs, from REST_AT on: the
#: sequence's bits, the first in bit 0 of the first word; or a DIL descriptor's words at their
#: addresses (:mod:`hdl.signals.training`); or 57 configuration words in their order
#: (:mod:`hdl.pcm.csr`).
LENGTH_AT, UNIT_AT, UCODES_AT, REST_AT = 1, 2, 3, 6

#: A command's first word: a golden.signals.generator.Signal; whether it repeats; whether it begins
#: now; the law (1 A-law); and how many words the command has.
HEADER = data.StructLayout({"signal": 4, "repeat": 1, "now": 1, "law": 1, "size": RING_BITS})

#: A channel's row, word by word.
ROW = data.StructLayout(
    {
        # 0: the command being sent.
        "rest": RING_BITS,  # place of the word at REST_AT in the ring
        "signal": 4,
        "repeat": 1,
        "law": 1,
        "active": 1,  # there was a command
        # 1: the place after it in the ring, and its mapping parameters' half and D.
        "next": RING_BITS,
        "half": 1,
        "data_bits": 6,
        # 2: units that are to begin.
        "left": 16,
        # 3 and 4: place in the unit, of DIL or, in ``segment``, a sequence's bit.
        "segment": 8,
        "frame": 7,
        "midst": 1,  # the unit has begun
        "sign_place": 7,
        "training_place": 7,
        "sr": 2,  # of the mapping parameters
    }
)

#: Words of ROW, and two of them by what they begin with.
ROW_WORDS, COMMAND_AT, NEXT_AT = 5, 0, 1

#: Two words more, which only the writer writes: the places after the last whole command, and after
#: the last word.
END_AT, WRITTEN_AT = 5, 6

#: Bits of a word's place in a row.
ROW_WORD_BITS = 3


def command_words(command, law):
    """Words of a golden ``Command`` for a channel of a law, in the order to send them.

    Raises :class:`~golden.errors.V90Error` for a DIL without DIL-segments, a sequence of more than
    255 bits, and mapping parameters of the other law.
    """
    signal, value = command.signal, command.value
    ucodes, bits, rest = (0,) * INTERVALS, (), []
    if signal in (Sent.SD, Sent.SD_BAR):
        ucodes = (value + ABOVE, 0, value + ABOVE) * 2
    elif signal in (Sent.R, Sent.R_BAR):
        ucodes = value
    elif signal == Sent.TRN1D:
        ucodes = (value,) * INTERVALS
    elif signal in (Sent.JD, Sent.JD_END):
        ucodes, bits = (value[0],) * INTERVALS, value[1]
    elif signal == Sent.DIL:
        if not value.get("training_ucodes"):
            raise V90Error("a DIL without DIL-segments is none, and cannot be sent")
        words = dict(descriptor_words(value))
        rest = [words.get(at, 0) for at in range(max(words) + 1)]
    elif signal in STARTS:
        if value.law != law:
            raise V90Error(
                f"mapping parameters for {value.law}-law are no use to a channel that is {law}-law"
            )
        rest = [word for _, word in configuration_words(value, commit=False)]
    elif signal in (Sent.MP, Sent.MP_ACK):
        bits = value
    unit = JD_END if signal == Sent.JD_END else len(bits)
    if unit > 255:
        raise V90Error(f"a sequence has 255 bits at most, not {unit}")
    if signal != Sent.JD_END:
        rest = rest or [
            sum(int(bit) << n for n, bit in enumerate(bits[at : at + WORD_BITS]))
            for at in range(0, len(bits), WORD_BITS)
        ]
    pairs = [int(low) | int(high) << 8 for low, high in zip(ucodes[::2], ucodes[1::2], strict=True)]
    fields = {
        "signal": int(signal),
        "repeat": command.repeat,
        "now": command.now,
        "law": LAW_BITS[law],
        "size": REST_AT + len(rest),
    }
    return [HEADER.const(fields).as_value().value, command.length, unit, *pairs, *rest]


def command_layout(channels):
    """Payload of a command's words: channel, data, last, which is 1 with the last word."""
    return data.StructLayout({"channel": channel_shape(channels), "data": WORD_BITS, "last": 1})


class Places:
    """Addresses of the memory of ``channels``: first all rings, then all rows."""

    def __init__(self, channels):
        self.channels = channels
        self.depth = channels * ((1 << RING_BITS) + (1 << ROW_WORD_BITS))
        self.shape = (self.depth - 1).bit_length()

    def ring(self, channel, place):
        """Address of a place in a channel's ring."""
        return Cat(place[:RING_BITS], channel)

    def row(self, channel, word):
        """Address of a word of a channel's row."""
        word = Const(word, ROW_WORD_BITS) if isinstance(word, int) else word[:ROW_WORD_BITS]
        return Const(self.channels << RING_BITS, self.shape) + Cat(word, channel)


class CommandWriter(wiring.Component):
    """Puts words of commands into the channels' rings.

    Throughput: a word in ``cycles`` = 8, which begin with ``grant`` only. A command waits from its
    last word on. The first word of a command with ``now`` drops the commands that wait and takes
    their place, so it finds room even where these fill the ring. A word without room waits, and so
    do all words after it, of other channels too. Words for a channel that does not exist are
    dropped.

    Parameters: ``channels``.

    Members
    -------
    i : In(stream of command_layout(channels))  words of commands
    grant : In(1)          nobody else needs the memory or the rows, now and while ``busy``
    busy : Out(1)          a word is being put into its ring
    address : Out(shape)   of the memory
    data : Out(WORD_BITS)  to be written
    write : Out(1)         write ``data``
    word : In(WORD_BITS)   the memory's word at the address of the cycle before
    """

    cycles = 8

    def __init__(self, channels):
        self.places = Places(channels)
        super().__init__(
            {
                "i": In(stream.Signature(command_layout(channels))),
                "grant": In(1),
                "busy": Out(1),
                "address": Out(self.places.shape),
                "data": Out(WORD_BITS),
                "write": Out(1),
                "word": In(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = self.i.payload
        end, at, first = Signal(RING_BITS), Signal(RING_BITS), Signal()
        header = data.View(HEADER, word.data)

        def row(name):
            return self.address.eq(self.places.row(word.channel, name))

        m.d.comb += self.busy.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), row(END_AT)]
                with m.If(self.i.valid & (word.channel >= self.places.channels)):
                    m.d.comb += self.i.ready.eq(1)
                with m.Elif(self.i.valid & self.grant):
                    m.next = "END"
            with m.State("END"):
                m.d.comb += row(WRITTEN_AT)
                m.d.sync += end.eq(self.word)
                m.next = "WRITTEN"
            with m.State("WRITTEN"):
                m.d.comb += row(NEXT_AT)
                m.d.sync += [at.eq(self.word), first.eq(self.word[:RING_BITS] == end)]
                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += row(COMMAND_AT)
                with m.If(first & header.now):
                    m.d.sync += at.eq(self.word)
                m.next = "ROOM"
            with m.State("ROOM"):
                m.next = "STORE"
                # The first word of the command being sent stays.
                with m.If((at + 1 + REST_AT)[:RING_BITS] == self.word[:RING_BITS]):
                    m.next = "IDLE"
            with m.State("STORE"):
                m.d.comb += [
                    self.address.eq(self.places.ring(word.channel, at)),
                    self.data.eq(word.data),
                    self.write.eq(1),
                ]
                m.d.sync += at.eq(at + 1)
                with m.If(first):
                    m.d.sync += end.eq(at)
                m.next = "KEEP_WRITTEN"
            with m.State("KEEP_WRITTEN"):
                m.d.comb += [row(WRITTEN_AT), self.data.eq(at), self.write.eq(1)]
                with m.If(word.last):
                    m.d.sync += end.eq(at)
                m.next = "KEEP_END"
            with m.State("KEEP_END"):
                m.d.comb += [row(END_AT), self.data.eq(end), self.write.eq(1), self.i.ready.eq(1)]
                m.next = "IDLE"
        return m
