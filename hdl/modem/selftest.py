"""Digital modem, emulated line, and analogue receiver in one chip, which reports how they do.

There is no host. The signals to send and the numbers that a host would compute are those of a
:class:`golden.modem.selftest.Plan`, and lie in ROM.
"""

from math import gcd

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect

from golden.bits.scrambler import GPC
from golden.errors import V90Error
from golden.modem.selftest import ASIDE, SILENCE_FRAMES, Text, Value
from golden.pcm.parameters import INTERVALS
from golden.ports.report import ERROR_SUM_BITS, NUMBER_BITS
from golden.receiver.equalizer import FEEDBACK, FORWARD
from golden.receiver.timetable import Kind, State
from golden.receiver.timing import SAMPLE_RATE
from golden.signals.training import ABOVE, SD, SD_BAR
from hdl.pcm.csr import configuration_words as parameter_words
from hdl.pcm.csr import word_layout
from hdl.pcm.decoder import Decoder
from hdl.pcm.g711 import LAW_BITS, octet
from hdl.pcm.mapper import Demapper
from hdl.ports.emulator import LineEmulator
from hdl.ports.report import Decibels, Reporter
from hdl.ports.uart import UartTransmitter, cycles_of
from hdl.receiver.receiver import Receiver
from hdl.receiver.words import DECISION, WORD, configuration_words
from hdl.signals.commands import command_layout, command_words
from hdl.signals.generator import Generator

#: Clock in Hz at least: 400 cycles a sample, and 590 000 for a solution in 75 ms.
LEAST_CLOCK = 8_000_000

#: After so many samples without a signal a training begins again: silence and Sd are shorter.
SILENT_SAMPLES = 8192

#: Cycles from a data frame's last decision until its mean errors are read.
_SETTLED = 32


class _RomReader(wiring.Component):
    """Words of a ROM, all of them in order after each ``start``.

    Parameters: ``layout`` of a word; ``words``, dicts of its fields; ``holds``, whether the last
    word waits for ``go``. A last word that waits is left out when another ``start`` comes.

    Members
    -------
    start : In(1)              for a cycle: begin with the first word, after the last one where
        words are on their way
    go : In(1)                 for a cycle, with ``start`` or later: the last word may go
    o : Out(stream of layout)  the words
    """

    def __init__(self, layout, words, holds=False):
        self.layout = layout
        self.words, self.holds = [layout.const(word).as_value().value for word in words], holds
        super().__init__({"start": In(1), "go": In(1), "o": Out(stream.Signature(layout))})

    def elaborate(self, platform):
        m = Module()
        width = len(self.o.payload.as_value())
        m.submodules.memory = memory = Memory(shape=width, depth=len(self.words), init=self.words)
        read = memory.read_port()
        at = Signal(range(len(self.words) + 1))
        again, gone = Signal(), Signal()
        last = at == len(self.words) - 1
        m.d.comb += [read.addr.eq(at), self.o.payload.eq(read.data)]
        with m.If(self.go):
            m.d.sync += gone.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(again):
                    m.d.sync += [at.eq(0), again.eq(0)]
                    m.next = "READ"
            with m.State("READ"):
                m.next = "OFFER"
                if self.holds:
                    with m.If(last & ~gone):
                        m.next = "READ"
                        with m.If(again):
                            m.next = "IDLE"
            with m.State("OFFER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += at.eq(at + 1)
                    m.next = "READ"
                    with m.If(last):
                        m.next = "IDLE"
        with m.If(self.start):
            m.d.sync += [again.eq(1), gone.eq(0)]
        return m


def sent_words(given, law):
    """Words of commands for a :class:`_RomReader`, in the order to send them."""
    return [
        {"data": word, "last": number == len(words) - 1}
        for command in given
        for words in [command_words(command, law)]
        for number, word in enumerate(words)
    ]


def _rows(words):
    """Words ``(address, data)`` as a :class:`_RomReader` has them."""
    return [{"address": address, "data": word} for address, word in words]


class _Modem(wiring.Component):
    """The digital modem: a generator of signals, with its commands in a ROM.

    Parameters: ``plan``, a :class:`golden.modem.selftest.Plan` with mapping parameters.

    Members
    -------
    start : In(1)         for a cycle: begin with the first command
    o : Out(stream of 8)  PCM octets
    """

    def __init__(self, plan):
        self.generator = Generator(1)
        self.words = sent_words(plan.commands, plan.law)
        super().__init__({"start": In(1), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = _RomReader(command_layout(1), self.words)
        m.submodules.generator = generator = self.generator
        connect(m, words.o, generator.i_command)
        m.d.comb += [
            words.start.eq(self.start),
            self.o.valid.eq(generator.o.valid),
            self.o.payload.eq(generator.o.payload.octet),
            generator.o.ready.eq(self.o.ready),
        ]
        return m


class _SmallModem(wiring.Component):
    """The digital modem without data: silence, Sd, S-bar-d (8.4.4), and TRN1d (8.4.5) without end.

    An octet a cycle. It begins anew with a data frame.

    Parameters: ``law``; ``u_info``, the Ucode of TRN1d.

    Members
    -------
    start : In(1)         for a cycle: begin with silence, after the data frame being sent
    o : Out(stream of 8)  PCM octets
    """

    def __init__(self, law, u_info):
        self.law, self.u_info = LAW_BITS[law], u_info
        super().__init__({"start": In(1), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        part, left = Signal(2), Signal(range(SILENCE_FRAMES), init=SILENCE_FRAMES - 1)
        symbol = Signal(range(INTERVALS))
        again = Signal()
        line = Signal(max(GPC))
        scrambled = 1 ^ line[GPC[0] - 1] ^ line[GPC[1] - 1]
        silence, period, trn1d = part == 0, (part == 1) | (part == 2), part == 3
        none = silence | (period & ((symbol == 1) | (symbol == 4)))
        sign = Mux(period, (symbol < 3) ^ part[1], Mux(trn1d, scrambled, 1))
        # Sd's level is a Ucode of its own (8.4.4).
        ucode = Mux(none, 0, Mux(trn1d, self.u_info, self.u_info + ABOVE))
        lasts = Array((SILENCE_FRAMES - 1, SD - 1, SD_BAR - 1, 0))
        m.d.comb += [
            self.o.valid.eq(1),
            self.o.payload.eq(octet(ucode, sign, self.law)),
        ]
        with m.If(self.o.ready):
            m.d.sync += symbol.eq(symbol + 1)
            with m.If(trn1d):
                m.d.sync += line.eq(Cat(scrambled, line))
            with m.If(symbol == INTERVALS - 1):
                m.d.sync += [symbol.eq(0), left.eq(left - 1)]
                with m.If(again):
                    m.d.sync += [part.eq(0), left.eq(SILENCE_FRAMES - 1), again.eq(0)]
                with m.Elif((left == 0) & ~trn1d):
                    m.d.sync += [part.eq(part + 1), left.eq(lasts[(part + 1)[:2]]), line.eq(0)]
        with m.If(self.start):
            m.d.sync += again.eq(1)
        return m


class _Counter(wiring.Component):
    """Counts bits that should be ones, and zeros among them; it leaves out the first data frames.

    Members
    -------
    clear : In(1)            begin with zero, and leave out the first ASIDE data frames
    bit : In(1)              a bit
    first : In(1)            it is the first of a data frame
    strobe : In(1)           there is a bit
    bits : Out(NUMBER_BITS)  bits counted; stops at its greatest value
    errors : Out(24)         zeros among them; stops at its greatest value
    """

    clear: In(1)
    bit: In(1)
    first: In(1)
    strobe: In(1)
    bits: Out(NUMBER_BITS)
    errors: Out(24)

    def elaborate(self, platform):
        m = Module()
        aside = Signal(range(ASIDE + 1), init=ASIDE)
        counting = Signal()
        counts = Mux(self.first, aside == 0, counting)
        with m.If(self.clear):
            m.d.sync += [self.bits.eq(0), self.errors.eq(0), aside.eq(ASIDE), counting.eq(0)]
        with m.Elif(self.strobe):
            m.d.sync += counting.eq(counts)
            with m.If(self.first & (aside != 0)):
                m.d.sync += aside.eq(aside - 1)
            with m.If(counts):
                m.d.sync += self.bits.eq(self.bits + ~self.bits.all())
                with m.If(~self.bit & ~self.errors.all()):
                    m.d.sync += self.errors.eq(self.errors + 1)
        return m


class Selftest(wiring.Component):
    """A modem pair with a line between them, lamps, and a report.

    A training begins after reset, with ``restart``, when synchronism is lost, and after
    SILENT_SAMPLES samples without a signal. After TRN1d come B1d and data, which are ones through
    the scrambler. Without mapping parameters there is neither encoder nor decoder, and data are
    TRN1d, 8000 bit/s, so that it fits smaller chips. A training of usual length takes 1.3 s.

    The client's clock is the design's: a sample comes every ``clock / 16000`` cycles, and the line
    takes octets as they are due at the offset asked for. Every ``report`` samples there is a line
    of text about the data frame that is decided next. It begins within 750 cycles of that, and is
    sent in 7 ms at 115 200 bit/s. It says tenths of a dB, right to 0.1 dB; tenths of a ppm, right
    to 0.1 ppm; bits and errors since data began.

    It needs the cycles of :class:`hdl.receiver.receiver.Receiver`: LEAST_CLOCK. Bit-exact with
    :class:`golden.modem.selftest.Selftest`.

    Parameters: ``response``, ``plan``, ``ppm``, ``snr``, ``forward``, ``feedback``, as those of the
    model; ``clock`` in Hz; ``baud`` in bit/s; ``report`` in samples; ``modem``, a component in
    place of the digital modem, with ``start`` for a cycle and octets at ``o``. Raises
    :class:`~golden.errors.V90Error` for a clock that is too slow, or makes no such UART.

    Members
    -------
    restart : In(1)           a training begins when it rises
    cut : In(1)               the line carries silence
    sync : Out(1)             the receiver has synchronism
    data : Out(1)             it has, and decides on data
    error : Out(1)            a bit was wrong since data began
    tx : Out(1)               the report, as a UART sends it
    octet : Out(8)            a PCM octet that the line takes, with ``octet_strobe``
    octet_strobe : Out(1)     for one cycle with each octet
    sample : Out(signed(16))  a sample that the receiver takes, with ``sample_strobe``
    sample_strobe : Out(1)    for one cycle with each sample
    decision : Out(DECISION)  a decision of the receiver, with ``decided``
    decided : Out(1)          for one cycle with each decision
    report_strobe : Out(1)    for one cycle when a report begins
    """

    def __init__(
        self,
        response,
        plan,
        ppm=0.0,
        snr=None,
        clock=12_000_000,
        baud=115200,
        forward=FORWARD,
        feedback=FEEDBACK,
        report=SAMPLE_RATE,
        modem=None,
    ):
        if clock < LEAST_CLOCK:
            raise V90Error(
                f"a self-test needs a clock of {LEAST_CLOCK / 1e6:g} MHz, {clock / 1e6:g} MHz is "
                "too slow"
            )
        self.clock, self.report, self.parameters = int(clock), report, plan.parameters
        self.law = LAW_BITS[plan.law]
        small = plan.parameters is None
        self.modem = modem or (_SmallModem(plan.law, plan.u_info) if small else _Modem(plan))
        self.line = LineEmulator(response, plan.law, ppm, snr)
        self.receiver = Receiver(forward, feedback)
        words = configuration_words(plan.training, plan.data, plan.trn1d)
        self.settings = _RomReader(WORD, _rows(words))
        self.decibels = Decibels(plan.power)
        self.reporter = Reporter(plan.texts)
        self.uart = UartTransmitter(cycles_of(clock, baud))
        super().__init__(
            {
                "restart": In(1),
                "cut": In(1),
                "sync": Out(1),
                "data": Out(1),
                "error": Out(1),
                "tx": Out(1, init=1),
                "octet": Out(8),
                "octet_strobe": Out(1),
                "sample": Out(self.line.o.payload.shape()),
                "sample_strobe": Out(1),
                "decision": Out(DECISION),
                "decided": Out(1),
                "report_strobe": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.modem = modem = self.modem
        m.submodules.line = line = self.line
        m.submodules.receiver = receiver = self.receiver
        m.submodules.settings = settings = self.settings
        m.submodules.counter = self._counter = _Counter()
        begun = Signal()
        m.d.sync += begun.eq(1)
        connect(m, settings.o, receiver.i_configuration)
        m.d.comb += [
            settings.start.eq(~begun),
            modem.start.eq(~begun | self._restarts(m)),
            line.i.valid.eq(modem.o.valid),
            line.i.payload.eq(Mux(self.cut, octet(0, 1, self.law), modem.o.payload)),
            modem.o.ready.eq(line.i.ready),
            self._counter.clear.eq(receiver.state == State.TRAIN),
            self.octet.eq(line.i.payload),
            self.octet_strobe.eq(line.i.valid & line.i.ready),
            self.sample.eq(line.o.payload),
            self.sample_strobe.eq(line.o.valid & line.o.ready),
            receiver.sample.eq(self.sample),
            receiver.strobe.eq(self.sample_strobe),
            self.decision.eq(receiver.o.payload),
            self.decided.eq(receiver.o.valid & receiver.o.ready),
            receiver.o_event.ready.eq(1),
            self.sync.eq(receiver.state == State.TRACK),
            self.data.eq(self.sync & self._has_data),
            self.error.eq(self._counter.errors != 0),
        ]
        self._samples(m)
        (self._trn1d if self.parameters is None else self._decode)(m)
        self._report(m)
        return m

    def _samples(self, m):
        """Take a sample every ``clock / SAMPLE_RATE`` cycles."""
        common = gcd(SAMPLE_RATE, self.clock)
        step, turn = SAMPLE_RATE // common, self.clock // common
        phase, due = Signal(range(turn)), Signal()
        over = phase >= turn - step
        m.d.sync += phase.eq(Mux(over, phase - (turn - step), phase + step))
        m.d.sync += due.eq(over | (due & ~self.line.o.valid))
        m.d.comb += self.line.o.ready.eq(due)

    def _restarts(self, m):
        """Make a signal that is 1 for a cycle when a training begins, and ``_has_data``."""
        self._has_data = Signal()
        event, before, unheard = self.receiver.o_event, Signal(), Signal(range(SILENT_SAMPLES + 1))
        restarts, nothing = Signal(), unheard == SILENT_SAMPLES
        m.d.sync += before.eq(self.restart)
        lost = event.payload.kind.matches(Kind.LOST, Kind.FAILED)
        m.d.comb += restarts.eq((self.restart & ~before) | (event.valid & lost) | nothing)
        with m.If((self.receiver.state != State.SEARCH) | restarts):
            m.d.sync += unheard.eq(0)
        with m.Elif(self.sample_strobe):
            m.d.sync += unheard.eq(unheard + 1)
        return restarts

    def _decode(self, m):
        """Data frames to bits, from the change of levels on (8.6.5)."""
        rows = _rows(parameter_words(self.parameters))
        m.submodules.words = words = _RomReader(word_layout(), rows, holds=True)
        m.submodules.demapper = demapper = Demapper()
        m.submodules.decoder = decoder = Decoder()
        receiver, counter, training = self.receiver, self._counter, Signal()
        connect(m, words.o, demapper.i_configuration)
        connect(m, demapper.o_configuration, decoder.i_configuration)
        connect(m, demapper.o, decoder.i)
        m.d.sync += training.eq(receiver.state == State.TRAIN)
        m.d.comb += [
            words.start.eq((receiver.state == State.TRAIN) & ~training),
            words.go.eq(receiver.put),
            receiver.o.ready.eq(demapper.i.ready | ~self._has_data),
            demapper.i.valid.eq(receiver.o.valid & self._has_data),
            decoder.o.ready.eq(1),
            counter.strobe.eq(decoder.o.valid),
            counter.bit.eq(decoder.o.payload.bit),
            counter.first.eq(decoder.o.payload.first),
        ]
        for name in ("ucode", "sign", "interval"):
            m.d.comb += demapper.i.payload[name].eq(receiver.o.payload[name])
        with m.If(receiver.put):
            m.d.sync += self._has_data.eq(1)
        with m.If(receiver.state == State.TRAIN):
            m.d.sync += self._has_data.eq(0)

    def _trn1d(self, m):
        """TRN1d's signs to bits (8.4.5)."""
        receiver, counter = self.receiver, self._counter
        line, sign = Signal(max(GPC)), receiver.o.payload.sign
        m.d.comb += [
            receiver.o.ready.eq(1),
            counter.strobe.eq(receiver.o.valid),
            counter.bit.eq(sign ^ line[GPC[0] - 1] ^ line[GPC[1] - 1]),
            counter.first.eq(receiver.o.payload.interval == 0),
            self._has_data.eq(1),
        ]
        with m.If(receiver.o.valid):
            m.d.sync += line.eq(Cat(sign, line))

    def _report(self, m):
        """Collect the values of a report from one data frame, and have it written."""
        m.submodules.reporter = reporter = self.reporter
        m.submodules.uart = uart = self.uart
        m.submodules.decibels = decibels = self.decibels
        receiver, counter = self.receiver, self._counter
        since, due = Signal(range(self.report)), Signal()
        waits, symbol, total = Signal(range(_SETTLED)), Signal(3), Signal(ERROR_SUM_BITS)
        values = {
            Value.BITS: (Signal.like(counter.bits, name="bits"), counter.bits),
            Value.ERRORS: (Signal.like(counter.errors, name="errors"), counter.errors),
            Value.STEP: (Signal(signed(24), name="step"), receiver.step),
        }
        text = Signal(Text)
        decides = (receiver.state == State.TRACK) | (receiver.state == State.COAST)
        with m.If(self.sample_strobe):
            m.d.sync += since.eq(Mux(since == self.report - 1, 0, since + 1))
        m.d.comb += [
            receiver.quality_symbol.eq(symbol),
            decibels.total.eq(total),
            reporter.template.eq(text),
        ]
        connect(m, reporter.o, uart.i)
        m.d.comb += self.tx.eq(uart.tx)
        with m.Switch(reporter.number):
            for number in Value:
                with m.Case(number):
                    m.d.comb += reporter.value.eq(
                        decibels.tenths if number == Value.TENTHS else values[number][0]
                    )
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [
                    symbol.eq(0),
                    waits.eq(_SETTLED - 1),
                    total.eq(0),
                    text.eq(Mux(receiver.state == State.TRAIN, Text.TRAINING, Text.SEARCHING)),
                ]
                with m.If(due):
                    with m.If(~decides):
                        m.next = "TELL"
                    with m.Elif(self.decided & (self.decision.interval == INTERVALS - 1)):
                        m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.sync += waits.eq(waits - 1)
                with m.If(waits == 0):
                    m.d.sync += [one.eq(now) for one, now in values.values()]
                    m.d.sync += text.eq(Mux(self._has_data, Text.DATA, Text.TRN1D))
                    m.d.sync += symbol.eq(1)
                    m.next = "QUALITY"
            with m.State("QUALITY"):
                m.d.sync += [total.eq(total + receiver.quality), symbol.eq(symbol + 1)]
                with m.If(symbol == INTERVALS):
                    m.next = "DECIBELS"
            with m.State("DECIBELS"):
                m.d.comb += decibels.start.eq(1)
                m.next = "LOGARITHM"
            with m.State("LOGARITHM"):
                with m.If(decibels.done):
                    m.next = "TELL"
            with m.State("TELL"):
                m.d.comb += [reporter.start.eq(1), self.report_strobe.eq(1)]
                m.d.sync += due.eq(0)
                m.next = "WAIT"
            with m.State("WAIT"):
                with m.If(~reporter.busy):
                    m.next = "IDLE"
        with m.If(self.sample_strobe & (since == self.report - 1)):
            m.d.sync += due.eq(1)
        return m
