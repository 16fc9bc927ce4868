"""Calls with given parameters: lines, networks, clocks, rates, slips, losses; recordings."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from golden.errors import CallFailed, V90Error
from golden.learning import constellations
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.receiver.timetable import Kind
from sim.calls import design, given, pcm
from sim.calls.call import run
from sim.calls.description import LEAST_GIVEN_TRN1D, Call
from sim.calls.engines import Engines, silent_phase
from sim.calls.reception import noticed, receive, receive_golden
from sim.world.conditions import Conditions
from sim.world.network import NetworkParameters
from tests.sim.calls.support import designed

DATA = np.random.default_rng(5).bytes(700)

#: TRN1d as short as it can be.
SHORT = LEAST_GIVEN_TRN1D


def short(line="codec", network=None, data=DATA, data_bits=30, sr=0, ld=0, **options):
    """A call with a short TRN1d; ``options`` are those of Call, and of its conditions."""
    conditions = {
        "snr": 45.0,
        **{
            name: options.pop(name)
            for name in list(options)
            if name in Conditions.__dataclass_fields__
        },
    }
    network = NetworkParameters(**network or {})
    what = Call(
        **{
            "parameters": designed(network, data_bits, sr, ld),
            "line": line,
            "conditions": Conditions(**conditions),
            "network": network,
            "trn1d": SHORT,
            **options,
        }
    )
    return run(what, data)


def demand_arrived(outcome, data=DATA):
    assert outcome.failure is None and outcome.back == data
    known = outcome.comparison
    wrong, compared = known.wrong()
    assert wrong == 0 and compared == known.frames * INTERVALS
    assert not known.received.slips and known.received.overflows == 0
    # Errors on TRN1d's one level, which robbed bits move, may be a disturbance when data begin.
    events = outcome.decisions.events
    assert Kind.LOST not in [kind for _, kind in events]
    told = [at for at, kind in events if kind == Kind.DISTURBED]
    assert not told or (told == [known.start] and any(outcome.call.network.robbed))


@pytest.fixture(scope="module")
def plain():
    """A call over a short loop, and its outcome."""
    outcome = short("26awg-3kft", seed=3)
    demand_arrived(outcome)
    return outcome


# --- Calls that succeed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("26awg-12kft", {"ppm": 150.0}),
        ("tap-18kft", {"ppm": -150.0, "drift": 1.0}),
        ("codec-transformer", {"network": {"law": "mu"}, "sr": 1, "ld": 2}),
    ],
)
def test_a_file_arrives(line, options):
    outcome = short(line, **options)
    demand_arrived(outcome)
    room = constellations.margins(
        outcome.comparison.arrived, outcome.parameters, outcome.comparison.deviations()
    )
    assert (room > 0).all()


def test_training_as_long_as_usual():
    parameters = designed(NetworkParameters())
    outcome = run(Call(parameters=parameters, conditions=Conditions(snr=45, ppm=30)), DATA)
    demand_arrived(outcome)
    assert outcome.decisions.step[-1] / 2**32 * 1e6 == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "network",
    [
        {"robbed": ("1", "", "", "0", "", "")},
        {"robbed_after": ("", "01", "", "", "", "1"), "invert": True},
        {"law": "mu", "output_law": "A"},
        {"pad": 3.0},
    ],
    ids=lambda network: "-".join(network),
)
def test_networks(network):
    outcome = short("26awg-6kft", network)
    demand_arrived(outcome)
    if "robbed" in network or "robbed_after" in network:
        assert len(set(outcome.parameters.intervals)) > 1
        assert len({values for values in outcome.comparison.levels.values}) > 1
        assert min(outcome.parameters.moduli) > 8


def test_the_lowest_rate():
    outcome = short("26awg-3kft", data_bits=21)
    demand_arrived(outcome)
    assert outcome.parameters.rate == 28000
    assert outcome.file.octets == len(DATA)


def test_the_same_call_is_the_same(plain):
    again = run(plain.call, DATA)
    assert (again.samples == plain.samples).all() and again.parameters == plain.parameters
    assert (again.decisions.fine == plain.decisions.fine).all()
    other = replace(plain.call, conditions=replace(plain.call.conditions, seed=4))
    assert (given.samples_of(other, plain.octets) != plain.samples).any()


def test_the_level_of_the_converter(plain):
    trained = (
        plain.samples[2 * (plain.comparison.first + 100) : 2 * (plain.comparison.first + SHORT)]
        / 32768
    )
    assert 10 * np.log10(np.mean(trained**2)) == pytest.approx(-20, abs=0.5)


def test_an_empty_file():
    demand_arrived(short(data=b"", data_bits=30), b"")


# --- Calls that do not ---------------------------------------------------------------------------


def test_a_rate_beyond_what_goes():
    outcome = short("26awg-9kft", data_bits=42)
    assert outcome.parameters.rate == 56000 and outcome.back is None
    assert "the file did not arrive whole" in outcome.failure
    assert "synchronism was lost" in outcome.failure
    assert outcome.comparison.wrong()[0] > 0


def test_a_dropout_is_reported():
    outcome = short("26awg-6kft", gain_hits=((0.6, 0.02, -np.inf),), data=3 * DATA)
    assert outcome.failure.startswith("the file did not arrive whole")
    assert "synchronism was disturbed in data frame " in outcome.failure
    frame = next(at for at, kind in outcome.decisions.events if kind == Kind.DISTURBED)
    # What the line and its A/D delay, and samples that the equaliser has beyond a symbol, are less
    # than 6 data frames together.
    begin = (0.6 * 8000 - outcome.comparison.first) / INTERVALS
    assert -6 < frame - begin < 50e-3 * 8000 / INTERVALS


@pytest.mark.parametrize("what, shift", [(1, 1), (-1, 5)])
def test_a_slip_is_found(what, shift):
    # Equal constellations: the receiver does not see the slip, only the decoder does.
    arrived = design.arrivals(NetworkParameters())
    points = constellations.points(*(level[0] for level in arrived), 480)
    equal = MappingParameters("CP", 10, 0, 0, "A", 0, 0, 0, 0, (0,) * 6, (tuple(points[:16]),))
    data = np.random.default_rng(2).bytes(3000)
    outcome = short(network={"slips": ((3000, what),)}, data=data, parameters=equal)
    ((frame, found),) = outcome.comparison.received.slips
    assert found == shift
    assert abs(frame - outcome.comparison.start - 500) < 300
    assert "the network slipped about data frame" in outcome.failure
    assert outcome.comparison.wrong()[0] < 1500


# --- Engines -------------------------------------------------------------------------------------


@pytest.fixture
def gateware(monkeypatch):
    """Golden in the gateware's place, so that only the wiring is tested; a function changes it."""
    changes = []

    def receive_gateware(samples, training, data, start, progress):
        decisions, _ = receive_golden(samples, training, data, start, progress)
        for change in changes:
            change(decisions)
        return decisions

    module = SimpleNamespace(receive_gateware=receive_gateware)
    monkeypatch.setitem(sys.modules, "sim.calls.gateware_receiver", module)
    monkeypatch.setattr(pcm, "encode_gateware", pcm.encode)
    monkeypatch.setattr(pcm, "decode_gateware", pcm.decode)
    return changes


def test_gateware_and_check(gateware, plain):
    phases = []

    def phase(name):
        phases.append(name)
        return silent_phase(name)

    only = run(plain.call, DATA, Engines(gateware=True, phase=phase))
    demand_arrived(only)
    assert only.taps is None and "receiving" not in phases
    demand_arrived(run(plain.call, DATA, Engines(check=True, phase=phase)))
    for name in ("encoding", "receiving", "decoding"):
        assert {name, f"{name}, gateware"} < set(phases)


@pytest.mark.parametrize("field", ["fine", "error", "ucode", "sign"])
def test_a_difference_is_told(gateware, plain, field):
    def change(decisions):
        getattr(decisions, field)[3, 2] ^= 1

    gateware.append(change)
    samples = plain.samples[: 2 * (plain.comparison.first + SHORT) + 1600]
    training = design.training_levels(plain.comparison.arrived, plain.call.u_info)
    with pytest.raises(CallFailed, match="golden and gateware differ in 1 of .*data frame 3"):
        receive(
            samples,
            training,
            plain.comparison.levels,
            plain.parameters,
            plain.comparison.start,
            Engines(check=True),
        )


# --- Recordings ----------------------------------------------------------------------------------


def test_a_recording(plain):
    reception = given.receive_recording(plain.samples, plain.parameters, symbols=SHORT)
    assert reception.file.file() == DATA and noticed(reception) == ""


def test_recordings_that_hold_no_call(plain):
    def fails(kind, samples, symbols=SHORT):
        with pytest.raises(kind) as error:
            given.receive_recording(samples, plain.parameters, symbols=symbols)
        return str(error.value)

    noise = np.random.default_rng(1).integers(-5000, 5000, 20000)
    assert fails(V90Error, noise) == "the recording holds no Sd"
    assert "the recording is too short: 0.31 s, and Sd, TRN1d and B1d take 0.42 s" in fails(
        V90Error, noise[:5000]
    )
    after = 2 * plain.comparison.first
    broken = np.concatenate([plain.samples[: after + 400], noise])
    assert "no taps that make TRN1d's symbols out" in fails(CallFailed, broken)
    for symbols in (2000, 8041):
        assert f"TRN1d is 2664 to 32760 symbols, whole data frames, not {symbols}" in fails(
            V90Error, noise, symbols
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"u_info": 112}, "U_INFO is 1 to 111, not 112"),
        ({"u_info": 0}, "U_INFO is 1 to 111, not 0"),
        ({"trn1d": 2658}, "TRN1d is 2664 to 32760 symbols"),
        ({"conditions": Conditions(seed=-1)}, "the seed is a whole number from 0"),
    ],
)
def test_calls_that_cannot_be(options, sentence):
    with pytest.raises(V90Error, match=sentence):
        Call(parameters=designed(NetworkParameters()), **options)


def test_the_network_takes_the_calls_law():
    assert Call(parameters=designed(NetworkParameters(law="mu"))).network.law == "mu"
