"""The measured figures in docs/figures.md: commands write them to a file, tables come from it.

``make figures ARGS=--write`` and ``make soak ARGS=--write`` write their results to ``FILE``. `make
docs` makes the tables of the page from that, so that no number of it is copied by hand.
"""

import json

from golden.errors import V90Error
from sim.files import ROOT

#: The file that the commands write.
FILE = ROOT / "docs" / "figures.json"


def record(section, value):
    """Write a section of ``FILE``, and keep the others."""
    if not FILE.parent.is_dir():
        raise V90Error(f"there is no folder {FILE.parent} to write {FILE.name} into")
    sections = json.loads(FILE.read_text()) if FILE.exists() else {}
    text = json.dumps({**sections, section: value}, indent=1, sort_keys=True, ensure_ascii=False)
    FILE.write_text(text + "\n")


def _section(name):
    sections = json.loads(FILE.read_text()) if FILE.exists() else {}
    return sections.get(name)


def figures():
    """Lines of a Markdown table of the figures, each with its worst value."""
    lines = ["| figure | met | worst |", "| --- | --- | --- |"]
    for row in _section("figures") or ():
        lines.append(
            f"| {row['title']} | {row['met']} of {row['of']} | {row['worst']} ({row['at']}) |"
        )
    return lines


def sweep():
    """A sentence about the random parameter sets."""
    found = _section("sweep")
    if not found:
        return ["Random parameter sets have not been compared."]
    return [
        f"Encoder and decoder, golden against gateware, over {found['sets']} random parameter sets "
        f"of {found['frames']} data frames: {found['differ']} differ."
    ]


def soak():
    """Lines of a Markdown table of the fates of calls, golden alone and with gateware beside it."""
    lines = [
        "| calls | recovered | far end silent for ever | lost | failed | s away | s to recover |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name in ("soak", "soak with gateware"):
        if found := _section(name):
            beside = ", gateware beside golden" * (name != "soak")
            lines.append(
                f"| {found['calls']} from seed {found['seed']}{beside} | {found['recovered']} | "
                f"{found['silent']} | {found['lost']} | {found['failed']} | {found['away']} | "
                f"{found['recovery']}, at most {found['slowest']} |"
            )
    return lines
