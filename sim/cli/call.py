"""`v90 call`: a file through a simulated call."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from golden.errors import CallFailed, V90Error
from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from sim.cli.options import engine, training
from sim.files import (
    check_folder,
    check_output,
    read_file,
    read_parameters,
    write_file,
    write_folder,
)
from sim.terminal import progress


def options(sub):
    """The options of `v90 call`."""
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    sub.add_argument("-o", "--output", metavar="FILE", help="write the file as it arrived")
    sub.add_argument("--force", action="store_true", help="overwrite what exists")
    sub.add_argument("--report", metavar="DIR", help="write report.html, with pictures, into it")
    sub.add_argument("--recording", metavar="X.wav", help="write the samples, 16 kHz")
    sub.add_argument("--write-parameters", metavar="P.json", help="write the parameters used")
    rates = sub.add_mutually_exclusive_group()
    rates.add_argument(
        "--rate", type=float, metavar="BIT/S", help="the most, 28000 to 56000 (default: 56000)"
    )
    rates.add_argument(
        "--parameters", metavar="P.json", help="mapping parameters: data behind TRN1d, no start-up"
    )
    sub.add_argument("--law", choices=g711.LAWS, help="of the digital modem (default: A)")
    sub.add_argument(
        "--sr",
        type=int,
        choices=range(4),
        help="of the shaper, with no power at DC (default: Sr and filter that the line is worth)",
    )
    sub.add_argument("--ld", type=int, choices=range(4), help="of the shaper (default: 3)")
    sub.add_argument(
        "--margin",
        type=float,
        metavar="DB",
        help="between the noise and that for 1e-6 wrong decisions (default: 1.5)",
    )
    sub.add_argument("--power", type=float, metavar="DBM0", help="limit of INFO0d (default: -12)")
    sub.add_argument(
        "--at-codec", action="store_true", help="where it counts: at the codec's output"
    )
    line = sub.add_argument_group("line")
    line.add_argument("--line", default="26awg-6kft", metavar="NAME", help="of `v90 lines`")
    for name, default, unit, text in (
        ("--snr", 45.0, "DB", "signal over white noise at the A/D, 0 to 8 kHz (default: 45)"),
        ("--ppm", 0.0, "PPM", "by which the client's clock is fast"),
        ("--drift", 0.0, "PPM/S", "how fast that changes"),
    ):
        line.add_argument(name, type=float, default=default, metavar=unit, help=text)
    line.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise")
    network = sub.add_argument_group("network", "Octets count from the first of the data.")
    network.add_argument("--output-law", choices=g711.LAWS, help="of the client's exchange")
    for name, text in (
        ("--robbed", "bits in turn by interval, as 1,,,01,,"),
        ("--robbed-after", "the same, behind the pad"),
    ):
        network.add_argument(name, metavar="P,P,P,P,P,P", help=text)
    network.add_argument("--pad", type=float, default=0.0, metavar="DB", help="0 to 30")
    network.add_argument("--high-pass", type=float, metavar="POLE", help="above 0, below 1")
    network.add_argument("--high-pass-at", type=int, default=0, metavar="OCTET")
    network.add_argument("--invert", action="store_true", help="the polarity")
    for name, text in (("--repeat", "send it twice"), ("--drop", "do not send it")):
        network.add_argument(
            name, type=int, action="append", default=[], metavar="OCTET", help=text
        )
    engine(sub)
    training(sub)


def run(arguments):
    """`v90 call`"""
    from sim.calls import call
    from sim.reports import call as report

    outputs = [arguments.output, arguments.recording, arguments.write_parameters]
    outputs = [path for path in outputs if path is not None]
    if len(set(outputs)) < len(outputs):
        raise V90Error("two of the files to write have the same name")
    for path in outputs:
        check_output(path, arguments.force)
    if arguments.report is not None:
        check_folder(arguments.report, arguments.force)
    engines = call.Engines(arguments.gateware, arguments.check, progress)
    if arguments.parameters is None:
        from sim.calls import connection
        from sim.reports import connection as connection_report

        what = setting_of(arguments)
        outcome = connection.run(what, read_file(arguments.file), engines)
        drawn, parameters = connection_report, outcome.parameters
    else:
        what = call_of(arguments)
        outcome = call.run(what, read_file(arguments.file), engines)
        drawn, parameters = report, outcome.parameters
    if arguments.recording is not None:
        from sim.world import wav

        write_file(arguments.recording, wav.write(outcome.samples), arguments.force)
    if arguments.write_parameters is not None:
        text = parameters.to_json() + "\n"
        write_file(arguments.write_parameters, text.encode(), arguments.force)
    if arguments.report is not None:
        with progress("report"):
            page = drawn.page(outcome)
        write_folder(arguments.report, {"report.html": page}, arguments.force)
    console = Console(stderr="-" in outputs, soft_wrap=False)
    if arguments.parameters is None:
        signals = Table("at, s", "lasts, ms", "signal", box=None, pad_edge=False)
        for name, at, lasts in drawn.timeline(outcome):
            signals.add_row(f"{at:8.3f}", f"{lasts:9.1f}", name)
        console.print(signals, "")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, text in [*drawn.summary(outcome), ("time taken", f"{outcome.seconds:.1f} s")]:
        table.add_row(name, Text(text))
    console.print(table)
    if outcome.failure:
        raise CallFailed(outcome.failure)
    if arguments.output is not None:
        write_file(arguments.output, outcome.back, arguments.force)


def given(value, default):
    """An option's value, or its default where it was not given."""
    return default if value is None else value


def network_of(arguments, law):
    """The :class:`sim.world.network.NetworkParameters` of a command line, whose line must exist."""
    from sim.world import lines
    from sim.world.network import NetworkParameters

    a = arguments
    lines.find(a.line)
    return NetworkParameters(
        law=law,
        output_law=a.output_law,
        robbed=patterns(a.robbed),
        robbed_after=patterns(a.robbed_after),
        pad=a.pad,
        high_pass=a.high_pass,
        high_pass_at=a.high_pass_at,
        invert=a.invert,
        slips=(*((at, 1) for at in a.repeat), *((at, -1) for at in a.drop)),
    )


def conditions_of(arguments):
    """The :class:`sim.world.line.Conditions` of a command line."""
    from sim.world.line import Conditions

    a = arguments
    if a.seed < 0:
        raise V90Error(f"the seed is a whole number from 0, not {a.seed}")
    return Conditions(snr=a.snr, ppm=a.ppm, drift=a.drift, seed=a.seed)


def setting_of(arguments):
    """The :class:`sim.calls.session.Setting` of a command line without parameters."""
    from sim.calls import call, session

    a = arguments
    network = network_of(a, a.law or "A")
    default = session.Setting()
    options = {"sr": a.sr, "ld": given(a.ld, 3)}
    if a.rate is not None:
        options["most_bits"] = constellations.data_bits_of(a.rate)
    return session.Setting(
        network.law,
        a.line,
        conditions_of(a),
        network,
        given(a.power, default.power),
        a.at_codec,
        call.check_u_info(given(a.u_info, default.u_info)),
        given(a.margin, default.margin),
        given(a.training_symbols, default.trn1d),
        options,
    )


def call_of(arguments):
    """The :class:`sim.calls.call.Call` of a command line with parameters."""
    from sim.calls import call

    a = arguments
    for name in ("sr", "ld", "margin", "power"):
        if getattr(a, name) is not None:
            raise V90Error(f"--{name} is for a start-up, and --parameters does without one")
    parameters = read_parameters(a.parameters, a.law)
    network = network_of(a, parameters.law)
    return call.Call(
        parameters,
        a.line,
        conditions_of(a),
        network,
        given(a.u_info, call.U_INFO),
        given(a.training_symbols, call.TRN1D),
    )


def patterns(text):
    """Six robbed-bit patterns from text as ``1,,,01,,``; None is none."""
    if text is None:
        return ("",) * INTERVALS
    parts = tuple(text.split(","))
    if len(parts) != INTERVALS:
        raise V90Error(f"robbed bits are six patterns with commas between, not {text!r}")
    return parts
