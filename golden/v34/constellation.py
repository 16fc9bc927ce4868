"""The superconstellation and its labels (9.1, 9.6.3.1 and Figures 5 and 9/V.34).

Points are pairs (real, imaginary) of odd integers, on an axis of length 2. A quarter turn is one of
90 degrees clockwise, the way 9.6.1 turns points.
"""

import numpy as np

from golden.v34.parameters import POINTS

#: Points in the quarter of Figure 5.
QUARTER_POINTS = POINTS // 4

#: Coordinates of a quarter's points are from -43 to 45, 4 apart.
LOWEST, COORDINATES = -43, 23


def _quarter():
    """Points with both coordinates 1 modulo 4, by magnitude, the greater imaginary part first."""
    line = range(LOWEST, LOWEST + 4 * COORDINATES, 4)
    points = [(x, y) for x in line for y in line]
    points.sort(key=lambda point: (point[0] ** 2 + point[1] ** 2, -point[1]))
    return np.array(points[:QUARTER_POINTS], np.int64)


#: Figure 5: label -> point, int64 ``(416, 2)``.
QUARTER = _quarter()

#: Magnitude squared of each, int64 ``(416,)``.
ENERGIES = np.sum(QUARTER**2, axis=1)


def _labels():
    labels = np.full((COORDINATES, COORDINATES), QUARTER_POINTS, np.int64)
    labels[tuple(((QUARTER - LOWEST) // 4).T)] = np.arange(QUARTER_POINTS)
    return labels


#: Labels of Figure 5 by the two coordinates, ``(x + 43) / 4`` and ``(y + 43) / 4``; 416 where it
#: has no point.
FIGURE_5_LABELS = _labels()


def rotate(points, turns):
    """Turn points (int64, ``(..., 2)``) by ``turns`` (``(...)``) quarter turns clockwise."""
    real, imaginary = points[..., 0], points[..., 1]
    turns = np.asarray(turns) & 3
    swapped = (turns & 1) == 1
    first, second = np.where(swapped, imaginary, real), np.where(swapped, real, imaginary)
    # Clockwise: (x, y) -> (y, -x) -> (-x, -y) -> (-y, x).
    return np.stack(
        [
            np.where(turns >= 2, -first, first),
            np.where((turns == 1) | (turns == 2), -second, second),
        ],
        axis=-1,
    )


def turns_of(points):
    """Quarter turns from the quarter of Figure 5 to ``points``, the low bits of Figure 9."""
    real, imaginary = points[..., 0] & 2, points[..., 1] & 2
    # Coordinates 1 modulo 4 have no 2: (1, 1) is no turn, (1, -1) one, (-1, -1) two.
    return np.where(imaginary, np.where(real, 2, 1), np.where(real, 3, 0))


def subset(points):
    """The 3-bit subset label of Figure 9 for ``points`` (int64, ``(..., 2)``)."""
    # Points of one class are 4 apart; the high bit is a chequerboard of them.
    field = ((points[..., 0] + 1) >> 2) + ((points[..., 1] + 1) >> 2)
    return turns_of(points) + ((field & 1) << 2)


def label(points):
    """Label in Figure 5 of ``points`` that were turned back; 416 for what is not in it."""
    places = (points - LOWEST) >> 2
    inside = np.all((places >= 0) & (places < COORDINATES), axis=-1)
    places = np.where(inside[..., None], places, 0)
    return np.where(inside, FIGURE_5_LABELS[places[..., 0], places[..., 1]], QUARTER_POINTS)
