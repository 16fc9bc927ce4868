"""Phase 4 and rate renegotiations of either modem (9.4, 9.6 and 9.7/V.90): CPt, MP and CP.

Each object begins with its modem's phase 4 and serves every rate renegotiation after it; a retrain
makes a new one.
"""

from dataclasses import replace

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.learning.constellations import FILTER
from golden.modem.states import RATE_STATES, AnaloguePhase, DigitalState, Upstream
from golden.modem.timers import NO_ANSWER, NO_E
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, renegotiated
from golden.receiver.decisions import DecisionDecoder
from golden.receiver.timetable import Kind
from golden.receiver.training_levels import NEVER_LOST
from golden.signals.generator import Signal
from golden.signals.sequences import MP
from golden.signals.training import ED_FRAMES, R_BAR, RD_FRAMES, RI_FRAMES

#: Data frames of TRN2d from which the noise under data's levels is taken.
TRN2D_NOISE_FRAMES = 240

#: Data frames of silence for an echo canceller. 9.6.2.1.6 allows 1 s; with a round trip this is
#: less than the time for which the receiver waits for a line that is dead.
QUIET_FRAMES = int(0.75 * FRAMES_A_SECOND)

#: Data frames of TRN2d that are left out of measurements.
_TRANSIENT = 16


def greatest(parameters):
    """The Ucode of the greatest power in each interval, with which Rd and Rt are sent (8.6.4)."""
    return tuple(constellation[-1] for constellation in parameters.intervals)


class DigitalPhase4:
    """The digital modem's part: Ri, TRN2d, MP, Ed and B1d (9.4.1), Rd and Rt (9.6.1).

    ``modem``: the :class:`~golden.modem.digital.DigitalModem`.
    """

    def __init__(self, modem):
        self._modem = modem
        #: Mapping parameters of CPt, and those of TRN2d and MP in a rate renegotiation.
        self._cpt = self._training = None
        self._renegotiates = self._clears = False

    def begin(self):
        """Send Ri until CPt comes (9.4.1.1)."""
        self._send_r("Ri", None, RI_FRAMES, (self._modem.u_info,) * INTERVALS, repeat=True)
        self._modem.state = DigitalState.CPT

    def renegotiate(self, clears=False):
        """Send Rd, R-bar-d, TRN2d and MP (9.6.1.1.1, 9.6.1.2.2); ``clears``: MP has drn = 0."""
        modem = self._modem
        self._clears = self._clears or clears
        self._send_r("Rd", "R-bar-d", RD_FRAMES, greatest(modem.parameters))
        # 8.6: the shaping of the data mode before, the K and the constellations of CPt.
        self._training = renegotiated(self._cpt, modem.parameters)
        self._renegotiates = True
        modem.start_timer(NO_E, "R-bar-d")
        self._send_trn2d()

    def give_up(self):
        """Send MP with drn = 0 in place of what is being sent (9.7)."""
        self._clears = True
        self._send_mp(0)
        self._modem.state = DigitalState.ANSWER
        self._modem.timers.stop_all()
        self._modem.start_timer(NO_ANSWER, "MP")

    def receive_e(self):
        """E acknowledges MP, as CP' does."""
        self._modem.timers.stop(NO_E)
        if self._modem.state is DigitalState.ACKNOWLEDGE:
            self._finish()

    def receive_cp(self, cp):
        """A CPt, CP, CP' or CPs: its fields, from :data:`golden.signals.sequences.CP`."""
        modem, state = self._modem, self._modem.state
        if cp["drn"] == 0 and state in RATE_STATES:
            modem.clear()
        elif state is DigitalState.CPT and not cp["type"]:
            self._receive_cpt(cp)
        elif state is DigitalState.ACKNOWLEDGE and cp["type"] and cp["acknowledge"]:
            self._finish()
        elif state is DigitalState.SILENCE and cp["silence"] and cp["acknowledge"]:
            modem.give(Signal.ED, "Ed", ED_FRAMES)
            modem.give(Signal.SILENCE, "silence", repeat=True)
            modem.state = DigitalState.CP_IN_SILENCE
        elif state is DigitalState.CP and cp["type"] and cp["silence"] and self._renegotiates:
            self._send_mp(1)
            modem.state = DigitalState.SILENCE
            if cp["acknowledge"]:
                self.receive_cp(cp)
        elif (
            state in (DigitalState.CP, DigitalState.CP_IN_SILENCE)
            and cp["type"]
            and not cp["silence"]
        ):
            self._receive_rates(cp)

    def _receive_cpt(self, cp):
        """CPt: send R-bar-i, TRN2d and MP (9.4.1.2, 9.4.1.3)."""
        modem = self._modem
        self._cpt = self._training = modem.accepted(cp)
        if self._cpt is None:
            # Without parameters there is no MP that could say so.
            modem.clear()
            return
        modem.give(Signal.R_BAR, "R-bar-i", R_BAR, value=(modem.u_info,) * INTERVALS)
        self._send_trn2d()

    def _receive_rates(self, cp):
        """CP with mapping parameters for data: MP', or MP with drn = 0 where they are refused."""
        modem = self._modem
        asked = modem.accepted(cp)
        if modem.state is DigitalState.CP_IN_SILENCE:
            self._send_r("Rt", "R-bar-t", RD_FRAMES, greatest(self._cpt))
            if asked is not None:
                self._send_mp(0, repeat=False)
        if asked is None:
            self.give_up()
            return
        modem.parameters = asked
        self._send_mp(1)
        modem.state = DigitalState.ACKNOWLEDGE
        if cp["acknowledge"]:
            self._finish()

    def _send_r(self, name, bar, length, ucodes, repeat=False):
        self._modem.give(Signal.R, name, length, repeat, ucodes)
        if not repeat:
            self._modem.give(Signal.R_BAR, bar, R_BAR, value=ucodes)

    def _send_trn2d(self):
        modem = self._modem
        modem.give(Signal.TRN2D, "TRN2d", modem.trn2d_frames, value=self._training)
        self._send_mp(0)
        modem.state = DigitalState.CP
        if self._clears:
            modem.state = DigitalState.ANSWER
            modem.start_timer(NO_ANSWER, "MP")

    def _send_mp(self, acknowledge, repeat=True):
        fields = {**self._modem.mp, "acknowledge": acknowledge}
        if self._clears:
            fields["drn"] = 0
        bits = MP.build(self._training.data_bits, **fields)
        signal, name = ((Signal.MP, "MP"), (Signal.MP_ACK, "MP'"))[acknowledge]
        self._modem.give(signal, name, repeat=repeat, value=bits)

    def _finish(self):
        """Send Ed, B1d and data (9.4.1.4, 9.4.1.5)."""
        modem = self._modem
        modem.give(Signal.ED, "Ed", ED_FRAMES)
        modem.give(Signal.B1D, "B1d", B1D_FRAMES, value=modem.parameters)
        modem.give(Signal.DATA, "data", repeat=True)
        modem.state = DigitalState.DATA


class AnaloguePhase4:
    """The analogue modem's part: CPt until R-bar, noise from TRN2d, CP until Ed (9.4.2, 9.6.2).

    ``modem``: the :class:`~golden.modem.analogue.AnalogueModem`, whose ``reading`` gets the
    findings, whose ``proposal`` makes CP, and whose ``receiver`` gets the levels.

    ``process(decisions)`` takes :class:`~golden.receiver.decisions.Decisions`; :meth:`repeat` is
    called once a piece.

    Attributes
    ----------
    quiet : bool, the rate renegotiation asks for silence (CPs, 9.6.2.1.3)
    wanted : mapping parameters that CP asks for
    """

    def __init__(self, modem):
        self._modem = modem
        self.quiet, self.wanted = False, None
        #: Levels of U_INFO and of CPt, and whether CPt is being sent.
        self._ri_levels = self._cpt_levels = None
        self._sends_cpt = False
        #: Mapping parameters of TRN2d and MP, their decoder, bits and errors by piece.
        self._training = self._decoder = None
        self._bits, self._errors = [], []
        #: CP's parameters stand already; MP' was received.
        self._agreed = self._acknowledged = False

    def begin(self, ri_levels, cpt_levels):
        """Send S and its transition, which ends DIL; ``ri_levels``: U_INFO's, for Ri."""
        self._ri_levels, self._cpt_levels = ri_levels, cpt_levels
        self._modem.enter(AnaloguePhase.RI)
        self._sends_cpt = False
        self._modem.send_s()

    def event(self, number, kind):
        """Take an event of the receiver in phases RI, TRN2D, MP and SILENCE."""
        modem, phase = self._modem, self._modem.phase
        if kind is Kind.SWITCHED and phase is AnaloguePhase.RI:
            self._receive_trn2d(number, modem.reading.cpt)
        elif kind is Kind.SWITCHED and phase is AnaloguePhase.SILENCE:
            self.restart(number, agreed=True)
        elif kind is Kind.ED and phase is AnaloguePhase.MP:
            if self.quiet:
                self._begin_silence()
            else:
                self._finish(number)
        elif kind is Kind.R and phase is AnaloguePhase.RI:
            # Ri lasts until CPt comes. On TRN1d's levels taps and clock adapt meanwhile. CPt's
            # levels are armed once those are in use.
            modem.receiver.switch(self._ri_levels, number, modem.line)
            self._sends_cpt = False
        elif kind is Kind.DATA and phase is AnaloguePhase.RI:
            modem.receiver.arm(self._cpt_levels, modem.line)
            modem.receiver.follow(modem.reading.cpt, modem.line)
            self._sends_cpt = True

    def process(self, decisions):
        """See the class."""
        phase = self._modem.phase
        if phase not in (AnaloguePhase.TRN2D, AnaloguePhase.MP):
            return
        bits, errors = self._decoder.process(decisions)
        self._bits.append(bits)
        self._errors.append(errors)
        reading, sequences = self._modem.reading, MP.find(np.concatenate(self._bits))
        if sequences:
            reading.mp, reading.mps = sequences[-1][1], len(sequences)
            if reading.mp["drn"] == 0:
                self._modem.enter(AnaloguePhase.CLEARED)
                return
        if phase is AnaloguePhase.TRN2D:
            self._ask(bool(sequences))
        elif any(one["acknowledge"] for _, one in sequences):
            # CP' has been sent with the piece before.
            self._acknowledged = True

    def repeat(self):
        """Send CPt until R-bar, CP or CPs until Ed, CP until Rt: a sequence a piece."""
        modem = self._modem
        if modem.phase is AnaloguePhase.RI and self._sends_cpt:
            modem.send(Upstream.CP, modem.proposal.sequence(modem.reading.cpt))
        elif modem.phase is AnaloguePhase.SILENCE and modem.waited > QUIET_FRAMES:
            modem.send(Upstream.CP, modem.proposal.sequence(self.wanted))
        elif modem.phase is AnaloguePhase.MP:
            acknowledge = int(modem.reading.mps > 0)
            sequence = modem.proposal.sequence(self.wanted, acknowledge, modem.clearing, self.quiet)
            modem.send(Upstream.CP, sequence)
            if modem.clearing:
                modem.enter(AnaloguePhase.CLEARED)
            elif self._acknowledged and not self.quiet:
                modem.send(Upstream.E)

    # --- TRN2d and MP -----------------------------------------------------------------------------

    def restart(self, number, agreed=False):
        """TRN2d of a rate renegotiation begins with data frame ``number``.

        ``agreed``: it comes after silence, and CP asks for the same as CPs did.
        """
        reading = self._modem.reading
        self._receive_trn2d(number, renegotiated(reading.cpt, reading.cp), agreed)
        self._modem.renegotiations += 1

    def _receive_trn2d(self, number, parameters, agreed=False):
        reading = self._modem.reading
        reading.times["TRN2d"] = number
        # An MP of a training before acknowledges nothing.
        reading.mps = 0
        self._training, self._agreed = parameters, agreed
        self._decoder = DecisionDecoder(parameters, number)
        self._bits, self._errors, self._acknowledged = [], [], False
        self._modem.enter(AnaloguePhase.TRN2D)

    def _ask(self, has_mp):
        """Choose CP's parameters once TRN2d is long enough, or MP has come."""
        modem, errors = self._modem, np.concatenate(self._errors)
        if len(errors) < _TRANSIENT + TRN2D_NOISE_FRAMES and not has_mp:
            return
        if modem.renegotiations == 0 or len(errors) > TRN2D_NOISE_FRAMES:
            own = errors[min(_TRANSIENT, len(errors) // 2) :]
            pooled = np.sqrt(np.median(np.mean(own**2, axis=0)))
            modem.reading.phase4_deviation = np.full(INTERVALS, pooled)
        try:
            if not self._agreed:
                self.wanted = self._best()
            after_ed = (
                self._silence() if self.quiet else modem.proposal.levels(self.wanted.intervals)
            )
        except V90Error:
            # There is no rate; or there are no levels, as the gain changed since DIL.
            modem.retrain()
            return
        modem.receiver.after_ed(after_ed, modem.line)
        modem.enter(AnaloguePhase.MP)

    def _best(self):
        """CP's parameters of the highest rate at TRN2d's noise, or else unshaped at TRN1d's."""
        modem = self._modem
        tries = [(modem.proposal, modem.reading.phase4_deviation)]
        if modem.sr is None and modem.proposal.sr and not modem.renegotiations:
            tries.append((modem.propose(0, FILTER), modem.training_noise()))
        found = []
        for proposal, deviation in tries:
            try:
                found.append((modem.best(deviation, modem.margin, proposal), proposal))
            except CallFailed:
                pass  # the other one may have a rate
        if not found:
            raise CallFailed("no signal has a rate at this noise")
        wanted, modem.proposal = max(found, key=lambda one: one[0].data_bits)
        return wanted

    # --- Ed ---------------------------------------------------------------------------------------

    def _silence(self):
        """Levels for the silence after CPs' Ed, Ucode 0, and for Rt, CPt's greatest Ucodes."""
        intervals = [(0, ucode) for ucode in greatest(self._modem.reading.cpt)]
        return replace(self._modem.proposal.levels(intervals), lost=NEVER_LOST, guess=True)

    def _begin_silence(self):
        modem = self._modem
        self.quiet = False
        modem.send(Upstream.SCR)
        modem.receiver.arm(modem.proposal.levels(self._training.intervals), modem.line)
        modem.receiver.follow(self._training, modem.line)
        modem.enter(AnaloguePhase.SILENCE)

    def _finish(self, number):
        """B1d begins with data frame ``number``."""
        modem = self._modem
        modem.reading.times["B1d"] = number
        if not self._acknowledged:
            modem.send(Upstream.CP, modem.proposal.sequence(self.wanted, 1))
            modem.send(Upstream.E)
        modem.send(Upstream.B1)
        modem.reading.cp = self.wanted
        modem.data_mode.begin(number)
