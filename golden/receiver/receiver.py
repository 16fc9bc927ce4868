"""The analogue modem's receiver: samples of the A/D to signed Ucodes (8.4.4, 8.4.5, 9.3.2/V.90).

It waits for Sd, takes level and clock from it and the start of TRN1d from S-bar-d, solves for the
equaliser's taps over 1944 symbols of TRN1d, and from then on decides data frame after data frame,
first on TRN1d's two levels, then on those of the mapping parameters. What it cannot decide it says.
"""

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.formats import TRAINING_LEVEL
from golden.pcm.parameters import INTERVALS
from golden.receiver import timing
from golden.receiver.decisions import by_line
from golden.receiver.detection import SdDetector
from golden.receiver.equalizer import FEEDBACK, FORWARD, Equalizer, shifted
from golden.receiver.framing import Follower
from golden.receiver.leastsquares import Correlator, shares
from golden.receiver.reversal import R_BAR_FRAMES, RDetector
from golden.receiver.schedule import _Waiting
from golden.receiver.slicer import Levels, Slicer
from golden.receiver.solver import Solver
from golden.receiver.timetable import (
    AGAIN,
    FAST_BITS,
    FIRST,
    FIRST_SYMBOL,
    FREQUENCY_BITS,
    GRACE,
    LOOP_BITS,
    PATIENCE,
    QUIET,
    RATE_BITS,
    SETTLING,
    SKIPPED,
    SLOW_BITS,
    SOLVING,
    STILL_BIT,
    TRAINED,
    TRAINED_AGAIN,
    Kind,
    State,
)
from golden.signals.training import R_BAR, DilSequencer, dil_lengths


class Receiver:
    """Receivers side by side, one a line.

    Parameters
    ----------
    training : Levels, or one per line
        TRN1d's one level as it arrives, the same for all intervals.
    data : Levels, or one per line, optional
        Levels from data frame ``start`` (counted from TRN1d's first) on: :meth:`switch` after each
        detection of Sd, until other levels are given.
    start : int
    lines : int
    forward, feedback : int
        Numbers of taps.
    late : sequence of int, optional
        Lines whose first solution takes twice SOLVING data frames, because others came before them
        to a solver that they share. They do without the second one.

    What a start-up needs besides, per line: :meth:`switch`, :meth:`arm` and :meth:`after_ed` give
    the levels to come, at a data frame, behind the next R-bar, or behind Ed, which :meth:`follow`
    has it look for. A receiver keeps two tables, that in use and one that waits: levels that are
    given take the place of others that wait.

    ``process(samples)``: int64 within 16 bits, ``(lines, n)``, or ``(n,)`` for one line; returns a
    list of :class:`Decisions`, one for each line, or one. Calls in pieces give what one call gives.

    A detection of Sd starts a line anew, whatever it was doing; samples up to the detection's count
    for what it was doing. What waits is forgotten, but for ``data``.
    """

    def __init__(
        self, training, data=None, start=0, lines=1, forward=FORWARD, feedback=FEEDBACK, late=()
    ):
        def each(levels):
            return [levels] * lines if isinstance(levels, Levels | None) else list(levels)

        self.lines, self.forward, self.feedback = lines, forward, feedback
        self.training, self.data, self.start = each(training), each(data), start
        self._solving = [SOLVING * (1 + (k in late)) for k in range(lines)]
        self.reset()

    def reset(self):
        """All lines search, and know nothing."""
        n = self.lines
        self.equalizer = Equalizer(n, self.forward, self.feedback)
        self.state = np.full(n, State.SEARCH)
        self._interpolator = timing.Interpolator()
        self._detectors = [SdDetector() for _ in range(n)]
        self._detections = [[] for _ in range(n)]
        self._samples, self._origin = np.zeros((n, 0), np.int64), 0
        self._limit = np.zeros(n, np.int64)
        self._at, self._step, self._shift, self._number = np.zeros((4, n), np.int64)
        self._pending, self._rate = np.zeros((2, n), np.int64), np.zeros(n, np.int64)
        self._dil, self._deaf = {}, np.zeros(n, bool)
        self._fast, self._loud, self._coasting = np.zeros((3, n), np.int64)
        self._slow = np.zeros((n, INTERVALS), np.int64)
        self._turn, self._settling = np.zeros((2, n), np.int64)
        self._recorded, self._solved = [None] * n, [None] * n
        #: Whether all levels since Sd were of one Ucode: it is TRN1d and Jd that were received.
        self._plain = np.ones(n, bool)
        self._r = RDetector(n)
        self._waiting, self._due = [None] * n, np.full(n, _NEVER)
        self._given = list(self.data)
        self._to_follow, self._followed, self._ended = [None] * n, {}, {}
        for k in range(n):
            self._expect(k)
        self._levels = list(self.training)
        self._training_bits = np.array([levels.power_bits for levels in self.training])
        self._change()

    def _change(self):
        self._slicer = Slicer(self._levels)
        self._power_bits = np.array([levels.power_bits for levels in self._levels])
        self._loss = np.array([levels.loss for levels in self._levels])
        self._guess = np.array([levels.guess for levels in self._levels])

    def process(self, samples):
        """See the class."""
        samples = np.asarray(samples, np.int64)
        rows = np.atleast_2d(samples)
        self._samples = np.concatenate([self._samples, rows], axis=1)
        end = self._origin + self._samples.shape[1]
        for k, row in enumerate(rows):
            self._detect(k, row)
        self._out = []
        self._events = [[] for _ in range(self.lines)]
        while True:
            for k, found in enumerate(self._detections):
                self._limit[k] = found[0][0] if found else end
            ready = self._ready()
            if ready.any():
                self._frame(ready)
                continue
            waiting = [k for k, found in enumerate(self._detections) if found]
            if not waiting:
                break
            for k in waiting:
                self._restart(k, self._detections[k].pop(0)[1])
        self._forget(end)
        results = by_line(self._out, self._events)
        return results[0] if samples.ndim == 1 else results

    def _detect(self, k, row):
        detector = self._detectors[k]
        begin = detector.taken
        while detector.taken < begin + len(row):
            found = detector.process(row[detector.taken - begin :])
            if found is not None and not self._deaf[k]:
                self._detections[k].append((detector.taken, found))

    def _ready(self):
        """Lines whose next data frame's samples are all there."""
        one = (1 << timing.INSTANT_FRACTION) + self._step
        last = (self._at + (timing.HALVES - 1) * one) >> timing.INSTANT_FRACTION
        enough = last < self._limit - (timing.TAPS - timing.BEFORE)
        return enough & (self.state != _SEARCH)

    def _forget(self, end):
        busy = self.state != State.SEARCH
        oldest = (self._at[busy] >> timing.INSTANT_FRACTION) - 16
        keep = max(self._origin, min([end - 256, *oldest]))
        self._samples = self._samples[:, keep - self._origin :]
        self._origin = keep

    def _restart(self, k, found):
        self.state[k] = State.TRAIN
        one = (1 << timing.INSTANT_FRACTION) + found.step
        start = (found.reversal + FIRST_SYMBOL) << timing.INSTANT_FRACTION
        self._at[k] = start + FIRST * timing.HALVES * one
        self._step[k], self._shift[k], self._number[k] = found.step, found.shift, FIRST
        self._pending[:, k] = 0
        self._rate[k] = found.step << RATE_BITS
        self._dil.pop(k, None)
        self._fast[k] = self._loud[k] = self._coasting[k] = 0
        self._slow[k] = 0
        self._turn[k] = 0
        self._recorded[k] = self._solved[k] = None
        self._plain[k] = True
        self._r.reset(k)
        self._to_follow[k] = None
        self._followed.pop(k, None)
        self._ended.pop(k, None)
        self._expect(k)
        self.equalizer.clear(k)
        self._levels[k] = self.training[k]
        self._change()
        self._event(k, Kind.DETECTED)

    def _event(self, k, kind):
        self._events[k].append((int(self._number[k]), kind))

    def turn(self, symbols, line=0):
        """From the next data frame on, take its first symbol for one ``symbols`` intervals later.

        For slips of octets in the network, which nothing but the decoded data may show.
        """
        self._turn[line] = (self._turn[line] + symbols) % INTERVALS

    # Levels to come -------------------------------------------------------------------------------

    def _expect(self, k):
        self._await(k, self._given[k] and _Waiting(self._given[k], Kind.DATA, self.start))

    def _await(self, k, waiting):
        self._waiting[k] = waiting
        known = waiting is not None and waiting.frame is not None
        self._due[k] = waiting.frame if known else _NEVER

    def _give(self, k, levels, kind, frame=None):
        self._given[k] = None
        self._await(k, None if levels is None else _Waiting(levels, kind, frame))

    def switch(self, levels, frame, line=0):
        """Decide on ``levels`` from data frame ``frame`` on, or from the next one if that is past.

        The event DATA tells the first data frame. The second solution of TRN1d goes on while levels
        are :attr:`~golden.receiver.slicer.Levels.single`.
        """
        self._give(line, levels, Kind.DATA, frame)

    def arm(self, levels, line=0):
        """Decide on ``levels`` from behind the next R-bar on (8.6.4); None: nothing waits any more.

        The event SWITCHED tells the first data frame, R_BAR behind R-bar's first.
        """
        self._give(line, levels, Kind.SWITCHED)
        if levels is None:
            self._to_follow[line] = None

    def follow(self, parameters, line=0):
        """Decode from the next R-bar with armed levels on, which are those of ``parameters``.

        TRN2d and MP come there, and Ed ends them (8.6.2, 8.6.3).
        """
        self._to_follow[line] = parameters

    def after_ed(self, levels, line=0):
        """Decide on ``levels`` from the data frame behind Ed on, B1d's first (8.6.1, 8.6.2).

        The event ED tells which it is, with or without levels that wait.
        """
        self._give(line, levels, Kind.ED)

    def ignore_sd(self, ignore, line=0):
        """Whether a detection of Sd is to be passed over: Rd and a long Ri have Sd's period."""
        self._deaf[line] = ignore

    def held(self, line=0):
        """The next data frame's first instant (Q32 of a sample), the clock's offset, its number.

        And the left shift of the level. While levels are a guess the clock goes on so.
        """
        return tuple(int(one[line]) for one in (self._at, self._step, self._number, self._shift))

    def know(self, descriptor, levels, first, line=0):
        """DIL by ``descriptor`` begins with data frame ``first``: its reference symbols are known.

        ``levels`` ``(6, 2)``: PCM values of the reference by interval, in data frames with even and
        odd numbers. Decisions on all levels of G.711 would
        follow any offset that a line without DC leaves to them; known symbols end it. None: no
        more.
        """
        if descriptor is None:
            self._dil.pop(line, None)
            return
        symbols = DilSequencer(descriptor)
        symbols = symbols.process(int(dil_lengths(descriptor).sum()))
        self._dil[line] = first, symbols, np.asarray(levels, np.int64)

    def _known(self, lines, number):
        """Values of a data frame's known symbols ``(c, 6)``, 0 where none is; or None."""
        if not self._dil:
            return None
        known = np.zeros((len(lines), INTERVALS), np.int64)
        for at, k in enumerate(lines.tolist()):
            if k not in self._dil or number[at] < self._dil[k][0]:
                continue
            first, symbols, levels = self._dil[k]
            place = (int(number[at]) - first) * INTERVALS % len(symbols.signs)
            for i in range(INTERVALS):
                if not symbols.training[place + i]:
                    value = levels[i, number[at] & 1]
                    known[at, i] = value if symbols.signs[place + i] else -value
        return known

    # A data frame ---------------------------------------------------------------------------------

    def _frame(self, ready):
        lines = np.flatnonzero(ready)
        halves = self._interpolate(lines)
        self._loud[lines] += np.abs(halves).sum(-1) - (self._loud[lines] >> FAST_BITS)
        training = self.state[lines] == _TRAIN
        if training.any():
            self._train(lines[training], halves[training])
            lines, halves = lines[~training], halves[~training]
        if len(lines):
            self._track(lines, halves)

    def _interpolate(self, lines):
        at = timing.instants(self._at[lines], self._step[lines])
        whole = (at >> timing.INSTANT_FRACTION) - self._origin
        windows = self._samples[lines[:, None, None], whole[..., None] + _OFFSETS]
        shift = self._shift[lines, None]
        halves = self._interpolator.process(windows, at & _FRACTION_MASK, shift)
        one = (1 << timing.INSTANT_FRACTION) + self._step[lines]
        self._at[lines] += timing.HALVES * one + self._pending[0, lines]
        self._step[lines] += self._pending[1, lines]
        self._pending[:, lines] = 0
        return halves

    def _train(self, lines, halves):
        equalizer, number = self.equalizer, self._number[lines]
        history, past = equalizer.history[lines], equalizer.past[lines]
        symbols = TRN1D[number] * np.array([[self._level(k)] for k in lines.tolist()])
        equalizer.history[lines] = np.concatenate([history, halves], axis=1)[:, -self.forward :]
        equalizer.past[lines] = np.concatenate([symbols[:, ::-1], past], axis=1)[:, : self.feedback]
        for at, (k, now) in enumerate(zip(lines.tolist(), number.tolist(), strict=True)):
            if SKIPPED <= now < SKIPPED + TRAINED:
                self._record(
                    k, now, (SKIPPED, TRAINED), history[at], past[at], halves[at], symbols[at]
                )
        self._number[lines] += 1
        for k, now in zip(lines.tolist(), number.tolist(), strict=True):
            if now == SKIPPED + TRAINED + self._solving[k] - 1:
                good = self._load(k)
                self.state[k] = State.TRACK if good else State.SEARCH
                self._event(k, Kind.TRAINED if good else Kind.FAILED)

    def _level(self, k):
        return self.training[k].values[0][0]

    def _record(self, k, number, stretch, history, past, halves, values):
        """Keep what training needs of a data frame; after the stretch's last, solve.

        ``stretch`` is its first data frame and how many; ``history`` and ``past`` are the
        equaliser's before this one, whose samples and decisions are ``halves`` and ``values``.
        """
        first, count = stretch
        if number == first:
            self._recorded[k] = [history], [past[::-1]]
        if self._recorded[k] and first <= number < first + count:
            samples, symbols = self._recorded[k]
            samples.append(halves)
            symbols.append(values)
            if number == first + count - 1:
                self._recorded[k] = None
                self._solved[k] = self._solve(np.concatenate(samples), np.concatenate(symbols), k)

    def _solve(self, samples, symbols, k):
        windows = np.lib.stride_tricks.sliding_window_view(samples, self.forward)[1::2, ::-1]
        symbols = shares(symbols, self._level(k)) / TRAINING_LEVEL
        symbols = np.lib.stride_tricks.sliding_window_view(symbols, self.feedback + 1)
        matrix = Correlator().process(windows, symbols[:, ::-1])
        return Solver().process(matrix, self.forward, self._level(k))

    def _load(self, k):
        """Put the solution into the equaliser and tell whether it is good; else leave it."""
        forward, drop, feedback, good = self._solved[k]
        self._solved[k] = None
        if good:
            equalizer = self.equalizer
            equalizer.forward_taps[k], equalizer.feedback_taps[k] = forward, feedback
            equalizer.drop[k] = drop
            self._settling[k] = SETTLING
        return bool(good)

    def _track(self, lines, halves):
        number, state = self._number[lines], self.state[lines]
        self._switch(lines, number)
        again = np.flatnonzero(np.abs(number - _MIDDLE) < TRAINED_AGAIN / 2)
        if len(again):
            before = self.equalizer.history[lines], self.equalizer.past[lines]
        turn = self._turn[lines]
        coasting = state == _COAST
        settling = self._settling[lines] > 0
        still = settling | (coasting & (self._coasting[lines] >> STILL_BIT & 1 > 0))
        frame = self.equalizer.process(
            halves,
            self._slicer,
            lines,
            turn,
            coasting,
            still,
            self._guess[lines],
            self._known(lines, number),
        )
        for at in again:
            k = int(lines[at])
            if state[at] == _COAST or not self._plain[k]:
                self._recorded[k] = None
                continue
            self._record(
                k,
                int(number[at]),
                (AGAIN, TRAINED_AGAIN),
                before[0][at],
                before[1][at],
                halves[at],
                frame.value[at],
            )
        squares = frame.error * frame.error
        energy = squares.sum(-1)
        loss, bits = self._loss[lines], self._power_bits[lines]
        # Six errors with twice the mean square at which synchronism is lost tell of something else
        # than taps; at an error rate of 10**-6 noise alone does that once in 100 000 data frames.
        adapting = (energy >> 8 <= loss >> 2) & ~settling
        self.equalizer.adapt(adapting, bits, self._training_bits[lines], lines, coasting, still)
        # The error is what is lacking: where it goes with the slope, the instants are early.
        slope, right = frame.slope * adapting, bits - timing.INSTANT_FRACTION + LOOP_BITS
        self._rate[lines] += self._step[lines] - (self._rate[lines] >> RATE_BITS)
        self._pending[0, lines] = shifted(slope, right)
        self._pending[1, lines] = shifted(slope, right + FREQUENCY_BITS)
        self._slow[lines] += squares - (self._slow[lines] >> SLOW_BITS)
        self._fast[lines] += energy * ~settling - (self._fast[lines] >> FAST_BITS)
        self._out.append(
            (
                lines,
                frame.fine,
                frame.error,
                frame.ucode,
                number,
                ~coasting,
                turn,
                self._slow[lines],
                self._step[lines],
            )
        )
        self._watch(lines, coasting, loss)
        self._listen(lines, number, frame)
        self._number[lines] += 1
        self._settling[lines] -= settling

    def _switch(self, lines, number):
        """What is due before a data frame: levels, the second solution's taps, levels behind Ed."""
        due = (number >= self._due[lines]) | (number == _LOADED)
        if due.any():
            for at in np.flatnonzero(number >= self._due[lines]):
                k = int(lines[at])
                waiting = self._waiting[k]
                self._await(k, None)
                self._put(k, waiting.levels)
                self._event(k, waiting.kind)
            for at in np.flatnonzero(number == _LOADED):
                k = int(lines[at])
                if self._solved[k] is not None and self._load(k):
                    self._event(k, Kind.TRAINED)
        for k in [k for k in lines.tolist() if k in self._ended]:
            levels = self._ended.pop(k)
            if levels is not None:
                self._put(k, levels)
            self._event(k, Kind.ED)

    def _put(self, k, levels):
        self._levels[k] = levels
        if not levels.single:
            self._recorded[k] = self._solved[k] = None
            self._plain[k] = False
        if levels.guess:
            self._step[k], self._pending[:, k] = self._rate[k] >> RATE_BITS, 0
        # Errors against other levels tell nothing.
        self._fast[k] = 0
        self._change()

    def _listen(self, lines, number, frame):
        """R and its reversal; Ed on lines that are followed."""
        sure, turned = self._r.frames(frame.fine >= 0, lines)
        for at in np.flatnonzero(sure):
            self._event(int(lines[at]), Kind.R)
        for at in np.flatnonzero(turned):
            self._reversed(int(lines[at]), int(number[at]) - (R_BAR_FRAMES - 1))
        if not self._followed:
            return
        for at, k in enumerate(lines.tolist()):
            follower = self._followed.get(k)
            if follower is None or number[at] < follower.first:
                continue
            if follower.process(frame.ucode[at], frame.fine[at] >= 0):
                del self._followed[k]
                waiting = self._waiting[k]
                self._ended[k] = None
                if waiting is not None and waiting.kind is Kind.ED:
                    self._ended[k] = waiting.levels
                    self._await(k, None)

    def _reversed(self, k, first):
        """R-bar's first data frame is ``first``."""
        self._events[k].append((first, Kind.REVERSAL))
        waiting = self._waiting[k]
        if waiting is None or waiting.kind is not Kind.SWITCHED or waiting.frame is not None:
            return
        waiting.frame = first + R_BAR
        self._await(k, waiting)
        # What was followed before has ended without an Ed.
        self._followed.pop(k, None)
        if self._to_follow[k] is not None:
            self._followed[k] = Follower(self._to_follow[k], waiting.frame)
            self._to_follow[k] = None

    def _watch(self, lines, coasting, loss):
        fast = self._fast[lines] >> 8
        quiet = self._loud[lines] >> FAST_BITS < QUIET
        disturbed = ~coasting & ((fast > loss) | quiet)
        if not (disturbed.any() or coasting.any()):
            return
        back = coasting & (fast <= loss >> 1) & ~quiet
        self._coasting[lines] = np.where(coasting, self._coasting[lines] + 1, 0)
        still = coasting & ~back
        given_up = still & (self._coasting[lines] == PATIENCE)
        for which, state, kind in (
            (disturbed, State.COAST, Kind.DISTURBED),
            (still & (self._coasting[lines] == GRACE), State.COAST, Kind.LOST),
            (back, State.TRACK, Kind.RECOVERED),
            (given_up, State.SEARCH, Kind.GIVEN_UP),
        ):
            for k in lines[which]:
                self.state[k] = state
                self._event(int(k), kind)


# Data frame from which the second solution's taps are there; middle of the stretch that it is from.
_LOADED = AGAIN + TRAINED_AGAIN + SOLVING
_MIDDLE = AGAIN + TRAINED_AGAIN / 2 - 0.5
# A data frame that never comes.
_NEVER = np.int64(1) << 62
# NumPy compares with plain numbers faster.
_SEARCH, _TRAIN, _COAST = int(State.SEARCH), int(State.TRAIN), int(State.COAST)
_OFFSETS = np.arange(-timing.BEFORE + 1, timing.TAPS - timing.BEFORE + 1)
_FRACTION_MASK = (1 << timing.INSTANT_FRACTION) - 1
#: Signs of TRN1d, as far as training knows it, by data frame.
TRN1D = (
    2
    * Scrambler(GPC)
    .process(np.ones(INTERVALS * (SKIPPED + TRAINED + 2 * SOLVING), np.uint8))
    .astype(np.int64)
    .reshape(-1, INTERVALS)
    - 1
)
