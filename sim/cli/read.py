"""`v90 read`: what is in a recording of a V.90 downstream."""

import numpy as np
from rich.console import Console

from golden.errors import V90Error
from golden.pcm.g711 import LAWS
from golden.signals.sequences import DIL
from golden.signals.training import check_descriptor
from sim.files import check_inputs, check_outputs, is_wav, parse_json, read_file, write_file
from sim.terminal import one_line, progress

#: Bits that a file of Ja has, at least.
_LEAST = 200


def options(sub):
    """The options of `v90 read`."""
    sub.add_argument(
        "line", metavar="LINE", help="octets, or WAV: one channel, 8 to 48 kHz, 16-bit or float"
    )
    sub.add_argument("--law", choices=LAWS, help="of the octets (default: found)")
    sub.add_argument(
        "--ja",
        metavar="FILE",
        help="the DIL descriptor that was asked for: text of 0 and 1 from frame sync to CRC, or "
        "JSON with ja.bits",
    )
    sub.add_argument(
        "--cpt",
        metavar="FILE",
        help="mapping parameters that were asked for, for what is not found: JSON of one kind, or "
        "with cpt and cp; with --ja, points of WAV are decided on them",
    )
    sub.add_argument("--json", metavar="FILE", help="write all of it as JSON; - is stdout")
    sub.add_argument("--picture", metavar="FILE.png", help="draw the recording and DIL's levels")
    sub.add_argument("--force", action="store_true", help="overwrite what exists")


def descriptor_of(path, content):
    """Fields of :data:`golden.signals.sequences.DIL` in a file: its bits, or JSON that has them.

    Raises :class:`~golden.errors.V90Error` where there are none with a good CRC.
    """
    text = content.decode("ascii", "replace").strip()
    if text.startswith("{"):
        values = parse_json(path, content)
        values = values.get("ja", values)
        text = values.get("bits", "") if isinstance(values, dict) else ""
    bits = "".join(text.split()) if isinstance(text, str) else ""
    if len(bits) < _LEAST or set(bits) - {"0", "1"}:
        raise V90Error(f"{path}: a DIL descriptor is text of 0 and 1, or JSON with ja.bits")
    found = DIL.find(np.frombuffer(bits.encode(), np.uint8) - ord("0"))
    if not found:
        raise V90Error(f"{path}: no DIL descriptor with a good CRC is in it")
    check_descriptor(found[0][1])
    return found[0][1]


def run(arguments):
    """`v90 read`"""
    # What draws and filters takes most of a second to load, which other commands need not wait for.
    from sim.reading import octets as reading
    from sim.reading import phase4
    from sim.reports import reading as reading_report

    check_inputs(arguments.line, arguments.ja, arguments.cpt)
    check_outputs(arguments.force, arguments.json, arguments.picture)
    ja = given = None
    if arguments.ja is not None:
        ja = descriptor_of(arguments.ja, read_file(arguments.ja))
    if arguments.cpt is not None:
        values = parse_json(arguments.cpt, read_file(arguments.cpt))
        try:
            given = phase4.parameters_given(values)
        except V90Error as error:
            raise V90Error(f"{arguments.cpt}: {error}") from None
    content = read_file(arguments.line)
    with progress("reading") as show:
        if is_wav(arguments.line, content):
            from sim.reading import samples as reading_samples
            from sim.world import wav

            samples = wav.read(content, arguments.line)
            found = reading_samples.read(samples, arguments.law, ja, given, show)
        else:
            octets = np.frombuffer(content, np.uint8)
            found = reading.read(octets, arguments.law, ja, given)
    if arguments.json is not None:
        text = reading_report.as_json(found, arguments.line)
        write_file(arguments.json, text.encode(), arguments.force)
    # Neither a terminal nor a picture takes a name that is no text.
    name = one_line(arguments.line)
    if arguments.picture is not None:
        png = reading_report.picture(found, name)
        write_file(arguments.picture, png, arguments.force)
    console = Console(stderr="-" in (arguments.json, arguments.picture), highlight=False)
    if console.width > reading_report.WIDTH or not console.is_terminal:
        console.width = reading_report.WIDTH
    for part in reading_report.text(found, name):
        console.print(part)
