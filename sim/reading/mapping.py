"""Mapping parameters found in what they made: TRN2d's and B1d's ones (8.6.1, 8.6.5/V.90).

TRN2d and B1d are scrambled ones from zero memories, so every bit is known once D is. The signs
carry S of them in each data frame, whatever the magnitudes: that tells D and Sr. The other K bits
are then a known number R0, and interval by interval only the right modulus makes its labels and
the Ucodes that came go up and down together.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from golden.bits.scrambler import GPC, Scrambler
from golden.errors import V90Error
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS, TYPES, MappingParameters, rate_table
from golden.pcm.signs import DifferentialDecoder

#: Data frames from which D and Sr are told, at most, and the fewest.
FRAMES, LEAST = 340, 12

#: Share of sign bits that must be right; by chance a half is.
SIGNS = 0.75

#: The same where B1d is looked for.
SURE_SIGNS = 0.9

#: Data frames left out at the beginning, which a turned polarity spoils, and servers whose memories
#: are not zero.
SKIPPED = 2

#: Share of data frames that may contradict a modulus, for signs at which a level arrives elsewhere.
WRONG = 0.02


#: Correlation of labels with sizes from which on they fall as those rise.
FALLS = -0.6

#: Factor by which variance falls where labels have two levels each; twice as many labels make 1.1
#: of it by chance.
TURNS = 2.0


@dataclass
class Mapping:
    """What was found.

    Fields: ``parameters``; ``whole``, whether every point that came has a label;
    ``signs``, share of sign bits that are as ones make them.
    """

    parameters: MappingParameters
    whole: bool
    signs: float


def find(kind, ucodes, signs, law):
    """:class:`Mapping` of ``kind`` CPt or CP, whose TRN2d or B1d begins with the first data frame.

    ``ucodes`` and ``signs``: ``(n, 6)``, as they arrive; what is behind the ones may follow, and
    helps to tell constellations. None where nothing fits.
    """
    best = find_bits(kind, signs)
    if best is None:
        return None
    known, (share, d, sr) = _known(kind, signs), best
    bits = _ones(known, d)[:, INTERVALS - sr :].astype(np.int64)
    numbers = bits @ (np.int64(1) << np.arange(bits.shape[1]))
    points = _points(numbers, ucodes[:known], ucodes, bits.shape[1])
    if points is None and len(ucodes) > known:
        # What follows does not fit: ones alone show most of the points.
        points = _points(numbers, ucodes[:known], ucodes[:known], bits.shape[1])
        points = points and (points[0], False)
    if points is None:
        return None
    sets, whole = points
    chosen = list(dict.fromkeys(sets))
    try:
        parameters = MappingParameters(
            kind,
            d - TYPES[kind][0],
            sr,
            0,
            law,
            0,
            0,
            0,
            0,
            tuple(chosen.index(one) for one in sets),
            tuple(chosen),
        )
    except V90Error:
        return None
    return Mapping(parameters, whole, share)


@dataclass
class Ones:
    """Data frames of ones whose labels are known: ``labels`` (int64, ``(n, 6)``)."""

    labels: np.ndarray

    def levels(self, values):
        """Mean sizes of each label (float64, ``(n, 6)``) with the signs of ``values``.

        A robbed bit that takes turns gives an interval two levels a label, in even and in odd data
        frames.
        """
        sizes, means = np.abs(values), np.empty(values.shape)
        for i, label in enumerate(self.labels.T):
            column, turns = sizes[:, i], 2 * label + np.arange(len(label)) % 2
            one, two = _means(label, column), _means(turns, column)
            gained = np.sum((column - one) ** 2) / max(np.sum((column - two) ** 2), 1e-300)
            means[:, i] = two if gained > TURNS else one
        return np.where(values >= 0, means, -means)


def _means(label, sizes):
    """Of each size the mean of those with its label."""
    count = np.maximum(np.bincount(label), 1)
    return (np.bincount(label, sizes) / count)[label]


def labelled(kind, values):
    """:class:`Ones` of TRN2d or B1d with these values (float64, ``(n, 6)``), or None.

    Neither levels nor their scale need be known.
    """
    best = find_bits(kind, values >= 0)
    if best is None:
        return None
    _, d, sr = best
    bits = _ones(len(values), d)[:, INTERVALS - sr :].astype(np.int64)
    left = bits @ (np.int64(1) << np.arange(bits.shape[1]))
    labels, product, k = np.empty((len(values), INTERVALS), np.int64), 1, bits.shape[1]
    for i, sizes in enumerate(np.abs(values).T):
        least = -(-(1 << k) // (product * 128 ** (INTERVALS - 1 - i)))
        modulus = int(left.max()) + 1 if i == INTERVALS - 1 else _clearest(left, sizes, least)
        if modulus > 128:
            return None
        labels[:, i] = left % modulus
        product *= modulus
        left //= modulus
    return Ones(labels)


def _clearest(numbers, sizes, least):
    """The modulus whose labels fall most nearly as sizes rise: ranks correlate."""
    ranks = _ranks(sizes)
    found = [(float(_ranks(numbers % n) @ ranks), n) for n in range(max(2, least), 129)]
    best, modulus = min(found)
    return modulus if best < FALLS or least > 1 else 1


def _ranks(values):
    """Ranks, ties at their mean, less the mean of all and divided by their length."""
    ordered = np.sort(values)
    low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    ranks = (low + high) / 2 - len(values) / 2
    return ranks / max(np.sqrt(ranks @ ranks), 1e-30)


def _known(kind, signs):
    """How many data frames are surely ones."""
    return min(len(signs), FRAMES if kind == "CPt" else B1D_FRAMES)


def find_bits(kind, signs):
    """Share of right bits, D and Sr of TRN2d or B1d that begins ``signs`` ``(n, 6)``; or None."""
    known = _known(kind, signs)
    best = max(_by_signs(kind, signs[:known])) if known >= LEAST else (0.0,)
    return best if best[0] >= SIGNS else None


def find_b1d(signs, at):
    """The symbol at which B1d begins in signs ``(n, 6)`` of symbols from ``at`` on; or None."""
    found = [
        (best[0], n)
        for n in range(len(signs) - B1D_FRAMES + 1)
        if (best := find_bits("CP", signs[n : n + B1D_FRAMES])) is not None
    ]
    return at + INTERVALS * max(found)[1] if found and max(found)[0] > SURE_SIGNS else None


def _ones(frames, d):
    return Scrambler(GPC).process(np.ones(frames * d, np.uint8)).reshape(frames, d)


def _by_signs(kind, signs):
    """Triples (share of right sign bits, D, Sr) of all that Tables 2 and 17 allow."""
    decoded = {
        sr: DifferentialDecoder(sr).process(signs.reshape(-1)).reshape(len(signs), -1)
        for sr in range(4)
    }
    for d, sr in sorted({(d, INTERVALS - s) for _, s, d, _ in rate_table(kind)}):
        sent = _ones(len(signs), d)[:, : INTERVALS - sr]
        yield float(np.mean((sent == decoded[sr])[SKIPPED:])), d, sr


def _points(numbers, known, all_ucodes, k):
    """Six constellations, and whether they are whole; None where no moduli explain ``known``."""
    sets, whole, product, left = [], True, 1, numbers
    for i in range(INTERVALS):
        least = -(-(1 << k) // (product * 128 ** (INTERVALS - 1 - i)))
        found = _modulus(left, known[:, i].astype(np.int64), max(1, least))
        if found is None:
            return None
        modulus, labels = found
        if i == INTERVALS - 1:
            modulus = max(int(labels.max()) + 1, -(-(1 << k) // product))
            if modulus > 128:
                return None
        sets.append(_labelled(modulus, labels, known[:, i]))
        product *= modulus
        left = left // modulus
    # Where two intervals of one size differ in what is known of them, others may in the rest.
    alike = all(
        (one[both] == other[both]).all()
        for one, other in combinations(sets, 2)
        if len(one) == len(other)
        for both in [(one >= 0) & (other >= 0)]
    )
    whole, done = True, []
    for i, points in enumerate(sets):
        own = [j for j in range(INTERVALS) if len(sets[j]) == len(points)] if alike else [i]
        together = np.max([sets[j] for j in own], axis=0)
        filled, sure = _filled(together, all_ucodes[:, own])
        if filled is None:
            return None
        done.append(filled)
        whole &= sure
    return done, whole


def _modulus(numbers, ucodes, least):
    """The modulus whose labels fall as Ucodes rise, and the labels; None where none does."""
    best = None
    for modulus in range(least, 129):
        labels = numbers % modulus
        if labels.max() > 127:
            continue
        order = np.lexsort((-ucodes, labels))
        label, ucode = labels[order], ucodes[order]
        step, rise = np.diff(label), np.diff(ucode)
        # One level may arrive at two neighbours, by its sign or in turn; two levels never cross.
        wrong = np.count_nonzero(np.where(step > 0, rise >= 0, rise < -1))
        if best is None or wrong < best[0]:
            best = wrong, modulus, labels
    if best is None or best[0] > WRONG * len(ucodes):
        return None
    return best[1:]


def _labelled(modulus, labels, known):
    """Ucodes by label (int64, ``(modulus,)``), -1 of those that did not come."""
    points = np.full(modulus, -1)
    for label in np.unique(labels):
        points[label] = int(np.median(known[labels == label]))
    return points


def _filled(points, everything):
    """Ascending Ucodes of a constellation, and whether all were seen; None where none fit."""
    points = points.copy()
    seen = np.setdiff1d(np.unique(everything), points)
    sure = True
    where = np.flatnonzero(points >= 0)
    # Beyond the largest seen there is none that counts, below the smallest down to Ucode 0.
    bounds = [(-1, 128), *((int(one), int(points[one])) for one in where), (len(points), -1)]
    for (a, high), (b, low) in zip(bounds, bounds[1:], strict=False):
        missing = b - a - 1
        if not missing:
            continue
        inside = [int(u) for u in seen if low < u < high][::-1]
        if len(inside) != missing:
            # Points that never come need no label.
            sure &= not inside
            free = [u for u in range(high - 1, low, -1) if u not in inside]
            if len(inside) + len(free) < missing:
                return None, False
            inside = sorted((inside + free)[:missing], reverse=True)
        points[a + 1 : b] = inside
    if (np.diff(points) >= 0).any():
        return None, False
    return tuple(int(u) for u in points[::-1]), sure
