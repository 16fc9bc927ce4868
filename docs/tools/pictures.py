"""Pictures of docs/ as SVG: boxes and arrows, from descriptions in docs/pictures and from the code.

``modems.toml`` and ``bit.toml`` describe boxes in columns and rows. The picture of the packages is
read from the tree. All are narrow, so that they can be read on a phone.
"""

import ast
import re
import tomllib
from html import escape

from sim.files import ROOT

#: What a kind of box means, its colours, and whether its edge is dashed.
KINDS = {
    "both": ("golden model and gateware, equal bit for bit", "#d3e5f7", "#2f6fae", False),
    "gateware": ("gateware without a model of its own", "#d9f0dd", "#3a8a4c", False),
    "host": ("golden model: a host's work", "#fbe8c8", "#b97f1d", False),
    "simulated": ("simulated", "#ececec", "#808080", False),
    "missing": ("not there yet", "#ffffff", "#b04040", True),
}

#: Widths and heights in units of the picture: a column, the gap between two, a row, its gap.
COLUMN, ACROSS, ROW, DOWN = 196, 36, 46, 20
MARGIN, HEAD = 14, 26


def _text(x, y, text, size=13, bold=False, colour="#222", anchor="middle"):
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def _rectangle(x, y, width, height, fill, edge, dashed=False):
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" '
        f'stroke="{edge}"{dash}/>'
    )


def _picture(title, width, height, parts):
    """A whole SVG file on a white ground, so that it shows on a dark page too."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" role="img" font-family="sans-serif">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="end" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#444"/></marker>'
            "</defs>",
            f'<rect width="{width:g}" height="{height:g}" rx="6" fill="#fff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _place(box):
    """A box's corner."""
    x = MARGIN + box["column"] * (COLUMN + ACROSS)
    return x, MARGIN + HEAD + box["row"] * (ROW + DOWN)


def _arrow(one, other):
    """A line from a box to the next one: straight, or around a corner between columns."""
    (x, y), (to_x, to_y) = _place(one), _place(other)
    middle = x + COLUMN / 2
    if x == to_x:
        start, end = (y + ROW, to_y) if to_y > y else (y, to_y + ROW)
        points = [(middle, start), (middle, end)]
    elif y == to_y:
        start, end = (x + COLUMN, to_x) if to_x > x else (x, to_x + COLUMN)
        points = [(start, y + ROW / 2), (end, y + ROW / 2)]
    else:
        start, end = (x + COLUMN, to_x) if to_x > x else (x, to_x + COLUMN)
        turn = (start + end) / 2
        height, to_height = y + ROW / 2, to_y + ROW / 2
        points = [(start, height), (turn, height), (turn, to_height), (end, to_height)]
    line = " ".join(f"{px:g},{py:g}" for px, py in points)
    return f'<polyline points="{line}" fill="none" stroke="#444" marker-end="url(#end)"/>'


def clauses():
    """``{"pcm.mapper.Mapper": "5.4.4"}``: the clauses of docs/spec-map.md by class of gateware."""
    found = {}
    for line in (ROOT / "docs" / "spec-map.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")][1:-1]
        if len(cells) == 5:
            for name in re.findall(r"`([\w.]+\.[A-Z]\w+)`", cells[3]):
                found.setdefault(name, cells[0].split("/V")[0])
    return found


def boxes(name):
    """The picture that docs/pictures/``name``.toml describes."""
    described = tomllib.loads((ROOT / "docs" / "pictures" / f"{name}.toml").read_text())
    found, known = {box["id"]: box for box in described["box"]}, clauses()
    rows = 1 + max(box["row"] for box in found.values())
    width = 2 * MARGIN + 3 * COLUMN + 2 * ACROSS
    parts = []
    for head in described["head"]:
        x, _ = _place({"column": head["column"], "row": 0})
        parts.append(_text(x + COLUMN / 2, MARGIN + 12, head["text"], bold=True))
    for arrow in described["arrow"]:
        steps = [found[one] for one in arrow["path"]]
        parts += [_arrow(one, other) for one, other in zip(steps, steps[1:], strict=False)]
    for box in found.values():
        x, y = _place(box)
        _, fill, edge, dashed = KINDS[box["kind"]]
        lines = box.get("text")
        if lines is None:
            path = box["class"]
            told = known.get(path)
            lines = [path.rpartition(".")[2], f"clause {told}" if told else path.rpartition(".")[0]]
        parts.append(_rectangle(x, y, COLUMN, ROW, fill, edge, dashed))
        plain = box["kind"] == "missing"
        parts.append(_text(x + COLUMN / 2, y + 19, lines[0], 14, bold=not plain))
        parts.append(_text(x + COLUMN / 2, y + 37, lines[1], 14 if plain else 13))
    kinds = [kind for kind in KINDS if any(box["kind"] == kind for box in found.values())]
    y = MARGIN + HEAD + rows * (ROW + DOWN) + 4
    for n, kind in enumerate(kinds):
        text, fill, edge, dashed = KINDS[kind]
        x = MARGIN + n % 2 * (width / 2)
        at = y + n // 2 * 22
        parts += [
            _rectangle(x, at, 22, 14, fill, edge, dashed),
            _text(x + 29, at + 12, text, anchor="start"),
        ]
    height = y + (len(kinds) + 1) // 2 * 22 + MARGIN
    return _picture(described["title"], width, height, parts)


#: The trees from the top down, with their colours.
TREES = (
    ("boards", "#f3dff0", "#8d4a83"),
    ("sim", "#ececec", "#808080"),
    ("hdl", "#d9f0dd", "#3a8a4c"),
    ("golden", "#fbe8c8", "#b97f1d"),
)


def packages(tree):
    """Names of a tree's packages, as its folders have them."""
    return sorted(path.parent.name for path in (ROOT / tree).glob("*/__init__.py"))


def imported(tree):
    """Names of the trees that a tree's modules import."""
    found = set()
    for path in (ROOT / tree).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    return [other for other, _, _ in TREES if other in found and other != tree]


def ordered(names, order):
    """Names in an order; those that it lacks come last."""
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def tree_of_packages(order):
    """The packages of all trees, a band each, in the order in which they may import.

    ``order``: for each tree its packages in order.
    """
    width, cell, across = 620, 138, 4
    parts, y = [], MARGIN
    for tree, fill, edge in TREES:
        names = ordered(packages(tree), order[tree])
        rows = -(-len(names) // across)
        height = 34 + rows * 36 + 8
        parts.append(_rectangle(MARGIN, y, width - 2 * MARGIN, height, fill, edge))
        below = ", ".join(imported(tree)) or "NumPy only"
        parts.append(_text(MARGIN + 12, y + 22, tree, 15, bold=True, anchor="start"))
        parts.append(_text(width - MARGIN - 12, y + 22, f"imports {below}", anchor="end"))
        for n, name in enumerate(names):
            x, at = MARGIN + 12 + n % across * (cell + 4), y + 34 + n // across * 36
            parts.append(_rectangle(x, at, cell, 28, "#fff", edge))
            parts.append(_text(x + cell / 2, at + 19, name))
        y += height + 12
    return _picture("Trees and packages", width, y, parts)
