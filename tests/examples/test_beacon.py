"""examples/beacon.py: a block of the project in a design of one's own."""

import runpy

import pytest

from golden.pcm.parameters import MappingParameters
from tests.support import EXAMPLES


@pytest.fixture(scope="module")
def beacon():
    return runpy.run_path(str(EXAMPLES / "beacon.py"))


def test_it_sends_what_golden_sends(beacon, capsys):
    assert beacon["main"]() == 0
    assert capsys.readouterr().out.endswith("equal to the golden model\n")


def test_another_text_is_not_equal(beacon):
    parameters = MappingParameters.from_json((EXAMPLES / "28000.json").read_text())
    sent = [beacon["simulate"](beacon["Beacon"](parameters, text), 12) for text in (b"V", b"W")]
    assert len(sent[0]) == len(sent[1]) == 12 and sent[0] != sent[1]


def test_it_becomes_verilog(beacon, tmp_path):
    assert beacon["main"](tmp_path / "beacon.v") == 0
    assert "module beacon(" in (tmp_path / "beacon.v").read_text()
