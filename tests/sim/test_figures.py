"""The measurements of `make figures`, some of them with a few lines; and that they can fail."""

import io

import numpy as np
import pytest
from rich.console import Console

from golden import g711
from golden.parameters import INTERVALS
from golden.receiver import Kind
from golden.slicer import Levels
from sim import figures, reach
from sim.figures import LAW, LEVEL, U_INFO, Row

LINES = ("codec", "26awg-9kft", "tap-18kft")


def all_met(rows):
    for row in rows:
        print(row.what, row.values, row.met)
    return len(rows) > 0 and all(row.met for row in rows)


# --- Bounds --------------------------------------------------------------------------------------


def test_the_bound_by_hand(monkeypatch):
    """One impulse: all energy in one sample of two, nothing to equalise; the matched filter's SNR.

    The noise is that in both samples of a symbol, so one of them has 3 dB more than the line.
    """
    monkeypatch.setattr(figures, "_impulse", lambda name: np.eye(1, 40, 5)[0])
    bound = figures.mmse_bound("one", (20, 40))
    assert np.allclose(bound, [20 + 10 * np.log10(2), 40 + 10 * np.log10(2)], atol=1e-6)
    # A postcursor within the reach of the feedback costs its energy and nothing else.
    response = np.eye(1, 40, 5)[0] + np.eye(1, 40, 9)[0]
    monkeypatch.setattr(figures, "_impulse", lambda name: response)
    with_feedback = figures.mmse_bound("two", (40,))[0]
    without = figures.mmse_bound("two", (40,), feedback=0)[0]
    # The power of noise goes with the response's, twice as large here.
    assert np.isclose(with_feedback, 40, atol=0.05) and without < with_feedback - 10


def test_more_taps_are_no_worse():
    few, more = (figures.mmse_bound("26awg-9kft", (45,), *taps)[0] for taps in ((24, 8), (64, 32)))
    assert few < more < 60


def test_the_fit_and_the_bound_agree():
    octets = figures.preamble(1400)
    samples = figures.samples_of("26awg-9kft", octets, seed=5)
    fitted = figures.fitted_bound(samples, octets, 6000)
    assert abs(fitted - figures.mmse_bound("26awg-9kft", (figures.SNR,))[0]) < 0.3


# --- Figures -------------------------------------------------------------------------------------


def test_first_training():
    rows = figures.first_training(LINES, seeds=2)
    assert all_met(rows) and [row.what for row in rows] == list(LINES)
    for row in rows:
        assert 0 < row.values["lacks"] < 1.5
        assert row.values["best"] < row.values["bound"] + 0.4


def test_convergence():
    rows = figures.convergence(LINES, snrs=(30, 45), frames=2340)
    assert all_met(rows) and len(rows) == 6
    assert [row.curve is not None for row in rows] == [False] * 3 + [True] * 3
    # Settled, its curve ends near the number.
    assert abs(rows[3].curve[1, -10:].mean() - rows[3].values["after 8000"]) < 0.3


def test_golden_against_float64():
    assert all_met(figures.against_reference(LINES[1:2], snrs=(50,), frames=1500))


def test_clock():
    rows = figures.clock(LINES[1:], seconds=2.5)
    assert all_met(rows) and len(rows) == 4
    assert all(abs(row.values["ppm off"]) < 2 for row in rows)


def test_data():
    rows = figures.data(LINES, seconds=0.5)
    assert all_met(rows)
    for row in rows:
        assert row.values["bit/s"] > 40000 and row.values["symbols"] > 3000
        assert row.values["in data"] == pytest.approx(row.values["SNR"], abs=0.5)


def test_high_pass():
    """Corners of 60 Hz and others: what the drift is for is not one pole."""
    rows = figures.high_pass(LINES[1:2], distances=(1000, 1500), seconds=2.5, at=0.5)
    assert all_met(rows)
    for row in rows:
        print(row.values)
        assert 30 < row.values["bound"] < 40 and row.values["lowest"] < row.values["bound"] - 3
        assert row.values["at the end"] > row.values["bound"] - 1.5


@pytest.mark.parametrize("pole", [0.94, 0.97, 0.98])
def test_other_high_passes(monkeypatch, pole):
    monkeypatch.setattr(figures, "POLE", pole)
    assert all_met(figures.high_pass(LINES[1:2], distances=(1500,), seconds=2.5, at=0.5))


def test_events():
    kinds = {name: hits for name, hits in figures.EVENTS.items() if not name.startswith("no ")}
    rows = figures.events(LINES[1:2], kinds)
    assert all_met(rows) and len(rows) == 2 * len(kinds)
    numbers = {(row.values["intervals"], row.values["event"]): row.values for row in rows}
    # Only the decoder sees a slip between equal constellations.
    assert numbers["equal", "slip, octet twice"]["receiver ms"] == "-"
    assert numbers["one robbed", "slip, octet twice"]["receiver ms"] < 50
    assert "DISTURBED" in numbers["equal", "dropout of 20 ms"]["events"]
    assert all(row.values["HDLC lost"] > 0 for row in rows)


def test_real_calls(real_calls):
    assert all_met(figures.raw_calls(real_calls))


def test_one_real_call_through_lines(real_calls, tmp_path):
    name = sorted(path.parent.name for path in real_calls.glob("*/call.json"))[0]
    (tmp_path / name).symlink_to(real_calls / name)
    rows = figures.real_calls(tmp_path)
    assert all_met(rows) and len(rows) == 4
    assert len({row.values["line"] for row in rows}) == 4
    assert {round(row.values["ppm"]) for row in rows} == {-150, -50, 50, 150}


# --- What they are made of -----------------------------------------------------------------------


def test_constellations():
    for distance in (200, 625, 1000, 1500):
        ucodes = figures.constellation(distance)
        one = figures.levels_of((ucodes,) * INTERVALS)
        assert isinstance(one, Levels) and one.least_distance >= distance
        assert one.power <= LEVEL**2
        # One more level above would be too much power.
        above = g711.linear(np.arange(ucodes[-1] + 1, 128), LAW)
        higher = above[above - one.values[0][-1] >= distance][0]
        assert np.mean(np.square([*one.values[0], higher])) > LEVEL**2
    with pytest.raises(ValueError, match="no constellation"):
        figures.constellation(20000)


def test_mapping_takes_all_the_bits_there_are():
    p = figures.mapping(((31, 55, 68, 76, 82, 86),) * 5 + ((31, 55, 68, 76, 82),))
    assert 1 << p.k <= p.modulus_product < 2 << p.k and p.sr == 0
    assert p.moduli == (6, 6, 6, 6, 6, 5)


def test_expected_errors():
    """Two points: all errors are of one decision; 1e-6 at the margin for an inner point."""
    level = float(g711.linear(100, LAW))
    assert figures.expected_errors((100,), level / figures.MARGIN, 1e6) == pytest.approx(0.5, 0.01)


def test_a_call_is_repeatable():
    octets = figures.preamble(10)
    assert len(octets) % INTERVALS == 0 and len(octets) == figures.BEFORE + 60
    first, again, other = (figures.samples_of("codec", octets, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    values = figures.trn1d_values(10)
    assert values.shape == (10, INTERVALS) and set(np.abs(values).ravel()) == {LEVEL}
    assert (g711.ucode(octets[-60:], LAW) == U_INFO).all()
    assert np.array_equal(g711.sign(octets[-60:]), values.ravel() > 0)


def test_errors_are_seen():
    """Decisions with a wrong symbol, a missing data frame, a forged SNR: each shows."""
    octets = figures.preamble(600)
    one = figures.Receiver(figures._TRAINING).process(figures.samples_of("codec", octets))
    truth = figures.trn1d_values(600)
    errors, number = figures.errors_of(one, truth)
    assert figures.snr_of(errors) > 40 and number[0] == figures.TRAINED_AT
    assert figures.snr_of(figures.errors_of(one, -truth)[0]) < 0
    assert figures.snr_of(errors[:0]) == -np.inf
    sent = octets[figures.BEFORE :]
    assert figures._wrong(one, sent, 0).sum() == 0
    sent = sent.copy()
    sent[INTERVALS * 500] ^= 0x80
    assert figures._wrong(one, sent, 0).sum() == 1


def test_a_call_whose_jd_is_damaged_is_not_met(real_calls, tmp_path):
    """A wrong sign in Jd is one sequence less, one in TRN1d an error."""
    source = real_calls / "conexant-hcf"
    if not source.is_dir():
        pytest.skip(f"no call conexant-hcf in {real_calls}")
    facts, down = (source / "call.json").read_text(), np.fromfile(source / "down.al", np.uint8)
    where = figures.json.loads(facts)["samples"]
    down[where["jd"] + 100] ^= 0x80
    down[where["trn1d"] + 6000] ^= 0x80
    folder = tmp_path / "call"
    folder.mkdir()
    (folder / "call.json").write_text(facts)
    down.tofile(folder / "down.al")
    (row,) = figures.raw_calls(tmp_path)
    assert not row.met and row.values["TRN1d wrong"] == 1
    assert 0 < row.values["Jd"] < row.values["of"]


# --- What is printed -----------------------------------------------------------------------------


def test_what_is_not_met_is_printed(monkeypatch, tmp_path):
    curve = np.array([[0.0, 1.0], [30.0, 31.0]])

    def rows():
        return [
            Row("good", {"line SNR": 45, "bound": 47.0, "after 2040": 46.0, "after 8000": 46.5,
                         "lacks": 0.5}, True, curve),
            Row("bad", {"line SNR": 45, "bound": 47.0, "after 2040": 40.0, "after 8000": 41.0,
                        "lacks": 6.0}, False, curve),
        ]  # fmt: skip

    monkeypatch.setattr(figures, "convergence", rows)
    monkeypatch.setattr(figures, "high_pass", lambda: rows())
    monkeypatch.setattr(reach, "PICTURES", tmp_path / "figures")
    monkeypatch.setattr(reach, "FIGURES", (
        ("one", figures.convergence, "lacks", max), ("two", figures.high_pass, "lacks", max),
    ))  # fmt: skip
    text = io.StringIO()
    reach.show_figures(Console(file=text, width=120), tmp_path)
    told = text.getvalue()
    print(told)
    assert "no real calls in" in told and told.count("NO") == 4
    assert "lacks: 6.00 (bad)" in told
    pictures = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert pictures == ["convergence.png", "high-pass.png", "snr.png"]
    assert all((tmp_path / "figures" / name).read_bytes()[:4] == b"\x89PNG" for name in pictures)


def test_the_moment_of_a_failure_is_told():
    told = figures._told([(110, Kind.LOST), (210, Kind.RECOVERED)], 100)
    assert told == "LOST 8 ms, RECOVERED 82 ms"
    assert figures._told([], 0) == "none"
    assert "3 more" in figures._told([(n, Kind.LOST) for n in range(6)], 0)
