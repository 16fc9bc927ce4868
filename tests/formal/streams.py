"""Every block that gives a stream, and how its contract is proved (test_streams.py)."""

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from amaranth.lib import data, wiring

import hdl
from golden.modem.selftest import plan, templates
from hdl.modem.bank import LinkedBank
from hdl.pcm.shaper import Shaper
from hdl.receiver.settings import Settings
from hdl.receiver.slicer import LEVEL_WORD
from sim.calls.parameter_sets import EXTREMES
from tests.formal import known
from tests.formal.proof import Free, contract, holds, planted
from tests.golden.ports.support import response_of


@dataclass(frozen=True)
class Case:
    """A component that ``make(module)`` gives, its class being in ``module`` of hdl.

    ``plant``: text in that module, and what stands there when an error is planted. ``given``: what
    of :mod:`tests.formal.known` is so.
    """

    module: str
    make: Callable
    plant: tuple
    given: Callable = lambda m, component, inside: None
    depth: int = 1
    cut: tuple = ()

    def made(self, is_planted=False):
        name = f"hdl.{self.module}"
        return self.make(planted(name, self.plant) if is_planted else import_module(name))

    def free(self, is_planted=False):
        def claims(m, component, inside):
            contract(m, component)
            self.given(m, component, inside)

        return Free(self.made(is_planted), claims, inside=True)

    def holds(self, folder, is_planted=False):
        return holds(folder, self.free(is_planted), self.depth, self.depth, self.cut)


_TAKEN = ("with m.If(self.o.ready):", "with m.If(1):")
_HALF_FULL = ("filled != 2", "filled != 3")
PARAMETERS = next(iter(EXTREMES.values()))
_ENTRY = data.StructLayout({"octet": 8, "start": 1})
_BLOCKS = ("scrambler", "signs", "modulus", "mapper", "shaper")
_BANK = ("queues", *(f"datapath.{name}" for name in _BLOCKS))
_PARTS = ("front", "equalizer", "slicer", "correlator")
_IN_BANK = known.multiplexer_in("datapath.multiplexer")


def _after(text, added):
    return text, f"{text}; {added}"


_LOOKED_AT = _after(
    "bank(m, self, sequencer, datapath)", "m.d.comb += self.o.payload.start.eq(self.look)"
)


QUICK = {
    "Scrambler": Case("bits.scrambler", lambda m: m.Scrambler(2), _TAKEN),
    "DifferentialEncoder": Case("pcm.signs", lambda m: m.DifferentialEncoder(2), _TAKEN),
    "Sequencer": Case(
        "pcm.sequencer",
        lambda m: m.Sequencer(30),
        ("row_turn.eq(~self.o_configuration.valid | self.o_configuration.ready)", "row_turn.eq(1)"),
        known.sequencer,
        3,
    ),
    "Encoder": Case(
        "pcm.encoder", lambda m: m.Encoder(30), _LOOKED_AT, _IN_BANK, 2, ("sequencer", *_BANK)
    ),
}
LONG = {
    "BitQueues": Case("core.stream", lambda m: m.BitQueues(2), _TAKEN),
    "Demapper": Case(
        "pcm.mapper",
        lambda m: m.Demapper(),
        ("self.o.payload.sign.eq(symbol.sign)", "self.o.payload.sign.eq(~waiting)"),
        known.demapper,
    ),
    "Descrambler": Case("bits.scrambler", lambda m: m.Descrambler(2), _TAKEN),
    "DifferentialEncoder, direct": Case(
        "pcm.signs", lambda m: m.DifferentialEncoder(2, direct=True), _TAKEN
    ),
    "DifferentialDecoder": Case("pcm.signs", lambda m: m.DifferentialDecoder(2), _TAKEN),
    "Framer": Case(
        "bits.hdlc",
        lambda m: m.Framer(),
        ("self.o.payload.eq(shift[0] & ~stuffing)", "self.o.payload.eq(shift[0] & self.i.valid)"),
    ),
    "Deframer": Case(
        "bits.hdlc",
        lambda m: m.Deframer(),
        ("free = ~self.o.valid | self.o.ready", "free = self.i.valid"),
    ),
    "DilSequencer": Case(
        "signals.training",
        lambda m: m.DilSequencer(),
        ("symbol.segment.eq(at.segment)", "symbol.segment.eq(at.segment ^ self.i.valid)"),
    ),
    "DilAverager": Case(
        "receiver.training",
        lambda m: m.DilAverager(),
        ("self.o.payload.count.eq(held.count)", "self.o.payload.count.eq(held.count ^ self.dil)"),
    ),
    "TrainingDecoder": Case(
        "receiver.training",
        lambda m: m.TrainingDecoder(),
        ("self.o.payload.bit.eq(given[0])", "self.o.payload.bit.eq(given[0] ^ self.i.valid)"),
    ),
    "Mapper": Case(
        "pcm.mapper",
        lambda m: m.Mapper(2),
        ("self.o.payload.half.eq(token.half)", "self.o.payload.half.eq(~goes_on)"),
    ),
    "ModulusEncoder": Case(
        "pcm.modulus",
        lambda m: m.ModulusEncoder(2),
        (
            "self.o.payload.labels.eq(labels)",
            "self.o.payload.labels.eq(labels.as_value() ^ self.i.valid)",
        ),
    ),
    "ModulusDecoder": Case(
        "pcm.modulus",
        lambda m: m.ModulusDecoder(2),
        ("self.o.payload.number.eq(number)", "self.o.payload.number.eq(number ^ self.i.valid)"),
    ),
    "_Serialiser": Case(
        "pcm.decoder",
        lambda m: m._Serialiser(m.Descrambler().layout),
        ("self.i.ready.eq(left == 0)", "self.i.ready.eq(1)"),
    ),
    "Decoder": Case(
        "pcm.decoder", lambda m: m.Decoder(), ("self.i.ready.eq(left == 0)", "self.i.ready.eq(1)")
    ),
    "_Sender": Case(
        "pcm.multiplexer",
        lambda m: m._Sender(30, _ENTRY),
        ("self.o.payload.start.eq(self.entry.start)", "self.o.payload.start.eq(~self.filled)"),
        known.sender,
    ),
    "Multiplexer": Case(
        "pcm.multiplexer",
        lambda m: m.Multiplexer(30, Shaper(30).o_layout, 0xD5),
        _HALF_FULL,
        known.multiplexer,
        2,
    ),
    "Datapath": Case(
        "pcm.encoder",
        lambda m: m.Datapath(30, 0xD5, signals=True),
        _after(
            "connect(m, multiplexer.o, flipped(self.o))",
            "m.d.comb += self.o.payload.start.eq(self.i.valid)",
        ),
        known.multiplexer_in("multiplexer"),
        2,
        _BLOCKS,
    ),
    "SignalSequencer": Case(
        "signals.sequencer",
        lambda m: m.SignalSequencer(3),
        (
            "m.d.comb += self.o.valid.eq(1)",
            "m.d.comb += self.o.valid.eq(~words.busy)",
        ),
        known.signal_sequencer,
    ),
    "Generator": Case(
        "signals.generator",
        lambda m: m.Generator(30),
        _LOOKED_AT,
        _IN_BANK,
        2,
        ("commands", *_BANK),
    ),
    "Shaper": Case(
        "pcm.shaper",
        lambda m: m.Shaper(30),
        ("self.o.payload.law.eq(frame.law)", "self.o.payload.law.eq(frame.law ^ self.i.valid)"),
        cut=("walk", "decision"),
    ),
    "Slicer": Case(
        "receiver.slicer",
        lambda m: m.Slicer(2),
        ("read.en.eq(~writing & ~done)", "read.en.eq(~writing)"),
        known.slicer,
    ),
    "Equalizer": Case(
        "receiver.equalizer",
        lambda m: m.Equalizer(),
        (
            "self.o.payload.ucode.eq(self.i_slice.payload.ucode)",
            "self.o.payload.ucode.eq(self.clear)",
        ),
        known.equalizer,
        2,
    ),
    "Correlator": Case(
        "receiver.leastsquares",
        lambda m: m.Correlator(),
        ("with m.If(multiplied != at):", "with m.If(0):"),
        known.correlator,
        2,
    ),
    "Solver": Case(
        "receiver.solver",
        lambda m: m.Solver(),
        ("self.o.valid.eq(steps.settled)", "self.o.valid.eq(1)"),
        known.solver,
    ),
    "Settings": Case(
        "receiver.settings",
        lambda m: m.Settings(LEVEL_WORD),
        (" & ~(taken & level)", ""),
        known.settings,
        2,
    ),
    "Control": Case(
        "receiver.control",
        lambda m: m.Control(Settings(LEVEL_WORD)),
        ("self.o_event.valid.eq(1)", "self.o_event.valid.eq(~self.front.found)"),
        known.control,
    ),
    "Decimator": Case(
        "ports.decimator",
        lambda m: m.Decimator(3),
        ("with m.If(~multiplied):", "with m.If(1):"),
        known.sums("reading", "multiplied", "adding"),
    ),
    "Modulator": Case(
        "v34.modulator",
        lambda m: m.Modulator(2),
        ("with m.If(~reading):", "with m.If(1):"),
        known.modulator,
    ),
    "LineEmulator": Case(
        "ports.emulator",
        lambda m: m.LineEmulator(response_of("codec", "mu"), "mu", snr=40),
        ("with m.If(~multiplied & ~accumulating):", "with m.If(1):"),
        known.sums("reading", "multiplied", "accumulating"),
    ),
    "Interpolator": Case(
        "receiver.timing",
        lambda m: m.Interpolator(),
        ("self.o.payload.index.eq(index)", "self.o.payload.index.eq(index ^ self.strobe)"),
    ),
    "Front": Case(
        "receiver.front",
        lambda m: m.Front(),
        _after(
            "connect(m, out, flipped(self.o))",
            "m.d.comb += self.o.payload.index.eq(self.control.found)",
        ),
    ),
    "ReceiverLine": Case(
        "receiver.line",
        lambda m: m.ReceiverLine(8, 4, start_up=True),
        ("sink.payload.good.eq(status.state == State.TRACK)", "sink.payload.good.eq(self.strobe)"),
        known.line,
        2,
        ("front",),
    ),
    "Receiver": Case(
        "receiver.receiver",
        lambda m: m.Receiver(8, 4, start_up=True),
        _after(
            "m.d.comb += solver.level.eq(part.level)",
            "m.d.comb += self.o.payload.good.eq(self.strobe)",
        ),
        known.receiver,
        2,
        ("solver", "part.front"),
    ),
    "Receivers": Case(
        "receiver.receiver",
        lambda m: m.Receivers(3, 8, 4, start_up=True),
        ("with m.If(~sink.valid | sink.ready):", "with m.If(1):"),
        cut=("lines", "solver"),
    ),
    "AnalogueReceiver": Case(
        "modem.analogue_receiver",
        lambda m: m.AnalogueReceiver(8, 4),
        _after(
            "connect(m, decoder.o, flipped(self.o))",
            "m.d.comb += self.o.payload.bit.eq(self.strobe)",
        ),
        cut=("demapper", "receiver.solver", *(f"receiver.part.{name}" for name in _PARTS)),
    ),
    "HostLink": Case(
        "ports.link",
        lambda m: m.HostLink(LinkedBank(2).information),
        ("self.o.payload.eq(a)", "self.o.payload.eq(a ^ self.i.valid)"),
        known.link,
    ),
    "Reporter": Case(
        "ports.report",
        lambda m: m.Reporter(templates(None)),
        (
            "m.d.comb += self.o.payload.eq(read.data)",
            "m.d.comb += self.o.payload.eq(read.data ^ self.start)",
        ),
        depth=2,
    ),
    "_RomReader": Case(
        "modem.selftest",
        lambda m: m._RomReader(data.StructLayout({"octet": 8}), [{"octet": 1}] * 5),
        ("self.o.payload.eq(read.data)", "self.o.payload.eq(read.data ^ self.go)"),
        depth=2,
    ),
    "_Modem": Case(
        "modem.selftest",
        lambda m: m._Modem(plan(PARAMETERS.law, PARAMETERS, 78)),
        (
            "self.o.payload.eq(generator.o.payload.octet)",
            "self.o.payload.eq(generator.o.payload.octet ^ self.start)",
        ),
        known.multiplexer_in("generator.datapath.multiplexer"),
        2,
        ("words", "generator.commands", *(f"generator.{name}" for name in _BANK)),
    ),
    "_SmallModem": Case(
        "modem.selftest",
        lambda m: m._SmallModem("mu", 78),
        (
            "self.o.payload.eq(octet(ucode, sign, self.law))",
            "self.o.payload.eq(octet(ucode, self.start, self.law))",
        ),
    ),
    "Gatherer": Case(
        "ports.tdm",
        lambda m: m.Gatherer(3, 2),
        ("self.i.ready.eq(~self.o.valid)", "self.i.ready.eq(1)"),
    ),
    "UartReceiver": Case(
        "ports.uart",
        lambda m: m.UartReceiver(8),
        ("self.o.payload.eq(shift)", "self.o.payload.eq(shift ^ self.rx)"),
    ),
}

RESPONSE = response_of("codec", "mu")

#: Components without an output stream, and what they are made with to see that.
WITHOUT = {
    "signals.commands.CommandWriter": (2,),
    "receiver.reversal.RDetector": (),
    "receiver.detection.SdDetector": (),
    "receiver.detection._Adder": (),
    "receiver.accumulator.Accumulator": (),
    "receiver.equalizer_memory.SampleMemory": (),
    "receiver.equalizer_memory.TapMemory": (4,),
    "receiver.framing.SequenceFramer": (),
    "pcm.g711.Codeword": (),
    "ports.i2s.I2s": (),
    "receiver.arithmetic.Arithmetic": (13, 5),
    "modem.client.LinkedClient": (),
    "modem.client.LinkedReceiver": (),
    "core.mac.Multiplier": (),
    "receiver.means.Loudness": (),
    "receiver.means.Quality": (),
    "ports.report.Decibels": (1000,),
    "modem.selftest.Selftest": (RESPONSE, plan("mu")),
    "modem.selftest._Counter": (),
    "pcm.leaves.LeafPipeline": (),
    "pcm.leaves.LeafWalk": (),
    "pcm.shaper._Decision": (),
    "core.stream.Counters": (),
    "v34.modulator._Rotator": (2,),
    "v34.modulator._Places": (2, 64),
    "v34.modulator._Sum": (),
    "v34.precoder._Filter": (2,),
    "v34.shell._Products": (),
    "ports.tdm.Highway": (3,),
    "receiver.timing._Clock": (),
    "modem.bank.Bank": (),
    "modem.bank.LinkedBank": (),
    "ports.uart.UartTransmitter": (8,),
}

#: What is only there to be inherited from.
BASES = {"ConfiguredBlock", "_Serial", "_Differential", "_Block", "_Filtered"}

#: Components whose contract is held by simulation alone so far (docs/proofs.md).
NOT_PROVED = {
    "v34.shell.ShellMapper": (),
    "v34.shell.ShellDemapper": (),
    "v34.precoder.Precoder": (2,),
    "v34.precoder.InversePrecoder": (2,),
    "v34.precoder.WhiteningFilter": (2,),
}

#: Components made otherwise, which have ports of their own then.
VARIANTS = [
    ("pcm.multiplexer.Multiplexer", (2, Shaper(2, plain=True).o_layout, 0xD5)),
    ("modem.bank.Bank", (30, 32, 32, True)),
    ("ports.link.HostLink", (LinkedBank(2).information, True)),
]


def every_component():
    """Each class of hdl that is a component."""
    return [
        value
        for module in pkgutil.walk_packages(hdl.__path__, "hdl.")
        for value in vars(import_module(module.name)).values()
        if inspect.isclass(value)
        and issubclass(value, wiring.Component)
        and value.__module__ == module.name
    ]
