"""Models of iCE40 cells against what their vendor says they do."""

import numpy as np
from amaranth.hdl import Const

from tests.boards.gates.support import Cells, initial, run_cells


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
