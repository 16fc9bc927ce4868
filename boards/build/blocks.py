"""Blocks alone in a chip: how large and how fast they are there.

Whatever goes into a block comes from a shift register, and what comes out of it is folded into one
bit, so that nothing is optimised away and two pins suffice.
"""

import re
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib.wiring import In

from boards.build import toolchain
from boards.build.tops import selftest_component
from golden.errors import CallFailed
from hdl.bits.hdlc import Deframer, Framer
from hdl.bits.scrambler import Descrambler, Scrambler
from hdl.modem.analogue_receiver import AnalogueReceiver
from hdl.modem.bank import Bank, LinkedBank
from hdl.modem.client import LinkedClient
from hdl.pcm.decoder import Decoder
from hdl.pcm.encoder import Encoder
from hdl.pcm.mapper import Demapper, Mapper
from hdl.pcm.modulus import ModulusDecoder, ModulusEncoder
from hdl.pcm.shaper import Shaper
from hdl.pcm.signs import DifferentialDecoder, DifferentialEncoder
from hdl.ports.decimator import Decimator
from hdl.ports.i2s import I2s
from hdl.ports.tdm import Highway
from hdl.receiver.equalizer import Equalizer
from hdl.receiver.receiver import Receiver, Receivers
from hdl.receiver.solver import Solver
from hdl.signals.generator import Generator
from hdl.v34.modulator import Modulator


def _alone(kind):
    return lambda count: kind()


def _selftest(parameters):
    """The self-test as boards have it; ``parameters`` None for TRN1d alone."""
    return selftest_component(12e6, 115200, parameters)


#: Seeds of blocks in a chip that are not ``toolchain.SEED``: with that the placement of a receiver,
#: which takes all DSP, goes on for more than a quarter of an hour; with this one for a minute.
SEEDS = {("receiver", "up5k"): 2}

#: What can be measured: the component for a count, the count, and the clock in MHz asked for.
MEASURED = {
    "bank": (Bank, 30, 24),
    "linked-bank": (lambda count: LinkedBank(count, baud=3e6, signals=False), 30, 24),
    "linked-signals": (lambda count: LinkedBank(count, baud=3e6, signals=True), 30, 24),
    "signals": (lambda count: Bank(count, signals=True), 30, 24),
    "encoder": (Encoder, 1, 12),
    "generator": (Generator, 1, 12),
    "scrambler": (Scrambler, 1, 12),
    "descrambler": (Descrambler, 1, 12),
    "modulus-encoder": (ModulusEncoder, 1, 12),
    "modulus-decoder": (ModulusDecoder, 1, 12),
    "mapper": (Mapper, 1, 12),
    "demapper": (_alone(Demapper), 1, 12),
    "differential-encoder": (DifferentialEncoder, 1, 12),
    "differential-decoder": (DifferentialDecoder, 1, 12),
    "shaper": (Shaper, 1, 12),
    "decoder": (_alone(Decoder), 1, 12),
    "highway": (Highway, 30, 24),
    "framer": (_alone(Framer), 1, 12),
    "deframer": (_alone(Deframer), 1, 12),
    "equalizer": (_alone(Equalizer), 1, 12),
    "solver": (_alone(Solver), 1, 12),
    "receiver": (_alone(Receiver), 1, 12),
    "receivers": (Receivers, 8, 48),
    "receiver-start-up": (lambda count: Receiver(start_up=True), 1, 12),
    "receivers-start-up": (lambda count: Receivers(count, start_up=True), 8, 48),
    "analogue-receiver": (_alone(AnalogueReceiver), 1, 12),
    "i2s": (_alone(I2s), 1, 24.576),
    "decimator": (lambda count: Decimator(3), 1, 24.576),
    "modulator": (Modulator, 1, 24.576),
    "modulators": (lambda count: Modulator(count, 4096), 30, 50),
    "client": (_alone(LinkedClient), 1, 24.576),
    "selftest": (lambda count: _selftest("45333.json"), 1, 25),
    "selftest-trn1d": (lambda count: _selftest(None), 1, 12),
}


class Pins(Elaboratable):
    """A component with two pins, ``host`` and ``answer``."""

    def __init__(self, component):
        self.component = component
        self.ports = [Signal(name="host"), Signal(name="answer")]

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self.component
        host, answer = self.ports
        ins, outs = [], []
        for _, member, value in component.signature.flatten(component):
            (ins if member.flow is In else outs).append(value)
        shift = Signal(sum(len(Cat(value)) for value in ins))
        m.d.sync += shift.eq(Cat(host, shift))
        m.d.comb += Cat(*ins).eq(shift)
        m.d.sync += answer.eq(Cat(*outs).xor())
        return m


def write_block(folder, block, count=None):
    """Write a block's RTLIL as ``top.il`` into a folder."""
    make, usual, _ = MEASURED[block]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    top = Pins(make(count or usual))
    (folder / "top.il").write_text(rtlil.convert(top, name="top", ports=top.ports, emit_src=False))


def synthesise(folder, family):
    """Synthesise a folder's ``top.il`` to ``top.json``; return ``{row: cells}`` as yosys counts.

    Look-up tables and registers are ``luts`` and ``registers``; the rest are rows of the family's.
    """
    chip = toolchain.FAMILIES[family]
    toolchain.run(
        "yosys",
        [
            "-q",
            "-p",
            (
                f"read_rtlil top.il; {chip.before}; {chip.synthesis} -top top; write_json top.json;"
                " tee -q -o top.stat stat -json"
            ),
        ],
        folder,
        "yosys.log",
    )
    return toolchain.count_cells(Path(folder) / "top.stat", family)


def route(folder, family, block):
    """Place and route a block's ``top.json``; ``(rows, MHz)``, MHz None where it does not fit."""
    chip, clock = toolchain.FAMILIES[family], MEASURED[block][2]
    seed = SEEDS.get((block, family), toolchain.SEED)
    arguments = [
        "--json",
        "top.json",
        *chip.device,
        *chip.options,
        "--freq",
        f"{clock:g}",
        "--seed",
        str(seed),
        "--timing-allow-fail",
    ]
    try:
        log = toolchain.run(chip.router, arguments, folder, "nextpnr.log")
    except CallFailed as error:
        log = (Path(folder) / "nextpnr.log").read_text()
        if not toolchain.used(log, family):
            raise error
    reached = [fast for fast, _ in toolchain.clocks(log)]
    done = re.search(r"Routing complete|Router2 time|Program finished normally", log)
    return toolchain.used(log, family), min(reached) if reached and done else None
