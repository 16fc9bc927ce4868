"""Speeds, growth of cost, and rates that lines carry: `make bench`.

It writes docs/performance.md with its plots, once all of it is measured.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from rich.console import Console

from sim.engines import measuring
from sim.engines.measuring import CHANNELS, machine
from sim.figures import startup
from sim.speeds import growth, pcm, profiling
from sim.speeds import receiver as speeds_receiver
from sim.speeds.performance import (
    DOCS,
    PageSection,
    Plot,
    Table,
    facts,
    rates,
    resources,
    speeds_table,
    told,
    write,
)
from sim.terminal import guarded, progress

_SPEEDS = """Multiples of real time: 8000 symbols a second of a line, of all channels or lines in
sum, so that 64 means that 64 of them keep up. Time is that of one core, the least of three runs or
more, of 50 ms together at least; compiling does not count. Gateware is simulated by CXXRTL at full
speed; its columns are banks with so many channels, and where one is empty there is no such bank: a
receiver's blocks have one line. An FPGA at f Hz is f / 8000 / (cycles a symbol) times as fast as
real time, all channels in sum."""

_MODEMS = """Receivers side by side in TRN1d, over 26awg-9kft at 45 dB; and whole start-ups over it,
4.5 s each, into data. The digital modem's gateware is a bank of generators, above."""

_BOUNDS = """Golden and the engine against what NumPy or the engine could do, the furthest away
first. A bound is measured as well."""

_RATES = """Start-ups over all named lines through a clean network, power at most -12 dBm0. The
bound knows line and network: points that stay apart at the noise of the best equaliser with as many
taps. Without margin is what the modem would have asked for had it kept none; it keeps 1.5 dB. A
step of Table 2 is 1333 bit/s."""


def blocks(show):
    """Blocks and banks."""
    everything = pcm.PCM_BLOCKS + speeds_receiver.RECEIVER_BLOCKS
    speeds = []
    for block in everything:
        show(block.name)
        speeds.append(measuring.measure(block))
    shapers = {one.name: one for one in speeds if one.name.startswith("shaper")}
    section = PageSection("Blocks", [_SPEEDS.replace("\n", " "), speeds_table(speeds)])
    return section, shapers


def modems(show):
    """Receivers and modems."""
    rows = []
    show("receivers")
    golden = {n: growth.receiving(n) for n in CHANNELS}
    compiled, cycles, rate = growth.receiving_gateware()
    rows.append(("receiver, TRN1d", *golden.values(), compiled, cycles, rate))
    show("receivers that take turns")
    turns, rate = growth.receiving_in_turns()
    rows.append(
        (
            f"receivers, {growth.TURNS} take turns at {growth.TURNS_CLOCK / 1e6:.0f} MHz",
            None,
            None,
            None,
            turns,
            None,
            rate,
        )
    )
    show("start-ups")
    parts = {n: growth.start_up(n) for n in CHANNELS}
    show("start-up, gateware")
    compiled = growth.start_up(1, gateware=True)
    for part in parts[1]:
        own = compiled[part] if part in ("analogue modem", "all") else None
        rows.append((f"start-up: {part}", *(parts[n][part] for n in CHANNELS), own, None, None))
    return PageSection(
        "Receivers and modems",
        [
            _MODEMS.replace("\n", " "),
            Table(
                (
                    "what",
                    *(f"golden, {n}" for n in CHANNELS),
                    "gateware",
                    "cycles a symbol",
                    "Mcycle/s",
                ),
                rows,
            ),
        ],
    )


def growing(show, shapers):
    """Growth of cost, with a plot of each."""
    show("channels")
    channels = growth.channels()
    cost = "ms for a second of one line"
    parts = [
        "With channels: the encoder of 45 333 bit/s (Sr 1, ld 3), times real time in sum.",
        Table(("channels", "golden", "gateware"), channels),
    ]
    plots = [
        Plot(
            "performance-channels",
            "channels",
            cost,
            {
                "golden": [(n, 1000 / golden) for n, golden, _ in channels],
                "gateware": [(n, 1000 / compiled) for n, _, compiled in channels if compiled],
            },
        )
    ]
    show("taps")
    taps = growth.taps()
    parts += [
        "With the equaliser's taps: receivers in TRN1d, times real time in sum. The gateware has "
        "96 at most.",
        Table(
            ("feed-forward", "feedback", "golden, 1", "golden, 64", "gateware", "cycles a symbol"),
            taps,
        ),
    ]
    plots.append(
        Plot(
            "performance-taps",
            "taps, feed-forward and feedback",
            cost,
            {
                label: [(row[0] + row[1], 1000 / row[at]) for row in taps if row[at]]
                for label, at in (("golden, 1 line", 2), ("golden, 64 lines", 3), ("gateware", 4))
            },
        )
    )
    rows = [
        (
            f"Sr {sr}",
            *(
                told(shapers[f"shaper, Sr {sr}, ld {ld}"].golden[n])
                for ld in range(4)
                for n in (1, 64)
            ),
            *(told(shapers[f"shaper, Sr {sr}, ld {ld}"].cycles[1][0]) for ld in range(4)),
        )
        for sr in (1, 2, 3)
    ]
    parts += [
        "With look-ahead: the shaper, golden with 1 and 64 channels, times real time, and the "
        "gateware's cycles a symbol. Open sequences of rules are 2 to the power of ld + 1.",
        Table(
            (
                "",
                *(f"ld {ld}, {n}" for ld in range(4) for n in (1, 64)),
                *(f"ld {ld}, cycles" for ld in range(4)),
            ),
            rows,
        ),
    ]
    plots.append(
        Plot(
            "performance-look-ahead",
            "open sequences of rules",
            cost,
            {
                label: [(2 << ld, 1000 / of(shapers[f"shaper, Sr 1, ld {ld}"])) for ld in range(4)]
                for label, of in (
                    ("golden, 1", lambda one: one.golden[1]),
                    ("golden, 64", lambda one: one.golden[64]),
                    ("gateware", lambda one: one.gateware[1]),
                )
            },
        )
    )
    show("length")
    lengths = growth.lengths()
    parts += [
        "With a call's length: golden, one line, times real time; what is received are calls of a "
        "second one behind the other.",
        Table(("seconds", "encode, Sr 0", "encode, Sr 1, ld 3", "receive"), lengths),
    ]
    plots.append(
        Plot(
            "performance-length",
            "seconds of line",
            "seconds to compute it",
            {
                label: [(row[0], row[0] / row[at]) for row in lengths]
                for label, at in (("encode, Sr 0", 1), ("encode, Sr 1, ld 3", 2), ("receive", 3))
            },
        )
    )
    return PageSection("How cost grows", parts, plots)


def simulators(show):
    """cocotb on its simulators, and CXXRTL."""
    show("simulators")
    names = {"cxxrtl": "CXXRTL", "verilator": "cocotb, Verilator", "icarus": "cocotb, Icarus"}
    rows = [
        (block, names[engine], rate / 1000, start)
        for block, engine, rate, start in growth.simulators()
    ]
    return PageSection(
        "Simulators",
        [
            "The same tokens through a small block and a large one, all outputs compared, every "
            "cycle held to the contract of streams; the least of four runs, in time of a core, "
            "less what it takes to start.",
            Table(("block", "engine", "thousand cycles/s", "start, s"), rows),
        ],
    )


def lines(show):
    """Rates against lines."""
    show("lines")
    rows = startup.matrix(laws=("A",), networks=("clean",), snrs=(40.0, 50.0), batch=22)
    return PageSection("Rate against line", [_RATES.replace("\n", " "), rates(rows)])


def chips(show):
    """Cells and Fmax, as docs/resources.md has them."""
    show("cells")
    return PageSection(
        "Cells and Fmax",
        [
            "Out of [resources.md](resources.md), which `make boards` writes and which says more.",
            *resources((DOCS / "resources.md").read_text()),
        ],
    )


def profiles(show):
    """Profiles of time, and bounds."""
    show("bounds")
    found = profiling.bounds()
    rows = [(one.what, one.taken * 1e6, one.least * 1e6, one.factor, one.how) for one in found]
    parts = [
        _BOUNDS.replace("\n", " "),
        Table(("what", "takes, us", "bound, us", "times", "bound"), rows),
    ]
    show("profiles")
    for what, rows in profiling.profiles().items():
        parts += [
            f"Most of {what}:",
            Table(
                ("function", "calls", "% of the time"),
                [(name, calls, 100 * share) for name, calls, share in rows],
            ),
        ]
    return PageSection("Where time goes", parts)


def measure(show):
    """All sections. ``show(name)`` is called with each thing before it is measured."""
    first, shapers = blocks(show)
    return [
        first,
        modems(show),
        growing(show, shapers),
        simulators(show),
        lines(show),
        chips(show),
        profiles(show),
    ]


def main(argv=None):
    """Measure, print, write; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sim.speeds.benchmark", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the document goes")
    options = parser.parse_args(argv)
    console = Console()
    console.print(machine(), soft_wrap=True)
    before, cores, began = os.getloadavg(), os.cpu_count(), time.perf_counter()
    sentence = measuring.busy(before[0], cores)
    if sentence:
        console.print(sentence, soft_wrap=True)
    spent = []
    with progress("measuring") as bar:

        def show(what):
            spent.append((what, time.perf_counter()))
            bar(len(spent), None)

        sections = measure(show)
    ended = [*(at for _, at in spent[1:]), time.perf_counter()]
    known = facts(before, os.getloadavg(), cores, time.perf_counter() - began)
    path = write(known, sections, options.folder, sentence)
    console.print(path.read_text(), soft_wrap=True, markup=False, highlight=False)
    for (what, at), end in zip(spent, ended, strict=True):
        if end - at > 10:
            console.print(f"{what}: {end - at:.0f} s", soft_wrap=True, highlight=False)
    console.print(f"{path}: written in {time.perf_counter() - began:.0f} s", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
