"""The front of a receiver: samples to half symbols, from Sd on (8.4.4, 9.3.2/V.90)."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.formats import SAMPLE
from golden.receiver.timing import HALVES
from hdl.core.fixed import shape
from hdl.core.mac import Multiplier
from hdl.receiver.detection import SdDetector
from hdl.receiver.interfaces import HALF_SYMBOL, Correction, FrontControl
from hdl.receiver.means import Loudness
from hdl.receiver.timing import Interpolator


class Front(wiring.Component):
    """Interpolator and detector that take turns at one multiplier.

    A sample first passes the interpolator, then the detector. It takes at most 340 cycles, and 480
    where it ends a stretch of Sd; the next sample can wait that long. After a detection no half
    symbols come until the control restarts the clock. The signal ``idle`` is 1 while a sample can
    be taken at once.

    Members
    -------
    sample : In(SAMPLE)              of the A/D
    strobe : In(1)                   ``sample`` is there
    deaf : In(1)                     ignore detections
    control : In(FrontControl)       when half symbols begin and end
    correction : In(Correction)      of the clock
    o : Out(stream of HALF_SYMBOL)   at the working level
    """

    def __init__(self):
        self.interpolator, self.detector = Interpolator(), SdDetector()
        self.idle = Signal()
        super().__init__(
            {
                "sample": In(shape(SAMPLE)),
                "strobe": In(1),
                "deaf": In(1),
                "control": In(FrontControl()),
                "correction": In(Correction()),
                "o": Out(stream.Signature(HALF_SYMBOL)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.interpolator = interpolator = self.interpolator
        m.submodules.detector = detector = self.detector
        m.submodules.loudness = loudness = Loudness()
        m.submodules.multiplier = multiplier = Multiplier()
        control, out = self.control, interpolator.o
        sample = Signal.like(self.sample)
        found, detecting, waiting = Signal(), Signal(), Signal()
        multiplier.serve(m, interpolator)
        multiplier.serve(m, detector, when=detecting)
        connect(m, out, flipped(self.o))
        connect(m, detector.detection, interpolator.detection)
        connect(m, flipped(self.correction), interpolator.correction)
        m.d.comb += [
            interpolator.sample.eq(sample),
            detector.sample.eq(sample),
            interpolator.stop.eq((detector.found & ~self.deaf) | control.stop),
            loudness.half.eq(out.payload),
            loudness.strobe.eq(out.valid & out.ready),
            loudness.clear.eq(control.restart),
            control.found.eq(found),
            control.step.eq(interpolator.step),
            control.quiet.eq(loudness.quiet),
            control.early.eq((out.payload.index != HALVES - 1) | ~interpolator.busy),
        ]
        with m.If(detector.found & ~self.deaf):
            m.d.sync += found.eq(1)
        with m.If(self.strobe):
            m.d.sync += [waiting.eq(1), sample.eq(self.sample)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(~interpolator.busy & ~waiting & ~control.restart)
                with m.If(waiting):
                    m.d.comb += interpolator.strobe.eq(1)
                    m.d.sync += waiting.eq(0)
                    m.next = "INTERPOLATE"
                with m.Elif(control.restart & ~interpolator.busy):
                    m.d.comb += [interpolator.start.eq(1), control.started.eq(1)]
                    m.d.sync += found.eq(0)
            with m.State("INTERPOLATE"):
                with m.If((~interpolator.busy | interpolator.passing) & ~detector.busy):
                    m.d.comb += detector.strobe.eq(1)
                    m.next = "DETECT"
            with m.State("DETECT"):
                m.d.comb += [detecting.eq(1), interpolator.hold.eq(1)]
                with m.If(~detector.busy):
                    m.next = "IDLE"
        return m
