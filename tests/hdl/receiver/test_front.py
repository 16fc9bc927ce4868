"""Samples through detector and interpolator, which share a multiplier."""

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.receiver.timing import HALVES
from hdl.receiver.front import Front
from sim.engines.gateware import Gateware
from tests.hdl.receiver.support import LEAD, LONG, detections, half_symbols, sd, to_samples, waves


class Restarted(wiring.Component):
    """A front whose clock is restarted with each detection."""

    def __init__(self):
        self.front = Front()
        members = self.front.signature.members
        super().__init__(
            {name: members[name] for name in ("sample", "strobe", "deaf")}
            | {"o": Out(members["o"].signature), "found": Out(1), "stop": In(1), "quiet": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.front = front = self.front
        connect(m, front.o, flipped(self.o))
        m.d.comb += [
            front.sample.eq(self.sample),
            front.strobe.eq(self.strobe),
            front.deaf.eq(self.deaf),
            front.control.restart.eq(front.control.found),
            front.control.stop.eq(self.stop),
            self.found.eq(front.control.found),
            self.quiet.eq(front.control.quiet),
        ]
        return m


def test_half_symbols_from_sd_on(rng):
    """Silence, Sd and TRN1d: half symbols at the clock and level that Sd gave, until stopped."""
    samples = to_samples(rng, [np.zeros(50), sd(rng, 9000, 120), np.zeros(400)], noise=3)
    ((last, reversal, shift, step),) = detections(samples)
    given, strobes = waves(samples, LONG)
    stopped = len(samples) - 100
    stop = np.zeros(len(given["strobe"]), np.int64)
    stop[strobes[stopped] + 300] = 1
    gateware = Gateware(Restarted())
    result = gateware.run(
        outputs={"o": None},
        waves={**given, "deaf": 0, "stop": stop},
        cycles=len(given["strobe"]),
        probes=["found", "quiet"],
    )
    halves, needed, _ = half_symbols(samples, 0, reversal, shift, step, [])
    got = result.outputs["o"]
    count = int((needed <= stopped).sum())
    assert count > 300 and len(got) == count
    assert np.array_equal(got["half"], halves[:count])
    assert np.array_equal(got["index"], np.arange(count) % HALVES)
    # Found with the sample that golden says, and quiet in the silence at the end only.
    found = np.flatnonzero(result.probes["found"])
    assert np.searchsorted(strobes, found[0]) - 1 == last
    quiet = result.probes["quiet"]
    assert quiet[-1] and not quiet[found[0] : strobes[len(samples) - 450]].any()


def test_deaf(rng):
    """A detection that is ignored begins nothing."""
    samples = to_samples(rng, [sd(rng, 9000, symbols=102)])
    given, _ = waves(samples, LONG)
    result = Gateware(Restarted()).run(
        outputs={"o": None},
        waves={**given, "deaf": 1, "stop": 0},
        cycles=LEAD + LONG * len(samples),
        probes=["found"],
    )
    assert len(detections(samples)) == 1
    assert not result.probes["found"].any() and not len(result.outputs["o"])
