"""The analogue modem's procedures, downstream (9.3.2, 9.4.2, 9.5.2, 9.6.2 and 9.7/V.90).

Phases 1 and 2 are not part of it: it begins with phase 3. From them it is given the contents of
INFO0d, and it chooses U_INFO. It learns the rest: the taps from TRN1d, the network from DIL, the
noise from decisions. Upstream it sends signals and whole bit sequences, which a return path carries
to the digital modem.
"""

import numpy as np

from golden.errors import V90Error
from golden.learning import learning
from golden.learning.proposal import Proposal
from golden.modem.data import DataMode
from golden.modem.phase3 import MISFIT, AnaloguePhase3
from golden.modem.phase4 import AnaloguePhase4
from golden.modem.states import AnaloguePhase, TrainingReading, Upstream
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS
from golden.receiver.timetable import Kind
from golden.signals.sequences import DIL

#: dB of margin that CP keeps as a rule, for noise that comes later: with it, 6e-9 of the decisions
#: are wrong. With 1 dB it was 4e-8, and an error in one of 528 calls of 5 s.
MARGIN = 1.5

#: Most passes of DIL: 4 * 1.21 s are within the 5000 ms of 9.3.2.10. After a retrain fewer do, if
#: the last result fitted well.
PASSES, PASSES_AGAIN = 4, 2

#: Data frames for which a phase may last before a retrain: 1.5 s for Sd, 10 s for the rest of phase
#: 3 (9.3.2.4, 9.3.2.7), and for phase 4 that part of the 15 s of 9.4.2 which is left for it.
_SD, _PHASE_3, _PHASE_4 = (int(seconds * FRAMES_A_SECOND) for seconds in (1.5, 10.0, 8.0))
_LONGEST = {
    AnaloguePhase.SD: _SD,
    AnaloguePhase.TRN1D: _PHASE_3,
    AnaloguePhase.DIL: _PHASE_3,
    AnaloguePhase.RI: _PHASE_4,
    AnaloguePhase.TRN2D: _PHASE_4,
    AnaloguePhase.MP: _PHASE_4,
    AnaloguePhase.RD: _PHASE_4,
    AnaloguePhase.SILENCE: _PHASE_4,
}


class AnalogueModem:
    """One analogue modem, on a line of a receiver: decisions in, upstream signals and bits out.

    ``process(decisions, frames)`` takes :class:`~golden.receiver.decisions.Decisions` in pieces.
    ``frames`` is how many data frames the piece lasted, decided or not. It returns the signals to
    send upstream: pairs of :class:`~golden.modem.states.Upstream` and bits or None.

    Parameters
    ----------
    receiver : Receiver
        Its ``training`` for this line are
        :func:`golden.receiver.training_levels.training_levels`.
    line : int
    law, power, at_codec
        Of INFO0d: law of the digital modem, limit of the average power in dBm0, and whether it
        counts at the codec's output (bits 39, 33:37, 38).
    u_info : int
        Of INFO1a.
    margin : float
        dB between the noise found and that with which 1e-6 of the decisions are wrong.
    most_bits : int, optional
        Largest D to ask for.
    sr, ld : int
        Of the shaper, as :class:`~golden.learning.proposal.Proposal` takes them. Without ``sr``,
        :func:`~golden.learning.shaping.choice` chooses it and the filter.

    Raises :class:`~golden.errors.V90Error` for a margin that is not 0 to 40 dB.

    Attributes
    ----------
    data : list of uint8 arrays, bits received after B1d that nobody took; :meth:`take` takes them
    phase : :class:`~golden.modem.states.AnaloguePhase`
    reading, readings : the last training's :class:`~golden.modem.states.TrainingReading`, and all
    log : pairs of each phase that began and the number of its first data frame
    proposal : :class:`~golden.learning.proposal.Proposal` that makes CP
    descriptor : DIL that is asked for, fields of :data:`golden.signals.sequences.DIL`
    clearing : bool, the next CP has drn = 0
    renegotiations : int
    number : int, number of the next data frame
    waited : int, data frames since the phase began

    Each part of the procedures has an object of its own, made with each training:
    :class:`~golden.modem.phase3.AnaloguePhase3`, :class:`~golden.modem.phase4.AnaloguePhase4` and
    :class:`~golden.modem.data.DataMode`. An object gets the receiver's events and decisions while
    the modem is in one of its phases.
    """

    def __init__(
        self,
        receiver,
        line=0,
        law="A",
        power=-12.0,
        at_codec=True,
        u_info=79,
        margin=MARGIN,
        most_bits=None,
        sr=None,
        ld=3,
    ):
        if not 0 <= margin <= 40:
            raise V90Error(f"the margin is 0 to 40 dB, not {margin:g}")
        self.receiver, self.line, self.law = receiver, line, law
        self.power, self.at_codec, self.u_info = power, at_codec, u_info
        self.margin, self.most_bits, self.sr, self.ld = margin, most_bits, sr, ld
        self.readings, self.log, self.data, self._out = [], [], [], []
        self.renegotiations, self.clearing, self.number, self.waited = 0, False, 0, 0
        self.proposal = self.phase3 = self.phase4 = self.data_mode = None
        self.phase, self.most_passes = AnaloguePhase.SD, PASSES
        self.descriptor = learning.dil_request(u_info, learning.SEGMENT)
        self._restart()

    @property
    def reading(self):
        """What the last training found."""
        return self.readings[-1]

    def _restart(self):
        """Wait for Sd, and ask for it (9.3.2.2, 9.3.2.3)."""
        known = self.readings[-1].impairments if self.readings else None
        self.readings.append(TrainingReading())
        fits = known is not None and known.misfit <= MISFIT
        self.most_passes = PASSES_AGAIN if fits else PASSES
        self.receiver.ignore_sd(False, self.line)
        self.receiver.know(None, None, 0, self.line)
        self.enter(AnaloguePhase.SD)
        self.send_s()
        self.send(Upstream.JA, DIL.build(2, **self.descriptor))

    # --- Requests ---------------------------------------------------------------------------------

    def take(self):
        """Bits (uint8) received after B1d since the last call."""
        bits = np.concatenate([np.zeros(0, np.uint8), *self.data])
        self.data = []
        return bits

    def retrain(self):
        """Ask for a retrain (9.5.2.1), here from phase 3 on."""
        if self.phase is AnaloguePhase.SD and self.waited < _SD:
            return
        self.receiver.arm(None, self.line)
        self.send(Upstream.TONE_A)
        self._restart()

    def renegotiate(self):
        """Start a rate renegotiation (9.6.2.1) for the rate that the noise bears now."""
        self._leave_data(self._in_data().has_rate())

    def recondition(self):
        """Start one with silence for an echo canceller to train in (CPs, 9.6.2.1.3)."""
        self._in_data()
        self.phase4.quiet = True
        self.renegotiate()

    def cleardown(self):
        """End the call (9.7): a rate renegotiation whose CP has drn = 0."""
        self.clearing = True
        self._leave_data(self.reading.cp is not None)

    def room(self):
        """Margin in dB that the data have over the last half second."""
        return self._in_data().room()

    def _in_data(self):
        if self.data_mode is None:
            raise V90Error("a rate renegotiation begins in data mode, and this is none")
        return self.data_mode

    def _leave_data(self, possible):
        if possible:
            self.data_mode.leave()
        else:
            self.retrain()

    # --- Pieces -----------------------------------------------------------------------------------

    def process(self, decisions, frames):
        """See the class."""
        sent, self._out = self._out, []
        if self.phase is AnaloguePhase.CLEARED:
            return sent
        self.waited += frames
        for number, kind in decisions.events:
            self._event(number, kind, decisions)
        self._process(decisions.of_last_training())
        if self.waited > _LONGEST.get(self.phase, np.inf):
            self.retrain()
        if self.phase4 is not None and self._part is self.phase4:
            self.phase4.repeat()
        sent += self._out
        self._out = []
        return sent

    @property
    def _part(self):
        """The object of the phase that the modem is in, None in SD and after a cleardown."""
        return {
            AnaloguePhase.TRN1D: self.phase3,
            AnaloguePhase.DIL: self.phase3,
            AnaloguePhase.RI: self.phase4,
            AnaloguePhase.TRN2D: self.phase4,
            AnaloguePhase.MP: self.phase4,
            AnaloguePhase.SILENCE: self.phase4,
            AnaloguePhase.DATA: self.data_mode,
            AnaloguePhase.RD: self.data_mode,
        }.get(self.phase)

    def _event(self, number, kind, decisions):
        if kind is Kind.DETECTED:
            self._begin()
        elif kind in (Kind.FAILED, Kind.GIVEN_UP):
            self.retrain()
        elif kind is Kind.RECOVERED and self.data_mode is not None:
            self.data_mode.recover()
        elif self._part is not None:
            if kind is Kind.SWITCHED and self._part is self.data_mode:
                # Data frames before it in this piece are data, up to Rd.
                self._process(decisions.rows(decisions.number < number))
            self._part.event(number, kind)

    def _process(self, decisions):
        if len(decisions.number):
            self.number = int(decisions.number[-1]) + 1
            if self._part is not None:
                self._part.process(decisions)

    def _begin(self):
        """Sd was detected: TRN1d comes."""
        if self.phase is not AnaloguePhase.SD:
            self.readings.append(TrainingReading())
        self.enter(AnaloguePhase.TRN1D)
        self.phase3, self.phase4 = AnaloguePhase3(self), AnaloguePhase4(self)
        self.data_mode = DataMode(self)
        self.number = 0

    # --- For the phases ---------------------------------------------------------------------------

    def enter(self, phase):
        """Go on with another phase."""
        self.phase, self.waited = phase, 0
        self.log.append((phase, self.number))

    def send(self, upstream, bits=None):
        """Send a signal or a sequence upstream, with this piece."""
        self._out.append((upstream, bits))

    def send_s(self):
        """Send S and its transition."""
        self.send(Upstream.S)
        self.send(Upstream.S_BAR)

    def training_noise(self):
        """Deviation of one value in TRN1d and Jd (float64 ``(6,)``, all the same).

        Noise is alike in all intervals; a robbed bit makes a difference, which is no noise.
        """
        return np.full(INTERVALS, np.sqrt(np.median(self.reading.deviation**2)))

    def propose(self, sr, filter):
        """The :class:`~golden.learning.proposal.Proposal` with this Sr and shaping filter."""
        return Proposal(
            self.reading.impairments,
            self.reading.jd,
            self.power,
            self.at_codec,
            self.u_info,
            sr,
            self.ld,
            filter,
        )

    def best(self, deviation, margin, proposal=None):
        """CP's mapping parameters of the highest rate at this noise, of another proposal or ours.

        Raises :class:`~golden.errors.CallFailed` where there is none.
        """
        cpt = self.reading.cpt
        return (proposal or self.proposal).cp(deviation, margin, self.most_bits, cpt)
