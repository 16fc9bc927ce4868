"""A folder to run commands in, and commands that must fail there."""

import re

import pytest

import v90
from tests.sim.cli.support import DATA, contents
from tests.support import EXAMPLES


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with parameters ``p.json``, a file ``data``, and its line ``line``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text((EXAMPLES / "45333.json").read_text())
    (tmp_path / "data").write_bytes(DATA)
    assert v90.main(["transmit", "data", "-o", "line", "--parameters", "p.json"]) == 0
    return tmp_path


@pytest.fixture
def fails(place, capsys):
    """Run a command that must fail: one sentence, the status, and not a file changed."""

    def run(status, *argv):
        before = contents(place)
        capsys.readouterr()
        assert v90.main([str(argument) for argument in argv]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"v90: error: [^\n]+\n", err)
        assert contents(place) == before
        return err

    return run
