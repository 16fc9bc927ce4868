"""Stimuli that several tests of V.34's encoder and decoder share."""

import numpy as np

from golden.errors import V90Error
from golden.v34.parameters import TRELLISES, ModulationParameters, framings
from golden.v34.trellis import code

#: Taps as a line with a notch near the band's edge asks for them; |h| adds up to 0.9.
TAPS = ((9000, -4000), (-3000, 2000), (500, -700))

NO_TAPS = ((0, 0),) * 3


def random_parameters(rng, **fixed):
    """Modulation parameters of any rate, trellis, Theta, M and precoder.

    Taps are none, small ones, or up to the largest that keep a channel output within 255.
    """
    rows = [row for row in framings() if row.rate % 2400 == 0]
    row = rows[rng.integers(len(rows))]
    size = rng.choice([0, 300, 4000, 32768])
    chosen = {
        "symbol_rate": row.symbol_rate,
        "rate": row.rate,
        "trellis": int(rng.choice(TRELLISES)),
        "nonlinear": bool(rng.integers(2)),
        "expanded": bool(rng.integers(2)),
    } | fixed
    while True:
        taps = rng.integers(-size, size, (3, 2)) if size else np.zeros((3, 2), int)
        try:
            taps = tuple(tuple(tap) for tap in np.clip(taps, -32768, 32767).tolist())
            return ModulationParameters(**({"precoder": taps} | chosen))
        except V90Error:
            size = size * 3 // 4


def coded_points(states, channels, inversions, rng):
    """Points y(n) of random trellis-coded 4D symbols near the origin, ``(channels, 2, 2 n)``.

    The trellis begins in its first state. ``inversions``: V0 of each 4D symbol.
    """
    table = code(states)
    # Two points of each subset: Figure 9, counterclockwise from s = 0.
    subsets = np.array(
        [
            [(1, 1), (-3, -3)],
            [(1, -1), (-3, 3)],
            [(-1, -1), (3, 3)],
            [(-1, 1), (3, -3)],
            [(-3, 1), (1, -3)],
            [(1, 3), (-3, -1)],
            [(3, -1), (-1, 3)],
            [(3, 1), (-1, -3)],
        ]
    )
    state = np.zeros(channels, np.int64)
    out = []
    for inversion in inversions:
        first = rng.integers(0, 8, channels)
        parity = (first ^ table.output[state] ^ inversion) & 1
        second = 2 * rng.integers(0, 4, channels) + parity
        state = table.following[state, table.branch[first, second]]
        out += [subsets[label, rng.integers(0, 2, channels)] for label in (first, second)]
    return np.stack(out, axis=-1)
