"""What a receiver does between data frames (8.4 to 8.6, 9.3.2/V.90).

What happens when stands in golden/receiver/receiver.py.
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
from hdl.receiver.words import (
    EVENT,
    NUMBER,
    Wait,
)


class Control(wiring.Component):
    """What is done between data frames: training, levels, clock, loss of synchronism, events.

    ``done`` ends a data frame of the equaliser, ``trained`` one of known symbols. Until the next
    one ends there are 9000 cycles, of which at most 20 are taken and what the consumer of events
    takes. ``idle`` says that all is done that has ended, ``plain`` that all levels since Sd were of
    one Ucode.

    What waits is put to use at a data frame's end, or later, while the equaliser is not busy and
    the next one's last half symbol has not begun (``early``).

    Parameters: ``settings``; ``waits``, how many times SOLVING data frames the first solution may
    take: where it is shared the solver may have others to serve; ``start_up``, as that of
    :class:`hdl.receiver.receiver.Receiver`.
    """

    def __init__(self, settings, waits=1, start_up=True):
        self.settings, self.waits, self.start_up = settings, waits, start_up
        self.idle = Signal()
        super().__init__(
            {
                "found": In(1),
                "started": In(1),
                "busy": In(1),
                "trained": In(1),
                "measured": In(1),
                "done": In(1),
                "energy": In(36),
                "quiet": In(1),
                "early": In(1),
                "step": In(signed(32)),
                "sure": In(1),
                "turned": In(1),
                "ed": In(1),
                "loaded": In(1),
                "answered": In(1),
                "restart": Out(1),
                "stop": Out(1),
                "clear": Out(1),
                "discard": Out(1),
                "load": Out(1),
                "known": Out(1),
                "training": Out(1),
                "plain": Out(1),
                "guess": Out(1),
                "put": Out(1),
                "power_bits": Out(5),
                "loss": Out(32),
                "hurry": Out(1),
                "still": Out(1),
                "settling": Out(1),
                "turn": Out(3),
                "steady": Out(1),
                "correction": Out(signed(40)),
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
        self._turning, self._settling = Signal(3), Signal(range(SETTLING + 1))
        self._coasting = Signal(range(LONGEST_COAST + 1))
        m.d.comb += [
            self.known.eq(self.state == State.TRAIN),
            self.hurry.eq(self.state == State.COAST),
            self.still.eq(self.settling | (self.hurry & self._coasting[STILL_BIT])),
            self.settling.eq(self._settling != 0),
            self.loss.eq(settings.loss),
            settings.training.eq(self.training),
            settings.put.eq(self.put),
            settings.forget.eq(self.clear),
            self.accumulate.eq(first | self._again),
            self.last.eq(
                (self.number == SKIPPED + TRAINED - 1) | (self.number == AGAIN + TRAINED_AGAIN - 1)
            ),
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
        """What the equaliser says at a data frame's end."""
        self._ended = Signal()
        self._fast, self._less = Signal(36), Signal()
        self._kind = Signal(Kind)
        m.d.comb += [
            self.o_event.payload.kind.eq(self._kind),
            # Of a reversal the data frame before is the first.
            self.o_event.payload.number.eq(
                self.number - ((self._kind == Kind.REVERSAL) if self.start_up else 0)
            ),
        ]
        # An energy is added, or what a data frame leaves less is taken away.
        less = ~Cat(self._fast[FAST_BITS:], Const(0, FAST_BITS))
        with m.If(self._less | (self.measured & ~self.settling)):
            m.d.sync += self._fast.eq(self._fast + Mux(self._less, less, self.energy) + self._less)
        with m.If(self.done | self.trained):
            m.d.sync += self._ended.eq(1)

    def _levels_to_come(self, m):
        """Whether levels are due, Ed has come, and the mean of the clock's step."""
        settings = self.settings
        # Data frames until those are due that waited for R-bar, less one; 0 is none.
        self._left, self._ed = Signal(range(R_BAR + 1)), Signal()
        self._rate = Signal(signed(32 + RATE_BITS))
        self._tracking = tracking = (self.state == State.TRACK) | (self.state == State.COAST)
        self._due, self._pending = Signal(), Signal()
        frame = (settings.wait == Wait.FRAME) & (self.number >= settings.start)
        r_bar = (settings.wait == Wait.R_BAR) & (self._left == 1)
        m.d.comb += [
            self._due.eq(tracking & (frame | r_bar)),
            self._pending.eq(self._due | (tracking & self._ed)),
        ]
        if self.start_up:
            with m.If(self.ed):
                m.d.sync += self._ed.eq(1)

    def _put(self, m, kind, following):
        """The levels that wait are used from now on; then the state ``following``."""
        settings = self.settings
        m.d.comb += [self.put.eq(1), self.discard.eq(~settings.single)]
        # Errors against other levels tell nothing.
        m.d.sync += [
            self.training.eq(0),
            self._fast.eq(0),
            self._kind.eq(kind),
            self.power_bits.eq(settings.power),
            self.guess.eq(settings.guess),
        ]
        with m.If(~settings.single):
            m.d.sync += [self._again.eq(0), self._second.eq(0), self.plain.eq(0)]
        m.next = following
        if self.start_up:
            with m.If(settings.guess):
                m.next = "STEADY"

    def _wait(self, m):
        """Detections, the ends of data frames, and what is due in between."""
        settings = self.settings
        with m.State("WAIT"):
            m.d.comb += self.idle.eq(~self._ended & ~(self._pending & self.early))
            with m.If(self._ended):
                m.d.sync += self._ended.eq(0)
                m.next = "ENERGY"
                with m.If(self.known):
                    m.d.sync += self.number.eq(self.number + 1)
                    m.next = "TRAINED"
            with m.Elif(self.found & ~self.busy):
                m.d.comb += [self.clear.eq(1), self.discard.eq(1)]
                m.d.sync += [
                    self.state.eq(State.TRAIN),
                    self.number.eq(FIRST_FRAME),
                    self.training.eq(1),
                    self.plain.eq(1),
                    self.guess.eq(0),
                    self.power_bits.eq(settings.training_power),
                    self._left.eq(0),
                    self._ed.eq(0),
                    self.turn.eq(0),
                    self._turning.eq(0),
                    self._again.eq(0),
                    self._second.eq(0),
                    self._kind.eq(Kind.DETECTED),
                ]
                m.next = "RESTART"
            with m.Elif(self._pending & ~self.busy & self.early):
                m.next = "LEVELS"
        with m.State("RESTART"):
            m.d.comb += self.restart.eq(~self.busy)
            m.d.sync += [self._fast.eq(0), self._coasting.eq(0)]
            with m.If(self.started):
                m.next = "EVENT"
        self._event(m, "EVENT", "WAIT")
        with m.State("TRAINED"):
            if self.start_up:
                m.d.sync += self._rate.eq(self.step << RATE_BITS)
            due = [SKIPPED + TRAINED + (n + 1) * SOLVING for n in range(self.waits)]
            with m.If(~self.number.matches(*due)):
                m.next = "WAIT"
            with m.Elif(~self.answered & (self.number != due[-1])):
                m.next = "WAIT"
            with m.Elif(~self.busy):
                m.d.sync += self.state.eq(Mux(self.loaded, State.TRACK, State.SEARCH))
                m.d.sync += self._kind.eq(Mux(self.loaded, Kind.TRAINED, Kind.FAILED))
                m.d.sync += self._settling.eq(SETTLING)
                m.d.comb += [self.load.eq(self.loaded), self.stop.eq(~self.loaded)]
                m.next = "EVENT BEFORE"

    def _watch(self, m):
        """Synchronism lost, found again, or given up."""
        judged = "LISTEN" if self.start_up else "COUNT"
        coasting = self.state == State.COAST
        disturbed = (self._fast >> 8 > Mux(coasting, self.loss >> 1, self.loss)) | self.quiet
        with m.State("ENERGY"):
            m.d.sync += self._coasting.eq(Mux(coasting, self._coasting + 1, 0))
            if self.start_up:
                # The step is that of the next data frame already.
                m.d.sync += self._rate.eq(self._rate + self.step - (self._rate >> RATE_BITS))
            m.next = "JUDGE"
        with m.State("JUDGE"):
            m.next = judged
            with m.If(~coasting):
                with m.If(disturbed):
                    m.d.sync += [self.state.eq(State.COAST), self._kind.eq(Kind.DISTURBED)]
                    m.next = "EVENT AFTER"
            with m.Elif(~disturbed):
                m.d.sync += [self.state.eq(State.TRACK), self._kind.eq(Kind.RECOVERED)]
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == GRACE):
                m.d.sync += self._kind.eq(Kind.LOST)
                m.next = "EVENT AFTER"
            with m.Elif(self._coasting == LONGEST_COAST):
                m.d.comb += self.stop.eq(1)
                m.d.sync += [self.state.eq(State.SEARCH), self._kind.eq(Kind.GIVEN_UP)]
                m.next = "EVENT AFTER"
        self._event(m, "EVENT AFTER", judged)
        with m.State("COUNT"):
            m.d.comb += self._less.eq(1)
            m.d.sync += self._settling.eq(self._settling - self.settling)
            m.d.sync += [
                self.number.eq(self.number + 1),
                self._left.eq(self._left - (self._left != 0)),
            ]
            m.next = "LEVELS"

    def _begin(self, m):
        """What is due before the data frame ``number``; it may be looked at several times."""
        settings = self.settings
        after = "ED" if self.start_up else "RECORD"
        self._event(m, "EVENT BEFORE", "LEVELS")
        with m.State("LEVELS"):
            m.next = "TAPS"
            turned = self.turn + self._turning
            m.d.sync += self.turn.eq(Mux(turned >= INTERVALS, turned - INTERVALS, turned))
            m.d.sync += self._turning.eq(0)
            with m.If(self._due):
                kind = Mux(settings.wait == Wait.FRAME, Kind.DATA, Kind.SWITCHED)
                self._put(m, kind if self.start_up else Kind.DATA, "EVENT LEVELS")
        self._event(m, "EVENT LEVELS", "TAPS")
        with m.State("TAPS"):
            m.next = after
            due = self.number == AGAIN + TRAINED_AGAIN + SOLVING
            with m.If(due & self._second & self.loaded):
                m.d.comb += self.load.eq(1)
                m.d.sync += [self._kind.eq(Kind.TRAINED), self._settling.eq(SETTLING)]
                m.next = "EVENT TAPS"
        self._event(m, "EVENT TAPS", after)
        with m.State("RECORD"):
            good = (self.state == State.TRACK) & self.plain
            with m.If(self.number == AGAIN):
                m.d.sync += self._again.eq(good)
            with m.Elif(self.number == AGAIN + TRAINED_AGAIN):
                m.d.sync += [self._second.eq(self._second | self._again), self._again.eq(0)]
            with m.Elif(~good):
                m.d.sync += self._again.eq(0)
            m.next = "WAIT"

    def _listen(self, m):
        """R and its reversal after a data frame, and before one what Ed was waited for."""
        with m.State("LISTEN"):
            m.next = "COUNT"
            m.d.sync += self._kind.eq(Mux(self.sure, Kind.R, Kind.REVERSAL))
            with m.If(self.sure | self.turned):
                m.next = "EVENT R"
            with m.If(self.turned & (self.settings.wait == Wait.R_BAR)):
                m.d.sync += self._left.eq(R_BAR)
        self._event(m, "EVENT R", "COUNT")
        with m.State("ED"):
            m.next = "RECORD"
            with m.If(self._ed & self._tracking):
                m.d.sync += [self._ed.eq(self.ed), self._kind.eq(Kind.ED)]
                m.next = "EVENT ED"
                with m.If(self.settings.wait == Wait.ED):
                    self._put(m, Kind.ED, "EVENT ED")
        self._event(m, "EVENT ED", "RECORD")

    def _steady(self, m):
        """Where levels are a guess, the step is its mean from the next data frame's end on.

        The correction of the phase that was given before stays.
        """
        m.d.comb += self.correction.eq((self._rate >> RATE_BITS) - self.step)
        with m.State("STEADY"):
            m.d.comb += self.steady.eq(1)
            m.next = "EVENT LEVELS"
            with m.If(self._kind == Kind.ED):
                m.next = "EVENT ED"
