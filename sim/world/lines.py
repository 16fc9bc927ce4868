"""The named lines of lines.toml."""

import tomllib
from functools import cache
from pathlib import Path

from golden.errors import V90Error
from sim.world.line_parameters import LineParameters

LINES_FILE = Path(__file__).with_name("lines.toml")


def parse(text, name="lines"):
    """Lines by name from TOML text; an error names its line."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise V90Error(f"{name}: not TOML: {error}") from None
    lines = {}
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise V90Error(f"{name}: {key} is not a line, which is a table")
        for wanted in ("description", "source"):
            if wanted not in table:
                raise V90Error(f"{name}: {key}: it has no {wanted}")
        try:
            lines[key] = LineParameters.from_dict(table)
        except V90Error as error:
            raise V90Error(f"{name}: {key}: {error}") from None
    return lines


@cache
def known():
    """All lines of lines.toml by name, in the file's order."""
    return parse(LINES_FILE.read_text(encoding="utf-8"), LINES_FILE.name)


def find(name):
    """The line of that name, or an error that lists all names."""
    lines = known()
    if name not in lines:
        raise V90Error(f"no line is called {name}: there are {', '.join(lines)}")
    return lines[name]
