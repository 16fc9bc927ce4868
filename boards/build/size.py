"""How large and how fast a block is in a chip: `make size`."""

import argparse
import sys
from pathlib import Path

from boards.build.blocks import MEASURED, route, synthesise, write_block
from boards.build.toolchain import FAMILIES
from sim.terminal import guarded

BUILD = Path("build/size")


def main():
    """Print what a block takes and its clock; return 1 where the chip is too small for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--block", choices=MEASURED, default="bank")
    parser.add_argument("--chip", choices=FAMILIES, default="up5k")
    parser.add_argument("--count", type=int, help="channels of a bank, or lines of receivers")
    parser.add_argument("--synthesis", action="store_true", help="no placement and routing")
    options = parser.parse_args()
    clock = MEASURED[options.block][2]
    folder = BUILD / f"{options.chip}-{options.block}"
    write_block(folder, options.block, options.count)
    for row, count in synthesise(folder, options.chip).items():
        print(f"{row:12} {count:>6} synthesised")
    if options.synthesis:
        return 0
    rows, reached = route(folder, options.chip, options.block)
    for row, (count, of) in rows.items():
        print(f"{row:12} {count:>6}" + ("" if of is None else f" of {of}"))
    if reached is None:
        print(f"{options.block} does not fit the {options.chip}")
        return 1
    print(f"{'MHz':12} {reached:>6} of {clock}")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
