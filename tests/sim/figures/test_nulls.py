"""Shaping over lines: what it would bring, and that start-ups choose it where it brings more."""

import numpy as np

from golden.modem.states import AnaloguePhase
from golden.receiver.receiver import Receiver
from golden.receiver.training_levels import training_levels
from sim.calls.description import Call
from sim.calls.session import Session
from sim.figures import nulls
from sim.world import lines
from sim.world.conditions import Conditions


def test_a_line_that_needs_no_shaping():
    row = nulls.rows(["codec"], feedback=(32,))[0]
    values = row.values
    assert row.met and values["Sr"] == 0 and abs(values["dB"]) < 0.1
    assert values["rate, none"] > values["rate, DC"] >= values["rate"] - 1334 * 3


def test_shaping_is_chosen_where_it_makes_data_faster(monkeypatch):
    """Three poles at 60 Hz and two taps of feedback: the rest of the response is in every error."""
    own = lines.parse("""
        [high-corners]
        description = "three high corners"
        source = "own"
        high_pass = [60, 60]
        transformer = 60
    """)
    monkeypatch.setattr(lines, "known", lambda: own)
    settings = [
        Call("A", "high-corners", Conditions(snr=50.0, seed=k, phase=0.37), options=options)
        for k, options in enumerate([{}, {"sr": 0}])
    ]
    levels = [training_levels(s.u_info, s.law) for s in settings]
    session = Session(settings, receiver=Receiver(levels, lines=2, feedback=2))
    sent = np.random.default_rng(6).integers(0, 2, 400_000, np.uint8)
    for modem in session.digital:
        modem.send(sent)
    session.run(8000, lambda s: all(a.phase is AnaloguePhase.DATA for a in s.analogue))
    session.run(1000)
    chosen, none = (analogue.reading.cp for analogue in session.analogue)
    assert chosen.sr > 0 and (chosen.a1, chosen.b1, chosen.b2) == (64, 0, 0) and none.sr == 0
    assert session.analogue[0].reading.cpt.sr == chosen.sr
    assert chosen.rate > none.rate
    for analogue in session.analogue:
        got = analogue.take()
        assert len(got) > 10_000 and np.array_equal(got, sent[: len(got)])
