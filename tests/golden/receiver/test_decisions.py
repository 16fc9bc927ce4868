"""Decisions of lines side by side go to their own line, in order."""

import numpy as np

from golden.pcm.parameters import INTERVALS
from golden.receiver.decisions import _decisions
from golden.receiver.timetable import Kind


def columns(lines, fine):
    """Columns of one step: ``lines`` each decide a data frame whose soft values are ``fine``."""
    wide = np.full((len(lines), INTERVALS), 7)
    narrow = np.arange(len(lines))
    return [np.array(lines), np.array(fine), wide, wide, narrow, narrow, narrow, wide, narrow]


def test_each_line_gets_its_own():
    """Two steps of three lines; the third line decides in the second step alone."""
    first = columns([0, 1], [[-1, 0, 1, 2, 3, 4], [5] * INTERVALS])
    second = columns([2, 0], [[-9] * INTERVALS, [6] * INTERVALS])
    events = [[(0, Kind.DATA)], [], [(3, Kind.LOST)]]
    one, two, three = _decisions([first, second], events)
    assert one.fine.tolist() == [[-1, 0, 1, 2, 3, 4], [6] * INTERVALS]
    assert one.sign.tolist() == [[0, 1, 1, 1, 1, 1], [1] * INTERVALS]
    assert two.fine.tolist() == [[5] * INTERVALS] and three.fine.tolist() == [[-9] * INTERVALS]
    assert one.number.tolist() == [0, 1] and one.good.tolist() == [False, True]
    assert [each.events for each in (one, two, three)] == events


def test_nothing_decided():
    """No frames are empty arrays of the right shape."""
    (nothing,) = _decisions([], [[]])
    assert nothing.fine.shape == (0, INTERVALS) and nothing.number.shape == (0,)
