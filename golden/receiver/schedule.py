"""Levels that wait for a data frame, for R-bar or for Ed (9.3.2, 9.4.2/V.90)."""

from dataclasses import dataclass

from golden.receiver.slicer import Levels
from golden.receiver.timetable import (
    Kind,
)


@dataclass
class _Waiting:
    """Levels that are to be used, with the event that tells of it; from ``frame`` on, if known."""

    levels: Levels
    kind: Kind
    frame: int | None = None
