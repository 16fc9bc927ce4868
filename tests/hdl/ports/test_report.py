"""Texts and decibels of the gateware against the model."""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from golden.ports import report
from golden.ports.report import ERROR_SUM_BITS, NUMBER_BITS, TENTHS_FRACTION, Field, FieldKind
from hdl.core.stream import pass_on
from hdl.ports.report import Decibels, Reporter, first_sum, program
from sim.engines.gateware import Gateware
from tests.golden.ports.support import TEMPLATES

#: Of a level so low that errors may have more.
POWER = report.error_power(1000, 4, 6)


class Both(wiring.Component):
    """Both components, to be compiled in one go."""

    def __init__(self):
        self.reporter, self.decibels = Reporter(TEMPLATES), Decibels(POWER)
        members = self.decibels.signature.members
        self.passed = [name for name in members if name != "start"]
        super().__init__(
            {
                **self.reporter.signature.members,
                "begin": In(1),
                **{name: members[name] for name in self.passed},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reporter, m.submodules.decibels = reporter, decibels = (
            self.reporter,
            self.decibels,
        )
        pass_on(m, self, reporter, reporter.signature.members)
        pass_on(m, self, decibels, self.passed)
        m.d.comb += decibels.start.eq(self.begin)
        return m


@pytest.fixture(scope="module")
def gateware():
    return Gateware(Both())


def values_of(rng):
    few = [0, 1, 9, 10, 99, 100, 2**NUMBER_BITS - 1, 10**12]
    sums = [int(2**x) for x in rng.uniform(0, NUMBER_BITS - 1, 10)]
    return [int(rng.choice(few + sums)) for _ in range(3)] + [int(rng.integers(-(2**23), 2**23))]


def test_every_octet(gateware, rng):
    """All values are one here, so that a text is of one value; then the most cycles."""
    model, texts = report.Reporter(TEMPLATES), 0
    for value in [*values_of(rng), *values_of(rng), *values_of(rng), 0, -1, -(2**31), 2**31 - 1]:
        if not -(1 << 31) <= value < 1 << 31:
            value %= 1 << 31
        gateware.set("value", value)
        magnitude = abs(value)
        expected = model.process(1, [magnitude, magnitude, magnitude, value])
        result = gateware.run(
            {}, {"o": len(expected)}, 5000, waves={"start": [1, 0], "template": 1}, drain=50
        )
        assert result.outputs["o"].astype(np.uint8).tobytes() == expected
        between = np.diff(result.given["o"])
        assert between.max() <= 650 and (between <= 4).sum() > len(between) - 5
        assert not gateware.get("busy")
        texts += 1
    assert texts == 16
    short = gateware.run({}, {}, 100, waves={"start": [1, 0], "template": 0})
    assert short.outputs["o"].astype(np.uint8).tobytes() == model.process(0, [])


def test_long_numbers(gateware, rng):
    model = report.Reporter([TEMPLATES[1][:3]])
    for value in (2**NUMBER_BITS - 1, 10**12, int(2**39.5)):
        gateware.set("value", value)
        expected = model.process(0, [value])
        result = gateware.run(
            {}, {"o": len(expected)}, 5000, waves={"start": [1, 0], "template": 1}
        )
        assert result.outputs["o"].astype(np.uint8).tobytes() == expected


def test_decibels(gateware, rng):
    model = report.Decibels(POWER)
    totals = [0, 1, 2**ERROR_SUM_BITS - 1, *(int(2**x) for x in rng.uniform(0, ERROR_SUM_BITS, 60))]
    for total in totals:
        gateware.set("total", total)
        result = gateware.run(
            {}, {}, Decibels.latency + 1, waves={"begin": [1, 0]}, probes=["done"]
        )
        assert np.count_nonzero(result.probes["done"]) == 1
        assert gateware.get("tenths") == model.process(total)


def test_octets_of_texts():
    """Spelt out: strings, fields as octets with bit 7, and a 0 at the end of each text."""
    texts = (("a",), (Field(3, FieldKind.TENTHS), "bc", Field(15), Field(0, FieldKind.OFFSET)))
    octets, starts = program(texts)
    assert octets == [0x61, 0, 0x93, 0x62, 0x63, 0x8F, 0xA0, 0]
    assert starts == [0, 2]


@pytest.mark.parametrize("power", [1, 1000.0, 3**20, 2**38, 4032**2 * 4**4 * 64 * 6, 2**60])
def test_first_sum_is_right_to_half_a_bit(power):
    """10**x without logarithms: x within half a bit means that no other integer is nearer."""
    unit = 100 << TENTHS_FRACTION
    ratio = Fraction(power) / (1 << (ERROR_SUM_BITS - 1))
    # 10**((2 first -+ 1) / 2 unit) on both sides of the ratio, as whole powers of ten.
    first = first_sum(power)
    above, below = Fraction(2 * first + 1, 2 * unit), Fraction(2 * first - 1, 2 * unit)
    assert 10 ** float(below) <= float(ratio) <= 10 ** float(above)
