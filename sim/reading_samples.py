"""Recordings of an analogue line: a receiver makes octets of samples, and those are read.

The receiver knows nothing of the call. It trains on TRN1d at a level that is a guess; behind Jd it
decides on the levels of G.711, its taps at rest, but on no others near TRN1d's own, which most of
DIL's symbols have: an offset that decisions followed would grow. Behind R-bar and Ed it learns the
levels of the constellations as they come. Which law and U_INFO make its values G.711's is told by
DIL afterwards.

A client knows what it asked for. With Ja the levels of DIL are told by :mod:`sim.reading_levels`
without decisions; with CPt and CP besides, points are decided on where they arrive.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from golden import g711
from golden.analogue import training_levels
from golden.detection import R_FRAMES, SdDetector
from golden.equalizer import FEEDBACK, Levels
from golden.errors import CallFailed, V90Error
from golden.framing import Follower
from golden.parameters import INTERVALS
from golden.receiver import Kind, Receiver
from golden.sequences import JD
from golden.training import SD, TrainingDecoder, sd, trn1d
from sim import reading, reading_levels, reading_mapping
from sim.line import OCTETS, SAMPLES
from sim.network import nearest

#: U_INFO and law of the level at which the receiver works; they only set its scale.
U_INFO, LAW = 79, "A"

#: U_INFO that may be (Table 10/V.90, and W of Sd).
U_INFOS = range(67, 112)

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

#: Least half steps between codewords, in standard deviations of the noise, that tell the scale, and
#: how many values there must be of them.
TELLING, LEAST_TELLING = 3.0, 60

#: Values (fine) that silence does not exceed.
QUIET = 16 * 400

#: Data frames before DIL that feedback taps reach back to.
BEFORE = -(-FEEDBACK // INTERVALS)

#: Samples from S-bar-d's first to that at which the detector sees the turn.
TURN = 11

#: Share of the best law and U_INFO's misfit that the next best has at least, to be sure.
SURE = 1.15

_NEVER_LOST = 2**32 - 1

#: TRN1d's level alone, with taps at rest.
_SINGLE = Levels(
    training_levels(U_INFO, LAW).values, training_levels(U_INFO, LAW).ucodes, _NEVER_LOST, True
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
    return Levels((values,) * INTERVALS, (row,) * INTERVALS, _NEVER_LOST, True)


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
        tuple(tuple(map(int, _names(row.astype(float)))) for row in rows), _NEVER_LOST, True,
    )  # fmt: skip


class Listener:
    """One training as the receiver hears it: decisions, and what levels it is given when.

    Fields: ``fine`` (float64, ``(n, 6)``, LAW's scale at U_INFO), ``number`` of the data frames
    from TRN1d's first; ``marks``, ``(name, data frame)`` of DIL, R-bar's end and B1d; ``sigma``,
    standard deviation of the noise on that scale; ``found``, a :class:`~sim.reading_levels.Found`
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
                self._told[kind] = replace(levels, lost=_NEVER_LOST)

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
            ucodes = np.array([
                names[np.abs(abs(value) - one).argmin()]
                for value, one, names in zip(row, self._levels, self._names, strict=True)
            ])  # fmt: skip
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


# --- Octets --------------------------------------------------------------------------------------


def scale_of(values, sigma, sure):
    """``(law, U_INFO, factor)`` that make DIL's ``values`` levels of G.711.

    ``values``: in LAW's scale, where TRN1d has U_INFO's level. What is sure to be of TRN1d's level
    tells nothing. None where several do as well.
    """
    level = float(g711.linear(U_INFO, LAW))
    size = np.abs(values.reshape(-1))
    telling = size[(size < OWN[0] * level) | (size > OWN[1] * level)]
    found = []
    for law in g711.LAWS:
        grid = g711.linear(np.arange(128), law).astype(float)
        for u_info in U_INFOS:
            factor = g711.linear(u_info, law) / level
            x = telling * factor
            at = np.clip(np.searchsorted((grid[1:] + grid[:-1]) / 2, x), 1, 126)
            half = np.minimum(grid[at + 1] - grid[at], grid[at] - grid[at - 1]) / 2
            # Where steps are wide beside the noise, levels are in the middle of them.
            use = (half > TELLING * sigma * factor) & (x < grid[-1])
            if np.count_nonzero(use) < LEAST_TELLING:
                continue
            off = np.abs(x - grid[at])[use] / half[use]
            found.append((float(np.mean(off)), law, u_info, float(factor)))
    found.sort()
    if not found or (len(found) > 1 and found[1][0] < sure * found[0][0]):
        return None
    return found[0][1:]


def _regions(listener, end):
    """``(name, first, behind)`` of data frames by what they are decided on."""
    marks = [("TRN1d", 0), *listener.marks, ("end", end)]
    return [(name, first, after) for (name, first), (_, after)
            in zip(marks, marks[1:], strict=False)]  # fmt: skip


def octets_of(listener, law, factor):
    """Data frames from the first that was decided, as octets ``(n, 6)``, and its number.

    TRN1d, Jd, TRN2d, MP and data are those of the levels at which they cluster, DIL and R of the
    nearest codeword.
    """
    numbers = np.concatenate([number for number, _, _ in listener.parts])
    fine = listener.since(0)
    ucodes = np.empty(fine.shape, np.int64)
    nearest_of = g711.ucode(nearest(np.abs(fine) * factor, fine >= 0, law), law)
    own = int(g711.ucode(nearest(np.array([g711.linear(U_INFO, LAW) * factor]), np.ones(1), law),
                         law)[0])  # fmt: skip
    known = dict(listener.points)
    for name, first, behind in _regions(listener, int(numbers[-1]) + 1):
        mine = (numbers >= first) & (numbers < behind)
        ucodes[mine] = nearest_of[mine]
        if name == "TRN1d":
            ucodes[mine] = own
        elif name in ("TRN2d", "B1d"):
            kind = "CPt" if name == "TRN2d" else "CP"
            part = fine[mine]
            stop = _before_r(part)
            # Those that a client asked for are only the first ones.
            points = known.pop(kind, None)
            snap = (_explained(part[:stop], listener.sigma, kind) if points is None
                    else _decided(part[:stop], *points))  # fmt: skip
            if snap is not None:
                places = np.flatnonzero(mine)[:stop]
                ucodes[places] = snap
    return g711.octet(ucodes, fine >= 0, law), int(numbers[0])


def _before_r(fine):
    """Data frames before R that ends them, if there is one; or all."""
    up = (fine >= 0) == np.array([1, 1, 1, 0, 0, 0], bool)
    way = up.all(1).astype(int) - (~up).all(1)
    n = len(way)
    while n and way[n - 1] != 0:
        n -= 1
    return n


def _decided(fine, levels, names):
    """Ucodes (int64, ``(n, 6)``) by ``names`` of the nearest levels."""
    return np.stack([
        names[i][np.abs(np.abs(fine[:, i, None]) - np.array(row)).argmin(1)]
        for i, row in enumerate(levels.values)
    ], axis=1).astype(np.int64)  # fmt: skip


def _explained(fine, sigma, kind):
    """Ucodes of clusters for which there are mapping parameters, or None."""
    for gap in GAPS:
        ucodes = snapped(fine, sigma, gap)
        if ucodes is None:
            continue
        if reading_mapping.find(kind, ucodes, (fine >= 0).astype(np.uint8), LAW) is not None:
            return ucodes
    return None


def read(samples, law=None, ja=None, given=None, progress=lambda done, total: None):
    """:class:`~sim.reading.Reading` of samples of a line (int64 within 16 bits, 16 kHz).

    ``law``: of the codec at the exchange, None: as DIL tells. ``ja`` and ``given`` as in
    :func:`sim.reading.read`; with both, points are those until a renegotiation. Times are those of
    octets, two samples each.

    Raises :class:`~golden.errors.CallFailed` where the receiver finds no Sd or no taps.
    """
    heard = listen(samples, ja, given, False, progress)
    if not heard:
        raise CallFailed(reading.NOTHING)
    marks = [name for _, listener in heard for name, _ in listener.marks]
    if "DIL" in marks and "TRN2d" not in marks and ja is None:
        # An offset has grown in DIL until nothing was heard any more.
        again = listen(samples, None, given, True, progress)
        if any(name == "TRN2d" for _, listener in again for name, _ in listener.marks):
            heard = again
    whole, noises, measured = np.zeros(0, np.uint8), [], []
    for turn, listener in heard:
        if listener.sigma is None:
            errors = np.concatenate([error for _, _, error in listener.parts])
            listener.sigma = float(np.sqrt(np.median((errors[-NOISE:] ** 2).mean(0))))
        begun = dict(listener.marks).get("DIL")
        found = told = None
        if listener.found is not None:
            told = listener.found.impairments
            found = told.law_out, U_INFO, 1 / told.gain
        elif begun is not None and not listener.deaf and ja is None:
            behind = next((n for name, n in listener.marks if name == "TRN2d"), None)
            values = listener.since(begun)[: None if behind is None else behind - begun]
            found = scale_of(values, listener.sigma, SURE)
        # What Ja tells is surer than who says which law it is.
        sure = found is not None and (told is not None or law in (None, found[0]))
        own, u_info, factor = found if sure else (law or LAW, U_INFO, 1.0)
        if own != LAW and not sure:
            factor = float(g711.linear(U_INFO, own) / g711.linear(U_INFO, LAW))
        octets, first = octets_of(listener, own, factor)
        if told is not None:
            u_info = int(g711.ucode(octets[0, :1], own)[0])
        # TRN1d's beginning, before there were taps, and Sd are filled in as they are sent.
        head = [g711.octet(*sd(u_info), own), g711.octet(*trn1d(u_info, first * INTERVALS), own)]
        # What was decided of the next Sd, before it was told, was no data.
        begin = max(0, round(turn * OCTETS / SAMPLES) - SD * INTERVALS)
        silence = np.full(max(0, begin - len(whole)), g711.octet(0, 1, own), np.uint8)
        whole = np.concatenate([whole[:begin], silence, *head, octets.reshape(-1)])
        snr = 20 * np.log10(float(g711.linear(U_INFO, LAW)) / max(listener.sigma, 1e-3))
        noises.append((snr, sure))
        measured.append(told)
    with_network = next((one.found for _, one in heard if one.found is not None), None)
    if given and with_network is not None:
        given = {kind: with_network.arriving(one) for kind, one in given.items()}
        given = {kind: one for kind, one in given.items() if one is not None}
    found = reading.read(whole, own, ja, given, [snr for snr, _ in noises], measured)
    found.samples = len(samples)
    lost = heard[0][1].deaf or (ja is not None and with_network is None)
    for training, (snr, sure) in zip(found.trainings, noises, strict=False):
        training.remarks = [
            f"TRN1d has an SNR of {snr:.1f} dB behind the equaliser.",
            "Sd and TRN1d's first 0.3 s, before there were taps, are filled in as they are sent.",
        ]  # fmt: skip
        if lost:
            training.remarks.append(
                "DIL's symbols are lost, as the line passes no DC and it is not known what was "
                "asked for: --ja tells it." if ja is None else
                "DIL's symbols are lost: they are not what was asked for, or too few."
            )
        if not sure:
            training.remarks.append(
                "DIL does not tell law and U_INFO: Ucodes are told as if they were "
                f"{own} and {U_INFO}."
            )
    return found
