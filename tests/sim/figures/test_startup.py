"""Rows of whole start-ups: what counts as met, and their bounds."""

from dataclasses import replace

import numpy as np

from sim.calls.description import Call
from sim.figures import startup
from sim.world.conditions import Conditions


def test_rows_of_a_line():
    rows = startup.matrix(["codec"], batch=2, networks=("clean", "A to mu"), snrs=(50.0,))
    assert [(row.what, row.values["law"], row.values["network"]) for row in rows] == [
        ("codec", "mu", "clean"),
        ("codec", "A", "clean"),
        ("codec", "A", "A to mu"),
    ]
    for row in rows:
        values = row.values
        assert row.met and values["wrong"] == 0 and values["bits"] > 0.9 * 5 * values["rate"]
        assert values["rate"] <= values["no margin"] <= values["bound"] + 1334
        assert 0 < values["beyond least s"] <= 1
    assert [row.values["found"] for row in rows][2] == "A-law is converted to mu-law"


def test_a_bound_falls_with_noise_and_margin_and_rises_with_power():
    call = Call("A", "26awg-9kft", Conditions(snr=45.0))
    rate = startup.bound(call)
    louder = replace(call, conditions=Conditions(snr=35.0))
    assert 28_000 <= startup.bound(louder) < rate <= startup.bound(replace(call, power=-6.0))
    assert startup.bound(call, 3.0) < rate


def test_data_that_are_wrong_are_not_met():
    case = startup.start_ups(["codec"], ("A",), ("clean",), (50.0,))[0]
    good = startup._measure([case], 0.2)[0]
    assert not good.met and good.values["wrong"] == 0  # for want of data alone
    noisy = replace(
        case[-1], conditions=replace(case[-1].conditions, impulses=((3.2, 0.05, 10.0),))
    )
    row = startup._measure([(*case[:-1], noisy)], 1.0)[0]
    assert row.values["wrong"] > 0 and not row.met and np.isfinite(row.values["Sd to data s"])
