"""Pages and pictures of docs/ that come from the code: `make docs` writes, a test checks them."""

import ast
import re

from docs.tools import pictures
from sim.export import registers
from sim.figures import document
from sim.files import ROOT
from tests.structure import PACKAGES

DOCS = ROOT / "docs"

#: Between these two lines of a page stands what is made: the name is that of a function below.
_MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _summary(path):
    """The first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def packages():
    """A table of all packages: what each is for, as its ``__init__.py`` says."""
    lines = ["| package | what is in it |", "| --- | --- |"]
    for tree in reversed(pictures.TREES):
        lines.append(f"| **{tree[0]}** | {_summary(ROOT / tree[0] / '__init__.py')} |")
        for name in pictures.ordered(pictures.packages(tree[0]), PACKAGES[tree[0]]):
            told = _summary(ROOT / tree[0] / name / "__init__.py")
            lines.append(f"| `{tree[0]}/{name}` | {told} |")
    return lines


def waivers():
    """A table of Verilator's warnings that an exported file switches off."""
    from sim.export.file import WAIVED

    return [
        "| warning | why |",
        "| --- | --- |",
        *(f"| `{name}` | {why} |" for name, why in WAIVED.items()),
    ]


def blocks():
    """A table of the blocks that `v90 verilog` writes."""
    from sim.export.blocks import BLOCKS, kind_of
    from sim.export.file import plain

    lines = ["| block | class | what it is |", "| --- | --- | --- |"]
    for name, (stem, title, _) in BLOCKS.items():
        told = plain(" ".join((kind_of(name).__doc__ or "").split("\n\n")[0].split()))
        lines.append(f"| `{name}` | `hdl.{stem}.{title}` | {told.rstrip('.')} |")
    return lines


_PARTS = {
    "packages": packages,
    "waivers": waivers,
    "blocks": blocks,
    "figures": document.figures,
    "sweep": document.sweep,
    "soak": document.soak,
}


def filled(text):
    """A page's text with what is made in its places."""

    def made(match):
        return match[1] + "\n".join(["", *_PARTS[match[2]](), ""]) + "\n" + match[3]

    return _MADE.sub(made, text)


def made():
    """``{path: text}`` of all of them, as they must be."""
    found = {
        DOCS / "registers.md": registers.page(),
        DOCS / "pictures" / "packages.svg": pictures.tree_of_packages(PACKAGES),
    }
    for name in ("modems", "bit"):
        found[DOCS / "pictures" / f"{name}.svg"] = pictures.boxes(name)
    for page in sorted(DOCS.rglob("*.md")):
        if "<!-- made:" in (text := page.read_text()):
            found[page] = filled(text)
    return found


def write():
    """Write those that differ; return their paths."""
    changed = [
        (path, text)
        for path, text in made().items()
        if not path.exists() or path.read_text() != text
    ]
    for path, text in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return [path for path, _ in changed]


if __name__ == "__main__":
    for path in write():
        print(path.relative_to(ROOT))
