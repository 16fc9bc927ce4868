"""Symbols of a recorded downstream from its samples, with the whole recording at hand (9.3.2/V.90).

A receiver decides each symbol as it comes. A reader may solve for its taps over all of TRN1d, go
back, and decide again on levels that it learnt later. So this is float64, and shares nothing with
:mod:`golden.receiver`. The value of symbol n is

    y[n] = sum_j w[j] u[2 n - j] + sum_i b[i] x[n - i] + sum_k c[k] T_k[n] + d

with u the samples at half symbols, x the symbols as decided, and the tails
T_k[n] = x[n - 1] + p_k T_k[n - 1]. Tails with fixed poles p_k replace the hundreds of taps that a
line which passes no DC would need. TRN1d's level is 1.
"""

import numpy as np
from scipy.signal import lfilter

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm.parameters import INTERVALS
from golden.signals.training import SD, SD_BAR
from sim.reading.taps import (
    FEEDBACK,
    FORWARD,
    MEMORY,
    PERIOD,
    POLES,
    Taps,
    columns,
    solve,
    tails_of,
)
from sim.world.resampler import Resampler

#: Feed-forward taps ahead of the symbol's first sample, and those without which the last symbols of
#: a recording have to do at most.
AHEAD, LATEST = 34, 26

#: Symbols between two corrections of the clock, no more than feedback taps.
BLOCK = FEEDBACK

#: Symbols before TRN1d's first that are there too: Sd and S-bar-d, and some of what was before.
BEFORE = (SD + SD_BAR) * INTERVALS + 2 * BLOCK

#: Symbols of TRN1d whatever its length (8.4.5), and those at its beginning that are left out.
KNOWN, SKIPPED = 2040, 90

#: Rounds of solving for taps and clock in turn.
ROUNDS = 4

#: Shares of a block's timing error that correct phase and rate.
PHASE_GAIN, RATE_GAIN = 0.1, 0.004

#: Factor of the first, and its square of the other, where decisions are doubtful.
SLOWLY = 0.25

#: Largest timing error, in half symbols, that a block may tell.
MOST_LATE = 0.05

#: Deviation of TRN1d's values above which it is no TRN1d.
DEVIATION = 0.3

#: Standard deviations by which levels of TRN1d differ where a bit is robbed.
ROBBED = 8.0

#: Share of the sampling rate above which samples hold nothing: 4.8 kHz.
_interpolate = Resampler(0.3)

# Samples around an instant that its value depends on.
_REACH = _interpolate.taps


def trn1d_signs(symbols):
    """Signs of TRN1d's first symbols (8.4.5), 1.0 and -1.0."""
    return 2.0 * Scrambler(GPC).process(np.ones(symbols, np.uint8)) - 1


class Symbols:
    """Values and decisions of symbols behind one Sd; index 0 is TRN1d's first symbol.

    ``y``, ``x`` and ``sums`` (float64) hold values, decisions and sums of the feed-forward taps,
    from symbol ``-BEFORE`` on; use :meth:`part` to index them. :meth:`train` comes first, then
    :meth:`run`.

    Parameters
    ----------
    samples : float64, 16 kHz
    first : float
        Sample at which TRN1d's first symbol arrives, within some samples.
    step : float
        Samples that half a symbol takes, beyond 1.

    Members: ``taps``; ``levels`` (12), TRN1d's by interval in even and odd data frames;
    ``deviation`` of values from them; ``count``, symbols there are.
    """

    def __init__(self, samples, first, step):
        self.samples = samples
        self.count = max(0, int((len(samples) - first - LATEST) / 2 / (1 + step)))
        size = BEFORE + self.count + BLOCK + 1
        self.y, self.x, self.sums, self._at, self._step = np.zeros((5, size))
        self.levels, self.taps, self.deviation = np.ones(PERIOD), None, None
        self._clock = first + AHEAD, step
        self._wrong = 0, np.zeros(len(POLES))

    def part(self, first, last):
        """The slice of arrays for symbols ``first`` to ``last``, the last one left out."""
        return slice(BEFORE + first, BEFORE + last)

    def level(self, first, last):
        """TRN1d's levels (float64) at these symbols."""
        return self.levels[np.arange(first, last) % PERIOD]

    def halves(self, at, step, count):
        """Windows (newest sample first) at ``count`` half symbols from instant ``at`` on."""
        places = at + (1 + step) * np.arange(1 - FORWARD, count)
        first = max(0, int(places[0]) - _REACH)
        near = self.samples[first : max(first, int(places[-1]) + _REACH)]
        places = np.clip(places - first, -1, len(near))
        values = _interpolate.process(near, places)
        return np.lib.stride_tricks.sliding_window_view(values, FORWARD)[:, ::-1]

    def train(self, symbols=KNOWN):
        """Solve for taps and clock over TRN1d's first ``symbols``; tell whether it is there."""
        symbols = min(symbols, self.count)
        if symbols < KNOWN // 2:
            return False
        signs, rows = trn1d_signs(symbols), slice(SKIPPED, symbols)
        time = np.arange(symbols) / symbols - 0.5
        at, step = self._clock
        for _ in range(ROUNDS):
            windows = self.halves(at, step, 2 * symbols + 1)
            target = signs * self.level(0, symbols)
            matrix = np.concatenate([windows[:-1:2], columns(target, np.zeros(0))], 1)
            found, self.deviation = solve(matrix[rows], target[rows])
            if self.deviation > DEVIATION:
                return False
            sums = windows @ found[:FORWARD]
            slope = np.concatenate([[0.0], sums[3::2] - sums[1:-2:2]])[:symbols] / 2
            values = matrix @ found
            both = np.stack([slope, slope * time], 1)[rows]
            late = np.linalg.lstsq(both, (target - values)[rows], rcond=None)[0]
            at, step = at + late[0] - late[1] / 2, step + late[1] / 2 / symbols
            self._learn_levels((values * signs)[rows])
        self.taps = Taps.of(found)
        before = np.arange(-BEFORE, 1)
        self._at[: BEFORE + 1], self._step[: BEFORE + 1] = at + 2 * (1 + step) * before, step
        return True

    def _learn_levels(self, sizes):
        """Levels by interval, where they differ by more than the noise."""
        number = np.arange(SKIPPED, SKIPPED + len(sizes)) % PERIOD
        mean = np.bincount(number, sizes, PERIOD) / np.bincount(number, minlength=PERIOD)
        noise = ROBBED * self.deviation / np.sqrt(len(sizes) / PERIOD)
        turns = mean.reshape(2, INTERVALS)
        own = np.where(np.ptp(turns, axis=0) > noise, turns, turns.mean(0))
        # Those of most intervals are alike, and count as 1.
        alike = (np.abs(own.reshape(-1, 1) - own.reshape(-1)) <= noise).sum(1)
        own = own / own.reshape(-1)[alike.argmax()]
        self.levels = np.where(np.abs(own - 1) > noise, own, 1.0).reshape(-1)

    # Values and decisions ------------------------------------------------------------------------

    def run(self, first, last, decide=None, known=None, most=None):
        """Values of symbols ``first`` to ``last``; returns the first one that there is not.

        Everything before ``first`` must be there. ``decide(n, y)`` gives the decision for the value
        of symbol n; ``known`` are the decisions, where symbols are known. ``most``: deviation of a
        block's errors up to which they correct the clock, where decisions are doubtful; 0 holds it.
        """
        last = min(last, self.count)
        if first <= self._wrong[0]:
            self._wrong = 0, np.zeros(len(POLES))
        tails = tails_of(self.x[: max(0, BEFORE + first - FEEDBACK)])
        for n in range(first, last, BLOCK):
            size = min(BLOCK, last - n)
            own = None if known is None else known[n - first : n - first + size]
            slope = self._sum(n, size)
            error = self._decide(n, size, tails, decide, own)
            self._track(n, size, error, slope, most)
        return last

    def assume(self, first, symbols):
        """Values anew from symbol ``first`` on, which was run before, if ``symbols`` were sent."""
        here = BEFORE + first
        part = slice(here, here + len(symbols))
        self.x[part] = symbols
        rows = columns(symbols, self.x[max(0, here - MEMORY) : here])
        weights = np.concatenate([self.taps.feedback, self.taps.tails])
        self.y[part] = self.sums[part] + rows[:, :-1] @ weights

    def forget(self, first, last):
        """Correct what wrong decisions before symbol ``first`` do to those from there on.

        Symbols up to ``last`` are known. What their values depart by is tails of those decisions.
        """
        decay, found, _ = self._tails_left(first, first + FEEDBACK, last)
        if len(decay) > 2 * FEEDBACK:
            part = self.part(first + FEEDBACK, last)
            self._wrong = first, self._wrong_at(first) + found
            self.sums[part] += decay @ found
            self.y[part] += decay @ found

    def departure(self, first, last):
        """Deviation of values of known symbols but for tails of wrong decisions before them."""
        return self._tails_left(first, first, last)[2]

    def _tails_left(self, first, begin, last):
        part = self.part(begin, last)
        decay = POLES ** np.arange(begin - first, last - first)[:, None]
        return decay, *solve(decay, self.x[part] - self.y[part])

    def _wrong_at(self, n):
        """Tails of wrong decisions at symbol n."""
        first, tails = self._wrong
        return tails * POLES ** (n - first) if n >= first else np.zeros(len(POLES))

    def _sum(self, n, size):
        """Sums of the feed-forward taps for symbols from n on; returns their slopes."""
        here = BEFORE + n
        windows = self.halves(self._at[here], self._step[here], 2 * size + 1)
        sums = windows @ self.taps.forward
        wrong = POLES ** np.arange(size)[:, None] @ self._wrong_at(n)
        self.sums[here : here + size] = sums[: 2 * size : 2] + self.taps.bias + wrong
        return np.concatenate([[0.0], sums[3::2] - sums[1:-2:2]])[:size] / 2

    def _decide(self, n, size, tails, decide, known):
        """Values and decisions of symbols from n on; returns the errors."""
        here = BEFORE + n
        past = self.x[here - FEEDBACK : here + size]
        values = self.sums[here : here + size].copy()
        weights = self.taps.tails * POLES**FEEDBACK
        for k, pole in enumerate(POLES):
            tail = lfilter([1], [1, -pole], np.concatenate([tails[k : k + 1], past[:size]]))
            values += weights[k] * tail[:size]
            tails[k] = tail[size]
        back = self.taps.back()[::-1].copy()
        if known is not None:
            past[FEEDBACK:] = known
            values += np.lib.stride_tricks.sliding_window_view(past, FEEDBACK)[:size] @ back
        else:
            dot = back.dot
            for j, value in enumerate(values.tolist()):
                value += dot(past[j : j + FEEDBACK])
                values[j] = value
                past[FEEDBACK + j] = decide(n + j, value)
        self.y[here : here + size] = values
        return past[FEEDBACK:] - values

    def _track(self, n, size, error, slope, most):
        """Correct the clock by a block's errors."""
        here = BEFORE + n
        at, step = self._at[here], self._step[here]
        self._at[here : here + size] = at + 2 * (1 + step) * np.arange(size)
        self._step[here : here + size] = step
        at += 2 * (1 + step) * size
        if most is None or error @ error < size * most**2:
            late = error @ slope / max(slope @ slope, 0.05 * size)
            late = float(np.clip(late, -MOST_LATE, MOST_LATE)) * size / BLOCK
            slowly = 1.0 if most is None else SLOWLY
            at += slowly * PHASE_GAIN * late
            step += slowly**2 * RATE_GAIN * late / (2 * BLOCK)
        self._at[here + size], self._step[here + size] = at, step

    def solve(self, first, symbols):
        """Solve for taps again where ``symbols`` are known from ``first`` on.

        Returns the deviation that is left.
        """
        here, count = BEFORE + first, len(symbols)
        windows = [
            self.halves(self._at[n], self._step[n], 2 * min(BLOCK, here + count - n))[::2]
            for n in range(here, here + count, BLOCK)
        ]
        before = self.x[max(0, here - MEMORY) : here]
        matrix = np.concatenate([np.concatenate(windows), columns(symbols, before)], 1)
        found, deviation = solve(matrix, symbols)
        self.taps = Taps.of(found)
        return deviation
