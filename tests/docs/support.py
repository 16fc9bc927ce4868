"""Pages of the project, and the command blocks in them.

A block of commands is fenced, with the language ``console``. A line that begins with ``$ `` is a
command, ``> `` goes on with it, and what follows is what it prints. ``...`` stands for what differs
from run to run or is left out: in a line for any text, alone on a line for any lines.
``[exit status N]`` is the last line of what a command prints that fails.

A word after ``console`` says how a test treats a block: ``long``, only with the long tests;
``board``, it needs a board, so each command is parsed and not run; ``make``, it runs targets of the
Makefile, so each target is looked up and not run.
"""

import re
from dataclasses import dataclass, field

from tests.support import ROOT

_ROOT_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in [*_ROOT_PAGES, *sorted((ROOT / "docs").rglob("*.md"))]
}

#: Languages of blocks that hold no commands.
OTHERS = {"text", "python", "json", "{toctree}"}

KINDS = {"", "long", "board", "make"}


@dataclass
class Command:
    """A command, the number of its line in the page, and the lines that it must print."""

    text: str
    line: int
    printed: list[str] = field(default_factory=list)


@dataclass
class Block:
    """A fenced block: what is in it, and its kind."""

    language: str
    kind: str
    line: int
    lines: list[str]

    def commands(self):
        """The commands of a block of the language console."""
        found = []
        for number, line in enumerate(self.lines, self.line + 1):
            if line.startswith("$ "):
                found.append(Command(line[2:], number))
            elif line.startswith("> ") and not found[-1].printed:
                found[-1].text += "\n" + line[2:]
            else:
                found[-1].printed.append(line)
        return found


def blocks(text):
    """The fenced blocks of a page."""
    found, inside = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if inside is None and (match := re.fullmatch(r"```(\S*) ?(.*)", line)):
            inside = Block(match[1], match[2], number, [])
        elif inside is not None and line == "```":
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.lines.append(line)
    assert inside is None, f"the block of line {inside.line} has no end"
    return found


def _matches(wanted, line):
    pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(pattern, line) is not None


def agrees(printed, lines):
    """Whether lines are what a page says is printed."""
    # reached[n]: the first n lines can be what has been looked at.
    reached = {0}
    for wanted in printed:
        if wanted.strip() == "...":
            reached = set(range(min(reached), len(lines) + 1)) if reached else reached
        else:
            reached = {n + 1 for n in reached if n < len(lines) and _matches(wanted, lines[n])}
    return len(lines) in reached
