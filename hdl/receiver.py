"""The analogue modem's receiver: samples of the A/D to signed Ucodes (8.4.4, 8.4.5, 9.3.2/V.90).

What happens when stands in golden/receiver.py. Here a sample passes the interpolator and then the
detector, which share a multiplier; twelve half symbols make a data frame, which the equaliser
decides and adapts to in one go; a control does what is due between two data frames.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.equalizer import FEEDBACK, FORWARD
from golden.formats import ERROR, SAMPLE, SOFT
from golden.parameters import INTERVALS
from golden.receiver import (
    AGAIN,
    FAST_BITS,
    FIRST,
    FREQUENCY_BITS,
    GRACE,
    LOOP_BITS,
    PATIENCE,
    QUIET,
    SKIPPED,
    SLOW_BITS,
    SOLVING,
    STILL_BIT,
    TRAINED,
    TRAINED_AGAIN,
    Kind,
    State,
)  # fmt: skip
from golden.scrambler import GPC, Scrambler
from golden.timing import HALVES, INSTANT_FRACTION
from hdl.channels import LEAST, Channels
from hdl.csr import channel_shape
from hdl.detection import SdDetector
from hdl.equalizer import Equalizer, Slicer, read_alone
from hdl.leastsquares import Correlator, Solver
from hdl.mac import Multiplier
from hdl.stream import pass_on
from hdl.timing import Interpolator

#: Bits of a data frame's number, which counts from TRN1d's first and ends after 35 minutes.
NUMBER = unsigned(24)

#: Addresses of the configuration stream. Up to ENTRIES + 1023 an address is 128 times an interval
#: plus the number of a level: PCM value in bits 0..14, Ucode in 16..22. COUNTS and on: how many
#: levels an interval has, less one.
ENTRIES, COUNTS = 0, 1024
#: TRN1d's level: PCM value in bits 0..14, Ucode in 16..22; power_bits of ``golden.Levels``; loss.
TRAINING, TRAINING_POWER, TRAINING_LOSS = 1040, 1041, 1042
#: The same of the data's levels.
DATA_POWER, DATA_LOSS = 1043, 1044
#: Number of the data frame from which on the data's levels count.
START = 1045
#: Symbols, 1 to 5, by which the next data frame's first is later in its data frame.
TURN = 1046

WORD = data.StructLayout({"address": 11, "data": 32})
DECISION = data.StructLayout(
    {
        "fine": signed(SOFT.width),
        "error": signed(ERROR.width),
        "ucode": 7,
        "sign": 1,
        "interval": 3,
        "good": 1,
        "number": NUMBER,
    }
)
EVENT = data.StructLayout({"kind": Kind, "number": NUMBER})


def configuration_words(training, levels=None, start=0):
    """Words ``(address, data)`` for :class:`golden.equalizer.Levels` of TRN1d and of the data."""

    def level(one, interval, index):
        return int(one.values[interval][index]) | int(one.ucodes[interval][index]) << 16

    words = [
        (TRAINING, level(training, 0, 0)),
        (TRAINING_POWER, training.power_bits),
        (TRAINING_LOSS, training.loss),
    ]
    if levels is not None:
        words += [(DATA_POWER, levels.power_bits), (DATA_LOSS, levels.loss)]
        for interval, values in enumerate(levels.values):
            words.append((COUNTS + interval, len(values) - 1))
            words += [
                (ENTRIES + 128 * interval + index, level(levels, interval, index))
                for index in range(len(values))
            ]
        words.append((START, start))
    return words


class _Front(wiring.Component):
    """Interpolator and detector with one multiplier between them.

    A sample takes at most 340 cycles, those that end a stretch of Sd 480: one sample can wait for
    that. ``found`` stays until ``restart`` has been taken, which ``started`` tells; from it on no
    half symbols come out. ``idle`` says that a sample can be taken at once.
    """

    def __init__(self):
        self.interpolator, self.detector = Interpolator(), SdDetector()
        self.idle = Signal()
        payload = self.interpolator.o.payload.shape()
        super().__init__(
            {
                "sample": In(signed(SAMPLE.width)),
                "strobe": In(1),
                "found": Out(1),
                "restart": In(1),
                "started": Out(1),
                "stop": In(1),
                "correct": In(1),
                "phase": In(signed(40)),
                "frequency": In(signed(40)),
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
        held, sample = Signal.like(self.sample), Signal.like(self.sample)
        found, detecting, waiting = Signal(), Signal(), Signal()
        strobe = self.strobe | waiting
        for part in (interpolator, detector):
            m.d.comb += part.multiply.product.eq(multiplier.product)
        m.d.comb += [
            multiplier.a.eq(Mux(detecting, detector.multiply.a, interpolator.multiply.a)),
            multiplier.b.eq(Mux(detecting, detector.multiply.b, interpolator.multiply.b)),
            interpolator.sample.eq(Mux(waiting, held, self.sample)),
            detector.sample.eq(sample),
            interpolator.start_reversal.eq(detector.reversal),
            interpolator.start_shift.eq(detector.shift),
            interpolator.start_step.eq(detector.step),
            interpolator.stop.eq(detector.found | self.stop),
            interpolator.correct.eq(self.correct),
            interpolator.phase.eq(self.phase),
            interpolator.frequency.eq(self.frequency),
            self.step.eq(interpolator.step),
            self.found.eq(found),
        ]
        with m.If(detector.found):
            m.d.sync += found.eq(1)
        with m.If(self.strobe):
            m.d.sync += [waiting.eq(1), held.eq(self.sample)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += sample.eq(interpolator.sample)
                m.d.comb += self.idle.eq(~interpolator.busy & ~waiting & ~self.restart)
                with m.If(strobe):
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
    are at least 24 cycles apart, for the square is added bit after bit. ``clear`` makes all means
    nought, in 6 cycles. ``read`` gives the symbol whose mean is at ``mean`` a cycle later, while
    nothing else happens.
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
        read, write = memory.read_port(), memory.write_port()
        symbol, clearing = Signal(3), Signal()
        total, factor, bits = Signal(36), Signal(31), Signal(16)
        m.d.comb += [
            write.addr.eq(symbol),
            write.data.eq(Mux(clearing, 0, total)),
            self.mean.eq(read.data),
            read.addr.eq(self.read),
        ]
        following = Mux(symbol == INTERVALS - 1, 0, symbol + 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [clearing.eq(self.clear), factor.eq(abs(self.error))]
                with m.If(self.first | self.clear):
                    m.d.sync += symbol.eq(0)
                with m.If(self.clear):
                    m.next = "WRITE"
                with m.Elif(self.strobe):
                    m.d.comb += read.addr.eq(symbol)
                    m.next = "READ"
            with m.State("READ"):
                m.d.sync += [total.eq(read.data - (read.data >> SLOW_BITS)), bits.eq(factor)]
                m.next = "ADD"
            with m.State("ADD"):
                m.d.sync += [factor.eq(factor << 1), bits.eq(bits >> 1)]
                with m.If(bits[0]):
                    m.d.sync += total.eq(total + factor)
                with m.If(bits == 0):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += write.en.eq(1)
                m.d.sync += symbol.eq(following)
                with m.If(~clearing | (symbol == INTERVALS - 1)):
                    m.next = "IDLE"
        return m


class _Settings(wiring.Component):
    """What the configuration stream writes, but for the levels, which the slicer keeps.

    ``turn`` is a pulse with ``symbols``; ``armed`` says that a start was ever written. ``loss`` is
    that of TRN1d or of the data, as ``training`` was in the cycle before; it and ``start`` are in
    block RAM, nought from the chip's configuration on and not after a reset.
    """

    def __init__(self, entry):
        super().__init__(
            {
                "value": Out(15),
                "ucode": Out(7),
                "training_power": Out(5),
                "data_power": Out(5),
                "training": In(1),
                "loss": Out(32),
                "start": Out(NUMBER),
                "armed": Out(1),
                "turn": Out(1),
                "symbols": Out(3),
                "i": In(stream.Signature(WORD)), "o": Out(stream.Signature(entry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word, entry = self.i.payload, self.o.payload
        level = word.address < TRAINING
        m.d.comb += [
            self.o.valid.eq(self.i.valid & level),
            self.i.ready.eq(~level | self.o.ready),
            entry.bank.eq(0),
            entry.kind.eq(word.address[10]),
            entry.index.eq(word.address[:7]),
            entry.interval.eq(Mux(word.address[10], word.address[:3], word.address[7:10])),
            entry.value.eq(word.data[:15]),
            entry.ucode.eq(word.data[16:23]),
            self.turn.eq(self.i.valid & (word.address == TURN)),
            self.symbols.eq(word.data[:3]),
        ]
        registers = {
            TRAINING_POWER: self.training_power,
            DATA_POWER: self.data_power,
        }
        loss = (word.address == TRAINING_LOSS) | (word.address == DATA_LOSS)
        start = word.address == START
        known = word.address == TRAINING_LOSS
        for number, (register, writes, read, written) in enumerate(
            ((self.loss, loss, self.training, known), (self.start, start, 0, 0))
        ):
            memory = Memory(shape=len(register), depth=2, init=[])
            m.submodules[f"memory{number}"] = memory
            write = memory.write_port()
            m.d.comb += [
                write.en.eq(self.i.valid & writes),
                write.addr.eq(written),
                write.data.eq(word.data),
                register.eq(read_alone(m, memory, read, write)),
            ]
        with m.If(self.i.valid):
            with m.Switch(word.address):
                with m.Case(TRAINING):
                    m.d.sync += [self.value.eq(word.data[:15]), self.ucode.eq(word.data[16:23])]
                for address, register in registers.items():
                    with m.Case(address):
                        m.d.sync += register.eq(word.data)
                with m.Case(START):
                    m.d.sync += self.armed.eq(1)
        return m


class _Control(wiring.Component):
    """What is done between data frames: training, levels, clock, loss of synchronism, events.

    ``done`` ends a data frame of the equaliser, ``trained`` one of known symbols. Until the next
    one ends there are 9000 cycles, of which at most 60 are taken and what the consumer of events
    takes. ``idle`` says that all is done that has ended.

    Parameters: ``settings``; ``waits``, how many times SOLVING data frames the first solution may
    take: where it is shared the solver may have others to serve.
    """

    def __init__(self, settings, waits=1):
        self.settings, self.waits = settings, waits
        self.idle = Signal()
        super().__init__(
            {
                "found": In(1),
                "started": In(1),
                "busy": In(1),
                "trained": In(1),
                "measured": In(1),
                "done": In(1),
                "slope": In(signed(40)),
                "energy": In(36),
                "loud": In(20),
                "loaded": In(1),
                "answered": In(1),
                "restart": Out(1),
                "stop": Out(1),
                "clear": Out(1),
                "discard": Out(1),
                "load": Out(1),
                "known": Out(1),
                "training": Out(1),
                "power_bits": Out(5),
                "loss": Out(32),
                "hurry": Out(1),
                "still": Out(1),
                "turn": Out(3),
                "correct": Out(1),
                "phase": Out(signed(40)),
                "frequency": Out(signed(40)),
                "accumulate": Out(1),
                "last": Out(1),
                "state": Out(State),
                "number": Out(NUMBER),
                "o_event": Out(stream.Signature(EVENT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        settings = self.settings
        first = self.known & (self.number >= SKIPPED) & (self.number < SKIPPED + TRAINED)
        # "again": the second stretch is being recorded; "second": it was recorded to its end.
        self._again, self._second = Signal(), Signal()
        self._turning = Signal(3)
        self._coasting = Signal(range(PATIENCE + 1))
        m.d.comb += [
            self.known.eq(self.state == State.TRAIN),
            self.hurry.eq(self.state == State.COAST),
            self.still.eq(self.hurry & self._coasting[STILL_BIT]),
            self.power_bits.eq(Mux(self.training, settings.training_power, settings.data_power)),
            self.loss.eq(settings.loss),
            settings.training.eq(self.training),
            self.accumulate.eq(first | self._again),
            self.last.eq(
                (self.number == SKIPPED + TRAINED - 1)
                | (self.number == AGAIN + TRAINED_AGAIN - 1)
            ),
        ]
        with m.If(settings.turn):
            m.d.sync += self._turning.eq(settings.symbols)
        self._capture(m)
        with m.FSM():
            self._wait(m)
            self._steer(m)
            self._watch(m)
            self._begin(m)
        return m

    def _event(self, m, name, following):
        """A state that gives the event ``self._kind``."""
        with m.State(name):
            m.d.comb += self.o_event.valid.eq(1)
            with m.If(self.o_event.ready):
                m.next = following

    def _capture(self, m):
        """What the equaliser says at a data frame's end."""
        self._ended, self._energy = Signal(), Signal(36)
        self._wide, self._dropped = Signal(signed(40)), Signal()
        self._fast = Signal(36)
        self._loud, self._louder = Signal(23), Signal(20)
        self._kind = Signal(Kind)
        m.d.comb += [
            self.o_event.payload.kind.eq(self._kind),
            self.o_event.payload.number.eq(self.number),
            self.frequency.eq(self._wide + self._dropped),
        ]
        with m.If(self.measured):
            m.d.sync += self._energy.eq(self.energy)
        with m.If(self.done):
            m.d.sync += self._wide.eq(self.slope)
        with m.If(self.measured | self.trained):
            m.d.sync += self._louder.eq(self.loud)
        with m.If(self.done | self.trained):
            m.d.sync += self._ended.eq(1)

    def _wait(self, m):
        """Detections, and the ends of data frames."""
        self._steps = Signal(signed(6))
        with m.State("WAIT"):
            m.d.comb += self.idle.eq(~self._ended)
            m.d.sync += self._steps.eq(self.power_bits - (INSTANT_FRACTION - LOOP_BITS))
            with m.If(self._ended):
                m.d.sync += self._ended.eq(0)
                m.next = "STEER"
                with m.If(self.known):
                    m.d.sync += [self.number.eq(self.number + 1), self._hear()]
                    m.next = "TRAINED"
            with m.Elif(self.found & ~self.busy):
                m.d.comb += [self.clear.eq(1), self.discard.eq(1)]
                m.d.sync += [
                    self.state.eq(State.TRAIN),
                    self.number.eq(FIRST),
                    self.training.eq(1),
                    self.turn.eq(0),
                    self._turning.eq(0),
                    self._again.eq(0),
                    self._second.eq(0),
                    self._kind.eq(Kind.DETECTED),
                ]
                m.next = "RESTART"
        with m.State("RESTART"):
            m.d.comb += self.restart.eq(~self.busy)
            m.d.sync += [self._fast.eq(0), self._loud.eq(0), self._coasting.eq(0)]
            with m.If(self.started):
                m.next = "EVENT"
        self._event(m, "EVENT", "WAIT")
        with m.State("TRAINED"):
            due = [SKIPPED + TRAINED + (n + 1) * SOLVING for n in range(self.waits)]
            with m.If(~self.number.matches(*due)):
                m.next = "WAIT"
            with m.Elif(~self.answered & (self.number != due[-1])):
                m.next = "WAIT"
            with m.Elif(~self.busy):
                m.d.sync += self.state.eq(Mux(self.loaded, State.TRACK, State.SEARCH))
                m.d.sync += self._kind.eq(Mux(self.loaded, Kind.TRAINED, Kind.FAILED))
                m.d.comb += [self.load.eq(self.loaded), self.stop.eq(~self.loaded)]
                m.next = "EVENT BEFORE"

    def _steer(self, m):
        """The clock's corrections: the slope, shifted right or left, rounded half up."""
        frequency = Signal()
        wide, steps, dropped = self._wide, self._steps, self._dropped
        with m.State("STEER"):
            with m.If(steps > 0):
                m.d.sync += [wide.eq(wide >> 1), dropped.eq(wide[0]), steps.eq(steps - 1)]
            with m.Elif(steps < 0):
                m.d.sync += [wide.eq(wide << 1), dropped.eq(0), steps.eq(steps + 1)]
            with m.Elif(~frequency):
                m.d.sync += [
                    self.phase.eq(wide + dropped),
                    frequency.eq(1),
                    steps.eq(FREQUENCY_BITS),
                ]
            with m.Else():
                m.d.comb += self.correct.eq(1)
                m.d.sync += [frequency.eq(0), dropped.eq(0)]
                m.next = "ENERGY"

    def _hear(self):
        return self._loud.eq(self._loud + self._louder - (self._loud >> FAST_BITS))

    def _watch(self, m):
        """Synchronism lost, found again, or given up."""
        fast, loss, coasting = self._fast >> 8, self.loss, self.state == State.COAST
        quiet = self._loud >> FAST_BITS < QUIET
        with m.State("ENERGY"):
            m.d.sync += self._fast.eq(self._fast + self._energy - (self._fast >> FAST_BITS))
            m.d.sync += [self._coasting.eq(Mux(coasting, self._coasting + 1, 0)), self._hear()]
            m.next = "JUDGE"
        with m.State("JUDGE"):
            m.next = "COUNT"
            with m.If(~coasting):
                with m.If((fast > loss) | quiet):
                    m.d.sync += [self.state.eq(State.COAST), self._kind.eq(Kind.DISTURBED)]
                    m.next = "EVENT AFTER"
            with m.Elif((fast <= loss >> 1) & ~quiet):
                m.d.sync += [self.state.eq(State.TRACK), self._kind.eq(Kind.RECOVERED)]
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == GRACE):
                m.d.sync += self._kind.eq(Kind.LOST)
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == PATIENCE):
                m.d.comb += self.stop.eq(1)
                m.d.sync += [self.state.eq(State.SEARCH), self._kind.eq(Kind.GIVEN_UP)]
                m.next = "EVENT AFTER"
        self._event(m, "EVENT AFTER", "COUNT")
        with m.State("COUNT"):
            m.d.sync += self.number.eq(self.number + 1)
            m.next = "LEVELS"

    def _begin(self, m):
        """What is due before the data frame ``number``."""
        settings = self.settings
        self._event(m, "EVENT BEFORE", "LEVELS")
        with m.State("LEVELS"):
            m.next = "TAPS"
            turned = self.turn + self._turning
            m.d.sync += self.turn.eq(Mux(turned >= INTERVALS, turned - INTERVALS, turned))
            m.d.sync += self._turning.eq(0)
            due = settings.armed & (self.number == settings.start)
            with m.If(due & (self.state != State.SEARCH)):
                m.d.comb += self.discard.eq(1)
                m.d.sync += [
                    self.training.eq(0),
                    self._fast.eq(0),
                    self._again.eq(0),
                    self._second.eq(0),
                    self._kind.eq(Kind.DATA),
                ]
                m.next = "EVENT LEVELS"
        self._event(m, "EVENT LEVELS", "TAPS")
        with m.State("TAPS"):
            m.next = "RECORD"
            due = self.number == AGAIN + TRAINED_AGAIN + SOLVING
            with m.If(due & self._second & self.loaded):
                m.d.comb += self.load.eq(1)
                m.d.sync += self._kind.eq(Kind.TRAINED)
                m.next = "EVENT TAPS"
        self._event(m, "EVENT TAPS", "RECORD")
        with m.State("RECORD"):
            good = (self.state == State.TRACK) & self.training
            with m.If(self.number == AGAIN):
                m.d.sync += self._again.eq(good)
            with m.Elif(self.number == AGAIN + TRAINED_AGAIN):
                m.d.sync += [self._second.eq(self._again), self._again.eq(0)]
            with m.Elif(~good):
                m.d.sync += self._again.eq(0)
            m.next = "WAIT"


def _ports():
    """Members of a receiver."""
    return {
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
    ``banks`` are the slicer's, ``waits`` the control's.
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, banks=2, waits=1):
        self.front = _Front()
        self.equalizer = Equalizer(forward, feedback)
        self.correlator = Correlator(forward, feedback)
        self.slicer = Slicer(banks)
        self.settings = _Settings(self.slicer.i_write.payload.shape())
        self.control = _Control(self.settings, waits)
        super().__init__(
            {
                **_ports(),
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
            front.correct.eq(control.correct),
            front.phase.eq(control.phase),
            front.frequency.eq(control.frequency),
            control.found.eq(front.found),
            control.started.eq(front.started),
            control.busy.eq(equalizer.busy),
            control.measured.eq(equalizer.measured),
            control.done.eq(equalizer.done),
            control.slope.eq(equalizer.slope),
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
            slicer.bank.eq(0),
            slicer.training.eq(control.training),
            slicer.training_value.eq(settings.value),
            slicer.training_ucode.eq(settings.ucode),
            self.state.eq(control.state),
            self.training.eq(control.training),
            self.number.eq(control.number),
            self.step.eq(front.step),
            self.level.eq(settings.value),
            quality.clear.eq(control.clear),
            quality.first.eq(equalizer.measured),
            quality.read.eq(self.quality_symbol),
            self.quality.eq(quality.mean),
        ]
        self._known(m, control)
        self._loud(m, front.o, control)
        self._symbols(m, control)
        self._decisions(m, quality, control)
        return m

    def _known(self, m, control):
        """TRN1d's signs: ones through the scrambler from zero on (8.4.5)."""
        start = _scrambler_line(INTERVALS * FIRST)
        line = Signal(max(GPC), init=start)
        sign = 1 ^ line[GPC[0] - 1] ^ line[GPC[1] - 1]
        m.d.comb += self.equalizer.known_sign.eq(sign)
        with m.If(control.clear):
            m.d.sync += line.eq(start)
        with m.Elif(self.equalizer.known_next):
            m.d.sync += line.eq(Cat(sign, line))

    def _loud(self, m, halves, control):
        """Sum of a data frame's magnitudes."""
        half, total = halves.payload.half, Signal(20)
        following = Mux(halves.payload.index == 0, 0, total) + abs(half)
        with m.If(halves.valid & halves.ready):
            m.d.sync += total.eq(following)
            with m.If(halves.payload.index == HALVES - 1):
                m.d.sync += control.loud.eq(following)

    def _symbols(self, m, control):
        """From the equaliser to the correlator, with what it is to do with them.

        One waits in between, so that the equaliser goes on while the correlator is at work. Nothing
        is recorded once there are data.
        """
        source, sink = self.equalizer.o_symbol, self.correlator.i
        symbol = Signal(3)
        last = control.last & (symbol == INTERVALS - 1)
        m.d.comb += source.ready.eq(~sink.valid | sink.ready)
        with m.If(source.ready):
            m.d.sync += [
                sink.valid.eq(source.valid & control.training),
                sink.payload.older.eq(source.payload.older),
                sink.payload.newer.eq(source.payload.newer),
                sink.payload.sign.eq(source.payload.sign),
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
    bits = Scrambler(GPC).process([1] * symbols)[: -max(GPC) - 1 : -1]
    return int(sum(int(bit) << place for place, bit in enumerate(bits)))


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
    """Samples of the A/D to signed Ucodes, as :class:`golden.receiver.Receiver` for one line.

    A data frame, twelve half symbols, takes at most 4000 cycles after its last sample, a sample
    400, a solution for 64 and 32 taps 590 000, and 100 data frames may pass until it is used: so 12
    MHz do, which are 9000 cycles a data frame. Decisions of one come together, after its last
    sample; a consumer has 100 cycles for each. They are late by 13 symbols and a data frame.

    Parameters: ``forward``, ``feedback``, numbers of taps.

    Members
    -------
    sample : In, SAMPLE; strobe : In(1): one a sample of 16 kHz, 400 cycles apart or more
    i_configuration : In(stream), WORD; TRN1d's level must be there when Sd ends
    o : Out(stream), DECISION: soft value and error (fine), Ucode, sign, the interval, whether
        there is synchronism, and the data frame's number
    o_event : Out(stream), EVENT, to be taken within 1000 cycles
    state, number : Out, what the receiver does, and the data frame in question
    training : Out(1), decisions are on the levels of TRN1d
    step : Out, the clock's offset, Q32 of a sample
    quality_symbol : In(3), of a data frame; quality : Out(36), of the cycle before: the slow mean
        of its squared errors, fine, times 2**SLOW_BITS
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self.part, self.solver = _Line(forward, feedback), Solver(forward, feedback)
        super().__init__(_ports())

    def elaborate(self, platform):
        m = Module()
        m.submodules.part, m.submodules.solver = part, solver = self.part, self.solver
        pass_on(m, self, part, _ports())
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

    Parameters: ``channels``; ``forward``, ``feedback``. ``slots``: ``channels``, or LEAST of
    :mod:`hdl.channels`.

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
    """

    def __init__(self, channels=8, forward=FORWARD, feedback=FEEDBACK):
        self.channels, self.slots = channels, max(channels, LEAST)
        self.line = _Line(forward, feedback, banks=1, waits=2)
        self.solver = Solver(forward, feedback, held=True)
        self.words = forward + feedback + 1
        number = channel_shape(self.slots)

        def tagged(name, shape):
            return stream.Signature(data.StructLayout({"channel": number, name: shape}))

        ports = _ports()
        super().__init__(
            {
                "i": In(tagged("sample", signed(SAMPLE.width))),
                "i_configuration": In(tagged("word", WORD)),
                "o": Out(tagged("decision", DECISION)),
                "o_event": Out(tagged("event", EVENT)),
                "channel": Out(number),
                **{name: ports[name] for name in
                   ("state", "training", "number", "step", "quality_symbol", "quality")},
            }
        )  # fmt: skip

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
            (self.o, line.o, "decision"), (self.o_event, line.o_event, "event"),
        ):  # fmt: skip
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
                owner.eq(channel), level.eq(line.level), busy.eq(1), left.eq(self.words),
            ]  # fmt: skip
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
