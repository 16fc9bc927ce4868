"""`make gates`: trainings and banks through netlists of each family's cells, against golden."""

import argparse
import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from boards import gates
from golden import g711, training
from golden.equalizer import Levels
from golden.errors import CallFailed
from golden.parameters import INTERVALS
from golden.receiver import Kind
from golden.receiver import Receiver as Golden
from hdl.encoder import Encoder
from sim import lines, pcm
from sim.cli import guarded
from sim.line import Conditions, Line
from sim.parameter_sets import random_parameters
from sim.receiving import Paced, ReceiverGateware

FAMILIES = ("up5k", "ecp5-25", "gw1n-9")

#: Channels of the encoder: the up5k's script puts what 30 of them need into large memories.
CHANNELS = 30

#: Data frames of data, 2004 symbols; of TRN1d, which leaves both solutions of the receiver in.
FRAMES, TRN1D = 334, 1240

U_INFO, SILENCE = 79, 200


def encoder(rtlil):
    """Octets of all channels, each with parameters of its own: ``(symbols, cycles, seconds)``.

    Raises :class:`~golden.errors.CallFailed` where they are not golden's.
    """
    rng = np.random.default_rng(90)
    sets = [random_parameters(rng) for _ in range(CHANNELS)]
    bits = [rng.integers(0, 2, FRAMES * p.data_bits, np.uint8) for p in sets]
    bank = pcm.EncoderBank(CHANNELS, rtlil=rtlil)
    begin = time.perf_counter()
    encoded = bank.encode(sets, bits)
    seconds = time.perf_counter() - begin
    for p, sent, octets in zip(sets, bits, encoded, strict=True):
        d = p.data_bits
        received = pcm.decode(p, octets)
        whole = pcm.in_ones(p, sent, received)
        if not np.array_equal(pcm.encode(p, whole), octets) or len(received) < FRAMES * d:
            raise CallFailed("octets are not golden's")
    return sum(octets.size for octets in encoded), bank.cycles, seconds


def receiver(rtlil):
    """A training over a loop, and data; everything decided: ``(symbols, cycles, seconds)``.

    Raises :class:`~golden.errors.CallFailed` where it is not golden's.
    """
    rng = np.random.default_rng(90)
    rows = [np.arange(56 + i, 100, 6 + i) for i in range(INTERVALS)]
    chosen = np.stack([rng.choice(row, FRAMES) for row in rows], axis=1).reshape(-1)
    parts = [
        (np.zeros(SILENCE, np.uint8), np.arange(SILENCE) % 2),
        training.sd(U_INFO), training.trn1d(U_INFO, TRN1D * INTERVALS),
        (chosen, rng.integers(0, 2, len(chosen))),
    ]  # fmt: skip
    octets = np.concatenate([g711.octet(ucode, sign, "A") for ucode, sign in parts])
    conditions = Conditions(bits=16, level=-20, snr=45, ppm=-150, seed=1)
    line = Line(lines.find("26awg-12kft"), conditions, law="A")
    samples = np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)
    levels = [
        Levels(tuple(tuple(int(v) for v in g711.linear(np.array(row), "A")) for row in of),
               tuple(tuple(int(u) for u in row) for row in of))
        for of in ([[U_INFO]] * INTERVALS, rows)
    ]  # fmt: skip
    golden = Golden(levels[0], levels[1], TRN1D).process(samples)
    gateware = ReceiverGateware(rtlil=rtlil)
    begin = time.perf_counter()
    got = gateware.process(samples, levels[0], levels[1], TRN1D)
    seconds = time.perf_counter() - begin
    if golden.events != got.events or Kind.DATA not in [kind for _, kind in golden.events]:
        raise CallFailed(f"events are {got.events}, golden's {golden.events}")
    for name in ("number", "fine", "error", "ucode", "sign", "first", "good"):
        if not np.array_equal(getattr(golden, name), getattr(got, name)):
            raise CallFailed(f"{name} is not golden's")
    return got.fine.size, gateware.cycles, seconds


#: What is run: the component, and what compares it.
CASES = {
    "encoder": (lambda: Encoder(channels=CHANNELS), encoder),
    "receiver": (Paced, receiver),
}


def main():
    """Print a row for each netlist; return 1 where one is not golden's, or cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--family", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    options = parser.parse_args()
    table = Table("what", "family", "cells", "to make, s", "symbols", "cycles", "cycles/s", "equal")
    console, failed = Console(), False
    console = Console(width=max(console.width, 100))
    for case in options.case:
        make, compare = CASES[case]
        for family in options.family:
            print(f"{case}, {family}", file=sys.stderr)
            cells, numbers, equal = "", ("", "", ""), "yes"
            begin = time.perf_counter()
            made = 0.0
            try:
                netlist = gates.synthesised(make(), family)
                cells = str(sum(netlist.cells.values()))
                rtlil = netlist.rtlil()
                netlist.gateware(make())
                made = time.perf_counter() - begin
                symbols, cycles, seconds = compare(rtlil)
                numbers = f"{symbols}", f"{cycles}", f"{cycles / seconds:.0f}"
            except CallFailed as error:
                equal, failed = f"no: {error}", True
            table.add_row(case, family, cells, f"{made:.0f}", *numbers, equal)
    console.print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
