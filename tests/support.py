"""Places in the tree that tests of all packages need."""

import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

EXAMPLES = ROOT / "examples"


def with_commands(folder):
    """The environment in which `v90` and `python` are those of this tree, made in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in (("python", ""), ("v90", f"{shlex.quote(str(ROOT / 'v90.py'))} ")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words}"$@"\n')
        script.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
