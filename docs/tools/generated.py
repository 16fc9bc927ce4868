"""Pages and pictures of docs/ that are made from the code: written by `make docs`, checked by a test."""

from sim.export import registers
from sim.files import ROOT


def made():
    """``{path: text}`` of all of them, as they must be."""
    docs = ROOT / "docs"
    return {docs / "registers.md": registers.page()}


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
