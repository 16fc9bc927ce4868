"""The configuration stream: which word at which address holds which mapping parameter.

A word has 16 bits, and a 6-bit address of a channel. Every block that needs parameters keeps its
own words in a memory with two halves for each channel. Words go to the half that is not in use. The
word COMMIT puts that half to use at the channel's next data frame, with the initialisation of 8.6.1
and 8.6.5/V.90.
"""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.core.channels import channel_shape
from hdl.pcm.g711 import LAW_BITS

#: Constellation masks as CP has them (Table 14/V.90, bits 137 and on): word 8 i + u has a bit for
#: each Ucode of Uchord u + 1 in data frame interval i, the lowest Ucode in bit 0.
MASKS_AT = 0
#: D in bits 0..5, Sr in 6..7, ld in 8..9, law (1 A-law) in 10: FRAME_LAYOUT.
FRAME_AT = 48
#: a1 in bits 0..7, a2 in 8..15; the one of larger magnitude first, a1 where they are equal.
POLES_AT = 49
#: b1 in bits 0..7, b2 in 8..15.
ZEROS_AT = 50
#: Six words: M0 to M5.
MODULI_AT = 56
#: Makes the words written since the last commit the channel's parameters.
COMMIT = 63

ADDRESS_BITS = 6
WORD_BITS = 16

#: Layout of the word at FRAME_AT.
FRAME_LAYOUT = data.StructLayout({"data_bits": 6, "sr": 2, "ld": 2, "law": 1})


def word_layout(channels=None):
    """Payload of a configuration stream; without ``channels``, of a block with one channel."""
    fields = {"address": ADDRESS_BITS, "data": WORD_BITS}
    if channels is not None:
        fields = {"channel": channel_shape(channels), **fields}
    return data.StructLayout(fields)


def write_layout(channels):
    """Payload of a word on its way to the blocks: with the half that it is for."""
    return data.StructLayout(
        {
            "channel": channel_shape(channels),
            "half": 1,
            "address": ADDRESS_BITS,
            "data": WORD_BITS,
        }
    )


def write_signature(channels):
    """Signature of the port that takes words into a block's memory, one a cycle.

    A block ties ``ready`` to 1. A Signature with ``always_ready`` would make it a constant, which
    Amaranth 0.5 does not convert at the top of a design.
    """
    return stream.Signature(write_layout(channels))


class ConfiguredBlock(wiring.Component):
    """Base of blocks that make tokens of a bank's channels from others, by mapping parameters.

    Parameters: ``channels``; ``tag``, shape of what passes unchanged; ``i``, ``o``, fields of the
    tokens besides channel, half and tag, as dicts of shapes.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words with their half; always ready
    i : In(stream of i_layout)   tokens to work on
    o : Out(stream of o_layout)  tokens made of them
    """

    def __init__(self, channels, tag, i, o):
        self.channels = channels
        header = {"channel": channel_shape(channels), "half": 1}
        self.i_layout = data.StructLayout({**header, **i, "tag": tag})
        self.o_layout = data.StructLayout({**header, **o, "tag": tag})
        super().__init__(
            {
                "i_configuration": In(write_signature(channels)),
                "i": In(stream.Signature(self.i_layout)),
                "o": Out(stream.Signature(self.o_layout)),
            }
        )


def configuration_words(parameters, commit=True):
    """Words ``[(address, data), ...]`` of mapping parameters, in the order to send them.

    ``commit``: whether COMMIT is the last.
    """
    p = parameters
    words = []
    for interval, ucodes in enumerate(p.intervals):
        mask = sum(1 << ucode for ucode in ucodes)
        words += [(MASKS_AT + 8 * interval + u, mask >> 16 * u & 0xFFFF) for u in range(8)]
    frame = {"data_bits": p.data_bits, "sr": p.sr, "ld": p.ld, "law": LAW_BITS[p.law]}
    words.append((FRAME_AT, FRAME_LAYOUT.const(frame).as_value().value))
    poles = sorted((p.a1, p.a2), key=abs, reverse=True)
    for address, (low, high) in ((POLES_AT, poles), (ZEROS_AT, (p.b1, p.b2))):
        words.append((address, low & 0xFF | (high & 0xFF) << 8))
    words += [(MODULI_AT + interval, modulus) for interval, modulus in enumerate(p.moduli)]
    return [*words, (COMMIT, 0)] if commit else words
