"""`make boards`: every top of every board, some blocks alone, and docs/resources.md with them."""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console

from boards.build import blocks, parts, pictures, sizes
from boards.build.build import BuildResult, build
from boards.build.catalogue import BOARDS
from boards.build.cli import ROWS, show
from golden.errors import CallFailed, V90Error
from sim.terminal import guarded

DOCUMENT = Path("docs/resources.md")
SHARES_PICTURE, PARTS_PICTURE = Path("docs/resources-shares.svg"), Path("docs/resources-parts.svg")
RESULTS = Path("build/boards.json")

#: Blocks without a board, each in a chip: between shift registers, with two pins.
ALONE = (("encoder", "up5k"), ("receiver", "up5k"), ("receivers", "ecp5-25"))

#: What yosys writes, as Amaranth names it: for Gowin the other one.
_TOP_NETLISTS = ("top.json", "top.syn.json")

#: Of which the parts are drawn.
DRAWN = ("icebreaker-bank", "receiver-up5k", "ulx3s-selftest")

_HEAD = """# What the tops take

Written by `make boards`: each top built by YoWASP (yosys, nextpnr), seed pinned. LUT and FF are
yosys's; logic cells, DSP, block RAM and SPRAM are those that nextpnr used, of those that there are.
Time is that of one build on the machine that wrote this, whatever else ran there. The ceilings that
a build must stay below are in `boards/build/sizes.toml`.

"""

_ALONE_TEXT = """
Blocks alone, with a shift register before all inputs and the parity of all outputs after them, so
that two pins are enough:

"""

_PICTURES = f"""
Shares of the chips:

![Shares of each chip that the tops and blocks take]({SHARES_PICTURE.name})

Where it goes, by submodules; what synthesis named after none of them, and what is small, is `rest`:

![Look-up tables and registers of parts]({PARTS_PICTURE.name})
"""


def _row(result):
    """A result's cells in the table, but for its names."""
    cells = []
    for row in ROWS:
        used, of = result["rows"].get(row, ("", None))
        cells.append(f"{used}" if of is None else f"{used} of {of}")
    asked = f"{result['asked']:g}"
    if result["failed"]:
        return [*cells, result["failed"], asked, ""]
    return [*cells, f"{result['reached']:.2f}", asked, f"{sum(result['seconds'].values()):.0f}"]


def table(names, rows):
    """Lines of a Markdown table: headings of the names, rows of names and a result each."""
    headings = [*names, *ROWS.values(), "Fmax, MHz", "clock, MHz", "time, s"]
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join([*named, *_row(result)]) + " |" for named, result in rows]
    return "\n".join(lines) + "\n"


def write_document(results):
    """Rewrite docs/resources.md and its pictures from results, of this run or of ones before."""
    tops = [
        ((name, top, board.family), results[f"{name}-{top}"])
        for name, board in BOARDS.items()
        for top in board.tops
        if f"{name}-{top}" in results
    ]
    alone = [(pair, results["-".join(pair)]) for pair in ALONE if "-".join(pair) in results]
    text = _HEAD + table(("board", "top", "chip"), tops)
    if alone:
        text += _ALONE_TEXT + table(("block", "chip"), alone)
    DOCUMENT.write_text(text + _PICTURES)
    pictures.draw_shares(
        [(" ".join(named[:2]), result["rows"]) for named, result in tops + alone], SHARES_PICTURE
    )
    drawn = [
        (key.replace("-", ", ", 1), results[key]["parts"])
        for key in DRAWN
        if results.get(key, {}).get("parts")
    ]
    if drawn:
        pictures.draw_parts(drawn, PARTS_PICTURE)


def build_alone(block, family):
    """A block's :class:`boards.build.build.Result` in a chip, and the folder of its netlist.

    Raises :class:`~golden.errors.CallFailed` where a tool fails or the chip is too small.
    """
    folder, clock = Path("build") / f"{block}-{family}", blocks.MEASURED[block][2]
    result = BuildResult(block, family, asked=clock)
    begin = time.monotonic()
    blocks.write_block(folder, block)
    counts = blocks.synthesise(folder, family)
    result.rows = {row: (count, None) for row, count in counts.items()}
    rows, reached = blocks.route(folder, family, block)
    result.rows |= rows
    result.seconds["all"] = time.monotonic() - begin
    if reached is None:
        raise CallFailed(f"{block} does not fit the {family}")
    result.reached = reached
    return result, folder


def earlier():
    """Results of earlier runs by board and top; a run that was killed may have left half of them.

    Raises :class:`~golden.errors.V90Error` where they cannot be read.
    """
    try:
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    except (ValueError, RecursionError) as error:
        raise V90Error(f"{RESULTS}: not JSON: {error}; remove it and build all tops") from None
    if not isinstance(results, dict):
        raise V90Error(f"{RESULTS} holds no results; remove it and build all tops")
    return results


def main():
    """Build, and write the document once all was built.

    Return 1 where something fails, misses its clock or passes a ceiling.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="BOARD-TOP", help="these, not all")
    options = parser.parse_args()
    console = Console()
    everything = [(name, top) for name, board in BOARDS.items() for top in board.tops] + [*ALONE]
    wanted, results = everything, {}
    if options.only is not None:
        unknown = set(options.only) - {f"{name}-{top}" for name, top in wanted}
        if unknown:
            raise V90Error(f"there is no top {', '.join(sorted(unknown))}")
        wanted = [pair for pair in wanted if "-".join(pair) in options.only]
    RESULTS.parent.mkdir(exist_ok=True)
    if options.only is None:
        RESULTS.unlink(missing_ok=True)
    earlier()  # what is wrong with them is said before hours of work
    ceilings, complaints = sizes.ceilings(), []
    for name, top in wanted:
        key = f"{name}-{top}"
        result, failed, netlist = BuildResult(name, top), "", None
        try:
            if (name, top) in ALONE:
                print(key, file=sys.stderr)
                result, folder = build_alone(name, top)
                family, netlist = top, folder / "top.json"
                limits = ceilings["blocks"].get(name, {}).get(top, {})
            else:
                family = BOARDS[name].family
                limits = ceilings["tops"].get(top, {}).get(name, {})
                result = build(
                    name,
                    top,
                    force=True,
                    stage=lambda text, key=key: print(f"{key}: {text}", file=sys.stderr),
                )
                work = Path("build") / key / "work"
                netlist = next(work / one for one in _TOP_NETLISTS if (work / one).exists())
            rows = {row: used for row, (used, _) in result.rows.items()}
            complaints += [f"{key}: {text}" for text in sizes.passed(limits, rows, result.reached)]
            if not result.met:
                complaints.append(f"{key}: {result.reached:.2f} MHz, {result.asked:g} asked")
        except CallFailed as error:
            failed = str(error)
            complaints.append(f"{key}: {failed}")
        show(console, result)
        # Those left out this time keep what they had.
        results = earlier()
        results[key] = {
            "rows": result.rows,
            "reached": result.reached,
            "asked": result.asked,
            "seconds": result.seconds,
            "failed": failed and "does not fit",
            "parts": parts.parts(netlist, family) if netlist else {},
        }
        RESULTS.write_text(json.dumps(results, indent=1))
    if all("-".join(pair) in results for pair in everything):
        write_document(results)
    else:
        print(f"{DOCUMENT} stays: not all tops were built yet", file=sys.stderr)
    for complaint in complaints:
        print(f"v90: error: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
