"""The gateware receiver on arrays of samples: :class:`golden.receiver.Receiver`, compiled.

Samples come to the gateware as a stream and as fast as it bears, so that a simulation does not
spend time on waiting; what happens is what happens at a slow clock.
"""

import numpy as np
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.equalizer import FEEDBACK, FORWARD
from golden.parameters import INTERVALS
from golden.receiver import (
    AGAIN,
    SKIPPED,
    SOLVING,
    TRAINED,
    TRAINED_AGAIN,
    Decisions,
    Kind,
)  # fmt: skip
from golden.timing import HALVES
from hdl.control import EVENT, WORD, configuration_words
from hdl.receiver import DECISION, Receiver
from sim.pcm import compiled

#: Clock cycles that a sample may take: the longest wait is that for a solution.
_SAMPLE = 1000
_SOLUTION = 600_000

#: Cycles after the last sample in which a data frame is dealt with.
_DRAIN = 8000

#: Samples of one run of the engine.
_CHUNK = 16000


class Paced(wiring.Component):
    """A receiver whose samples come as a stream, as fast as it can take them.

    The next sample waits until the one before is dealt with; one that may be a data frame's last,
    until the data frame before is, whose corrections of the clock it needs; and those from the last
    data frame on in which a solution has time to become ready, until it is.
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
        part = receiver.part
        half = part.front.interpolator.o.payload.index
        due, equalized = Signal(), part.control.idle & ~part.equalizer.busy
        for ended in (SKIPPED + TRAINED, AGAIN + TRAINED_AGAIN):
            with m.If(receiver.number == ended + SOLVING - 1):
                m.d.comb += due.eq(1)
        wiring.connect(m, wiring.flipped(self.i_configuration), receiver.i_configuration)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        wiring.connect(m, receiver.o_event, wiring.flipped(self.o_event))
        m.d.comb += [
            self.i.ready.eq(
                part.front.idle & (equalized | (half < HALVES - 2))
                & ~(due & receiver.solver.busy)
            ),
            receiver.sample.eq(self.i.payload),
            receiver.strobe.eq(self.i.valid & self.i.ready),
            receiver.quality_symbol.eq(self.quality_symbol),
            self.quality.eq(receiver.quality),
            self.step.eq(receiver.step),
        ]  # fmt: skip
        return m


class ReceiverGateware:
    """The compiled receiver. ``cycles`` counts those of the last :meth:`process`."""

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self._gateware = compiled(Paced(forward, feedback))
        self.cycles = 0

    def process(self, samples, training, data=None, start=0, progress=lambda done, total: None):
        """Receive from power-on; parameters and result as those of ``golden.receiver.Receiver``.

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
                {"i": chunk}, {}, reset=False, cycles=len(chunk) * _SAMPLE + 3 * _SOLUTION,
                drain=_DRAIN if at + _CHUNK >= len(samples) else 1,
            )  # fmt: skip
            self.cycles += result.cycles
            decided.append(result.outputs["o"])
            events.append(result.outputs["o_event"])
        quality = [
            gateware.run({}, {}, 3, reset=False, waves={"quality_symbol": symbol},
                         probes=["quality", "step"]).probes
            for symbol in range(INTERVALS)
        ]  # fmt: skip
        progress(len(samples), len(samples))
        return _decisions(np.concatenate(decided), np.concatenate(events), quality)


def _decisions(items, events, quality):
    frames = {name: items[name].reshape(-1, INTERVALS) for name in items.dtype.names}
    return Decisions(
        fine=frames["fine"], error=frames["error"], ucode=frames["ucode"].astype(np.uint8),
        sign=frames["sign"].astype(np.uint8), number=frames["number"][:, 0],
        good=frames["good"][:, 0].astype(bool), first=frames["interval"][:, 0],
        quality=np.array([[one["quality"][-1] for one in quality]]),
        step=np.array([quality[-1]["step"][-1]]),
        events=[(int(event["number"]), Kind(int(event["kind"]))) for event in events],
    )  # fmt: skip


_engine = []


def receive_gateware(samples, training, data=None, start=0, progress=lambda done, total: None):
    """:meth:`ReceiverGateware.process` of an engine that stays for the process."""
    if not _engine:
        _engine.append(ReceiverGateware())
    return _engine[0].process(samples, training, data, start, progress)
