"""Decisions of a receiver: what it gives for each symbol and when what happened."""

from dataclasses import dataclass, field

import numpy as np

from golden.pcm.parameters import INTERVALS


@dataclass
class Decisions:
    """Data frames decided, ``(n, 6)`` each: soft values and errors (fine), Ucodes, sign bits.

    ``number`` ``(n,)`` counts data frames from TRN1d's first, ``good`` ``(n,)`` says whether the
    receiver had synchronism, ``first`` ``(n,)`` is the first symbol's interval, ``quality``
    ``(n, 6)`` are the slow means of squared errors per symbol of a data frame (fine, times
    2**SLOW_BITS), ``step`` ``(n,)`` the clock's offset (Q32 of a sample).
    ``events`` are pairs of a data frame's number and a :class:`Kind`.
    """

    fine: np.ndarray
    error: np.ndarray
    ucode: np.ndarray
    sign: np.ndarray
    number: np.ndarray
    good: np.ndarray
    first: np.ndarray
    quality: np.ndarray
    step: np.ndarray
    events: list = field(default_factory=list)


def _decisions(frames, events):
    """What each line decided, from the columns of all frames."""
    wide, narrow = np.zeros((0, INTERVALS), np.int64), np.zeros(0, np.int64)
    frames = [[narrow, wide, wide, wide, narrow, narrow, narrow, wide, narrow], *frames]
    lines, *columns = (np.concatenate(column) for column in zip(*frames, strict=True))
    results = []
    for line, own in enumerate(events):
        rows = np.flatnonzero(lines == line)
        fine, error, ucode, number, good, first, quality, step = (x[rows] for x in columns)
        sign = (fine >= 0).astype(np.uint8)
        ucode, good = ucode.astype(np.uint8), good.astype(bool)
        results.append(Decisions(fine, error, ucode, sign, number, good, first, quality, step, own))
    return results
