"""Start-ups side by side: each goes as by itself."""

import numpy as np

from golden.receiver.timetable import Kind
from sim.calls.description import Call
from sim.calls.session import Session
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

#: Data frames until Jd has been received.
FRAMES = 1600


def recorded(calls):
    """Events, and the noise that the analogue modems found, of a session of these calls."""
    session = Session(calls)
    heard, events = session.receiver.process, [[] for _ in calls]

    def process(rows):
        found = heard(rows)
        for own, one in zip(events, found, strict=True):
            own += one.events
        return found

    session.receiver.process = process
    session.run(FRAMES)
    noise = [modem.reading.deviation.tolist() for modem in session.analogue]
    return events, noise, session


def test_side_by_side_as_alone():
    calls = [
        Call("A", "codec", Conditions(snr=45, ppm=-150.0)),
        Call("mu", "26awg-3kft", Conditions(snr=45, ppm=150.0), NetworkParameters(pad=3.0)),
    ]
    events, noise, session = recorded(calls)
    assert session.now == FRAMES and all(Kind.TRAINED in dict(map(reversed, e)) for e in events)
    for k, call in enumerate(calls):
        assert recorded([call])[:2] == ([events[k]], [noise[k]])


def test_it_runs_until_it_may_end():
    session = Session([Call()], piece=32)
    assert session.run(320, lambda s: s.now >= 96) is session
    assert session.now == 96
    session.run(64, lambda s: False)
    assert session.now == 160


def test_samples_have_the_converters_scale():
    session, taken = Session([Call()]), []
    heard = session.receiver.process

    def process(rows):
        taken.append(rows[0])
        return heard(rows)

    session.receiver.process = process
    session.run(448)  # TRN1d lasts to data frame 479
    trained = np.concatenate(taken)[-2000:] / 32768
    assert np.abs(10 * np.log10(np.mean(trained**2)) + 22) < 0.5
