"""Two files through the gateware at three rates, then a call over a line: `make demo`."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from golden.errors import V90Error
from golden.pcm.parameters import INTERVALS
from sim.calls import pcm, transfer
from sim.engines.measuring import REAL_TIME, example, machine
from sim.files import ROOT
from sim.terminal import guarded, progress

DEMO_RATES = ("56000", "45333", "28000")

#: The call: a whole start-up over 12 kft of 26 AWG, with the receiver in gateware beside golden.
REPORT = Path("build/demo")
CALL = (
    "--line",
    "26awg-12kft",
    "--ppm",
    "80",
    "--gateware",
    "--check",
    "--report",
    str(REPORT),
    "--force",
)
CALLED = ROOT / "LICENSE"

README = ROOT / "README.md"


def binary_file():
    """Random octets, and runs of those that need most bit stuffing."""
    random = np.random.default_rng(90).bytes(12_000)
    return random + b"\x7e" * 1000 + b"\xff" * 1000 + bytes(1000)


def timed(function, *arguments):
    """The function's result, and how long it took in seconds."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def send(parameters, data, encoder, decoder, show):
    """Send a file; return the values of the table's row by name.

    ``encoder`` and ``decoder`` are the compiled gateware (:class:`sim.calls.pcm.EncoderBank` of one
    channel, :class:`sim.calls.pcm.DecoderBank`).
    """
    p = parameters
    bits = transfer.file_bits(data, p.data_bits)
    golden_octets, golden_encode = timed(pcm.encode, p, bits)
    golden_bits, golden_decode = timed(pcm.decode, p, golden_octets)
    (octets,), gateware_encode = timed(encoder.encode, [p], [bits], show)
    octets = octets[: len(golden_octets)]
    received, gateware_decode = timed(decoder.decode, p, octets, show)
    receiver = transfer.FileReceiver()
    receiver.process(received)
    try:
        arrived = receiver.file() == data
    except V90Error:
        arrived = False
    equal = np.array_equal(golden_octets, octets) and np.array_equal(golden_bits, received)
    line = len(octets) / REAL_TIME
    return {
        "octets": len(data),
        "bits": len(bits),
        "encode cycles": encoder.frame_cycles,
        "decode cycles": round(decoder.cycles * INTERVALS / len(octets)),
        "equal": equal and arrived,
        "golden": (line / golden_encode, line / golden_decode),
        "gateware": (line / gateware_encode, line / gateware_decode),
    }


def main():
    """Print the table and the call; return 1 unless all arrived and gateware equals golden."""
    console = Console()
    console = Console(width=max(console.width, 100))
    with progress("compiling the gateware"):
        encoder, decoder = pcm.EncoderBank(), pcm.DecoderBank()
    table = Table(
        "bit/s",
        "file",
        "octets",
        "bits",
        "cycles per\ndata frame",
        "equal",
        "golden,\ntimes real time",
        "gateware,\ntimes real time",
        caption="Pairs are encoder / decoder. Equal: octets and bits of gateware and golden are "
        "the same, and the file arrived.",
        caption_justify="left",
    )
    for column in table.columns:
        column.justify = "right"
    files = {"README.md": README.read_bytes(), "binary": binary_file()}
    good = True
    for rate in DEMO_RATES:
        parameters = example(rate)
        for name, data in files.items():
            with progress(f"{name} at {rate} bit/s") as show:
                row = send(parameters, data, encoder, decoder, show)
            good = good and row["equal"]
            table.add_row(
                f"{float(parameters.rate):.0f}",
                name,
                str(row["octets"]),
                str(row["bits"]),
                f"{row['encode cycles']} / {row['decode cycles']}",
                "yes" if row["equal"] else "NO",
                "{:.0f} / {:.0f}".format(*row["golden"]),
                "{:.1f} / {:.1f}".format(*row["gateware"]),
            )
        table.add_section()
    console.print(machine(), soft_wrap=True)
    console.print(table)
    console.print(f"\nv90 call {CALLED.name} {' '.join(CALL)}", soft_wrap=True)
    REPORT.parent.mkdir(exist_ok=True)
    console.file.flush()
    status = subprocess.call([sys.executable, ROOT / "v90.py", "call", str(CALLED), *CALL])
    if not status:
        console.print(f"The report, with pictures: {REPORT / 'report.html'}")
    return status if good else 1


if __name__ == "__main__":
    sys.exit(guarded(main))
