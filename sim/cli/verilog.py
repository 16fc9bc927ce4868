"""`v90 verilog`: a block as Verilog."""

from sim.cli.options import output
from sim.export.blocks import BLOCKS, MOST_CHANNELS
from sim.files import check_output, write_file
from sim.terminal import progress


def options(sub):
    """The options of `v90 verilog`."""
    output(sub, "FILE.v")
    sub.add_argument("block", metavar="BLOCK", help=", ".join(sorted(BLOCKS)))
    sub.add_argument("--channels", type=int, metavar="N", help=f"1 to {MOST_CHANNELS}")
    sub.add_argument(
        "--slots", type=int, metavar="N", help="of a highway: 32 is E1 (default), 24 is T1"
    )


def run(arguments):
    """`v90 verilog`"""
    from sim.export.file import text_of

    check_output(arguments.output, arguments.force)
    with progress("converting"):
        text = text_of(arguments.block, arguments.channels, arguments.slots)
    write_file(arguments.output, text.encode(), arguments.force)
