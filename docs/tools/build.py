"""`make docs`: HTML of docs/, README's neighbours and all docstrings, in build/docs/html.

Pages that are made from the code are written anew in docs/ first. Warnings are errors. Links
between pages, to headings and to files of the tree are checked.
"""

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from docs.tools import generated
from sim.files import ROOT

#: Pages of the root that are pages of the documents, too.
ROOT_PAGES = ("CHANGELOG.md", "CONTRIBUTING.md")

TREES = {
    "golden": "the model of every bit",
    "hdl": "the gateware",
    "sim": "simulation, calls, the command",
    "boards": "boards, their tops and hosts",
}


def modules(tree):
    """``{package: [module, ...]}`` of a tree, the tree's own modules under the tree's name."""
    found = {}
    for path in sorted((ROOT / tree).rglob("*.py")):
        if path.name != "__init__.py":
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.setdefault(".".join(parts[:-1]), []).append(".".join(parts))
    return found


def api_pages():
    """``{page: text}`` of the API: a page for each package, and one that lists them."""
    pages = {}
    index = ["# Modules", "", "All of it, from the docstrings.", ""]
    for tree, text in TREES.items():
        index += [f"## {tree}: {text}", "", "```{toctree}", ":maxdepth: 1", ""]
        for package, names in modules(tree).items():
            body = ["=" * len(package), package, "=" * len(package), ""]
            body += [f".. automodule:: {package}", "   :no-members:", ""]
            for name in names:
                body += [name, "-" * len(name), "", f".. automodule:: {name}", ""]
            pages[f"api/{package}.rst"] = "\n".join(body)
            index.append(package)
        index += ["```", ""]
    pages["api/index.md"] = "\n".join(index)
    return pages


def stage(folder):
    """Put all sources into a folder: docs/, the texts of the root, pages of the API."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("__pycache__", "tools"))
    for name in ROOT_PAGES:
        text = (ROOT / name).read_text().replace("](docs/", "](")
        for other in ROOT_PAGES:
            text = text.replace(f"]({other})", f"]({other.lower()})")
        (folder / name.lower()).write_text(text)
    for name, text in api_pages().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def build(out, quiet=True):
    """Build into ``out``/html; return the exit status."""
    out = Path(out)
    source = out / "source"
    stage(source)
    arguments = ["-W", "--keep-going", "-E", "-b", "html", "-d", str(out / "doctrees")]
    return build_main([*arguments, *["-q"] * quiet, str(source), str(out / "html")])


def main():
    """Write what is made from the code, and build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=ROOT / "build" / "docs", type=Path)
    options = parser.parse_args()
    for path in generated.write():
        print(f"docs: {path.relative_to(ROOT)} is new")
    status = build(options.out, quiet=False)
    if not status:
        print(f"docs: {options.out / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
