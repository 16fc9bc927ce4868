"""The report of a call: its summary, and that it needs nothing but itself."""

import base64
import copy
import html
import io
import re

import numpy as np
import pytest
from matplotlib.image import imread

from golden.pcm.parameters import INTERVALS
from sim.calls.call import run
from sim.calls.description import LEAST_GIVEN_TRN1D, Call
from sim.reports import call as report
from sim.reports import call_pictures
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters
from tests.sim.calls.support import designed

DATA = np.random.default_rng(5).bytes(300)


def outcome_of(network, **conditions):
    network = NetworkParameters(**network)
    call = Call(
        parameters=designed(network, 24),
        line="26awg-3kft",
        conditions=Conditions(snr=42, ppm=20, drift=1, seed=2, **conditions),
        network=network,
        trn1d=LEAST_GIVEN_TRN1D,
    )
    return run(call, DATA)


@pytest.fixture(scope="module")
def good():
    return outcome_of({"robbed": ("", "", "1", "", "", ""), "pad": 1.0, "invert": True})


@pytest.fixture(scope="module")
def page(good):
    return report.page(good).decode()


def test_summary(good):
    rows = dict(report.summary(good))
    assert rows["result"] == "the file arrived"
    assert rows["rate"].startswith("32000 bit/s, A-law, K 18, S 6")
    assert rows["octets"] == "300 in, 300 out"
    assert rows["conditions"] == "SNR 42 dB, client's clock +20 ppm, drifting +1 ppm/s, seed 2"
    assert rows["network"] == "A-law, robbed bits - - 1 - - -, 1 dB pad, inverted"
    assert rows["decisions"] == f"0 of {good.comparison.frames * INTERVALS} symbols wrong"
    for name in ("decision SNR", "margin"):
        values = [float(x) for x in rows[name].partition(" dB")[0].split()]
        assert len(values) == INTERVALS and all(0 < value < 60 for value in values)
    assert re.fullmatch(r"2\d\.\d ppm at the end", rows["clock"])
    assert rows["events"].startswith("detected at 0.01 s; trained at 0.33 s; data at 0.33 s")
    assert rows["on the line"].endswith(" 0 clipped")


def test_the_page_needs_nothing_else(page):
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    assert not re.search(r"https?:|<script|<link|@import", page)
    pictures = re.findall(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)">', page)
    assert [name for name, _ in pictures] == [
        "Line",
        "Equaliser&#x27;s convergence",
        "Eye",
        "Levels by interval",
        "Taps",
        "Clock",
        "Spectrum",
    ]
    assert page.count("<img") == len(pictures)
    for _, text in pictures:
        image = imread(io.BytesIO(base64.b64decode(text)))
        assert image.shape[1] > 1000
        # Something is drawn.
        assert image[..., :3].min() < 0.5 < image[..., :3].mean()


def test_the_page_has_the_summary_and_the_parameters(good, page):
    for what, text in report.summary(good):
        assert f"<tr><th>{what}</th><td>{html.escape(text)}</td></tr>" in page
    assert html.escape(good.parameters.to_json()) in page


def test_the_same_call_has_the_same_pictures(good):
    again = run(good.call, DATA)
    assert report.summary(again) == report.summary(good)
    for draw in (call_pictures.known_convergence, call_pictures.clock):
        assert draw(again) == draw(good)


def test_a_call_that_failed():
    outcome = outcome_of({"slips": ((900, -1),)}, gain_hits=((0.55, 0.05, -np.inf),))
    rows = dict(report.summary(outcome))
    assert rows["result"] == outcome.failure and outcome.failure
    assert "octet 900 of the data dropped" in rows["network"]
    assert "lost at " in rows["events"]
    assert call_pictures.known_convergence(outcome) and call_pictures.eye(outcome)


def test_a_receiver_that_gave_up_before_data(good):
    outcome = copy.deepcopy(good)
    decisions = outcome.decisions
    before = decisions.number < good.comparison.start
    for name, value in vars(decisions).items():
        if name != "events":
            setattr(decisions, name, value[before])
    outcome.comparison.received.stretches, outcome.taps = [], None
    rows = dict(report.summary(outcome))
    assert "nan" in rows["decision SNR"] and rows["decisions"] == "0 of 0 symbols wrong"
    assert [name for name, _ in call_pictures.pictures(outcome)] == [
        "Line",
        "Equaliser's convergence",
        "Spectrum",
    ]
