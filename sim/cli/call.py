"""`v90 call`: a file through a simulated call."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from golden.errors import CallFailed, V90Error
from golden.learning import constellations
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from sim.cli.options import engine, training
from sim.files import (
    check_different,
    check_folder,
    check_inputs,
    check_outputs,
    read_file,
    read_parameters,
    write_file,
    write_folder,
)
from sim.terminal import progress

#: Most octets of a file: 20 minutes at 28 000 bit/s, whose samples take about 2 GB of memory.
MOST_CALL_FILE = 1 << 22


def options(sub):
    """Add the options of `v90 call`."""
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
        "--parameters", metavar="P.json", help="mapping parameters: data after TRN1d, no start-up"
    )
    sub.add_argument("--law", choices=g711.LAWS, help="of the digital modem (default: A)")
    sub.add_argument(
        "--sr",
        type=int,
        choices=range(4),
        help="of the shaper, with no power at DC (default: the Sr and filter best for the line)",
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
        ("--robbed-after", "the same, after the pad"),
    ):
        network.add_argument(name, metavar="P,P,P,P,P,P", help=text)
    network.add_argument("--pad", type=float, default=0.0, metavar="DB", help="0 to 30")
    network.add_argument("--high-pass", type=float, metavar="POLE", help="above 0, below 1")
    network.add_argument("--high-pass-at", type=int, metavar="OCTET", help="default: 0")
    network.add_argument("--invert", action="store_true", help="the polarity")
    for name, text in (("--repeat", "send it twice"), ("--drop", "do not send it")):
        network.add_argument(
            name, type=int, action="append", default=[], metavar="OCTET", help=text
        )
    engine(sub)
    training(sub)


def run(arguments):
    """Run `v90 call`."""
    from sim.calls.call import run as run_call
    from sim.calls.engines import Engines
    from sim.reports import call as report

    check_files(arguments)
    call = call_of(arguments)
    data = read_file(arguments.file, MOST_CALL_FILE)
    outcome = run_call(call, data, Engines(arguments.gateware, arguments.check, progress))
    if arguments.recording is not None:
        from sim.world import wav

        write_file(arguments.recording, wav.write(outcome.samples), arguments.force)
    if arguments.write_parameters is not None:
        text = outcome.parameters.to_json() + "\n"
        write_file(arguments.write_parameters, text.encode(), arguments.force)
    if arguments.report is not None:
        with progress("report"):
            page = report.page(outcome)
        write_folder(arguments.report, {"report.html": page}, arguments.force)
    console = Console(stderr="-" in _outputs(arguments), soft_wrap=False)
    if not call.given:
        signals = Table("at, s", "lasts, ms", "signal", box=None, pad_edge=False)
        for name, at, lasts in report.timeline(outcome):
            signals.add_row(f"{at:8.3f}", f"{lasts:9.1f}", name)
        console.print(signals, "")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, text in [*report.summary(outcome), ("time taken", f"{outcome.seconds:.1f} s")]:
        table.add_row(name, Text(text))
    console.print(table)
    if outcome.failure:
        raise CallFailed(outcome.failure)
    if arguments.output is not None:
        write_file(arguments.output, outcome.back, arguments.force)


def _outputs(arguments):
    """Files that are to be written, the report left out."""
    paths = arguments.output, arguments.recording, arguments.write_parameters
    return [path for path in paths if path is not None]


def check_files(arguments):
    """Raise :class:`~golden.errors.V90Error` where files cannot be read or written as asked."""
    force, report, files = arguments.force, arguments.report, _outputs(arguments)
    check_inputs(arguments.file, arguments.parameters)
    if force and not files and report is None:
        raise V90Error("--force overwrites files, and none is to be written")
    if report is not None:
        check_folder(report, force)
        check_different([*files, str(Path(report) / "report.html")])
    check_outputs(force, *files)


def network_of(arguments, law):
    """The :class:`sim.world.network.NetworkParameters` of a command line."""
    from sim.world.network import NetworkParameters

    a = arguments
    if a.high_pass is None and a.high_pass_at is not None:
        raise V90Error("--high-pass-at is for the filter of --high-pass, and there is none")
    return NetworkParameters(
        law=law,
        output_law=a.output_law,
        robbed=patterns(a.robbed),
        robbed_after=patterns(a.robbed_after),
        pad=a.pad,
        high_pass=a.high_pass,
        high_pass_at=a.high_pass_at or 0,
        invert=a.invert,
        slips=(*((at, 1) for at in a.repeat), *((at, -1) for at in a.drop)),
    )


def call_of(arguments):
    """The :class:`sim.calls.description.Call` of a command line."""
    from sim.calls.description import Call
    from sim.world.conditions import Conditions

    a = arguments
    parameters = None
    if a.parameters is not None:
        for name in ("sr", "ld", "margin", "power", "at_codec"):
            if getattr(a, name) not in (None, False):
                option = name.replace("_", "-")
                raise V90Error(f"--{option} is for a start-up, and --parameters does without one")
        parameters = read_parameters(a.parameters, a.law)
    law = parameters.law if parameters else a.law or "A"
    fields = {
        "law": law,
        "line": a.line,
        "conditions": Conditions(snr=a.snr, ppm=a.ppm, drift=a.drift, seed=a.seed),
        "network": network_of(a, law),
        "power": a.power,
        "at_codec": a.at_codec,
        "u_info": a.u_info,
        "margin": a.margin,
        "trn1d": a.training_symbols,
        "parameters": parameters,
    }
    if not parameters:
        if a.sr == 0 and a.ld is not None:
            raise V90Error("--ld is for a shaper, and with --sr 0 there is none")
        fields["options"] = {"sr": a.sr, "ld": 3 if a.ld is None else a.ld}
        if a.rate is not None:
            fields["options"]["most_bits"] = constellations.data_bits_of(a.rate)
    return Call(**{name: value for name, value in fields.items() if value is not None})


def patterns(text):
    """Six robbed-bit patterns from text as ``1,,,01,,``; None is none."""
    if text is None:
        return ("",) * INTERVALS
    parts = tuple(text.split(","))
    if len(parts) != INTERVALS:
        raise V90Error(f"robbed bits are six patterns with commas between, not {text!r}")
    return parts
