"""The analogue modem in data mode (9.5.2, 9.6.2/V.90): bits, and the rate that the noise bears."""

import numpy as np

from golden.errors import CallFailed
from golden.modem.states import AnaloguePhase
from golden.pcm.encoder import B1D_FRAMES
from golden.pcm.parameters import FRAMES_A_SECOND, INTERVALS, renegotiated
from golden.receiver.decisions import DecisionDecoder
from golden.receiver.reversal import R_FRAMES
from golden.receiver.timetable import Kind

#: dB of the margin that must be lost for half a second before the rate goes down, and gained for
#: some seconds, beyond a step, before it goes up; and data frames from which the noise is taken.
LOST_DB, GAINED_DB, WATCHED = 1.0, 0.75, int(FRAMES_A_SECOND / 2)

#: Data frames after a change before the rate may go up.
STEADY_FRAMES = int(4 * FRAMES_A_SECOND)

#: Data frames without synchronism before a retrain: 0.5 s.
HOPELESS = int(0.5 * FRAMES_A_SECOND)


class DataMode:
    """Data from B1d to Rd: decodes them, watches the noise, and asks for another rate.

    Bits that may belong to the beginning of Rd are held back until it is known that they do not.

    ``modem``: the :class:`~golden.modem.analogue.AnalogueModem`, whose ``data`` gets the bits.

    ``process(decisions)`` takes :class:`~golden.receiver.decisions.Decisions`.
    """

    def __init__(self, modem):
        self._modem = modem
        self._decoder = None
        #: Bits of B1d that are to come, and those that came by piece; the first data frame after.
        self._b1d_left, self._b1d, self._first = 0, [], 0
        #: Bits held back; the first data frame of Rd, None before there is any.
        self._held, self._rd_at = np.zeros(0, np.uint8), None
        #: Squared errors by piece.
        self._squares = []
        #: Pieces in a row with too little margin; data frame since which the rate has been right.
        self._low, self._since = 0, 0
        #: Data frame since which there is no synchronism; 0: there is.
        self._disturbed = 0

    def begin(self, number):
        """B1d begins with data frame ``number``, with CP's parameters of the modem's reading."""
        modem = self._modem
        modem.enter(AnaloguePhase.DATA)
        self._decoder = DecisionDecoder(modem.reading.cp, number)
        self._b1d_left, self._b1d = B1D_FRAMES * modem.reading.cp.data_bits, []
        self._first = number + B1D_FRAMES
        # The far end may renegotiate at any time.
        training = renegotiated(modem.reading.cpt, modem.reading.cp)
        modem.receiver.arm(modem.proposal.levels(training.intervals), modem.line)
        modem.receiver.follow(training, modem.line)
        self._held, self._rd_at = np.zeros(0, np.uint8), None
        self._squares, self._low, self._since = [], 0, number

    def event(self, number, kind):
        """Take an event of the receiver in phases DATA and RD."""
        modem = self._modem
        if kind is Kind.SWITCHED:
            if modem.phase is AnaloguePhase.DATA:
                modem.send_s()
                self.note_noise()
            modem.phase4.restart(number)
        elif kind is Kind.R and self._rd_at is None:
            self._rd_at = number - R_FRAMES + 1
        elif kind in (Kind.DISTURBED, Kind.LOST) and modem.phase is AnaloguePhase.DATA:
            self._disturbed = self._disturbed or number

    def recover(self):
        """Synchronism is back, in whatever phase."""
        self._disturbed = 0

    def process(self, decisions):
        """See the class."""
        modem, size = self._modem, self._modem.reading.cp.data_bits
        bits, errors = self._decoder.process(decisions)
        bits = self._without_b1d(bits)
        if len(bits):
            self._held = np.concatenate([self._held, bits])
        if self._rd_at is not None and len(self._held):
            of_rd = (modem.number - self._rd_at) * size
            modem.data.append(self._held[: max(0, len(self._held) - of_rd)])
            self._held = self._held[:0]
            return
        sure = len(self._held) - R_FRAMES * size
        if sure > 0 and self._rd_at is None:
            modem.data.append(self._held[:sure])
            self._held = self._held[sure:]
        self._squares.append(errors**2)
        if self._disturbed and modem.number - self._disturbed > HOPELESS:
            modem.retrain()
        elif modem.phase is AnaloguePhase.DATA:
            self._judge()

    def _without_b1d(self, bits):
        if not self._b1d_left:
            return bits
        ones, bits = bits[: self._b1d_left], bits[self._b1d_left :]
        self._b1d_left -= len(ones)
        self._b1d.append(ones)
        if not self._b1d_left:
            reading = self._modem.reading
            reading.b1d = float(np.mean(np.concatenate(self._b1d)))
            reading.times.setdefault("data", self._first)
        return bits

    # --- Noise and rate ---------------------------------------------------------------------------

    def deviation(self):
        """Deviation of one value (float64 ``(6,)``, all the same) over the last half second."""
        recent = np.concatenate(self._squares)[-WATCHED:]
        return np.full(INTERVALS, np.sqrt(np.median(recent.mean(0))) if len(recent) else 1.0)

    def room(self):
        """Margin in dB over the last half second."""
        return self._modem.proposal.room(self._modem.reading.cp, self.deviation())

    def note_noise(self):
        """Put the noise into the reading, where there is any, for the next CP."""
        if self._squares:
            self._modem.reading.phase4_deviation = self.deviation()

    def has_rate(self):
        """Whether there is any rate at this noise."""
        try:
            self._modem.best(self.deviation(), self._modem.margin)
        except CallFailed:
            return False
        return True

    def leave(self):
        """Begin a rate renegotiation: S, the transition, and the receiver's wait for Rd."""
        self._modem.send_s()
        self.note_noise()
        self._modem.enter(AnaloguePhase.RD)

    def _judge(self):
        modem = self._modem
        recent = np.concatenate(self._squares)
        if len(recent) < WATCHED:
            return
        self._squares = [recent[-WATCHED:]]
        room = self.room()
        self._low = self._low + 1 if room < modem.margin - LOST_DB and not self._disturbed else 0
        if self._low >= 2:
            modem.renegotiate()
        if modem.number - self._since > STEADY_FRAMES and room > modem.margin + GAINED_DB:
            try:
                better = modem.best(self.deviation(), modem.margin + GAINED_DB / 2)
            except CallFailed:
                return
            if better.data_bits > modem.reading.cp.data_bits:
                self.leave()
            else:
                self._since = modem.number
