"""The analogue modem's receiver: samples of the A/D to signed Ucodes (8.4.4, 8.4.5, 9.3.2/V.90).

What happens when stands in golden/receiver/receiver.py. Here a sample passes the interpolator and
then the detector, which share a multiplier; twelve half symbols make a data frame, which the
equaliser decides and adapts to in one go; a control does what is due between two data frames.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.bits.scrambler import GPC
from golden.formats import ERROR, SAMPLE
from golden.pcm.parameters import INTERVALS
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timetable import DEAD_LINE, FAST_BITS, FIRST_FRAME, SLOW_BITS, State
from golden.receiver.timing import HALVES
from hdl.core.channels import LEAST, Channels, channel_shape
from hdl.core.mac import Multiplier
from hdl.core.memory import read_alone
from hdl.core.stream import pass_on
from hdl.receiver.control import Control
from hdl.receiver.detection import SdDetector
from hdl.receiver.equalizer import Equalizer
from hdl.receiver.leastsquares import Correlator
from hdl.receiver.reversal import RDetector
from hdl.receiver.settings import Settings
from hdl.receiver.slicer import Slicer
from hdl.receiver.solver import Solver
from hdl.receiver.timing import HALF_LAYOUT, Interpolator
from hdl.receiver.words import DECISION, EVENT, NUMBER, WORD


class _Front(wiring.Component):
    """Interpolator and detector with one multiplier between them.

    A sample takes at most 340 cycles, those that end a stretch of Sd 480: the next one can wait for
    that, as the detector has the one before by then. ``found`` stays until ``restart`` has been
    taken, which ``started`` tells; from it on no half symbols come out. While ``deaf`` nothing is
    found. ``idle`` says that a sample can be taken at once.
    """

    def __init__(self):
        self.interpolator, self.detector = Interpolator(), SdDetector()
        self.idle = Signal()
        payload = self.interpolator.o.payload.shape()
        super().__init__(
            {
                "sample": In(signed(SAMPLE.width)),
                "strobe": In(1),
                "deaf": In(1),
                "found": Out(1),
                "restart": In(1),
                "started": Out(1),
                "stop": In(1),
                "phase": In(1),
                "frequency": In(1),
                "correction": In(signed(40)),
                "step": Out(signed(32)),
                "o": Out(stream.Signature(payload)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.interpolator = interpolator = self.interpolator
        m.submodules.detector = detector = self.detector
        m.submodules.multiplier = multiplier = Multiplier()
        wiring.connect(m, interpolator.o, wiring.flipped(self.o))
        sample = Signal.like(self.sample)
        found, detecting, waiting = Signal(), Signal(), Signal()
        for part in (interpolator, detector):
            m.d.comb += part.multiply.product.eq(multiplier.product)
        m.d.comb += [
            multiplier.a.eq(Mux(detecting, detector.multiply.a, interpolator.multiply.a)),
            multiplier.b.eq(Mux(detecting, detector.multiply.b, interpolator.multiply.b)),
            interpolator.sample.eq(sample),
            detector.sample.eq(sample),
            interpolator.start_reversal.eq(detector.reversal),
            interpolator.start_shift.eq(detector.shift),
            interpolator.start_step.eq(detector.step),
            interpolator.stop.eq((detector.found & ~self.deaf) | self.stop),
            interpolator.phase.eq(self.phase),
            interpolator.frequency.eq(self.frequency),
            interpolator.correction.eq(self.correction),
            self.step.eq(interpolator.step),
            self.found.eq(found),
        ]
        with m.If(detector.found & ~self.deaf):
            m.d.sync += found.eq(1)
        with m.If(self.strobe):
            m.d.sync += [waiting.eq(1), sample.eq(self.sample)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(~interpolator.busy & ~waiting & ~self.restart)
                with m.If(waiting):
                    m.d.comb += interpolator.strobe.eq(1)
                    m.d.sync += waiting.eq(0)
                    m.next = "INTERPOLATE"
                with m.Elif(self.restart & ~interpolator.busy):
                    m.d.comb += [interpolator.start.eq(1), self.started.eq(1)]
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


class _Quality(wiring.Component):
    """Slow means of squared errors, one for each symbol of a data frame.

    ``error`` with ``strobe`` is one symbol's, the first after ``first`` that of symbol 0; strobes
    are at least 2 cycles apart. ``clear`` makes all means nought, in 6 cycles. ``read`` gives the
    symbol whose mean is at ``mean`` a cycle later, while nothing else happens.
    """

    clear: In(1)
    first: In(1)
    error: In(signed(ERROR.width))
    strobe: In(1)
    read: In(3)
    mean: Out(36)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=36, depth=8, init=[])
        m.submodules.multiplier = multiplier = Multiplier()
        write = memory.write_port()
        symbol, clearing, adding = Signal(3), Signal(), Signal()
        last = symbol == INTERVALS - 1
        mean = read_alone(m, memory, Mux(self.strobe, symbol, self.read), write)
        m.d.comb += [
            multiplier.a.eq(self.error),
            multiplier.b.eq(self.error),
            write.en.eq(adding | clearing),
            write.addr.eq(symbol),
            write.data.eq(Mux(clearing, 0, mean - (mean >> SLOW_BITS) + multiplier.product)),
            self.mean.eq(mean),
        ]
        m.d.sync += [adding.eq(self.strobe), clearing.eq(self.clear | (clearing & ~last))]
        with m.If(self.first | self.clear):
            m.d.sync += symbol.eq(0)
        with m.Elif(write.en):
            m.d.sync += symbol.eq(Mux(last, 0, symbol + 1))
        return m


class _Loudness(wiring.Component):
    """Fast mean of data frames' sums of magnitudes, and whether it is too small for a signal.

    ``half`` with ``strobe``: 3 cycles apart or more. ``quiet`` is that of the last whole data
    frame, from 2 cycles after its last half symbol on. ``clear`` makes the mean nought.
    """

    half: In(HALF_LAYOUT)
    strobe: In(1)
    clear: In(1)
    quiet: Out(1)

    def elaborate(self, platform):
        m = Module()
        mean, whole, less = Signal(20 + FAST_BITS), Signal(), Signal()
        negative = self.half.half[-1]
        # A magnitude is added, or what a data frame leaves less is taken away.
        magnitude = self.half.half ^ negative.replicate(16).as_signed()
        operand = Mux(less, ~Cat(mean[FAST_BITS:], Const(0, FAST_BITS)), magnitude)
        m.d.sync += [whole.eq(self.strobe & (self.half.index == HALVES - 1)), less.eq(whole)]
        with m.If(self.strobe | less):
            m.d.sync += mean.eq(mean + operand + (less | negative))
        with m.If(whole):
            m.d.sync += self.quiet.eq(mean >> FAST_BITS < DEAD_LINE)
        with m.If(self.clear):
            m.d.sync += mean.eq(0)
        return m


def _ports(start_up=False):
    """Members of a receiver."""
    hints = {name: In(1) for name in ("reference", "reference_sign", "ed")} if start_up else {}
    return {
        **hints,
        "put": Out(1),
        "sample": In(signed(SAMPLE.width)),
        "strobe": In(1),
        "i_configuration": In(stream.Signature(WORD)),
        "o": Out(stream.Signature(DECISION)),
        "o_event": Out(stream.Signature(EVENT)),
        "state": Out(State),
        "training": Out(1),
        "number": Out(NUMBER),
        "step": Out(signed(32)),
        "quality_symbol": In(3),
        "quality": Out(36),
    }


class _Line(wiring.Component):
    """A receiver without its solver; see :class:`Receiver`.

    ``o_equations`` and ``i_taps`` are the solver's, ``level`` is TRN1d's PCM value for it.
    ``waits`` is the control's.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, start_up=False, waits=1):
        self.start_up = start_up
        self.front = _Front()
        self.equalizer = Equalizer(forward, feedback)
        self.correlator = Correlator(forward, feedback)
        self.slicer = Slicer(2 if start_up else 1)
        self.settings = Settings(self.slicer.i_write.payload.shape(), start_up)
        self.control = Control(self.settings, waits, start_up)
        super().__init__(
            {
                **_ports(start_up),
                "level": Out(15),
                "o_equations": Out(stream.Signature(self.correlator.o.payload.shape())),
                "i_taps": In(stream.Signature(signed(32))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.front = front = self.front
        m.submodules.equalizer = equalizer = self.equalizer
        m.submodules.correlator = correlator = self.correlator
        m.submodules.slicer = slicer = self.slicer
        m.submodules.quality = quality = _Quality()
        m.submodules.loudness = loudness = _Loudness()
        m.submodules.settings = settings = self.settings
        m.submodules.control = control = self.control
        for part in (equalizer, correlator):
            m.submodules += _multiply(m, part)
        wiring.connect(m, wiring.flipped(self.i_configuration), settings.i)
        wiring.connect(m, settings.o, slicer.i_write)
        wiring.connect(m, front.o, equalizer.i)
        wiring.connect(m, equalizer.o_slice, slicer.i)
        wiring.connect(m, slicer.o, equalizer.i_slice)
        wiring.connect(m, correlator.o, wiring.flipped(self.o_equations))
        wiring.connect(m, wiring.flipped(self.i_taps), equalizer.i_taps)
        wiring.connect(m, control.o_event, wiring.flipped(self.o_event))
        m.d.comb += [
            front.sample.eq(self.sample),
            front.strobe.eq(self.strobe),
            front.restart.eq(control.restart),
            front.stop.eq(control.stop),
            front.phase.eq(equalizer.phase),
            front.frequency.eq(equalizer.frequency),
            front.correction.eq(equalizer.correction),
            control.found.eq(front.found),
            control.started.eq(front.started),
            control.busy.eq(equalizer.busy),
            control.measured.eq(equalizer.measured),
            control.done.eq(equalizer.done),
            control.energy.eq(equalizer.energy),
            control.loaded.eq(equalizer.loaded_good),
            control.answered.eq(equalizer.answered),
            equalizer.clear.eq(control.clear),
            equalizer.discard.eq(control.discard),
            equalizer.load.eq(control.load),
            equalizer.asking.eq(correlator.o.valid),
            equalizer.known.eq(control.known),
            equalizer.turn.eq(control.turn),
            equalizer.loss.eq(control.loss),
            equalizer.power_bits.eq(control.power_bits),
            equalizer.training_bits.eq(settings.training_power),
            equalizer.hurry.eq(control.hurry),
            equalizer.still.eq(control.still),
            equalizer.settling.eq(control.settling),
            slicer.bank.eq(settings.bank),
            front.deaf.eq(settings.deaf),
            control.early.eq((front.o.payload.index != HALVES - 1) | ~front.interpolator.busy),
            control.step.eq(front.step),
            equalizer.guess.eq(control.guess),
            slicer.training.eq(control.training),
            slicer.training_value.eq(settings.value),
            slicer.training_ucode.eq(settings.ucode),
            self.put.eq(control.put),
            self.state.eq(control.state),
            self.training.eq(control.training),
            self.number.eq(control.number),
            self.step.eq(front.step),
            self.level.eq(settings.value),
            loudness.half.eq(front.o.payload),
            loudness.strobe.eq(front.o.valid & front.o.ready),
            loudness.clear.eq(control.restart),
            control.quiet.eq(loudness.quiet),
            quality.clear.eq(control.clear),
            quality.first.eq(equalizer.measured),
            quality.read.eq(self.quality_symbol),
            self.quality.eq(quality.mean),
        ]
        self._known(m, control)
        self._symbols(m, control)
        self._decisions(m, quality, control)
        if self.start_up:
            self._start_up(m, settings, control)
        return m

    def _start_up(self, m, settings, control):
        """R in decisions, Ed, the clock's mean step, and reference symbols of DIL."""
        m.submodules.r = r = RDetector()
        interval, value = self.equalizer.o_slice.payload.interval, settings.reference
        m.d.comb += [
            r.sign.eq(self.o.payload.sign),
            r.strobe.eq(self.o.valid & self.o.ready),
            r.restart.eq(control.clear),
            control.sure.eq(r.sure),
            control.turned.eq(r.turned),
            control.ed.eq(self.ed),
            settings.place.eq(Cat(control.number[0], interval)),
            self.equalizer.given.eq(settings.know & self.reference),
            self.equalizer.given_value.eq(Mux(self.reference_sign, value, -value)),
        ]
        with m.If(control.steady):
            m.d.comb += [self.front.frequency.eq(1), self.front.correction.eq(control.correction)]

    def _known(self, m, control):
        """TRN1d's signs: ones through the scrambler from zero on (8.4.5)."""
        start = _scrambler_line(INTERVALS * FIRST_FRAME)
        line = Signal(max(GPC), init=start)
        sign = 1 ^ line[GPC[0] - 1] ^ line[GPC[1] - 1]
        m.d.comb += self.equalizer.known_sign.eq(sign)
        with m.If(control.clear):
            m.d.sync += line.eq(start)
        with m.Elif(self.equalizer.known_next):
            m.d.sync += line.eq(Cat(sign, line))

    def _symbols(self, m, control):
        """From the equaliser to the correlator, with what it is to do with them.

        One waits in between, so that the equaliser goes on while the correlator is at work.
        """
        source, sink = self.equalizer.o_symbol, self.correlator.i
        symbol = Signal(3)
        last = control.last & (symbol == INTERVALS - 1)
        m.d.comb += source.ready.eq(~sink.valid | sink.ready)
        with m.If(source.ready):
            m.d.sync += [
                sink.valid.eq(source.valid & (1 if self.start_up else control.training)),
                sink.payload.older.eq(source.payload.older),
                sink.payload.newer.eq(source.payload.newer),
                sink.payload.sign.eq(source.payload.sign),
                sink.payload.above.eq(source.payload.above if self.start_up else 0),
                sink.payload.mode.eq(Mux(control.accumulate, Mux(last, 2, 1), 0)),
            ]
        with m.If(control.clear):
            m.d.sync += symbol.eq(0)
        with m.Elif(source.valid & source.ready):
            m.d.sync += symbol.eq(Mux(symbol == INTERVALS - 1, 0, symbol + 1))
            m.d.comb += control.trained.eq(control.known & (symbol == INTERVALS - 1))

    def _decisions(self, m, quality, control):
        source, sink = self.equalizer.o, self.o
        m.d.comb += [
            sink.valid.eq(source.valid),
            source.ready.eq(sink.ready),
            sink.payload.good.eq(control.state == State.TRACK),
            sink.payload.number.eq(control.number),
            quality.error.eq(source.payload.error),
            quality.strobe.eq(source.valid & source.ready),
        ]
        for name in ("fine", "error", "ucode", "sign", "interval"):
            m.d.comb += sink.payload[name].eq(source.payload[name])


def _scrambler_line(symbols):
    """The scrambler's last bits, the latest in bit 0, after so many ones."""
    line = 0
    for _ in range(symbols):
        bit = 1 ^ (line >> (GPC[0] - 1) & 1) ^ (line >> (GPC[1] - 1) & 1)
        line = (line << 1 | bit) & ((1 << max(GPC)) - 1)
    return line


def _multiply(m, part):
    """A multiplier of its own for a component."""
    multiplier = Multiplier()
    m.d.comb += [
        multiplier.a.eq(part.multiply.a),
        multiplier.b.eq(part.multiply.b),
        part.multiply.product.eq(multiplier.product),
    ]
    return multiplier


class Receiver(wiring.Component):
    """Samples of the A/D to signed Ucodes, as the golden ``Receiver`` for one line.

    A data frame, twelve half symbols, takes at most 4000 cycles after its last sample, a sample
    400, a solution for 64 and 32 taps 590 000, and 100 data frames may pass until it is used: so 12
    MHz do, which are 9000 cycles a data frame. Decisions of one come together, after its last
    sample; a consumer has 100 cycles for each. They are late by 13 symbols and a data frame.

    Parameters: ``forward``, ``feedback``, numbers of taps. ``start_up``: without it there is one
    table, which is not written while it is in use, and START is all that it waits for; no other
    levels than those of TRN1d are ``single``, none a ``guess``; nobody listens for R; and the words
    from SWITCH on do nothing.

    Members
    -------
    sample : In, SAMPLE; strobe : In(1): one a sample of 16 kHz, 400 cycles apart or more
    i_configuration : In(stream), WORD, as ``hdl.receiver.words`` makes them; TRN1d's level
    must be
        there when Sd ends
    o : Out(stream), DECISION: soft value and error (fine), Ucode, sign, the interval, whether
        there is synchronism, and the data frame's number
    o_event : Out(stream), EVENT, to be taken within 1000 cycles. What tells of other levels or taps
        comes before the data frame of its number
    state, number : Out, what the receiver does, and the data frame in question
    training : Out(1), decisions are on the levels of TRN1d; put : Out(1), for a cycle before the
        data frame ``number``: on those that waited from now on
    step : Out, the clock's offset, Q32 of a sample
    quality_symbol : In(3), of a data frame; quality : Out(36), of the cycle before: the slow mean
        of its squared errors, fine, times 2**SLOW_BITS
    reference, reference_sign : In(1), whether the symbol that is decided next is a reference symbol
        of DIL, and its sign, 1 positive: from 100 cycles after the decision before to its own, in
        data frames that begin with interval 0. ed : In(1), for a cycle: the data frame decided last
        was the last of Ed. Only for ``start_up``.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, start_up=False):
        self.start_up = start_up
        self.part, self.solver = _Line(forward, feedback, start_up), Solver(forward, feedback)
        super().__init__(_ports(start_up))

    def elaborate(self, platform):
        m = Module()
        m.submodules.part, m.submodules.solver = part, solver = self.part, self.solver
        pass_on(m, self, part, _ports(self.start_up))
        wiring.connect(m, part.o_equations, solver.i)
        wiring.connect(m, solver.o, part.i_taps)
        m.d.comb += solver.level.eq(part.level)
        return m


class Receivers(wiring.Component):
    """Receivers of several lines that take turns on one datapath, each as :class:`Receiver`.

    A line's turn is a cycle in ``slots``; what :class:`Receiver` says of cycles is true of turns
    here, but for the solver, which all lines share: it takes every cycle, and does one training at
    a time. A solution that waits for others may come 100 data frames late; then that line does
    without its second solution, and beyond that its training fails. With eight lines at 48 MHz
    there are 6 million turns a second, 375 a sample, and all eight may begin at once.

    Parameters: ``channels``; ``forward``, ``feedback``, ``start_up``. ``slots``: ``channels``, or
    LEAST of :mod:`hdl.core.channels`.

    Members
    -------
    i : In(stream), channel; sample (SAMPLE): taken within ``slots`` cycles. Samples for a channel
        that there is not are dropped, and so are words.
    i_configuration : In(stream), channel; word (WORD)
    o : Out(stream), channel; decision (DECISION)
    o_event : Out(stream), channel; event (EVENT)
    channel : Out, whose turn it is: ``state``, ``training``, ``number``, ``step`` and ``quality``
        are its
    quality_symbol : In(3), what ``quality`` shows a turn later
    reference, reference_sign, ed : In(1), likewise of the channel whose turn it is; only for
        ``start_up``
    """

    def __init__(self, channels=8, forward=FORWARD, feedback=FEEDBACK, start_up=False):
        self.channels, self.slots = channels, max(channels, LEAST)
        self.line = _Line(forward, feedback, start_up, waits=2)
        self.solver = Solver(forward, feedback, held=True)
        self.words = forward + feedback + 1
        number = channel_shape(self.slots)

        def tagged(name, shape):
            return stream.Signature(data.StructLayout({"channel": number, name: shape}))

        ports = _ports(start_up)
        self.given = [name for name in ports if name in ("reference", "reference_sign", "ed")]
        super().__init__(
            {
                "i": In(tagged("sample", signed(SAMPLE.width))),
                "i_configuration": In(tagged("word", WORD)),
                "o": Out(tagged("decision", DECISION)),
                "o_event": Out(tagged("event", EVENT)),
                "channel": Out(number),
                **{
                    name: ports[name]
                    for name in (
                        *self.given,
                        "state",
                        "training",
                        "number",
                        "step",
                        "quality_symbol",
                        "quality",
                    )
                },
            }
        )

    def elaborate(self, platform):
        m = Module()
        line = self.line
        m.submodules.lines = lines = Channels(line, self.slots)
        m.d.comb += [
            self.channel.eq(lines.channel),
            line.sample.eq(self.i.payload.sample),
            line.i_configuration.payload.eq(self.i_configuration.payload.word),
            line.quality_symbol.eq(self.quality_symbol),
        ]
        for name in self.given:
            m.d.comb += getattr(line, name).eq(getattr(self, name))
        for name in ("state", "training", "number", "step", "quality"):
            m.d.comb += getattr(self, name).eq(getattr(line, name))
        for source, valid, ready in (
            (self.i, line.strobe, 1),
            (self.i_configuration, line.i_configuration.valid, line.i_configuration.ready),
        ):
            with m.If(source.payload.channel >= self.channels):
                m.d.comb += source.ready.eq(1)
            with m.Elif(source.payload.channel == lines.channel):
                m.d.comb += [valid.eq(source.valid), source.ready.eq(ready)]
        # What a line has to say waits for its turn, and there for the one before to be taken.
        for sink, source, name in (
            (self.o, line.o, "decision"),
            (self.o_event, line.o_event, "event"),
        ):
            with m.If(~sink.valid | sink.ready):
                m.d.comb += source.ready.eq(1)
                m.d.sync += [
                    sink.valid.eq(source.valid),
                    sink.payload.channel.eq(lines.channel),
                    sink.payload[name].eq(source.payload),
                ]
        self._solve(m, lines.channel)
        return m

    def _solve(self, m, channel):
        """The solver belongs to one line from its first equation to its last tap."""
        m.submodules.solver = solver = self.solver
        line = self.line
        owner, level, busy = Signal.like(channel), Signal.like(line.level), Signal()
        left = Signal(range(self.words + 1))
        m.d.comb += [
            solver.level.eq(level),
            solver.i.payload.eq(line.o_equations.payload),
            line.i_taps.payload.eq(solver.o.payload),
        ]
        with m.If(~busy & line.o_equations.valid):
            m.d.sync += [
                owner.eq(channel),
                level.eq(line.level),
                busy.eq(1),
                left.eq(self.words),
            ]
        with m.If(busy & (owner == channel)):
            m.d.comb += [
                solver.i.valid.eq(line.o_equations.valid),
                line.o_equations.ready.eq(solver.i.ready),
                line.i_taps.valid.eq(solver.o.valid),
                solver.o.ready.eq(line.i_taps.ready),
            ]
        with m.If(solver.o.valid & solver.o.ready):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.d.sync += busy.eq(0)
