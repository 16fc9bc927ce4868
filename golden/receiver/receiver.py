"""The analogue modem's receiver: samples of the A/D to signed Ucodes (8.4.4, 8.4.5, 9.3.2/V.90).

It waits for Sd. Sd gives the level and the clock, S-bar-d the start of TRN1d. From 1944 symbols of
TRN1d it solves for the equaliser's taps. Then it decides data frame after data frame, first on
TRN1d's two levels, later on those of the mapping parameters, and says which decisions are good.
"""

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.receiver.decisions import by_line
from golden.receiver.detection import SdSearch
from golden.receiver.equalizer import FEEDBACK, FORWARD, Equalizer
from golden.receiver.reversal import R_BAR_FRAMES, RDetector
from golden.receiver.sampler import Sampler
from golden.receiver.schedule import Schedule
from golden.receiver.slicer import Levels, Slicer
from golden.receiver.synchronism import Synchronism
from golden.receiver.timetable import FIRST_FRAME, Kind, State
from golden.receiver.trainer import Trainer
from golden.receiver.training import DilReferences

# NumPy compares with plain numbers faster.
_SEARCH, _TRAIN, _COAST = int(State.SEARCH), int(State.TRAIN), int(State.COAST)


class Receiver:
    """Receivers side by side, one a line: from samples to :class:`Decisions`.

    A detection of Sd starts a line anew, whatever it was doing. Samples before the detection still
    belong to that. Levels that wait are forgotten then, but for ``data``.

    ``process(samples)``: int64 within 16 bits, ``(lines, n)`` or a list of ``(n,)`` for each line,
    where n may differ, or ``(n,)`` for one line. Returns a list of
    :class:`~golden.receiver.decisions.Decisions`, one for each line, or one. Calls in pieces give
    what one call gives.

    Parameters
    ----------
    training : Levels, or one per line
        TRN1d's one level as it arrives, the same for all intervals.
    data : Levels, or one per line, optional
        Levels from data frame ``start`` (counted from TRN1d's first) on, as with :meth:`switch`
        after each detection of Sd, until other levels are given.
    start : int
    lines : int
    forward, feedback : int
        Numbers of taps.
    late : sequence of int, optional
        Lines whose first solution takes twice SOLVING data frames, because others came before them
        to a solver that they share. They do without the second one.

    A start-up gives more levels, per line: :meth:`switch` from a data frame on, :meth:`arm` after
    the next R-bar, :meth:`after_ed` after Ed, which :meth:`follow` has the receiver look for. A
    receiver keeps two sets of levels: those in use and those that wait. Levels that are given take
    the place of others that wait.

    ``state`` (``(lines,)``) is a :class:`~golden.receiver.timetable.State` each.

    Its parts, each for all lines: SdSearch finds Sd, Sampler keeps samples and clock, Trainer has
    the taps solved, Equalizer and Slicer decide, Synchronism judges, Schedule has the levels to
    come, DilReferences the symbols of DIL that are known, RDetector finds R and its reversal.
    """

    def __init__(
        self, training, data=None, start=0, lines=1, forward=FORWARD, feedback=FEEDBACK, late=()
    ):
        def each(levels):
            return [levels] * lines if isinstance(levels, Levels | None) else list(levels)

        self.lines, self.forward, self.feedback = lines, forward, feedback
        self.training, self.data, self.start, self._late = each(training), each(data), start, late
        self._training_bits = np.array([levels.power_bits for levels in self.training])
        self.state, self._number, self._turn = np.zeros((3, lines), np.int64)
        #: Of this piece: data frames decided, and events by line.
        self._decided, self._events = [], []
        self.reset()

    def reset(self):
        """All lines search, and know nothing."""
        self.equalizer = Equalizer(self.lines, self.forward, self.feedback)
        self.state[:], self._number[:], self._turn[:] = _SEARCH, 0, 0
        self._search = SdSearch(self.lines)
        self._sampler = Sampler(self.lines)
        self._trainer = Trainer(self.training, self._late)
        self._schedule = Schedule(self.data, self.start)
        self._synchronism = Synchronism(self.lines)
        self._references = DilReferences()
        self._reversals = RDetector(self.lines)
        self._slicer = Slicer(self.training)

    def process(self, samples):
        """See the class."""
        one = isinstance(samples, np.ndarray) and samples.ndim == 1
        rows = [np.asarray(row, np.int64) for row in ([samples] if one else samples)]
        self._sampler.append(rows)
        self._search.process(rows)
        self._decided, self._events = [], [[] for _ in range(self.lines)]
        self._decide()
        while found := self._search.take():
            for line, detection in found:
                self._restart(line, detection)
            self._decide()
        self._sampler.forget(self.state != _SEARCH)
        results = by_line(self._decided, self._events)
        return results[0] if one else results

    def _decide(self):
        """Decide all data frames that are complete, of each line up to its next detection."""
        limit = self._search.limit(self._sampler.ends)
        while (ready := self._sampler.ready(limit) & (self.state != _SEARCH)).any():
            self._frame(np.flatnonzero(ready))

    def _restart(self, line, detection):
        """Begin with TRN1d after a detection of Sd."""
        self.state[line] = _TRAIN
        self._number[line], self._turn[line] = FIRST_FRAME, 0
        self._sampler.start(line, detection)
        self._trainer.start(line)
        self._synchronism.start(line)
        self._references.forget(line)
        self._reversals.reset(line)
        self._schedule.restart(line)
        self.equalizer.clear(line)
        self._slicer = self._slicer.changed(line, self.training[line])
        self._event(line, Kind.DETECTED)

    def _event(self, line, kind):
        self._events[line].append((int(self._number[line]), kind))

    # --- Requests ---------------------------------------------------------------------------------

    def turn(self, symbols, line=0):
        """From the next data frame on, take its first symbol for one ``symbols`` intervals later.

        For slips of octets in the network, which nothing but the decoded data may show.
        """
        self._turn[line] = (self._turn[line] + symbols) % INTERVALS

    def switch(self, levels, frame, line=0):
        """Decide on ``levels`` from data frame ``frame`` on, or from the next one if that is past.

        The event DATA has the first data frame. The second solution of TRN1d goes on while levels
        are :attr:`~golden.receiver.slicer.Levels.single`.
        """
        self._schedule.switch(line, levels, frame)

    def arm(self, levels, line=0):
        """Decide on ``levels`` after the next R-bar (8.6.4); None: no levels wait any more.

        The event SWITCHED has the first data frame, R_BAR after R-bar's first.
        """
        self._schedule.arm(line, levels)

    def follow(self, parameters, line=0):
        """Decode from the next R-bar with armed levels on, which are those of ``parameters``.

        TRN2d and MP come there, and Ed ends them (8.6.2, 8.6.3).
        """
        self._schedule.follow(line, parameters)

    def after_ed(self, levels, line=0):
        """Decide on ``levels`` from the data frame after Ed on, B1d's first (8.6.1, 8.6.2).

        The event ED has its number, with or without levels that wait.
        """
        self._schedule.after_ed(line, levels)

    def ignore_sd(self, ignore, line=0):
        """Whether a detection of Sd is to be passed over: Rd and a long Ri have Sd's period."""
        self._search.deaf[line] = ignore

    def held(self, line=0):
        """The next data frame's first instant (``2**-32`` of a sample), the clock's offset, number.

        And the left shift of the level. While levels are a guess the clock goes on so.
        """
        sampler = self._sampler
        own = (int(one[line]) for one in (sampler.step, self._number, sampler.shift))
        return sampler.next_instant(line), *own

    def know(self, descriptor, levels, first, line=0):
        """DIL by ``descriptor`` begins with data frame ``first``: its reference symbols are known.

        ``levels`` (int64 ``(6, 2)``): PCM values of the reference by interval, in data frames with
        even and odd numbers. Decisions on all levels of G.711 would follow any offset that a line
        without DC leaves to them; known symbols end it. ``descriptor`` None: no symbols are known.
        """
        self._references.know(line, descriptor, levels, first)

    # --- A data frame -----------------------------------------------------------------------------

    def _frame(self, lines):
        halves = self._sampler.process(lines)
        self._synchronism.hear(lines, halves)
        training = self.state[lines] == _TRAIN
        if training.any():
            self._train(lines[training], halves[training])
            lines, halves = lines[~training], halves[~training]
        if len(lines):
            self._track(lines, halves)

    def _train(self, lines, halves):
        ends = self._trainer.process(self.equalizer, lines, self._number[lines], halves)
        self._number[lines] += 1
        for line, good in ends:
            self.state[line] = State.TRACK if good else State.SEARCH
            self._event(line, Kind.TRAINED if good else Kind.FAILED)

    def _track(self, lines, halves):
        number = self._number[lines]
        self._use_what_is_due(lines, number)
        before = self._trainer.before(self.equalizer, lines, number)
        turn, settling = self._turn[lines], self._trainer.settling[lines] > 0
        coasts = self.state[lines] == _COAST
        still = settling | (coasts & self._synchronism.is_still(lines))
        frame = self.equalizer.process(
            halves,
            self._slicer,
            lines,
            turn,
            coasts,
            still,
            self._slicer.guess[lines],
            self._references.process(lines, number),
        )
        self._trainer.record_again(lines, number, before, halves, frame.value, coasts)
        self._adapt(lines, frame, coasts, settling, still)
        self._decided.append(
            (
                lines,
                frame.fine,
                frame.error,
                frame.ucode,
                number,
                ~coasts,
                turn,
                self._synchronism.slow[lines],
                self._sampler.step[lines],
            )
        )
        for which, state, kind in self._synchronism.process(
            lines, coasts, self._slicer.loss[lines]
        ):
            for line in which.tolist():
                self.state[line] = state
                self._event(line, kind)
        self._listen(lines, number, frame)
        self._number[lines] += 1
        self._trainer.settling[lines] -= settling

    def _use_what_is_due(self, lines, number):
        """Before a data frame: levels, the second solution's taps, levels after Ed."""
        for line, levels, kind in self._schedule.due(lines, number):
            self._use(line, levels)
            self._event(line, kind)
        for line in self._trainer.loaded(self.equalizer, lines, number):
            self._event(line, Kind.TRAINED)
        for line, levels in self._schedule.ended(lines):
            if levels is not None:
                self._use(line, levels)
            self._event(line, Kind.ED)

    def _use(self, line, levels):
        self._slicer = self._slicer.changed(line, levels)
        if not levels.single:
            self._trainer.other_levels(line)
        if levels.guess:
            self._sampler.hold(line)
        self._synchronism.forget_errors(line)

    def _adapt(self, lines, frame, coasts, settling, still):
        """Move taps and clock by a data frame's errors, and add them to their means."""
        squares = frame.error * frame.error
        energy = squares.sum(-1)
        bits = self._slicer.power_bits[lines]
        # Six errors with twice the mean square at which synchronism is lost do not come from the
        # taps. At an error rate of 10**-6 noise alone makes such a sum once in 100 000 data frames.
        adapting = (energy >> 8 <= self._slicer.loss[lines] >> 2) & ~settling
        self.equalizer.adapt(adapting, bits, self._training_bits[lines], lines, coasts, still)
        self._sampler.correct(lines, frame.slope * adapting, bits)
        self._synchronism.take(lines, squares, energy, ~settling)

    def _listen(self, lines, number, frame):
        """Look for R and its reversal, and for Ed on lines that are followed."""
        signs = frame.fine >= 0
        sure, turned = self._reversals.frames(signs, lines)
        for line in lines[sure].tolist():
            self._event(line, Kind.R)
        for place in np.flatnonzero(turned):
            line, first = int(lines[place]), int(number[place]) - (R_BAR_FRAMES - 1)
            self._events[line].append((first, Kind.REVERSAL))
            self._schedule.hear_reversal(line, first)
        self._schedule.process(lines, number, frame.ucode, signs)
