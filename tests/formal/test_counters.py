"""Counters that stop at their end, proved for all time."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, ResetSignal, Signal

from hdl.stream import Counters
from tests.formal.proof import Free, holds


def never_less(most):
    """Claim that a count, read long enough, is never less than the last of the same channel."""

    def claims(m, counters):
        same, channel = Signal(counters.settled), Signal.like(counters.read_channel)
        count, event = Signal(16), Signal()
        stays = counters.read_channel == channel
        m.d.sync += [
            same.eq(Cat(stays, same)), channel.eq(counters.read_channel), count.eq(counters.count),
            event.eq(counters.event),
        ]  # fmt: skip
        # A reset begins anew; events closer than two cycles are lost, as is said there.
        m.d.comb += [Assume(~ResetSignal()), Assume(~(event & counters.event))]
        with m.If(same.all() & stays):
            m.d.comb += Assert((counters.count >= count) & (counters.count <= most))

    return claims


@pytest.mark.parametrize("most", [65535, 65534])
def test_counters_stop_at_their_end(most, tmp_path):
    """Eight cycles of any state, then one more: none ever begins anew, and the end is reached."""
    assert holds(tmp_path, Free(Counters(2), never_less(most)), 3, 8) == (most == 65535)
