"""Real calls; and that they can fail."""

import json

import numpy as np
import pytest

from sim.figures import calls as figures_calls
from tests.sim.figures.support import all_met


def test_real_calls(real_calls):
    assert all_met(figures_calls.raw_calls(real_calls))


def test_one_real_call_through_lines(real_calls, tmp_path):
    name = sorted(path.parent.name for path in real_calls.glob("*/call.json"))[0]
    (tmp_path / name).symlink_to(real_calls / name)
    rows = figures_calls.real_calls(tmp_path)
    assert all_met(rows) and len(rows) == 4
    assert len({row.values["line"] for row in rows}) == 4
    assert {round(row.values["ppm"]) for row in rows} == {-150, -50, 50, 150}


def test_a_call_whose_jd_is_damaged_is_not_met(real_calls, tmp_path):
    """A wrong sign in Jd is one sequence less, one in TRN1d an error."""
    source = real_calls / "conexant-hcf"
    if not source.is_dir():
        pytest.skip(f"no call conexant-hcf in {real_calls}")
    facts, down = (source / "call.json").read_text(), np.fromfile(source / "down.al", np.uint8)
    where = json.loads(facts)["samples"]
    down[where["jd"] + 100] ^= 0x80
    down[where["trn1d"] + 6000] ^= 0x80
    folder = tmp_path / "call"
    folder.mkdir()
    (folder / "call.json").write_text(facts)
    down.tofile(folder / "down.al")
    (row,) = figures_calls.raw_calls(tmp_path)
    assert not row.met and row.values["TRN1d wrong"] == 1
    assert 0 < row.values["Jd"] < row.values["of"]
