"""Models of cells of ECP5 and Gowin against what their vendors say they do."""

import numpy as np
import pytest
from amaranth.hdl import Const

from boards.gates import netlist as gates
from golden.errors import CallFailed
from tests.boards.gates.support import MEMORY_INPUTS, Cells, initial, run_cells


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
