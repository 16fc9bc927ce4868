"""Which parts of a design take how much, from the netlist that yosys wrote of it."""

import json
import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from boards.build.toolchain import FAMILIES

#: A part with more than this share of all is listed by its own parts.
_LARGE = 0.3

#: Shares below this one are listed together, as the rest.
_SMALL = 0.02


def parts(path, family):
    """``{part: look-up tables and registers}`` of a netlist, the largest first; ``rest`` last.

    A part is a path of submodules, with dots. What synthesis named after no submodule, and what is
    small, is the rest.
    """
    kinds = FAMILIES[family].cells
    wanted = [one for row in ("cells", "registers") for one in kinds[row]]
    cells = json.loads(Path(path).read_text())["modules"]["top"]["cells"]
    names = [
        re.sub(r"\$\d+", "", name).split(".")[:-1]
        for name, cell in cells.items()
        if any(fnmatchcase(cell["type"], one) for one in wanted)
    ]
    found = Counter()

    def take(prefix, mine):
        if len(mine) <= _LARGE * len(names) and prefix:
            found[".".join(prefix)] += len(mine)
            return
        below = {}
        for name in mine:
            below.setdefault(tuple(name[: len(prefix) + 1]), []).append(name)
        own = below.pop(prefix, [])
        found[".".join(prefix)] += len(own)
        for part, theirs in below.items():
            take(part, theirs)

    take((), names)
    listed = {
        part.removeprefix("component."): count
        for part, count in found.most_common()
        if part not in ("", "component") and count >= _SMALL * len(names)
    }
    return listed | {"rest": len(names) - sum(listed.values())}
