"""Self-synchronising scrambler and descrambler (clause 7/V.34; 5.3/V.90).

The digital modem scrambles with GPC = 1 + x^-18 + x^-23 (5.3/V.90), the analogue modem with
GPA = 1 + x^-5 + x^-23 (6.5/V.90).
"""

import numpy as np

#: Delays of the generating polynomials, equations 7-1 and 7-2/V.34.
GPC = (18, 23)
GPA = (5, 23)


class _History:
    """The last ``max(polynomial)`` bits of the line; ``initial`` bit i is the one i + 1 ago."""

    def __init__(self, polynomial=GPC, initial=0):
        self.polynomial = tuple(polynomial)
        self.length = max(self.polynomial)
        if not 0 <= initial < 1 << self.length:
            raise ValueError(f"a scrambler state has {self.length} bits, {initial} has more")
        self.initial = initial
        self.reset()

    def reset(self):
        """Return to the initial state."""
        bits = (self.initial >> np.arange(self.length)) & 1
        self._line = bits[::-1].astype(np.uint8)

    def _extended(self, bits):
        line = np.broadcast_to(self._line, (*bits.shape[:-1], self.length))
        return np.concatenate([line, bits], axis=-1)


class Scrambler(_History):
    """Divide by the generating polynomial: ``y[n] = x[n] ^ y[n - p0] ^ y[n - p1]``.

    ``process(bits)``: uint8, ``(..., n)``, time on the last axis, in pieces; returns as many.

    Parameters: ``polynomial`` (two delays), ``initial`` (the line's last bits, bit 0 the latest).

    Raises ``ValueError`` for an ``initial`` with more bits than the longer delay.
    """

    def process(self, bits):
        """Scramble ``bits`` (uint8, last axis time) and return as many."""
        bits = np.asarray(bits, np.uint8)
        if bits.shape[-1] == 0:
            return bits
        # First the history's share of the first bits is added to the input. Then a division from
        # a zero state is left. Over GF(2), P(D) P(D) = P(D^2), so
        #     1 / P(D) = P(D) P(D^2) P(D^4) ... / P(D^(2^k))
        # The recursion of P(D^(2^k)) is longer than the block when 2^k times the shorter delay is.
        near, far = self.polynomial
        out = bits.copy()
        for delay in self.polynomial:
            reach = min(delay, bits.shape[-1])
            out[..., :reach] ^= self._line[..., self.length - delay : self.length - delay + reach]
        power = 1
        while power * near < bits.shape[-1]:
            step = out.copy()
            for delay in (power * near, power * far):
                step[..., delay:] ^= out[..., : max(0, out.shape[-1] - delay)]
            out = step
            power *= 2
        self._line = self._extended(out)[..., -self.length :]
        return out


class Descrambler(_History):
    """Multiply by the generating polynomial: ``y[n] = x[n] ^ x[n - p0] ^ x[n - p1]``.

    Interface and parameters are those of :class:`Scrambler`.
    """

    def process(self, bits):
        """Descramble ``bits`` (uint8, last axis time) and return as many."""
        bits = np.asarray(bits, np.uint8)
        line = self._extended(bits)
        out = bits.copy()
        for delay in self.polynomial:
            out ^= line[..., self.length - delay : line.shape[-1] - delay]
        self._line = line[..., -self.length :]
        return out
