"""Synchronism: what ends it, what brings it back, and how long that may take (9.3.2)."""

import numpy as np
import pytest

from golden.pcm.parameters import INTERVALS
from golden.receiver.synchronism import Synchronism
from golden.receiver.timetable import (
    DEAD_LINE,
    FAST_BITS,
    GRACE,
    LONGEST_COAST,
    SLOW_BITS,
    STILL_BIT,
    Kind,
    State,
)

LOSS = 1000


class Line:
    """One line, number 1 of two, data frame after data frame."""

    def __init__(self):
        self.synchronism = Synchronism(2)
        self.coasts = False
        #: Long enough for the mean.
        for _ in range(40):
            self.frame()

    def frame(self, error=0.0, level=2 * DEAD_LINE, counts=True):
        """A data frame with ``error`` times the loss; the events."""
        lines = np.array([1])
        self.synchronism.hear(lines, np.full((1, 12), level // 12))
        # The fast mean is that of 8 data frames of energy / 256, against loss.
        energy = np.array([int(error * LOSS * (256 >> FAST_BITS))])
        squares = np.full((1, INTERVALS), int(energy[0]) // 6)
        self.synchronism.take(lines, squares, energy, np.array([counts]))
        found = self.synchronism.process(lines, np.array([self.coasts]), np.array([LOSS]))
        events = []
        for which, state, kind in found:
            if len(which):
                assert which.tolist() == [1]
                self.coasts, _ = state is State.COAST, events.append(kind)
                self.state = state
        return events


def test_errors_beyond_the_loss_are_a_disturbance():
    line = Line()
    assert not any(line.frame(0.95) for _ in range(60))
    assert [line.frame(1.2) for _ in range(5)].count([Kind.DISTURBED]) == 1
    assert line.coasts and line.state is State.COAST


def test_a_dead_line_is_a_disturbance_whatever_its_errors():
    line = Line()
    assert not any(line.frame(level=DEAD_LINE + 24) for _ in range(60))
    events = [line.frame(level=0) for _ in range(10)]
    assert [Kind.DISTURBED] in events and [Kind.RECOVERED] not in events


@pytest.mark.parametrize("error, recovers", [(0.6, False), (0.4, True)])
def test_half_the_loss_is_synchronism_again(error, recovers):
    line = Line()
    while not line.frame(3.0):
        pass
    events = [line.frame(error) for _ in range(30)]
    assert ([Kind.RECOVERED] in events) == recovers == (not line.coasts)
    # A line that has recovered reports neither.
    assert [Kind.LOST] not in events
    if recovers:
        # Another disturbance counts from its own beginning.
        while not line.frame(3.0):
            pass
    assert line.synchronism.coasting[1] == (0 if recovers else 30)


def test_a_disturbance_becomes_a_loss_and_ends():
    line = Line()
    while not line.frame(3.0):
        pass
    events = [line.frame(3.0) for _ in range(LONGEST_COAST)]
    assert {at + 1: one for at, one in enumerate(events) if one} == {
        GRACE: [Kind.LOST],
        LONGEST_COAST: [Kind.GIVEN_UP],
    }
    assert line.state is State.SEARCH


def test_the_drift_rests_every_other_while():
    line = Line()
    while not line.frame(3.0):
        pass
    still = []
    for _ in range(4 << STILL_BIT):
        line.frame(3.0)
        still.append(bool(line.synchronism.is_still(np.array([1]))[0]))
    # It counts from 1.
    one = 1 << STILL_BIT
    expected = np.repeat([False, True, False, True, False], one)[1 : 4 * one + 1]
    assert still == expected.tolist()


def test_means():
    """Slow means take all errors; the fast one those that count, and it can begin anew."""
    line = Line()
    synchronism = line.synchronism
    squares = 0
    for _ in range(300):
        line.frame(0.5)
        squares += int(0.5 * LOSS * 32) // 6 - (squares >> SLOW_BITS)
    # 40 data frames without errors were before.
    assert synchronism.slow[1].tolist() == [squares] * INTERVALS
    assert not synchronism.slow[0].any()
    assert not any(line.frame(9.0, counts=False) for _ in range(20))
    assert not line.frame(6.0)
    synchronism.forget_errors(1)
    assert not line.frame(6.0)
    assert line.frame(6.0) == [Kind.DISTURBED]
    synchronism.start(1)
    assert not synchronism.slow.any() and not synchronism.coasting.any()
    # Its level is not known either, which is a dead line's.
    line.coasts = False
    assert line.frame(level=6 * DEAD_LINE) == [Kind.DISTURBED]
