"""`v90 vectors`: golden vectors for other implementations."""

import sys

from sim.cli.options import output
from sim.files import check_folder, write_folder
from sim.terminal import progress
from sim.vectors import manifest


def options(sub):
    """The options of `v90 vectors`."""
    output(sub, "DIR")


def run(arguments):
    """`v90 vectors`"""
    check_folder(arguments.output, arguments.force)
    with progress("vectors") as show:
        files = manifest.make(show)
    write_folder(arguments.output, files, arguments.force)
    print(f"{len(files)} files in {arguments.output}; manifest.json lists them", file=sys.stderr)
