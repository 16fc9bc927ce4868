"""README is short, and its links and pictures exist."""

import re

from tests.docs.support import PAGES
from tests.support import ROOT

README = (ROOT / "README.md").read_text()


def test_it_is_short():
    lines = README.splitlines()
    assert len(lines) <= 150
    # The first command stands where a reader still is.
    assert next(n for n, line in enumerate(lines) if line.startswith("$ ")) < 40


def test_local_links_of_the_roots_pages_exist():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text()):
            if not target.startswith("http"):
                assert (ROOT / target).exists(), f"{name}: {target}"


def test_every_page_of_docs_is_within_reach():
    """From README, or from a page that a reader reaches from there."""
    seen, todo = set(), ["README.md"]
    while todo:
        name = todo.pop()
        if name in seen or not name.endswith(".md"):
            continue
        seen.add(name)
        path = ROOT / name
        for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if (
                not target.startswith("http")
                and (found := (path.parent / target).resolve()).exists()
            ):
                todo.append(found.relative_to(ROOT).as_posix())
    assert set(PAGES) - seen <= {"docs/index.md"}


def test_modules_of_the_table_of_what_works_exist():
    rows = [line.split("|") for line in (ROOT / "docs" / "status.md").read_text().splitlines()]
    names = [
        f"{tree}/{name.replace('.', '/')}.py"
        for row in rows
        if len(row) == 7
        for tree, cell in (("golden", row[3]), ("hdl", row[4]))
        for name in re.findall("`([a-z0-9_.]+)`", cell)
    ]
    assert len(names) > 50
    assert [name for name in names if not (ROOT / name).exists()] == []
