"""Levels that wait know what for."""

from golden.receiver.schedule import _Waiting
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind


def test_waiting_levels():
    """No data frame is known until the far end says one."""
    levels = Levels(((8,),) * 6, ((1,),) * 6)
    one = _Waiting(levels, Kind.SWITCHED)
    assert one.levels is levels and one.kind == Kind.SWITCHED and one.frame is None
