"""The multiplier, alone and as a provider of products."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.core.mac import MULTIPLIER, Multiplier
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from sim.engines.pattern import Pattern
from tests.hdl.support import check_refused

EDGES = (-(2**15), -(2**15) + 1, -1, 0, 1, 2**15 - 1)


def factors(rng, more):
    """Pairs of factors: all of EDGES, then random ones."""
    a, b = np.array([(a, b) for a in EDGES for b in EDGES]).T
    return (np.concatenate([x, rng.integers(-(2**15), 2**15, more)]) for x in (a, b))


@pytest.mark.parametrize("engine", ENGINES)
def test_products_a_cycle_later(engine, rng):
    a, b = factors(rng, 500)
    (result,) = compare(
        Multiplier(),
        {},
        {},
        engine=engine,
        waves={"a": a, "b": b},
        probes=["product"],
        patterns=[Pattern()],
        cycles=len(a) + Multiplier.latency,
        drain=0,
    )
    product = result.probes["product"]
    assert len(product) == len(a) + Multiplier.latency
    assert np.array_equal(product[Multiplier.latency :], a * b)


class Sum(wiring.Component):
    """Adds up products of the cycles in which ``asked`` is 1."""

    def __init__(self):
        members = {"a": In(signed(16)), "b": In(signed(16)), "asked": In(1)}
        outputs = {"total": Out(signed(48)), "due": Out(1)}
        super().__init__({**members, **outputs, "multiplier": Out(MULTIPLIER)})

    def elaborate(self, platform):
        m = Module()
        with self.multiplier.multiply(m, self.a, self.b, when=self.asked) as due:
            m.d.sync += self.total.eq(self.total + self.multiplier.product)
        m.d.comb += self.due.eq(due)
        return m


class TwoSums(wiring.Component):
    """Two sums with one multiplier: the second has it where ``turn`` is 1."""

    def __init__(self):
        self.sums = [Sum(), Sum()]
        names = ("a", "b", "asked", "total", "due")
        members = self.sums[0].signature.members
        super().__init__(
            {"turn": In(1)}
            | {f"{name}{n}": members[name] for name in names for n in range(len(self.sums))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        m.submodules.first, m.submodules.second = first, second = self.sums
        multiplier.serve(m, first)
        multiplier.serve(m, second, when=self.turn)
        for n, part in enumerate(self.sums):
            for name in ("a", "b", "asked"):
                m.d.comb += getattr(part, name).eq(getattr(self, f"{name}{n}"))
            for name in ("total", "due"):
                m.d.comb += getattr(self, f"{name}{n}").eq(getattr(part, name))
        return m


def test_two_users_take_turns(rng):
    """Each gets the products of its own turns, a cycle after it asks."""
    count = 300
    turn = rng.integers(2, size=count)
    asked = [rng.integers(2, size=count) & (turn == n) for n in range(2)]
    a, b = rng.integers(-(2**15), 2**15, (2, 2, count))
    waves = {"turn": turn}
    for n in range(2):
        waves |= {f"a{n}": a[n], f"b{n}": b[n], f"asked{n}": asked[n]}
    probes = ["total0", "total1", "due0", "due1"]
    run = Gateware(TwoSums()).run(waves=waves, cycles=count, probes=probes).probes
    for n in range(2):
        assert np.array_equal(run[f"due{n}"][1:count], asked[n][:-1])
        total = np.cumsum(a[n] * b[n] * asked[n])
        assert np.array_equal(run[f"total{n}"][2:count], total[:-2])


def test_its_owner_multiplies(rng):
    """A component that has the multiplier alone says the same."""

    class Squares(wiring.Component):
        x: In(signed(16))
        asked: In(1)
        total: Out(signed(48))

        def elaborate(self, platform):
            m = Module()
            m.submodules.multiplier = multiplier = Multiplier()
            total = Signal(signed(48))
            with multiplier.multiply(m, self.x, self.x, when=self.asked):
                m.d.sync += total.eq(total + multiplier.product)
            m.d.comb += self.total.eq(total)
            return m

    x, asked = rng.integers(-(2**15), 2**15, 200), rng.integers(2, size=200)
    run = Gateware(Squares()).run(waves={"x": x, "asked": asked}, cycles=200, probes=["total"])
    assert np.array_equal(run.probes["total"][2:200], np.cumsum(x * x * asked)[:-2])


def test_second_user_says_when():
    m, multiplier = Module(), Multiplier()
    multiplier.serve(m, Sum())
    check_refused(ValueError, "second user must say", multiplier.serve, m, Sum())
