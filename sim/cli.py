"""The `v90` command: files through the PCM path of V.90 and simulated calls, vectors, Verilog.

Errors are one sentence on stderr. Exit status 2 is for bad input, 1 for a call that failed.
"""

import argparse
import importlib
import sys

from golden import g711
from sim import cli_build, cli_call, cli_lines, cli_pcm, cli_rates, cli_read, cli_verilog
from sim.folder import check_folder, write_folder
from sim.terminal import Parser, guarded, progress


def write_vectors(arguments):
    """`v90 vectors`"""
    from sim import vectors  # with the simulated line, which takes a while to load

    check_folder(arguments.output, arguments.force)
    with progress("vectors") as show:
        files = vectors.make(show)
    write_folder(arguments.output, files, arguments.force)
    print(f"{len(files)} files in {arguments.output}; manifest.json lists them", file=sys.stderr)


def board(arguments):
    """`v90 board`"""
    # Boards are above this package.
    importlib.import_module("boards.cli_board").run(arguments.device, arguments.action)


def parser():
    """The argument parser of `v90`."""
    top = Parser(
        prog="v90",
        description="Files through the PCM path of V.90 and calls, golden model and gateware.",
        epilog="Exit status: 0, 1 for a call that failed, 2 for bad input.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, function, text, output):
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(function=function)
        if output:
            sub.add_argument("-o", "--output", required=True, metavar=output)
            sub.add_argument("--force", action="store_true", help="overwrite what exists")
        return sub

    def training(sub):
        sub.add_argument(
            "--training-symbols", type=int, metavar="N",
            help="of TRN1d (default: 2040 in a start-up, else 8040)",
        )  # fmt: skip
        sub.add_argument("--u-info", type=int, metavar="UCODE", help="of TRN1d (default: 79)")

    def parameter_options(sub):
        sub.add_argument("--parameters", required=True, metavar="P.json", help="mapping parameters")
        sub.add_argument("--law", choices=g711.LAWS, help="the line's (default: the parameters')")

    def engine(sub):
        sub.add_argument(
            "--gateware", action="store_true", help="run the compiled gateware, not golden"
        )
        sub.add_argument("--check", action="store_true", help="run both and compare")

    sub = command("transmit", cli_pcm.transmit, "encode a file into PCM octets", "LINE")
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    parameter_options(sub)
    engine(sub)
    sub.add_argument(
        "--power-limit", type=float, metavar="DBM0",
        help="refuse parameters above this power: -0.5 to -16 dBm0 in steps of 0.5 (Table 15)",
    )  # fmt: skip

    sub = command(
        "receive", cli_pcm.receive,
        "decode PCM octets, or a recording of an analogue line, into the file", "FILE",
    )  # fmt: skip
    sub.add_argument(
        "line", metavar="LINE", help="octets, or WAV: one channel, 8 to 48 kHz, 16-bit or float"
    )
    parameter_options(sub)
    engine(sub)
    training(sub)

    sub = command("call", cli_call.simulate, "send a file through a simulated call", None)
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    cli_call.options(sub)
    engine(sub)
    training(sub)

    sub = command("read", cli_read.read, "tell what is in a recording of a V.90 downstream", None)
    cli_read.options(sub)

    command(
        "vectors", write_vectors, "write golden vectors: NPZ, hex for $readmemh, JSON manifest",
        "DIR",
    )  # fmt: skip

    sub = command("verilog", cli_verilog.write_verilog, "write a block as Verilog", "FILE.v")
    cli_verilog.options(sub)

    sub = command(
        "lines", cli_lines.show_lines, "list the named telephone lines, or draw them", None
    )
    cli_lines.options(sub)

    sub = command("build", cli_build.build, "build a bitstream for a board", None)
    cli_build.options(sub)

    sub = command("board", board, "talk to a board, or to a simulated one, over its link", None)
    sub.add_argument("device", metavar="DEVICE", help="a serial port, or sim")
    sub.add_argument(
        "action", metavar="ACTION ...", nargs=argparse.REMAINDER,
        help="info, selftest, send, receive or watch; `v90 board DEVICE --help` tells more",
    )  # fmt: skip

    command(
        "rates", cli_rates.show_rates, "print the rates of Tables 2 and 17 and what they need", None
    )
    return top


def main(argv=None):
    """Run a command line (``sys.argv`` without argument); return the exit status."""

    def run():
        arguments = parser().parse_args(argv)
        arguments.function(arguments)
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main())
