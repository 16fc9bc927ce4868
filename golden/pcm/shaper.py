"""Spectral shaper (5.4.5.5 and 5.4.5.6/V.90).

In shaping frame j the shaper inverts the odd positions by a bit beta(j) of its choice and the even
ones by beta(j) ^ beta(j-1): that is Figure 2's trellis, whose state after the frame is beta(j)
(rules A and D leave Q unchanged, B and C change it). An allowable sequence of rules for the frames
j to j+ld is therefore any sequence of ld+1 bits. The one with the least metric w up to the end of
frame j+ld decides beta(j); of equal ones the one that has beta = 0 where they first differ.

Number formats are in ``golden.formats``. Two facts make their errors small:

- F(z) does not change when a1 and a2 change places, and both memories start at zero, so the pole
  nearer the unit circle goes first (:func:`golden.pcm.parameters.sections`). With |a1| = 1 its
  recursion is exact, and nowhere does a rounding error run through a pole on the unit circle.
- Only the rounding of s, r and of the squared operand differ from exact arithmetic; together they
  change the metric by less than :func:`metric_error`.
"""

from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from golden import formats
from golden.fixed import Overflow, Rounding, narrower
from golden.pcm.parameters import sections

#: Table 1's linear values are multiples of this; the shaper works on the quotient.
LINEAR_STEP = 4


def metric_error(a1, a2, b1, b2, w, symbols):
    """Bound on the error of a metric ``w`` summed over ``symbols`` symbols.

    Coefficients are integers in Q1.6 with |a1|, |a2| <= 64 (poles inside or on the unit circle);
    ``w`` is in squares of quarter linear values. Two sequences of rules whose exact metrics differ
    by more than the sum of their errors are ordered as in exact arithmetic, provided that no state
    has saturated. The bound is 0 when all coefficients are whole numbers.

    An error d of v changes v^2 by at most 2|v|d + d^2, and by Cauchy-Schwarz the sum over n
    symbols by at most 2 d sqrt(n w) + n d^2. d is the geometric sum of the rounding errors through
    the two sections, and half a step of the operand.
    """
    a1, a2, b1, b2 = sections(a1, a2, b1, b2)
    one = 1 << formats.COEFFICIENT.fraction

    def half_step(form):
        return 0.5 / (1 << form.fraction)

    def gain(a):
        return one / (one - abs(a)) if abs(a) < one else 1.0

    whole = (a1 % one, a2 % one, b1 % one, b2 % one)
    y_error = 0.0 if not whole[0] else half_step(formats.SHAPER_FIRST) * gain(a1)
    on_grid = not (whole[0] or whole[1])
    r_error = 0.0 if on_grid else half_step(formats.SHAPER_SECOND)
    v_error = (r_error + y_error * (1 + abs(b2) / one)) * gain(a2)
    d = v_error + (half_step(formats.SHAPER_METRIC_OPERAND) if any(whole) else 0.0)
    return 2 * d * float(symbols * w) ** 0.5 + symbols * d * d


class Shaper:
    """Signs from initial signs t and magnitudes, for Sr 1 to 3 and ld 0 to 3.

    Parameters: ``sr``, ``ld``, and ``a1 a2 b1 b2`` as integers in Q1.6.

    Time on the last axis may come in pieces of whole shaping frames; a frame's signs are returned
    once the ld frames after it are known. :meth:`flush` decides what is left by what is known.
    """

    def __init__(self, sr, ld, a1, a2, b1, b2):
        if sr not in (1, 2, 3) or ld not in (0, 1, 2, 3):
            raise ValueError(f"no shaper has Sr = {sr} and ld = {ld}")
        self.sr, self.ld = sr, ld
        self.length = 6 // sr
        a1, a2, b1, b2 = sections(a1, a2, b1, b2)
        # Both products of a symbol at once, from (y, r): a1 y for s, and for r with v = y + r,
        # a2 v - b2 y = (a2 - b2) y + a2 r, where y takes r's finer fraction.
        self._align = 1 << (formats.SHAPER_SECOND.fraction - formats.SHAPER_FIRST.fraction)
        self._matrix = np.array([[a1, 0], [(a2 - b2) * self._align, a2]], np.int64)
        self._b1 = np.array(b1)
        self._rounded = narrower(
            (formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_SECOND_PRODUCT),
            (formats.SHAPER_FIRST, formats.SHAPER_SECOND),
            Rounding.HALF_UP,
            Overflow.SAT,
        )
        # The headroom argument of SHAPER_METRIC_OPERAND covers the carry, so it cannot saturate.
        self._operand = narrower(
            formats.SHAPER_SECOND_OUTPUT,
            formats.SHAPER_METRIC_OPERAND,
            Rounding.HALF_UP,
            Overflow.SAT,
        )
        # The open sequences of rules are always all of them, in lexicographic order: bit by bit,
        # the number of a sequence is its betas. _polarity[depth]: factor of each position for each
        # sequence, once a frame is added to those of depth frames.
        position = np.arange(self.length)[:, None]
        self._polarity = []
        for depth in range(ld + 1):
            number = np.arange(2 << depth)
            inverted = np.where(position % 2, number, number ^ (number >> 1)) & 1
            self._polarity.append((1 - 2 * inverted)[:, None])
        self.reset()

    def reset(self):
        """Zero filter memory and trellis state 0 (8.6.1, 8.6.5)."""
        self._waiting = None

    def _begin(self, channels):
        # (s, r) and w: a row a channel, a column an open sequence of rules.
        self._state = np.zeros((2, channels, 1), np.int64)
        self._metric = np.zeros((channels, 1), np.int64)
        self._before = np.zeros(channels, np.int64)
        self._waiting = []
        self._work = {}

    def _extend(self, x):
        """Follow every open sequence by one frame with beta = 0 and one with beta = 1.

        ``x``: in the format of y and signed by the initial signs, shape ``(6 / Sr, channels, 1)``.
        """
        depth, channels = self._open, x.shape[1]
        work = self._work.get((depth, channels))
        if work is None:
            work = self._work[depth, channels] = _Work(self.length, channels, 2 << depth)
        np.multiply(x, self._polarity[depth], out=work.x)
        if not depth:
            # Sequences that begin here: the even positions depend on the frame before.
            work.x[0::2] *= (1 - 2 * self._before)[:, None]
        np.multiply(work.x, self._b1, out=work.zeros)
        work.start[:] = self._state[:, :, :, None]
        for y, state, after, first, symbol, zero in work.symbols:
            np.add(y, symbol, y)
            np.matmul(self._matrix, state, after)
            np.subtract(first, zero, first)
            self._rounded(after)
        operand = self._operand(work.y * self._align + work.r)
        np.square(operand, operand)
        more = np.add.reduce(operand).reshape(channels, -1, 2)
        self._metric = (self._metric[:, :, None] + more).reshape(channels, -1)
        self._state = work.end

    def _decide(self):
        """Return beta of the oldest open frame; drop the sequences that disagree."""
        channels, sequences = self._metric.shape
        rows = np.arange(channels)
        best = self._metric.argmin(axis=1)
        chosen = best // (sequences // 2)
        # Only differences matter; without the common past w stays within one window.
        self._metric -= self._metric[rows, best][:, None]
        self._metric = self._metric.reshape(channels, 2, -1)[rows, chosen]
        self._state = self._state.reshape(2, channels, 2, -1)[:, rows, chosen]
        self._before = chosen
        return chosen

    def process(self, t, linear):
        """Choose signs.

        Parameters: ``t`` initial signs (uint8) and ``linear`` values of Table 1 (integers), both
        ``(..., n)`` with n a multiple of 6 / Sr. Returns signs (uint8, ``(..., m)``) of the
        frames decided.
        """
        t = np.asarray(t, np.uint8)
        lead = t.shape[:-1]
        t = t.reshape(prod(lead), t.shape[-1] // self.length, self.length)
        if self._waiting is None:
            self._begin(len(t))
        x = np.asarray(linear, np.int64).reshape(t.shape) // LINEAR_STEP
        x = np.transpose(x * (2 * t.astype(np.int64) - 1), (1, 2, 0))
        x = np.ascontiguousarray(x)[..., None] << formats.SHAPER_FIRST_OUTPUT.fraction
        before, decided = self._before, []
        self._waiting += list(np.swapaxes(t, 0, 1))
        for j in range(t.shape[1]):
            self._extend(x[j])
            if self._open > self.ld:
                decided.append(self._decide())
        return self._signs(before, decided, lead)

    def flush(self, lead=()):
        """Signs of the frames still open, decided by the metric up to the last one known."""
        if self._waiting is None:
            return np.zeros((*lead, 0), np.uint8)
        before = self._before
        return self._signs(before, [self._decide() for _ in range(self._open)], lead)

    @property
    def _open(self):
        """Shaping frames followed and not decided: the sequences are 2 to that power."""
        return self._metric.shape[1].bit_length() - 1

    def _signs(self, before, betas, lead):
        """The first waiting frames with the inversions of their betas; ``before`` is the last's."""
        count = len(betas)
        if not count:
            return np.zeros((*lead, 0), np.uint8)
        signs = np.stack(self._waiting[:count])
        del self._waiting[:count]
        beta = np.stack([before, *betas]).astype(np.uint8)[:, :, None]
        signs[:, :, 0::2] ^= beta[1:] ^ beta[:-1]
        signs[:, :, 1::2] ^= beta[1:]
        return np.swapaxes(signs, 0, 1).reshape(*lead, -1)


class _Work:
    """Room for one shaping frame of ``sequences`` open sequences, and views of it by symbol.

    Made once: with one channel, making arrays and views would take longer than the arithmetic.
    """

    def __init__(self, length, channels, sequences):
        shape = (channels, sequences)
        # (s, r) before each symbol and after the last; s becomes y when x comes to it.
        self.memory = np.zeros((length + 1, 2, channels * sequences), np.int64)
        self.start = self.memory[0].reshape(2, channels, sequences // 2, 2)
        self.end = self.memory[-1].reshape(2, *shape)
        self.x, self.zeros = np.zeros((2, length, *shape), np.int64)
        now, after = self.memory[:-1], self.memory[1:]
        self.y, self.r = now[:, 0], now[:, 1]
        self.symbols = [
            (now[k, 0], now[k], after[k], after[k, 0], self.x[k].ravel(), self.zeros[k].ravel())
            for k in range(length)
        ]


def shaper_reference(t, linear, sr, ld, a1, a2, b1, b2, follow=None):
    """The shaper in exact rational arithmetic, as 5.4.5.5 and 5.4.5.6 put it.

    Parameters: ``t`` and ``linear`` one-dimensional and of whole shaping frames, coefficients as
    Fractions; ``follow``: signs to go on with after each decision in place of the chosen ones, so
    that two shapers are compared frame by frame from the same past.

    Returns ``(signs, metrics)``: the chosen signs, and for each frame the exact metric (Fraction,
    squares of quarter linear values, from the start of the frame) of the best sequence of rules
    and of the best one that chooses the other rule in that frame.
    """
    length = 6 // sr
    frames = len(t) // length
    t = [int(bit) for bit in t]
    x = [Fraction(int(value), LINEAR_STEP) for value in linear]
    rules = {(0, "A"): 0, (0, "B"): 1, (1, "C"): 0, (1, "D"): 1}

    def inverts(rule, k):
        return {"A": False, "B": True, "C": k % 2 == 0, "D": k % 2 == 1}[rule]

    def run(state, j, rule):
        x1, y1, v1, w = state
        for k in range(length):
            sign = t[j * length + k] ^ inverts(rule, k)
            x0 = x[j * length + k] * (1 if sign else -1)
            y0 = x0 - b1 * x1 + a1 * y1
            v0 = y0 - b2 * y1 + a2 * v1
            w += v0 * v0
            x1, y1, v1 = x0, y0, v0
        return x1, y1, v1, w

    signs, metrics = [], []
    state, trellis = (Fraction(0),) * 3, 0
    for j in range(frames):
        depth = min(ld + 1, frames - j)
        best = {}
        for sequence in product("AB", repeat=depth):
            # "A" stands for staying with beta = 0, "B" for beta = 1; the trellis names the rule.
            q, end, first = trellis, (*state, Fraction(0)), None
            for step, choice in enumerate(sequence):
                rule = ("A" if choice == "A" else "B") if q == 0 else "CD"[choice == "B"]
                q = rules[q, rule]
                end = run(end, j + step, rule)
                first = first or rule
            if first not in best or end[3] < best[first]:
                best[first] = end[3]
        order = sorted(best, key=lambda rule: (best[rule], rule))
        chosen = order[0]
        metrics.append((best[order[0]], best[order[1]]))
        signs += [t[j * length + k] ^ inverts(chosen, k) for k in range(length)]
        if follow is not None:
            actual = [int(bit) for bit in follow[j * length : (j + 1) * length]]
            chosen = next(
                rule
                for rule in best
                if all(t[j * length + k] ^ inverts(rule, k) == actual[k] for k in range(length))
            )
        state = run((*state, Fraction(0)), j, chosen)[:3]
        trellis = rules[trellis, chosen]
    return np.array(signs, np.uint8), metrics
