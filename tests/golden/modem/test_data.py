"""Data mode of the analogue modem: which bits are data, and when it wants another rate (9.6.2)."""

from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed
from golden.modem.data import HOPELESS, STEADY_FRAMES, WATCHED, DataMode
from golden.modem.states import AnaloguePhase, Upstream
from golden.pcm.encoder import B1D_FRAMES, Encoder
from golden.pcm.parameters import INTERVALS
from golden.receiver.reversal import R_FRAMES
from golden.receiver.timetable import Kind
from tests.golden.modem.support import ASKED, TRAINED, analogue_parts, decided_octets

SIZE = ASKED.data_bits


class Line:
    """A data mode with a digital modem's octets before it; data frame 100 is B1d's first."""

    def __init__(self, rng, room=1.5, rates=()):
        self.asked, self.room, self.rates = [], room, list(rates)
        self.modem = analogue_parts(
            AnaloguePhase.MP,
            proposal=SimpleNamespace(
                levels=lambda intervals: "levels", room=lambda cp, deviation: self.room
            ),
            best=self._best,
            renegotiate=lambda: self.asked.append("lower"),
        )
        self.modem.reading.cpt, self.modem.reading.cp = TRAINED, ASKED
        self.mode, self.number = DataMode(self.modem), 100
        self.mode.begin(100)
        self.bits = rng.integers(0, 2, 8000 * SIZE, np.uint8)
        encoder = Encoder(ASKED)
        ones = encoder.process(np.ones(B1D_FRAMES * SIZE, np.uint8))
        self.octets = np.concatenate([ones, encoder.process(self.bits)])

    def _best(self, deviation, margin):
        if not self.rates:
            raise CallFailed("none")
        return SimpleNamespace(data_bits=self.rates.pop(0))

    def pass_on(self, frames, error=0, **_):
        """So many data frames arrive."""
        at = (self.number - 100) * INTERVALS
        octets = self.octets[at : at + frames * INTERVALS]
        decisions = decided_octets(octets, "A", self.number, error)
        self.number += frames
        self.modem.number = self.number
        self.mode.process(decisions)

    @property
    def taken(self):
        return np.concatenate([np.zeros(0, np.uint8), *self.modem.data])


def test_b1d_is_no_data_and_what_may_be_rd_waits(rng):
    line = Line(rng)
    assert line.modem.phase is AnaloguePhase.DATA
    assert line.modem.receiver.named("arm") and line.modem.receiver.named("follow")
    line.pass_on(30)
    assert line.modem.reading.b1d is None and not len(line.taken)
    line.pass_on(20)
    assert line.modem.reading.b1d == 1.0
    assert line.modem.reading.times["data"] == 100 + B1D_FRAMES
    line.pass_on(100)
    assert np.array_equal(line.taken, line.bits[: (102 - R_FRAMES) * SIZE])


def test_zeroes_in_b1d_are_counted(rng):
    line = Line(rng)
    line.octets = Encoder(ASKED).process(np.zeros((B1D_FRAMES + 4) * SIZE, np.uint8))
    line.pass_on(B1D_FRAMES)
    assert line.modem.reading.b1d == 0.0


def test_what_came_before_rd_is_data(rng):
    """R is known with its 16th data frame; all before its first is data, once and for all."""
    line = Line(rng)
    line.pass_on(B1D_FRAMES + 60)
    line.mode.event(line.number - 1, Kind.R)
    line.mode.event(line.number + 5, Kind.R)  # it is known already
    line.pass_on(3)
    line.pass_on(3)
    assert np.array_equal(line.taken, line.bits[: (60 - R_FRAMES) * SIZE])


def test_new_levels_in_data_mode_are_answered(rng):
    line = Line(rng)
    line.pass_on(200, error=32)
    line.mode.event(250, Kind.SWITCHED)
    assert line.modem.sent == [Upstream.S, Upstream.S_BAR]
    assert line.modem.phase4.calls == [("restart", 250)]
    assert line.modem.reading.phase4_deviation.tolist() == [2.0] * INTERVALS
    # In Rd the modem has asked itself.
    line.modem.phase = AnaloguePhase.RD
    line.mode.event(300, Kind.SWITCHED)
    assert len(line.modem.sent) == 2 and len(line.modem.phase4.calls) == 2


@pytest.mark.parametrize("room, asked", [(0.6, []), (0.4, ["lower"])])
def test_a_margin_that_is_lost_for_two_pieces_asks_for_less(rng, room, asked):
    line = Line(rng, room)
    line.pass_on(WATCHED - 1, error=16)
    line.pass_on(1, error=16)
    assert line.asked == []
    line.room = 1.0
    line.pass_on(1, error=16)
    line.room = room
    line.pass_on(1, error=16)
    assert line.asked == []
    line.pass_on(1, error=16)
    assert line.asked == asked


def test_a_disturbance_asks_for_nothing_until_it_is_hopeless(rng):
    line = Line(rng, room=0.0)
    line.pass_on(WATCHED - 1, error=16)
    line.mode.event(line.number, Kind.DISTURBED)
    line.mode.event(line.number + 40, Kind.LOST)
    line.pass_on(1, error=16)
    line.pass_on(HOPELESS - 1, error=16)
    assert line.modem.retrains == 0 and line.asked == []
    line.pass_on(1, error=16)
    assert line.modem.retrains == 1
    line.mode.recover()
    line.pass_on(1, error=16)
    line.pass_on(1, error=16)
    assert line.modem.retrains == 1 and line.asked == ["lower"]


def test_a_margin_that_is_gained_asks_for_more(rng):
    """After four seconds; where no higher rate is possible, four seconds pass again."""
    line = Line(rng, room=2.3, rates=[SIZE, SIZE + 1])
    line.pass_on(STEADY_FRAMES)
    assert line.rates == [SIZE, SIZE + 1]
    line.pass_on(1)
    assert line.rates == [SIZE + 1] and line.modem.phase is AnaloguePhase.DATA
    line.pass_on(600)
    assert line.rates == [SIZE + 1]
    line.mode._since = line.number - STEADY_FRAMES
    line.pass_on(1)
    assert line.modem.phase is AnaloguePhase.RD
    assert line.modem.sent == [Upstream.S, Upstream.S_BAR]


def test_whether_there_is_a_rate(rng):
    line = Line(rng, rates=[SIZE])
    line.pass_on(60)
    assert line.mode.has_rate() and not line.mode.has_rate()
