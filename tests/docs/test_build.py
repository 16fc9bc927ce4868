"""The documents are built, without a warning, and every local link in them leads somewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.tools import build, docstrings
from tests.docs.support import PAGES
from tests.structure import TREES
from tests.support import ROOT


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The folder of HTML, and what the build printed."""
    out = tmp_path_factory.mktemp("docs")
    code = f"import sys; from docs.tools.build import build; sys.exit(build({str(out)!r}, False))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    return out / "html", result.stdout


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id":
                self.anchors.add(value)


def broken(folder):
    """``(page, link)`` of every local link that leads nowhere."""
    pages = {path: _Page(path.read_text()) for path in Path(folder).rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchored = not parts.fragment or target not in pages
            if not target.exists() or not (
                anchored or unquote(parts.fragment) in pages[target].anchors
            ):
                found.append((path.name, link))
    return found


def test_every_page_and_every_package_is_there(html):
    folder, _ = html
    for name in PAGES:
        if name.startswith("docs/"):
            assert (folder / name.removeprefix("docs/")).with_suffix(".html").exists(), name
    for name in ("changelog", "contributing", "api/index"):
        assert (folder / f"{name}.html").exists()
    for tree in TREES:
        for package in build.modules(tree):
            text = (folder / "api" / f"{package}.html").read_text()
            for module in build.modules(tree)[package]:
                assert f'id="module-{module}"' in text, module


def test_links_lead_somewhere(html):
    assert broken(html[0]) == []


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "one.html").write_text('<a href="two.html#there">x</a><a href="#here">y</a>')
    (tmp_path / "two.html").write_text('<p id="here"><img src="no.svg"></p>')
    assert sorted(broken(tmp_path)) == [
        ("one.html", "#here"),
        ("one.html", "two.html#there"),
        ("two.html", "no.svg"),
    ]


def test_docstrings_can_be_read(html):
    """All but a few are reStructuredText; those are shown as plain text."""
    said = re.search(r"(\d+) docstrings are shown as plain text", html[1])
    assert said is None or int(said[1]) < 20, html[1][said.start() :]


MEMBERS = """A block.

Members
-------
i : In(stream of signed(16))     samples, 16 kHz
kept, lost : Out(1)  high until `restart`
word : int
    What comes
    next.

After it, |R| is prose."""


def test_sections_become_definitions():
    lines = docstrings.with_sections(MEMBERS.splitlines())
    assert lines == [
        "A block.",
        "",
        ".. rubric:: Members",
        "",
        "``i`` : In(stream of signed(16))",
        "    samples, 16 kHz",
        "",
        "``kept``, ``lost`` : Out(1)",
        "    high until `restart`",
        "",
        "``word`` : int",
        "    What comes",
        "    next.",
        "",
        "After it, |R| is prose.",
    ]
    assert docstrings.faults("\n".join(lines)) == []
    assert docstrings.faults("A list\n  - that ends\nbadly ``so.") != []


def test_bad_text_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr(docstrings, "UNREADABLE", [])
    lines = ["Bad ``text."]
    docstrings.process(None, "data", "golden.x", 1, None, lines)
    assert lines == ["::", "", "    Bad ``text.", ""]
    lines = ["The absolute value |R| of ``|x|``."]
    docstrings.process(None, "data", "golden.y", 1, None, lines)
    assert lines == [r"The absolute value \|R\| of ``|x|``."]
    assert docstrings.UNREADABLE == ["golden.x"]
