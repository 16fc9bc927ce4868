"""examples/verilog: an exported encoder in a bench, and a bench that finds an error."""

import subprocess

import pytest

from golden.errors import V90Error
from tests.support import EXAMPLES, with_commands
from v90 import main

MAKEFILE = EXAMPLES / "verilog" / "Makefile"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which `make` finds this Python as `python`, and the encoder exported."""
    folder = tmp_path_factory.mktemp("verilog")
    (folder / "build").mkdir()
    assert main(["verilog", "encoder", "-o", str(folder / "build" / "encoder.v")]) == 0
    return folder


def run(place):
    return subprocess.run(
        ["make", "-f", str(MAKEFILE), "-C", str(place)],
        env=with_commands(place / "bin"),
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
