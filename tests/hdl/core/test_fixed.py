"""requant against golden: exhaustively on small formats, and on the formats of the design."""

from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden import fixed, formats
from golden.formats import Q
from hdl.core.fixed import Overflow, Rounding, requant, shape
from sim.engines.compare import ENGINES, compare

#: Of both signs, with integer and fraction bits from negative ones to more than others have.
SMALL = [
    Q(0, 1, 0),
    Q(0, 2, -1),
    Q(0, -1, 3),
    Q(0, 2, 2),
    Q(0, 4, 1),
    Q(1, 0, 0),
    Q(1, 1, 0),
    Q(1, -1, 2),
    Q(1, 3, -1),
    Q(1, 1, 2),
    Q(1, 2, 3),
    Q(1, 0, 4),
]

CASES = list(product(SMALL, SMALL, Rounding, Overflow))

HALF_UP = Rounding.HALF_UP

#: Every use in the design, with the largest magnitude that its headroom argument promises.
USES = [
    (formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_FIRST, HALF_UP, Overflow.SAT, None),
    (formats.SHAPER_SECOND_PRODUCT, formats.SHAPER_SECOND, HALF_UP, Overflow.SAT, None),
    (
        formats.SHAPER_SECOND_OUTPUT,
        formats.SHAPER_METRIC_OPERAND,
        HALF_UP,
        Overflow.FORBID,
        (2**21 + 2**19 + 2**13) << formats.SHAPER_SECOND_OUTPUT.fraction,
    ),
]


class Exhaustive(wiring.Component):
    """Every case of one number, each at a port of its own."""

    names = [f"o_{number}" for number in range(len(CASES))]

    def __init__(self):
        super().__init__({"i": In(signed(8)), **{name: Out(signed(8)) for name in self.names}})

    def elaborate(self, platform):
        m = Module()
        for name, case in zip(self.names, CASES, strict=True):
            result = requant(self.i, *case)
            assert result.shape() == shape(case[1])
            m.d.comb += getattr(self, name).eq(result)
        return m


class Uses(wiring.Component):
    """Every use in the design, each of its own number."""

    def __init__(self):
        numbers = data.ArrayLayout(signed(45), len(USES))
        super().__init__({"i": In(stream.Signature(numbers)), "o": Out(stream.Signature(numbers))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        for number, (*case, _) in enumerate(USES):
            m.d.comb += self.o.payload[number].eq(requant(self.i.payload[number], *case))
        return m


def values_of(bits, form):
    """The integers that the low bits of ``bits`` are in a format."""
    value = bits & ((1 << form.width) - 1)
    return np.where(value > form.max, value - (1 << form.width), value)


@pytest.fixture(scope="module")
def exhaustive():
    """The results of each case for all numbers of six bits.

    By Amaranth's own simulator: so many cases in one expression take a C++ compiler minutes.
    """
    bits = np.arange(-32, 32)
    component, rows = Exhaustive(), []

    async def bench(context):
        for value in bits:
            context.set(component.i, int(value))
            rows.append([context.get(getattr(component, name)) for name in component.names])

    simulator = Simulator(component)
    simulator.add_testbench(bench)
    simulator.run()
    return bits, dict(zip(CASES, np.array(rows).T, strict=True))


@pytest.mark.parametrize("rounding, overflow", list(product(Rounding, Overflow)), ids=str)
def test_small_formats_exhaustively(exhaustive, rounding, overflow):
    bits, got = exhaustive
    compared = narrowed = 0
    for src, dst in product(SMALL, SMALL):
        x = values_of(bits, src)
        legal = np.ones(len(x), bool)
        if overflow is Overflow.FORBID:
            free = fixed.requant(x, src, Q(1, 30, dst.fraction), rounding, overflow)
            legal = (free >= dst.min) & (free <= dst.max)
        expected = fixed.requant(x[legal], src, dst, rounding, overflow)
        assert np.array_equal(got[src, dst, rounding, overflow][legal], expected), (src, dst)
        compared += legal.sum()
        narrowed += legal.sum() * (src.fraction > dst.fraction)
    assert compared > (4000 if overflow is Overflow.FORBID else 9000) and narrowed > 1000


@pytest.mark.parametrize("engine", ENGINES)
def test_the_designs_formats(engine, rng):
    columns, expected = [], []
    for src, dst, rounding, overflow, largest in USES:
        low, high = (src.min, src.max) if largest is None else (-largest, largest)
        step = 1 << (src.fraction - dst.fraction)
        # The rails, where dst ends, ties, and everything between.
        near = [
            center * step + around * step // 2 + off
            for center in (0, dst.min, dst.max, low // step, high // step)
            for around in range(-3, 4)
            for off in (-1, 0, 1)
        ]
        x = np.concatenate([near, rng.integers(low, high + 1, 400)]).clip(low, high)
        x[:2] = low, high
        columns.append(x)
        expected.append(fixed.requant(x, src, dst, rounding, overflow))
    compare(Uses(), {"i": np.stack(columns, 1)}, {"o": np.stack(expected, 1)}, engine=engine)
