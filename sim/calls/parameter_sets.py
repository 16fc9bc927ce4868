"""Mapping parameters for tests: random ones over all that CP can ask for, and extremes.

Golden and gateware tests share them. ``random_parameters(rng)`` draws one set. Keywords pin fields,
and all others stay random::

    random_parameters(rng, type="CPt", sr=2, ld=3, law="A", k=6, poles="stable")

``EXTREMES`` is a dict of named sets at the corners: parametrise over ``EXTREMES.items()``.
"""

import numpy as np

from golden.pcm.g711 import LAWS
from golden.pcm.parameters import INTERVALS, TYPES, MappingParameters, rate_table

#: The coefficients (a1, a2, b1, b2) in 64ths that the clients of real calls ask for.
CLIENT_COEFFICIENTS = (
    (0, 64, 0, 0),
    (64, 0, 0, 0),
    (64, 62, 0, 0),
    (63, 0, -26, 0),
    (64, -64, 63, -65),
)

#: The values of a coefficient in :func:`random_coefficients`, in 64ths. "any": all values of CP's
#: eight bits, with poles far outside the unit circle. "stable": those that 5.4.5.6 allows. "whole":
#: those with which the shaper is exact.
COEFFICIENTS = {
    "any": np.arange(-128, 128),
    "stable": np.arange(-64, 65),
    "whole": np.array([-64, 0, 64]),
}


def random_coefficients(rng, poles="any"):
    """``a1, a2, b1, b2`` in 64ths.

    A quarter are a real client's. Of the others one coefficient in four is at an end of the range
    or 0, where random draws would seldom come.
    """
    if poles != "whole" and rng.random() < 0.25:
        return CLIENT_COEFFICIENTS[rng.integers(len(CLIENT_COEFFICIENTS))]
    choices = COEFFICIENTS[poles]
    edges = (choices[0], choices[-1], 0)
    return tuple(
        int(rng.choice(edges) if rng.random() < 0.25 else rng.choice(choices)) for _ in range(4)
    )


def random_moduli(rng, k, index):
    """Sizes of the constellations that ``index`` names, with a product of moduli from 2^k up.

    They are drawn evenly in their logarithm, so that 1 and 128 are common. In half of the draws the
    product is then brought down, one constellation after the other, to where 2^k just fits.
    """

    def fits(sizes):
        product = 1
        for number in index:
            product *= int(sizes[number])
        return product >= 1 << k

    used = sorted(set(index))
    sizes = np.floor(2 ** rng.uniform(0, 7.2, max(index) + 1)).clip(1, 128).astype(np.int64)
    while not fits(sizes):
        number = rng.choice([number for number in used if sizes[number] < 128])
        sizes[number] = rng.integers(sizes[number] + 1, 129)
    if rng.random() < 0.5:
        for number in rng.permutation(used):
            # The smallest size that still fits, by bisection.
            low, high = 1, sizes[number]
            while low < high:
                sizes[number] = (low + high) // 2
                low, high = (low, sizes[number]) if fits(sizes) else (sizes[number] + 1, high)
            sizes[number] = low
    return [int(size) for size in sizes]


def random_constellation(rng, size):
    """An ascending tuple of ``size`` different Ucodes."""
    return tuple(sorted(int(ucode) for ucode in rng.choice(128, size, replace=False)))


def random_parameters(rng, *, type=None, sr=None, ld=None, law=None, k=None, poles="any"):
    """Mapping parameters; fields that are not given are random.

    In half of the draws the six intervals have six different constellations, in a random order.
    Otherwise they share fewer, and some constellations may be used nowhere, as CP permits.

    Parameters
    ----------
    rng : NumPy generator
    type : str
        "CP" or "CPt".
    k : int
        One that the type has with ``sr`` (Tables 2 and 17). It is at either end of those in half of
        the draws.
    poles : str
        A key of ``COEFFICIENTS``.
    """
    type = rng.choice(list(TYPES)) if type is None else type
    sr = int(rng.integers(4)) if sr is None else sr
    drn_of_k = {row[0]: row[3] for row in rate_table(type) if row[1] == INTERVALS - sr}
    if k is None:
        ends = (min(drn_of_k), max(drn_of_k))
        k = int(rng.choice(ends if rng.random() < 0.5 else list(drn_of_k)))
    count = INTERVALS if rng.random() < 0.5 else int(rng.integers(1, INTERVALS))
    index = rng.permutation(INTERVALS) if count == INTERVALS else rng.integers(count, size=6)
    index = tuple(int(number) for number in index)
    a1, a2, b1, b2 = random_coefficients(rng, poles)
    return MappingParameters(
        type=str(type),
        drn=drn_of_k[k],
        sr=sr,
        ld=int(rng.integers(4)) if ld is None else ld,
        law=str(rng.choice(LAWS)) if law is None else law,
        a1=a1,
        a2=a2,
        b1=b1,
        b2=b2,
        interval_constellation=index,
        constellations=tuple(
            random_constellation(rng, size) for size in random_moduli(rng, k, index)
        ),
    )


def _set(type, k, sr, ld, law, coefficients, sizes, top=True):
    """Constellations of the given sizes from the largest Ucodes, or from the smallest."""
    taken = [range(128 - size, 128) if top else range(size) for size in sizes]
    return MappingParameters(
        type,
        k + INTERVALS - sr - TYPES[type][0],
        sr,
        ld,
        law,
        *coefficients,
        tuple(range(6)),
        tuple(tuple(ucodes) for ucodes in taken),
    )


#: Sets at the corners, by name. 2^K is the exact product of the moduli where the name says so.
EXTREMES = {
    "least-k-in-one-interval-exact": _set(
        "CPt", 6, 3, 0, "mu", (0, 0, 0, 0), (64, 1, 1, 1, 1, 1), top=False
    ),
    "least-k-in-the-last-interval-exact": _set(
        "CPt", 6, 3, 3, "A", (64, 64, 0, 0), (1, 1, 1, 1, 1, 64)
    ),
    "least-k-spread-exact": _set("CPt", 6, 1, 1, "A", (64, 0, 0, 0), (2,) * 6),
    "greatest-k-exact": _set(
        "CP", 39, 3, 3, "mu", (64, -64, 63, -65), (128, 128, 128, 128, 128, 16)
    ),
    "greatest-k-all-128": _set("CP", 39, 3, 1, "A", (-128, 127, -128, 127), (128,) * 6),
    "no-shaping-greatest-k-exact": _set("CP", 36, 0, 0, "mu", (0, 0, 0, 0), (64,) * 6),
    "no-shaping-least-k": _set("CPt", 6, 0, 3, "A", (64, 64, 64, 64), (3, 2, 2, 2, 2, 2)),
    "one-and-128-exact": _set("CP", 21, 1, 3, "A", (64, 62, 0, 0), (1, 128, 1, 128, 1, 128)),
    "one-less-than-128": _set("CP", 35, 2, 2, "mu", (63, 0, -26, 0), (127, 127, 127, 127, 127, 2)),
    "loudest-poles-outside": _set("CPt", 6, 1, 3, "A", (-128, -128, 127, 127), (2,) * 6),
    "loudest-poles-one-each-side": _set("CP", 17, 2, 3, "mu", (127, -128, -128, -128), (8,) * 6),
    "faintest-double-pole": _set("CP", 18, 3, 3, "mu", (64, 64, 0, 0), (8,) * 6, top=False),
}
