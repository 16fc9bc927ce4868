"""A one-pole high-pass in the network, told by Ri, and taken out of what follows.

The network's filter is 0.5 (1 + p) (1 - z^-1) / (1 - p z^-1), and a codec behind it rounds again.
The inverse would add up the rounding for ever, so what was sent is decided symbol by symbol, and
the filter's memory follows from the decisions. The levels are not known: each interval learns its
own as they come, and a second pass decides with what the first one learnt.
"""

import numpy as np
from scipy.signal import lfilter

from golden import g711
from golden.parameters import INTERVALS
from sim.network import nearest

#: Poles that are tried.
POLES = np.arange(0.85, 0.9951, 0.001)

#: What a pole must explain of what Ri departs from one level.
EXPLAINED = 0.25

#: Half of a codec's largest step, as a share of the level that it rounds, with a little room.
ROUNDING = 0.04

#: Share of the symbols of an interval that a level has at least.
RARE = 0.002


def filtered(values, pole):
    """``values`` (float64) through the high-pass from rest."""
    gain = (1 + pole) / 2
    return lfilter([gain, -gain], [1, -pole], values)


def find(values, level):
    """The pole for which ``values`` are R and R-bar of one ``level``, or None.

    ``values``: of R's last data frames and R-bar's four, as :func:`sim.network.values` has them.
    """
    frames = len(values) // INTERVALS
    sign = np.tile([1.0, 1, 1, -1, -1, -1], frames + 64)
    sign *= 1 if values[0] > 0 else -1
    sign[-4 * INTERVALS :] *= -1
    plain = np.mean((values - level * sign[-len(values) :]) ** 2)
    left = [np.mean((values - filtered(level * sign, p)[-len(values) :]) ** 2) for p in POLES]
    best = int(np.argmin(left))
    return round(float(POLES[best]), 4) if left[best] < EXPLAINED * plain else None


def removed(line_values, r_values, level, pole, law):
    """Octets without the high-pass.

    ``line_values``: from R-bar's end on; ``r_values``: R's and R-bar's signs times ``level``, as
    they were sent, which tell the filter's memory. Returns octets (uint8) in ``law``.
    """
    gain = (1 + pole) / 2
    sent = np.where(np.asarray(r_values) > 0, level, -level).astype(float)
    memory = pole * filtered(sent, pole)[-1] - gain * sent[-1]
    grid = g711.linear(np.arange(128), law).astype(float)
    books = [[] for _ in range(INTERVALS)]
    _pass(line_values, memory, pole, grid, books, True)
    # What was seen once or twice is a decision of noise; neighbours are one level.
    total = len(line_values) / INTERVALS
    clean = []
    for book in books:
        good = sorted([mean, count] for mean, count in book if count >= max(3, RARE * total))
        joined = []
        for mean, count in good:
            if joined and mean - joined[-1][0] < ROUNDING * mean + 8:
                a, n = joined[-1]
                joined[-1] = [(a * n + mean * count) / (n + count), n + count]
            else:
                joined.append([mean, count])
        clean.append(joined or good)
    if not all(clean):
        return nearest(np.abs(line_values), line_values >= 0, law)
    decided = _pass(line_values, memory, pole, grid, clean, False)
    return nearest(np.abs(decided), decided >= 0, law)


def _pass(values, memory, pole, grid, books, learn):
    """Decisions (float64): nearest levels of ``books``, pairs of mean and count by interval."""
    gain, out = (1 + pole) / 2, np.empty(len(values))
    for n, y in enumerate(values.tolist()):
        book = books[n % INTERVALS]
        x = (y - memory) / gain
        size = abs(x)
        best = min(book, key=lambda one: abs(one[0] - size)) if book else None
        if learn and (best is None or abs(best[0] - size) > ROUNDING * abs(y) + 16):
            best = [float(grid[np.abs(grid - size).argmin()]), 0]
            book.append(best)
        level = best[0]
        if learn:
            best[1] += 1
            best[0] += (size - best[0]) / max(best[1], 4)
        decided = level if x >= 0 else -level
        memory = pole * (gain * decided + memory) - gain * decided
        out[n] = decided
    return out
