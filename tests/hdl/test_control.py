"""The control between data frames with its neighbours played to it."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.equalizer import shifted
from golden.receiver import (
    FAST_BITS,
    FIRST,
    FREQUENCY_BITS,
    GRACE,
    LOOP_BITS,
    QUIET,
    SKIPPED,
    SOLVING,
    STILL_BIT,
    TRAINED,
    Kind,
)  # fmt: skip
from hdl.control import TRAINING_LOSS, TRAINING_POWER, WORD, Control, Settings
from hdl.equalizer import LEVEL
from sim.engines import ENGINES, compare
from sim.pattern import Pattern


class ControlAlone(wiring.Component):
    """The control with settings as inputs, and its end of the front played to it."""

    def __init__(self, start_up=False):
        self.settings = Settings(LEVEL, start_up)
        self.control = Control(self.settings, start_up=start_up)
        given = ("found", "trained", "measured", "done", "energy", "loaded", "loud", "slope")
        told = ("state", "number", "load", "phase", "frequency", "correct", "training", "hurry")
        told += ("still",)
        members = self.control.signature.members
        super().__init__(
            {
                "i": In(stream.Signature(WORD)),
                "o_event": Out(members["o_event"].signature),
                **{name: In(members[name].shape) for name in given},
                **{name: Out(members[name].shape) for name in told},
            }
        )
        self.given, self.told = given, told

    def elaborate(self, platform):
        m = Module()
        m.submodules.settings, m.submodules.control = settings, control = (
            self.settings, self.control,
        )  # fmt: skip
        wiring.connect(m, wiring.flipped(self.i), settings.i)
        wiring.connect(m, control.o_event, wiring.flipped(self.o_event))
        m.d.comb += [control.started.eq(control.restart), settings.o.ready.eq(1)]
        m.d.comb += [getattr(control, name).eq(getattr(self, name)) for name in self.given]
        m.d.comb += [getattr(self, name).eq(getattr(control, name)) for name in self.told]
        return m


@pytest.mark.parametrize("engine", ENGINES)
def test_synchronism_lost_and_found(engine, rng):
    """Start-up, training, tracking, and losses of two kinds, at the control, on every engine."""
    limit = 50_000
    words = [(TRAINING_POWER, 24), (TRAINING_LOSS, limit)]
    start, gap, ends = 40, 90, []
    trained = SKIPPED + TRAINED + SOLVING - FIRST
    quiet, good, bad = 100, 2000, 60_000
    frames = [(good << 8, 5000)] * 20 + [(bad << 8, 5000)] * 12 + [(good << 8, 5000)] * 40
    frames += [(good << 8, quiet)] * 80 + [(good << 8, 5000)] * 30
    slopes = rng.integers(-(2**32), 2**32, len(frames))
    cycles = start + trained * 20 + 100 + len(frames) * gap + 100
    names = "found", "trained", "measured", "done", "energy", "loud", "slope"
    waves = {name: np.zeros(cycles, np.int64) for name in names}
    waves["found"][start - 20] = 1
    waves["loud"][:] = 5000
    waves["trained"][start + 20 * np.arange(trained)] = 1
    for number, ((energy, loud), slope) in enumerate(zip(frames, slopes, strict=True)):
        at = start + trained * 20 + 100 + number * gap
        waves["measured"][at] = waves["done"][at + 2] = 1
        waves["energy"][at], waves["loud"][at], waves["slope"][at + 2] = energy, loud, slope
        ends.append(at)
    # What golden's _watch does with the same numbers.
    events, coasting = [(FIRST, Kind.DETECTED), (FIRST + trained, Kind.TRAINED)], False
    fast, heard, first = 0, 0, FIRST + trained
    coasted, ways = 0, []
    for _ in range(trained):
        heard += 5000 - (heard >> FAST_BITS)
    for number, (energy, loud) in enumerate(frames):
        fast += energy - (fast >> FAST_BITS)
        heard += loud - (heard >> FAST_BITS)
        dead = heard >> FAST_BITS < QUIET
        coasted = coasted + 1 if coasting else 0
        if not coasting and (fast >> 8 > limit or dead):
            events.append((first + number, Kind.DISTURBED))
            coasting = True
        elif coasting and fast >> 8 <= limit >> 1 and not dead:
            events.append((first + number, Kind.RECOVERED))
            coasting = False
        elif coasted == GRACE:
            events.append((first + number, Kind.LOST))
        ways.append((coasting, coasting and coasted >> STILL_BIT & 1))
    told = [kind for _, kind in events]
    assert told.count(Kind.DISTURBED) == 2 and told.count(Kind.LOST) == 1
    expected = {"kind": np.array([int(kind) for _, kind in events]),
                "number": np.array([number for number, _ in events])}  # fmt: skip
    (result,) = compare(
        ControlAlone(), {"i": np.array(words, [("address", np.int64), ("data", np.int64)])},
        {"o_event": expected}, engine=engine, patterns=[Pattern()], cycles=cycles,
        waves={**waves, "loaded": 1}, drain=100,
        probes=["correct", "phase", "frequency", "hurry", "still"],
    )  # fmt: skip
    corrected = np.flatnonzero(result.probes["correct"])
    assert len(corrected) > 100  # to the last event
    seen = np.array(ends[1 : len(corrected)])
    for name, expected in zip(("hurry", "still"), zip(*ways, strict=True), strict=True):
        assert len(set(expected)) == 2
        assert np.array_equal(result.probes[name][seen], expected[: len(seen)])
    slopes = slopes[: len(corrected)]
    right = 24 - 32 + LOOP_BITS
    assert np.array_equal(result.probes["phase"][corrected], shifted(slopes, right))
    assert np.array_equal(
        result.probes["frequency"][corrected], shifted(slopes, right + FREQUENCY_BITS)
    )
