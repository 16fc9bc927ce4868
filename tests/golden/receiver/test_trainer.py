"""The trainer: which symbols make which solution, and when it is used (9.3.2)."""

import numpy as np
import pytest

from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import Equalizer
from golden.receiver.timetable import (
    AGAIN,
    FIRST_FRAME,
    SETTLING,
    SKIPPED,
    SOLVING,
    TRAINED,
    TRAINED_AGAIN,
)
from golden.receiver.trainer import TRN1D_SIGNS, Trainer
from golden.signals.training import trn1d
from tests.golden.receiver.support import U_INFO, training_levels

LEVEL = training_levels().values[0][0]
#: A line on half symbols: the symbol's own, then those after it.
LINE = np.array([0.05, 0.4, 1.0, 0.5, -0.2, 0.1])
#: By half symbols, where in the line the symbol is largest.
PEAK = 2
FIRST_END = SKIPPED + TRAINED + SOLVING


def test_signs_are_those_of_trn1d():
    count = len(TRN1D_SIGNS)
    assert count >= SKIPPED + TRAINED + 2 * SOLVING
    expected = np.where(trn1d(U_INFO, INTERVALS * count)[1], 1, -1)
    assert TRN1D_SIGNS.reshape(-1).tolist() == expected.tolist()


class Line:
    """Half symbols of TRN1d over a line without noise, for the lines of a trainer."""

    def __init__(self, lines=1, late=(), frames=AGAIN + TRAINED_AGAIN + SOLVING + 40):
        signs = np.where(trn1d(U_INFO, INTERVALS * frames)[1], 1, -1)
        self.symbols = signs.reshape(-1, INTERVALS)
        halves = np.zeros(2 * len(signs))
        halves[::2] = 2000 * signs
        halves = np.rint(np.convolve(halves, LINE)[PEAK:])
        self.halves = halves[: 2 * len(signs)].reshape(-1, 12).astype(np.int64)
        self.trainer = Trainer([training_levels()] * lines, late)
        self.equalizer = Equalizer(lines, 16, 8)
        for line in range(lines):
            self.trainer.start(line)

    def first(self, last=FIRST_END + SOLVING, halves=None):
        """Ends of the first training: data frame, line and whether it is good."""
        found, lines = [], np.arange(len(self.equalizer.drop))
        halves = self.halves if halves is None else halves
        for number in range(FIRST_FRAME, last):
            wide = np.broadcast_to(halves[number], (len(lines), 12))
            numbers = np.full(len(lines), number)
            ends = self.trainer.process(self.equalizer, lines, numbers, wide)
            found += [(number, *end) for end in ends]
        return found

    def again(self, coasts=(), other=None, sd=None, first=AGAIN - 5):
        """Data frames in which the second solution is used."""
        found, line = [], np.array([0])
        for number in range(first, len(self.halves) - 1):
            now = np.array([number])
            found += [number for _ in self.trainer.loaded(self.equalizer, line, now)]
            if number == other:
                self.trainer.other_levels(0)
            if number == sd:
                self.trainer.start(0)
            before = self.trainer.before(self.equalizer, line, now)
            halves, values = self.halves[None, number], LEVEL * self.symbols[None, number]
            history = np.concatenate([self.equalizer.history, halves], 1)
            past = np.concatenate([values[:, ::-1], self.equalizer.past], 1)
            self.equalizer.history[:] = history[:, -16:]
            self.equalizer.past[:] = past[:, :8]
            coast = np.array([number in coasts])
            self.trainer.record_again(line, now, before, halves, values, coast)
        return found


def errors(line):
    """Errors of the equaliser's taps over a part of TRN1d, in PCM values, as floats."""
    equalizer, found = line.equalizer, []
    halves = line.halves.reshape(-1)
    symbols = LEVEL * line.symbols.reshape(-1)
    forward = (equalizer.forward_taps[0] >> 16) / 2.0 ** (equalizer.drop[0] + 4)
    feedback = (equalizer.feedback_taps[0] >> 16) / 2.0**14
    for k in range(3000, 3200):
        at = 2 * k + 1
        value = forward @ halves[at - 16 : at][::-1] + feedback @ symbols[k - 8 : k][::-1]
        found.append(symbols[k] - value)
    return np.array(found)


def test_the_first_solution_comes_after_its_time_and_is_good():
    line = Line(3, late=(2,))
    assert line.first() == [
        (FIRST_END - 1, 0, True),
        (FIRST_END - 1, 1, True),
        (FIRST_END + SOLVING - 1, 2, True),
    ]
    assert line.trainer.settling.tolist() == [SETTLING] * 3
    assert np.array_equal(line.equalizer.forward_taps[0], line.equalizer.forward_taps[2])
    # 40 dB and more, as there is no noise.
    assert np.sqrt(np.mean(errors(line) ** 2)) < 0.01 * LEVEL


def test_what_is_not_trn1d_is_not_good(rng):
    line = Line()
    noise = rng.integers(-3000, 3000, line.halves.shape)
    assert line.first(halves=noise) == [(FIRST_END - 1, 0, False)]
    assert not line.equalizer.forward_taps.any() and not line.trainer.settling.any()


def test_the_equaliser_has_samples_and_symbols_after_training():
    line = Line()
    line.first(FIRST_END)
    last = line.halves[FIRST_FRAME:FIRST_END].reshape(-1)[-16:]
    assert line.equalizer.history[0].tolist() == last.tolist()
    symbols = LEVEL * line.symbols[:FIRST_END].reshape(-1)[::-1]
    assert line.equalizer.past[0].tolist() == symbols[:8].tolist()


LOADED = AGAIN + TRAINED_AGAIN + SOLVING


def test_the_second_solution_is_of_what_was_decided():
    line = Line()
    assert line.again() == [LOADED]
    assert line.trainer.settling[0] == SETTLING
    assert np.sqrt(np.mean(errors(line) ** 2)) < 0.01 * LEVEL


@pytest.mark.parametrize(
    "options",
    [
        {"coasts": [AGAIN + 5]},
        {"coasts": [AGAIN + TRAINED_AGAIN - 1]},
        {"other": AGAIN - 2},
        {"other": AGAIN + 300},
        {"other": LOADED - 1},
        {"sd": AGAIN + 300},
        {"sd": LOADED - 1},
        {"first": AGAIN + 1},
    ],
)
def test_there_is_no_second_solution(options):
    """Synchronism lost on the way; other levels, or Sd, at any time; its beginning missed."""
    line = Line()
    assert line.again(**options) == []
    assert not line.equalizer.forward_taps.any()


@pytest.mark.parametrize(
    "options", [{"coasts": [AGAIN - 1, LOADED - 40]}, {"other": LOADED + 1}, {"sd": AGAIN}]
)
def test_what_comes_before_or_after_does_not_matter(options):
    assert Line().again(**options) == [LOADED]
