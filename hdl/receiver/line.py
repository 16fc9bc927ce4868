"""A receiver of one line without its solver (8.4 to 8.6, 9.3.2/V.90)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.bits.scrambler import GPC
from golden.formats import SAMPLE
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timetable import FIRST_FRAME, State
from hdl.core.fixed import shape
from hdl.core.mac import Multiplier
from hdl.receiver.arithmetic import EQUATION_WORD
from hdl.receiver.control import Control
from hdl.receiver.equalizer import Equalizer
from hdl.receiver.front import Front
from hdl.receiver.interfaces import CLOCK_STEP, FRAME_ENERGY, INTERVAL, PCM_MAGNITUDE, TAP_WORD
from hdl.receiver.leastsquares import ACCUMULATE, FINISH, REMEMBER, Correlator
from hdl.receiver.means import Quality
from hdl.receiver.reversal import RDetector
from hdl.receiver.settings import Settings
from hdl.receiver.slicer import LEVEL_WORD, Slicer
from hdl.receiver.words import DATA_FRAME_NUMBER, DECISION, EVENT, WORD


def shared_ports(start_up=False):
    """Members of a receiver that show a line's state, or hint at its next symbol."""
    hints = {"reference": In(1), "reference_sign": In(1), "ed": In(1)} if start_up else {}
    return {
        **hints,
        "state": Out(State),
        "training": Out(1),
        "number": Out(DATA_FRAME_NUMBER),
        "step": Out(CLOCK_STEP),
        "quality_symbol": In(INTERVAL),
        "quality": Out(FRAME_ENERGY),
    }


def receiver_ports(start_up=False):
    """Members of a receiver."""
    return {
        **shared_ports(start_up),
        "put": Out(1),
        "sample": In(shape(SAMPLE)),
        "strobe": In(1),
        "i_configuration": In(stream.Signature(WORD)),
        "o": Out(stream.Signature(DECISION)),
        "o_event": Out(stream.Signature(EVENT)),
    }


class ReceiverLine(wiring.Component):
    """A receiver without its solver; :class:`hdl.receiver.receiver.Receiver` explains it.

    Samples pass the front and become half symbols; twelve of them are a data frame, which the
    equaliser decides on the slicer's levels and adapts to. The correlator sums the equations from
    which the solver makes taps. The control does what is due between two data frames.

    Parameters
    ----------
    forward, feedback : numbers of taps
    start_up : as of the Receiver
    waits : as of :class:`hdl.receiver.control.Control`

    Members
    -------
    reference : In(1)                        as of the Receiver
    reference_sign : In(1)                   as of the Receiver
    ed : In(1)                               as of the Receiver
    put : Out(1)                             as of the Receiver
    sample : In(SAMPLE)                      as of the Receiver
    strobe : In(1)                           as of the Receiver
    i_configuration : In(stream of WORD)     as of the Receiver
    o : Out(stream of DECISION)              as of the Receiver
    o_event : Out(stream of EVENT)           as of the Receiver
    state : Out(State)                       as of the Receiver
    training : Out(1)                        as of the Receiver
    number : Out(DATA_FRAME_NUMBER)               as of the Receiver
    step : Out(CLOCK_STEP)                   as of the Receiver
    quality_symbol : In(INTERVAL)            as of the Receiver
    quality : Out(FRAME_ENERGY)                    as of the Receiver
    level : Out(PCM_MAGNITUDE)               TRN1d's PCM value, for the solver
    o_equations : Out(stream of EQUATION_WORD)  to the solver
    i_taps : In(stream of TAP_WORD)          from the solver
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, start_up=False, waits=1):
        self.start_up = start_up
        self.front = Front()
        self.equalizer = Equalizer(forward, feedback)
        self.correlator = Correlator(forward, feedback)
        self.slicer = Slicer(2 if start_up else 1)
        self.settings = Settings(LEVEL_WORD, start_up)
        self.control = Control(self.settings, waits, start_up)
        super().__init__(
            {
                **receiver_ports(start_up),
                "level": Out(PCM_MAGNITUDE),
                "o_equations": Out(stream.Signature(EQUATION_WORD)),
                "i_taps": In(stream.Signature(TAP_WORD)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.front = front = self.front
        m.submodules.equalizer = equalizer = self.equalizer
        m.submodules.correlator = correlator = self.correlator
        m.submodules.slicer = slicer = self.slicer
        m.submodules.quality = quality = Quality()
        m.submodules.settings = settings = self.settings
        m.submodules.control = control = self.control
        for part in (equalizer, correlator):
            multiplier = Multiplier()
            m.submodules += multiplier
            multiplier.serve(m, part)
        for source, sink in (
            (flipped(self.i_configuration), settings.i),
            (settings.o, slicer.i_write),
            (front.o, equalizer.i),
            (equalizer.o_slice, slicer.i),
            (slicer.o, equalizer.i_slice),
            (correlator.o, flipped(self.o_equations)),
            (flipped(self.i_taps), equalizer.i_taps),
            (control.o_event, flipped(self.o_event)),
            (control.front, front.control),
            (control.frame, equalizer.frame),
            (equalizer.report, control.report),
            (control.taps, equalizer.set),
            (equalizer.correction, front.correction),
        ):
            connect(m, source, sink)
        status = control.status
        m.d.comb += [
            front.sample.eq(self.sample),
            front.strobe.eq(self.strobe),
            front.deaf.eq(settings.deaf),
            equalizer.clear.eq(status.clear),
            equalizer.asking.eq(correlator.o.valid),
            slicer.bank.eq(settings.bank),
            slicer.training.eq(status.training),
            slicer.training_value.eq(settings.training_value),
            slicer.training_ucode.eq(settings.training_ucode),
            self.put.eq(status.put),
            self.state.eq(status.state),
            self.training.eq(status.training),
            self.number.eq(status.number),
            self.step.eq(front.control.step),
            self.level.eq(settings.training_value),
            quality.clear.eq(status.clear),
            quality.first.eq(equalizer.report.measured),
            quality.read.eq(self.quality_symbol),
            self.quality.eq(quality.mean),
        ]
        self._known(m, status)
        self._symbols(m, status)
        self._decisions(m, quality, status)
        if self.start_up:
            self._start_up(m, settings, status)
        return m

    def _start_up(self, m, settings, status):
        """R in decisions, Ed, the clock's mean step, and reference symbols of DIL."""
        m.submodules.r = r = RDetector()
        heard, known = self.control.heard, self.equalizer.known
        interval, value = self.equalizer.o_slice.payload.interval, settings.reference
        m.d.comb += [
            r.sign.eq(self.o.payload.sign),
            r.strobe.eq(self.o.valid & self.o.ready),
            r.restart.eq(status.clear),
            heard.sure.eq(r.sure),
            heard.turned.eq(r.turned),
            heard.ed.eq(self.ed),
            settings.place.eq(Cat(status.number[0], interval)),
            known.given.eq(settings.know & self.reference),
            known.value.eq(Mux(self.reference_sign, value, -value)),
        ]
        correction = self.front.correction
        with m.If(status.steady):
            m.d.comb += [correction.frequency.eq(1), correction.amount.eq(status.rate)]

    def _known(self, m, status):
        """TRN1d's signs: ones through the scrambler from zero on (8.4.5)."""
        start = _scrambler_line(INTERVALS * FIRST_FRAME)
        line = Signal(max(GPC), init=start)
        sign = 1 ^ line[GPC[0] - 1] ^ line[GPC[1] - 1]
        m.d.comb += self.equalizer.known.sign.eq(sign)
        with m.If(status.clear):
            m.d.sync += line.eq(start)
        with m.Elif(self.equalizer.known.next):
            m.d.sync += line.eq(Cat(sign, line))

    def _symbols(self, m, status):
        """Pass symbols from the equaliser to the correlator, with what it is to do with them.

        One waits in between, so that the equaliser goes on while the correlator is at work.
        """
        source, sink = self.equalizer.o_symbol, self.correlator.i
        symbol = Signal(INTERVAL)
        last = status.last & (symbol == INTERVALS - 1)
        m.d.comb += source.ready.eq(~sink.valid | sink.ready)
        mode = Mux(status.accumulate, Mux(last, FINISH, ACCUMULATE), REMEMBER)
        with m.If(source.ready):
            m.d.sync += [
                sink.valid.eq(source.valid & (1 if self.start_up else status.training)),
                sink.payload.older.eq(source.payload.older),
                sink.payload.newer.eq(source.payload.newer),
                sink.payload.sign.eq(source.payload.sign),
                sink.payload.above.eq(source.payload.above if self.start_up else 0),
                sink.payload.mode.eq(mode),
            ]
        known = self.control.frame.known
        with m.If(status.clear):
            m.d.sync += symbol.eq(0)
        with m.Elif(source.valid & source.ready):
            m.d.sync += symbol.eq(Mux(symbol == INTERVALS - 1, 0, symbol + 1))
            m.d.comb += self.control.heard.trained.eq(known & (symbol == INTERVALS - 1))

    def _decisions(self, m, quality, status):
        """Pass decisions from the equaliser on, with the data frame that they belong to."""
        source, sink = self.equalizer.o, self.o
        m.d.comb += [
            sink.valid.eq(source.valid),
            source.ready.eq(sink.ready),
            sink.payload.good.eq(status.state == State.TRACK),
            sink.payload.number.eq(status.number),
            quality.error.eq(source.payload.error),
            quality.strobe.eq(source.valid & source.ready),
        ]
        for name in ("fine", "error", "ucode", "sign", "interval"):
            m.d.comb += sink.payload[name].eq(source.payload[name])


def _scrambler_line(symbols):
    """The scrambler's last bits after so many ones, the latest in bit 0."""
    line = 0
    for _ in range(symbols):
        bit = 1 ^ (line >> (GPC[0] - 1) & 1) ^ (line >> (GPC[1] - 1) & 1)
        line = (line << 1 | bit) & ((1 << max(GPC)) - 1)
    return line
