"""Start-ups through the gateware, with what a host does, beside golden: Sd to data."""

import numpy as np

from golden.receiver import Kind
from golden.receiver import Receiver as Golden
from sim.receiving import AnalogueGateware
from tests.startup import Host, StartUp, joined, training_levels


def test_a_whole_start_up(rng):
    start = StartUp.make(rng, "A")
    samples = start.samples(ppm=70.0)
    host = Host(Golden(training_levels("A")), start.script())
    golden = joined(host.run(samples))
    print(golden.events)
    gateware = AnalogueGateware(training_levels("A"))
    done, parts, starts = list(host.done), [], 0
    for begin in range(0, len(samples), host.piece):
        parts.append(gateware.process(samples[begin : begin + host.piece]))
        starts += sum(kind is Kind.DETECTED for _, kind in parts[-1].events)
        number = int(gateware._gateware.get("number"))
        while done and starts >= done[0][0] and number >= done[0][1]:
            print(number, done[0][1])
            for name, *arguments in done.pop(0)[2]:
                getattr(gateware, name)(*arguments)
    mine = joined(parts)
    print(mine.events)
    for name in ("number", "fine", "error", "ucode", "sign", "first", "good", "step"):
        a, b = getattr(golden, name), getattr(mine, name)
        n = min(len(a), len(b))
        bad = np.flatnonzero((a[:n] != b[:n]).reshape(n, -1).any(1))
        print(name, len(a), len(b), bad[:3], golden.number[bad[:3]])
    assert golden.events == mine.events
