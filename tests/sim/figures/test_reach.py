"""The text and pictures of `make figures`."""

import io

import numpy as np
from rich.console import Console

from sim.calls.parameter_sets import random_parameters
from sim.figures import data, reach, receiver
from sim.figures.row import Row
from sim.work import Workers


def test_what_is_not_met_is_printed(monkeypatch, tmp_path):
    curve = np.array([[0.0, 1.0], [30.0, 31.0]])

    def rows():
        return [
            Row(
                "good",
                {
                    "line SNR": 45,
                    "bound": 47.0,
                    "after 2040": 46.0,
                    "after 8000": 46.5,
                    "lacks": 0.5,
                },
                True,
                curve,
            ),
            Row(
                "bad",
                {
                    "line SNR": 45,
                    "bound": 47.0,
                    "after 2040": 40.0,
                    "after 8000": 41.0,
                    "lacks": 6.0,
                },
                False,
                curve,
            ),
        ]

    monkeypatch.setattr(receiver, "convergence", rows)
    monkeypatch.setattr(data, "high_pass", lambda: rows())
    monkeypatch.setattr(reach, "PICTURES", tmp_path / "figures")
    monkeypatch.setattr(
        reach,
        "FIGURES",
        (
            ("one", receiver.convergence, "lacks", max),
            ("two", data.high_pass, "lacks", max),
        ),
    )
    text = io.StringIO()
    reach.show_figures(Console(file=text, width=120), tmp_path, Workers(2))
    told = text.getvalue()
    print(told)
    assert "no real calls in" in told and told.count("NO") == 4
    assert "lacks: 6.00 (bad)" in told
    pictures = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert pictures == ["convergence.png", "high-pass.png", "snr.png"]
    assert all((tmp_path / "figures" / name).read_bytes()[:4] == b"\x89PNG" for name in pictures)


def test_the_sweep_names_sets_that_differ(monkeypatch):
    """By their numbers, in order, whatever process had them."""

    def compare_bank(sets, frames, seed):
        assert len(sets) == reach.SWEEP_CHANNELS and frames == reach.SWEEP_FRAMES
        return [(3, f"seed {seed}")] if seed > 90 else []

    monkeypatch.setattr(reach.pcm, "compare_bank", compare_bank)
    shown = []
    found = reach.sweep(40, 90, lambda *done: shown.append(done), Workers(2))
    assert [(number, sentence) for number, _, sentence in found] == [
        (19, "seed 106"),
        (35, "seed 122"),
    ]
    assert shown == [(16, 40), (32, 40), (40, 40)]
    # The sets are those of a run in one process.
    rng = np.random.default_rng(90)
    sets = [random_parameters(rng) for _ in range(48)]
    assert [parameters for _, parameters, _ in found] == [sets[19], sets[35]]
