"""Options that several commands share, and the engines that they choose."""

import sys

from golden.pcm import g711
from sim.terminal import progress


def output(sub, name):
    """Add the file or folder to write, and --force."""
    sub.add_argument("-o", "--output", required=True, metavar=name)
    sub.add_argument("--force", action="store_true", help="overwrite what exists")


def mapping(sub):
    """Add mapping parameters, and a law in place of theirs."""
    sub.add_argument("--parameters", required=True, metavar="P.json", help="mapping parameters")
    sub.add_argument("--law", choices=g711.LAWS, help="the line's (default: the parameters')")


def engine(sub):
    """Add the choice of golden model, gateware or both."""
    sub.add_argument(
        "--gateware", action="store_true", help="run the compiled gateware, not golden"
    )
    sub.add_argument("--check", action="store_true", help="run both and compare")


def training(sub):
    """Add TRN1d's length and Ucode."""
    sub.add_argument(
        "--training-symbols",
        type=int,
        metavar="N",
        help="of TRN1d (default: 2040 in a start-up, else 8040)",
    )
    sub.add_argument("--u-info", type=int, metavar="UCODE", help="of TRN1d (default: 79)")


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
    """Say on stderr what was done, so that stdout may carry octets."""
    engine = ["golden", "gateware", "golden", "golden and gateware, equal"]
    which = 3 if arguments.check else int(arguments.gateware)
    print(f"{sentence} ({engine[which]})", file=sys.stderr)


def duration(octets):
    """The time that so many octets last on the line, as text."""
    return f"{octets / 8000:.1f} s"
