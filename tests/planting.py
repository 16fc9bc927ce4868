"""`make mutants`: plant each error of :mod:`tests.mutants`, and print what caught it."""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sim import work
from sim.engines.cache import cache_root
from sim.terminal import guarded, progress
from tests.mutants import MUTANTS
from tests.passage import replaced
from tests.support import ROOT

#: Tests that show a gateware block wrong without the slow simulators.
_QUICK = "not verilator and not icarus"

#: Seconds that the tests of a block may take.
_PATIENCE = 600

#: Folders and files that tests read, and folders of these that hold what was built.
_COPIED = ("golden", "hdl", "sim", "boards", "tests", "docs", "examples", "v90.py")
_COPIED += ("pyproject.toml",)
_BUILT = ("examples/verilog/build",)


def copy_tree(folder):
    """Copy what tests need into ``folder``, which exists."""

    def ignored(place, names):
        return [
            name
            for name in names
            if name == "__pycache__" or (Path(place) / name).relative_to(ROOT).as_posix() in _BUILT
        ]

    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)


def target_of(path, tests=None):
    """What pytest is given for a planted error in ``path``; ``tests`` as :mod:`tests.mutants` says.

    Without the name of a test it is a file: ``tests/golden/pcm/test_mapper.py``.
    """
    tree, *package, _ = Path(path).parts
    name, _, case = (tests or Path(path).stem).partition("::")
    *other, name = name.split("/")
    if other[:1] != ["tests"]:
        other = ["tests", tree, *(other or package)]
    return "/".join([*other, f"test_{name}.py"]) + (f"::{case}" if case else "")


def plant(folder, path, old, new, tests=None):
    """Copy the tree into ``folder`` with ``new`` for ``old`` in ``path``, and run the tests.

    Returns ``(caught, output)``: the first test that failed, None where none did, and what pytest
    printed. Tests that do not run at all catch nothing. ``tests``: as :func:`target_of` takes it.
    """
    copy_tree(folder)
    target = folder / path
    target.write_text(replaced(target.read_text(), old, new, path))
    test = target_of(path, tests)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", _QUICK, test],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "PYTEST_ADDOPTS": "",
            # Gateware beside the planted error is compiled already.
            "V90_CACHE": str(folder / "build"),
            "V90_CACHE_LENT": str(cache_root()),
        },
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    failed = re.search(r"^(?:FAILED|ERROR) tests/(\S+)", run.stdout, re.MULTILINE)
    # 1 is a failed test; anything else would be red for another reason.
    return failed[1] if failed and run.returncode == 1 else None, run.stdout + run.stderr


def outcome(item):
    """What caught a row, and the seconds that took; the second of a pair is :func:`_state`."""
    row, _ = item
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        caught, _ = plant(Path(folder), *row)
    return caught, time.perf_counter() - begin


def _state():
    """A hash of the tests, which decide with the sources what an error's outcome is."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def main(argv=None):
    """Print the table; return 1 where an error survives."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--file", help="errors in files whose path has this in it, not in all")
    work.options(parser)
    options = parser.parse_args(argv)
    state = _state()
    items = [(row, state) for row in MUTANTS if (options.file or "") in row[0]]
    found, began = {}, time.perf_counter()
    with progress("errors") as show:
        show(0, len(items))
        for index, result in work.results_of(outcome, items, work.workers_of(options)):
            found[index] = result
            show(len(found), len(items))
    table = Table("file", "stands there", "planted", "caught by", "s", box=None)
    survived = 0
    for index, (row, _) in enumerate(items):
        caught, seconds = found[index]
        survived += caught is None
        shown = (" ".join(text.split())[:30] for text in row[1:3])
        table.add_row(row[0], *shown, caught or "NOTHING", f"{seconds:.0f}")
    console = Console(width=None if sys.stdout.isatty() else 150, markup=False, highlight=False)
    console.print(table)
    console.print(f"{len(items)} errors, {survived} survive, {time.perf_counter() - began:.0f} s")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(guarded(main))
