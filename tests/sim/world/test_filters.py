"""The codec's filters alone; that they are inside the masks, test_line.py has."""

import numpy as np
import pytest

from sim.world import filters
from tests.sim.world.support import EDGES, loss


@pytest.mark.parametrize("edge", EDGES)
def test_band_edge_is_where_3_dB_are_lost(edge):
    # Of the pass band's top, which is 0.1 dB above the loss at 1020 Hz at most.
    below, at, above = loss(filters.low_pass(edge, np.array([edge - 20.0, edge, edge + 20])))
    assert at == pytest.approx(3, abs=0.1 + 1e-6) and below < at < above


def test_high_pass_corners():
    f = np.array([0.0, 20, 50, 4000])
    assert np.abs(filters.high_pass((20,), f)) == pytest.approx([0, 0.5**0.5, 0.928477, 0.9999875])
    twice = filters.high_pass((20, 50), f)
    assert twice == pytest.approx(filters.high_pass((20,), f) * filters.high_pass((50,), f))
