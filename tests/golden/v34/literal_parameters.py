"""A literal reading of clauses 8, 9.1 and 9.2 of V.34: framing, constellation, parameters.

The first half of :mod:`tests.golden.v34.literal`.
"""

from fractions import Fraction
from itertools import count

# --- Clause 8: framing ---------------------------------------------------------------------------

#: a and c of Table 1: the symbol rate is 2400 a/c.
RATIO = {2400: (1, 1), 2743: (8, 7), 2800: (7, 6), 3000: (5, 4), 3200: (4, 3), 3429: (10, 7)}

#: J and P of Table 7: data frames of a superframe and mapping frames of a data frame.
J = {2400: 7, 2743: 8, 2800: 7, 3000: 7, 3200: 7, 3429: 8}
P = {2400: 12, 2743: 12, 2800: 14, 3000: 15, 3200: 16, 3429: 15}


def data_frame_bits(symbol_rate, data_rate):
    """N of equation 8-1."""
    n = data_rate * Fraction(28, 100) / J[symbol_rate]
    if n.denominator != 1:
        raise ValueError(f"{data_rate} bit/s has no whole number of bits in a data frame")
    return int(n)


def high_frame_bits(symbol_rate, data_rate):
    """b of 8.2: the smallest integer not less than N/P."""
    n, p = data_frame_bits(symbol_rate, data_rate), P[symbol_rate]
    return next(b for b in count() if b * p >= n)


def high_frames(symbol_rate, data_rate):
    """r of equation 8-2."""
    b = high_frame_bits(symbol_rate, data_rate)
    return data_frame_bits(symbol_rate, data_rate) - (b - 1) * P[symbol_rate]


def switching_pattern(symbol_rate, data_rate):
    """SWP by the counter of 8.2: a list of P values, 1 for a high frame, 0 for a low one."""
    r, p = high_frames(symbol_rate, data_rate), P[symbol_rate]
    counter, pattern = 0, []
    for _ in range(p):
        counter += r
        if counter < p:
            pattern.append(0)
        else:
            pattern.append(1)
            counter -= p
    return pattern


# --- 9.1: superconstellation ---------------------------------------------------------------------


def quarter_superconstellation():
    """Points of Figure 5, label by label: both coordinates are 1 modulo 4.

    By magnitude; of points alike the one with the greatest imaginary part comes first.
    """
    axis = range(-63, 64, 4)
    points = [(re, im) for re in axis for im in axis]
    points.sort(key=lambda point: (point[0] ** 2 + point[1] ** 2, -point[1]))
    return points[:416]


FIGURE_5 = quarter_superconstellation()


def clockwise(point, quarters):
    """A point turned clockwise by a number of quarter turns."""
    for _ in range(quarters % 4):
        point = point[1], -point[0]
    return point


# --- 9.2: mapping parameters ---------------------------------------------------------------------


def shell_bits(b):
    """K and q of equation 9-1."""
    if b <= 12:
        return 0, 0
    q = next(q for q in count() if b - 12 - 8 * q < 32)
    return b - 12 - 8 * q, q


def rings(k, expanded):
    """M of 9.2, the minimum or the larger one.

    Powers of 2 to an eighth are compared by their eighth power. 1.25 * 2^(K/8) lies half-way
    between two integers for K = 8 alone: 2.5, for which Table 10 has 3.
    """
    minimum = next(m for m in count(1) if m**8 >= 2**k)
    if not expanded:
        return minimum
    # m is the nearest integer when m - 1/2 <= 5/4 * 2^(K/8) < m + 1/2.
    nearest = next(m for m in count(1) if (4 * m + 2) ** 8 > 5**8 * 2**k)
    return max(minimum, nearest)


def constellation_size(m, q):
    """L of equation 9-2."""
    return 4 * m * 2**q


# --- 9.7: average energy --------------------------------------------------------------------------


def mean_energy(symbol_rate, data_rate, expanded):
    """Exact mean of abs(u)^2 over all the bits of a data frame, each 0 or 1 alike.

    High and low mapping frames count as often as they come. This is the average energy of x(n) when
    h is zero.
    """
    b = high_frame_bits(symbol_rate, data_rate)
    k, q = shell_bits(b)
    m = rings(k, expanded)
    of_ring = [
        Fraction(sum(re**2 + im**2 for re, im in FIGURE_5[ring << q : (ring + 1) << q]), 1 << q)
        for ring in range(m)
    ]
    if k == 0:
        return of_ring[0]
    high = _EnergySums(m, of_ring).first(8, 2**k) / 2**k / 8
    low = _EnergySums(m, of_ring).first(8, 2 ** (k - 1)) / 2 ** (k - 1) / 8
    r, p = high_frames(symbol_rate, data_rate), P[symbol_rate]
    return (high * r + low * (p - r)) / p


class _EnergySums:
    """Sums of energy over groups of rings in the order in which the shell mapper counts them.

    Groups of n rings and a given sum are in the order of the sum of their first half. For each such
    sum come all pairs of halves; the second half is counted up when the first one has been through.
    """

    def __init__(self, m, of_ring):
        self.m, self.of_ring = m, of_ring
        self._known = {}

    def number(self, n, total):
        """How many groups of n rings have this sum: g2, g4, g8."""
        return self._both(n, total)[0]

    def energy(self, n, total):
        """Energy of all of them together."""
        return self._both(n, total)[1]

    def _both(self, n, total):
        if n == 1:
            return (1, self.of_ring[total]) if 0 <= total < self.m else (0, 0)
        if (n, total) not in self._known:
            number = energy = 0
            for first in range(total + 1):
                (n1, e1), (n2, e2) = self._both(n // 2, first), self._both(n // 2, total - first)
                number += n1 * n2
                energy += e1 * n2 + e2 * n1
            self._known[n, total] = number, energy
        return self._known[n, total]

    def first(self, n, howmany):
        """Energy of the first groups of n rings, by their sum."""
        energy = 0
        for total in count():
            if howmany <= self.number(n, total):
                return energy + self._of_sum(n, total, howmany)
            howmany -= self.number(n, total)
            energy += self.energy(n, total)

    def _of_sum(self, n, total, howmany):
        """Energy of the first groups of n rings among those with this sum."""
        if howmany == 0:
            return 0
        if howmany == self.number(n, total):
            return self.energy(n, total)
        half, energy = n // 2, 0
        # A pair is counted from its first ring's least value on, which is where the sum begins.
        for first in range(total + 1):
            n1, n2 = self.number(half, first), self.number(half, total - first)
            if howmany <= n1 * n2:
                rounds, rest = divmod(howmany, n1)
                energy += self.energy(half, first) * rounds
                energy += self._of_sum(half, total - first, rounds) * n1
                if rest:
                    energy += self._of_sum(half, first, rest)
                    energy += rest * (
                        self._of_sum(half, total - first, rounds + 1)
                        - self._of_sum(half, total - first, rounds)
                    )
                return energy
            howmany -= n1 * n2
            energy += self.energy(half, first) * n2 + self.energy(half, total - first) * n1
        raise AssertionError("fewer groups have this sum")
