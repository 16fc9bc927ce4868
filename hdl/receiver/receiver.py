"""The analogue modem's receiver: samples of the A/D to signed Ucodes (8.4.4, 8.4.5, 9.3.2/V.90).

golden/receiver/receiver.py says what happens when. :mod:`hdl.receiver.line` has the blocks of a
line; a solver serves one line or several.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SAMPLE
from golden.receiver.equalizer import FEEDBACK, FORWARD
from hdl.core.channels import LEAST_CHANNELS, Channels, channel_shape
from hdl.core.fixed import shape
from hdl.core.stream import pass_on
from hdl.receiver.line import ReceiverLine, receiver_ports, shared_ports
from hdl.receiver.solver import Solver
from hdl.receiver.words import DECISION, EVENT, WORD


class Receiver(wiring.Component):
    """Samples of the A/D to signed Ucodes, as the golden ``Receiver`` for one line.

    A data frame is twelve half symbols. It takes at most 4000 cycles after its last sample, a
    sample takes 400 cycles. A solution for 64 and 32 taps takes 590 000 cycles, and 100 data frames
    may pass until it is used. So 12 MHz suffice, which are 9000 cycles a data frame. The decisions
    of a data frame come together, after its last sample, 13 symbols and a data frame late; a
    consumer has 100 cycles for each.

    Parameters
    ----------
    forward, feedback : numbers of taps
    start_up : without it there is one table, which is not written while it is in use, and levels
        wait for START only; no levels but TRN1d's are ``single``, none a ``guess``; R is not
        detected; and words from SWITCH on do nothing

    Members
    -------
    sample : In(SAMPLE)                    of the A/D
    strobe : In(1)                         ``sample`` is there: 16 kHz, at least 400 cycles apart
    i_configuration : In(stream of WORD)   words that ``hdl.receiver.words`` makes; TRN1d's level
                                           must be there when Sd ends
    o : Out(stream of DECISION)            decisions
    o_event : Out(stream of EVENT)         events, to be taken within 1000 cycles; one of other
                                           levels or taps comes before its data frame
    state : Out(State)                     as in golden.receiver.timetable
    number : Out(DATA_FRAME_NUMBER)        the data frame in question
    training : Out(1)                      decisions are on TRN1d's level
    put : Out(1)                           for a cycle before the data frame ``number``: the levels
                                           that waited are used from now on
    step : Out(CLOCK_STEP)                 the clock's offset, Q32 of a sample
    quality_symbol : In(INTERVAL)          a symbol of the data frame, 0 to 5
    quality : Out(FRAME_ENERGY)            a cycle later: the slow mean of its squared errors, fine,
                                           times 2**SLOW_BITS
    reference : In(1)                      with ``start_up``: the symbol decided next is a reference
                                           symbol of DIL; from 100 cycles after the decision before
                                           until its own, in data frames that begin with interval 0
    reference_sign : In(1)                 its sign, 1 positive, likewise
    ed : In(1)                             with ``start_up``, for a cycle: the data frame decided
                                           last was the last of Ed
    """

    def __init__(self, forward=FORWARD, feedback=FEEDBACK, start_up=False):
        self.start_up = start_up
        self.part, self.solver = (
            ReceiverLine(forward, feedback, start_up),
            Solver(forward, feedback),
        )
        super().__init__(receiver_ports(start_up))

    def elaborate(self, platform):
        m = Module()
        m.submodules.part, m.submodules.solver = part, solver = self.part, self.solver
        pass_on(m, self, part, receiver_ports(self.start_up))
        wiring.connect(m, part.o_equations, solver.i)
        wiring.connect(m, solver.o, part.i_taps)
        m.d.comb += solver.level.eq(part.level)
        return m


class Receivers(wiring.Component):
    """Receivers of several lines that take turns on one datapath, each as :class:`Receiver`.

    A line's turn is a cycle in ``slots``. The cycles that :class:`Receiver` names are turns here,
    but not the solver's: all lines share the solver, which works in every cycle and does one
    training at a time. A solution that waits for others may come 100 data frames late. Then the
    line does without its second solution; if it comes later still, the training fails. With eight
    lines at 48 MHz there are 6 million turns a second, 375 for a sample, and all eight lines may
    begin at once.

    Parameters
    ----------
    channels : number of lines
    forward, feedback, start_up : as of Receiver

    Members
    -------
    i : In(stream of channel, sample)           samples, each taken within ``slots`` cycles; those
                                                for channels that do not exist are dropped
    i_configuration : In(stream of channel, word)  words; dropped likewise
    o : Out(stream of channel, decision)        decisions
    o_event : Out(stream of channel, event)     events
    channel : Out(channel_shape)                whose turn it is; the ports below are this line's
    state : Out(State)                          as of Receiver
    training : Out(1)                           as of Receiver
    number : Out(DATA_FRAME_NUMBER)                  as of Receiver
    step : Out(CLOCK_STEP)                      as of Receiver
    quality_symbol : In(INTERVAL)               as of Receiver
    quality : Out(FRAME_ENERGY)                       as of Receiver, a turn later
    reference : In(1)                           as of Receiver, with ``start_up``
    reference_sign : In(1)                      as of Receiver, with ``start_up``
    ed : In(1)                                  as of Receiver, with ``start_up``
    """

    def __init__(self, channels=8, forward=FORWARD, feedback=FEEDBACK, start_up=False):
        #: Turns: ``channels``, but LEAST_CHANNELS at least.
        self.channels, self.slots = channels, max(channels, LEAST_CHANNELS)
        self.line = ReceiverLine(forward, feedback, start_up, waits=2)
        self.solver = Solver(forward, feedback, held=True)
        self.words = forward + feedback + 1
        number = channel_shape(self.slots)

        def tagged(name, form):
            return stream.Signature(data.StructLayout({"channel": number, name: form}))

        #: Ports of a line without a channel of their own.
        self.shared = shared_ports(start_up)
        super().__init__(
            {
                "i": In(tagged("sample", shape(SAMPLE))),
                "i_configuration": In(tagged("word", WORD)),
                "o": Out(tagged("decision", DECISION)),
                "o_event": Out(tagged("event", EVENT)),
                "channel": Out(number),
                **self.shared,
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
        ]
        pass_on(m, self, line, self.shared)
        for source, valid, ready in (
            (self.i, line.strobe, 1),
            (self.i_configuration, line.i_configuration.valid, line.i_configuration.ready),
        ):
            with m.If(source.payload.channel >= self.channels):
                m.d.comb += source.ready.eq(1)
            with m.Elif(source.payload.channel == lines.channel):
                m.d.comb += [valid.eq(source.valid), source.ready.eq(ready)]
        # Outputs of a line wait for its turn, and there until the one before is taken.
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
