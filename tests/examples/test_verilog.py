"""examples/verilog: an exported encoder in a bench, and a bench that finds an error."""

import os
import subprocess
import sys

import pytest

from golden.errors import V90Error
from tests.support import EXAMPLES, ROOT
from v90 import main

MAKEFILE = EXAMPLES / "verilog" / "Makefile"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which `make` finds this Python as `python`, and the encoder exported."""
    folder = tmp_path_factory.mktemp("verilog")
    (folder / "bin").mkdir()
    (folder / "build").mkdir()
    for name, words in (("python", ""), ("v90", f"{ROOT / 'v90.py'} ")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        script.chmod(0o755)
    assert main(["verilog", "encoder", "-o", str(folder / "build" / "encoder.v")]) == 0
    return folder


def run(place):
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", "-f", str(MAKEFILE), "-C", str(place)],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_encoder_makes_the_models_octets(place):
    result = run(place)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "60 octets, all as the model has them" in result.stdout
    octets = (place / "build" / "octets.hex").read_text().split()
    assert len(octets) == 60 and len(set(octets)) > 10


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("octets.hex", 4, "octet 4 is "),
        # Without the word that commits, no data frame ever begins.
        ("words.hex", 57, "0 of 60 octets in 100000 cycles"),
    ],
)
def test_an_error_has_an_exit_status(place, file, line, said):
    run(place)
    path = place / "build" / file
    right = path.read_text()
    wrong = right.splitlines()
    wrong[line] = "00" if wrong[line] != "00" else "01"
    try:
        path.write_text("\n".join(wrong))
        result = run(place)
    finally:
        path.write_text(right)
    assert result.returncode != 0
    assert said in result.stdout + result.stderr


def test_a_bad_block_is_an_error():
    with pytest.raises(V90Error, match="no block is called encodr"):
        from sim.export.blocks import block

        block("encodr")
