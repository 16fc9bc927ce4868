"""`v90 lines`: the named telephone lines, listed or drawn."""

import sys

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.errors import V90Error
from sim.files import check_folder, check_output, write_file, write_folder
from sim.terminal import progress


def options(sub):
    """Add the options of `v90 lines`."""
    sub.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    sub.add_argument(
        "-o",
        "--output",
        metavar="DIR|FILE.png",
        help="draw attenuation, group delay and impulse response, instead of the list",
    )
    sub.add_argument("--force", action="store_true", help="overwrite what exists")


def run(arguments):
    """Run `v90 lines`."""
    # SciPy takes most of a second to load; other commands need not wait for it.
    from sim.world import lines
    from sim.world.line import Line

    if arguments.force and not arguments.output:
        raise V90Error("--force overwrites files, and none is to be written")
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
            name,
            f"{parameters.feet / 1000:g}",
            f"{parameters.taps / 1000:g}",
            *(f"{value:.1f}" for value in loss),
            f"{np.ptp(delay):.2f}",
            parameters.description,
        )
    Console().print(table)


def draw_lines(chosen, output, force):
    """Draw lines: all in one PNG file, or in a folder that and a picture of each."""
    from sim.reports import drawing

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
