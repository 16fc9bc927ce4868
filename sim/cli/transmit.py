"""`v90 transmit`: a file into PCM octets."""

from golden.pcm.parameters import INTERVALS
from sim.calls import pcm, transfer
from sim.cli.options import duration, engine, mapping, output, run_engines, say
from sim.files import check_inputs, check_outputs, read_file, read_parameters, write_file

#: Most octets of a file: 5 hours at 28 000 bit/s, and half a gigabyte as bits.
MOST_CODED_FILE = 1 << 26


def options(sub):
    """Add the options of `v90 transmit`."""
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    output(sub, "LINE")
    mapping(sub)
    engine(sub)
    sub.add_argument(
        "--power-limit",
        type=float,
        metavar="DBM0",
        help="refuse parameters above this power: -0.5 to -16 dBm0 in steps of 0.5 (Table 15)",
    )


def run(arguments):
    """Run `v90 transmit`."""
    check_inputs(arguments.file, arguments.parameters)
    check_outputs(arguments.force, arguments.output)
    p = read_parameters(arguments.parameters, arguments.law, arguments.power_limit)
    data = read_file(arguments.file, MOST_CODED_FILE)
    bits = transfer.file_bits(data, p.data_bits)
    line = run_engines(
        arguments,
        "encoding",
        lambda show: pcm.encode(p, bits, show),
        lambda show: pcm.encode_gateware(p, bits, show),
        lambda a, b: pcm.demand_equal(a, b, "octet", INTERVALS),
    )
    write_file(arguments.output, line.tobytes(), arguments.force)
    say(
        arguments,
        f"{len(data)} octets at {float(p.rate):.0f} bit/s are {len(line)} octets of "
        f"{p.law}-law line, {duration(len(line))}",
    )
