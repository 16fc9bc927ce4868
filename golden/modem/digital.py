"""The digital modem's procedures (9.3.1, 9.4.1, 9.5.1, 9.6.1 and 9.7/V.90).

The analogue modem's signals come over an ideal return path, as events. Phases 1 and 2 are not part
of it: U_INFO is given, and a retrain is silence until phase 3 begins again. Signals with which a
digital modem trains its own receiver, MD, PP and TRN, have no event.
"""

from dataclasses import dataclass, replace

import numpy as np

from golden.errors import V90Error
from golden.modem.offer import Offer
from golden.modem.phase3 import DigitalPhase3
from golden.modem.phase4 import DigitalPhase4
from golden.modem.states import DigitalState, Upstream
from golden.modem.timers import NO_B1, Timers
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.signals.generator import Command, Generator, Signal
from golden.signals.sequences import CP, JD, MP

#: Symbols of TRN1d (9.3.1.4) and of TRN2d (9.4.1.2, 9.4.1.3), least and most. 9.3.1.4 has 32 000
#: symbols as TRN1d's most, but servers send 32 760, and clients that know them wait for it.
TRN1D_SYMBOLS, TRN2D_SYMBOLS = (2040, 32760), (2040, 16000)

#: Data frames between Ja and Sd at most, 500 ms (9.3.1.3).
WAIT = 666

#: All rates of Jd, 28 000 to 56 000 bit/s (Table 13).
ALL_RATES = (1 << 22) - 1

#: MP with nothing to say: 4800 to 33 600 bit/s.
MP_FIELDS = {
    "type": 0,
    "drn": 14,
    "trellis": 0,
    "nonlinear": 0,
    "shaping": 0,
    "upstream_rates": 0x1FFF,
}


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

    An event counts from the next data frame that is decided on. That is heard
    ``golden.pcm.parameters.DELAY_FRAMES`` later (:class:`golden.signals.generator.Generator`). An
    event that the state has no use for changes nothing.

    Parameters
    ----------
    law : str, A or mu
    u_info : int, U_INFO of INFO1a
    power : float, dBm0, most transmit power of INFO0d
    at_codec : bool, INFO0d: it counts at the codec's output
    rates, look_ahead : int, of Jd
    trn1d, trn2d : int, symbols
    mp : fields of :data:`golden.signals.sequences.MP` that differ from :data:`MP_FIELDS`
    wait : int, data frames between Ja and Sd
    round_trip : float, seconds
    jd : other fields of :data:`golden.signals.sequences.JD`

    Raises :class:`~golden.errors.V90Error` for a parameter that the Recommendation does not have.

    Attributes
    ----------
    parameters : MappingParameters of the data mode, from CP's acceptance on, or None
    refused : str, why a CP was not accepted, or None
    cleared : bool, the connection was ended, from the moment that is decided
    retrains : int, how many were begun by this side: timeouts, and :meth:`retrain`

    A :class:`~golden.modem.phase3.DigitalPhase3` and a :class:`~golden.modem.phase4.DigitalPhase4`
    do what a phase asks for. They share this object's ``state``, ``timers`` and ``generator``.
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
        self._offer = Offer(law, power, at_codec, rates, look_ahead)
        fields = {"training": 0, "renegotiation": 0, **(jd or {})}
        self.jd = JD.build(rates=rates, look_ahead=look_ahead, **fields)
        self.mp = {**MP_FIELDS, **(mp or {})}
        self.mp.pop("acknowledge", None)
        MP.build(acknowledge=0, **self.mp)  # what is wrong with it is said at once
        self.u_info, self.wait_frames = u_info, wait
        self.trn1d_frames, self.trn2d_frames = trn1d // INTERVALS, trn2d // INTERVALS
        self.generator, self.timers = Generator(law), Timers(round_trip)
        self.refused, self.cleared, self.retrains = None, False, 0
        self._start()

    def _start(self):
        """Phase 3 is to come."""
        self.state, self.parameters = DigitalState.S, None
        self.timers.stop_all()
        self.phase3, self.phase4 = DigitalPhase3(self), DigitalPhase4(self)
        #: S has come, and its transition has not.
        self._in_s = False

    # --- Results ----------------------------------------------------------------------------------

    @property
    def timeline(self):
        """What has been sent so far, list of :class:`Sent`."""
        sent = []
        for entry in self.generator.log:
            frames = min(entry.frames, self.generator.given - entry.first)
            name = entry.command.name
            if frames > 0 and sent and sent[-1].signal == name:
                sent[-1] = replace(sent[-1], frames=sent[-1].frames + frames)
            elif frames > 0:
                sent.append(Sent(name, entry.first, frames))
        return sent

    @property
    def in_data(self):
        """Whether the data frame given last was of the data mode."""
        sent = [entry for entry in self.generator.log if entry.first < self.generator.given]
        return bool(sent) and sent[-1].command.signal == Signal.DATA

    @property
    def queued(self):
        """Data bits that have not been sent."""
        return self.generator.queued

    @property
    def underruns(self):
        """Data frames of the data mode that were ones, as there were too few bits."""
        return self.generator.underruns

    # --- Requests ---------------------------------------------------------------------------------

    def send(self, bits):
        """Append data bits; they are kept until there is a data mode to send them in."""
        self.generator.fill(bits)

    def frames(self, count):
        """The next ``count`` data frames: octets (uint8, ``(6 count,)``)."""
        parts = [np.zeros(0, np.uint8)]
        while count:
            # No timeout is shorter, so none passes unseen that starts in a piece.
            piece = min(count, int(FRAMES_A_SECOND))
            due = self._due()
            if due is not None:
                piece = min(piece, max(due - self.generator.given, 1))
            parts.append(self.generator.process(piece))
            count -= piece
            if self._due() is not None and self.generator.given >= self._due():
                self._expire()
        return np.concatenate(parts)

    def renegotiate(self):
        """Begin a rate renegotiation (9.6.1.1.1)."""
        if self.state is not DigitalState.DATA:
            raise V90Error("a rate renegotiation begins in data mode, and this is none")
        self.phase4.renegotiate()

    def retrain(self):
        """Begin a retrain (9.5.1.1): silence, until phase 3 begins again."""
        if self.cleared:
            raise V90Error("a connection that is cleared down has no retrain")
        self.retrains += 1
        self._silence()

    def cleardown(self):
        """End the connection (9.7), by MP with drn = 0 where this modem sends or can send MP."""
        if self.state is DigitalState.DATA:
            self.phase4.renegotiate(clears=True)
        elif self.state in (DigitalState.CP, DigitalState.ACKNOWLEDGE, DigitalState.SILENCE):
            self.phase4.give_up()
        elif not self.cleared:
            self.clear()

    # --- Events -----------------------------------------------------------------------------------

    def receive(self, upstream, bits=None):
        """Something new from the far end; ``bits``: one whole Ja or CP sequence."""
        if self.cleared:
            return
        if upstream is Upstream.TONE_A:  # 9.5.1.2
            self._silence()
        elif upstream is Upstream.CP:
            cp = CP.parse(bits)
            if cp is not None:
                self.phase4.receive_cp(cp)
        elif upstream is Upstream.JA and self.state is DigitalState.JA:
            self.phase3.receive_ja(bits)
        elif upstream is Upstream.S:
            self._receive_s()
        elif upstream is Upstream.S_BAR:
            self._receive_s_bar()
        elif upstream is Upstream.E:
            self.phase4.receive_e()
        elif upstream is Upstream.B1:
            self.timers.stop(NO_B1)
        if self.state is DigitalState.ANSWER and upstream in (Upstream.SILENCE, Upstream.E):
            self.clear()

    def _receive_s(self):
        in_jd = self.state is DigitalState.S_IN_JD
        # The transition after Jd's S comes before that of the S which ends DIL.
        self._in_s = not in_jd
        if in_jd:
            self.phase3.receive_s_in_jd()
        elif self.state is DigitalState.S:
            self.timers.start_at(NO_B1, self.generator.given)

    def _receive_s_bar(self):
        if not self._in_s:
            return
        self._in_s = False
        if self.state is DigitalState.DATA:
            self.phase4.renegotiate()
        else:
            self.phase3.receive_s_bar()

    # --- For the phases ---------------------------------------------------------------------------

    def give(self, signal, name, length=1, repeat=False, value=None, now=False):
        """Have a signal sent: a :class:`~golden.signals.generator.Command` for the generator."""
        self.generator.give(Command(signal, length, repeat, value, now, name))

    def start_timer(self, timeout, name):
        """Let a timer run from the next beginning of the signal ``name``."""
        self.timers.start(timeout, name, self.generator.log)

    def accepted(self, cp):
        """Mapping parameters for a CP's fields, in this modem's law; None where it is refused."""
        try:
            return self._offer.accepted(cp)
        except V90Error as error:
            self.refused = str(error)
            return None

    def clear(self):
        """End the connection with silence."""
        self.give(Signal.SILENCE, "silence", repeat=True)
        self.timers.stop_all()
        self.state, self.cleared = DigitalState.CLEARED, True

    def _silence(self):
        """Begin any retrain: silence at once (9.5.1)."""
        self.give(Signal.SILENCE, "silence", repeat=True, now=True)
        self._start()

    def _due(self):
        return self.timers.due(self.generator.log)

    def _expire(self):
        if self.state is DigitalState.ANSWER:
            self.clear()
        else:
            self.retrain()
