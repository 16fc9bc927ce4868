"""Counters of what happened stop at their end, proved for all time.

A number that says where something is (a step, a place in a ring, the number of a data frame) begins
anew by design, and is no such counter.
"""

import pytest
from amaranth.hdl import Assert, Assume, Cat, ResetSignal, Signal

from tests.formal.counters import COUNTERS, DOWN
from tests.formal.proof import Free, holds, planted


def never_less(m, counters):
    """A count, read long enough, is never less than the last of the same channel."""
    same, channel = Signal(counters.settled), Signal.like(counters.read_channel)
    count, event = Signal(16), Signal()
    stays = counters.read_channel == channel
    m.d.sync += [
        same.eq(Cat(stays, same)),
        channel.eq(counters.read_channel),
        count.eq(counters.count),
        event.eq(counters.event),
    ]
    # A reset begins anew; events closer than two cycles are lost, as is said there.
    m.d.comb += [Assume(~ResetSignal()), Assume(~(event & counters.event))]
    with m.If(same.all() & stays):
        m.d.comb += Assert(counters.count >= count)


@pytest.mark.parametrize("change", [(), (("write.en.eq(~read.data.all())", "write.en.eq(1)"),)])
def test_counters_of_channels(change, tmp_path):
    """Eight cycles of any state, then one more: none ever begins anew."""
    counters = planted("hdl.core.stream", *change).Counters(2)
    assert holds(tmp_path, Free(counters, never_less), 3, 8) == (not change)


@pytest.mark.parametrize("is_planted", [False, True])
@pytest.mark.parametrize("name", COUNTERS)
def test_counters_of_blocks(name, is_planted, tmp_path):
    module, block, clear, old, new = COUNTERS[name]

    def claims(m, component):
        count, cleared = getattr(component, name), Signal(init=1)
        held = Signal.like(count)
        m.d.sync += [held.eq(count), cleared.eq(0)]
        if clear:
            signal = getattr(component, clear)
            m.d.sync += cleared.eq(~signal if clear in DOWN else signal)
        m.d.comb += Assert(cleared | (count >= held))

    change = [(old, new)] * is_planted
    component = getattr(planted(f"hdl.{module}", *change), block)()
    assert holds(tmp_path, Free(component, claims), 2, 1) != is_planted
