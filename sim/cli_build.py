"""`v90 build`: its options; what builds is reached only when it is called."""

import importlib

from golden.errors import V90Error


def options(sub):
    """The options of `v90 build`."""
    sub.add_argument("board", nargs="?", metavar="BOARD", help="`v90 build --list` has them")
    sub.add_argument("--top", metavar="TOP", help="which design (default: the board's first)")
    sub.add_argument("--list", action="store_true", help="say which board has which tops")
    sub.add_argument("-o", "--output", metavar="DIR", help="default: build/BOARD-TOP")
    sub.add_argument("--force", action="store_true", help="build over what is there")
    sub.add_argument(
        "--allow-timing-fail", action="store_true",
        help="write the bitstream though the clock is not reached",
    )  # fmt: skip
    sub.add_argument("--program", action="store_true", help="flash it with openfpgaloader")


def build(arguments):
    """`v90 build`, where the boards' packages are installed."""
    try:
        module = importlib.import_module("boards.cli_build")
    except ModuleNotFoundError as error:
        raise V90Error(f"{error.name} is not installed; `make setup-boards` installs it") from None
    module.run(arguments)
