"""BitParser: data bits to mapping frames and back, with mapping frame switching (8.2, 9.3/V.34).

A mapping frame is a row of bits in time's order: K bits for the shell mapper, and for each of four
4D symbols I1, I2, I3 and twice q bits. Every row has as many; one is zero where nothing is sent.
"""

import numpy as np

from golden.v34.parameters import FEWEST_BITS, SYMBOLS_4D, UNSHAPED_BITS


def frame_bits(framing):
    """Bits of a mapping frame with none left out: b, or 12 where b is less."""
    return max(framing.b, UNSHAPED_BITS)


def frame_mask(framing):
    """Which bits of a mapping frame are sent: bool ``(P, bits)``, by its place in a data frame."""
    mask = np.ones((framing.mapping_frames, frame_bits(framing)), bool)
    for row, high in zip(mask, framing.high, strict=True):
        if framing.b > UNSHAPED_BITS:
            # 9.3.1: a low frame is without the last of the shell mapper's bits.
            row[framing.k - 1] = high
        else:
            # 9.3.2: bits above eight are I3 of the first 4D symbols.
            sent = framing.b - (not high) - FEWEST_BITS
            row[2::3] = np.arange(SYMBOLS_4D) < sent
    return mask


class _Switching:
    """The place in a data frame, which both directions keep."""

    def __init__(self, framing):
        self._mask = frame_mask(framing)
        self.reset()

    def reset(self):
        """At the beginning of a data frame, nothing kept."""
        self._place, self._rest = 0, None

    def _rows(self, count):
        """Masks of the next ``count`` mapping frames."""
        return self._mask[(self._place + np.arange(count)) % len(self._mask)]

    def _advance(self, count):
        self._place = (self._place + count) % len(self._mask)


class BitParser(_Switching):
    """Cut data bits into mapping frames, for one framing.

    ``process`` takes bits (uint8, ``(..., n)``) and returns the mapping frames that they complete
    (uint8, ``(..., frames, bits)``). Bits of an incomplete one wait.
    """

    def process(self, bits):
        """Mapping frames that are complete."""
        bits = np.asarray(bits, np.uint8)
        if self._rest is not None:
            bits = np.concatenate([self._rest, bits], axis=-1)
        rows = self._rows(bits.shape[-1] // int(self._mask.sum(axis=1).min()) + 1)
        ends = np.cumsum(rows.sum(axis=1))
        count = int(np.searchsorted(ends, bits.shape[-1], side="right"))
        frames = np.zeros((*bits.shape[:-1], count, rows.shape[1]), np.uint8)
        taken = int(ends[count - 1]) if count else 0
        frames[..., rows[:count]] = bits[..., :taken]
        self._rest = bits[..., taken:]
        self._advance(count)
        return frames


class BitDeparser(_Switching):
    """Join mapping frames to data bits; the inverse of :class:`BitParser`.

    ``process`` takes mapping frames (uint8, ``(..., frames, bits)``) and returns their bits.
    """

    def process(self, frames):
        """Data bits of the mapping frames."""
        rows = self._rows(frames.shape[-2])
        self._advance(frames.shape[-2])
        return frames[..., rows]
