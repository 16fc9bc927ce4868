"""The `v90` command: its names of commands, each a module that is imported when it is called.

A command's module has ``options(parser)``, which adds its options, and ``run(arguments)``. Errors
are one sentence on stderr. Exit status 2 is for bad input, 1 for a call that failed.
"""

import importlib
import sys

from golden import __version__
from golden.errors import V90Error
from sim.terminal import Parser, guarded

#: Commands in the order of `v90 --help`: the module and what the command does.
COMMANDS = {
    "transmit": ("sim.cli.transmit", "encode a file into PCM octets"),
    "receive": (
        "sim.cli.receive",
        "decode PCM octets, or a recording of an analogue line, into the file",
    ),
    "call": ("sim.cli.call", "send a file through a simulated call"),
    "read": ("sim.cli.read", "say what is in a recording of a V.90 downstream"),
    "vectors": ("sim.cli.vectors", "write golden vectors: NPZ, hex for $readmemh, JSON manifest"),
    "verilog": ("sim.cli.verilog", "write a block as Verilog"),
    "lines": ("sim.cli.lines", "list the named telephone lines, or draw them"),
    "build": ("boards.build.cli", "build a bitstream for a board"),
    "board": ("boards.host.cli", "talk to a board, or to a simulated one, over its link"),
    "rates": ("sim.cli.rates", "print the rates of Tables 2 and 17 and what they need"),
}


def command_module(name):
    """The module of a command; :class:`~golden.errors.V90Error` where a library is missing."""
    try:
        return importlib.import_module(COMMANDS[name][0])
    except ModuleNotFoundError as error:
        raise V90Error(f"{error.name} is not installed; `make setup-boards` installs it") from None


def parser(words):
    """The argument parser of `v90` for a command line; only the command named gets its options."""
    top = Parser(
        prog="v90",
        description="Files through the PCM path of V.90 and calls, golden model and gateware.",
        epilog="Exit status: 0, 1 for a call that failed, 2 for bad input.",
    )
    top.add_argument("--version", action="version", version=f"v90 {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    called = next((word for word in words if not word.startswith("-")), None)
    for name, (_, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == called:
            module = command_module(name)
            module.options(sub)
            sub.set_defaults(run=module.run)
    return top


def main(argv=None):
    """Run a command line (``sys.argv`` without argument); return the exit status."""

    def run():
        words = sys.argv[1:] if argv is None else argv
        arguments = parser(words).parse_args(words)
        arguments.run(arguments)
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main())
