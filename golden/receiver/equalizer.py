"""Equaliser of the analogue modem: fractionally spaced feed-forward, decision feedback.

A data frame at a time: twelve samples of half symbols make six values, each is decided against the
constellation of its data frame interval, and taps move once, at the frame's end, by what the six
errors say (LMS).

A high-pass in the network can switch in during a call, and what it takes away reaches further back
than the taps. One with the pole p and the gain (1 + p) / 2, which is 1 at 4 kHz, makes the feed-
forward part's output v into (1 + p) / 2 times v[n] - (1 - p) (v[n-1] + p v[n-2] + p**2 v[n-3] ...).
So it is undone, whatever the line, by a drift that is added, a leaky sum of past v, which grows by
t v with every symbol, and by a gain of 1 + t / 2: one tap, t, which is 1 - p. The errors of
decisions steer the drift besides, a little as a rule and much in a hurry, without synchronism: then
it follows what the tap has not learnt yet, and the tap learns quickly.

Noise of the requantisation behind such a high-pass passes the line's response as symbols do. Taps
learn slowly to whiten it; till then, an error tells of the next one, and one more tap, times the
last error, takes that away.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from golden.formats import (
    COARSE,
    DRIFT,
    DRIFT_TAP,
    ERROR,
    ERROR_TAP,
    FEEDBACK_TAP,
    FEEDBACK_TAP_USED,
    FORWARD_TAP,
    SLOPE,
    SOFT,
)
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE

#: Taps as a rule; others are possible.
FORWARD, FEEDBACK = 64, 32

#: Step of LMS in bits: 2**-11 of what would cancel an error at once with one tap.
STEP_BITS = 11

#: Steps of the drift's tap in bits, as a rule and in a hurry, and of the errors': 2**-9 and 2**-4
#: with every symbol, and an error's power beside the signal's, which is 36 dB and more above.
DRIFT_STEP_BITS, DRIFT_HURRY_BITS, ERROR_STEP_BITS = 9, 4, 0

#: What of the drift stays for the next symbol, in 2**-10: 15/16, between the poles of high-passes
#: and what forgets a wrong drift soon, which errors do not show where all decisions are off alike.
DRIFT_KEPT = 960

#: What of an error is added to the drift, as a rule and in a hurry, in 2**-9 because an ERROR has a
#: fraction bit more: 1/256, which is noise of less than 0.01 dB, and 5/8.
DRIFT_STEERED = 2, 320

#: Bits of the square of the working level of TRN1d, 2**11.
INPUT_POWER_BITS = 22


@dataclass
class Frame:
    """A data frame's outputs for each line: ``(c, 6)``, but ``slope`` ``(c,)``."""

    ucode: np.ndarray
    value: np.ndarray
    fine: np.ndarray
    error: np.ndarray
    slope: np.ndarray


class Equalizer:
    """Equalisers of lines side by side; ``forward`` and ``feedback`` are their numbers of taps.

    ``forward_taps`` FORWARD_TAP ``(c, F)``, ``drop`` ``(c,)``, ``feedback_taps`` FEEDBACK_TAP
    ``(c, B)`` are what a :class:`golden.receiver.solver.Solver` gives; ``history`` holds the last
    samples ``(c, F)``, oldest first, ``past`` the last values decided ``(c, B)``, latest first.
    ``drift`` DRIFT, ``drift_tap`` DRIFT_TAP and ``error_tap`` ERROR_TAP ``(c,)`` begin with nought.
    """

    def __init__(self, lines=1, forward=FORWARD, feedback=FEEDBACK):
        self.forward, self.feedback = forward, feedback
        # A row has all taps of a line, and those of errors and of the drift: they move together.
        self._taps = np.zeros((lines, forward + feedback + 2), np.int64)
        self.forward_taps, self.feedback_taps = self._taps[:, :forward], self._taps[:, forward:-2]
        self.error_tap, self.drift_tap = self._taps[:, -2], self._taps[:, -1]
        counts = forward, feedback, 1, 1
        self._spans = [slice(a, b) for a, b in pairwise(np.cumsum([0, *counts]))]
        self._least, self._most = np.repeat(_TAP_ENDS, counts, axis=0).T.copy()
        self.drop = np.full(lines, 10, np.int64)
        self.history = np.zeros((lines, forward), np.int64)
        self.past = np.zeros((lines, feedback), np.int64)
        self.drift, self._odd, self._error = np.zeros((3, lines), np.int64)

    def clear(self, line):
        """Forget the samples, decisions and drift of a line."""
        self.history[line] = self.past[line] = self._odd[line] = self._error[line] = 0
        self.drift[line] = self.drift_tap[line] = self.error_tap[line] = 0

    def process(self, halves, slicer, lines, turn, hurry, still, guess=None, known=None):
        """Decide a data frame.

        ``halves`` (``(c, 12)``) are INTERPOLATED, the newest for its first symbol first; ``lines``
        (``(c,)``) the lines that they are of; ``turn`` (``(c,)``) the interval of the first symbol;
        ``hurry`` (``(c,)``, bool) whether errors steer the drift in a hurry; ``still`` (``(c,)``,
        bool) whether there is to be no drift; ``guess`` (``(c,)``, bool): that of
        :class:`golden.receiver.slicer.Levels`; ``known`` (``(c, 6)``): PCM values that symbols are
        known to have, 0 where they are not.

        A symbol's value is the sum of the samples from its newest on times the feed-forward taps,
        shifted by ``drop``, plus the drift; plus the sum of the values before it times the feedback
        taps, of the error before times its tap, and of the first sum times half the drift's tap.
        Sums are rounded half up. The slope is what the feed-forward sum of the half symbol behind
        is above that of the half symbol before; both go through ``drop``.
        """
        samples = np.concatenate([self.history[lines], halves], axis=1).astype(np.float64)
        windows = _windows(samples, self.forward)[:, 1:]
        taps = (self.forward_taps[lines, ::-1] >> 16).astype(np.float64)
        # Sums of whole numbers below 2**53 are exact in float64.
        soft = np.matvec(windows, taps).astype(np.int64)
        drop = self.drop[lines, None]
        soft = _clip((soft + ((1 << drop) >> 1)) >> drop, SOFT)
        odd = np.concatenate([self._odd[lines, None], soft[:, 1::2]], axis=1)
        self._odd[lines] = odd[:, -1]
        slope = _clip((odd[:, 1:] - odd[:, :-1] + (1 << (FINE - 1))) >> FINE, SLOPE)
        soft = soft[:, ::2]
        # Values decided, latest first: the six of this frame, as they come, then those before.
        past = np.zeros((len(soft), INTERVALS + self.feedback))
        past[:, INTERVALS:] = self.past[lines]
        feedback = (self.feedback_taps[lines] >> 16).astype(np.float64)
        drift, drift_tap = self.drift[lines], self.drift_tap[lines] >> 16
        error_tap, steered = self.error_tap[lines] >> 16, _STEERED[hurry.view(np.int8)]
        lacking, quiet = self._error[lines], still.any()
        error = np.empty((len(soft), INTERVALS + 1), np.int64)
        error[:, 0] = lacking
        fine, ucode, value = np.empty((3, *soft.shape), np.int64)
        intervals = (turn + np.arange(INTERVALS)[:, None]) % INTERVALS
        for i, interval in enumerate(intervals):
            at = INTERVALS - i
            back = np.vecdot(feedback, past[:, at : at + self.feedback]).astype(np.int64)
            drifted = _clip(soft[:, i] + (drift << _DRIFT_BITS), SOFT)
            # What the drift grows by, and half of it the symbol itself: one product for both.
            growth = drift_tap * (drifted + _COARSE_HALF >> _COARSE_BITS)
            back += error_tap * lacking
            back += growth
            fine[:, i] = y = _clip(drifted + (back + _HALF >> _BACK_BITS), SOFT)
            ucode[:, i], value[:, i] = slicer.process(y, interval, lines)
            if known is not None:
                value[:, i] = np.where(known[:, i], known[:, i], value[:, i])
            past[:, at - 1] = value[:, i]
            error[:, i + 1] = lacking = _clip((value[:, i] << _FINE) - y, ERROR)
            growth += _KEPT * drift
            growth += steered * lacking
            drift = _clip(growth + _HALF >> _BACK_BITS, DRIFT)
            if quiet:
                drift[still] = 0
        moving = error if guess is None else error * ~guess[:, None]
        self._windows, self._values, self._errors = windows[:, ::2], past, moving
        self.drift[lines], self._error[lines] = drift, lacking
        self.history[lines] = samples[:, INTERVALS * 2 :]
        self.past[lines] = past[:, : self.feedback]
        error = error[:, 1:]
        return Frame(ucode, value, fine, error, (moving[:, 1:] * slope).sum(-1))

    def adapt(self, adapting, power_bits, training_bits, lines, hurry, still):
        """Move the taps by the last frame's errors.

        ``adapting`` (``(c,)``, bool): whether others than the drift's move; ``power_bits``
        (``(c,)``): that of the frame's :class:`golden.receiver.slicer.Levels`; ``training_bits``:
        that of TRN1d; ``hurry``, ``still``: those of :meth:`process`, for the drift's tap.

        Each tap gets the sum of the six errors times its six samples (or values), shifted and
        rounded half up once, and saturates. That of the errors gets the sum of the frame's five
        products of an error and the one before. The drift's gets the sum of errors times the value
        before, and is not below nought: a drift that feeds on itself would not end.
        """
        errors, past = self._errors[:, 1:], self._values
        error = (errors * adapting[:, None]).astype(np.float64)
        change = np.empty((len(lines), self._taps.shape[1]), np.int64)
        forward, feedback, common, drift = (change[:, span] for span in self._spans)
        forward[:, ::-1] = (error[:, None] @ self._windows)[:, 0]
        values = _windows(past, self.feedback)[:, 1 : INTERVALS + 1]
        feedback[...] = (error[:, None, ::-1] @ values)[:, 0]
        common[:, 0] = np.vecdot(errors[:, 1:], errors[:, :-1]) * adapting
        drift[:, 0] = np.vecdot(errors, past[:, INTERVALS:0:-1])
        right = power_bits[:, None] + _TAP_STEPS[hurry.view(np.int8)]
        right[:, 0] -= training_bits + self.drop[lines]
        left, right = np.maximum(-right, 0), np.maximum(right, 0)
        half = (1 << right) >> 1
        for k, span in enumerate(self._spans):
            part = change[:, span]
            part <<= left[:, k, None]
            part += half[:, k, None]
            part >>= right[:, k, None]
        change += self._taps[lines]
        np.maximum(change, self._least, out=change)
        np.minimum(change, self._most, out=change)
        drift[still] = 0
        self._taps[lines] = change


def shifted(x, right):
    """``x`` shifted right (or left, where ``right`` is negative), rounded half up."""
    half = (1 << np.maximum(right, 0)) >> 1
    return ((x << np.maximum(-right, 0)) + half) >> np.maximum(right, 0)


# What follows is arrays, with which NumPy is faster than with numbers.
_ENDS = {form: (np.array(form.min), np.array(form.max)) for form in (DRIFT, ERROR, SLOPE, SOFT)}
# Of feed-forward and feedback taps, the errors' and the drift's, which is not below nought.
_TAP_ENDS = [(form.min, form.max) for form in (FORWARD_TAP, FEEDBACK_TAP, ERROR_TAP)]
_TAP_ENDS.append((0, DRIFT_TAP.max))
# By how much more than the power's bits a sum for each of them is shifted, and that in a hurry.
_TAP_STEPS = np.array(
    [
        (
            STEP_BITS + INPUT_POWER_BITS - 16,
            STEP_BITS + FINE - FEEDBACK_TAP.fraction,
            ERROR_STEP_BITS + 2 * FINE - ERROR_TAP.fraction,
            drift + FINE - DRIFT_TAP.fraction,
        )
        for drift in (DRIFT_STEP_BITS, DRIFT_HURRY_BITS)
    ]
)
_STEERED, _KEPT, _FINE = np.array(DRIFT_STEERED), np.array(DRIFT_KEPT), np.array(FINE)
_DRIFT_BITS = np.array(FINE - DRIFT.fraction)
# From a product of the feedback part to a fine value, and alike from the drift's to a drift.
_BACK_BITS = np.array(FEEDBACK_TAP_USED.fraction - FINE)
_HALF = np.array(1 << (_BACK_BITS - 1))
_COARSE_BITS = np.array(FINE - COARSE.fraction)
_COARSE_HALF = np.array(1 << (_COARSE_BITS - 1))


def _clip(x, form):
    low, high = _ENDS[form]
    return np.minimum(np.maximum(x, low), high)


def _windows(x, length):
    """View ``(c, n - length + 1, length)`` of all stretches of each row."""
    rows, columns = x.shape
    row, column = x.strides
    return np.ndarray((rows, columns - length + 1, length), x.dtype, x, 0, (row, column, column))
