"""A start-up and its data heard on an analogue line: which levels symbols are decided on, and when.

TRN1d's signs are known, and Jd has its levels. DIL is decided on G.711's. TRN2d is ones scrambled
from zero, so the signs give D and Sr, and the known bits give the label of each symbol: the mean of
a label's values is its level, whatever law, pad or high-pass there is. B1d and data are decided on
codewords, until clusters show which of them there are.

A client knows what it asked for. With Ja the levels of DIL come from :mod:`sim.reading.levels`;
with CPt and CP besides, points are decided on where they arrive.
"""

from dataclasses import dataclass

import numpy as np

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS
from golden.receiver.framing import Follower
from golden.receiver.training import TrainingDecoder
from golden.signals.training import R_BAR
from sim.reading import levels as reading_levels
from sim.reading import mapping
from sim.reading.points import (
    LAW,
    MOST_LEVELS,
    U_INFOS,
    UCHORD,
    Rows,
    Scale,
    clusters,
    codewords,
    dil_levels,
    scale_of,
)
from sim.reading.symbols import BLOCK, KNOWN, trn1d_signs
from sim.reading.taps import PERIOD

#: Deviations of the noise up to which a block's errors correct the clock, where decisions are
#: doubtful.
DOUBTFUL = 1.6

#: How far sizes are from TRN1d's, and the share of a block's symbols, that are not TRN1d nor Jd.
OTHER, MANY = 0.2, 0.25

#: Data frames around the end of TRN1d in which B1d may begin.
AROUND = 9

#: Symbols of DIL and data that are run at once.
STRETCH = 20 * BLOCK

#: Mean size of values below which a line is silent, and symbols that it is taken over.
SILENT, SILENCE = 0.1, 480

#: The same of DIL, which may ask for the smallest levels, one after the other.
DIL_SILENT, DIL_SILENCE = 0.01, 8000

#: Data frames of R that must be there, share by which its levels may differ, and mean square by
#: which sums may depart from it: a network's high-pass turns R by 2 degrees, which is -27 dB.
LEAST_R, ALIKE, LIKE_R = 16, 0.3, 0.01

#: Standard deviations of the noise by which symbols of R may depart, and symbols by which it may
#: begin earlier than is seen at once.
DEPARTS, EARLIER = 3.0, 300

#: Symbols in which feedback of R dies out.
MEMORY = 600

#: Factor by which TRN2d's noise exceeds TRN1d's where taps are to be solved for again; rounds in
#: which levels of ones are learnt, and symbols more than levels that B1d must have.
WORSE, ROUNDS, FREE = 1.5, 20, 50

#: Symbols of TRN2d on which laws and U_INFO are tried, where DIL did not show them.
TRIED = 600

#: Standard deviations of the noise between a point that came and one that may still come.
APART = 7.0

#: Standard deviations of the noise within which values are near a point, and the share of those
#: that should be, below which the points are others.
NEAR, LOST = 2.5, 0.75

#: Data frames of data after which its points are learnt, again and again.
DATA = 48, 96, 192, 400, 800, 1600, 3200

#: Signs of R.
_R = np.array([1.0, 1, 1, -1, -1, -1])


@dataclass
class Span:
    """Symbols from ``first`` to ``last``, that one left out, which were decided on the same levels.

    ``name``: TRN1d (and Jd), DIL, R, TRN2d (and MP), B1d (and data), or rest. ``rows``:
    :class:`~sim.reading.points.Rows`, None where there is no constellation.
    """

    name: str
    first: int
    last: int
    rows: Rows | None = None


class Listener:
    """One training, from TRN1d to the next silence or the recording's end.

    :meth:`hear` fills ``spans``. ``scale``: law and U_INFO by DIL or TRN2d, or None; ``found``: a
    :class:`~sim.reading.levels.Found` of a DIL whose Ja is known, or None; ``end``, the symbol
    behind all that was heard.

    Parameters
    ----------
    symbols : Symbols, trained
    ja, given : as those of :func:`sim.reading.samples.read`
    """

    def __init__(self, symbols, ja=None, given=None):
        self.symbols, self.ja, self.given = symbols, ja, given or {}
        self.spans, self.scale, self.found, self.end = [], None, None, 0
        self.deviation, self._dil_on = symbols.deviation, None

    @property
    def law_and_u_info(self):
        """Law and U_INFO that levels are taken to be of."""
        scale = self.scale or Scale()
        return scale.law, scale.u_info

    def frames(self, first, last):
        """Values of the whole data frames between two symbols, ``(n, 6)``."""
        last -= (last - first) % INTERVALS
        return self.symbols.y[self.symbols.part(first, last)].reshape(-1, INTERVALS)

    def hear(self):
        """Hear everything up to a silence or the recording's end."""
        for _ in range(2):
            self.spans = []
            self._hear()
            if self.scale is None or self.found is not None or self._dil_on == self.law_and_u_info:
                return
            # Now that law and U_INFO are known, DIL can be decided.
            self.deviation = self.symbols.deviation

    def _hear(self):
        at, dil = self._trn1d()
        first = None if dil else self._b1d_behind(at)
        self._add("TRN1d", 0, at if first is None else first)
        turn = self._dil(at) if dil else None if first is None else self._data(first)
        while turn is not None:
            turn = self._after_r(*turn)

    def _add(self, name, first, last, rows=None):
        self.spans.append(Span(name, first, last, rows))
        self.end = last

    def _any(self, first):
        """All codewords as levels; symbol ``first`` is in interval 0."""
        return Rows.alike(codewords(*self.law_and_u_info), first)

    def _silent(self, end, count=SILENCE, size=SILENT):
        return np.abs(self.frames(max(0, end - count), end)).mean() < size

    def _by_sign(self, n, value):
        """Decide a symbol of TRN1d's level."""
        level = self.symbols.levels[n % PERIOD]
        return level if value >= 0 else -level

    # TRN1d, Jd -----------------------------------------------------------------------------------

    def _trn1d(self):
        """The symbol behind Jd', and whether that was heard; else behind what is like TRN1d."""
        symbols, bits = self.symbols, TrainingDecoder()
        known = trn1d_signs(KNOWN) * symbols.level(0, KNOWN)
        at = symbols.run(0, KNOWN, known=known)
        bits.process(self.frames(0, at) >= 0)
        while bits.dil is None and at + BLOCK <= symbols.count:
            end = symbols.run(at, at + BLOCK, self._by_sign)
            frames = self.frames(at, end)
            bits.process(frames >= 0)
            off = np.abs(np.abs(frames.reshape(-1)) - symbols.level(at, end))
            if np.mean(off > OTHER) > MANY:
                break
            at = end
        return (at, False) if bits.dil is None else (bits.dil * INTERVALS, True)

    def _b1d_behind(self, at):
        """The symbol at which B1d begins, where TRN1d ends about symbol ``at``; or None.

        That is a call whose ends know their mapping parameters, and do without Jd and DIL.
        """
        begin, last = at - AROUND * INTERVALS, at + (AROUND + B1D_FRAMES) * INTERVALS
        if begin < KNOWN or last > self.symbols.count:
            return None
        self.symbols.run(
            begin, last, self._any(begin).decider(self.deviation), most=DOUBTFUL * self.deviation
        )
        return mapping.find_b1d(self.frames(begin, last) >= 0, begin)

    # DIL, Ri -------------------------------------------------------------------------------------

    def _dil(self, first):
        """Hear DIL from symbol ``first`` on; the place of Ri as :meth:`_turn`, or None."""
        end, turn = self._pass_dil(first)
        if self.ja is not None:
            self.found = reading_levels.find(self.symbols, self.ja, first, end, turn is not None)
        if self.found is not None:
            self.scale = Scale(*self.found.law_and_u_info)
        else:
            levels = dil_levels(*self.law_and_u_info)
            sizes = np.abs(self.frames(first, end).reshape(-1))
            below, above = levels[levels < 1].max(), levels[levels > 1].min()
            found = scale_of(sizes[(sizes < below) | (sizes > above)], self.deviation)
            self.scale = self.scale or found
            if self.scale == found and found is not None:
                decide = self._dil_rows(first).decider(self.deviation)
                self.symbols.run(first, end, decide, most=DOUBTFUL * self.deviation)
        self._dil_on = self.law_and_u_info
        self._add("DIL", first, end)
        return turn

    def _pass_dil(self, first):
        """The symbol behind DIL, and the place of Ri or None."""
        known = None if self.ja is None else reading_levels.guess(self.ja)
        most = DOUBTFUL * self.deviation
        return self._until_r(first, self.symbols.count, self._dil_rows(first), most, known)

    def _dil_rows(self, first):
        """:class:`Rows` that DIL may have; near TRN1d's level only that itself."""
        others = dil_levels(*self.law_and_u_info)
        return Rows([np.union1d(others, [own]) for own in self.symbols.levels], first)

    def _until_r(self, first, last, rows, most=None, known=None):
        """Run symbols on ``rows``; the symbol behind them, and the place of an R that ends them.

        ``known``: one period of symbols that come again and again, in place of decisions.

        None in its place where a silence or ``last`` ends them. ``most`` as in
        :meth:`~sim.reading.symbols.Symbols.run`.
        """
        symbols, at, begin = self.symbols, first, first
        decide, last = rows.decider(self.deviation), min(last, symbols.count)
        while at < last:
            stop, sent = min(at + STRETCH, last), None
            if known is not None:
                sent = known[np.arange(at - first, stop - first) % len(known)]
            at = symbols.run(at, stop, decide, sent, most)
            turn, begin = self._find_r(begin, at)
            if turn is not None:
                return turn[0], turn
            if self._silent(at) if most is None else self._silent(at, DIL_SILENCE, DIL_SILENT):
                break
        return at, None

    def _find_r(self, first, last):
        """Place of R between two symbols, ``(first, R-bar's first, behind it)``, or None.

        And the symbol from which on to look for it when more symbols have come. The sums of the
        feed-forward taps show R without a decision, for wrong ones may last: their period is R's.
        """
        sums = self.symbols.sums[self.symbols.part(first, last)]
        window = LEAST_R * INTERVALS
        if len(sums) < window + R_BAR * INTERVALS:
            return None, first
        both = sums[3:] + sums[:-3]
        left = _moving(both**2, window) - _moving(both, window) ** 2
        like = left < LIKE_R * _moving(sums[3:] ** 2, window)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], like.astype(np.int8), [0]])))
        for begin, end in edges.reshape(-1, 2):
            begin, end = first + int(begin) + 3, first + int(end) + window + 2
            behind = end + (R_BAR + 2) * INTERVALS
            if behind > last:
                return None, begin - window
            turn = self._turn(begin, behind)
            if turn is not None:
                return turn, first
        return None, max(first, last - 2 * window)

    def _turn(self, at, last):
        """Decide R from symbol ``at`` on; its place as :meth:`_find_r`, or None."""
        symbols = self.symbols
        turn = np.exp(-1j * np.pi / 3 * np.arange(MEMORY))
        sums = symbols.sums[symbols.part(at, at + LEAST_R * INTERVALS)]
        gain = abs(1 - symbols.taps.back(MEMORY) @ np.append(turn[1:], turn[0] * 0))
        level = abs(sums @ turn[: len(sums)]) / abs(np.resize(_R, len(sums)) @ turn[: len(sums)])
        level /= gain
        part = symbols.part(at, last)
        decided = symbols.x[part].copy()
        symbols.run(at, last, lambda _, y: level if y >= 0 else -level, most=0)
        turn = find_turn(symbols.y[part], at)
        if turn is not None:
            # What comes before R was decided before.
            symbols.x[symbols.part(at, turn[0])] = decided[: turn[0] - at]
        return turn

    # Behind R ------------------------------------------------------------------------------------

    def _after_r(self, first, turned, end):
        """Hear R, TRN2d, MP, Ed, B1d and data; the place of the next R, or None."""
        before = self.spans[-1]
        is_ri = before.name == "DIL"
        first = self._begin_of_r(first, turned, end, is_ri, before.first)
        self._r(first, turned, end, is_ri)
        self.symbols.forget(first, end)
        before.last = first
        self._add("R", first, end)
        learnt = self._trn2d(end)
        if learnt is None:
            self._add("rest", end, self.symbols.count)
            return None
        at, ed = self._mp(end, *learnt)
        self._add("TRN2d", end, at, self._points(end, at))
        return self._data(at) if ed else None

    def _begin_of_r(self, first, turned, end, is_ri, least):
        """R's first symbol: what was decided before its symbols were known may pass for others."""
        symbols, begin = self.symbols, max(least, first - EARLIER)
        decided, found = symbols.x[symbols.part(begin, end)].copy(), first
        for at in range(first, begin, -INTERVALS):
            symbols.x[symbols.part(begin, end)] = decided
            self._r(at, turned, end, is_ri)
            if symbols.departure(at, first + LEAST_R * INTERVALS) < DEPARTS * self.deviation:
                found = at
        symbols.assume(begin, decided)
        return found

    def _r(self, first, turned, end, is_ri):
        """Take R for what it is: Ri has TRN1d's level, and other levels are the same turned."""
        symbols, count = self.symbols, (end - first) // INTERVALS
        signs = np.resize(_R, (count, INTERVALS))
        signs[(turned - first) // INTERVALS :] *= -1
        if self.symbols.y[self.symbols.part(turned, turned + 1)] > 0:
            signs *= -1
        frames = (end - turned) // INTERVALS
        for _ in range(ROUNDS):
            sizes = np.abs(self.frames(turned - frames * INTERVALS, end))
            turns = sizes.reshape(2, frames // 2, 2, INTERVALS).mean((0, 1))
            level = np.resize(turns if self._turning.any() else turns.mean(0), signs.shape)
            if is_ri:
                level = symbols.level(first, end).reshape(-1, INTERVALS)
            symbols.assume(first, (signs * level).reshape(-1))

    @property
    def _turning(self):
        """Intervals in which a robbed bit takes turns."""
        levels = self.symbols.levels
        return levels[:INTERVALS] != levels[INTERVALS:]

    def _trn2d(self, at):
        """Mapping parameters and levels of TRN2d, which begins at symbol ``at``; or None."""
        if (told := self._told("CPt", at)) is not None:
            return self.given["CPt"], told
        end, ones = self._ones("CPt", at, mapping.FRAMES)
        if ones is None:
            self._try_scales(at)
            end, ones = self._ones("CPt", at, mapping.FRAMES)
        if ones is None:
            return None
        frames = self.frames(at, end)
        levels = ones.levels(frames)
        self.deviation = float(np.sqrt(np.mean((levels - frames) ** 2)))
        rows = self._rows(at, [np.unique(np.abs(one)) for one in self._by_turns(levels, at)])
        self._scale_points(levels)
        ucodes = rows.ucodes(frames.reshape(-1), at, *self.law_and_u_info)
        found = mapping.find("CPt", ucodes.reshape(-1, INTERVALS), frames >= 0, LAW)
        return None if found is None else (found.parameters, rows)

    def _try_scales(self, at):
        """The law and U_INFO whose codewords leave the least of TRN2d's values."""
        found = []
        for law in g711.LAWS:
            for u_info in range(U_INFOS.start, U_INFOS.start + UCHORD * (1 + (law == "mu"))):
                rows = Rows.alike(codewords(law, u_info), at)
                end = self.symbols.run(at, at + TRIED, rows.decider(self.deviation), most=0)
                part = self.symbols.part(at, end)
                error = self.symbols.y[part] - self.symbols.x[part]
                found.append((float(error @ error), law, u_info))
        self.scale = Scale(*min(found)[1:])

    def _by_turns(self, frames, at):
        """Values of data frames from symbol ``at`` on for each of PERIOD rows.

        Intervals in which no bit takes turns have all theirs in both rows.
        """
        odd = at // INTERVALS % 2
        turning = self._turning
        both = [frames[turn ^ odd :: 2] for turn in range(2)]
        return [
            both[turn][:, i] if turning[i] else frames[:, i]
            for turn in range(2)
            for i in range(INTERVALS)
        ]

    def _rows(self, at, rows):
        """:class:`Rows` of PERIOD arrays, the same array where no bit takes turns."""
        turning = self._turning
        rows[INTERVALS:] = [
            rows[INTERVALS + i] if turning[i] else rows[i] for i in range(INTERVALS)
        ]
        return Rows(rows, at)

    def _ones(self, kind, at, count):
        """Hear ``count`` data frames of ones; the symbol behind, and their labels or None.

        Mean sizes of labels are levels, and symbols of these levels give better values.
        """
        symbols = self.symbols
        decide = self._any(at).decider(self.deviation)
        end = symbols.run(at, at + count * INTERVALS, decide, most=DOUBTFUL * self.deviation)
        loud = np.abs(self.frames(at, end)).mean(1) > SILENT
        end = at + INTERVALS * (int(np.flatnonzero(loud)[-1]) + 1 if loud.any() else 0)
        for number in range(4):
            ones = mapping.labelled(kind, self.frames(at, end))
            if ones is None:
                break
            for _ in range(ROUNDS):
                known = ones.levels(self.frames(at, end))
                symbols.assume(at, known.reshape(-1))
            left = float(np.sqrt(np.mean((known - self.frames(at, end)) ** 2)))
            if number > 1 and kind == "CPt" and left > WORSE * self.deviation:
                # The network has changed: a high-pass has switched in.
                symbols.solve(at, known.reshape(-1))
            # The clock may have gone wrong in DIL.
            symbols.run(at, at + known.size, known=known.reshape(-1))
        return end, ones

    def _told(self, kind, at):
        """:class:`Rows` of given mapping parameters, where Ja and DIL show them; or None."""
        if self.found is None or kind not in self.given:
            return None
        try:
            return Rows(self.found.rows(self.given[kind]) * 2, at)
        except V90Error:
            return None

    def _scale_points(self, levels):
        """Law and U_INFO by the levels of TRN2d, where DIL did not show them."""
        if self.scale is None or len(self.scale.alike) > 1:
            sizes, counts = np.unique(np.abs(levels), return_counts=True)
            found = scale_of(sizes, self.deviation / np.sqrt(counts))
            self.scale = found or self.scale

    def _mp(self, at, parameters, rows):
        """Follow TRN2d and MP from symbol ``at`` to Ed; the symbol behind, and whether Ed came."""
        symbols, follower = self.symbols, Follower(parameters, 0)
        # Points that did not come in TRN2d may do so in MP.
        sizes = [len(row) for row in rows.rows[:INTERVALS]]
        if any(n < m for n, m in zip(sizes, parameters.moduli, strict=True)):
            decide = self._with_others(rows, at).decider(self.deviation)
        else:
            decide = rows.decider(self.deviation)
        while at + BLOCK <= symbols.count:
            end = symbols.run(at, at + BLOCK, decide)
            values = symbols.y[symbols.part(at, end)]
            ucodes = rows.ucodes(values, at, *self.law_and_u_info).reshape(-1, INTERVALS)
            for n, signs in enumerate(values.reshape(-1, INTERVALS) >= 0):
                if follower.process(ucodes[n], signs):
                    return at + INTERVALS * (n + 1), True
            at = end
            if self._silent(at):
                break
        return at, False

    # Data ----------------------------------------------------------------------------------------

    def _data(self, first):
        """Hear B1d and data from symbol ``first`` on; the place of the next R, or None."""
        points = self._told("CP", first)
        rows, last, end = points or self._b1d(first), self.symbols.count, first
        for count in () if points else DATA:
            begin, stop = end, first + count * INTERVALS
            end, turn = self._until_r(first, min(stop, last), rows)
            if points is not None and self._lost(points, first, begin, end):
                # The network has changed: there is only what came before.
                last = begin
                break
            points = self._points(first, end)
            if turn is not None or end < stop:
                break
            rows = self._with_others(points, first)
        # Once more on what came, for symbols that were decided before their points were known.
        end, turn = self._until_r(first, last, points)
        self._add("B1d", first, end, points)
        if last < self.symbols.count and turn is None:
            end, turn = self._until_r(end, self.symbols.count, rows)
            self._add("rest", self.end, end)
        return turn

    def _lost(self, points, first, begin, end):
        """Whether values from symbol ``begin`` to ``end`` are not those of the points before it."""
        if end <= begin:
            return False

        def near(one, other):
            values = self.symbols.y[self.symbols.part(one, other)]
            return np.mean(points.distances(values, one) < NEAR * self.deviation)

        # Points that came once before are as many as those that come for the first time.
        values = self.symbols.y[self.symbols.part(first, begin)]
        new = np.mean(points.once(values, first))
        return near(begin, end) < LOST * (1 - new) * near(first, begin)

    def _b1d(self, first):
        """:class:`Rows` that data may have, as far as B1d shows them."""
        end, ones = self._ones("CP", first, B1D_FRAMES)
        if ones is None:
            return self._any(first)
        frames = self.frames(first, end)
        levels = ones.levels(frames)
        error = levels - frames
        free = error.size - sum(len(np.unique(column)) for column in ones.labels.T)
        if free < FREE or np.sum(error**2) > free * (WORSE * self.deviation) ** 2:
            return self._any(first)
        row = clusters(np.abs(levels).reshape(-1), self.deviation)
        return self._with_others(Rows.alike(row, first), first)

    def _points(self, first, last):
        """:class:`Rows` of the levels that values cluster at."""
        sizes = self._by_turns(np.abs(self.frames(first, last)), first)
        return self._rows(first, [clusters(one, self.deviation) for one in sizes])

    def _with_others(self, rows, first):
        """These levels, and codewords that are no neighbours of them."""
        levels, more = codewords(*self.law_and_u_info), []
        for row in rows.rows:
            apart = np.abs(levels[:, None] - row).min(1) > APART * self.deviation
            more.append(np.union1d(row, levels[apart])[-MOST_LEVELS:])
        return Rows(more, first)


def _moving(values, window):
    """Means of the next ``window`` values, where they are whole."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    return (total[window:] - total[:-window]) / window


def find_turn(values, at):
    """``(first, R-bar's first, behind it)`` of R in values of symbols from ``at`` on, or None.

    R's signs turn every three symbols, and where R-bar begins they do not.
    """
    turned = np.concatenate([np.zeros(3, bool), (values[3:] >= 0) != (values[:-3] >= 0)])
    sizes = np.abs(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], turned.astype(np.int8), [0]])))
    for first, end in edges.reshape(-1, 2):
        behind = end + R_BAR * INTERVALS
        if end - first < LEAST_R * INTERVALS - 3 or behind > len(values):
            continue
        if turned[end : end + 3].any() or not turned[end + 3 : behind].all():
            continue
        count = (end - first + 3) // INTERVALS
        frames = sizes[end - count * INTERVALS : end].reshape(-1, INTERVALS)
        level = np.median(frames[-LEAST_R:], axis=0)
        alike = (np.abs(frames - level) < ALIKE * level).all(1)
        count = int(np.argmin(alike[::-1])) if not alike.all() else count
        if count >= LEAST_R - 2:
            return at + int(end) - count * INTERVALS, at + int(end), at + int(behind)
    return None
