"""The ceilings of ``sizes.toml``, and what passes them."""

import tomllib
from pathlib import Path

SIZES_FILE = Path(__file__).with_name("sizes.toml")


def ceilings():
    """``{"blocks" or "tops": {name: {family: {row: ceiling}}}}``; ``clock`` is a floor."""
    return tomllib.loads(SIZES_FILE.read_text())


def passed(limits, rows, clock=None):
    """Sentences about what passes its ceiling; rows that were not measured are left out.

    ``rows``: ``{row: number}``; ``clock`` in MHz.
    """
    found = [
        f"{row} {rows[row]}, {ceiling} allowed"
        for row, ceiling in limits.items()
        if row in rows and rows[row] > ceiling
    ]
    if clock is not None and clock < limits.get("clock", 0):
        found.append(f"clock {clock:.2f} MHz, {limits['clock']} asked")
    return found
