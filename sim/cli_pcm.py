"""`v90 transmit` and `v90 receive`: files into PCM octets, and back."""

import sys

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.parameters import INTERVALS
from sim import pcm, transfer
from sim.files import check_output, is_wav, read_file, write_file
from sim.mapping_parameters import read_parameters
from sim.terminal import progress

#: Share of octets outside the constellations above which parameters and line do not belong
#: together; a line damaged here and there stays below.
ILLEGAL_SHARE = 0.01


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


def receive_wav(arguments, parameters, content):
    """`v90 receive` for a recording of an analogue line."""
    # SciPy takes most of a second to load, which octets need not wait for.
    from sim import call, wav
    from sim.reception import aside

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
        raise type(error)(f"{error}{aside(reception)}") from None
    write_file(arguments.output, data, arguments.force)
    say(
        arguments,
        f"{len(data)} octets in {reception.file.frames} frames out of {len(samples)} samples, "
        f"{len(samples) / call.SAMPLES:.1f} s",
    )


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
