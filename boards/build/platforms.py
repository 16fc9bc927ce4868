"""Platforms: those of amaranth-boards with what the tops need, and two of our own.

Every platform has the resources ``uart`` 0, the host's, and, where there is a bank, ``highway`` 0:
bit_clock and frame_sync in, data and enable out; and where there is a client, ``i2s`` 0: the pins
of a Pmod I2S2.
"""

import struct
import zlib
from pathlib import Path

from amaranth.build import Attrs, Clock, Connector, Pins, Resource, Subsignal
from amaranth.vendor import LatticeECP5Platform, LatticeICE40Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from hdl.core.amaranth_private import gowin_commands


def highway(pins, attrs, connector=None, lines=1):
    """A PCM highway: pins of bit clock, frame sync, ``lines`` of data, and, if left, enable."""
    clock, sync, *rest = pins.split()
    names = {
        "bit_clock": ("i", clock),
        "frame_sync": ("i", sync),
        "data": ("o", " ".join(rest[:lines])),
        "enable": ("o", " ".join(rest[lines:])),
    }
    if not rest[lines:]:
        del names["enable"]
        names["data"] = ("oe", names["data"][1])  # others drive the line in their slots
    return Resource(
        "highway",
        0,
        *(
            Subsignal(name, Pins(pin, dir=direction, conn=connector))
            for name, (direction, pin) in names.items()
        ),
        attrs,
    )


def i2s(pins, attrs, connector):
    """A Pmod I2S2: pins 1 to 4 of its connector, the D/A's, and 7 to 10, the A/D's.

    Each half has mclk, lrck, sclk, and then its data. Clocks of both are signals of two pins.
    """
    pins = pins.split()
    clocks = (
        Subsignal(name, Pins(f"{pins[at]} {pins[at + 4]}", dir="o", conn=connector))
        for at, name in enumerate(("mclk", "lrck", "sclk"))
    )
    return Resource(
        "i2s",
        0,
        *clocks,
        Subsignal("sdin", Pins(pins[3], dir="o", conn=connector)),
        Subsignal("sdout", Pins(pins[7], dir="i", conn=connector)),
        attrs,
    )


class IceBreaker(ICEBreakerPlatform):
    """1BitSquared iCEBreaker: the highway on PMOD1A, pins 1 to 4."""

    pll = "pad"
    resources = [
        *ICEBreakerPlatform.resources,
        highway("1 2 3 4", Attrs(IO_STANDARD="SB_LVCMOS"), ("pmod", 0)),
    ]


class IcE1usb(LatticeICE40Platform):
    """The icE1usb of osmocom: the highway on GPIO 0 to 2, the host at the debug UART.

    Its E1 lines are raw, without a framer, and are left alone here.
    """

    device = "iCE40UP5K"
    package = "SG48"
    default_clk = "clk30"
    pll = "core"
    _attrs = Attrs(IO_STANDARD="SB_LVCMOS")
    resources = [
        Resource("clk30", 0, Pins("44", dir="i"), Clock(30.72e6), Attrs(GLOBAL=True), _attrs),
        UARTResource(0, rx="21", tx="12", attrs=Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1)),
        *LEDResources(pins="39 40 41", invert=True, attrs=_attrs),
        highway("13 20 19", _attrs),
    ]
    connectors = []


class Ulx3s(ULX3S_85F_Platform):
    """Radiona ULX3S-85F: highways on GPIO 0 to 3; a codec there too, D/A at + and A/D at -."""

    _attrs = Attrs(IO_TYPE="LVCMOS33")
    resources = [
        *ULX3S_85F_Platform.resources,
        highway("0+ 0- 1+ 1- 2+ 2- 3+", _attrs, ("gpio", 0), 4),
        i2s("0+ 1+ 2+ 3+ 0- 1- 2- 3-", _attrs, ("gpio", 0)),
    ]

    @property
    def required_tools(self):
        return LatticeECP5Platform.required_tools.fget(self)


class OrangeCrab(OrangeCrabR0_2_25FPlatform):
    """OrangeCrab r0.2 with an LFE5U-25F: the host's UART at pins 0 (rx) and 1 (tx)."""

    _attrs = Attrs(IO_TYPE="LVCMOS33")
    resources = [
        *OrangeCrabR0_2_25FPlatform.resources,
        Resource(
            "uart",
            0,
            Subsignal("rx", Pins("0", dir="i", conn=("io", 0))),
            Subsignal("tx", Pins("1", dir="o", conn=("io", 0))),
            _attrs,
        ),
        highway("5 6 9 10 11 12 13", _attrs, ("io", 0), 4),
        i2s("a0 a1 a2 a3 5 6 9 10", _attrs, ("io", 0)),
    ]

    @property
    def required_tools(self):
        return LatticeECP5Platform.required_tools.fget(self)

    @property
    def command_templates(self):
        return LatticeECP5Platform.command_templates.fget(self)

    @staticmethod
    def finish(bitstream):
        """The bitstream with a suffix of the USB DFU standard, which the bootloader wants."""
        with_ids = bitstream + struct.pack("<HHHH3sB", 0xFFFF, 0x5AF0, 0x1209, 0x0100, b"UFD", 16)
        return with_ids + struct.pack("<I", zlib.crc32(with_ids) ^ 0xFFFFFFFF)


class ColorlightI5(LatticeECP5Platform):
    """Colorlight i5 v7.0 (LFE5U-25F) on its extension board: PMOD connector P3 is for all."""

    device = "LFE5U-25F"
    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    _attrs = Attrs(IO_TYPE="LVCMOS33")
    resources = [
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), _attrs),
        *LEDResources(pins="U16", invert=True, attrs=_attrs),
        UARTResource(0, rx="H18", tx="J17", attrs=_attrs),
        highway("1 2 3 4 7 8 9", _attrs, ("pmod", 0), 4),
        i2s("1 2 3 4 7 8 9 10", _attrs, ("pmod", 0)),
    ]
    connectors = [Connector("pmod", 0, "C17 B18 B20 F20 - - A18 A19 B19 D20 - -")]


class TangNano9k(TangNano9kPlatform):
    """Sipeed Tang Nano 9K, routed by nextpnr-himbaechel: the highway on pins 25 to 28."""

    _attrs = Attrs(IO_TYPE="LVCMOS33")
    resources = [
        *TangNano9kPlatform.resources,
        highway("25 26 27 28", _attrs),
    ]
    required_tools = ["yosys", "nextpnr-himbaechel-gowin", "gowin_pack"]
    # In place of nextpnr-gowin, which nextpnr no longer has.
    command_templates = [
        gowin_commands()[0],
        r"""
        {{invoke_tool("nextpnr-himbaechel-gowin")}}
            {{quiet("--quiet")}}
            {{get_override("nextpnr_opts")|options}}
            --log {{name}}.tim
            --device {{platform.part}}
            --vopt family={{platform._chipdb_device}}
            --vopt cst={{name}}.cst
            --json {{name}}.syn.json
            --write {{name}}.pnr.json
        """,
        gowin_commands()[2],
    ]


def write_bitstream(platform, source, target):
    """Copy a bitstream as the board's loader wants it."""
    content = Path(source).read_bytes()
    finish = getattr(platform, "finish", bytes)
    Path(target).write_bytes(finish(content))


__all__ = [
    "ColorlightI5",
    "IcE1usb",
    "IceBreaker",
    "OrangeCrab",
    "TangNano9k",
    "Ulx3s",
    "write_bitstream",
]
