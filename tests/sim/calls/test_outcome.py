"""Whether the file arrived, and what is said where it did not."""

from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from golden.receiver.timetable import Kind
from sim.calls.outcome import Outcome


def outcome(file, comparison=None):
    nothing = np.zeros(0, np.uint8)
    return Outcome(
        call=None,
        data=b"sent",
        parameters=None,
        octets=nothing,
        samples=nothing,
        decisions=None,
        taps=None,
        timeline=[],
        rates=[],
        lasted=1.0,
        file=SimpleNamespace(file=file),
        comparison=comparison,
    )


def test_the_file_arrived():
    found = outcome(lambda: b"sent")
    assert found.back == b"sent" and found.failure is None


def test_another_file_arrived():
    found = outcome(lambda: b"another")
    assert found.back == b"another" and found.failure == "the file that arrived is another one"


@pytest.mark.parametrize("kind", [V90Error, CallFailed])
def test_no_file_arrived(kind):
    def file():
        raise kind("the line ends")

    assert outcome(file).failure == "the line ends" and outcome(file).back is None
    events = [(7, Kind.DISTURBED), (9, Kind.LOST), (11, Kind.DISTURBED)]
    received = SimpleNamespace(slips=[(5, 1)], decisions=SimpleNamespace(events=events))
    assert outcome(file, SimpleNamespace(received=received)).failure == (
        "the line ends; the network slipped about data frame 5; synchronism was disturbed in data "
        "frame 7; synchronism was lost in data frame 9"
    )
