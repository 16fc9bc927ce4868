"""Plant an error in a block, and its tests must turn red.

Each row copies the tree aside, replaces one piece of text that stands there once, and runs the
block's own tests. A survivor is a gap in the tests. `make mutants` plants all of them.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[1]

#: Tests that show a gateware block wrong without the slow simulators.
QUICK = "not verilator and not icarus"


def planted():
    """Every tenth row, from all packages, for `make test`; all of them with V90_MUTANTS=all."""
    return MUTANTS if os.environ.get("V90_MUTANTS") == "all" else MUTANTS[::10]


def test_every_row_can_be_planted():
    """What it replaces stands once, though `make test` plants a tenth."""
    for path, old, *_ in MUTANTS:
        assert (ROOT / path).read_text().count(old) == 1, (path, old)


def test_every_block_has_two():
    """Of golden and gateware, where there is anything to be wrong."""
    rows = Counter(path for path, *_ in MUTANTS)
    for package in ("golden", "hdl"):
        for file in (ROOT / package).glob("*.py"):
            if file.name not in ("__init__.py", "errors.py"):
                assert rows[f"{package}/{file.name}"] >= 2, file.name


@pytest.mark.parametrize(
    "path, old, new, stem", [(*row, None)[:4] for row in planted()],
    ids=lambda text: (text or "").split("\n")[0][:40],
)  # fmt: skip
def test_planted_error_is_caught(tmp_path, path, old, new, stem):
    for name in ("golden", "hdl", "sim", "tests", "docs"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "build")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / path
    text = target.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    target.write_text(text.replace(old, new))
    package = Path(path).parent.name
    name, _, case = (stem or Path(path).stem).partition("::")
    test = f"tests/{package}/test_{name}.py" + (f"::{case}" if case else "")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", QUICK, test],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    # 1 is a failed test; anything else would be red for another reason.
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
