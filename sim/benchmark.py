"""How fast golden and gateware are, and whether they are equal over many parameter sets.

`make bench` prints both with the machine they were measured on.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.parameters import INTERVALS, MappingParameters
from sim import pcm
from sim.cli import guarded, progress

#: Octets a second of a line; one channel in real time.
REAL_TIME = 8000

#: Channels that are measured side by side.
MANY = 64

#: Channels of the gateware encoder in the sweep, and data frames of each set.
SWEEP_CHANNELS = 16
SWEEP_FRAMES = 32

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def machine():
    """One line about the machine: processor, cores, load."""
    model = "unknown processor"
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, load {load} (1, 5 and 15 minutes)"


def example(name):
    """Mapping parameters of ``examples``."""
    return MappingParameters.from_json((EXAMPLES / f"{name}.json").read_text())


def speed(function, symbols, repeats=3):
    """Symbols per second of the best of some runs of ``function()``."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return symbols / best


def measurements(seconds):
    """Yield ``(title, channels, symbols per second, times real time demanded or None)``.

    ``seconds``: length of the line measured on one channel.
    """
    rng = np.random.default_rng(90)
    cases = (("Sr = 0", example("56000"), None), ("Sr = 1, ld = 3", example("45333"), 5))
    for title, p, demanded in cases:
        for channels in (1, MANY):
            # The same number of symbols in sum would make single frames of many channels.
            frames = max(1, int(seconds * REAL_TIME / INTERVALS) // min(channels, 8))
            bits = rng.integers(0, 2, (channels, frames * p.data_bits), np.uint8)
            octets = pcm.encode(p, bits)
            symbols = octets.size
            in_sum = None if channels == 1 else 100
            yield (
                f"golden encode, {title}", channels,
                speed(lambda p=p, bits=bits: pcm.encode(p, bits), symbols), in_sum or demanded,
            )  # fmt: skip
            yield (
                f"golden decode, {title}", channels,
                speed(lambda p=p, octets=octets: pcm.decode(p, octets), symbols), in_sum or 20,
            )  # fmt: skip
            bank, sets, rows = pcm.EncoderBank(channels), [p] * channels, list(bits)
            yield (
                f"gateware encode, {title}", channels,
                speed(lambda b=bank, s=sets, r=rows: b.encode(s, r), symbols, 1), None,
            )  # fmt: skip
            if channels == 1:
                decoder, line = pcm.DecoderBank(), octets[0]
                yield (
                    f"gateware decode, {title}", channels,
                    speed(lambda d=decoder, p=p, x=line: d.decode(p, x), symbols, 1), None,
                )  # fmt: skip


def show_speeds(console, seconds):
    """Measure and print the table; tell whether everything is as fast as demanded."""
    table = Table("what", "channels", "symbols/s", "times real time", "at least")
    for column in table.columns[1:]:
        column.justify = "right"
    fast = True
    with progress("measuring") as show:
        for done, (title, channels, rate, demanded) in enumerate(measurements(seconds)):
            show(done, None)
            times = rate / REAL_TIME
            fast = fast and times >= (demanded or 0)
            table.add_row(
                title, str(channels), f"{rate:,.0f}".replace(",", " "), f"{times:.1f}",
                "" if demanded is None else str(demanded),
            )  # fmt: skip
    console.print(table)
    return fast


def sweep(sets, seed=90, show=lambda done, total: None):
    """Compare golden and gateware over so many random parameter sets.

    Returns a list of ``(number, parameters, sentence)`` for the sets that differ.
    """
    from sim.parameter_sets import random_parameters

    rng = np.random.default_rng(seed)
    differing = []
    for at in range(0, sets, SWEEP_CHANNELS):
        show(at, sets)
        batch = [random_parameters(rng) for _ in range(SWEEP_CHANNELS)]
        for index, sentence in pcm.compare_bank(batch, SWEEP_FRAMES, seed + at):
            differing.append((at + index, batch[index], sentence))
    show(sets, sets)
    return differing


def main(argv=None):
    """Measure, compare, print; return the exit status: 1 where golden and gateware differ."""
    parser = argparse.ArgumentParser(prog="python -m sim.benchmark", description=__doc__)
    parser.add_argument("--sets", type=int, default=10_000, help="random parameter sets to compare")
    parser.add_argument("--seed", type=int, default=90, help="seed of the random sets")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the line measured")
    arguments = parser.parse_args(argv)
    console = Console()
    console = Console(width=max(console.width, 100))
    console.print(machine(), soft_wrap=True)
    if not show_speeds(console, arguments.seconds):
        console.print("Something is slower than demanded; on a busy machine that says little.")
    if arguments.sets > 0:
        start = time.perf_counter()
        with progress("comparing") as show:
            differing = sweep(arguments.sets, arguments.seed, show)
        for number, parameters, sentence in differing[:3]:
            console.print(f"set {number}: {sentence}: {parameters.to_json()}", soft_wrap=True)
        console.print(
            f"Encoder and decoder, golden against gateware, over {arguments.sets} random parameter "
            f"sets of {SWEEP_FRAMES} data frames (seed {arguments.seed}): {len(differing)} differ; "
            f"{time.perf_counter() - start:.0f} s.",
            soft_wrap=True,
        )
        return 1 if differing else 0
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
