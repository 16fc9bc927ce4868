"""Rows of real calls through lines, and what they are judged by."""

import json

import numpy as np
import pytest

from golden.pcm import g711
from sim.figures import real_calls_on_lines
from tests.sim.reading.support import parameters_of


def test_what_points_need():
    """4.9 standard deviations to half the least distance are one decision in 10**6."""
    points = range(40, 120, 10)
    least = float(np.diff(g711.linear(np.array(points), "A")).min())
    needs, gives, wrong = real_calls_on_lines.room(parameters_of(points), "codec", 4032.0)
    assert abs(needs - 20 * np.log10(4.9 * 4032 * 2 / least)) < 0.01
    assert 46 < gives < 48 and wrong < 1e-6
    needs, _, wrong = real_calls_on_lines.room(parameters_of(range(8)), "codec", 4032.0)
    assert needs > 60 and wrong > 50


def test_lines_differ(real_calls):
    """Each call of five goes through lines of its own, and clocks are off to either side."""
    cases = real_calls_on_lines.cases(real_calls)
    assert len({line for *_, line, _, _ in cases}) == len(cases)
    offsets = sorted(ppm for *_, ppm, _ in cases)
    assert (
        offsets[0] == -real_calls_on_lines.MOST_PPM and offsets[-1] == real_calls_on_lines.MOST_PPM
    )


def test_a_client_that_knows_what_it_asked_for(real_calls):
    """Every figure of a row, over a line that passes no DC; and each of them can fail."""
    folder = real_calls / "usr-sportster"
    if not folder.is_dir():
        pytest.skip(f"no call usr-sportster in {real_calls}")
    facts = json.loads((folder / "call.json").read_text())
    octets = np.fromfile(folder / "down.al", np.uint8)
    found = real_calls_on_lines.read(facts, octets, "26awg-12kft", -40.0)
    arguments = octets, "26awg-12kft", -40.0, found
    row = real_calls_on_lines.judged("a call", facts, *arguments)
    assert row.met, row
    assert row.values["wrong symbols"] == 0 and row.values["B1d ones"] == 1
    for key in ("mp_frames", "jd_frames", "downstream_rate"):
        other = {**facts, key: facts[key] + 1}
        assert not real_calls_on_lines.judged("another", other, *arguments).met
    moved = {**facts, "samples": {**facts["samples"], "ri": facts["samples"]["ri"] + 6}}
    assert real_calls_on_lines.judged("moved", moved, *arguments).values["moved"] == "Ri"
    training = found.trainings[-1]
    training.measured.codewords[3, 70, 0, 1] = 71
    assert not real_calls_on_lines.judged("a Ucode misnamed", facts, *arguments).met
    # A reading that breaks off is a row too.
    for name in ("B1d", "MP", "TRN2d", "DIL", "Jd"):
        training.signals = [one for one in training.signals if one.name != name]
        assert not real_calls_on_lines.judged(f"no {name}", facts, *arguments).met
