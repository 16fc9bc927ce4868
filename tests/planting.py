"""`make mutants`: plant each error of :mod:`tests.mutants`, and print what caught it."""

import argparse
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


def plant(folder, path, old, new, stem=None):
    """Copy the tree into ``folder`` with ``new`` for ``old`` in ``path``, and run the tests.

    Returns ``(caught, output)``: the first test that failed, None where none did, and what pytest
    printed. Tests that do not run at all catch nothing. ``stem``: as in a row of ``MUTANTS``.
    """
    for name in ("golden", "hdl", "sim", "tests", "docs"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "build")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    target = folder / path
    text = target.read_text()
    target.write_text(replaced(text, old, new, path))
    tree, *package, _ = Path(path).parts
    name, _, case = (stem or Path(path).stem).partition("::")
    *other, name = name.split("/")
    test = "/".join(["tests", tree, *(other or package), f"test_{name}.py"])
    test += f"::{case}" if case else ""
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


def outcome(row):
    """The test that caught a row's error, or None, and the seconds that it took."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        caught, _ = plant(Path(folder), *row)
    return caught, time.perf_counter() - begin


def main(argv=None):
    """Print the table; return 1 where an error survives."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--file", help="errors in files whose path has this in it, not in all")
    work.options(parser)
    options = parser.parse_args(argv)
    rows = [row for row in MUTANTS if (options.file or "") in row[0]]
    table = Table("file", "stands there", "planted", "caught by", "s", box=None)
    survived, began = 0, time.perf_counter()
    found = {}
    with progress("errors") as show:
        show(0, len(rows))
        for index, result in work.results_of(outcome, rows, work.workers_of(options)):
            found[index] = result
            show(len(found), len(rows))
    for index, row in enumerate(rows):
        caught, seconds = found[index]
        survived += caught is None
        shown = (" ".join(text.split())[:30] for text in row[1:3])
        table.add_row(row[0], *shown, caught or "NOTHING", f"{seconds:.0f}")
    console = Console(width=None if sys.stdout.isatty() else 150, markup=False, highlight=False)
    console.print(table)
    console.print(f"{len(rows)} errors, {survived} survive, {time.perf_counter() - began:.0f} s")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(guarded(main))
