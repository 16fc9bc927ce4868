"""Phase 3 of either modem (9.3/V.90): training of the analogue modem's receiver, Jd and DIL.

Each object begins with its modem's phase 3 and ends with Ri. It sees one training; a retrain makes
a new one.
"""

import numpy as np

from golden.errors import V90Error
from golden.learning import learning, shaping
from golden.learning.constellations import FILTER
from golden.modem.states import AnaloguePhase, DigitalState, Upstream
from golden.modem.timers import NO_END, NO_S
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.receiver.slicer import FINE
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN
from golden.receiver.training import DilAverager, TrainingDecoder
from golden.receiver.training_levels import codeword_levels, own_levels
from golden.signals.generator import Signal
from golden.signals.sequences import DIL, JD
from golden.signals.training import SD, SD_BAR, dil_lengths

#: Data frames of TRN1d or Jd from which the levels of U_INFO are taken.
LEVEL_FRAMES = 64

#: Data frames from which the noise is taken: 6 * 128 values, whose deviation is right within 2.6 %
#: (0.22 dB).
NOISE_FRAMES = 128

#: Data frames after a change of levels or taps that are left out of measurements.
_TRANSIENT = 16

#: Misfit (:class:`~golden.learning.learning.Impairments`) above which another pass of DIL is worth
#: its time.
MISFIT = 2.0

#: Values beyond this many times TRN1d's level may have been cut off by the A/D.
_CLIPPED = 5.0


class DigitalPhase3:
    """The digital modem's phase 3: from Ja, Sd to Jd; from S, Jd' and DIL; from S, Ri (9.3.1).

    ``modem``: the :class:`~golden.modem.digital.DigitalModem`. Its method for each event is called
    in the state that the event is for.
    """

    def __init__(self, modem):
        self._modem = modem
        self._descriptor = None

    def receive_s_bar(self):
        """The S-to-S-bar transition: before Ja, or the one that ends DIL."""
        modem = self._modem
        if modem.state is DigitalState.S:
            modem.state = DigitalState.JA
        elif modem.state is DigitalState.S_IN_DIL:
            modem.timers.stop(NO_END)
            modem.phase4.begin()

    def receive_ja(self, bits):
        """Ja in one whole sequence: send silence, Sd, S-bar-d, TRN1d and Jd (9.3.1.3, 9.3.1.4)."""
        self._descriptor = DIL.parse(bits)
        if self._descriptor is None:
            return
        modem = self._modem
        if modem.wait_frames:
            modem.give(Signal.SILENCE, "silence", modem.wait_frames)
        modem.give(Signal.SD, "Sd", SD, value=modem.u_info)
        modem.give(Signal.SD_BAR, "S-bar-d", SD_BAR, value=modem.u_info)
        modem.give(Signal.TRN1D, "TRN1d", modem.trn1d_frames, value=modem.u_info)
        modem.give(Signal.JD, "Jd", repeat=True, value=(modem.u_info, modem.jd))
        modem.state = DigitalState.S_IN_JD
        modem.start_timer(NO_S, "TRN1d")

    def receive_s_in_jd(self):
        """S in Jd: end Jd, and send DIL if one was asked for (9.3.1.5, 9.3.1.6).

        An S that began before Jd is detected in Jd's first sequence.
        """
        modem = self._modem
        modem.timers.stop(NO_S)
        modem.give(Signal.JD_END, "Jd'", value=(modem.u_info, None))
        if self._descriptor["segments"]:
            modem.give(Signal.DIL, "DIL", repeat=True, value=self._descriptor)
            modem.state = DigitalState.S_IN_DIL
            modem.start_timer(NO_END, "DIL")
        else:
            modem.phase4.begin()


class AnaloguePhase3:
    """The analogue modem's phase 3: TRN1d, Jd and DIL to a proposal for CPt and CP (9.3.2).

    It begins with the detection of Sd. From TRN1d it takes the levels of U_INFO and the noise, from
    Jd the digital modem's offer, from DIL the network's impairments. Then it chooses the mapping
    parameters and hands over to phase 4.

    ``modem``: the :class:`~golden.modem.analogue.AnalogueModem`, whose ``reading`` gets the
    findings and whose ``receiver`` gets the levels.

    ``process(decisions)`` takes :class:`~golden.receiver.decisions.Decisions` of this training.
    """

    def __init__(self, modem):
        self._modem = modem
        modem.receiver.ignore_sd(True, modem.line)
        self._decoder = TrainingDecoder()
        self._first = None
        #: In TRN1d and Jd: numbers, soft values, bits and errors by piece.
        self._pieces = []
        #: Levels of U_INFO by interval, ``(6, 2)`` in even and odd data frames, and as Levels;
        #: the data frame from which they are used.
        self._reference = self._levels = self._levels_at = None
        self._residue = None
        #: Law and gain of the levels on which DIL is decided.
        self._scale = None
        self._averager = None
        #: DIL's data frames that do not make a whole DIL yet, and the number of their first.
        self._fine, self._dil_at = np.zeros((0, INTERVALS), np.int64), None

    def event(self, number, kind):
        """Take an event of the receiver: none concerns phase 3."""

    def process(self, decisions):
        """See the class."""
        if self._first is None:
            self._first = int(decisions.number[0])
        before = self._decoder.dil
        bits, _ = self._decoder.process(decisions.sign)
        if self._modem.phase is AnaloguePhase.TRN1D:
            if self._decoder.dil is not None:
                # Nobody asked for Jd' yet: it was none, or another modem asked for this DIL.
                self._modem.retrain()
                return
            self._pieces.append((decisions.number, decisions.fine, bits, decisions.error))
            self._receive_trn1d()
        elif self._decoder.dil is not None:
            if before is None:
                self._begin_dil(self._first + self._decoder.dil)
            self._fine = np.concatenate(
                [self._fine, decisions.fine[decisions.number >= self._dil_at]]
            )
            self._average()

    # --- TRN1d and Jd -----------------------------------------------------------------------------

    def _receive_trn1d(self):
        number, fine, bits, errors = (
            np.concatenate(column) for column in zip(*self._pieces, strict=True)
        )
        if self._levels is None:
            self._find_levels(number, np.abs(fine) / (1 << FINE))
            return
        settled = max(AGAIN + TRAINED_AGAIN + SOLVING, self._levels_at) + _TRANSIENT
        if self._modem.number < settled + NOISE_FRAMES:
            return
        sequences = JD.find(bits.reshape(-1))
        if not sequences:
            return
        reading = self._modem.reading
        reading.jd, reading.jds = sequences[-1][1], len(sequences)
        reading.deviation = errors[number >= settled].std(0) / (1 << FINE)
        # The residue needs the symbols before the first, too.
        mine = number >= settled - shaping.BEHIND // INTERVALS
        self._residue = shaping.Residue(
            (fine - errors)[mine].reshape(-1) / (1 << FINE),
            errors[mine].reshape(-1) / (1 << FINE),
        )
        # All levels of G.711: whatever the network does, the exchange has no others.
        self._decide_on_codewords(self._modem.law, 1.0)
        self._modem.enter(AnaloguePhase.DIL)
        self._modem.send(Upstream.S)

    def _find_levels(self, number, soft):
        """Take the levels of U_INFO, and decide on them from now on."""
        if len(number) < LEVEL_FRAMES + _TRANSIENT:
            return
        modem = self._modem
        mine = number >= self._first + _TRANSIENT
        self._levels_at = modem.number
        self._reference, self._levels = own_levels(soft[mine], number[mine], modem.u_info)
        modem.receiver.switch(self._levels, self._levels_at, modem.line)

    # --- DIL --------------------------------------------------------------------------------------

    def _decide_on_codewords(self, law, gain):
        """Decide DIL on all levels of G.711 times ``gain``."""
        modem = self._modem
        self._scale = law, gain
        levels = codeword_levels(law, gain, self._levels, modem.u_info)
        modem.receiver.switch(levels, modem.number, modem.line)

    def _begin_dil(self, start):
        modem = self._modem
        modem.reading.times["DIL"] = start
        self._averager = DilAverager(modem.descriptor)
        self._dil_at = start
        modem.receiver.know(modem.descriptor, self._reference, start, modem.line)

    def _average(self):
        modem = self._modem
        whole = int(dil_lengths(modem.descriptor).sum()) // INTERVALS
        while len(self._fine) >= whole and modem.phase is AnaloguePhase.DIL:
            self._averager.process(self._fine[:whole])
            self._fine = self._fine[whole:]
            self._dil_at += whole
            modem.reading.passes += 1
            self._learn()

    def _learn(self):
        """Explain DIL's averages; listen to another pass, propose, or begin anew."""
        modem = self._modem
        measurement = learning.Measurement.of_segments(
            modem.descriptor,
            self._averager.sums,
            self._averager.counts,
            modem.training_noise(),
            learning.LEAD,
        )
        level = g711.linear(modem.u_info, modem.law)
        measurement.count[np.nan_to_num(measurement.mean) > _CLIPPED * level] = 0
        explained = learning.impairments(measurement, modem.law)
        modem.reading.impairments = explained
        if explained.gain <= 0:
            # The signs are not DIL's: synchronism was lost, or never was.
            modem.retrain()
        elif modem.reading.passes < modem.most_passes and explained.misfit > MISFIT:
            law, gain = self._scale
            if explained.law_out != law or abs(explained.gain / gain - 1) > 1 / 256:
                # These decisions were on levels that the line does not have.
                self._decide_on_codewords(explained.law_out, explained.gain)
                self._averager = DilAverager(modem.descriptor)
        else:
            self._propose()

    # --- CPt and CP -------------------------------------------------------------------------------

    def _propose(self):
        modem = self._modem
        deviation = modem.training_noise()
        try:
            modem.proposal = modem.propose(*self._shaping(deviation))
            cp = modem.best(deviation, modem.margin)
            cpt = modem.proposal.cpt(deviation, modem.margin)
            levels = modem.proposal.levels(cpt.intervals)
        except V90Error:
            # Another training may find another line. A call without data says so in the end.
            modem.retrain()
            return
        modem.reading.cpt, modem.reading.cp = cpt, cp
        modem.receiver.know(None, None, 0, modem.line)
        modem.phase4.begin(self._levels, levels)

    def _shaping(self, deviation):
        """Sr and the shaper's filter with which the rate is highest, unless Sr is given."""
        modem = self._modem
        if modem.sr is not None:
            return modem.sr, FILTER

        def design(sr, filter, factor):
            proposal = modem.propose(sr, filter)
            parameters = proposal.cp(factor * deviation, modem.margin, modem.most_bits)
            return parameters, proposal.room(parameters, factor * deviation)

        return shaping.choice(self._residue, design)
