"""`v90 receive`: PCM octets, or a recording of an analogue line, back into the file."""

import numpy as np

from golden.errors import CallFailed, V90Error
from sim.calls import pcm, transfer
from sim.cli.options import duration, engine, mapping, output, run_engines, say, training
from sim.files import check_inputs, check_outputs, is_wav, read_file, read_parameters, write_file
from sim.terminal import progress

#: Share of octets outside the constellations above which parameters and line do not belong
#: together; a line damaged here and there stays below.
ILLEGAL_SHARE = 0.01


def options(sub):
    """The options of `v90 receive`."""
    sub.add_argument(
        "line", metavar="LINE", help="octets, or WAV: one channel, 8 to 48 kHz, 16-bit or float"
    )
    output(sub, "FILE")
    mapping(sub)
    engine(sub)
    training(sub)


def run(arguments):
    """`v90 receive`"""
    check_inputs(arguments.line, arguments.parameters)
    check_outputs(arguments.force, arguments.output)
    p = read_parameters(arguments.parameters, arguments.law)
    content = read_file(arguments.line)
    if is_wav(arguments.line, content):
        receive_wav(arguments, p, content)
        return
    if arguments.training_symbols is not None or arguments.u_info is not None:
        raise V90Error("--training-symbols and --u-info are for a WAV file of an analogue line")
    line = np.frombuffer(content, np.uint8)
    bits = run_engines(
        arguments,
        "decoding",
        lambda show: pcm.decode(p, line, show),
        lambda show: pcm.decode_gateware(p, line, show),
        lambda a, b: pcm.demand_equal(a, b, "bit", p.data_bits),
    )
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
    from golden.receiver.timing import SAMPLE_RATE
    from sim.calls import given
    from sim.calls.description import GIVEN_TRN1D
    from sim.calls.design import USUAL_U_INFO
    from sim.calls.engines import Engines
    from sim.calls.reception import noticed
    from sim.world import wav

    samples = wav.read(content, arguments.line)
    u_info = USUAL_U_INFO if arguments.u_info is None else arguments.u_info
    symbols = arguments.training_symbols
    reception = given.receive_recording(
        samples,
        parameters,
        u_info,
        GIVEN_TRN1D if symbols is None else symbols,
        Engines(arguments.gateware, arguments.check, progress),
    )
    try:
        data = reception.file.file()
    except V90Error as error:
        raise type(error)(f"{error}{noticed(reception)}") from None
    write_file(arguments.output, data, arguments.force)
    say(
        arguments,
        f"{len(data)} octets in {reception.file.frames} frames out of {len(samples)} samples, "
        f"{len(samples) / SAMPLE_RATE:.1f} s",
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
