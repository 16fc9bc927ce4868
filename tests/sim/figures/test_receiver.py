"""The measurements of `make figures`, some of them with a few lines; and that they can fail."""

from sim.figures import receiver
from tests.sim.figures.support import LINES, all_met


def test_first_training():
    rows = receiver.first_training(LINES, seeds=2)
    assert all_met(rows) and [row.what for row in rows] == list(LINES)
    for row in rows:
        assert 0 < row.values["lacks"] < 1.5
        assert row.values["best"] < row.values["bound"] + 0.4


def test_convergence():
    rows = receiver.convergence(LINES, snrs=(30, 45), frames=2340)
    assert all_met(rows) and len(rows) == 6
    assert [row.curve is not None for row in rows] == [False] * 3 + [True] * 3
    # Settled, its curve ends near the number.
    assert abs(rows[3].curve[1, -10:].mean() - rows[3].values["after 8000"]) < 0.3


def test_golden_against_float64():
    assert all_met(receiver.against_reference(LINES[1:2], snrs=(50,), frames=1500))


def test_clock():
    rows = receiver.clock(LINES[1:], seconds=2.5)
    assert all_met(rows) and len(rows) == 4
    assert all(abs(row.values["ppm off"]) < 2 for row in rows)
