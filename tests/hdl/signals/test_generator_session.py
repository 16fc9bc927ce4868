"""All that a digital modem sends in a session, replayed by a bank of generators."""

import numpy as np
import pytest

from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.signals.generator import Command, Signal
from golden.signals.generator import Generator as Golden
from hdl.signals.generator import Generator
from sim.engines.gateware import Gateware
from tests.golden.modem.support import ASKED, CP_1, CP_2, CPS, CPS_2, cleared, ja, to_data
from tests.hdl.signals.support import Bank
from tests.hdl.support import (
    Paced,
    data_frames,
)


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled, and with a line's pace to be had."""
    return Gateware(Paced(Generator(3)))


class Recorder(Golden):
    """A generator that remembers what was given it, and how many data frames had been decided."""

    def __init__(self, law):
        self.told = []
        super().__init__(law)

    def give(self, command):
        super().give(command)
        self.told.append((self.made - DELAY_FRAMES, command))

    def fill(self, bits):
        super().fill(bits)
        self.told.append((self.made - DELAY_FRAMES, bits))


def session(rng, law):
    """A digital modem through two trainings and three renegotiations, to the end of the line."""
    modem = DigitalModem(law)
    modem.generator = Recorder(law)
    parts = [modem.frames(20)]
    for side in ("digital", "analogue"):
        parts += to_data(modem, ja(rng)[1])
        for _ in range(8):
            modem.send(rng.integers(0, 2, 80, np.uint8))
            parts.append(modem.frames(4))
        if side == "digital":
            modem.renegotiate()
        else:
            for event in (Upstream.S, Upstream.S_BAR):
                modem.receive(event)
                parts.append(modem.frames(10))
        parts.append(modem.frames(450))
        for bits in (CPS, CPS_2, CP_1) if side == "analogue" else ():
            modem.receive(Upstream.CP, bits)
            parts.append(modem.frames(100))
        for bits in (CP_1, CP_2):
            modem.receive(Upstream.CP, bits)
            parts.append(modem.frames(90))
        assert modem.in_data
        if side == "digital":
            modem.retrain()
            parts.append(modem.frames(5))
    modem.cleardown()
    parts.append(modem.frames(500))
    modem.receive(Upstream.CP, CP_1)
    modem.receive(Upstream.CP, cleared(ASKED))
    parts.append(modem.frames(40))
    assert modem.cleared
    return modem.generator, np.concatenate(parts)


def test_a_session_replayed(gateware, rng):
    """All that a digital modem sends from phase 3 to the cleardown, of three at once."""
    laws = ("A", "mu", "A")
    sessions = [session(rng, law) for law in laws]
    told = sorted(
        (
            (at, channel, what)
            for channel, (recorder, _) in enumerate(sessions)
            for at, what in recorder.told
        ),
        key=lambda one: one[0],
    )
    bank = Bank(gateware, laws)
    for at, channel, what in told:
        if at > bank.decided(0):
            bank.take(at - bank.decided(0))
        assert bank.decided(channel) == at
        if isinstance(what, Command):
            bank.give((channel, what))
        else:
            bank.fill({channel: what})
    bank.take(60)
    assert min(bank.check()) > 50
    octets, _ = data_frames(np.concatenate(bank.parts), 3)
    signals = set()
    for channel, (recorder, sent) in enumerate(sessions):
        first, sent = bank.first[channel], sent.reshape(-1, INTERVALS)
        count = min(len(sent), octets.shape[1])
        assert count > 3000 and np.array_equal(octets[channel, first:count], sent[first:count])
        signals |= {command.signal for _, command in recorder.told if isinstance(command, Command)}
    assert signals == set(Signal)
