"""Sign bits: parsing to shaping frames and differential encoding (5.4.5.1 to 5.4.5.4/V.90).

Signs are laid out as they are sent, six to a data frame; with Sr > 0 a shaping frame is 6 / Sr of
them and its position k counts from its own start, as in Tables 3 to 5/V.90.
"""

import numpy as np

from golden.pcm.parameters import INTERVALS


def _running_xor(bits, before, axis):
    """XOR of all bits up to each along ``axis``, starting from ``before``; and the last."""
    total = (np.cumsum(bits, axis=axis, dtype=np.int64) & 1).astype(np.uint8)
    total ^= np.expand_dims(before, axis)
    return total, np.take(total, -1, axis=axis)


def _previous(bits, before, axis):
    """``bits`` delayed by one along ``axis``, starting with ``before``; and the last."""
    whole = np.concatenate([np.expand_dims(before, axis), bits], axis=axis)
    return (
        np.delete(whole, -1, axis=axis),
        np.take(whole, -1, axis=axis),
    )


class _Signs:
    """What encoder and decoder share: the layout of Table 3 and the zero state."""

    def __init__(self, sr):
        self.sr = sr
        self.length = INTERVALS // sr if sr else INTERVALS
        position = np.arange(INTERVALS) % self.length
        #: Data frame intervals that carry a sign input bit, in order (Table 3).
        self.carriers = np.flatnonzero(position > 0) if sr else np.arange(INTERVALS)
        self.odd = np.flatnonzero(np.arange(self.length) % 2)
        self.reset()

    def reset(self):
        """Zero state, as at the start of TRN2d and B1d (8.6.1, 8.6.5)."""
        self._even = self._odd = np.uint8(0)

    def _state(self, frames):
        """The state as arrays over the leading axes of shaping frames ``(..., j, k)``."""
        lead = frames.shape[:-2]
        return (
            np.broadcast_to(self._even, (*lead, self.length)),
            np.broadcast_to(self._odd, lead),
        )


class DifferentialEncoder(_Signs):
    """S sign input bits a data frame to six: PCM signs for Sr = 0, else the initial signs t."""

    def process(self, bits):
        """Encode ``bits`` (uint8, ``(..., S * frames)``) to ``(..., 6 * frames)``."""
        bits = np.asarray(bits, np.uint8)
        lead = bits.shape[:-1]
        p = np.zeros((*lead, bits.shape[-1] // (INTERVALS - self.sr), INTERVALS), np.uint8)
        if not p.size:
            return p.reshape(*lead, 0)
        p[..., self.carriers] = bits.reshape(*p.shape[:-1], -1)
        if not self.sr:
            out, self._odd = _running_xor(p.reshape(*lead, -1), self._odd, -1)
            return out
        p = p.reshape(*lead, -1, self.length)
        even, odd = self._state(p)
        chain, self._odd = _running_xor(p[..., self.odd].reshape(*lead, -1), odd, -1)
        p[..., self.odd] = chain.reshape(*p.shape[:-1], -1)
        t, self._even = _running_xor(p, even, -2)
        return t.reshape(*lead, -1)


class DifferentialDecoder(_Signs):
    """Received signs to the S sign input bits a data frame, whatever the shaper did.

    Figure 2/V.90 lets a shaper invert the odd positions of frame j by any bit beta(j), and the even
    ones by beta(j) ^ beta(j-1). Position 0 carries no data, so its differential shows the change
    of the even inversion, and the same change undoes the odd one.
    """

    def process(self, signs):
        """Decode ``signs`` (uint8, ``(..., 6 * frames)``) to ``(..., S * frames)``."""
        signs = np.asarray(signs, np.uint8)
        lead = signs.shape[:-1]
        if not signs.shape[-1]:
            return signs
        if not self.sr:
            before, self._odd = _previous(signs, np.broadcast_to(self._odd, lead), -1)
            return signs ^ before
        frames = signs.reshape(*lead, -1, self.length)
        even, odd = self._state(frames)
        before, self._even = _previous(frames, even, -2)
        p = frames ^ before
        change = p[..., :1].copy()
        chain = p[..., self.odd]
        before, self._odd = _previous(chain.reshape(*lead, -1), odd, -1)
        p ^= change
        p[..., self.odd] = chain ^ before.reshape(chain.shape)
        p[..., 1] ^= change[..., 0]
        return p.reshape(*lead, -1, INTERVALS)[..., self.carriers].reshape(*lead, -1)
