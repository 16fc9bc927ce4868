"""The gateware receiver on arrays of samples: :class:`golden.receiver.receiver.Receiver`, compiled.

Samples come to the gateware as a stream, as fast as it can take them, so that a simulation does not
spend time on waiting. Results are those at a slow clock.
"""

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.pcm.parameters import INTERVALS
from golden.receiver.decisions import Decisions
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timetable import AGAIN, SKIPPED, SOLVING, TRAINED, TRAINED_AGAIN, Kind
from golden.receiver.timing import HALVES
from hdl.core.stream import pass_on
from hdl.modem.analogue_receiver import AnalogueReceiver, follow_words
from hdl.pcm.csr import COMMIT
from hdl.pcm.csr import configuration_words as parameter_words
from hdl.receiver.receiver import Receiver
from hdl.receiver.words import DECISION, EVENT, WORD, command_words, configuration_words
from hdl.signals.training import descriptor_words
from sim.calls.pcm import compiled

#: Clock cycles that a sample may take: the longest wait is that for a solution.
_SAMPLE = 1000
_SOLUTION = 600_000

#: Cycles after the last sample in which a data frame is dealt with.
_DRAIN = 8000

#: Samples of one run of the engine.
_CHUNK = 16000


class Paced(wiring.Component):
    """A receiver whose samples come as a stream, as fast as it can take them.

    Each sample waits until the receiver is done with the one before. A sample that may be a data
    frame's last waits until the data frame before is decided, because it needs that one's
    corrections of the clock. Samples after the last data frame in which a solution may become ready
    wait for the solution.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self.receiver = Receiver(forward, feedback)
        super().__init__(
            {
                "i": In(stream.Signature(signed(16))),
                "i_configuration": In(stream.Signature(WORD)),
                "o": Out(stream.Signature(DECISION)),
                "o_event": Out(stream.Signature(EVENT)),
                "quality_symbol": In(3),
                "quality": Out(36),
                "step": Out(signed(32)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        wiring.connect(m, wiring.flipped(self.i_configuration), receiver.i_configuration)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        wiring.connect(m, receiver.o_event, wiring.flipped(self.o_event))
        m.d.comb += [
            self.i.ready.eq(_due(m, receiver)),
            receiver.sample.eq(self.i.payload),
            receiver.strobe.eq(self.i.valid & self.i.ready),
            receiver.quality_symbol.eq(self.quality_symbol),
            self.quality.eq(receiver.quality),
            self.step.eq(receiver.step),
        ]
        return m


def _due(m, receiver, settled=1):
    """Whether a sample may come; ``settled``: whether the last data frame is dealt with."""
    part = receiver.part
    half = part.front.interpolator.o.payload.index
    solving, equalized = Signal(), part.control.idle & ~part.equalizer.report.busy & settled
    for ended in (SKIPPED + TRAINED, AGAIN + TRAINED_AGAIN):
        with m.If(receiver.number == ended + SOLVING - 1):
            m.d.comb += solving.eq(1)
    return part.front.idle & (equalized | (half < HALVES - 2)) & ~(solving & receiver.solver.busy)


class PacedAnalogue(wiring.Component):
    """An ``AnalogueReceiver`` at the same pace; its decisions are a stream.

    ``every``: cycles from one sample to the next, whatever the receiver does; 0: as :class:`Paced`.
    """

    #: Cycles from a decision until its bits have been looked at.
    SETTLES = 255

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, every=0):
        self.path, self.every = AnalogueReceiver(forward, feedback), every
        members = dict(self.path.signature.members)
        for name in ("sample", "strobe", "decision", "decided"):
            del members[name]
        self.passed = list(members)
        decided = data.StructLayout({"decision": DECISION, "step": signed(32)})
        super().__init__(
            {
                **members,
                "i": In(stream.Signature(signed(16))),
                "o_decision": Out(stream.Signature(decided)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.path = path = self.path
        pass_on(m, self, path, self.passed)
        left = Signal(range(self.SETTLES + 1))
        m.d.sync += left.eq(Mux(path.decided, self.SETTLES, left - (left != 0)))
        due = _due(m, path.receiver, left == 0)
        if self.every:
            until = Signal(range(self.every))
            m.d.sync += until.eq(
                Mux(self.i.valid & (until == 0), self.every - 1, until - (until != 0))
            )
            due = until == 0
        m.d.comb += [
            self.i.ready.eq(due),
            path.sample.eq(self.i.payload),
            path.strobe.eq(self.i.valid & self.i.ready),
            self.o_decision.valid.eq(path.decided),
            self.o_decision.payload.decision.eq(path.decision),
            self.o_decision.payload.step.eq(path.step),
        ]
        return m


class ReceiverGateware:
    """The compiled receiver. ``cycles`` counts those of the last :meth:`process`.

    ``options``: as those of :class:`sim.engines.gateware.Gateware`.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, **options):
        self._gateware = compiled(Paced(forward, feedback), **options)
        self.cycles = 0

    def process(self, samples, training, data=None, start=0, progress=lambda done, total: None):
        """Receive from power-on; parameters and result as those of the golden ``Receiver``.

        ``quality`` of the result has one row, the means at the end, and ``step`` the last one.
        Raises :class:`~golden.errors.CallFailed` when the gateware hangs.
        """
        samples = np.asarray(samples, np.int64)
        gateware = self._gateware
        gateware.reset()
        words = np.array(
            configuration_words(training, data, start), [("address", np.int64), ("data", np.int64)]
        )
        gateware.run({"i_configuration": words}, reset=False)
        self.cycles, decided, events = 0, [], []
        for at in range(0, max(1, len(samples)), _CHUNK):
            progress(at, len(samples))
            chunk = samples[at : at + _CHUNK]
            result = gateware.run(
                {"i": chunk},
                {},
                reset=False,
                cycles=len(chunk) * _SAMPLE + 3 * _SOLUTION,
                drain=_DRAIN if at + _CHUNK >= len(samples) else 1,
            )
            self.cycles += result.cycles
            decided.append(result.outputs["o"])
            events.append(result.outputs["o_event"])
        quality = [
            gateware.run(
                {}, {}, 3, reset=False, waves={"quality_symbol": symbol}, probes=["quality", "step"]
            ).probes
            for symbol in range(INTERVALS)
        ]
        progress(len(samples), len(samples))
        return _decisions(np.concatenate(decided), np.concatenate(events), quality)


def _decisions(items, events, quality):
    frames = {name: items[name].reshape(-1, INTERVALS) for name in items.dtype.names}
    return _columns(
        frames,
        [(int(event["number"]), Kind(int(event["kind"]))) for event in events],
        np.array([[one["quality"][-1] for one in quality]]),
        np.array([quality[-1]["step"][-1]]),
    )


def _columns(frames, events, quality, step):
    return Decisions(
        fine=frames["fine"],
        error=frames["error"],
        ucode=frames["ucode"].astype(np.uint8),
        sign=frames["sign"].astype(np.uint8),
        number=frames["number"][:, 0],
        good=frames["good"][:, 0].astype(bool),
        first=frames["interval"][:, 0],
        quality=quality,
        step=step,
        events=events,
    )


class AnalogueGateware:
    """The compiled ``AnalogueReceiver`` in place of a golden ``Receiver`` of one line.

    :meth:`process` and the methods for levels to come have the golden receiver's interface and
    results, but for ``quality``, which is that of the last data frame everywhere. ``line`` is 0.

    Parameters
    ----------
    training, data, start, forward, feedback
        As those of :class:`golden.receiver.receiver.Receiver`.
    descriptor : dict, optional
        Of the DIL that will be asked for (``golden.signals.sequences.DIL``).
    every : int
        As that of :class:`PacedAnalogue`.
    """

    lines = 1

    def __init__(
        self,
        training,
        data=None,
        start=0,
        forward=FORWARD,
        feedback=FEEDBACK,
        descriptor=None,
        every=0,
    ):
        self.training = training
        self._gateware = compiled(PacedAnalogue(forward, feedback, every))
        self._gateware.reset()
        #: Cycles since the beginning.
        self.cycles = 0
        self._decided, self._bits, self._training_bits = [], [], []
        #: Cycle, number and kind of events, and of data frames decided, whose kind is None.
        self._happened, self._ahead = [], []
        self._descriptor = None
        self._configure(configuration_words(training, data, start))
        if descriptor is not None:
            self.describe(descriptor)

    @property
    def number(self):
        """Number of the next data frame."""
        return int(self._gateware.get("number"))

    def _run(self, inputs, cycles, drain):
        result = self._gateware.run(inputs, {}, cycles, reset=False, drain=drain)
        for sink, name in (
            (self._decided, "o_decision"),
            (self._bits, "o"),
            (self._training_bits, "o_training"),
        ):
            sink.append(result.outputs[name])
        numbers = result.outputs["o_decision"]["decision"]["number"]
        events = result.outputs["o_event"]
        self._happened += [
            (self.cycles + int(at), int(number), None)
            for at, number in zip(result.given["o_decision"], numbers, strict=True)
        ]
        self._happened += [
            (self.cycles + int(at), int(event["number"]), Kind(int(event["kind"])))
            for at, event in zip(result.given["o_event"], events, strict=True)
        ]
        self.cycles += result.cycles
        return result

    def _words(self, port, words):
        pairs = [("address", np.int64), ("data", np.int64)]
        self._run({port: np.array(words, pairs)}, 100_000, 30)

    def _configure(self, words):
        if words:
            self._words("i_configuration", words)

    def describe(self, descriptor):
        """Expect the DIL of ``descriptor``, which has not begun yet."""
        self._descriptor = descriptor
        self._words("i_descriptor", descriptor_words(descriptor))

    def decode(self, parameters):
        """From the next change of levels on, decode data of ``parameters``."""
        self._words("i_parameters", parameter_words(parameters))

    def follow(self, parameters, line=0):
        """As golden's; TRN2d and MP are in ``bits``."""
        if parameters is not None:
            self._words("i_parameters", follow_words(parameters))

    def know(self, descriptor, levels, first, line=0):
        """As golden's, for the DIL that was described and the first data frame found.

        With None, :meth:`averages` takes no more symbols. Raises :class:`~golden.errors.V90Error`
        for another DIL.
        """
        mine = self._gateware.get("dil") and int(self._gateware.get("dil_number")) == first
        if descriptor is not None and not (mine and descriptor == self._descriptor):
            raise V90Error("another DIL, or another beginning, than the gateware's")
        if descriptor is None:
            self._gateware.run({}, {}, 2, reset=False, waves={"dil_stop": [1, 0]})
        self._configure(command_words(self.training, "know", descriptor, levels))

    def switch(self, levels, frame, line=0):
        """As golden's."""
        self._configure(command_words(self.training, "switch", levels, frame))

    def arm(self, levels, line=0):
        """As golden's."""
        if levels is None:
            self._words("i_parameters", [(COMMIT, 2)])
        self._configure(command_words(self.training, "arm", levels))

    def after_ed(self, levels, line=0):
        """As golden's."""
        self._configure(command_words(self.training, "after_ed", levels))

    def ignore_sd(self, ignore, line=0):
        """As golden's."""
        self._configure(command_words(self.training, "ignore_sd", ignore))

    def turn(self, symbols, line=0):
        """As golden's."""
        self._configure(command_words(self.training, "turn", symbols))

    def averages(self):
        """``(sums, counts)`` as :class:`golden.receiver.training.DilAverager` has them."""
        segments = len(self._descriptor["training_ucodes"])
        shape = segments, INTERVALS, 2
        entries = dict(
            zip(("segment", "interval", "sign"), np.indices(shape).reshape(3, -1), strict=True)
        )
        count = len(entries["sign"])
        result = self._gateware.run(
            {"i_entry": entries}, {"o_average": count}, 100_000, reset=False
        )
        found = result.outputs["o_average"]
        return found["sum"].reshape(shape), found["count"].reshape(shape)

    def process(self, samples):
        """As golden's, for one line."""
        samples = np.asarray(samples, np.int64)
        (row,) = np.atleast_2d(samples)
        self._run({"i": row}, len(row) * _SAMPLE + 3 * _SOLUTION, _DRAIN)
        items = np.concatenate(self._decided)
        self._decided = []
        events = self._tell()
        frames = items["decision"].reshape(-1, INTERVALS)
        quality = [
            self._gateware.run(
                {}, {}, 3, reset=False, waves={"quality_symbol": symbol}, probes=["quality"]
            ).probes["quality"][-1]
            for symbol in range(INTERVALS)
        ]
        whole = {name: frames[name] for name in frames.dtype.names}
        decisions = _columns(
            whole,
            events,
            np.tile(quality, (len(frames), 1)),
            items["step"].reshape(-1, INTERVALS)[:, -1],
        )
        return decisions if samples.ndim == 1 else [decisions]

    def _tell(self):
        """Events up to the last data frame decided, at golden's times.

        The gateware reports other levels and taps as soon as they are there. Golden reports them
        with the first data frame that has them, or never if Sd comes before it.
        """
        told = []
        for _, number, kind in sorted(self._happened, key=lambda one: one[0]):
            ahead = kind in (Kind.DATA, Kind.SWITCHED, Kind.ED) or (
                kind is Kind.TRAINED and number > AGAIN
            )
            if kind is None:
                while self._ahead and self._ahead[0][0] <= number:
                    told.append(self._ahead.pop(0))
            elif kind is Kind.DETECTED:
                self._ahead = []
                told.append((number, kind))
            elif self._ahead or ahead:
                self._ahead.append((number, kind))
            else:
                told.append((number, kind))
        self._happened = []
        return told

    @property
    def bits(self):
        """Bits of TRN2d, MP and data since the last Sd, and where data frames begin."""
        return np.concatenate(self._bits)

    @property
    def training_bits(self):
        """Bits of TRN1d and Jd since the last Sd, and where data frames and Jd begin."""
        return np.concatenate(self._training_bits)


_engine = []


def receive_gateware(samples, training, data=None, start=0, progress=lambda done, total: None):
    """:meth:`ReceiverGateware.process` of an engine that stays for the process."""
    if not _engine:
        _engine.append(ReceiverGateware())
    return _engine[0].process(samples, training, data, start, progress)
