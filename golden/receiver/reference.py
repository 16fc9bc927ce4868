"""The analogue modem's receiver in float64 (8.4.4, 8.4.5, 9.3.2/V.90): what golden is held against.

Golden's structure and constants without its formats: a sinc of 120 taps in place of the
interpolator's 12, least squares by :func:`golden.receiver.solver.solve_reference`, taps and clock
that are never rounded and never saturate. What golden does when it loses synchronism is left out.
"""

from dataclasses import dataclass

import numpy as np

from golden.formats import DRIFT_TAP
from golden.pcm.parameters import INTERVALS
from golden.receiver import timing
from golden.receiver.detection import SdDetector
from golden.receiver.equalizer import (
    DRIFT_KEPT,
    DRIFT_STEERED,
    DRIFT_STEP_BITS,
    ERROR_STEP_BITS,
    FEEDBACK,
    FORWARD,
    INPUT_POWER_BITS,
    STEP_BITS,
)
from golden.receiver.slicer import FINE
from golden.receiver.solver import solve_reference
from golden.receiver.timetable import (
    AGAIN,
    FIRST_FRAME,
    FIRST_SYMBOL,
    FREQUENCY_BITS,
    LOOP_BITS,
    SETTLING,
    SKIPPED,
    SOLVING,
    TRAINED,
    TRAINED_AGAIN,
)
from golden.receiver.trainer import TRN1D_SIGNS


@dataclass
class Reference:
    """Data frames decided: ``soft`` and ``value`` ``(n, 6)`` PCM values, ``number`` ``(n,)``.

    ``number`` counts data frames from TRN1d's first, as
    :class:`golden.receiver.decisions.Decisions` does; ``step`` ``(n,)`` is the clock's offset in
    samples a sample.
    """

    soft: np.ndarray
    value: np.ndarray
    number: np.ndarray
    step: np.ndarray


class _Reference:
    def __init__(self, samples, training, data, start, forward, feedback):
        self._samples = np.asarray(samples, np.float64)
        self._training, self._data, self._start = training, data, start
        self._forward, self._feedback = forward, feedback
        found = SdDetector().process(np.asarray(samples, np.int64))
        if found is None:
            raise ValueError("there is no Sd in the samples")
        self._gain = 2.0**found.shift
        self._step = found.step / 2.0**timing.INSTANT_FRACTION
        self._at = found.reversal + FIRST_SYMBOL
        self._at += FIRST_FRAME * timing.HALVES * (1 + self._step)
        # Corrections of the last data frame take effect after the next one is interpolated.
        self._phase = self._frequency = 0.0
        self._rests_until = SKIPPED + TRAINED + SOLVING + SETTLING
        self._levels = training
        self._history, self._past = np.zeros(forward), np.zeros(feedback)
        self._odd = self._drift = self._drift_tap = self._error_tap = 0.0
        # That of the symbol before the data frame, then the frame's.
        self._errors = np.zeros(INTERVALS + 1)
        self._out = []

    def run(self):
        number, last = FIRST_FRAME, len(self._samples) - 10 * timing.TAPS
        again = AGAIN + TRAINED_AGAIN
        recorded, solved = [], None
        while self._at + timing.HALVES * (1 + self._step) < last:
            halves = self._interpolate()
            rows = np.concatenate([self._history, halves])
            self._history = rows[-self._forward :]
            windows = np.lib.stride_tricks.sliding_window_view(rows, self._forward)[1:, ::-1]
            past = self._past
            if number == self._start and self._data is not None:
                self._levels, recorded, solved = self._data, [], None
            if number == again + SOLVING and solved is not None:
                self._taps, solved = solved, None
                self._rests_until = number + SETTLING
            if number < SKIPPED + TRAINED + SOLVING:
                symbols = TRN1D_SIGNS[number] * self._level
                self._past = np.concatenate([symbols[::-1], past])[: self._feedback]
            else:
                symbols = self._decide(windows, number)
            stretch = SKIPPED <= number < SKIPPED + TRAINED
            if stretch or (AGAIN <= number < again and self._levels is self._training):
                recorded.append((windows[::2], _before(symbols, past)))
            number += 1
            if number == SKIPPED + TRAINED:
                self._taps, recorded = self._solve(recorded), []
            elif number == again and recorded:
                solved, recorded = self._solve(recorded), []
        return Reference(*(np.array(column) for column in zip(*self._out, strict=True)))

    @property
    def _level(self):
        return float(self._training.values[0][0])

    def _interpolate(self):
        at = self._at + np.arange(timing.HALVES) * (1 + self._step)
        first = int(at[0]) - 10 * timing.TAPS
        near = self._samples[max(first, 0) : int(at[-1]) + 10 * timing.TAPS]
        halves = timing.interpolate_reference(near, at - max(first, 0)) * self._gain
        self._at += timing.HALVES * (1 + self._step) + self._phase
        self._step += self._frequency
        self._phase = self._frequency = 0.0
        return halves

    def _solve(self, recorded):
        windows = np.concatenate([windows for windows, _ in recorded])
        symbols = np.sign(np.concatenate([symbols for _, symbols in recorded]))
        return solve_reference(windows, symbols, self._level)

    def _decide(self, windows, number):
        forward, feedback = self._taps[: self._forward], self._taps[self._forward :]
        soft = windows @ forward
        odd = np.concatenate([[self._odd], soft[1::2]])
        self._odd = odd[-1]
        past, y, values = self._past, soft[::2], np.empty(INTERVALS)
        y = y.copy()
        errors = self._errors = np.roll(self._errors, 1)
        for i in range(INTERVALS):
            y[i] += self._drift
            growth = self._drift_tap * y[i]
            y[i] += growth / 2 + self._error_tap * errors[i] + feedback @ past
            values[i] = self._nearest(y[i], i)
            errors[i + 1] = values[i] - y[i]
            self._drift *= DRIFT_KEPT * 2.0**-10
            self._drift += growth + DRIFT_STEERED[0] * 2.0**-9 * errors[i + 1]
            past = np.concatenate([values[i : i + 1], past[:-1]])
            if number < self._rests_until:
                self._drift = 0.0
        self._out.append((y, values, number, self._step))
        if number < self._rests_until:
            self._drift_tap = 0.0
        else:
            self._adapt(windows[::2], values - y, np.diff(odd), _before(values, self._past)[:, 1:])
        self._past = past
        return values

    def _nearest(self, y, interval):
        levels = self._levels.values[interval]
        value = min(levels, key=lambda level: abs(abs(y) - level))
        return -value if y < 0 else value

    def _adapt(self, windows, error, slope, values):
        power, training = self._levels.power_bits, self._training.power_bits
        self._drift_tap += error @ values[:, 0] * 2.0 ** (-power - DRIFT_STEP_BITS)
        self._drift_tap = min(max(self._drift_tap, 0.0), 2.0**DRIFT_TAP.integer)
        if error @ error > self._levels.loss / 4:
            return
        self._error_tap += error[1:] @ error[:-1] * 2.0 ** (-power - ERROR_STEP_BITS)
        # Golden's errors are fine ones: FINE bits more than these.
        self._taps = self._taps + np.concatenate(
            [
                error @ windows * 2.0 ** (training - power - STEP_BITS - INPUT_POWER_BITS),
                error @ values * 2.0 ** (-power - STEP_BITS),
            ]
        )
        self._phase = error @ slope * 2.0 ** (FINE - power - LOOP_BITS)
        self._frequency = self._phase * 2.0**-FREQUENCY_BITS


def _before(symbols, past):
    """For each of six symbols itself and those before it, latest first: ``(6, B + 1)``."""
    line = np.concatenate([symbols[::-1], past])
    view = np.lib.stride_tricks.sliding_window_view(line, len(past) + 1)
    return view[INTERVALS - 1 :: -1]


def receive_reference(samples, training, data=None, start=0, forward=FORWARD, feedback=FEEDBACK):
    """What a receiver without rounding decides of ``samples`` (``(n,)``, one line).

    Parameters are those of :class:`golden.receiver.receiver.Receiver`. Sd is found by golden's
    detector: its result is where both begin. Returns :class:`Reference`; ``ValueError`` where there
    is no Sd.
    """
    return _Reference(samples, training, data, start, forward, feedback).run()
