"""A measurement, beside its bound."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measurement: what of, values by heading, and whether the figure is met (None: none is).

    ``curve`` is for a picture: numbers over data frames or the like.
    """

    what: str
    values: dict
    met: bool | None = None
    curve: np.ndarray | None = field(default=None, repr=False, compare=False)


def yes(holds):
    """What a table has for it."""
    return "yes" if holds else "NO"
