"""Precoder with its trellis encoder, and what undoes it (9.6.2, 9.6.3 and Table 11/V.34).

The precoder is a receiver's feedback filter moved into the transmitter. Its recursion is interlaced
with the trellis encoder: what it adds to a 4D symbol's second point decides how that is turned.
"""

from math import prod

import numpy as np

from golden.fixed import Overflow, Rounding, check_range, requant
from golden.formats import Q
from golden.v34.constellation import subset
from golden.v34.formats import (
    CHANNEL_POINT,
    FILTERED,
    PRECODED,
    PRECODER_TAP,
    PREDICTED,
    RECEIVED_POINT,
    RECEIVED_PRECODED,
)
from golden.v34.trellis import code

#: Subset label of Figure 9 by the low three bits of both parts, ``8 (real & 7) + (imaginary & 7)``.
_SUBSETS = subset(np.stack(np.divmod(np.arange(64), 8), axis=-1)).tolist()


class _Channel:
    """The recursion of one channel, in Python's integers: they are faster than arrays of one."""

    def __init__(self, taps, w):
        self.taps = [part for tap in taps for part in tap]
        self.used = any(self.taps)
        self.history = (0,) * 6
        self.state = 0
        self._w, self._coarse = w, w + PREDICTED.fraction

    def predict(self):
        """Parts of p(n), in PREDICTED, and of c(n): items 1 to 3 of 9.6.2."""
        if not self.used:
            return 0, 0, 0, 0
        r1, i1, r2, i2, r3, i3 = self.taps
        a1, b1, a2, b2, a3, b3 = self.history
        real = a1 * r1 - b1 * i1 + a2 * r2 - b2 * i2 + a3 * r3 - b3 * i3
        imaginary = a1 * i1 + b1 * r1 + a2 * i2 + b2 * r2 + a3 * i3 + b3 * r3
        drop = FILTERED.fraction - PREDICTED.fraction
        real, imaginary = nearest(real, drop), nearest(imaginary, drop)
        coarse, w = self._coarse, self._w
        return real, imaginary, nearest(real, coarse) << w, nearest(imaginary, coarse) << w

    def push(self, real, imaginary):
        """Take the parts of x(n), in PRECODED."""
        self.history = (real, imaginary, *self.history[:4])


def nearest(value, drop):
    """``value / 2**drop`` to the nearest integer, a half to the one of smaller magnitude.

    The rounding of items 2 and 3 of 9.6.2.
    """
    return (value + (1 << (drop - 1)) - 1 + (value < 0)) >> drop


class _Recursion:
    """Common to both directions: channels are leading axes, each with a recursion of its own."""

    def __init__(self, parameters):
        self._parameters = parameters
        self.reset()

    def reset(self):
        """Filter and trellis encoder are zero, as they are when B1 begins (10.1.3.1)."""
        self._channels = None

    def _each(self, points, *rest):
        """Run every channel over its points (int64, ``(..., 2, n)``)."""
        points = np.asarray(points, np.int64)
        lead, n = points.shape[:-2], points.shape[-1]
        rows = points.reshape(prod(lead), 2, n).tolist()
        if self._channels is None:
            p = self._parameters
            self._channels = [_Channel(p.precoder, p.w) for _ in rows]
        pairs = zip(self._channels, rows, strict=True)
        out = [self._run(channel, *row, *rest) for channel, row in pairs]
        return np.array(out, np.int64).reshape(*lead, 2, n)


class Precoder(_Recursion):
    """Turn the points u(n) into precoded symbols x(n), for one set of modulation parameters.

    ``process`` takes points (int64, ``(..., 2, n)``, n even) as they are with U0(m) = 0, and V0(m)
    of each 4D symbol (``(n / 2,)``). It returns x(n) in PRECODED (``(..., 2, n)``). ``outputs``
    holds y(n) of the same symbols, until the next call.

    Raises ``OverflowError`` for a component of y(n) beyond 255, which modulation parameters rule
    out.
    """

    def __init__(self, parameters):
        self._code = code(parameters.trellis)
        self._output = self._code.output.tolist()
        self._following = self._code.following[:, self._code.branch.reshape(-1)].tolist()
        super().__init__(parameters)

    def process(self, points, inversions):
        """Precoded symbols of the points."""
        self._outputs = []
        precoded = self._each(points, np.asarray(inversions).tolist())
        self.outputs = np.array(self._outputs, np.int64).reshape(precoded.shape)
        check_range(self.outputs, CHANNEL_POINT, "a channel output")
        check_range(precoded, PRECODED, "a precoded symbol")
        return precoded

    def _run(self, channel, reals, imaginaries, inversions):
        out, state, bits = ([], []), channel.state, PRECODED.fraction
        y_reals, y_imaginaries = [], []
        predict, push = channel.predict, channel.push
        for m, inversion in enumerate(inversions):
            p, q, c, d = predict()
            real, imaginary = reals[2 * m] + c, imaginaries[2 * m] + d
            push((real << bits) - p, (imaginary << bits) - q)
            label = _SUBSETS[(real & 7) << 3 | imaginary & 7] << 3
            y_reals.append(real)
            y_imaginaries.append(imaginary)
            out[0].append((real << bits) - p)
            out[1].append((imaginary << bits) - q)
            # C0 is the parity of the four halves of c together (9.6.3.3).
            modulo = c + d
            p, q, c, d = predict()
            turned = self._output[state] ^ inversion ^ (modulo + c + d) >> 1 & 1
            real, imaginary = reals[2 * m + 1], imaginaries[2 * m + 1]
            real, imaginary = (imaginary + c, d - real) if turned else (real + c, imaginary + d)
            push((real << bits) - p, (imaginary << bits) - q)
            label |= _SUBSETS[(real & 7) << 3 | imaginary & 7]
            y_reals.append(real)
            y_imaginaries.append(imaginary)
            out[0].append((real << bits) - p)
            out[1].append((imaginary << bits) - q)
            state = self._following[state][label]
        channel.state = state
        self._outputs.append((y_reals, y_imaginaries))
        return out


class InversePrecoder(_Recursion):
    """Take c(n) from decided channel outputs: y(n) to u(n), for one set of modulation parameters.

    ``process`` takes and returns int64 ``(..., 2, n)``. After a wrong decision as many symbols may
    be wrong as the precoder's inverse rings for. x(n) is kept in RECEIVED_PRECODED, saturated,
    which only that can bring about.
    """

    def process(self, points):
        """Points u(n) of channel outputs y(n)."""
        if not self._parameters.precoded:
            return np.asarray(points, np.int64)
        return self._each(points)

    def _run(self, channel, reals, imaginaries):
        out, bits = ([], []), RECEIVED_PRECODED.fraction
        lowest, highest = RECEIVED_PRECODED.min, RECEIVED_PRECODED.max
        for real, imaginary in zip(reals, imaginaries, strict=True):
            p, q, c, d = channel.predict()
            x, y = (real << bits) - p, (imaginary << bits) - q
            channel.push(min(max(x, lowest), highest), min(max(y, lowest), highest))
            out[0].append(real - c)
            out[1].append(imaginary - d)
        return out


class WhiteningFilter:
    """The precoder's filter on received symbols: x(n) with noise to y(n) with noise.

    It computes ``x(n) + x(n - 1) h(1) + x(n - 2) h(2) + x(n - 3) h(3)``. ``process`` takes int64
    ``(..., 2, n)`` in RECEIVED_PRECODED and returns as many in RECEIVED_POINT, saturated.
    """

    def __init__(self, parameters):
        self._taps = parameters.precoder
        self.reset()

    def reset(self):
        """Symbols before are zero."""
        self._last = np.zeros((2, len(self._taps)), np.int64)

    def process(self, symbols):
        """Channel outputs as received."""
        count = len(self._taps)
        lead = symbols.shape[:-1]
        line = np.concatenate([np.broadcast_to(self._last, (*lead, count)), symbols], axis=-1)
        self._last = line[..., -count:]
        total = line[..., count:] << PRECODER_TAP.fraction
        for delay, (real, imaginary) in enumerate(self._taps, 1):
            if real or imaginary:
                before = line[..., count - delay : line.shape[-1] - delay]
                total[..., 0, :] += before[..., 0, :] * real - before[..., 1, :] * imaginary
                total[..., 1, :] += before[..., 0, :] * imaginary + before[..., 1, :] * real
        # Six products of less than 2 and one of 1 times the largest symbol.
        fraction = RECEIVED_PRECODED.fraction + PRECODER_TAP.fraction
        wide = Q(1, RECEIVED_PRECODED.integer + 4, fraction)
        return requant(total, wide, RECEIVED_POINT, Rounding.HALF_UP, Overflow.SAT)
