"""A one-pole high-pass in the network, told by Ri, and taken out of what follows.

The network's filter is 0.5 (1 + p) (1 - z^-1) / (1 - p z^-1), and a codec behind it rounds again.
The inverse would add up the rounding for ever, so what was sent is decided symbol by symbol, and
the filter's memory follows from the decisions. The levels are not known: each interval learns its
own as they come, and a second pass decides with what the first one learnt.
"""

import numpy as np
from scipy.signal import lfilter

from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from sim.world.network import nearest

#: Poles that are tried.
POLES = np.arange(0.85, 0.9951, 0.001)

#: What a pole must explain of what Ri departs from one level.
EXPLAINED = 0.25

#: Ways to learn levels: steps of the codec's that a value may be away from its level, a half and
#: some room, and whether all intervals learn together.
WAYS = ((1.0, False), (0.7, False), (1.5, False), (1.0, True), (0.7, True), (1.5, True))

#: Share of the symbols of an interval that a level has at least.
RARE = 0.002

#: Share of a neighbouring level's symbols that a level has at least.
BESIDE = 0.15


def filtered(values, pole):
    """``values`` (float64) through the high-pass from rest."""
    gain = (1 + pole) / 2
    return lfilter([gain, -gain], [1, -pole], values)


def find(values, level):
    """The pole for which ``values`` are R and R-bar of one ``level``, or None.

    ``values``: of R's last data frames and R-bar's four, as :func:`sim.world.network.values` has
    them.
    """
    frames = len(values) // INTERVALS
    sign = np.tile([1.0, 1, 1, -1, -1, -1], frames + 64)
    sign *= 1 if values[0] > 0 else -1
    sign[-4 * INTERVALS :] *= -1
    plain = np.mean((values - level * sign[-len(values) :]) ** 2)
    left = [np.mean((values - filtered(level * sign, p)[-len(values) :]) ** 2) for p in POLES]
    best = int(np.argmin(left))
    return round(float(POLES[best]), 4) if left[best] < EXPLAINED * plain else None


def removed(values, before, pole, law, way=WAYS[0]):
    """Octets (uint8) in ``law`` without the high-pass, of ``values`` (float64) that came out of it.

    ``before``: values that were sent before them, which tell the filter's memory; ``way``: one of
    ``WAYS``.
    """
    gain = (1 + pole) / 2
    memory = pole * filtered(before, pole)[-1] - gain * before[-1]
    grid = g711.linear(np.arange(128), law).astype(float)
    steps = np.diff(grid, append=2 * grid[-1] - grid[-2])
    rounding = way[0] * steps[g711.ucode(nearest(np.abs(values), values >= 0, law), law)]
    books = [[]] * INTERVALS if way[1] else [[] for _ in range(INTERVALS)]
    _pass(values, memory, pole, books, rounding)
    clean = []
    for book in books:
        counts = np.zeros(130)
        for mean, count in book:
            counts[int(np.abs(grid - mean).argmin()) + 1] += count
        # A level that is rare beside its neighbours is one of theirs, decided wrongly.
        beside = np.maximum(counts[:-2], counts[2:])
        own = counts[1:-1]
        kept = np.flatnonzero((own >= max(2, RARE * own.sum())) & (own > BESIDE * beside))
        clean.append([[float(grid[u]), int(own[u])] for u in kept])
    if not all(clean):
        return nearest(np.abs(values), values >= 0, law)
    decided = _pass(values, memory, pole, clean, None)
    return nearest(np.abs(decided), decided >= 0, law)


def _pass(values, memory, pole, books, rounding):
    """Decisions (float64): nearest levels of ``books``, pairs of mean and count by interval.

    With ``rounding``, how far from its level a value may be, levels are learnt.
    """
    gain, out, learn = (1 + pole) / 2, np.empty(len(values)), rounding is not None
    for n, y in enumerate(values.tolist()):
        book = books[n % INTERVALS]
        x = (y - memory) / gain
        size = abs(x)
        best = min(book, key=lambda one: abs(one[0] - size)) if book else None
        if learn:
            if best is None or abs(best[0] - size) > rounding[n]:
                best = [size, 0]
                book.append(best)
            best[1] += 1
            best[0] += (size - best[0]) / best[1]
        level = best[0]
        decided = level if x >= 0 else -level
        memory = pole * (gain * decided + memory) - gain * decided
        out[n] = decided
    return out
