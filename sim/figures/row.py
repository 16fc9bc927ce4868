"""A measurement, beside its bound."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measurement: name, values by heading, and whether the figure is met (None: none).

    ``curve`` is for a picture: an array of columns, such as time and SNR.
    """

    what: str
    values: dict
    met: bool | None = None
    curve: np.ndarray | None = field(default=None, repr=False, compare=False)


def yes(holds):
    """A truth value as a table has it."""
    return "yes" if holds else "NO"
