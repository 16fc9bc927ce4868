"""`make boards`: every top of every board, and docs/resources.md with what they take."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from boards import sizes
from boards.build import Result, build
from boards.catalogue import BOARDS
from boards.cli_build import ROWS, show
from golden.errors import CallFailed, V90Error
from sim.cli import guarded

DOCUMENT = Path("docs/resources.md")
RESULTS = Path("build/boards.json")

HEAD = """# What the tops take

Written by `make boards`: each top built by YoWASP (yosys, nextpnr), seed pinned. LUT and FF are
yosys's; logic cells, DSP, block RAM and SPRAM are those that nextpnr used, of those that there are.
Time is that of one build on the machine that wrote this, whatever else ran there. The ceilings that
a build must stay below are in `boards/sizes.toml`.

"""



def lines_of(results):
    """The table, as lines of Markdown, in the catalogue's order."""
    headings = ["board", "top", "chip", *ROWS.values(), "Fmax, MHz", "clock, MHz", "time, s"]
    yield "| " + " | ".join(headings) + " |"
    yield "|" + " --- |" * len(headings)
    for name, board in BOARDS.items():
        for top in board.tops:
            result = results.get(f"{name}-{top}")
            if result is None:
                continue
            cells = []
            for row in ROWS:
                used, of = result["rows"].get(row, ("", None))
                cells.append(f"{used}" if of is None else f"{used} of {of}")
            if result["failed"]:
                end = [result["failed"], f"{result['asked']:g}", ""]
            else:
                end = [f"{result['reached']:.2f}", f"{result['asked']:g}",
                       f"{sum(result['seconds'].values()):.0f}"]  # fmt: skip
            yield "| " + " | ".join([name, top, board.family, *cells, *end]) + " |"


def write_document(results):
    """Rewrite docs/resources.md from results, of this run or of ones before."""
    DOCUMENT.write_text(HEAD + "\n".join(lines_of(results)) + "\n")


def main():
    """Build; return 1 where a top fails, misses its clock or passes a ceiling."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="BOARD-TOP", help="these, not all")
    options = parser.parse_args()
    console = Console()
    wanted = [(name, top) for name, board in BOARDS.items() for top in board.tops]
    if options.only is not None:
        unknown = set(options.only) - {f"{name}-{top}" for name, top in wanted}
        if unknown:
            raise V90Error(f"there is no top {', '.join(sorted(unknown))}")
        wanted = [pair for pair in wanted if "-".join(pair) in options.only]
    RESULTS.parent.mkdir(exist_ok=True)
    if options.only is None:
        RESULTS.unlink(missing_ok=True)
    ceilings, complaints = sizes.ceilings()["tops"], []
    for name, top in wanted:
        key = f"{name}-{top}"
        result, failed = Result(name, top), ""
        try:
            result = build(name, top, force=True, stage=lambda text, key=key: print(
                f"{key}: {text}", file=sys.stderr))  # fmt: skip
        except CallFailed as error:
            failed = str(error)
            complaints.append(f"{key}: {failed}")
        show(console, result)
        rows = {row: used for row, (used, _) in result.rows.items()}
        limits = ceilings.get(top, {}).get(name, {})
        complaints += [f"{key}: {text}" for text in sizes.passed(limits, rows, result.reached)]
        # Those left out this time keep what they had.
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[key] = {"rows": result.rows, "reached": result.reached, "asked": result.asked,
                        "seconds": result.seconds, "failed": failed and "does not fit"}  # fmt: skip
        RESULTS.write_text(json.dumps(results, indent=1))
        write_document(results)
    for complaint in complaints:
        print(f"v90: error: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
