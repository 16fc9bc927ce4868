"""The DIL descriptor found in the DIL that it asked for (8.3.1, 8.4.1/V.90).

Segments begin with their own sign and training patterns, their lengths are one for each Uchord, and
in each there are the reference symbol and one other Ucode. Segment after segment is taken off the
front, the longest that contradicts nothing first; what is contradicted later is taken back.
"""

from dataclasses import dataclass

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.signals.training import dil_lengths

#: Most symbols of a segment: 128 times six.
MOST = 128 * INTERVALS

#: Steps after which the search is given up.
STEPS = 40000

#: The same for segments of one length, of which there are few choices.
SAME_STEPS = 4000

#: Share of data frames of one Ucode above which there are no reference symbols.
PLAIN = 0.95


@dataclass
class Structure:
    """A DIL taken apart.

    Fields: ``descriptor``, fields of :data:`golden.signals.sequences.DIL`, ``H`` of Uchords that
    were not asked for 0; ``starts`` and ``ucodes`` of all segments that came; ``cut``, whether the
    last of them is not whole. What the descriptor cannot tell: which of two that make the same DIL
    it was.
    """

    descriptor: dict
    starts: list
    ucodes: list
    cut: bool

    @property
    def passes(self):
        """How many times the DIL came, a float."""
        return len(self.starts) / self.descriptor["segments"]


@dataclass
class _State:
    at: int
    lengths: dict
    training: np.ndarray
    signs: np.ndarray
    segments: tuple


class _Search:
    def __init__(self, ucodes, signs, tolerance, robbed):
        self.ucodes, self.signs = ucodes.astype(np.int64), signs.astype(np.int8)
        self.count, self.tolerance = len(ucodes), tolerance
        # Intervals with a robbed bit tell signs, and nothing else.
        self.blind = np.isin(np.arange(self.count) % INTERVALS, robbed)
        frames = np.delete(self.ucodes.reshape(-1, INTERVALS), robbed, axis=1)
        plain = np.ptp(frames, axis=1) <= tolerance
        self.reference = int(np.bincount(frames.reshape(-1)).argmax())
        if plain.mean() > PLAIN:
            self.reference = None
        self.other = np.ones(self.count, bool)
        if self.reference is not None:
            self.other = np.abs(self.ucodes - self.reference) > tolerance
        self.other &= ~self.blind
        where = np.append(np.flatnonzero(self.other), self.count + MOST)
        self.next = where[np.searchsorted(where, np.arange(self.count))]
        # +0 and -0 are one.
        self.heard = self.ucodes > tolerance

    def run(self):
        """The last :class:`_State`, or None. Most clients ask for one length, which comes first."""
        for length in range(min(MOST, self.count), 0, -INTERVALS):
            found = self._from(dict.fromkeys(range(8), length), SAME_STEPS)
            if found is not None:
                return found
        return self._from({}, STEPS)

    def _from(self, lengths, most):
        none = np.full(MOST, -1, np.int8)
        stack, steps = [iter([_State(0, lengths, none, none.copy(), ())])], 0
        while stack and steps < most:
            state = next(stack[-1], None)
            if state is None:
                stack.pop()
                continue
            steps += 1
            if state.at >= self.count:
                return state
            stack.append(self._after(state))
        return None

    def _after(self, state):
        """States with one segment more, likeliest first."""
        first = int(self.next[state.at]) - state.at
        reference = self.reference
        options = []
        if reference is not None:
            own = state.lengths.get(reference >> 4)
            if own is not None and own <= first:
                options.append((reference, (own,)))
        if first < MOST and state.at + first < self.count:
            ucode = int(self.ucodes[state.at + first])
            own = state.lengths.get(ucode >> 4)
            if own is None:
                limit = self._run_of(state.at, ucode)
                options.append((ucode, range(limit, first, -INTERVALS)))
            elif own > first:
                options.append((ucode, (own,)))
        if reference is not None and state.lengths.get(reference >> 4) is None:
            limit = min(first, MOST, self.count - state.at) // INTERVALS * INTERVALS
            options.append((reference, range(limit, 0, -INTERVALS)))
        for ucode, lengths in options:
            for length in lengths:
                new = self._taken(state, ucode, length)
                if new is not None:
                    yield new

    def _run_of(self, at, ucode):
        """Most symbols, whole data frames, from ``at`` on in which ``ucode`` is the only one."""
        part = slice(at, min(at + MOST, self.count))
        wrong = self._strange(part, ucode)
        length = int(np.argmax(wrong)) if wrong.any() else len(wrong)
        return length // INTERVALS * INTERVALS

    def _strange(self, part, ucode):
        """Training symbols that are not ``ucode``, or not what it is with their sign."""
        ucodes, other = self.ucodes[part], self.other[part]
        if not self.tolerance:
            return other & (ucodes != ucode)
        wrong = other & (np.abs(ucodes - ucode) > self.tolerance)
        for sign in (0, 1):
            mine = other & (self.signs[part] == sign)
            if mine.any():
                wrong |= mine & (ucodes != ucodes[int(np.argmax(mine))])
        return wrong

    def _taken(self, state, ucode, length):
        end = min(state.at + length, self.count)
        part, n = slice(state.at, end), end - state.at
        other, heard = self.other[part], self.heard[part]
        if self._strange(part, ucode).any():
            return None
        training, signs = state.training, state.signs
        # So near to the reference a level may pass for it with one sign.
        near = self.tolerance if self.tolerance == 0 else 3 * self.tolerance
        if self.reference is None or abs(ucode - self.reference) > near:
            known, told = training[:n], ~self.blind[part]
            if ((known >= 0) & told & (known != other)).any():
                return None
            training = training.copy()
            training[:n] = np.where(told, other, known)
        elif other.any() and ucode == self.reference:
            return None
        seen, known = self.signs[part], signs[:n]
        if (heard & (known >= 0) & (known != seen)).any():
            return None
        signs = signs.copy()
        signs[:n] = np.where(heard, seen, known)
        return _State(
            state.at + length,
            {**state.lengths, ucode >> 4: length},
            training,
            signs,
            (state.segments, state.at, ucode),
        )


def _period(pattern, most=128):
    """The shortest period of what is known of a pattern (-1: nothing is), and one of it."""
    known = np.flatnonzero(pattern >= 0)
    for period in range(1, most + 1):
        one = np.full(period, -1, np.int8)
        one[known % period] = pattern[known]
        if (one[known % period] == pattern[known]).all():
            return np.maximum(one, 0)
    return None


def find(ucodes, signs, robbed=()):
    """:class:`Structure` of a DIL (``ucodes``, ``signs``, 1 positive, ``(n,)``), or None.

    ``robbed``: intervals with a robbed bit. Levels that arrive at two neighbours by their sign are
    tried when single ones do not explain it.
    """
    whole = len(ucodes) // INTERVALS * INTERVALS
    if not whole or len(robbed) == INTERVALS:
        return None
    for tolerance in (0, 1):
        search = _Search(ucodes[:whole], signs[:whole], tolerance, list(robbed))
        state = search.run()
        if state is not None:
            found = _structure(state, search)
            if found is not None:
                return found
    return None


def _structure(state, search):
    starts, ucodes, rest = [], [], state.segments
    while rest:
        rest, at, ucode = rest
        starts.append(at)
        ucodes.append(ucode)
    starts, ucodes = starts[::-1], ucodes[::-1]
    count = len(ucodes)
    for segments in range(1, count + 1):
        if ucodes[segments:] == ucodes[: count - segments]:
            break
    sign, training = _period(state.signs), _period(state.training)
    if segments > 255 or sign is None or training is None:
        return None
    reference = search.reference if search.reference is not None else ucodes[0]
    asked = {ucode >> 4 for ucode in ucodes}
    descriptor = {
        "segments": segments,
        "sign_length": len(sign) - 1,
        "training_length": len(training) - 1,
        "sign_pattern": sign.tolist(),
        "training_pattern": training.tolist(),
        "H": [state.lengths[u] // INTERVALS - 1 if u in asked else 0 for u in range(8)],
        "REF": [reference] * 8,
        "training_ucodes": ucodes[:segments],
    }
    return Structure(descriptor, starts, ucodes, state.at > search.count)


def passes_of(descriptor, symbols):
    """Segments of ``descriptor`` that ``symbols`` hold, those begun included."""
    ends = np.cumsum(dil_lengths(descriptor))
    whole, rest = divmod(symbols, int(ends[-1]))
    return whole * len(ends) + int(np.searchsorted(ends, rest, "left")) + bool(rest)
