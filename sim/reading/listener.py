"""A receiver of an analogue line that listens to a start-up: decisions, and levels given when.

It trains on TRN1d at a level that is a guess; behind Jd it decides on the levels of G.711, its taps
at rest, but on no others near TRN1d's own, which most of DIL's symbols have: an offset that
decisions followed would grow. Behind R-bar and Ed it learns the levels of constellations as they
come.

A client knows what it asked for. With Ja the levels of DIL are told by :mod:`sim.reading.levels`
without decisions; with CPt and CP besides, points are decided on where they arrive.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.detection import SdDetector
from golden.receiver.equalizer import FEEDBACK
from golden.receiver.framing import Follower
from golden.receiver.receiver import Receiver
from golden.receiver.reversal import R_FRAMES
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind
from golden.receiver.training import TrainingDecoder
from golden.receiver.training_levels import NEVER_LOST, training_levels
from golden.signals.sequences import JD
from sim.reading import levels as reading_levels
from sim.reading import mapping as reading_mapping
from sim.world.network import nearest

#: U_INFO and law of the level at which the receiver works; they only set its scale.
U_INFO, LAW = 79, "A"

#: Samples that the receiver takes at once, 24 ms; where R may come, of which there are 32 data
#: frames, 6 ms; those of a data frame, where one counts.
PIECE, SHORT, FRAME = 384, 96, 12

#: Pieces in which the first Jd is looked for.
HELD = 12

#: Data frames of TRN1d behind training whose errors tell the noise.
NOISE = 128

#: Shares of TRN1d's level between which there are no other levels in DIL.
OWN = 0.88, 1.13

#: Data frames of TRN2d after which levels are told, and from which on the mapping parameters are.
TRN2D, SECOND = (32, 96, 340, 510, 680, 1020, 2040), 340

#: Standard deviations of the noise between neighbours that are two levels.
GAPS = (4.0, 3.0, 5.0)

#: The same between a point that came and one that may; and most points of a constellation that can
#: be told.
APART, MOST_POINTS = 7.0, 100

#: Data frames of data after which its points are learnt, again and again.
DATA = (48, 96, 192, 400, 800, 1600, 3200)

#: Values (fine) that silence does not exceed.
QUIET = 16 * 400

#: Data frames before DIL that feedback taps reach back to.
BEFORE = -(-FEEDBACK // INTERVALS)

#: Samples from S-bar-d's first to that at which the detector sees the turn.
TURN = 11

#: TRN1d's level alone, with taps at rest.
_SINGLE = Levels(
    training_levels(U_INFO, LAW).values, training_levels(U_INFO, LAW).ucodes, NEVER_LOST, True
)


def _grid(own):
    """Levels of G.711; with ``own`` none near TRN1d's but that itself."""
    levels = g711.linear(np.arange(128), LAW)
    ucodes = np.arange(128)
    if own:
        level = g711.linear(U_INFO, LAW)
        near = (levels > OWN[0] * level) & (levels < OWN[1] * level) & (ucodes != U_INFO)
        ucodes = ucodes[~near]
    row = tuple(int(u) for u in ucodes)
    values = tuple(int(levels[u]) for u in ucodes)
    return Levels((values,) * INTERVALS, (row,) * INTERVALS, NEVER_LOST, True)


def clusters(values, sigma, gap):
    """Levels (float64) of magnitudes, apart by more than ``gap`` times ``sigma``."""
    ordered = np.sort(values)
    parts = np.split(ordered, np.flatnonzero(np.diff(ordered) > gap * sigma) + 1)
    return np.array([part.mean() for part in parts])


def snapped(fine, sigma, gap):
    """Ucodes ``(n, 6)`` in LAW of the levels that magnitudes ``fine`` cluster at; or None."""
    ucodes = np.empty(fine.shape, np.int64)
    for i, column in enumerate(np.abs(fine).T):
        centres = clusters(column, sigma, gap)
        if len(centres) > 128:
            return None
        names = _names(centres)
        ucodes[:, i] = names[np.abs(column[:, None] - centres).argmin(1)]
    return ucodes


def _names(centres):
    """A Ucode for each level, ascending: the nearest that is free."""
    own = g711.ucode(nearest(centres, np.ones(len(centres), np.uint8), LAW), LAW).astype(np.int64)
    for k in range(1, len(own)):
        own[k] = max(own[k], own[k - 1] + 1)
    return np.minimum(own, np.arange(128 - len(own), 128))


def _learnt(rows):
    """:class:`Levels` at these values, six arrays, with Ucodes that only tell them apart."""
    rows = [np.unique(np.clip(np.rint(one), 0, 32767).astype(int)) for one in rows]
    return Levels(
        tuple(tuple(map(int, row)) for row in rows),
        tuple(tuple(map(int, _names(row.astype(float)))) for row in rows),
        NEVER_LOST,
        True,
    )


class Listener:
    """One training as the receiver hears it: decisions, and what levels it is given when.

    Fields: ``fine`` (float64, ``(n, 6)``, LAW's scale at U_INFO), ``number`` of the data frames
    from TRN1d's first; ``marks``, ``(name, data frame)`` of DIL, R-bar's end and B1d; ``sigma``,
    standard deviation of the noise on that scale; ``found``, a :class:`~sim.reading.levels.Found`
    or None; ``points``, levels and Ucodes at the codec by kind, CPt and CP, where they are known.
    """

    def __init__(self, receiver, samples, ja=None, given=None, deaf=False):
        self.receiver, self.samples, self.ja = receiver, samples, ja
        self.given, self.deaf = given or {}, deaf
        self.parts, self.marks, self.sigma = [], [], None
        self.found, self.points, self._sure, self._told = None, {}, None, {}
        self._bits, self._held, self.piece = TrainingDecoder(), [], PIECE
        self._state, self._trn2d, self._follower, self._due = "TRN1d", None, None, ()
        self._trained = False

    def event(self, number, kind):
        """Something that the receiver tells."""
        if kind is Kind.TRAINED:
            self._trained = True
        elif kind is Kind.R and self._state in ("DIL", "data"):
            if self._state == "DIL":
                self._sure = min(self._sure or number, number - R_FRAMES)
                # An offset that grew in DIL goes, with decisions on Ri's one level.
                self.receiver.switch(training_levels(U_INFO, LAW), number)
                self.piece = FRAME
            else:
                # Behind a renegotiation there are other points.
                self._told = {}
                self.receiver.arm(self._levels_of("CPt"))
            self._state = "R"
        elif kind is Kind.DATA and self._state == "R":
            self.receiver.arm(self._levels_of("CPt"))
        elif kind is Kind.SWITCHED:
            self.marks.append(("TRN2d", number))
            self._state, self._trn2d, self._due = "TRN2d", number, TRN2D
            self.piece = SHORT
            if "CPt" in self._told:
                levels = self._told["CPt"]
                self._await_ed(self.given["CPt"], levels.values, levels.ucodes)

    def take(self, decisions):
        """Data frames decided; those before there are taps belong to what was before."""
        if not self._trained:
            return
        if self._state in ("TRN2d", "MP", "data") and not (abs(decisions.fine) > QUIET).any():
            # A retrain begins with silence.
            self.receiver.ignore_sd(False)
        self.parts.append((decisions.number, decisions.fine / 16, decisions.error / 16))
        now = int(decisions.number[-1]) + 1
        if self._state == "R" and self._sure is not None:
            self.measure(self._sure)
            self._sure = None
        if self._state == "TRN1d":
            found, _ = self._bits.process(decisions.sign)
            self._held = [*self._held[-HELD:], found.reshape(-1)]
            if self._bits.dil is not None:
                errors = np.concatenate([error for _, _, error in self.parts])
                self.sigma = float(np.sqrt(np.median((errors[-NOISE:] ** 2).mean(0))))
                # Decisions on one level are bounded, whatever comes: nothing grows.
                passed = self.deaf or self.ja is not None
                self.receiver.switch(_SINGLE if passed else _grid(True), now)
                self.receiver.ignore_sd(True)
                self.marks.append(("DIL", now))
                self._state, self.piece = "DIL", SHORT
            elif self.piece == PIECE and JD.find(np.concatenate(self._held)):
                # DIL's first data frame may be any from now on.
                self.piece = FRAME
        elif self._state == "DIL" and (self.deaf or self.ja is not None):
            self._follow_r(now)
        elif self._state == "TRN2d" and self._due and now >= self._trn2d + self._due[0]:
            self._learn(now)
        elif self._state == "MP":
            self._follow(decisions.fine / 16, now)
        elif self._state == "data" and self._due and now >= self.marks[-1][1] + self._due[0]:
            self._due = self._due[1:]
            self._give(self.since(self.marks[-1][1]), now)

    def _follow_r(self, now):
        """Decisions that are none may go on so in R: see to it that they do not."""
        if now < dict(self.marks)["DIL"] + reading_levels.ALIKE + 1:
            return
        level = int(g711.linear(U_INFO, LAW))
        way = reading_levels.way_of_r(self.receiver, self.samples, level, self.sigma)
        if way:
            reading_levels.follow_r(self.receiver, way, level)
            self._sure = self._sure or now - reading_levels.ALIKE - reading_levels.REACH

    def measure(self, sure=None):
        """Take DIL apart where it is known what was asked for.

        ``sure``: a data frame that is R's, or may be; None: DIL goes on.
        """
        begun = dict(self.marks).get("DIL")
        if self.ja is None or begun is None:
            return
        number, fine, error = (np.concatenate(one) for one in zip(*self.parts, strict=True))
        level = float(g711.linear(U_INFO, LAW))
        before = np.where(fine[number < begun][-BEFORE:].reshape(-1) >= 0, level, -level)
        self.found = reading_levels.find(
            self.receiver, self.samples, self.ja, before, begun, sure, self.sigma
        )
        if self.found is None:
            return
        values = self.found.values
        fine[number >= begun] = values[: np.count_nonzero(number >= begun)]
        self.parts = [(number, fine, error)]
        for kind, parameters in self.given.items():
            with suppress(V90Error):
                levels, words = self.found.levels(parameters)
                self.points[kind] = levels, words
                self._told[kind] = replace(levels, lost=NEVER_LOST)

    def finish(self):
        """The recording is over."""
        if self._state == "DIL":
            self.measure()

    def _levels_of(self, kind):
        """What to decide on where points of CPt or CP come."""
        if kind in self._told:
            return self._told[kind]
        if self.found is None:
            return _grid(False)
        law_out, gain = self.found.impairments.law_out, self.found.impairments.gain
        rows = np.unique(np.rint(g711.linear(np.arange(128), law_out) * gain).astype(int))
        return _learnt([rows] * INTERVALS)

    def _await_ed(self, parameters, levels, names):
        """TRN2d and MP have points of ``parameters``, at these levels with these Ucodes."""
        self._state, self.piece = "MP", FRAME
        self._follower = Follower(parameters, self._trn2d)
        self._levels, self._names = (list(map(np.array, one)) for one in (levels, names))

    def since(self, first):
        """Values of the data frames from number ``first`` on."""
        values = np.concatenate([fine for _, fine, _ in self.parts])
        numbers = np.concatenate([number for number, _, _ in self.parts])
        return values[numbers >= first]

    def _learn(self, now):
        """Levels of TRN2d, and with enough of it the mapping parameters."""
        fine = self.since(self._trn2d)
        self._due = self._due[1:]
        if len(fine) < SECOND:
            self._give(fine, now)
            return
        for gap in GAPS:
            ucodes = snapped(fine, self.sigma, gap)
            mapping = ucodes is not None and reading_mapping.find(
                "CPt", ucodes, (fine >= 0).astype(np.uint8), LAW
            )
            if mapping:
                levels = [clusters(column, self.sigma, gap) for column in np.abs(fine).T]
                self._await_ed(mapping.parameters, levels, map(_names, levels))
                self.receiver.switch(_learnt(levels), now)
                self._follow(fine, now)
                return
        self._give(fine, now)

    def _give(self, fine, now):
        """Levels that came; points that did not yet are any that are no neighbours of these."""
        levels = [clusters(column, self.sigma, GAPS[0]) for column in np.abs(fine).T]
        grid = g711.linear(np.arange(128), LAW).astype(float)
        rows = [
            np.union1d(one, [x for x in grid if np.abs(one - x).min() > APART * self.sigma])
            for one in levels
        ]
        if max(map(len, levels)) <= MOST_POINTS and max(map(len, rows)) <= 128:
            self.receiver.switch(_learnt(rows), now)

    def _follow(self, fine, now):
        for row in fine:
            ucodes = np.array(
                [
                    names[np.abs(abs(value) - one).argmin()]
                    for value, one, names in zip(row, self._levels, self._names, strict=True)
                ]
            )
            if self._follower.process(ucodes, row >= 0):
                self.receiver.switch(self._levels_of("CP"), now)
                self.marks.append(("B1d", now))
                self._state, self.piece = "data", SHORT
                self._due = () if "CP" in self._told else DATA
                return


def listen(samples, ja=None, given=None, deaf=False, progress=lambda done, total: None):
    """Pairs ``(S-bar-d's sample, Listener)``, one for each Sd, of samples (int64, 16 kHz).

    ``deaf``: whether DIL is passed over, with decisions that are none. ``ja`` and ``given`` as in
    :func:`read`.
    """
    receiver, detector = Receiver(training_levels(U_INFO, LAW)), SdDetector()
    heard, at, reversal = [], 0, 0
    while at < len(samples):
        progress(at, len(samples))
        part = samples[at : at + (heard[-1][1].piece if heard else PIECE)]
        rest = part
        while len(rest):
            before = detector.taken
            found = detector.process(rest)
            rest = rest[detector.taken - before :]
            reversal = found.reversal - TURN if found else reversal
        decisions = receiver.process(part)
        at += len(part)
        for number, kind in decisions.events:
            if kind is Kind.DETECTED:
                heard.append((reversal, Listener(receiver, samples, ja, given, deaf)))
            elif heard:
                heard[-1][1].event(number, kind)
        if heard and len(decisions.number):
            heard[-1][1].take(decisions)
    heard = [one for one in heard if one[1].parts]
    if heard:
        heard[-1][1].finish()
    return heard
