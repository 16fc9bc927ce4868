"""The superconstellation against Figures 5 and 9/V.34 as printed."""

import csv
from pathlib import Path

import numpy as np

from golden.v34.constellation import ENERGIES, QUARTER, label, rotate, subset, turns_of

#: Figure 5/V.34: label, real, imaginary.
FIGURE_5 = Path(__file__).with_name("figure5.csv")

#: Figure 9/V.34: rows from imaginary part 3 down, columns from real part -3 up.
FIGURE_9 = (
    ("001", "110", "101", "010"),
    ("100", "011", "000", "111"),
    ("101", "010", "001", "110"),
    ("000", "111", "100", "011"),
)


def test_figure_5():
    """All 416 points."""
    with FIGURE_5.open() as file:
        rows = [[int(row[c]) for c in ("real", "imaginary")] for row in csv.DictReader(file)]
    assert QUARTER.tolist() == rows
    assert ENERGIES.tolist() == [x * x + y * y for x, y in rows]


def test_figure_9():
    """The sixteen points drawn; the pattern repeats every 8."""
    for row, labels in enumerate(FIGURE_9):
        for column, text in enumerate(labels):
            point = np.array([2 * column - 3, 3 - 2 * row])
            for shift in ((0, 0), (8, 0), (0, -8), (4, 4), (-4, 4)):
                assert subset(point + shift) == int(text, 2)


def test_superconstellation():
    """The four quarters have 1664 points, no two alike."""
    points = [rotate(QUARTER, np.full(416, turns)) for turns in range(4)]
    everything = np.concatenate(points)
    assert len(np.unique(everything, axis=0)) == 1664
    assert np.all(everything % 2 == 1)
    for turns, quarter in enumerate(points):
        assert np.all(turns_of(quarter) == turns)
        assert np.array_equal(label(rotate(quarter, -turns * np.ones(416, int))), np.arange(416))


def test_a_turn_is_clockwise():
    """Minus i to the power of turns, in complex numbers."""
    points = QUARTER[:40]
    for turns in range(-4, 5):
        turned = (points @ [1, 1j]) * (-1j) ** turns
        assert np.array_equal(rotate(points, np.full(40, turns)) @ [1, 1j], turned)


def test_points_outside():
    """No label for what Figure 5 does not show, near or far."""
    outside = np.array([[45, 45], [-43, 45], [49, 1], [-47, 1], [1, 261], [1, -259]])
    assert label(outside).tolist() == [416] * len(outside)
