"""The figures of receivers and start-ups, and golden against gateware: `make figures`.

It prints them with the machine that measured them; pictures go to build/figures.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.errors import V90Error
from sim import work
from sim.calls import pcm
from sim.calls.parameter_sets import random_parameters
from sim.engines.measuring import machine
from sim.figures import calls as call_figures
from sim.figures import data as data_figures
from sim.figures import (
    document,
    events,
    hits,
    nulls,
    predict,
    real_calls,
    real_calls_on_lines,
    startup,
)
from sim.figures import receiver as receiver_figures
from sim.files import ROOT
from sim.terminal import guarded, progress

#: Channels of the gateware encoder in the sweep, and data frames of each set.
SWEEP_CHANNELS = 16
SWEEP_FRAMES = 32


#: Where pictures go.
PICTURES = ROOT / "build" / "figures"

#: Where the real calls are, if they are; tests look there too.
REAL_CALLS = Path(os.environ.get("V90_REAL_CALLS") or ROOT.parent / "shared" / "real-calls")

#: Figures of the receiver and of start-ups: title with the bound, function, the column whose worst
#: value the summary says, and whether that is its largest.
FIGURES = (
    (
        "SNR after 2040 symbols of TRN1d at 45 dB, within 1.5 dB of the bound",
        receiver_figures.first_training,
        "lacks",
        max,
    ),
    (
        "SNR after 8000 symbols, within 0.7 dB of the bound",
        receiver_figures.convergence,
        "lacks",
        max,
    ),
    (
        "golden against float64, within 0.3 dB",
        receiver_figures.against_reference,
        "lacks 8000",
        max,
    ),
    (
        "client's clock off by 200 ppm and drifting 1 ppm/s, at most 0.3 dB lost",
        receiver_figures.clock,
        "lost dB",
        max,
    ),
    (
        "network's high-pass switching in: no loss, back within 3 dB in 1 s",
        data_figures.high_pass,
        "back after s",
        max,
    ),
    ("10 s of data at 1e-6, no error after 100 ms", data_figures.data, "errors", max),
    (
        "slip, dropout, burst: noticed within 50 ms, recovered or lost, nothing forged",
        events.events,
        "unflagged",
        max,
    ),
    (
        "golden receiver, times real time in sum",
        receiver_figures.speeds,
        "times real time",
        min,
    ),
    ("bare codec, 60 dB, -6 dBm0: 56 000 bit/s", startup.highest, "wrong", max),
    (
        "whole start-ups over unknown networks: no error in 5 s, within one step of the bound, "
        "data within 1 s of the least",
        startup.matrix,
        "wrong",
        max,
    ),
    (
        "spectral shaping: its gain, and chosen where it brings a higher rate",
        nulls.rows,
        "rate",
        min,
    ),
    (
        "burst, slip, less and more SNR in mid-data: the file whole, the rate following",
        hits.rows,
        "s lost",
        max,
    ),
    (
        "gateware receiver under CXXRTL, equal to golden and in real time",
        receiver_figures.gateware,
        "times real time",
        min,
    ),
)

#: The same, of the real calls.
CALL_FIGURES = (
    ("real calls through lines, 45 dB: every Jd", call_figures.real_calls, "TRN1d wrong", max),
    ("real calls as octets: every Jd", call_figures.raw_calls, "TRN1d wrong", max),
    (
        "clean real calls predicted from Ja, CPt, CP: magnitudes, and signs where no shaper "
        "chooses",
        predict.rows,
        "magnitudes",
        min,
    ),
    (
        "real calls read from octets alone: places, CRCs, law, pad, polarity, rate as in "
        "call.json; clean ones: DIL as Ja asks",
        real_calls.real_call_rows,
        "TRN2d ones",
        min,
    ),
    (
        "clean real calls through four lines each, 45 dB, up to 150 ppm, by a client that knows "
        "its Ja, CPt, CP: every Jd and MP, DIL's Ucodes named, B1d all ones, or no more wrong than "
        "noise at the bound makes where points need more dB than the line gives",
        real_calls_on_lines.rows,
        "B1d ones",
        min,
    ),
)

#: Figures that measure time: they run alone.
TIMED = {receiver_figures.speeds, receiver_figures.gateware}

#: Figures that share their cases among workers themselves.
SHARED = {startup.matrix, hits.rows, real_calls_on_lines.rows}


def _text(value):
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


def show_rows(console, title, rows):
    """Print the rows of one figure as a table."""
    table = Table("what", *rows[0].values, "met", title=title, title_justify="left")
    table.columns[0].no_wrap = True
    for column, value in zip(table.columns[1:], rows[0].values.values(), strict=False):
        column.justify = "left" if isinstance(value, str) else "right"
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "NO"
        table.add_row(row.what, *map(_text, row.values.values()), met)
    console.print(table)


def measure(item):
    """Rows of a figure, by its place in FIGURES and CALL_FIGURES; with the calls' folder."""
    number, folder = item
    function = (*FIGURES, *CALL_FIGURES)[number][1]
    return function(Path(folder)) if number >= len(FIGURES) else function()


def rows_of(folder, workers):
    """Yield ``(number, rows)`` of all figures as they come; ``folder`` None: without real calls."""
    figures = (*FIGURES, *(CALL_FIGURES if folder else ()))
    others = []
    for number, (_, function, *_) in enumerate(figures):
        given = (folder,) * (number >= len(FIGURES))
        if function in TIMED:
            yield number, function()
        elif function in SHARED:
            yield number, function(*given, workers=workers)
        else:
            others.append((number, folder and str(folder)))
    for index, rows in work.results_of(measure, others, workers):
        yield others[index][0], rows


def show_figures(console, folder, workers, write=False):
    """Measure and print all figures.

    ``folder``: that of the real calls. ``write``: write them for docs/figures.md, but for those of
    time, which `make bench` has.
    """
    rows_to_write = []
    if not any(folder.glob("*/call.json")):
        if write:
            raise V90Error(f"there are no real calls in {folder}, and --write needs their figures")
        console.print(f"no real calls in {folder}: their figures are left out", soft_wrap=True)
        folder = None
    figures = (*FIGURES, *(CALL_FIGURES if folder else ()))
    results = {}
    with progress("figures") as show:
        show(0, len(figures))
        for number, rows in rows_of(folder, workers):
            results[number] = rows
            show(len(results), len(figures))
            show_rows(console, figures[number][0], rows)
    summary = Table("figure", "met", "of", "worst", title="summary", title_justify="left")
    for number, (title, _, column, worst) in enumerate(figures):
        rows = results[number]
        met = sum(bool(row.met) for row in rows)
        numbers = [row for row in rows if isinstance(row.values[column], int | float)]
        last = worst(numbers, key=lambda row, column=column: row.values[column])
        text = f"{column}: {_text(last.values[column])}"
        summary.add_row(
            title,
            str(met),
            str(len(rows)) + ("" if met == len(rows) else "  NO"),
            f"{text} ({last.what})",
        )
        if figures[number][1] not in TIMED:
            rows_to_write.append(
                {"title": title, "met": met, "of": len(rows), "worst": text, "at": last.what}
            )
    console.print(summary)
    if write:
        document.record("figures", rows_to_write)
    drawn = {figures[number][1]: (figures[number][0], rows) for number, rows in results.items()}
    for path in draw(drawn):
        console.print(f"picture: {path}", soft_wrap=True)


def draw(results):
    """Write the pictures of figures that have one; return their paths.

    ``results``: title and rows by function.

    Convergence: the SNR against its bound by line, and over time; the high-pass: over time.
    """
    from matplotlib.figure import Figure

    PICTURES.mkdir(parents=True, exist_ok=True)
    paths = []

    def save(figure, name):
        paths.append(PICTURES / name)
        figure.savefig(paths[-1], format="png", metadata={"Software": None})

    _, rows = results[receiver_figures.convergence]
    figure = Figure(figsize=(12, 7), dpi=110, layout="constrained")
    axes = figure.subplots()
    for i, snr in enumerate(sorted({row.values["line SNR"] for row in rows})):
        mine = [row for row in rows if row.values["line SNR"] == snr]
        names = [row.what for row in mine]
        for column, style in (("bound", "_"), ("after 2040", "x"), ("after 8000", ".")):
            axes.plot(
                names,
                [row.values[column] for row in mine],
                style,
                color=f"C{i}",
                ms=10,
                label=column if not i else None,
            )
    axes.set_ylabel("SNR of decisions in dB, a colour for each SNR of the line")
    axes.margins(y=0.12)
    axes.tick_params(axis="x", rotation=60)
    axes.grid(color="0.9")
    axes.legend(frameon=False, loc="upper center", ncols=3)
    save(figure, "snr.png")
    for function, name in (
        (receiver_figures.convergence, "convergence"),
        (data_figures.high_pass, "high-pass"),
    ):
        title, rows = results[function]
        figure = Figure(figsize=(12, 7), dpi=110, layout="constrained")
        axes = figure.subplots()
        curves = [row for row in rows if row.curve is not None]
        for i, row in enumerate(curves[: len({row.what for row in curves})]):
            style = {"color": f"C{i % 10}", "ls": ("-", "--", ":")[i // 10 % 3], "lw": 1}
            axes.plot(*row.curve, label=row.what, **style)
            axes.plot(row.curve[0, -1], row.values["bound"], "_", ms=12, color=style["color"])
        axes.set(xlabel="time from TRN1d on in s (dashes at the end: bounds)", ylabel="SNR in dB")
        axes.set_title(title, fontsize="medium")
        axes.grid(color="0.9")
        axes.legend(frameon=False, fontsize="small", ncols=3)
        save(figure, f"{name}.png")
    return paths


def compare(item):
    """Differences of one gateware bank: ``item`` has its parameter sets and a seed."""
    sets, seed = item
    return pcm.compare_bank(list(sets), SWEEP_FRAMES, seed)


def sweep(sets, seed=90, show=lambda done, total: None, workers=work.HERE):
    """Compare golden and gateware over so many random parameter sets.

    Returns a list of ``(number, parameters, sentence)`` for the sets that differ.
    """
    rng = np.random.default_rng(seed)
    items = [
        (tuple(random_parameters(rng) for _ in range(SWEEP_CHANNELS)), seed + at)
        for at in range(0, sets, SWEEP_CHANNELS)
    ]
    differing, done = [], 0
    for number, found in work.results_of(compare, items, workers):
        batch, _ = items[number]
        for index, sentence in found:
            differing.append((number * SWEEP_CHANNELS + index, batch[index], sentence))
        done += len(batch)
        show(min(done, sets), sets)
    return sorted(differing, key=lambda one: one[0])


def main(argv=None):
    """Measure, compare, print. Return the exit status: 1 where golden and gateware differ."""
    parser = argparse.ArgumentParser(prog="python -m sim.figures.reach", description=__doc__)
    parser.add_argument("--sets", type=int, default=10_000, help="random parameter sets to compare")
    parser.add_argument("--seed", type=int, default=90, help="seed of the random sets")
    parser.add_argument("--no-figures", action="store_true", help="leave the receiver out")
    parser.add_argument("--calls", type=Path, default=REAL_CALLS, help="folder of the real calls")
    parser.add_argument("--write", action="store_true", help="write docs/figures.json")
    work.options(parser)
    arguments = parser.parse_args(argv)
    workers = work.workers_of(arguments)
    console = Console()
    console = Console(width=max(console.width, 100))
    console.print(machine(), soft_wrap=True)
    if not arguments.no_figures:
        show_figures(console, arguments.calls, workers, arguments.write)
    if arguments.sets > 0:
        start = time.perf_counter()
        with progress("comparing") as show:
            differing = sweep(arguments.sets, arguments.seed, show, workers)
        for number, parameters, sentence in differing[:3]:
            console.print(f"set {number}: {sentence}: {parameters.to_json()}", soft_wrap=True)
        console.print(
            f"Encoder and decoder, golden against gateware, over {arguments.sets} random parameter "
            f"sets of {SWEEP_FRAMES} data frames (seed {arguments.seed}): {len(differing)} differ; "
            f"{time.perf_counter() - start:.0f} s.",
            soft_wrap=True,
        )
        if arguments.write:
            counts = {"sets": arguments.sets, "frames": SWEEP_FRAMES, "differ": len(differing)}
            document.record("sweep", counts)
        return 1 if differing else 0
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
