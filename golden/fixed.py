"""The one operation that narrows a number: :func:`requant`, in int64 and exact.

``hdl.core.fixed.requant`` has the same name and meaning.
"""

from enum import Enum

import numpy as np


class Rounding(Enum):
    """What happens to the fraction bits that go."""

    #: Towards minus infinity.
    TRUNC = "trunc"
    #: To nearest, ties towards plus infinity.
    HALF_UP = "half up"
    #: To nearest, ties to the even neighbour.
    HALF_EVEN = "half even"


class Overflow(Enum):
    """What happens to a value that the new format cannot hold."""

    #: Modulo the format's range.
    WRAP = "wrap"
    #: To the nearest end of the range.
    SAT = "sat"
    #: It must not occur: golden raises OverflowError, gateware is built without a guard.
    FORBID = "forbid"


def check_range(x, form, what="value"):
    """Raise ``OverflowError`` when an integer of ``x`` is outside the format ``form``."""
    x = np.asarray(x)
    if x.size and (x.min() < form.min or x.max() > form.max):
        raise OverflowError(f"{what} {x.min()}..{x.max()} outside {form}")


def narrower(src, dst, rounding, overflow):
    """Return the function ``narrow(x)`` that ``requant`` applies, without its check of the input.

    For inner loops whose headroom argument stands in ``golden.formats``: ``narrow`` works in place
    on an int64 array and returns it. ``src`` and ``dst`` may be tuples of formats, one for each
    row of x's first axis, all losing the same number of bits.
    """
    if isinstance(dst, tuple):
        (drop,) = {a.fraction - b.fraction for a, b in zip(src, dst, strict=True)}
        low, high = ([[form.min] for form in dst], [[form.max] for form in dst])
    else:
        drop, low, high = src.fraction - dst.fraction, dst.min, dst.max
    # NumPy takes half the time when constants are arrays, and bounds have the shape of x.
    half, distance = np.array(1 << (drop - 1) if drop > 0 else 0), np.array(abs(drop))
    bounds = {}

    def bounds_for(shape):
        if shape not in bounds:
            bounds[shape] = [np.broadcast_to(bound, shape).copy() for bound in (low, high)]
        return bounds[shape]

    def narrow(x):
        if drop > 0:
            if rounding is Rounding.HALF_UP:
                np.add(x, half, out=x)
            elif rounding is Rounding.HALF_EVEN:
                np.add(x, (half - 1) + ((x >> drop) & 1), out=x)
            np.right_shift(x, distance, out=x)
        elif drop < 0:
            np.left_shift(x, distance, out=x)
        floor, ceiling = bounds_for(x.shape)
        if overflow is Overflow.SAT:
            np.maximum(x, floor, out=x)
            np.minimum(x, ceiling, out=x)
        elif overflow is Overflow.WRAP:
            np.subtract(x, floor, out=x)
            np.bitwise_and(x, ceiling - floor, out=x)
            np.add(x, floor, out=x)
        else:
            for row, form in zip(x, dst, strict=True) if isinstance(dst, tuple) else [(x, dst)]:
                check_range(row, form)
        return x

    return narrow


def requant(x, src, dst, rounding, overflow):
    """Bring integers ``x`` from format ``src`` into format ``dst``.

    Parameters
    ----------
    x : array of int64, any shape
        Integers in ``src``; one outside it raises ``OverflowError``.
    src, dst : golden.formats.Q
        Growing fractions are exact, shrinking ones are rounded.
    rounding : Rounding
    overflow : Overflow
        FORBID raises ``OverflowError`` for a result outside ``dst``.

    Returns
    -------
    array of int64, the shape of ``x``

    Raises ``ValueError`` where the intermediate would not fit int64, ``TypeError`` for floats.
    """
    grow = max(0, dst.fraction - src.fraction)
    if src.integer + src.fraction + grow > 62:
        raise ValueError(f"{src} to {dst} does not fit 64 bits on the way")
    if np.asarray(x).dtype.kind == "f":
        raise TypeError("requant takes integers; a float has no format")
    x = np.array(x, np.int64)
    check_range(x, src)
    return narrower(src, dst, rounding, overflow)(x)
