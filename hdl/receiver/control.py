"""The control of a receiver between data frames (8.4 to 8.6, 9.3.2/V.90).

golden/receiver/receiver.py says when each of its events comes.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import (
    AGAIN,
    FAST_BITS,
    FIRST_FRAME,
    GRACE,
    LONGEST_COAST,
    RATE_BITS,
    SETTLING,
    SKIPPED,
    SOLVING,
    STILL_BIT,
    TRAINED,
    TRAINED_AGAIN,
    Kind,
    State,
)
from golden.signals.training import R_BAR
from hdl.receiver.interfaces import (
    CLOCK_STEP,
    FRAME_ENERGY,
    INTERVAL,
    FrameReport,
    FrameSettings,
    FrontControl,
    Heard,
    Status,
    TapControl,
)
from hdl.receiver.words import EVENT, Wait


class Control(wiring.Component):
    """Does what is due between data frames: training, levels, clock, synchronism, events.

    ``report.done`` ends a data frame of the equaliser, ``heard.trained`` one of known symbols. Then
    the control has 9000 cycles until the next one ends. It takes at most 20, and those in which the
    consumer of events is not ready. Pending levels and taps take effect at the end of a data frame,
    or later, while the equaliser is not busy and the next data frame's last half symbol has not
    begun. The signal ``idle`` is 1 while nothing is left to be done.

    Parameters
    ----------
    settings : the receiver's Settings
    waits : how many times SOLVING data frames the first solution may take; more than 1 where lines
        share a solver
    start_up : as of :class:`hdl.receiver.receiver.Receiver`

    Members
    -------
    front : Out(FrontControl)        when half symbols begin and end
    frame : Out(FrameSettings)       how the equaliser processes a data frame
    report : In(FrameReport)         how it is getting on
    taps : Out(TapControl)           what becomes of a set of taps
    heard : In(Heard)                what the symbols showed
    status : Out(Status)             what the receiver does, for all blocks
    o_event : Out(stream of EVENT)   events
    """

    def __init__(self, settings, waits=1, start_up=True):
        self.settings, self.waits, self.start_up = settings, waits, start_up
        self.idle = Signal()
        super().__init__(
            {
                "front": Out(FrontControl()),
                "frame": Out(FrameSettings()),
                "report": In(FrameReport()),
                "taps": Out(TapControl()),
                "heard": In(Heard()),
                "status": Out(Status()),
                "o_event": Out(stream.Signature(EVENT)),
            }
        )
        #: The second stretch is being recorded; it was recorded to its end.
        self._again, self._second = Signal(), Signal()
        #: Symbols by which the next data frame is to turn; data frames until taps move again.
        self._turning, self._settling = Signal(INTERVAL), Signal(range(SETTLING + 1))
        #: Data frames without synchronism.
        self._coasting = Signal(range(LONGEST_COAST + 1))
        #: A data frame has ended; the fast mean of its energy, and that it leaves less now.
        self._ended, self._fast, self._less = Signal(), Signal(FRAME_ENERGY), Signal()
        #: Kind of the event that is given next.
        self._kind = Signal(Kind)
        #: Data frames until levels that waited for R-bar are due, less one; 0 is none. Ed came.
        self._left, self._ed = Signal(range(R_BAR + 1)), Signal()
        #: The mean of the clock's step.
        self._rate = Signal(signed(CLOCK_STEP.width + RATE_BITS))
        #: Symbols are decided; the levels are due; they, or the answer to Ed, can take effect.
        self._tracking, self._due, self._pending = Signal(), Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        settings, frame, status = self.settings, self.frame, self.status
        number, last = status.number, (SKIPPED + TRAINED - 1, AGAIN + TRAINED_AGAIN - 1)
        first = frame.known & (number >= SKIPPED) & (number < SKIPPED + TRAINED)
        m.d.comb += [
            frame.known.eq(status.state == State.TRAIN),
            frame.hurry.eq(status.state == State.COAST),
            frame.still.eq(frame.settling | (frame.hurry & self._coasting[STILL_BIT])),
            frame.settling.eq(self._settling != 0),
            frame.loss.eq(settings.loss),
            frame.training_bits.eq(settings.training_power),
            settings.training.eq(status.training),
            settings.put.eq(status.put),
            settings.forget.eq(status.clear),
            status.accumulate.eq(first | self._again),
            status.last.eq(Cat(number == one for one in last).any()),
        ]
        with m.If(settings.turn):
            m.d.sync += self._turning.eq(settings.symbols)
        self._capture(m)
        self._levels_to_come(m)
        with m.FSM():
            self._wait(m)
            self._watch(m)
            self._begin(m)
            if self.start_up:
                self._listen(m)
                self._steady(m)
        with m.If(settings.said):
            m.d.sync += self._left.eq(0)
        return m

    def _event(self, m, name, following):
        """A state that gives the event ``self._kind``."""
        with m.State(name):
            m.d.comb += self.o_event.valid.eq(1)
            with m.If(self.o_event.ready):
                m.next = following

    def _capture(self, m):
        """Take the equaliser's report at a data frame's end."""
        report = self.report
        m.d.comb += [
            self.o_event.payload.kind.eq(self._kind),
            # A reversal began a data frame earlier.
            self.o_event.payload.number.eq(
                self.status.number - ((self._kind == Kind.REVERSAL) if self.start_up else 0)
            ),
        ]
        # An energy is added, or a share of the mean is taken away.
        less = ~Cat(self._fast[FAST_BITS:], Const(0, FAST_BITS))
        with m.If(self._less | (report.measured & ~self.frame.settling)):
            change = Mux(self._less, less, report.energy)
            m.d.sync += self._fast.eq(self._fast + change + self._less)
        with m.If(report.done | self.heard.trained):
            m.d.sync += self._ended.eq(1)

    def _levels_to_come(self, m):
        """Whether levels are due, Ed has come, and the mean of the clock's step."""
        waiting, status, tracking = self.settings.waiting, self.status, self._tracking
        frame = (waiting.wait == Wait.FRAME) & (status.number >= waiting.start)
        r_bar = (waiting.wait == Wait.R_BAR) & (self._left == 1)
        m.d.comb += [
            tracking.eq((status.state == State.TRACK) | (status.state == State.COAST)),
            self._due.eq(tracking & (frame | r_bar)),
            self._pending.eq(self._due | (tracking & self._ed)),
        ]
        if self.start_up:
            with m.If(self.heard.ed):
                m.d.sync += self._ed.eq(1)

    def _put(self, m, kind, following):
        """Use the levels that wait from now on, and go on to the state ``following``."""
        waiting = self.settings.waiting
        m.d.comb += [self.status.put.eq(1), self.taps.discard.eq(~waiting.single)]
        # Errors on other levels do not count.
        m.d.sync += [
            self.status.training.eq(0),
            self._fast.eq(0),
            self._kind.eq(kind),
            self.frame.power_bits.eq(waiting.power_bits),
            self.frame.guess.eq(waiting.guess),
        ]
        with m.If(~waiting.single):
            m.d.sync += [self._again.eq(0), self._second.eq(0), self.status.plain.eq(0)]
        m.next = following
        if self.start_up:
            with m.If(waiting.guess):
                m.next = "STEADY"

    def _wait(self, m):
        """Detections, the ends of data frames, and what is due in between."""
        with m.State("WAIT"):
            m.d.comb += self.idle.eq(~self._ended & ~(self._pending & self.front.early))
            with m.If(self._ended):
                m.d.sync += self._ended.eq(0)
                m.next = "ENERGY"
                with m.If(self.frame.known):
                    m.d.sync += self.status.number.eq(self.status.number + 1)
                    m.next = "TRAINED"
            with m.Elif(self.front.found & ~self.report.busy):
                m.d.comb += [self.status.clear.eq(1), self.taps.discard.eq(1)]
                m.d.sync += [
                    self.status.state.eq(State.TRAIN),
                    self.status.number.eq(FIRST_FRAME),
                    self.status.training.eq(1),
                    self.status.plain.eq(1),
                    self.frame.guess.eq(0),
                    self.frame.power_bits.eq(self.settings.training_power),
                    self._left.eq(0),
                    self._ed.eq(0),
                    self.frame.turn.eq(0),
                    self._turning.eq(0),
                    self._again.eq(0),
                    self._second.eq(0),
                    self._kind.eq(Kind.DETECTED),
                ]
                m.next = "RESTART"
            with m.Elif(self._pending & ~self.report.busy & self.front.early):
                m.next = "LEVELS"
        with m.State("RESTART"):
            m.d.comb += self.front.restart.eq(~self.report.busy)
            m.d.sync += [self._fast.eq(0), self._coasting.eq(0)]
            with m.If(self.front.started):
                m.next = "EVENT"
        self._event(m, "EVENT", "WAIT")
        with m.State("TRAINED"):
            if self.start_up:
                m.d.sync += self._rate.eq(self.front.step << RATE_BITS)
            due = [SKIPPED + TRAINED + (n + 1) * SOLVING for n in range(self.waits)]
            with m.If(~self.status.number.matches(*due)):
                m.next = "WAIT"
            with m.Elif(~self.taps.answered & (self.status.number != due[-1])):
                m.next = "WAIT"
            with m.Elif(~self.report.busy):
                good = self.taps.good
                m.d.sync += self.status.state.eq(Mux(good, State.TRACK, State.SEARCH))
                m.d.sync += self._kind.eq(Mux(good, Kind.TRAINED, Kind.FAILED))
                m.d.sync += self._settling.eq(SETTLING)
                m.d.comb += [self.taps.load.eq(good), self.front.stop.eq(~good)]
                m.next = "EVENT BEFORE"

    def _watch(self, m):
        """Synchronism lost, found again, or given up."""
        judged = "LISTEN" if self.start_up else "COUNT"
        coasting = self.status.state == State.COAST
        limit = Mux(coasting, self.frame.loss >> 1, self.frame.loss)
        disturbed = (self._fast >> 8 > limit) | self.front.quiet
        with m.State("ENERGY"):
            m.d.sync += self._coasting.eq(Mux(coasting, self._coasting + 1, 0))
            if self.start_up:
                # The step is that of the next data frame already.
                m.d.sync += self._rate.eq(self._rate + self.front.step - (self._rate >> RATE_BITS))
            m.next = "JUDGE"
        with m.State("JUDGE"):
            m.next = judged
            with m.If(~coasting):
                with m.If(disturbed):
                    m.d.sync += [self.status.state.eq(State.COAST), self._kind.eq(Kind.DISTURBED)]
                    m.next = "EVENT AFTER"
            with m.Elif(~disturbed):
                m.d.sync += [self.status.state.eq(State.TRACK), self._kind.eq(Kind.RECOVERED)]
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == GRACE):
                m.d.sync += self._kind.eq(Kind.LOST)
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == LONGEST_COAST):
                m.d.comb += self.front.stop.eq(1)
                m.d.sync += [self.status.state.eq(State.SEARCH), self._kind.eq(Kind.GIVEN_UP)]
                m.next = "EVENT AFTER"
        self._event(m, "EVENT AFTER", judged)
        with m.State("COUNT"):
            m.d.comb += self._less.eq(1)
            m.d.sync += [
                self._settling.eq(self._settling - self.frame.settling),
                self.status.number.eq(self.status.number + 1),
                self._left.eq(self._left - (self._left != 0)),
            ]
            m.next = "LEVELS"

    def _begin(self, m):
        """Do what is due before the data frame ``number``; it may be looked at several times."""
        after = "ED" if self.start_up else "RECORD"
        self._event(m, "EVENT BEFORE", "LEVELS")
        with m.State("LEVELS"):
            m.next = "TAPS"
            turned = self.frame.turn + self._turning
            m.d.sync += self.frame.turn.eq(Mux(turned >= INTERVALS, turned - INTERVALS, turned))
            m.d.sync += self._turning.eq(0)
            with m.If(self._due):
                kind = Mux(self.settings.waiting.wait == Wait.FRAME, Kind.DATA, Kind.SWITCHED)
                self._put(m, kind if self.start_up else Kind.DATA, "EVENT LEVELS")
        self._event(m, "EVENT LEVELS", "TAPS")
        with m.State("TAPS"):
            m.next = after
            due = self.status.number == AGAIN + TRAINED_AGAIN + SOLVING
            with m.If(due & self._second & self.taps.good):
                m.d.comb += self.taps.load.eq(1)
                m.d.sync += [self._kind.eq(Kind.TRAINED), self._settling.eq(SETTLING)]
                m.next = "EVENT TAPS"
        self._event(m, "EVENT TAPS", after)
        with m.State("RECORD"):
            good = (self.status.state == State.TRACK) & self.status.plain
            with m.If(self.status.number == AGAIN):
                m.d.sync += self._again.eq(good)
            with m.Elif(self.status.number == AGAIN + TRAINED_AGAIN):
                m.d.sync += [self._second.eq(self._second | self._again), self._again.eq(0)]
            with m.Elif(~good):
                m.d.sync += self._again.eq(0)
            m.next = "WAIT"

    def _listen(self, m):
        """R and its reversal after a data frame; before one, the levels that waited for Ed."""
        with m.State("LISTEN"):
            m.next = "COUNT"
            m.d.sync += self._kind.eq(Mux(self.heard.sure, Kind.R, Kind.REVERSAL))
            with m.If(self.heard.sure | self.heard.turned):
                m.next = "EVENT R"
            with m.If(self.heard.turned & (self.settings.waiting.wait == Wait.R_BAR)):
                m.d.sync += self._left.eq(R_BAR)
        self._event(m, "EVENT R", "COUNT")
        with m.State("ED"):
            m.next = "RECORD"
            with m.If(self._ed & self._tracking):
                m.d.sync += [self._ed.eq(self.heard.ed), self._kind.eq(Kind.ED)]
                m.next = "EVENT ED"
                with m.If(self.settings.waiting.wait == Wait.ED):
                    self._put(m, Kind.ED, "EVENT ED")
        self._event(m, "EVENT ED", "RECORD")

    def _steady(self, m):
        """Where levels are a guess, set the step to its mean from the next data frame's end on.

        A correction of the phase that is pending stays.
        """
        m.d.comb += self.status.rate.eq((self._rate >> RATE_BITS) - self.front.step)
        with m.State("STEADY"):
            m.d.comb += self.status.steady.eq(1)
            m.next = "EVENT LEVELS"
            with m.If(self._kind == Kind.ED):
                m.next = "EVENT ED"
