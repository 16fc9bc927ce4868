"""The `v90` command: files through the PCM path of V.90 and simulated calls, vectors, Verilog.

Errors are one sentence on stderr. Exit status 2 is for bad input, 1 for a call that failed.
"""

import argparse
import gc
import importlib
import inspect
import math
import os
import secrets
import signal
import stat
import sys
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from golden import constellations, g711
from golden.errors import CallFailed, V90Error
from golden.parameters import (
    INTERVALS,
    POWER_LIMITS,
    TYPES,
    MappingParameters,
    rate,
    rate_table,
)
from golden.scrambler import GPA
from sim import cli_build, cli_read, pcm, transfer
from sim.folder import check_folder, write_folder

#: Blocks that `v90 verilog` writes: name -> module in hdl, class, arguments beside ``channels``.
BLOCKS = {
    "encoder": ("encoder", "Encoder", {}),
    "decoder": ("decoder", "Decoder", {}),
    "generator": ("generator", "Generator", {}),
    "scrambler": ("scrambler", "Scrambler", {}),
    "scrambler-gpa": ("scrambler", "Scrambler", {"polynomial": GPA}),
    "descrambler": ("scrambler", "Descrambler", {}),
    "descrambler-gpa": ("scrambler", "Descrambler", {"polynomial": GPA}),
    "modulus-encoder": ("modulus", "ModulusEncoder", {}),
    "modulus-decoder": ("modulus", "ModulusDecoder", {}),
    "mapper": ("mapper", "Mapper", {}),
    "demapper": ("mapper", "Demapper", {}),
    "differential-encoder": ("signs", "DifferentialEncoder", {}),
    "differential-decoder": ("signs", "DifferentialDecoder", {}),
    "shaper": ("shaper", "Shaper", {}),
    "sd-detector": ("detection", "SdDetector", {}),
    "interpolator": ("timing", "Interpolator", {}),
    "correlator": ("leastsquares", "Correlator", {}),
    "solver": ("leastsquares", "Solver", {}),
    "slicer": ("slicer", "Slicer", {}),
    "equalizer": ("equalizer", "Equalizer", {}),
    "receiver": ("receiver", "Receiver", {}),
    "receivers": ("receiver", "Receivers", {}),
    "analogue-receiver": ("top", "AnalogueReceiver", {}),
    "framer": ("hdlc", "Framer", {}),
    "deframer": ("hdlc", "Deframer", {}),
    "i2s": ("i2s", "I2s", {}),
    "decimator": ("decimator", "Decimator", {"factor": 3}),
    "highway": ("tdm", "Highway", {"channels": 30}),
    "bank": ("top", "Bank", {}),
    "signal-bank": ("top", "Bank", {"signals": True}),
}

#: Share of octets outside the constellations above which parameters and line do not belong
#: together; a line damaged here and there stays below.
ILLEGAL_SHARE = 0.01

#: Channels that a block can have; a block may have room for fewer.
MOST_CHANNELS = 256

# Seconds after which work shows its progress.
_PATIENCE = 1.0


# --- Files ---------------------------------------------------------------------------------------


def read_file(path):
    """Return the octets of a file, or of stdin for ``-``."""
    if path == "-":
        return sys.stdin.buffer.read()
    return Path(path).read_bytes()


def check_output(path, force):
    """Raise :class:`~golden.errors.V90Error` where :func:`write_file` would, before the work."""
    if path == "-":
        return
    target = Path(path)
    if target.is_dir():
        raise V90Error(f"{path} is a folder, not a file to write")
    if os.path.lexists(target) and not force:
        raise V90Error(f"{path} exists; --force overwrites it")
    folder = Path(os.path.realpath(target)).parent
    if not folder.is_dir():
        raise V90Error(f"there is no folder {folder} to write {path} into")
    if not target.exists() and not os.access(folder, os.W_OK | os.X_OK):
        raise V90Error(f"no permission to write {path}")


def write_file(path, content, force):
    """Write a file whole or not at all: aside, then renamed. ``-`` is stdout."""
    if path == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    check_output(path, force)
    # A link stays one, and its target is replaced.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # A device or pipe cannot be replaced and keeps nothing that could be lost.
        target.write_bytes(content)
        return
    work = target.parent / f".v90-{secrets.token_hex(8)}"
    try:
        with open(work, "xb") as file:
            file.write(content)
        if target.exists():
            work.chmod(stat.S_IMODE(target.stat().st_mode))
        elif os.path.lexists(target) and not force:
            raise V90Error(f"{path} exists; --force overwrites it")
        os.replace(work, target)
    finally:
        work.unlink(missing_ok=True)


def read_parameters(path, law=None, power_limit=None):
    """Mapping parameters from a JSON file, with the law replaced and the power checked."""
    try:
        parameters = MappingParameters.from_json(read_file(path).decode())
    except UnicodeDecodeError:
        raise V90Error(f"{path}: not JSON: it is not UTF-8 text") from None
    except V90Error as error:
        raise V90Error(f"{path}: {error}") from None
    if law:
        parameters = parameters.with_law(law)
    if power_limit is not None and parameters.exceeds(power_limit):
        raise V90Error(
            f"{path}: the average power, {dbm0(parameters):.2f} dBm0, is above the limit of "
            f"{power_limit:g} dBm0"
        )
    return parameters


def dbm0(parameters):
    """Average power of 8.5.2 in dBm0, on the scale of Table 15/V.90."""
    limit, root = max(POWER_LIMITS.items())
    power = parameters.average_power
    return limit + 10 * math.log10(power / root**2) if power else -math.inf


# --- Progress ------------------------------------------------------------------------------------


@contextmanager
def progress(what):
    """Give a function ``show(done, total)`` that draws a bar once the work is a second old.

    Nothing is drawn where stderr is no terminal.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip
    task = bar.add_task(what, total=None)
    # A timer, because the first step may be the long one: compiling the gateware reports nothing.
    timer = threading.Timer(_PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


# --- Commands ------------------------------------------------------------------------------------


def run_engines(arguments, what, golden, gateware, check):
    """The result of the engines that --gateware and --check ask for.

    ``golden`` and ``gateware`` take a progress callback; ``check(a, b)`` raises where they differ.
    """
    results = {}
    if not arguments.gateware or arguments.check:
        with progress(what) as show:
            results["golden"] = golden(show)
    if arguments.gateware or arguments.check:
        with progress(f"{what}, gateware") as show:
            results["gateware"] = gateware(show)
    if arguments.check:
        check(results["golden"], results["gateware"])
    return next(iter(results.values()))


def say(arguments, sentence):
    """Tell what was done on stderr, so that stdout may carry octets."""
    engine = ["golden", "gateware", "golden", "golden and gateware, equal"]
    which = 3 if arguments.check else int(arguments.gateware)
    print(f"{sentence} ({engine[which]})", file=sys.stderr)


def duration(octets):
    """Text for the time that so many octets last on the line."""
    return f"{octets / 8000:.1f} s"


def transmit(arguments):
    """`v90 transmit`"""
    check_output(arguments.output, arguments.force)
    p = read_parameters(arguments.parameters, arguments.law, arguments.power_limit)
    data = read_file(arguments.file)
    bits = transfer.file_bits(data, p.data_bits)
    line = run_engines(
        arguments, "encoding",
        lambda show: pcm.encode(p, bits, show),
        lambda show: pcm.encode_gateware(p, bits, show),
        lambda a, b: pcm.demand_equal(a, b, "octet", INTERVALS),
    )  # fmt: skip
    write_file(arguments.output, line.tobytes(), arguments.force)
    say(
        arguments,
        f"{len(data)} octets at {float(p.rate):.0f} bit/s are {len(line)} octets of "
        f"{p.law}-law line, {duration(len(line))}",
    )


def receive(arguments):
    """`v90 receive`"""
    check_output(arguments.output, arguments.force)
    p = read_parameters(arguments.parameters, arguments.law)
    content = read_file(arguments.line)
    if is_wav(arguments.line, content):
        receive_wav(arguments, p, content)
        return
    if arguments.training_symbols is not None or arguments.u_info is not None:
        raise V90Error("--training-symbols and --u-info are for a WAV file of an analogue line")
    line = np.frombuffer(content, np.uint8)
    bits = run_engines(
        arguments, "decoding",
        lambda show: pcm.decode(p, line, show),
        lambda show: pcm.decode_gateware(p, line, show),
        lambda a, b: pcm.demand_equal(a, b, "bit", p.data_bits),
    )  # fmt: skip
    receiver = transfer.FileReceiver()
    with progress("reading frames") as show:
        step = pcm.CHUNK * p.data_bits
        for at in range(0, len(bits), step):
            show(at, len(bits))
            receiver.process(bits[at : at + step])
    try:
        data = receiver.file()
    except V90Error as error:
        raise explain(error, receiver, p, line) from None
    write_file(arguments.output, data, arguments.force)
    say(
        arguments,
        f"{len(data)} octets in {receiver.frames} frames out of {len(line)} octets of {p.law}-law "
        f"line, {duration(len(line))}",
    )


def is_wav(path, content):
    """Tell whether a file is WAV, or says so by its name."""
    return content[8:12] == b"WAVE" or path.lower().endswith(".wav")


def receive_wav(arguments, parameters, content):
    """`v90 receive` for a recording of an analogue line."""
    # SciPy takes most of a second to load, which octets need not wait for.
    from sim import call, wav

    samples = wav.read(content, arguments.line)
    u_info = call.U_INFO if arguments.u_info is None else arguments.u_info
    symbols = arguments.training_symbols
    reception = call.receive_recording(
        samples, parameters, u_info, call.TRN1D if symbols is None else symbols,
        call.Engines(arguments.gateware, arguments.check, progress),
    )  # fmt: skip
    try:
        data = reception.file.file()
    except V90Error as error:
        raise type(error)(f"{error}{call.aside(reception)}") from None
    write_file(arguments.output, data, arguments.force)
    say(
        arguments,
        f"{len(data)} octets in {reception.file.frames} frames out of {len(samples)} samples, "
        f"{len(samples) / call.SAMPLES:.1f} s",
    )


def simulate(arguments):
    """`v90 call`"""
    from sim import call, report

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
        from sim import connection, connection_report

        what = setting_of(arguments)
        outcome = connection.run(what, read_file(arguments.file), engines)
        drawn, parameters = connection_report, outcome.parameters
    else:
        what = call_of(arguments)
        outcome = call.run(what, read_file(arguments.file), engines)
        drawn, parameters = report, outcome.parameters
    if arguments.recording is not None:
        from sim import wav

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
    """The :class:`sim.network.NetworkParameters` of a command line, whose line must exist."""
    from sim import lines
    from sim.network import NetworkParameters

    a = arguments
    lines.find(a.line)
    return NetworkParameters(
        law=law, output_law=a.output_law,
        robbed=patterns(a.robbed), robbed_after=patterns(a.robbed_after), pad=a.pad,
        high_pass=a.high_pass, high_pass_at=a.high_pass_at, invert=a.invert,
        slips=(*((at, 1) for at in a.repeat), *((at, -1) for at in a.drop)),
    )  # fmt: skip


def conditions_of(arguments):
    """The :class:`sim.line.Conditions` of a command line."""
    from sim.line import Conditions

    a = arguments
    if a.seed < 0:
        raise V90Error(f"the seed is a whole number from 0, not {a.seed}")
    return Conditions(snr=a.snr, ppm=a.ppm, drift=a.drift, seed=a.seed)


def setting_of(arguments):
    """The :class:`sim.session.Setting` of a command line without parameters."""
    from sim import call, session

    a = arguments
    network = network_of(a, a.law or "A")
    default = session.Setting()
    options = {"sr": a.sr, "ld": given(a.ld, 3)}
    if a.rate is not None:
        options["most_bits"] = constellations.data_bits_of(a.rate)
    return session.Setting(
        network.law, a.line, conditions_of(a), network, given(a.power, default.power),
        a.at_codec, call.check_u_info(given(a.u_info, default.u_info)),
        given(a.margin, default.margin), given(a.training_symbols, default.trn1d), options,
    )  # fmt: skip


def call_of(arguments):
    """The :class:`sim.call.Call` of a command line with parameters."""
    from sim import call

    a = arguments
    for name in ("sr", "ld", "margin", "power"):
        if getattr(a, name) is not None:
            raise V90Error(f"--{name} is for a start-up, and --parameters does without one")
    parameters = read_parameters(a.parameters, a.law)
    network = network_of(a, parameters.law)
    return call.Call(
        parameters, a.line, conditions_of(a), network, given(a.u_info, call.U_INFO),
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


def explain(error, receiver, parameters, line):
    """The error to raise for a file that did not arrive: ``error``, or that nothing fits."""
    _, _, known = pcm.labels_of(parameters, line)
    illegal = 1 - float(known.mean()) if known.size else 0.0
    lost = not receiver.frames and (receiver.bad or receiver.disorder)
    if illegal > ILLEGAL_SHARE or lost:
        return CallFailed(
            "the line does not fit the parameters, or starts elsewhere than in data frame interval "
            f"0, or is badly damaged: {receiver.frames} frames arrived, and {illegal:.1%} of its "
            "octets are in no constellation"
        )
    return error


def write_vectors(arguments):
    """`v90 vectors`"""
    from sim import vectors  # with the simulated line, which takes a while to load

    check_folder(arguments.output, arguments.force)
    with progress("vectors") as show:
        files = vectors.make(show)
    write_folder(arguments.output, files, arguments.force)
    print(f"{len(files)} files in {arguments.output}; manifest.json lists them", file=sys.stderr)


def block(name, channels=None):
    """The component of a block of ``BLOCKS``; ``channels`` None leaves its default.

    Raises :class:`~golden.errors.V90Error` for an unknown one, and for channels that a block does
    not take.
    """
    from amaranth.hdl import UnusedElaboratable

    if name not in BLOCKS:
        raise V90Error(f"no block is called {name}: there are {', '.join(sorted(BLOCKS))}")
    stem, title, options = BLOCKS[name]
    kind = getattr(importlib.import_module(f"hdl.{stem}"), title)
    if channels is not None:
        if "channels" not in inspect.signature(kind.__init__).parameters:
            raise V90Error(f"the block {name} has one channel, and takes no --channels")
        if not 1 <= channels <= MOST_CHANNELS:
            raise V90Error(f"--channels is 1 to {MOST_CHANNELS}, not {channels}")
        options = {**options, "channels": channels}
    with warnings.catch_warnings():
        # Parts of a block that could not be made are left over, which Amaranth takes for an
        # oversight and would tell below our sentence.
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            return kind(**options)
        except (ValueError, V90Error) as error:
            sentence = str(error)
        gc.collect()
    raise V90Error(sentence)


def payloads(component):
    """Verilog comment that says which bits of each stream's payload are which field."""
    from amaranth.lib import data

    from sim.layout import ports

    def fields(shape, at=0, prefix=""):
        for title, field in shape:
            if isinstance(field.shape, data.StructLayout):
                yield from fields(field.shape, at + field.offset, f"{prefix}{title}.")
            else:
                low = at + field.offset
                yield f"[{low + field.width - 1}:{low}] {prefix}{title}"

    lines = ["A transfer happens in a cycle with valid and ready high. Payload bits:"]
    for name, port in ports(component)[0].items():
        if isinstance(port.shape, data.Layout):
            parts = list(fields(port.shape))
        else:
            parts = [f"[{port.width - 1}:0]"]
        lines.append(f"  {name}__payload: {', '.join(parts)}")
    return "".join(f"// {line}\n" for line in lines)


def write_verilog(arguments):
    """`v90 verilog`"""
    from amaranth.back import verilog

    check_output(arguments.output, arguments.force)
    component = block(arguments.block, arguments.channels)
    name = arguments.block.replace("-", "_")
    with progress("converting"):
        text = verilog.convert(component, name=f"v90_{name}", emit_src=False)
    write_file(arguments.output, (payloads(component) + text).encode(), arguments.force)


def show_rates(arguments):
    """`v90 rates`"""
    offsets = {kind: offset for kind, (offset, _) in TYPES.items()}
    rows = sorted({(d, s, k) for kind in TYPES for k, s, d, _ in rate_table(kind)}, reverse=True)
    allowed = {kind: {(k, s) for k, s, _, _ in rate_table(kind)} for kind in TYPES}
    table = Table(
        caption="M: the least size if all six constellations have the same; their product must be "
        "at least 2^K. drn: what CP and CPt carry (Table 14); empty where the table has no such K.",
        caption_justify="left",
    )
    for heading in ("bit/s", "D", "S", "Sr", "K", "2^K", "M", "CP drn", "CPt drn"):
        table.add_column(heading, justify="right")
    before = None
    for d, s, k in rows:
        first = d != before
        if first and before is not None:
            table.add_section()
        before = d
        table.add_row(
            f"{float(rate(d)):.0f}" if first else "", str(d) if first else "", str(s),
            str(INTERVALS - s), str(k), str(1 << k), str(least_modulus(k)),
            *(str(d - offsets[kind]) if (k, s) in allowed[kind] else "" for kind in TYPES),
        )  # fmt: skip
    Console().print(table)


def show_lines(arguments):
    """`v90 lines`"""
    # SciPy takes most of a second to load, which other commands need not wait for.
    from sim import lines
    from sim.line import Line

    names = arguments.names or list(lines.known())
    chosen = {name: lines.find(name) for name in names}
    if arguments.output:
        draw_lines(chosen, arguments.output, arguments.force)
        return
    table = Table(
        caption="Loss: codec, loop, terminations and transformer, against the codec at its own "
        "impedance. Spread: of the group delay, 300 to 3400 Hz. -o draws the lines.",
        caption_justify="left",
    )
    for heading in ("line", "kft", "taps,\nkft", "loss, dB\n1 kHz", "\n3.4 kHz", "spread,\nms"):
        table.add_column(heading, justify="left" if heading == "line" else "right", no_wrap=True)
    table.add_column("what it is")
    band = np.arange(300, 3401, 10.0)
    for name, parameters in chosen.items():
        line = Line(parameters)
        loss = -20 * np.log10(np.abs(line.response(np.array([1000, 3400]))))
        delay = line.group_delay(band) * 1e3
        table.add_row(
            name, f"{parameters.feet / 1000:g}", f"{parameters.taps / 1000:g}",
            *(f"{value:.1f}" for value in loss), f"{np.ptp(delay):.2f}", parameters.description,
        )  # fmt: skip
    Console().print(table)


def draw_lines(chosen, output, force):
    """Pictures of lines: all in one PNG file, or that and one for each in a folder."""
    from sim import drawing

    if output.lower().endswith(".png"):
        check_output(output, force)
        with progress("drawing"):
            picture = drawing.overview(chosen)
        write_file(output, picture, force)
        lines = "1 line" if len(chosen) == 1 else f"{len(chosen)} lines"
        print(f"{lines} in {output}", file=sys.stderr)
        return
    check_folder(output, force)
    files = {}
    with progress("drawing") as show:
        for done, (name, parameters) in enumerate(chosen.items()):
            show(done, len(chosen) + 1)
            files[f"{name}.png"] = drawing.draw(name, parameters)
        files["all.png"] = drawing.overview(chosen)
    write_folder(output, files, force)
    print(f"{len(files)} pictures in {output}; all.png has every line", file=sys.stderr)


def board(arguments):
    """`v90 board`"""
    # Boards are above this package.
    importlib.import_module("boards.cli_board").run(arguments.device, arguments.action)


def least_modulus(k):
    """The least M with M^6 >= 2^K, exactly."""
    m = int(2 ** (k / INTERVALS))
    while m**INTERVALS < 1 << k:
        m += 1
    return m


# --- The command line ----------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise V90Error(f"{message} ({self.prog} --help)")


def call_options(sub):
    """The options that only `v90 call` has."""
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
        "--sr", type=int, choices=range(4),
        help="of the shaper, with no power at DC (default: Sr and filter that the line is worth)",
    )  # fmt: skip
    sub.add_argument("--ld", type=int, choices=range(4), help="of the shaper (default: 3)")
    sub.add_argument(
        "--margin", type=float, metavar="DB",
        help="between the noise and that for 1e-6 wrong decisions (default: 1.5)",
    )  # fmt: skip
    sub.add_argument(
        "--power", type=float, metavar="DBM0", help="limit of INFO0d (default: -12)"
    )
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
    for name, text in (("--robbed", "bits in turn by interval, as 1,,,01,,"),
                       ("--robbed-after", "the same, behind the pad")):  # fmt: skip
        network.add_argument(name, metavar="P,P,P,P,P,P", help=text)
    network.add_argument("--pad", type=float, default=0.0, metavar="DB", help="0 to 30")
    network.add_argument("--high-pass", type=float, metavar="POLE", help="above 0, below 1")
    network.add_argument("--high-pass-at", type=int, default=0, metavar="OCTET")
    network.add_argument("--invert", action="store_true", help="the polarity")
    for name, text in (("--repeat", "send it twice"), ("--drop", "do not send it")):
        network.add_argument(
            name, type=int, action="append", default=[], metavar="OCTET", help=text
        )


def parser():
    """The argument parser of `v90`."""
    top = _Parser(
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

    sub = command("transmit", transmit, "encode a file into PCM octets", "LINE")
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    parameter_options(sub)
    engine(sub)
    sub.add_argument(
        "--power-limit", type=float, metavar="DBM0",
        help="refuse parameters above this power: -0.5 to -16 dBm0 in steps of 0.5 (Table 15)",
    )  # fmt: skip

    sub = command(
        "receive", receive, "decode PCM octets, or a recording of an analogue line, into the file",
        "FILE",
    )  # fmt: skip
    sub.add_argument(
        "line", metavar="LINE", help="octets, or WAV: one channel, 8 to 48 kHz, 16-bit or float"
    )
    parameter_options(sub)
    engine(sub)
    training(sub)

    sub = command("call", simulate, "send a file through a simulated call", None)
    sub.add_argument("file", metavar="FILE", help="- is stdin")
    call_options(sub)
    engine(sub)
    training(sub)

    sub = command("read", cli_read.read, "tell what is in a recording of a V.90 downstream", None)
    cli_read.options(sub)

    command(
        "vectors", write_vectors, "write golden vectors: NPZ, hex for $readmemh, JSON manifest",
        "DIR",
    )  # fmt: skip

    sub = command("verilog", write_verilog, "write a block as Verilog", "FILE.v")
    sub.add_argument("block", metavar="BLOCK", help=", ".join(sorted(BLOCKS)))
    sub.add_argument("--channels", type=int, metavar="N", help=f"1 to {MOST_CHANNELS}")

    sub = command("lines", show_lines, "list the named telephone lines, or draw them", None)
    sub.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    sub.add_argument(
        "-o", "--output", metavar="DIR|FILE.png",
        help="draw attenuation, group delay and impulse response, instead of the list",
    )  # fmt: skip
    sub.add_argument("--force", action="store_true", help="overwrite what exists")

    sub = command("build", cli_build.build, "build a bitstream for a board", None)
    cli_build.options(sub)

    sub = command("board", board, "talk to a board, or to a simulated one, over its link", None)
    sub.add_argument("device", metavar="DEVICE", help="a serial port, or sim")
    sub.add_argument(
        "action", metavar="ACTION ...", nargs=argparse.REMAINDER,
        help="info, selftest, send, receive or watch; `v90 board DEVICE --help` tells more",
    )  # fmt: skip

    command("rates", show_rates, "print the rates of Tables 2 and 17 and what they need", None)
    return top


def one_line(text):
    """Text without line ends and control characters, which a file name may bring in."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))


def guarded(function):
    """Call ``function()``; return its exit status, or tell an error and return that one's."""
    try:
        status = function()
        sys.stdout.flush()
        return status
    except V90Error as error:
        status, sentence = error.status, str(error)
    except BrokenPipeError:
        # Who reads our output has had enough; nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        status = V90Error.status
        name = "" if error.filename is None else f"{error.filename}: "
        sentence = f"{name}{error.strerror or error or type(error).__name__}"
    except MemoryError:
        status, sentence = V90Error.status, "there is not enough memory for a file of this size"
    except KeyboardInterrupt:
        status, sentence = 128 + signal.SIGINT, "interrupted"
    print(f"v90: error: {one_line(sentence)}", file=sys.stderr)
    return status


def main(argv=None):
    """Run a command line (``sys.argv`` without argument); return the exit status."""

    def run():
        arguments = parser().parse_args(argv)
        arguments.function(arguments)
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main())
