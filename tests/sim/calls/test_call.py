"""A call goes its way: with given parameters, or with a start-up."""

from types import SimpleNamespace

import pytest

from sim.calls import given, start_up
from sim.calls.call import run
from sim.calls.description import Call
from sim.calls.engines import GOLDEN
from sim.world.network import NetworkParameters
from tests.sim.calls.support import designed


@pytest.mark.parametrize("way", [given, start_up], ids=["given", "start-up"])
def test_each_call_goes_its_way(monkeypatch, way):
    asked = []

    def carry(call, data, engines):
        asked.append((call, data, engines))
        return SimpleNamespace(seconds=0.0)

    monkeypatch.setattr(way, "carry", carry)
    call = Call(parameters=designed(NetworkParameters()) if way is given else None)
    outcome = run(call, b"a file")
    assert asked == [(call, b"a file", GOLDEN)] and outcome.seconds > 0
