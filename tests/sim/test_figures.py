"""The measurements of `make figures`, some of them with a few lines; and that they can fail."""

from sim import figures

LINES = ("codec", "26awg-9kft", "tap-18kft")


def all_met(rows):
    for row in rows:
        print(row.what, row.values, row.met)
    return len(rows) > 0 and all(row.met for row in rows)


def test_first_training():
    rows = figures.first_training(LINES, seeds=2)
    assert all_met(rows) and [row.what for row in rows] == list(LINES)
    for row in rows:
        assert 0 < row.values["lacks"] < 1.5
        assert row.values["best"] < row.values["bound"] + 0.4


def test_convergence():
    rows = figures.convergence(LINES, snrs=(30, 45), frames=2340)
    assert all_met(rows) and len(rows) == 6
    assert [row.curve is not None for row in rows] == [False] * 3 + [True] * 3
    # Settled, its curve ends near the number.
    assert abs(rows[3].curve[1, -10:].mean() - rows[3].values["after 8000"]) < 0.3


def test_golden_against_float64():
    assert all_met(figures.against_reference(LINES[1:2], snrs=(50,), frames=1500))


def test_clock():
    rows = figures.clock(LINES[1:], seconds=2.5)
    assert all_met(rows) and len(rows) == 4
    assert all(abs(row.values["ppm off"]) < 2 for row in rows)
