"""Convolutional encoders of 16, 32 and 64 states (9.6.3, Figures 10 to 12, Table 13/V.34).

A state is an integer whose bit i is the delay element i + 1 of the figure, counted from the left;
its highest bit is the output Y0. The input is the integer ``8 Y4 + 4 Y3 + 2 Y2 + Y1``. A branch is
the part of it that an encoder uses: ``2 Y2 + Y1`` with 16 states, ``4 Y4 + 2 Y2 + Y1`` with 32, and
all with 64.
"""

from functools import cache

import numpy as np

from golden.v34.parameters import TRELLISES

#: Table 13: Y4 Y3 Y2 Y1 as an integer, by s(2m) and s(2m + 1).
TABLE_13 = np.array(
    [
        [0, 0, 1, 1, 8, 8, 9, 9],
        [3, 2, 2, 3, 11, 10, 10, 11],
        [5, 5, 4, 4, 13, 13, 12, 12],
        [6, 7, 7, 6, 14, 15, 15, 14],
        [8, 8, 9, 9, 0, 0, 1, 1],
        [11, 10, 10, 11, 3, 2, 2, 3],
        [13, 13, 12, 12, 5, 5, 4, 4],
        [14, 15, 15, 14, 6, 7, 7, 6],
    ]
)

#: For each number of states: which of Y4 Y3 Y2 Y1 make a branch, the highest first.
BRANCH_BITS = {16: (1, 0), 32: (3, 1, 0), 64: (3, 2, 1, 0)}


def _sixteen(d, y):
    """Figure 10: new delay elements from ``d`` and Y1 to Y4 in ``y``."""
    return d[4], d[1] ^ y[2] ^ d[4], d[2] ^ y[2], d[3] ^ y[1]


def _thirty_two(d, y):
    """Figure 11."""
    return d[5], d[1] ^ y[2], d[2] ^ y[1], d[3] ^ y[4], d[4] ^ y[2]


def _sixty_four(d, y):
    """Figure 12."""
    first, third = d[1] ^ d[2], d[2] ^ y[1]
    return (
        y[4] ^ first ^ (third & d[3]),
        first ^ y[3] ^ (y[2] & d[3]) ^ d[4],
        third ^ d[3],
        d[3],
        d[6],
        d[5] ^ y[2] ^ d[3],
    )


_FIGURES = dict(zip(TRELLISES, (_sixteen, _thirty_two, _sixty_four), strict=True))


class TrellisCode:
    """One of the three convolutional encoders as tables, shared by encoder and decoder.

    Attributes: ``states``; ``branches`` from a state; ``following`` and ``preceding`` (int64,
    ``(states, branches)``), the state after one and the state before one, by the branch between;
    ``output``, Y0 by state; ``branch`` of each pair of subset labels (``(8, 8)``); ``pairs``
    (``(2, branches, n)``), the pairs of subset labels ``8 s(2m) + s(2m + 1)``, ascending, by the
    parity of both labels' lowest bits, which is Y0 xor V0, and by branch.
    """

    def __init__(self, states):
        self.states, self.bits = states, states.bit_length() - 1
        used = BRANCH_BITS[states]
        self.branches = 1 << len(used)
        place = [(TABLE_13 >> bit) & 1 for bit in used]
        self.branch = sum(bits << (len(used) - 1 - i) for i, bits in enumerate(place))
        self.output = np.arange(states) >> (self.bits - 1)
        self.following = np.array(
            [
                [self._after(state, branch) for branch in range(self.branches)]
                for state in range(states)
            ]
        )
        self.preceding = np.zeros_like(self.following)
        for branch in range(self.branches):
            self.preceding[self.following[:, branch], branch] = np.arange(states)
        self.pairs = self._pairs()

    def _after(self, state, branch):
        used = BRANCH_BITS[self.states]
        y = [0] * 5
        for place, bit in enumerate(used):
            y[bit + 1] = branch >> (len(used) - 1 - place) & 1
        d = [None, *(state >> i & 1 for i in range(self.bits))]
        return sum(bit << i for i, bit in enumerate(_FIGURES[self.states](d, y)))

    def _pairs(self):
        first, second = np.divmod(np.arange(64), 8)
        group = ((first ^ second) & 1) * self.branches + self.branch[first, second]
        return np.argsort(group, kind="stable").reshape(2, self.branches, -1)


@cache
def code(states):
    """The encoder of ``states`` states."""
    return TrellisCode(states)
