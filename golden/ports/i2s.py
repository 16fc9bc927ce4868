"""I2S, the serial format of codecs, as data; NXP's I2S bus specification has it, and no clause.

A frame has a slot of 32 bit clocks for each of two channels. The left one's comes first; LRCK is
low in it. LRCK and data change with the bit clock's falling edge and are read at its rising one. A
word's most significant bit comes one bit clock after LRCK's edge; zeros follow its last bit.
"""

import numpy as np

from golden.fixed import Overflow, Rounding, check_range, requant
from golden.formats import CODEC, SAMPLE, Q

#: Bit clocks of a slot, and of a frame.
SLOT_CLOCKS, FRAME_CLOCKS = 32, 64

#: Bits that a codec's words may have.
WIDTHS = (16, 24)

LEFT, RIGHT = 0, 1


def serial(words, width=24):
    """Bits (uint8, ``(64 n,)``) of frames, one a bit clock, from LRCK's falling edge on.

    ``words``: int64 of ``width`` bits, ``(n, 2)``: of the left channel, and of the right one.
    """
    words = np.asarray(words, np.int64)
    check_range(words, Q(1, width - 1, 0), "word")
    bits = np.zeros((len(words), 2, SLOT_CLOCKS), np.uint8)
    bits[..., 1 : width + 1] = words[..., None] >> np.arange(width)[::-1] & 1
    return bits.reshape(-1)


class I2s:
    """Samples of a channel, LEFT or RIGHT: the upper 16 bits of its words.

    ``process(bits)``: one bit for each bit clock, ``(..., n)``, from LRCK's falling edge on;
    returns SAMPLE (int64), ``(..., m)``, one for each whole frame. Calls in pieces give what one
    call gives. Leading axes are those of the first call.
    """

    def __init__(self, channel=LEFT):
        self.channel = channel
        self.reset()

    def reset(self):
        """The next bit is a frame's first."""
        self._kept = None

    def process(self, bits):
        """See the class."""
        bits = np.asarray(bits, np.int64)
        if self._kept is not None:
            bits = np.concatenate([self._kept, bits], axis=-1)
        whole = bits.shape[-1] // FRAME_CLOCKS * FRAME_CLOCKS
        self._kept = bits[..., whole:]
        frames = bits[..., :whole].reshape(*bits.shape[:-1], -1, 2, SLOT_CLOCKS)
        mine = frames[..., self.channel, 1 : CODEC.width + 1]
        words = mine @ (1 << np.arange(CODEC.width)[::-1])
        words -= mine[..., 0] << CODEC.width
        return requant(words, CODEC, SAMPLE, Rounding.TRUNC, Overflow.FORBID)
