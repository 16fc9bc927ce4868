"""DIL of the digital modem (8.4.1/V.90), made symbol by symbol from its descriptor."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS

# Addresses of a DIL descriptor's fields in its memory.

#: SP and TP, eight words each; the first symbol is bit 0 of the first word.
SIGN_PATTERN_AT, TRAINING_PATTERN_AT = 0, 8
#: Eight words, one for each Uchord: H in bits 0..6, REF in bits 8..14.
UCHORDS_AT = 16
#: N in bits 0..7.
SEGMENTS_AT = 24
#: LSP less 1 in bits 0..6, LTP less 1 in bits 8..14.
LENGTHS_AT = 25
#: Ucodes of the training symbols, two in a word, the first in bits 0..6, the second in 8..14.
TRAINING_UCODES_AT = 32

DIL_ADDRESS_BITS, DIL_WORD_BITS = 8, 16

#: A word on its way to a memory of this kind.
DIL_WORD = data.StructLayout({"address": DIL_ADDRESS_BITS, "data": DIL_WORD_BITS})

#: Place of a symbol in DIL: its DIL-segment, data frame and data frame interval in that, and the
#: places in SP and TP. DIL's first symbol has zero in all.
DIL_STATE = data.StructLayout(
    {
        "segment": 8,
        "frame": 7,
        "interval": range(INTERVALS),
        "sign_place": 7,
        "training_place": 7,
    }
)

#: A symbol of DIL, as :class:`golden.signals.training.DilSymbols` has it, and the next one's place.
DIL_SYMBOL = data.StructLayout(
    {
        "ucode": 7,
        "sign": 1,
        "training": 1,
        "segment": 8,
        "last": 1,
        "state": DIL_STATE,
    }
)


def descriptor_words(descriptor):
    """Words ``[(address, data), ...]`` of a DIL descriptor's fields (``sequences.DIL``)."""

    def pattern(bits):
        return [
            sum(int(bit) << place for place, bit in enumerate(bits[at : at + DIL_WORD_BITS]))
            for at in range(0, len(bits), DIL_WORD_BITS)
        ]

    def pairs(low, high):
        return [int(one) | int(other) << 8 for one, other in zip(low, high, strict=True)]

    ucodes = list(descriptor.get("training_ucodes", ()))
    signs, training = descriptor["sign_pattern"], descriptor["training_pattern"]
    parts = {
        SIGN_PATTERN_AT: pattern(signs),
        TRAINING_PATTERN_AT: pattern(training),
        UCHORDS_AT: pairs(descriptor["H"], descriptor["REF"]),
        SEGMENTS_AT: [len(ucodes)],
        LENGTHS_AT: pairs([len(signs) - 1], [len(training) - 1]),
        TRAINING_UCODES_AT: pairs(ucodes[::2], ucodes[1::2] + [0] * (len(ucodes) % 2)),
    }
    return [(at + n, word) for at, words in parts.items() for n, word in enumerate(words)]


class DilSequencer(wiring.Component):
    """The symbol of DIL at a place, and the place after it (8.4.1).

    A request has a place and its answer the next one, which the user keeps: for one line, or for
    several lines that take turns. Latency: 7 cycles. Throughput: a symbol in 8 cycles. Values are
    those of :class:`golden.signals.training.DilSequencer`; with N = 0 there is no DIL, and they
    mean nothing.

    Members
    -------
    i : In(stream of DIL_STATE)      a place
    o : Out(stream of DIL_SYMBOL)    the symbol there
    address : Out(DIL_ADDRESS_BITS)  of a word of the descriptor (``descriptor_words``); from the
        cycle in which a place is taken to the sixth after it
    word : In(DIL_WORD_BITS)         the word at the address of the cycle before
    """

    latency = 7

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(DIL_STATE)),
                "o": Out(stream.Signature(DIL_SYMBOL)),
                "address": Out(DIL_ADDRESS_BITS),
                "word": In(DIL_WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        at, symbol = Signal(DIL_STATE), self.o.payload
        kept = {
            name: Signal(DIL_SYMBOL[name].shape, name=name)
            for name in ("ucode", "sign", "training", "last")
        }
        m.d.comb += [symbol[name].eq(one) for name, one in kept.items()]
        low, high = self.word[:7], self.word[8:15]
        # The symbol is in the last DIL-segment; at the last place in SP; at the last in TP.
        segment_ends, sign_ends, training_ends = Signal(), Signal(), Signal()

        def following(field, ends):
            return Mux(ends, 0, at[field] + 1)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.i.ready.eq(1), self.address.eq(SEGMENTS_AT)]
                m.d.sync += at.eq(self.i.payload)
                with m.If(self.i.valid):
                    m.next = "SEGMENTS"
            with m.State("SEGMENTS"):
                m.d.comb += self.address.eq(LENGTHS_AT)
                m.d.sync += segment_ends.eq(at.segment + 1 == self.word[:8])
                m.next = "LENGTHS"
            with m.State("LENGTHS"):
                m.d.comb += self.address.eq(TRAINING_UCODES_AT + at.segment[1:])
                m.d.sync += [
                    sign_ends.eq(at.sign_place == low),
                    training_ends.eq(at.training_place == high),
                ]
                m.next = "UCODE"
            with m.State("UCODE"):
                ucode = Mux(at.segment[0], high, low)
                m.d.comb += self.address.eq(UCHORDS_AT + ucode[4:])
                m.d.sync += kept["ucode"].eq(ucode)
                m.next = "UCHORD"
            with m.State("UCHORD"):
                # REF waits until TP says whether the symbol is a training symbol.
                m.d.comb += self.address.eq(SIGN_PATTERN_AT + at.sign_place[4:])
                reference = Signal(7)
                ends = (at.interval == INTERVALS - 1) & (at.frame == low)
                m.d.sync += [reference.eq(high), kept["last"].eq(ends)]
                m.next = "SIGN"
            with m.State("SIGN"):
                m.d.comb += self.address.eq(TRAINING_PATTERN_AT + at.training_place[4:])
                m.d.sync += kept["sign"].eq(self.word.bit_select(at.sign_place[:4], 1))
                m.next = "TRAINING"
            with m.State("TRAINING"):
                training = self.word.bit_select(at.training_place[:4], 1)
                m.d.sync += kept["training"].eq(training)
                with m.If(~training):
                    m.d.sync += kept["ucode"].eq(reference)
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "IDLE"
        data_frame_ends, last = at.interval == INTERVALS - 1, kept["last"]
        # Data frames and patterns begin anew with a DIL-segment.
        m.d.comb += [
            symbol.segment.eq(at.segment),
            symbol.state.segment.eq(Mux(last, following("segment", segment_ends), at.segment)),
            symbol.state.frame.eq(Mux(last, 0, at.frame + data_frame_ends)),
            symbol.state.interval.eq(following("interval", data_frame_ends)),
            symbol.state.sign_place.eq(following("sign_place", last | sign_ends)),
            symbol.state.training_place.eq(following("training_place", last | training_ends)),
        ]
        return m
