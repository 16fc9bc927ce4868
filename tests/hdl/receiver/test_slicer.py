import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from golden.formats import SOFT
from golden.pcm.parameters import INTERVALS
from golden.receiver import slicer as golden
from golden.receiver.slicer import FINE
from hdl.receiver.slicer import Slicer
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from tests.golden.receiver.support import random_levels
from tests.hdl.receiver.support import above, level_words
from tests.hdl.support import (
    FULL_SPEED,
    columns,
    compare_resetting,
    patterns_of,
    scaled,
)


class Written(wiring.Component):
    """A slicer whose ``i`` waits until ``words`` words have come since reset."""

    def __init__(self):
        self.slicer = Slicer()
        members = self.slicer.signature.members
        super().__init__({name: members[name] for name in members} | {"words": In(16)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.slicer = slicer = self.slicer
        seen = Signal(16)
        begun = seen >= self.words
        connect(m, flipped(self.i_write), slicer.i_write)
        connect(m, slicer.o, flipped(self.o))
        m.d.comb += [
            slicer.i.payload.eq(self.i.payload),
            slicer.i.valid.eq(self.i.valid & begun),
            self.i.ready.eq(slicer.i.ready & begun),
            slicer.bank.eq(self.bank),
            slicer.training.eq(self.training),
            slicer.training_value.eq(self.training_value),
            slicer.training_ucode.eq(self.training_ucode),
        ]
        with m.If(slicer.i_write.valid & slicer.i_write.ready & ~begun):
            m.d.sync += seen.eq(seen + 1)
        return m


def interesting(rng, levels, interval):
    """A soft value: anything, or on a bound or beside it."""
    values = levels.values[interval]
    at = int(rng.integers(len(values)))
    bound = (values[at] + values[max(0, at - 1)]) << (FINE - 1)
    near = bound + int(rng.integers(-9, 10)) // 8
    pick = rng.integers(4)
    if pick < 2:
        return int(np.clip(rng.choice([-1, 1]) * near, SOFT.min, SOFT.max))
    if pick == 2:
        return int(rng.choice([0, -1, 1, SOFT.min, SOFT.max]))
    return int(rng.integers(SOFT.min, SOFT.max + 1))


def sliced(levels, fine, interval):
    ucode, value = golden.Slicer([levels]).process(
        np.array(fine), np.array(interval), np.zeros(len(fine), np.int64)
    )
    return {"value": value, "ucode": np.array(ucode), "above": np.array(list(map(above, ucode)))}


@pytest.mark.parametrize("engine", ENGINES)
def test_slicer_equals_golden(engine, rng):
    most = 128 if engine == "cxxrtl" else 9
    for bank in range(2):
        sets = [random_levels(rng, most) for _ in range(2)]
        words = level_words(rng, sets[0], 0) + level_words(rng, sets[1], 1)
        interval = rng.integers(INTERVALS, size=scaled(engine, 2000, 20))
        fine = np.array([interesting(rng, sets[bank], n) for n in interval])
        full = compare_resetting(
            Written(),
            {"i_write": columns(words), "i": {"fine": fine, "interval": interval}},
            {"o": sliced(sets[bank], fine, interval)},
            (len(words), 2 * len(words) + 33),
            engine=engine,
            waves={"words": len(words), "bank": bank},
        )
        given = full.given["o"]
        assert (np.diff(given) == Slicer.latency + 1).all()
        # Requests are taken a cycle before their answers.
        assert (given - full.taken["i"] == 1).all()


def test_slicer_searches_while_words_come(rng):
    """Words for the other bank wait for answers, and change none."""
    ours, other = random_levels(rng), random_levels(rng)
    gateware = Gateware(Written())
    own = level_words(rng, ours, 0)
    gateware.run({"i_write": columns(own)}, waves={"bank": 0, "words": len(own)})
    interval = rng.integers(INTERVALS, size=60)
    fine = np.array([interesting(rng, ours, n) for n in interval])
    result = gateware.run(
        {"i_write": columns(level_words(rng, other, 1)), "i": {"fine": fine, "interval": interval}},
        {"o": 60},
        waves={"bank": 0, "words": 0},
        reset=False,
        idle=0.7,
        stall=0.5,
        seed=3,
        check_ready=True,
    )
    # One at least goes in between two searches, and none during one: what an SPRAM gives after a
    # write is not known.
    assert len(result.taken["i_write"]) >= 60
    begun = result.taken["i"] - (Slicer.latency - 1)
    during = np.searchsorted(result.taken["i_write"], [begun + 1, result.taken["i"] + 1])
    assert np.array_equal(*during)
    expected = sliced(ours, fine, interval)
    for name, wanted in expected.items():
        assert np.array_equal(result.outputs["o"][name], wanted)


@pytest.mark.parametrize("engine", ENGINES)
def test_slicer_has_one_level_while_training(engine, rng):
    fine = np.array([0, -1, 1, SOFT.min, SOFT.max, *rng.integers(SOFT.min, SOFT.max, 20)])
    interval = rng.integers(INTERVALS, size=len(fine))
    value, ucode = int(rng.integers(32768)), int(rng.integers(128))
    results = compare(
        Slicer(),
        {"i": {"fine": fine, "interval": interval}},
        {
            "o": {
                "value": np.where(fine < 0, -value, value),
                "ucode": np.full(len(fine), ucode),
                "above": np.zeros(len(fine), int),
            }
        },
        engine=engine,
        patterns=patterns_of(engine),
        waves={"training": 1, "training_value": value, "training_ucode": ucode},
    )
    assert results[0].pattern == FULL_SPEED
    assert (results[0].given["o"] - results[0].taken["i"] == 1).all()
