"""The analogue modem through phases 3 and 4 and data, downstream (9.3.2, 9.4.2, 9.5.2, 9.6.2/V.90).

It is told what INFO0d tells (law, power limit and where that counts) and chooses U_INFO. Everything
else it learns: the taps from TRN1d, the network from DIL, the noise from decisions. What it sends
upstream are signals and whole bit sequences, which a return path carries to the digital modem.
"""

from dataclasses import dataclass, field, fields, replace
from enum import IntEnum

import numpy as np

from golden.errors import CallFailed, V90Error
from golden.learning import constellations, learning, shaping
from golden.learning.proposal import Proposal
from golden.modem.digital import Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.mapper import Demapper
from golden.pcm.parameters import INTERVALS, renegotiated
from golden.receiver.reversal import R_FRAMES
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN, Kind
from golden.receiver.training import DilAverager, TrainingDecoder
from golden.receiver.training_levels import NEVER_LOST, codeword_levels, own_levels
from golden.signals.sequences import DIL, JD, MP
from golden.signals.training import dil_lengths

#: Data frames a second.
FRAMES = 8000 / INTERVALS

#: Data frames of TRN1d or Jd from which the six levels of U_INFO are taken, and those from which
#: the noise is: 6 * 128 values, whose deviation is right within 2.6 % (0.22 dB).
LEVELS, NOISE = 64, 128

#: Data frames of TRN2d that tell the noise under data's levels.
TRN2D_NOISE = 240

#: dB of margin that CP keeps as a rule, for what noise does later: 6e-9 of the decisions are wrong.
#: With 1 dB it was 4e-8, and an error in one of 528 calls of 5 s.
MARGIN = 1.5

#: Most passes of DIL: 4 * 1.21 s are within the 5000 ms of 9.3.2.10.
PASSES = 4

#: Misfit (:class:`~golden.learning.learning.Impairments`) above which another pass is worth its
#: time.
MISFIT = 2.0

#: dB of the margin that must be lost for half a second, and gained for some seconds beyond a step,
#: before the rate changes; and data frames over which the noise is taken in data.
LOST_DB, GAINED_DB, WATCHED = 1.0, 0.75, int(FRAMES / 2)

#: Data frames after a change before the rate may go up again.
PATIENCE = int(4 * FRAMES)

#: Data frames without synchronism before a retrain: 0.5 s.
HOPELESS = int(0.5 * FRAMES)

#: Data frames of silence that an echo canceller has (9.6.2.1.6 allows 1 s): with a round trip, less
#: than those for which the receiver waits for a line that is dead.
QUIET = int(0.75 * FRAMES)

#: Data frames for which Sd, Jd and the rest of a training may be awaited: 9.3.2.4, 9.3.2.7, and of
#: 15 s of 9.4.2 what concerns phases 3 and 4.
_WAITS = {"Sd": int(1.5 * FRAMES), "phase 3": int(10.0 * FRAMES), "phase 4": int(8.0 * FRAMES)}

#: Levels beyond TRN1d's times this may have been cut off by the A/D.
_CLIPPED = 5.0


class Phase(IntEnum):
    """Where the analogue modem is."""

    SD = 0
    TRN1D = 1
    DIL = 2
    RI = 3
    TRN2D = 4
    MP = 5
    DATA = 6
    RD = 7
    CLEARED = 8
    SILENCE = 9


@dataclass
class Reading:
    """What was found in one training; None or 0 is not yet.

    Fields: ``jd``, fields of the last, and ``jds``, how many; ``passes`` of DIL; ``deviation``
    (``(6,)``) in TRN1d and Jd, ``phase4_deviation`` in TRN2d; ``impairments``; ``cpt``, ``cp``,
    mapping parameters; ``mp``, fields, and ``mps``; ``b1d``, share of ones; ``times``, data frames
    from TRN1d's first by name.
    """

    jd: dict | None = None
    jds: int = 0
    passes: int = 0
    deviation: np.ndarray | None = None
    phase4_deviation: np.ndarray | None = None
    impairments: learning.Impairments | None = None
    cpt: object = None
    cp: object = None
    mp: dict | None = None
    mps: int = 0
    b1d: float | None = None
    times: dict = field(default_factory=dict)


def _of_this_training(decisions):
    """What of a piece was decided after the last Sd in it."""
    kinds = [kind for _, kind in decisions.events]
    if Kind.DETECTED not in kinds:
        return decisions
    back = np.flatnonzero(np.diff(decisions.number) < 0)
    first = len(decisions.number)
    if len(back):
        first = int(back[-1]) + 1
    elif Kind.TRAINED in kinds[kinds.index(Kind.DETECTED) :]:
        first = 0
    return _rows(decisions, np.arange(len(decisions.number)) >= first)


def _rows(decisions, mine):
    """Those of a piece's data frames."""
    arrays = {
        item.name: getattr(decisions, item.name)[mine]
        for item in fields(decisions)
        if item.name != "events"
    }
    return replace(decisions, **arrays)


class AnalogueModem:
    """One analogue modem, on a line of a :class:`~golden.receiver.receiver.Receiver`.

    Parameters
    ----------
    receiver : Receiver
        Whose ``training`` for this line are
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
        Of the shaper, as :class:`~golden.learning.proposal.Proposal` takes them; without ``sr``,
        what :func:`~golden.learning.shaping.choice` chooses, its filter too.

    ``process`` takes :class:`~golden.receiver.decisions.Decisions` in pieces and returns what to
    send upstream, pairs of :class:`~golden.modem.digital.Upstream` and bits or None. ``data`` holds
    the bits received behind B1d that nobody took; ``reading`` is what the last training found,
    ``readings`` all of them.
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
        self.readings, self.log = [], []
        self.data, self._out = [], []
        self._renegotiations, self._clearing, self._number = 0, False, 0
        self._restart()

    @property
    def reading(self):
        """What the last training found."""
        return self.readings[-1]

    def _restart(self):
        known = self.readings[-1].impairments if self.readings else None
        self.readings.append(Reading())
        # What was learnt already need not be learnt from so many symbols, nor may it be in doubt.
        doubt = known is None or known.misfit > MISFIT
        self.descriptor = learning.dil_request(self.u_info, learning.SEGMENT)
        self._passes = PASSES if doubt else 2
        self.receiver.ignore_sd(False, self.line)
        self.receiver.know(None, None, 0, self.line)
        self._enter(Phase.SD)
        self._send(Upstream.S)
        self._send(Upstream.S_BAR)
        self._send(Upstream.JA, DIL.build(2, **self.descriptor))

    def _enter(self, phase):
        self.phase, self._waited = phase, 0
        self._frames = []
        self.log.append((phase, self._number))

    def _send(self, upstream, bits=None):
        self._out.append((upstream, bits))

    def take(self):
        """Bits (uint8) received since the last call, behind B1d."""
        bits = np.concatenate([np.zeros(0, np.uint8), *self.data])
        self.data = []
        return bits

    # --- Pieces -----------------------------------------------------------------------------------

    def process(self, decisions, frames):
        """See the class; ``frames``: data frames that the piece lasted, decided or not."""
        sent, self._out = self._out, []
        if self.phase is Phase.CLEARED:
            return sent
        self._waited += frames
        for number, kind in decisions.events:
            if kind is Kind.DETECTED:
                if self.phase is not Phase.SD:
                    self.readings.append(Reading())
                self._enter(Phase.TRN1D)
                self._begin()
            elif kind in (Kind.FAILED, Kind.GIVEN_UP):
                self.retrain()
            else:
                if kind is Kind.SWITCHED and self.phase in (Phase.DATA, Phase.RD):
                    # What came before it in this piece is data, up to Rd.
                    before = _rows(decisions, decisions.number < number)
                    if len(before.number):
                        self._number = int(before.number[-1]) + 1
                        self._receive(before)
                self._event(number, kind)
        decisions = _of_this_training(decisions)
        if len(decisions.number):
            self._number = int(decisions.number[-1]) + 1
            self._piece(decisions)
        self._watch()
        sent += self._out
        self._out = []
        return sent

    def _begin(self):
        self.receiver.ignore_sd(True, self.line)
        self._training_bits = TrainingDecoder()
        self._first = None
        self._six = None
        self._asked = self._quiet = False
        self._bad = 0
        self._number = 0

    def retrain(self):
        """Ask for a retrain (9.5.2.1), here from phase 3 on."""
        if self.phase is Phase.SD and self._waited < _WAITS["Sd"]:
            return
        self.receiver.arm(None, self.line)
        self._send(Upstream.TONE_A)
        self._restart()

    def cleardown(self):
        """End the call (9.7): a rate renegotiation whose CP has drn 0."""
        self._clearing = True
        self._renegotiate(self.reading.cp)

    def _watch(self):
        name = {Phase.SD: "Sd", Phase.TRN1D: "phase 3", Phase.DIL: "phase 3"}.get(self.phase)
        if self.phase in (Phase.RI, Phase.TRN2D, Phase.MP, Phase.RD, Phase.SILENCE):
            name = "phase 4"
        if name and self._waited > _WAITS[name]:
            self.retrain()
        if self.phase in (Phase.RI, Phase.MP, Phase.SILENCE):
            self._repeat()

    def _repeat(self):
        """CPt until R-bar, CP or CPs until Ed, CP until Rt: sequences go on (9.4.2, 9.6.2)."""
        if self.phase is Phase.RI:
            if self._heard:
                self._send(Upstream.CP, self.proposal.sequence(self.reading.cpt))
        elif self.phase is Phase.SILENCE:
            if self._waited > QUIET:
                self._send(Upstream.CP, self.proposal.sequence(self._wanted))
        elif self._asked:
            acknowledge = int(self.reading.mps > 0)
            cp = self.proposal.sequence(self._wanted, acknowledge, self._clearing, self._quiet)
            self._send(Upstream.CP, cp)
            if self._clearing:
                self._enter(Phase.CLEARED)
                return
            if self._finished and not self._quiet:
                self._send(Upstream.E)

    # --- Phase 3 ----------------------------------------------------------------------------------

    def _piece(self, decisions):
        if self.phase in (Phase.TRN1D, Phase.DIL, Phase.RI):
            self._phase3(decisions)
        elif self.phase in (Phase.TRN2D, Phase.MP):
            self._phase4(decisions)
        elif self.phase in (Phase.DATA, Phase.RD):
            self._receive(decisions)

    def _phase3(self, decisions):
        if self._first is None:
            self._first = int(decisions.number[0])
        before = self._training_bits.dil
        bits, _ = self._training_bits.process(decisions.sign)
        if self.phase is Phase.TRN1D:
            if self._training_bits.dil is not None:
                # Nobody asked for Jd' yet: it was none, or DIL is of another modem's making.
                self.retrain()
                return
            self._frames.append((decisions.number, decisions.fine, bits, decisions.error))
            self._train()
        elif self.phase is Phase.DIL:
            if self._training_bits.dil is None:
                return
            start = self._first + self._training_bits.dil
            if before is None:
                self.reading.times["DIL"] = start
                self._averager = DilAverager(self.descriptor)
                self._dil = start
                self.receiver.know(self.descriptor, self._reference, start, self.line)
            mine = decisions.number >= self._dil
            self._frames.append(decisions.fine[mine])
            self._average()

    def _train(self):
        number, fine = (np.concatenate([one[k] for one in self._frames]) for k in range(2))
        soft = np.abs(fine) / 16
        first = self._first + 16
        if self._six is None:
            if len(number) < LEVELS + 16:
                return
            mine = number >= first
            self._six = self._number
            #: Levels of U_INFO by interval, in even and odd data frames.
            self._reference, self._six_levels = own_levels(soft[mine], number[mine], self.u_info)
            self.receiver.switch(self._six_levels, self._six, self.line)
            return
        settled = max(AGAIN + TRAINED_AGAIN + SOLVING, self._six) + 16
        if self._number < settled + NOISE:
            return
        sequences = JD.find(np.concatenate([one[2].reshape(-1) for one in self._frames]))
        if not sequences:
            return
        self.reading.jd, self.reading.jds = sequences[-1][1], len(sequences)
        errors = np.concatenate([one[3] for one in self._frames])
        self.reading.deviation = errors[number >= settled].std(0) / 16
        # The symbols before the first are wanted too.
        mine = number >= settled - shaping.BEHIND // INTERVALS
        self._residue = shaping.Residue(
            (fine - errors)[mine].reshape(-1) / 16, errors[mine].reshape(-1) / 16
        )
        # All levels of G.711: whatever the network does, the exchange has no others.
        self._grid(self.law, 1.0)
        self._enter(Phase.DIL)
        self._send(Upstream.S)

    def _grid(self, law, gain):
        """Decide DIL on all levels of G.711, times a factor."""
        self._scale = law, gain
        levels = codeword_levels(law, gain, self._six_levels, self.u_info)
        self.receiver.switch(levels, self._number, self.line)

    def _average(self):
        frames = np.concatenate(self._frames)
        whole = int(dil_lengths(self.descriptor).sum()) // INTERVALS
        while len(frames) >= whole and self.phase is Phase.DIL:
            self._averager.process(frames[:whole])
            frames = frames[whole:]
            self._dil += whole
            self.reading.passes += 1
            self._learn()
        self._frames = [frames]

    def _learn(self):
        found = self._averager
        measurement = learning.Measurement.of_segments(
            self.descriptor, found.sums, found.counts, self._noise(), learning.LEAD
        )
        level = g711.linear(self.u_info, self.law)
        measurement.count[np.nan_to_num(measurement.mean) > _CLIPPED * level] = 0
        self.reading.impairments = explained = learning.impairments(measurement, self.law)
        if explained.gain <= 0:
            # Signs that are none of DIL's: synchronism was lost, or never was.
            self.retrain()
            return
        more = self.reading.passes < self._passes
        law, gain = self._scale
        other = explained.law_out != law or abs(explained.gain / gain - 1) > 1 / 256
        if more and explained.misfit > MISFIT:
            if other:
                # Decisions were on levels that are none there: once more with the right ones.
                self._grid(explained.law_out, explained.gain)
                self._averager = DilAverager(self.descriptor)
            return
        self._design()

    def _noise(self):
        """Deviation of one value: noise knows no intervals, and what differs is no noise."""
        return np.full(INTERVALS, np.sqrt(np.median(self.reading.deviation**2)))

    def best(self, deviation, margin, proposal=None):
        """CP's mapping parameters of the highest rate at this noise, of another proposal or ours.

        Raises :class:`~golden.errors.CallFailed` where there is none.
        """
        cpt = self.reading.cpt
        return (proposal or self.proposal).cp(deviation, margin, self.most_bits, cpt)

    def _design(self):
        deviation = self._noise()
        try:
            sr, filter = self._shaping(deviation)
            self.proposal = self._proposal(sr, filter)
            cp = self.best(deviation, self.margin)
            cpt = self.proposal.cpt(deviation, self.margin)
            self._cpt_levels = self.proposal.levels(cpt.intervals)
        except V90Error:
            # Another training may find another line; a call that never comes to data is told so.
            self.retrain()
            return
        self.reading.cpt, self.reading.cp = cpt, cp
        self.receiver.know(None, None, 0, self.line)
        self._enter(Phase.RI)
        self._heard = 0
        self._send(Upstream.S)
        self._send(Upstream.S_BAR)

    def _proposal(self, sr, filter):
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

    def _shaping(self, deviation):
        """Sr and filter: those of the highest rate, unless Sr is given."""
        if self.sr is not None:
            return self.sr, constellations.FILTER

        def design(sr, filter, factor):
            proposal = self._proposal(sr, filter)
            parameters = proposal.cp(factor * deviation, self.margin, self.most_bits)
            return parameters, proposal.room(parameters, factor * deviation)

        return shaping.choice(self._residue, design)

    # --- Phase 4 and rate renegotiation -----------------------------------------------------------

    def _event(self, number, kind):
        if kind is Kind.SWITCHED and self.phase in (Phase.RI, Phase.DATA, Phase.RD, Phase.SILENCE):
            self.reading.times["TRN2d"] = number
            self._four = self.reading.cpt
            if self.phase is not Phase.RI:
                self._four = renegotiated(self.reading.cpt, self.reading.cp)
                if self.phase is Phase.DATA:
                    self._send(Upstream.S)
                    self._send(Upstream.S_BAR)
                    if self._recent:
                        self.reading.phase4_deviation = self._now()
                self._renegotiations += 1
            self._agreed = self.phase is Phase.SILENCE
            self._enter(Phase.TRN2D)
            # Those of a training before acknowledge nothing.
            self._start, self.reading.mps = number, 0
            self._decoder = Decoder(self._four)
            self._demapper = Demapper(self._four.intervals)
            self._bits = []
            self._finished = False
        elif kind is Kind.ED and self.phase is Phase.MP and self._quiet:
            self._quiet = False
            self._send(Upstream.SCR)
            self.receiver.arm(self.proposal.levels(self._four.intervals), self.line)
            self.receiver.follow(self._four, self.line)
            self._enter(Phase.SILENCE)
        elif kind is Kind.ED and self.phase is Phase.MP:
            self.reading.times["B1d"] = number
            if not self._finished:
                self._send(Upstream.CP, self.proposal.sequence(self._wanted, 1))
                self._send(Upstream.E)
            self._send(Upstream.B1)
            self.reading.cp = self._wanted
            self._enter(Phase.DATA)
            self._start = number
            self._decoder = Decoder(self.reading.cp)
            self._demapper = Demapper(self.reading.cp.intervals)
            self._b1d = B1D_FRAMES * self.reading.cp.data_bits
            self._ones = []
            four = renegotiated(self.reading.cpt, self.reading.cp)
            self.receiver.arm(self.proposal.levels(four.intervals), self.line)
            self.receiver.follow(four, self.line)
            self._since, self._low, self._recent = number, 0, []
            self._held, self._rd = np.zeros(0, np.uint8), False
        elif kind is Kind.R and self.phase is Phase.RI:
            # Ri lasts until CPt comes. On TRN1d's levels taps and clock go on; CPt's wait then.
            self.receiver.switch(self._six_levels, number, self.line)
            self._heard = 0
        elif kind is Kind.DATA and self.phase is Phase.RI:
            self.receiver.arm(self._cpt_levels, self.line)
            self.receiver.follow(self.reading.cpt, self.line)
            self._heard = 1
        elif kind is Kind.R and self.phase in (Phase.DATA, Phase.RD) and not self._rd:
            # Rd began R_FRAMES before; up to there it was data.
            self._rd, self._rd_first = True, number - R_FRAMES + 1
        elif kind in (Kind.DISTURBED, Kind.LOST) and self.phase is Phase.DATA:
            self._bad = number if not self._bad else self._bad
        elif kind is Kind.RECOVERED:
            self._bad = 0

    def _decode(self, decisions):
        """Bits of the piece's data frames from ``_start`` on, and errors of the same."""
        mine = decisions.number >= self._start
        labels, _ = self._demapper.process(decisions.ucode[mine])
        bits = self._decoder.process_labels(labels, decisions.sign[mine])
        return bits, decisions.error[mine] / 16

    def _phase4(self, decisions):
        bits, errors = self._decode(decisions)
        self._bits.append(bits)
        self._frames.append(errors)
        received = np.concatenate(self._bits)
        sequences = MP.find(received)
        if sequences:
            self.reading.mp, self.reading.mps = sequences[-1][1], len(sequences)
            if self.reading.mp["drn"] == 0:
                self._enter(Phase.CLEARED)
                return
        if self.phase is Phase.TRN2D:
            errors = np.concatenate(self._frames)
            if len(errors) < 16 + TRN2D_NOISE and not sequences:
                return
            if self._renegotiations == 0 or len(errors) > TRN2D_NOISE:
                own = errors[min(16, len(errors) // 2) :]
                pooled = np.sqrt(np.median(np.mean(own**2, axis=0)))
                self.reading.phase4_deviation = np.full(INTERVALS, pooled)
            try:
                if not self._agreed:
                    self._wanted = self._asked_for()
                then = (
                    self._silence() if self._quiet else self.proposal.levels(self._wanted.intervals)
                )
            except V90Error:
                # There is no rate, or its levels are none: the gain was another while they were
                # learnt.
                self.retrain()
                return
            self.receiver.after_ed(then, self.line)
            self._enter(Phase.MP)
            self._asked = True
        elif any(one["acknowledge"] for _, one in sequences):
            # MP' came, and CP' has been sent with the piece before.
            self._finished = True

    def _asked_for(self):
        """CP's parameters of the highest rate at TRN2d's noise, or else unshaped at TRN1d's."""
        tries = [(self.proposal, self.reading.phase4_deviation)]
        if self.sr is None and self.proposal.sr and not self._renegotiations:
            tries.append((self._proposal(0, constellations.FILTER), self._noise()))
        found = []
        for proposal, deviation in tries:
            try:
                found.append((self.best(deviation, self.margin, proposal), proposal))
            except CallFailed:
                pass  # the other one may have a rate
        if not found:
            raise CallFailed("no signal has a rate at this noise")
        wanted, self.proposal = max(found, key=lambda one: one[0].data_bits)
        return wanted

    def _silence(self):
        """What there is behind CPs' Ed: Ucode 0, and Rt with CPt's greatest."""
        greatest = [(0, ucodes[-1]) for ucodes in self.reading.cpt.intervals]
        return replace(self.proposal.levels(greatest), lost=NEVER_LOST, guess=True)

    # --- Data -------------------------------------------------------------------------------------

    def _receive(self, decisions):
        bits, errors = self._decode(decisions)
        if self._b1d:
            ones, bits = bits[: self._b1d], bits[self._b1d :]
            self._b1d -= len(ones)
            self._ones.append(ones)
            if not self._b1d:
                self.reading.b1d = float(np.mean(np.concatenate(self._ones)))
                self.reading.times.setdefault("data", self._start + B1D_FRAMES)
        if len(bits):
            self._held = np.concatenate([self._held, bits])
        if self._rd and len(self._held):
            behind = (self._number - self._rd_first) * self.reading.cp.data_bits
            self.data.append(self._held[: max(0, len(self._held) - behind)])
            self._held = self._held[:0]
            return
        # What may be the beginning of Rd is no data yet.
        free = len(self._held) - R_FRAMES * self.reading.cp.data_bits
        if free > 0 and not self._rd:
            self.data.append(self._held[:free])
            self._held = self._held[free:]
        self._recent.append(errors**2)
        if self._bad and self._number - self._bad > HOPELESS:
            self.retrain()
            return
        if self.phase is Phase.DATA:
            self._judge()

    def _now(self):
        """Deviation over the last half second."""
        recent = np.concatenate(self._recent)[-WATCHED:]
        return np.full(INTERVALS, np.sqrt(np.median(recent.mean(0))) if len(recent) else 1.0)

    def room(self):
        """Margin in dB that the data have over the last half second."""
        return self.proposal.room(self.reading.cp, self._now())

    def _judge(self):
        recent = np.concatenate(self._recent)
        if len(recent) < WATCHED:
            return
        self._recent = [recent[-WATCHED:]]
        room, last = self.room(), self._number - self._since
        low = room < self.margin - LOST_DB
        if low and not self._bad:
            self._low += 1
            if self._low >= 2:
                self._renegotiate(self._lower())
        else:
            self._low = 0
        if last > PATIENCE and room > self.margin + GAINED_DB:
            try:
                better = self.best(self._now(), self.margin + GAINED_DB / 2)
            except CallFailed:
                return
            if better.data_bits > self.reading.cp.data_bits:
                self._renegotiate(better)
            else:
                self._since = self._number

    def _lower(self):
        try:
            return self.best(self._now(), self.margin)
        except CallFailed:
            return None

    def renegotiate(self):
        """Start a rate renegotiation (9.6.2.1) with what the noise bears now."""
        self._renegotiate(self._lower())

    def recondition(self):
        """The same with silence in it, for an echo canceller to train in (CPs, 9.6.2.1.3)."""
        self._quiet = True
        self.renegotiate()

    def _renegotiate(self, wanted):
        if wanted is None:
            self.retrain()
            return
        self._wanted = wanted
        self._asked = False
        self._send(Upstream.S)
        self._send(Upstream.S_BAR)
        if self._recent:
            self.reading.phase4_deviation = self._now()
        self._enter(Phase.RD)
