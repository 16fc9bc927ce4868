"""Calls in which something goes wrong, and what is said of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed
from sim.calls.description import Call
from sim.figures import faults, soak
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters


@pytest.fixture
def short(monkeypatch):
    """Calls of six seconds, of which data take two."""
    monkeypatch.setattr(faults, "FAULTY_SECONDS", 6.0)
    monkeypatch.setattr(soak, "RECOVERY_SECONDS", 1.0)


def call(*happen, seed=3, **conditions):
    described = Call("mu", "codec", Conditions(snr=45, **conditions), NetworkParameters(law="mu"))
    return faults.FaultyCall(seed, described, happen)


def test_recovered_and_lost(short):
    """Side by side each goes as by itself, though clocks differ and calls end at other times."""
    Fault = faults.Fault
    calls = [
        call(Fault("slip", 0.01), ppm=-100.0),
        call(Fault("dropout", 4.5, 0.002), gain_hits=((4.5, 0.002, -np.inf),), ppm=100.0),
        call(Fault("far end silent", 4.5, np.inf, silent=True)),
    ]
    fates = soak.run(calls)
    assert [one.end for one in fates] == ["recovered", "recovered", "lost"]
    calm, hurt, gone = fates
    assert calm.away == 0.0 and calm.trainings == 1 and calm.recovery < 5.0
    # It came to data before, and begins to train anew when the far end is silent.
    assert calm.begun == gone.begun < 4.5 and gone.trainings > 1 and gone.recovery is None
    assert 1.0 < gone.away <= 6.0 + 1.0 + 0.1 - 4.5
    assert calm.octets > hurt.octets > gone.octets > 0
    lines = "\n".join(map(soak.sentence, fates))
    assert "codec, mu-law, dropout at 4.50 s: recovered" in lines
    assert soak.table(fates).row_count == 4
    assert soak.run(calls[1:2]) == [hurt]


def test_what_is_wrong_is_said(short, monkeypatch):
    """A modem that stays in data though nothing comes; octets that are another file's."""
    session = SimpleNamespace(
        now=9000,
        digital=[SimpleNamespace(cleared=False, timeline=[], in_data=True)],
        analogue=[SimpleNamespace(phase=soak.AnaloguePhase.DATA, readings=[1])],
    )
    one = soak._Progress(session, 0, call(faults.Fault("slip", 1.0)))
    assert one.fate().end == "stuck"
    session.digital[0].cleared = True
    assert one.fate().end == "lost"
    one.ends.mine.file.octets = 4
    monkeypatch.setattr(one.ends.mine.file, "received", lambda: b"none")
    assert "other octets" in one.fate().end


def test_an_error_ends_one_call_alone(monkeypatch):
    def run(calls, gateware):
        if any(one.seed == 3 for one in calls):
            raise ValueError("of one")
        return [soak.Fate(one, "recovered", 1.0, 0.0, 0.0, 1, 0, 9, ()) for one in calls]

    monkeypatch.setattr(soak, "run", run)
    outcomes = soak.every([call(seed=n) for n in range(5)])
    assert [one.call.seed for one in outcomes] == list(range(5))
    ends = ["recovered"] * 5
    ends[3] = "ValueError: of one"
    assert [one.end for one in outcomes] == ends


def test_golden_and_gateware_are_compared():
    golden = SimpleNamespace(
        **{
            name: np.arange(3)
            for name in ("fine", "error", "ucode", "sign", "number", "good", "first")
        },
        events=[],
    )
    both = soak.Beside.__new__(soak.Beside)
    for change, words in (({"error": np.arange(1, 4)}, "in error"), ({"events": [1]}, "events")):
        gateware = SimpleNamespace(**{**vars(golden), **change})
        both._both = [
            SimpleNamespace(process=lambda rows, one=one: [one]) for one in (golden, gateware)
        ]
        with pytest.raises(CallFailed, match=words):
            both.process(None)


@pytest.mark.long
def test_gateware_beside_golden():
    """Drawn ones, whole."""
    outcomes = soak.run([replace(faults.draw(5))], gateware=True)
    assert outcomes[0].end in ("recovered", "lost")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--calls", "0"], "a soak has 1 to 1000000 calls, not 0"),
        (["--calls", "1000000000"], "a soak has 1 to 1000000 calls"),
        (["--seed", "-1"], "seeds are whole numbers from 0, not -1"),
        (["--jobs", "0"], "--jobs is 1 to 256, not 0"),
    ],
)
def test_bad_options(capsys, options, sentence):
    assert soak.guarded(lambda: soak.main(options)) == 2
    assert sentence in capsys.readouterr().err


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Seeds are kept there."""
    monkeypatch.setattr(soak, "ROOT", tmp_path)
    monkeypatch.setattr(soak, "FOUND", tmp_path / "found.txt")
    return tmp_path / "found.txt"


def _fates(item):
    """Fates that depend on the last digit of the seed."""
    ends = {0: "stuck", 3: "lost", 6: "lost", 9: "lost"}
    return [
        soak.Fate(faults.draw(seed), ends.get(seed % 10, "recovered"), 1.0, 0.0, 0.5, 1, 0, 9, ())
        for seed in item[0]
    ]


def test_seeds_are_new_printed_and_kept(found, capsys, monkeypatch):
    monkeypatch.setattr(soak, "fates", _fates)
    first = []
    for _ in range(2):
        soak.main(["--calls", "3", "--jobs", "1"])
        first.append(int(capsys.readouterr().out.split()[1]))
    assert first[0] != first[1]
    found.unlink(missing_ok=True)
    assert soak.main(["--calls", "30", "--seed", "100", "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("Seeds 100 to 129: --seed 100 --calls 30 runs them again.")
    lost = [n for n in range(100, 130) if n % 10 in (3, 6, 9) and faults.draw(n).over < np.inf]
    assert soak.found_seeds() == sorted([100, 110, 120, *lost]) and len(lost) > 3
    assert "Their seeds are kept in found.txt" in said
    assert "100: stuck\n" in found.read_text()
    # They are kept once.
    soak.main(["--calls", "30", "--seed", "100", "--jobs", "1"])
    assert soak.found_seeds() == sorted([100, 110, 120, *lost])


def test_the_numbers_of_a_soak():
    fates = _fates((range(100, 130),))
    silent = [n for n in range(100, 130) if n % 10 in (3, 6, 9) and faults.draw(n).over == np.inf]
    found = soak.summary(fates, 100)
    assert found == {
        "calls": 30,
        "seed": 100,
        "recovered": 18,
        "silent": len(silent),
        "lost": 9 - len(silent),
        "failed": 3,
        "away": "0.0",
        "recovery": "0.5",
        "slowest": "0.5",
    }


@pytest.mark.long
@pytest.mark.parametrize("seed", soak.found_seeds())
def test_calls_that_a_soak_found(seed):
    """Each was lost, or failed, once."""
    (fate,) = soak.fates(((seed,), False))
    assert fate.end == "recovered"
