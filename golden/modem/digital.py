"""The digital modem: what it sends and when (9.3.1, 9.4.1, 9.5.1, 9.6.1 and 9.7/V.90).

The analogue modem's signals come over an ideal return path, as events. Phases 1 and 2 are not part
of it: U_INFO is given, and a retrain is silence until phase 3 begins again. What has no event, MD,
PP and TRN, is left out: a digital modem trains its own receiver with them.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from fractions import Fraction

import numpy as np

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import INTERVALS, POWER_LIMITS, renegotiated
from golden.signals.generator import Command, Generator, Signal
from golden.signals.sequences import CP, DIL, JD, MP, mapping_parameters
from golden.signals.training import R_BAR, SD, SD_BAR

#: Data frames in a second (5.1).
FRAME_RATE = Fraction(8000, INTERVALS)

#: Data frames of Ri at least (9.4.1.1), of Rd and Rt (9.6.1.1.1, 9.6.1.2.6), and of Ed (8.6.2).
RI, RD, ED = 192 // INTERVALS, 384 // INTERVALS, 2

#: Symbols of TRN1d (9.3.1.4) and of TRN2d (9.4.1.2, 9.4.1.3), least and most. 9.3.1.4 has 32 000
#: symbols as TRN1d's most, but servers send 32 760, and clients that know them wait for it.
TRN1D_SYMBOLS, TRN2D_SYMBOLS = (2040, 32760), (2040, 16000)

#: Data frames between Ja and Sd at most, 500 ms (9.3.1.3).
WAIT = 666

#: All rates of Jd, 28 000 to 56 000 bit/s (Table 13).
ALL_RATES = (1 << 22) - 1

#: Seconds after which a retrain follows, and round trips on top: no S since TRN1d began (9.3.1.5);
#: no B1 since INFO1a, which is 75 ms before S at most (9.4.1, 9.3.2.1); no E since R-bar-d (9.6.1).
NO_S, NO_B1, NO_E = (5.1, 1), (15 - 0.075, 5), (5, 2)

#: The same for a DIL that nobody ends. 8.4.1 asks for a timeout and names none. The analogue modem
#: has 5 s from the end of its S to the next S (9.3.2.10), which lasts 43 ms; how long it takes to
#: notice Jd' is not said (9.3.1.6), so it gets most of a second.
NO_END = (6, 1)

#: Seconds in which the far end may answer an MP with drn = 0, before this modem is silent anyway.
NO_ANSWER = (1, 1)

#: MP with nothing to say: 4800 to 33 600 bit/s.
MP_FIELDS = {
    "type": 0,
    "drn": 14,
    "trellis": 0,
    "nonlinear": 0,
    "shaping": 0,
    "upstream_rates": 0x1FFF,
}


class Upstream(Enum):
    """What the analogue modem sends. S_BAR is the S-to-S-bar transition, E the 20-bit E."""

    SILENCE = auto()
    S = auto()
    S_BAR = auto()
    JA = auto()
    SCR = auto()
    CP = auto()
    E = auto()
    B1 = auto()
    TONE_A = auto()


class State(Enum):
    """What a modem waits for."""

    S = auto()  #: S and the S-to-S-bar transition, with which phase 3 begins
    JA = auto()
    S_IN_JD = auto()
    S_IN_DIL = auto()  #: S, and the transition behind it, after those of Jd
    CPT = auto()
    CP = auto()
    ACKNOWLEDGE = auto()  #: CP' or E
    SILENCE = auto()  #: CPs'
    CP_IN_SILENCE = auto()  #: CP, with bit 30 clear
    DATA = auto()  #: S, for a rate renegotiation
    ANSWER = auto()  #: anything that says that drn = 0 was understood
    CLEARED = auto()


#: Where a rate sequence is expected.
RATE_STATES = (
    State.CPT,
    State.CP,
    State.ACKNOWLEDGE,
    State.SILENCE,
    State.CP_IN_SILENCE,
    State.ANSWER,
)


@dataclass(frozen=True)
class Sent:
    """A signal in the order of sending: its first data frame, and how many were given."""

    signal: str
    first: int
    frames: int


def check_length(name, symbols, bounds):
    """Raise :class:`~golden.errors.V90Error` for a length out of bounds or of no whole frames."""
    least, most = bounds
    if not least <= symbols <= most or symbols % INTERVALS:
        raise V90Error(f"{name} is {least} to {most} symbols, whole data frames, not {symbols}")


class DigitalModem:
    """A digital modem from the beginning of phase 3: events in, octets out.

    Parameters: ``law``; ``u_info``, U_INFO of INFO1a; ``power`` in dBm0 and ``at_codec``, most
    transmit power and where it counts, of INFO0d; ``rates``, ``look_ahead`` of Jd; ``trn1d`` and
    ``trn2d`` in symbols; ``mp``, fields of :data:`golden.signals.sequences.MP`; ``wait`` data
    frames between Ja and Sd; ``round_trip`` in seconds; ``jd``, other fields of Jd.

    An event counts from the next data frame that is decided on; that is heard
    ``golden.pcm.parameters.DELAY_FRAMES`` later (:class:`golden.signals.generator.Generator`).

    Attributes
    ----------
    parameters : MappingParameters of the data mode, from CP's acceptance on, or None
    refused : str, why a CP was not accepted, or None
    cleared : bool, the connection was ended, from the moment that is decided
    retrains : int, how many were begun by this side: timeouts, and :meth:`retrain`
    """

    def __init__(
        self,
        law="A",
        u_info=79,
        power=-12.0,
        at_codec=True,
        rates=ALL_RATES,
        look_ahead=3,
        trn1d=2040,
        mp=None,
        wait=0,
        trn2d=2040,
        round_trip=0.0,
        jd=None,
    ):
        check_length("TRN1d", trn1d, TRN1D_SYMBOLS)
        check_length("TRN2d", trn2d, TRN2D_SYMBOLS)
        if not 0 <= wait <= WAIT:
            raise V90Error(f"Sd comes 0 to {WAIT} data frames after Ja, not {wait}")
        if power not in POWER_LIMITS:
            raise V90Error(f"INFO0d has powers of -0.5 to -16 dBm0 in steps of 0.5, not {power:g}")
        self._law, self._u_info = g711.check_law(law), u_info
        self._power, self._at_codec = power, at_codec
        self._rates, self._look_ahead = rates, look_ahead
        fields = {"training": 0, "renegotiation": 0, **(jd or {})}
        self._jd = JD.build(rates=rates, look_ahead=look_ahead, **fields)
        self._mp = {**MP_FIELDS, **(mp or {})}
        self._mp.pop("acknowledge", None)
        MP.build(acknowledge=0, **self._mp)  # what is wrong with it is said at once
        self._trn1d, self._trn2d, self._wait = trn1d // INTERVALS, trn2d // INTERVALS, wait
        self._round_trip = round_trip
        self._generator = Generator(law)
        self.refused, self.cleared, self.retrains = None, False, 0
        self._start()

    def _start(self):
        """Phase 3 is to come."""
        self._state, self._timers = State.S, {}
        self._dil = self._cpt = self._training = self.parameters = None
        self._s = self._renegotiates = self._clears = False

    # --- What others see -------------------------------------------------------------------------

    @property
    def timeline(self):
        """What has been sent so far, list of :class:`Sent`."""
        sent = []
        for entry in self._generator.log:
            frames = min(entry.frames, self._generator.given - entry.first)
            name = entry.command.name
            if frames > 0 and sent and sent[-1].signal == name:
                sent[-1] = replace(sent[-1], frames=sent[-1].frames + frames)
            elif frames > 0:
                sent.append(Sent(name, entry.first, frames))
        return sent

    @property
    def in_data(self):
        """Whether the data frame given last was of the data mode."""
        sent = [entry for entry in self._generator.log if entry.first < self._generator.given]
        return bool(sent) and sent[-1].command.signal == Signal.DATA

    @property
    def queued(self):
        """Data bits that have not been sent."""
        return self._generator.queued

    @property
    def underruns(self):
        """Data frames of the data mode that were ones, as there were too few bits."""
        return self._generator.underruns

    # --- What others ask -------------------------------------------------------------------------

    def send(self, bits):
        """Append data bits; they are kept until there is a data mode to send them in."""
        self._generator.fill(bits)

    def frames(self, count):
        """The next ``count`` data frames: octets (uint8, ``(6 count,)``)."""
        parts = [np.zeros(0, np.uint8)]
        while count:
            # No timeout is shorter, so none passes unseen that starts in a piece.
            piece = min(count, int(FRAME_RATE))
            due = self._due()
            if due is not None:
                piece = min(piece, max(due - self._generator.given, 1))
            parts.append(self._generator.process(piece))
            count -= piece
            if self._due() is not None and self._generator.given >= self._due():
                self._expire()
        return np.concatenate(parts)

    def renegotiate(self):
        """Begin a rate renegotiation (9.6.1.1.1)."""
        if self._state != State.DATA:
            raise V90Error("a rate renegotiation begins in data mode, and this is none")
        self._renegotiate()

    def retrain(self):
        """Begin a retrain (9.5.1.1): silence, until phase 3 begins again."""
        if self.cleared:
            raise V90Error("a connection that is cleared down has no retrain")
        self.retrains += 1
        self._silence()

    def cleardown(self):
        """End the connection (9.7), by MP with drn = 0 where this modem sends or can send MP."""
        if self._state == State.DATA:
            self._clears = True
            self._renegotiate()
        elif self._state in (State.CP, State.ACKNOWLEDGE, State.SILENCE):
            self._give_up()
        elif not self.cleared:
            self._clear()

    # --- Events ----------------------------------------------------------------------------------

    def receive(self, upstream, bits=None):
        """Something new from the far end; ``bits``: one whole Ja or CP sequence."""
        if self.cleared:
            return
        if upstream == Upstream.TONE_A:  # 9.5.1.2
            self._silence()
        elif upstream == Upstream.CP:
            cp = CP.parse(bits)
            if cp is not None:
                self._receive_cp(cp)
        elif upstream == Upstream.JA and self._state == State.JA:
            self._dil = DIL.parse(bits)
            if self._dil is not None:
                self._train()
        elif upstream == Upstream.S:
            self._receive_s()
        elif upstream == Upstream.S_BAR:
            self._receive_s_bar()
        elif upstream == Upstream.E:
            self._timers.pop(NO_E, None)
            if self._state == State.ACKNOWLEDGE:
                self._finish()
        elif upstream == Upstream.B1:
            self._timers.pop(NO_B1, None)
        if self._state == State.ANSWER and upstream in (Upstream.SILENCE, Upstream.E):
            self._clear()

    def _receive_s(self):
        if self._state == State.S_IN_JD:
            # 9.3.1.5, 9.3.1.6. An S that began before Jd is detected then, in its first sequence.
            del self._timers[NO_S]
            self._give(Signal.JD_END, "Jd'", value=(self._u_info, None))
            if self._dil["segments"]:
                self._give(Signal.DIL, "DIL", repeat=True, value=self._dil)
                self._state = State.S_IN_DIL
                self._time(NO_END, "DIL")
            else:
                self._to_phase_4()
            self._s = False
        else:
            self._s = True
            if self._state == State.S:
                self._timers.setdefault(NO_B1, (None, self._generator.given))

    def _receive_s_bar(self):
        if not self._s:
            return  # with DIL that of Jd's S comes first
        self._s = False
        if self._state == State.S:
            self._state = State.JA
        elif self._state == State.S_IN_DIL:
            del self._timers[NO_END]
            self._to_phase_4()
        elif self._state == State.DATA:
            self._renegotiate()

    def _receive_cp(self, cp):
        state = self._state
        if cp["drn"] == 0 and state in RATE_STATES:
            self._clear()
        elif state == State.CPT and not cp["type"]:
            self._receive_cpt(cp)
        elif state == State.ACKNOWLEDGE and cp["type"] and cp["acknowledge"]:
            self._finish()
        elif state == State.SILENCE and cp["silence"] and cp["acknowledge"]:
            self._give(Signal.ED, "Ed", ED)
            self._give(Signal.SILENCE, "silence", repeat=True)
            self._state = State.CP_IN_SILENCE
        elif state == State.CP and cp["type"] and cp["silence"] and self._renegotiates:
            self._give_mp(1)
            self._state = State.SILENCE
            if cp["acknowledge"]:
                self._receive_cp(cp)
        elif state in (State.CP, State.CP_IN_SILENCE) and cp["type"] and not cp["silence"]:
            asked = self._accepted(cp)
            if state == State.CP_IN_SILENCE:
                self._give_r("Rt", "R-bar-t", RD, self._greatest(self._cpt))
                if asked is not None:
                    self._give_mp(0, repeat=False)
            if asked is None:
                self._give_up()
                return
            self.parameters = asked
            self._give_mp(1)
            self._state = State.ACKNOWLEDGE
            if cp["acknowledge"]:
                self._finish()

    # --- Procedures ------------------------------------------------------------------------------

    def _give(self, signal, name, length=1, repeat=False, value=None, now=False):
        self._generator.give(Command(signal, length, repeat, value, now, name))

    def _give_r(self, name, bar, length, ucodes, repeat=False):
        self._give(Signal.R, name, length, repeat, ucodes)
        if not repeat:
            self._give(Signal.R_BAR, bar, R_BAR, value=ucodes)

    def _give_mp(self, acknowledge, repeat=True):
        fields = {**self._mp, "acknowledge": acknowledge}
        if self._clears:
            fields["drn"] = 0
        bits = MP.build(self._training.data_bits, **fields)
        signal, name = ((Signal.MP, "MP"), (Signal.MP_ACK, "MP'"))[acknowledge]
        self._give(signal, name, repeat=repeat, value=bits)

    def _train(self):
        """Ja is known: phase 3 up to Jd (9.3.1.3, 9.3.1.4)."""
        if self._wait:
            self._give(Signal.SILENCE, "silence", self._wait)
        self._give(Signal.SD, "Sd", SD, value=self._u_info)
        self._give(Signal.SD_BAR, "S-bar-d", SD_BAR, value=self._u_info)
        self._give(Signal.TRN1D, "TRN1d", self._trn1d, value=self._u_info)
        self._give(Signal.JD, "Jd", repeat=True, value=(self._u_info, self._jd))
        self._state = State.S_IN_JD
        self._time(NO_S, "TRN1d")

    def _to_phase_4(self):
        """Ri, until CPt (9.4.1.1)."""
        self._give_r("Ri", None, RI, (self._u_info,) * INTERVALS, repeat=True)
        self._state = State.CPT

    def _receive_cpt(self, cp):
        """9.4.1.2, and 9.4.1.3 up to MP."""
        self._cpt = self._training = self._accepted(cp)
        if self._cpt is None:
            # Without parameters there is no MP that could say so.
            self._clear()
            return
        self._give(Signal.R_BAR, "R-bar-i", R_BAR, value=(self._u_info,) * INTERVALS)
        self._to_mp()

    def _to_mp(self):
        self._give(Signal.TRN2D, "TRN2d", self._trn2d, value=self._training)
        self._give_mp(0)
        self._state = State.CP
        if self._clears:
            self._state = State.ANSWER
            self._time(NO_ANSWER, "MP")

    def _renegotiate(self):
        """Rd up to MP (9.6.1.1.1, 9.6.1.2.2)."""
        self._give_r("Rd", "R-bar-d", RD, self._greatest(self.parameters))
        # 8.6: the shaping of the data mode before, the K and the constellations of CPt.
        self._training = renegotiated(self._cpt, self.parameters)
        self._renegotiates = True
        self._time(NO_E, "R-bar-d")
        self._to_mp()

    @staticmethod
    def _greatest(parameters):
        """Ucodes of the greatest power of each interval (8.6.4)."""
        return tuple(constellation[-1] for constellation in parameters.intervals)

    def _finish(self):
        """Ed, B1d and the data mode (9.4.1.4, 9.4.1.5)."""
        self._give(Signal.ED, "Ed", ED)
        self._give(Signal.B1D, "B1d", B1D_FRAMES, value=self.parameters)
        self._give(Signal.DATA, "data", repeat=True)
        self._state = State.DATA

    def _give_up(self):
        """MP with drn = 0 in place of what is being sent (9.7)."""
        self._clears = True
        self._give_mp(0)
        self._state = State.ANSWER
        self._timers = {}
        self._time(NO_ANSWER, "MP")

    def _clear(self):
        self._give(Signal.SILENCE, "silence", repeat=True)
        self._state, self._timers, self.cleared = State.CLEARED, {}, True

    def _silence(self):
        """What every retrain begins with (9.5.1)."""
        self._give(Signal.SILENCE, "silence", repeat=True, now=True)
        self._start()

    # --- Time ------------------------------------------------------------------------------------

    def _time(self, timer, name):
        """Let a timer run from the next beginning of a signal."""
        self._timers[timer] = name, len(self._generator.log)

    def _due(self):
        """Data frame before which the next timeout comes, None without one that runs."""
        due = [self._frame_of(*timer) for timer in self._timers.items()]
        return min((frame for frame in due if frame is not None), default=None)

    def _frame_of(self, timer, start):
        name, first = start
        if name:
            later = self._generator.log[first:]
            first = next((entry.first for entry in later if entry.command.name == name), None)
            if first is None:
                return None
        seconds, round_trips = timer
        return first + round((seconds + round_trips * self._round_trip) * FRAME_RATE)

    def _expire(self):
        if self._state == State.ANSWER:
            self._clear()
        else:
            self.retrain()

    # --- What a CP may ask -----------------------------------------------------------------------

    def _accepted(self, cp):
        """Mapping parameters of a CP, in this modem's law; None, with ``refused``, where not."""
        try:
            asked = mapping_parameters(cp)
            name = asked.type
            if cp["type"] and not self._rates >> cp["drn"] - 1 & 1:
                raise V90Error(f"{name} asks for {int(asked.rate)} bit/s, which Jd does not offer")
            if asked.ld > self._look_ahead:
                raise V90Error(
                    f"{name} asks for a look-ahead of {asked.ld}, and Jd offers {self._look_ahead}"
                )
            measured = asked.with_law(self._law)
            if self._at_codec and cp["codec_differs"]:
                measured = mapping_parameters({**cp, "constellations": cp["codec_constellations"]})
            if measured.exceeds(self._power):
                raise V90Error(f"{name} asks for more power than {self._power:g} dBm0")
        except V90Error as error:
            self.refused = str(error)
            return None
        return asked.with_law(self._law)
