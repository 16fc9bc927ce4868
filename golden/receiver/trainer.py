"""Training of the equaliser: symbols recorded, taps solved, and when they are used (9.3.2/V.90).

Taps are solved twice over TRN1d and Jd. First from symbols that are known, as TRN1d is; then, once
the clock is right, from symbols decided, of which there are more.
"""

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.formats import TRAINING_LEVEL
from golden.pcm.parameters import INTERVALS
from golden.receiver.leastsquares import Correlator, shares
from golden.receiver.solver import Solver
from golden.receiver.timetable import (
    AGAIN,
    SETTLING,
    SKIPPED,
    SOLVING,
    TRAINED,
    TRAINED_AGAIN,
)

# Data frame from which the second solution's taps are there; middle of the stretch that it is from.
_LOADED = AGAIN + TRAINED_AGAIN + SOLVING
_MIDDLE = AGAIN + TRAINED_AGAIN / 2 - 0.5

#: Signs of TRN1d, 1 or -1, by data frame, as far as training knows them.
TRN1D_SIGNS = (
    2
    * Scrambler(GPC)
    .process(np.ones(INTERVALS * (SKIPPED + TRAINED + 2 * SOLVING), np.uint8))
    .astype(np.int64)
    .reshape(-1, INTERVALS)
    - 1
)


class Trainer:
    """Both trainings of lines side by side.

    Parameters
    ----------
    levels : sequence of :class:`~golden.receiver.slicer.Levels`
        TRN1d's, one a line.
    late : sequence of int
        Lines whose first solution takes twice SOLVING data frames.

    ``settling`` (int64, ``(lines,)``): data frames for which the taps rest after a solution.
    """

    def __init__(self, levels, late=()):
        count = len(levels)
        #: TRN1d's PCM value by line.
        self._level = np.array([one.values[0][0] for one in levels], np.int64)
        self._solving = [SOLVING * (1 + (line in late)) for line in range(count)]
        self._recorded, self._solved = [None] * count, [None] * count
        #: Whether all levels since Sd were of one Ucode: it is TRN1d and Jd that were received.
        self._plain = np.ones(count, bool)
        self.settling = np.zeros(count, np.int64)

    def start(self, line):
        """Sd was detected: begin anew."""
        self._recorded[line] = self._solved[line] = None
        self._plain[line] = True

    def other_levels(self, line):
        """Levels of more than one Ucode are used: there is no second solution."""
        self._recorded[line] = self._solved[line] = None
        self._plain[line] = False

    # --- First solution ---------------------------------------------------------------------------

    def process(self, equalizer, lines, number, halves):
        """Take a data frame of TRN1d: half symbols ``(c, 12)`` of ``lines``.

        The equaliser gets samples and symbols, and at last the taps. Returns pairs of a line whose
        training ends and whether its taps are good.
        """
        history, past = equalizer.history[lines], equalizer.past[lines]
        symbols = TRN1D_SIGNS[number] * self._level[lines, None]
        equalizer.history[lines] = np.concatenate([history, halves], 1)[:, -equalizer.forward :]
        equalizer.past[lines] = np.concatenate([symbols[:, ::-1], past], 1)[:, : equalizer.feedback]
        ends = []
        for at, (line, now) in enumerate(zip(lines.tolist(), number.tolist(), strict=True)):
            if SKIPPED <= now < SKIPPED + TRAINED:
                frame = history[at], past[at], halves[at], symbols[at]
                self._record(line, now, (SKIPPED, TRAINED), frame)
            elif now == SKIPPED + TRAINED + self._solving[line] - 1:
                ends.append((line, self._load(line, equalizer)))
        return ends

    # --- Second solution --------------------------------------------------------------------------

    def before(self, equalizer, lines, number):
        """What a data frame of the second training needs of the equaliser before it decides.

        Returns the places in ``lines`` of those whose data frame is part of it, and their samples
        and decisions.
        """
        again = np.flatnonzero(np.abs(number - _MIDDLE) < TRAINED_AGAIN / 2)
        if not len(again):
            return again, (), ()
        return again, equalizer.history[lines[again]], equalizer.past[lines[again]]

    def record_again(self, lines, number, before, halves, values, coasts):
        """Take a data frame decided; ``before``: from :meth:`before`.

        Parameters: half symbols ``(c, 12)``, values ``(c, 6)``, and whether the line coasts, which
        ends its second training.
        """
        for place, history, past in zip(*before, strict=True):
            line = int(lines[place])
            if coasts[place] or not self._plain[line]:
                self._recorded[line] = None
            else:
                frame = history, past, halves[place], values[place]
                self._record(line, int(number[place]), (AGAIN, TRAINED_AGAIN), frame)

    def loaded(self, equalizer, lines, number):
        """Lines whose second solution is used from this data frame on."""
        late = number == _LOADED
        if not late.any():
            return ()
        return [
            line
            for line in lines[late].tolist()
            if self._solved[line] is not None and self._load(line, equalizer)
        ]

    # --- Both -------------------------------------------------------------------------------------

    def _record(self, line, number, stretch, frame):
        """Keep what a solution needs of a data frame; after the stretch's last, solve.

        ``stretch``: its first data frame and how many. ``frame``: samples and decisions that the
        equaliser holds before it, half symbols and values of it.
        """
        first, count = stretch
        history, past, halves, values = frame
        if number == first:
            self._recorded[line] = [history], [past[::-1]]
        if self._recorded[line]:
            samples, symbols = self._recorded[line]
            samples.append(halves)
            symbols.append(values)
            if number == first + count - 1:
                self._recorded[line] = None
                whole = np.concatenate(samples), np.concatenate(symbols)
                self._solved[line] = self._solve(*whole, len(history), len(past), line)

    def _solve(self, samples, symbols, forward, feedback, line):
        level = int(self._level[line])
        windows = np.lib.stride_tricks.sliding_window_view(samples, forward)[1::2, ::-1]
        symbols = shares(symbols, level) / TRAINING_LEVEL
        symbols = np.lib.stride_tricks.sliding_window_view(symbols, feedback + 1)
        matrix = Correlator().process(windows, symbols[:, ::-1])
        return Solver().process(matrix, forward, level)

    def _load(self, line, equalizer):
        """Put the solution into the equaliser if it is good; returns whether it is."""
        forward, drop, feedback, good = self._solved[line]
        self._solved[line] = None
        if good:
            equalizer.forward_taps[line], equalizer.feedback_taps[line] = forward, feedback
            equalizer.drop[line] = drop
            self.settling[line] = SETTLING
        return bool(good)
