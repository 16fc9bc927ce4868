"""Files through whole calls: learnt networks, what hits them in data, and calls that fail."""

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from sim.calls import start_up
from sim.calls.call import run
from sim.calls.description import Call
from sim.calls.engines import GOLDEN, Engines
from sim.reports import call as report
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters

DATA = bytes(np.random.default_rng(7).integers(0, 256, 30_000, np.uint8))


def called(data=DATA, network=None, line="26awg-6kft", snr=45.0, ppm=80.0, engines=None, **more):
    call = Call(
        line=line,
        conditions=Conditions(snr=snr, ppm=ppm, seed=1),
        network=network or NetworkParameters(),
        **more,
    )
    return run(call, data, engines or GOLDEN)


def signals(outcome):
    return [one.signal for one in outcome.digital.timeline]


def test_a_call_without_a_hit():
    shown = []

    class Phase(list):
        def __call__(self, what):
            self.append(what)
            return self

        def __enter__(self):
            return lambda done, total: shown.append((done, total))

        def __exit__(self, *error):
            pass

    phase = Phase()
    outcome = called(engines=Engines(phase=phase))
    assert outcome.failure is None and outcome.back == DATA
    assert outcome.again == outcome.file.damaged == 0
    assert len(outcome.rates) == len(outcome.analogue.readings) == 1
    assert outcome.digital.cleared and signals(outcome).count("Rd") == 1
    assert phase == ["call"] and shown[-1] == (len(DATA), len(DATA))
    # Frames, their check sequences and zero insertion cost 6 %, and all in all it took not longer.
    assert outcome.lasted < 1.15 * len(DATA) * 8 / outcome.rates[0][1] + 0.15
    rows = dict(report.summary(outcome))
    assert rows["result"] == "the file arrived"
    assert rows["found"] == "a network that changes nothing"
    assert rows["events"] == "none in data"
    assert "1 training, 0 rate renegotiations" in rows["Sd to data"]
    assert rows["file"].startswith("30000 octets in, 30000 out")
    assert [name for name, _, _ in report.timeline(outcome)][:5] == [
        "silence",
        "Sd",
        "S-bar-d",
        "TRN1d",
        "Jd",
    ]


@pytest.mark.parametrize(
    "hit",
    [
        {"slips": ((9000, 1),)},
        pytest.param({"slips": ((9001, -1),)}, marks=pytest.mark.long),
        pytest.param({"high_pass": 0.95, "high_pass_at": 9000}, marks=pytest.mark.long),
    ],
)
def test_a_hit_in_data_costs_time_and_no_octet(hit):
    outcome = called(network=NetworkParameters(**hit))
    assert outcome.failure is None and outcome.back == DATA
    assert outcome.again > 0
    assert outcome.lasted > len(DATA) * 8 / outcome.rates[0][1] + 1
    rows = dict(report.summary(outcome))
    assert len(outcome.analogue.readings) > 1 and "trainings" in rows["Sd to data"]
    assert rows["events"] != "none in data"


def test_the_network_is_found_and_reported():
    network = NetworkParameters(law="mu", pad=3.0, robbed=("", "", "1", "", "", ""), invert=True)
    outcome = called(
        DATA[:3000],
        network,
        law="mu",
        at_codec=True,
        margin=2.0,
        options={"most_bits": 24, "sr": 1, "ld": 2},
    )
    assert outcome.back == DATA[:3000]
    rows = dict(report.summary(outcome))
    assert "a digital pad of 3 dB" in rows["found"] and "interval 2" in rows["found"]
    assert "Sr 1, ld 2" in rows["CP"] and "at the codec" in rows["CP"]
    assert outcome.parameters.data_bits <= 24


def test_the_page_has_all_pictures():
    outcome = called(DATA[:2000])
    page = report.page(outcome).decode()
    assert page.count("<img") == 6
    assert "TRN2d" in page and "the file arrived" in page


def test_an_empty_file():
    assert called(b"").back == b""


def test_a_line_without_a_rate_says_so(monkeypatch):
    # Two trainings are enough to see.
    monkeypatch.setattr(start_up, "SECONDS_TO_DATA", 8.0)
    with pytest.raises(CallFailed, match="never bore the lowest rate of V.90"):
        called(b"", snr=18.0, ppm=0.0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"margin": -1.0}, "the margin is 0 to 40 dB"),
        ({"margin": float("nan")}, "the margin is 0 to 40 dB"),
        ({"trn1d": 2034}, "TRN1d"),
        ({"power": -12.2}, "in steps of 0.5"),
    ],
)
def test_settings_that_cannot_be(options, sentence):
    with pytest.raises(V90Error, match=sentence):
        called(b"", **options)
