"""`make gates`: trainings and banks through netlists of each family's cells, against golden."""

import argparse
import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from boards.gates import netlist as gates
from boards.gates import routing
from boards.host.link import Board, Link, open_port, whole_octets
from boards.host.simulated import SimulatedBoard, bank_top
from golden.errors import CallFailed
from golden.pcm import g711
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.receiver.receiver import Receiver as Golden
from golden.receiver.slicer import Levels
from golden.receiver.timetable import Kind
from golden.signals import training
from hdl.pcm.encoder import Encoder
from sim.calls import pcm
from sim.calls.gateware_receiver import Paced, ReceiverGateware
from sim.calls.parameter_sets import random_parameters
from sim.terminal import guarded
from sim.world import lines
from sim.world.line import Conditions, Line

#: Netlists of each family, and what is routed of them.
NETLIST_NAMES = ("up5k", "ecp5-25", "gw1n-9", "up5k-routed", "ecp5-25-routed")

#: Channels of the encoder: the up5k's script puts what 30 of them need into large memories.
BANK_CHANNELS = 30

#: Data frames of data, of which a receiver leaves out the last few, and symbols that there are to
#: be; data frames of TRN1d, which leaves both solutions of the receiver in.
DATA_FRAMES, SYMBOLS, TRAINING_FRAMES = 340, 2000, 1240

GATE_U_INFO, LEADING_SILENCE = 79, 200

#: A bank of encoders on an E1; what its highway has before a channel's first data frame.
HIGHWAY = {"slots": 32, "signals": False}
IDLE = 0xD5

#: A netlist's answers are later than a board's by so much; seconds to wait for progress.
SLOWNESS, GATE_PATIENCE = 20, 300


def encoder(**options):
    """Octets of all channels, each with parameters of its own: ``(symbols, cycles, seconds)``.

    Raises :class:`~golden.errors.CallFailed` where they are not golden's.
    """
    rng = np.random.default_rng(90)
    sets = [random_parameters(rng) for _ in range(BANK_CHANNELS)]
    bits = [rng.integers(0, 2, DATA_FRAMES * p.data_bits, np.uint8) for p in sets]
    bank = pcm.EncoderBank(BANK_CHANNELS, **options)
    begin = time.perf_counter()
    encoded = bank.encode(sets, bits)
    seconds = time.perf_counter() - begin
    for p, sent, octets in zip(sets, bits, encoded, strict=True):
        d = p.data_bits
        received = pcm.decode(p, octets)
        whole = pcm.in_ones(p, sent, received)
        if not np.array_equal(pcm.encode(p, whole), octets) or len(received) < DATA_FRAMES * d:
            raise CallFailed("octets are not golden's")
    return sum(octets.size for octets in encoded), bank.cycles, seconds


def bank(**options):
    """Octets of the highway of a :class:`hdl.modem.bank.LinkedBank` whose channels all send.

    Data frames of ones come in between where the link is too slow. ``(symbols, cycles, seconds)``,
    symbols being those with data. Raises :class:`~golden.errors.CallFailed` where octets are not
    golden's, or data are lost.
    """
    rng = np.random.default_rng(90)
    sets = [random_parameters(rng) for _ in range(BANK_CHANNELS)]
    octets = {
        channel: whole_octets(rng.integers(0, 2, DATA_FRAMES * p.data_bits, np.uint8), p.data_bits)
        for channel, p in enumerate(sets)
    }
    begin = time.perf_counter()
    with SimulatedBoard(BANK_CHANNELS, **HIGHWAY, **options) as simulated:
        board = Board(Link(open_port(simulated.device), slowness=SLOWNESS))
        for channel, p in enumerate(sets):
            board.configure(channel, p, GATE_PATIENCE)
        board.stream(
            {channel: one.tobytes() for channel, one in octets.items()}, patience=GATE_PATIENCE
        )
        board.drain(list(octets), GATE_PATIENCE)
        end = simulated.frames + 2 * (DELAY_FRAMES + 2) * INTERVALS
        while simulated.frames < end and not simulated.error:
            time.sleep(0.05)
        late = board.states([0])[0].late
    seconds = time.perf_counter() - begin
    if late:
        raise CallFailed("an octet was not on the highway in time")
    for channel, p in enumerate(sets):
        sent = np.unpackbits(octets[channel], bitorder="little")
        _demand_data(p, simulated.octets(channel), sent)
    symbols = sum(8 * len(octets[c]) // p.data_bits * INTERVALS for c, p in enumerate(sets))
    return symbols, simulated.cycles, seconds


def _demand_data(parameters, octets, sent):
    """Octets of a channel since power-on are golden's for all bits sent, and ones in between."""
    d = parameters.data_bits
    frames = octets[: len(octets) // INTERVALS * INTERVALS].reshape(-1, INTERVALS).astype(np.uint8)
    begins = np.flatnonzero((frames != IDLE).any(axis=1))
    line = frames[begins[0] if len(begins) else len(frames) :].reshape(-1)
    received = pcm.decode(parameters, line)
    at = 0
    for frame in received.reshape(-1, d):
        if np.array_equal(frame, sent[at : at + d]):
            at += d
        elif not frame.all():
            raise CallFailed("data on the highway are not those sent")
    if at < len(sent):
        raise CallFailed("data are missing on the highway")
    pcm.demand_equal(pcm.encode(parameters, received), line, "octet", INTERVALS)


def receiver(**options):
    """A training over a loop, and data; everything decided: ``(symbols, cycles, seconds)``.

    Raises :class:`~golden.errors.CallFailed` where it is not golden's.
    """
    rng = np.random.default_rng(90)
    rows = [np.arange(56 + i, 100, 6 + i) for i in range(INTERVALS)]
    chosen = np.stack([rng.choice(row, DATA_FRAMES) for row in rows], axis=1).reshape(-1)
    parts = [
        (np.zeros(LEADING_SILENCE, np.uint8), np.arange(LEADING_SILENCE) % 2),
        training.sd(GATE_U_INFO),
        training.trn1d(GATE_U_INFO, TRAINING_FRAMES * INTERVALS),
        (chosen, rng.integers(0, 2, len(chosen))),
    ]
    octets = np.concatenate([g711.octet(ucode, sign, "A") for ucode, sign in parts])
    conditions = Conditions(bits=16, level=-20, snr=45, ppm=-150, seed=1)
    line = Line(lines.find("26awg-12kft"), conditions, law="A")
    samples = np.clip(np.rint(line.process(octets) * 32768), -32768, 32767).astype(np.int64)
    levels = [
        Levels(
            tuple(tuple(int(v) for v in g711.linear(np.array(row), "A")) for row in of),
            tuple(tuple(int(u) for u in row) for row in of),
        )
        for of in ([[GATE_U_INFO]] * INTERVALS, rows)
    ]
    golden = Golden(levels[0], levels[1], TRAINING_FRAMES).process(samples)
    gateware = ReceiverGateware(**options)
    begin = time.perf_counter()
    got = gateware.process(samples, levels[0], levels[1], TRAINING_FRAMES)
    seconds = time.perf_counter() - begin
    if golden.events != got.events:
        raise CallFailed(f"events are {got.events}, golden's {golden.events}")
    begun = [number for number, kind in golden.events if kind is Kind.DATA]
    if not begun or INTERVALS * (golden.number >= begun[0]).sum() < SYMBOLS:
        raise CallFailed(f"there are no {SYMBOLS} symbols of data")
    for name in ("number", "fine", "error", "ucode", "sign", "first", "good"):
        if not np.array_equal(getattr(golden, name), getattr(got, name)):
            raise CallFailed(f"{name} is not golden's")
    return got.fine.size, gateware.cycles, seconds


#: What is run: the component, what compares it, and whether it is routed too; the bank has the
#: encoder in it.
CASES = {
    "encoder": (lambda: Encoder(channels=BANK_CHANNELS), encoder, False),
    "receiver": (Paced, receiver, True),
    "bank": (lambda: bank_top(BANK_CHANNELS, **HIGHWAY), bank, True),
}


def run(case, name):
    """Make a netlist and compare it: a row of the table, whose last place is "yes" or the error."""
    make, compare, _ = CASES[case]
    cells, numbers, equal = "", ("", "", ""), "yes"
    begin, made = time.perf_counter(), 0.0
    try:
        netlist = gates.synthesised(make(), name.removesuffix("-routed"))
        if name.endswith("-routed"):
            netlist = routing.routed(netlist)
        cells = str(sum(netlist.cells.values()))
        netlist.gateware(make())
        made = time.perf_counter() - begin
        symbols, cycles, seconds = compare(rtlil=netlist.rtlil(), optimise=gates.OPTIMISE)
        numbers = f"{symbols}", f"{cycles}", f"{cycles / seconds:.0f}"
    except CallFailed as error:
        equal = f"no: {error}"
    return case, name, cells, f"{made:.0f}", *numbers, equal


def main():
    """Print a row for each netlist; return 1 where one is not golden's, or cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--netlist", nargs="*", choices=NETLIST_NAMES, default=list(NETLIST_NAMES))
    options = parser.parse_args()
    table = Table(
        "what", "netlist", "cells", "to make, s", "symbols", "cycles", "cycles/s", "equal"
    )
    rows = []
    for case in options.case:
        for name in options.netlist:
            if CASES[case][2] or not name.endswith("-routed"):
                rows.append(run(case, name))
                print(", ".join(rows[-1]), file=sys.stderr)
                table.add_row(*rows[-1])
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)
    return int(any(row[-1] != "yes" for row in rows))


if __name__ == "__main__":
    sys.exit(guarded(main))
