"""`v90 build`: bitstreams for boards."""

import subprocess
import sys

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from boards.build import toolchain
from boards.build.build import board_of, build, load_command
from boards.build.catalogue import BOARDS
from boards.build.tops import TOPS
from golden.errors import CallFailed, V90Error

#: Rows of a result's table in their order, and what they are called.
ROWS = {
    "cells": "logic cells",
    "luts": "LUT",
    "registers": "FF",
    "multipliers": "DSP",
    "ram": "block RAM",
    "spram": "SPRAM",
}


def options(sub):
    """The options of `v90 build`."""
    sub.add_argument("board", nargs="?", metavar="BOARD", help="`v90 build --list` has them")
    sub.add_argument("--top", metavar="TOP", help="which design (default: the board's first)")
    sub.add_argument("--list", action="store_true", help="say which board has which tops")
    sub.add_argument("-o", "--output", metavar="DIR", help="default: build/BOARD-TOP")
    sub.add_argument("--force", action="store_true", help="build over what is there")
    sub.add_argument(
        "--allow-timing-fail",
        action="store_true",
        help="write the bitstream though the clock is not reached",
    )
    sub.add_argument("--program", action="store_true", help="flash it with openfpgaloader")


def show_list(console):
    """Boards, their chips and tops, and what each needs."""
    table = Table("board", "", "chip", "tops", "clock, MHz", "UART, bit/s", "needs")
    for name, board in BOARDS.items():
        tops = board.tops.items()
        table.add_row(
            name,
            board.title,
            board.family,
            "\n".join(board.tops),
            "\n".join(f"{given['frequency'] / 1e6:g}" for _, given in tops),
            "\n".join(f"{given['baud']:g}" for _, given in tops),
            board.needs,
        )
    console.print(table)
    for name, top in TOPS.items():
        console.print(f"{name}: {top.text}", markup=False, highlight=False)
    console.print(
        "All are built by pip-installed tools (`make setup-boards`). The environment may name "
        "others: " + ", ".join(variable for variable, _ in toolchain.TOOLS.values()) + ".",
        markup=False,
        highlight=False,
    )


def show(console, result):
    """One table of what a top takes."""
    table = Table("", "used", "of", title=f"{result.board}, {result.top}")
    for row, text in ROWS.items():
        if row in result.rows:
            used, of = result.rows[row]
            table.add_row(text, str(used), "" if of is None else str(of))
    table.add_row("Fmax, MHz", f"{result.reached:.2f}", f"{result.asked:g} asked")
    seconds = sum(result.seconds.values())
    stages = ", ".join(f"{stage} {taken:.0f}" for stage, taken in result.seconds.items())
    table.add_row("time, s", f"{seconds:.0f}", stages)
    console.print(table)


def run(arguments):
    """`v90 build`; :class:`~golden.errors.V90Error` for bad input or a tool that fails."""
    console, errors = Console(), Console(stderr=True)
    if arguments.list:
        show_list(console)
        return
    if arguments.board is None:
        raise V90Error(f"which board? {', '.join(BOARDS)} (`v90 build --list`)")
    board_of(arguments.board, arguments.top)
    if arguments.program:
        toolchain.find("openfpgaloader")
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    hidden = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=None)

        def stage(text):
            progress.reset(task, description=f"{arguments.board}: {text}")

        result = build(
            arguments.board,
            arguments.top,
            arguments.output,
            force=arguments.force,
            allow_timing_fail=arguments.allow_timing_fail,
            stage=stage,
        )
    show(console, result)
    if not result.met:
        text = (
            f"the clock reaches {result.reached:.2f} MHz, and {arguments.board} has "
            f"{result.asked:g} MHz"
        )
        if result.bitstream is None:
            raise CallFailed(f"{text}; no bitstream (--allow-timing-fail writes it all the same)")
        print(f"v90: {text}", file=sys.stderr)
    command = load_command(arguments.board, result.bitstream)
    if arguments.program:
        _, program = toolchain.TOOLS["openfpgaloader"]
        status = subprocess.run([toolchain.find("openfpgaloader"), *command]).returncode
        if status:
            raise CallFailed(f"{program} could not flash {arguments.board} (status {status})")
        return
    shown = " ".join([toolchain.TOOLS["openfpgaloader"][1], *command])
    console.print(f"{result.bitstream}; to flash it: {shown}", markup=False, highlight=False)
