"""Start-ups through the gateware, with a host's calls at the same times, beside golden."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.modem.states import AnaloguePhase
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.receiver.receiver import Receiver as Golden
from golden.receiver.slicer import Levels
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN, Kind
from golden.receiver.training import DilAverager, TrainingDecoder
from golden.receiver.training_levels import training_levels as training_levels_of
from sim.calls.description import Call
from sim.calls.gateware_receiver import AnalogueGateware
from sim.calls.session import Session
from sim.world.line import Conditions
from sim.world.network import NetworkParameters
from tests.startup import (
    SILENCE,
    U_INFO,
    Host,
    StartUp,
    grid,
    joined,
    levels_of,
    training_levels,
)

NAMES = ("number", "fine", "error", "ucode", "sign", "first", "good", "step")


def replayed(gateware, samples, host):
    """The gateware's decisions where a golden host's calls are made as it made them."""
    done, parts, starts = list(host.done), [], 0
    for begin in range(0, len(samples), host.piece):
        parts.append(gateware.process(samples[begin : begin + host.piece]))
        starts += sum(kind is Kind.DETECTED for _, kind in parts[-1].events)
        while done and done[0][:2] == (starts, gateware.number):
            for name, *arguments in done.pop(0)[2]:
                getattr(gateware, name)(*arguments)
    assert not done
    return joined(parts)


def demand_equal(golden, gateware):
    assert golden.events == gateware.events
    for name in NAMES:
        assert np.array_equal(getattr(golden, name), getattr(gateware, name)), name
    assert np.array_equal(golden.quality[-1], gateware.quality[-1])


class ToData(AnalogueGateware):
    """With parameters for the data after Ed, which golden's receiver does not decode."""

    data = None

    def after_ed(self, levels, line=0):
        if self.data is not None:
            self.decode(self.data)
        super().after_ed(levels, line)


def both(samples, script, descriptor=None, law="A", data=None, every=0, **options):
    """Decisions of both, demanded to be equal, and the gateware as it is then."""
    host = Host(Golden(training_levels(law)), script, **options)
    golden = joined(host.run(samples))
    gateware = ToData(training_levels(law), descriptor=descriptor, every=every)
    gateware.data, gateware.done = data, list(host.done)
    demand_equal(golden, replayed(gateware, samples, host))
    return golden, gateware


def told(decisions, kind):
    return [number for number, one in decisions.events if one is kind]


def decoded(decisions, parameters, first, count):
    """Bits of data frames from ``first`` on."""
    at = int(np.flatnonzero(decisions.number == first)[0])
    ucodes, signs = (x[at : at + count] for x in (decisions.ucode, decisions.sign))
    octets = g711.octet(ucodes, signs, parameters.law)
    return Decoder(parameters).process(octets.reshape(-1))


@pytest.mark.parametrize("law", [pytest.param("A", marks=pytest.mark.long), "mu"])
def test_from_sd_to_data(law, rng):
    """Every signal on its levels; bits of TRN1d and Jd, TRN2d, MP and data; averages of DIL."""
    start = StartUp.make(rng, law)
    samples = start.samples(network={"invert": law == "A"}, ppm=70.0)
    at, script = start.at, start.script()
    references = levels_of(((U_INFO, U_INFO + 1),) * 6, law).values
    script.insert(1, (at["dil"] + 4, [("know", start.dil, np.array(references), at["dil"])]))
    script.insert(2, (at["r"] - 10, [("know", None, None, 0)]))
    golden, gateware = both(samples, script, start.dil, law, start.cp, piece=24)
    # So soon after the first solution, TRN2d may begin with errors enough for a disturbance.
    kinds = [kind for _, kind in golden.events if kind not in (Kind.DISTURBED, Kind.RECOVERED)]
    assert kinds == [
        Kind.DETECTED,
        Kind.TRAINED,
        Kind.DATA,
        Kind.R,
        Kind.REVERSAL,
        Kind.SWITCHED,
        Kind.ED,
    ]
    # Known symbols are not what they would be taken for: it matters.
    known = (golden.number >= at["dil"] + 8) & (golden.number < at["r"] - 12)
    assert np.abs(golden.error[known]).max() > 200
    bits, begins = TrainingDecoder().process(golden.sign)
    mine = gateware.training_bits
    assert np.array_equal(mine["bit"].reshape(-1, 6), bits)
    assert np.array_equal(mine["begins"].reshape(-1, 6)[:, 0], begins) and begins.sum() == 2
    averager = DilAverager(start.dil)
    stopped = gateware.done[2][1]
    averager.process(golden.fine[(golden.number >= at["dil"]) & (golden.number < stopped)])
    sums, counts = gateware.averages()
    assert np.array_equal(counts, averager.counts) and counts.any()
    assert np.array_equal(sums[counts > 0], averager.sums[counts > 0])
    trn2d = decoded(golden, start.cpt, at["trn2d"], at["b1d"] - at["trn2d"])
    data = decoded(golden, start.cp, at["b1d"], 1 << 20)
    wanted, found = np.concatenate([trn2d, data]), gateware.bits["bit"]
    assert np.array_equal(found, wanted)
    size = start.cp.data_bits
    data = data[48 * size : 88 * size]
    assert np.array_equal(data, start.bits[: len(data)]) and len(data) == 40 * size
    with pytest.raises(V90Error, match="another DIL"):
        gateware.know(start.dil, references, at["dil"] + 1)


@pytest.mark.long
def test_at_12_mhz(rng):
    """750 cycles a sample, whatever there is to do: 9000 a data frame are enough."""
    start = StartUp.make(rng)
    golden, _ = both(start.samples(ppm=-60.0), start.script(), start.dil, every=750)
    assert told(golden, Kind.ED) == [start.at["b1d"]]


@pytest.mark.long
def test_rate_renegotiations(rng):
    """R after data, with levels armed anew: twice."""
    start = StartUp.make(rng, again=2)
    cpt, cp = (levels_of(p.intervals, "A") for p in (start.cpt, start.cp))
    script, at = start.script(), start.at
    lasts = at["rd"] + 36 - at["trn2d"]
    for n in range(2):
        rd = at["rd"] + n * lasts
        script += [(rd - 20, [("arm", cpt), ("follow", start.cpt)]), (rd + 40, [("after_ed", cp)])]
    golden, _ = both(start.samples(), script)
    assert len(told(golden, Kind.SWITCHED)) == len(told(golden, Kind.ED)) == 3


def test_ed_without_levels_and_the_last_that_was_given(rng):
    """One table waits: levels that are given take the place of others; None of all."""
    start = StartUp.make(rng)
    at, dil, cpt = start.at, grid("A"), levels_of(start.cpt.intervals, "A")
    script = [
        (445, [("switch", cpt, 480), ("switch", dil, at["dil"])]),
        (500, [("switch", cpt, 515), ("arm", cpt)]),
        (530, [("arm", None)]),
        (at["r_bar"] - 12, [("arm", cpt), ("follow", start.cpt)]),
    ]
    golden, _ = both(start.samples("codec"), script)
    assert told(golden, Kind.DATA) == [at["dil"]] and told(golden, Kind.ED) == [at["b1d"]]
    golden, _ = both(start.samples("codec"), script[:3])
    assert told(golden, Kind.REVERSAL) and not told(golden, Kind.SWITCHED)


@pytest.mark.parametrize("piece", [133, pytest.param(25, marks=pytest.mark.long)])
def test_levels_that_are_late_count_from_the_next_data_frame_on(piece, rng):
    """At whatever place in a data frame they come, a guess among them."""
    start = StartUp.make(rng)
    other = levels_of(((U_INFO - 1, U_INFO),) * 6, "A")
    script = [(450 + 12 * n, [("switch", (other, grid("A"))[n % 2], 7)]) for n in range(8)]
    golden, _ = both(start.samples("26awg-6kft", ppm=-90.0)[:16000], script, piece=piece)
    assert len(told(golden, Kind.DATA)) == 8


@pytest.mark.parametrize(
    "call", ["arm", *(pytest.param(one, marks=pytest.mark.long) for one in ("after_ed", "switch"))]
)
def test_sd_drops_what_waits(call, rng):
    """Levels armed, and those for after Ed, are forgotten with the next Sd."""
    start = StartUp.make(rng)
    samples = start.samples("codec")
    cpt = levels_of(start.cpt.intervals, "A")
    samples = np.concatenate([samples[: len(samples) * 6 // 10], np.zeros(800, np.int64), samples])
    given = {"switch": (call, cpt, 900)}.get(call, (call, cpt))
    golden, gateware = both(samples, [(450, [given, ("follow", start.cpt)])])
    kinds = [kind for _, kind in golden.events]
    assert kinds.count(Kind.DETECTED) == 2
    assert not {Kind.SWITCHED, Kind.ED, Kind.DATA} & set(kinds)
    (again,) = np.flatnonzero(np.diff(golden.number) < 0) + 1
    bits, begins = TrainingDecoder().process(golden.sign[again:])
    mine = gateware.training_bits[-bits.size :]
    assert np.array_equal(mine["bit"], bits.reshape(-1)) and begins.sum() == 2


def test_sd_ends_what_was_decoded(rng):
    """And what was followed: another Sd in MP, and after it R-bar with levels of which no bits."""
    start = StartUp.make(rng)
    samples, at = start.samples("codec"), start.at
    frame = len(samples) / (SILENCE + 72 + at["data"] + 60)
    cut = int((SILENCE + 72 + at["mp"] + 5) * frame)
    cpt = levels_of(start.cpt.intervals, "A")
    calls = [("arm", cpt), ("follow", start.cpt), ("arm", None), ("arm", cpt)]
    receiver, gateware = Golden(training_levels("A")), AnalogueGateware(training_levels("A"))
    golden, mine = [], []
    for part, script in (
        (samples[:cut], start.script()[:2]),
        (np.concatenate([np.zeros(400, np.int64), samples]), [(at["r"] + 12, calls)]),
    ):
        host = Host(receiver, script)
        golden.append(joined(host.run(part)))
        mine.append(replayed(gateware, part, host))
    demand_equal(joined(golden), joined(mine))
    for one in golden:
        assert told(one, Kind.SWITCHED) == [at["trn2d"]] and not told(one, Kind.ED)
    # Up to the other Sd, of which the first data frames are in the second part.
    again = int(np.flatnonzero(np.diff(golden[1].number) < 0)[0]) + 1
    whole = joined([golden[0], golden[1]])
    first = int(np.flatnonzero(whole.number == at["trn2d"])[0])
    count = len(golden[0].number) + again - first
    wanted = decoded(whole, start.cpt, at["trn2d"], count)
    assert np.array_equal(gateware.bits["bit"], wanted)


@pytest.mark.long
@pytest.mark.parametrize("bit", ["1", "01"])
def test_second_solution_on_levels_of_six_intervals(bit, rng):
    """A robbed bit moves TRN1d's level in one interval: symbols have shares of it."""
    start = StartUp.make(rng, trn1d=1300)
    robbed = {"robbed": ("", "", "1" if bit == "1" else "", "", bit, "")}
    level = int(g711.linear(U_INFO, "A"))
    rows = [[level], [level], [level], [level + 60], [level - 90, level + 130], [level]]
    six = Levels(tuple(map(tuple, rows)), tuple((U_INFO,) * len(row) for row in rows))
    assert six.single
    samples = start.samples(network=robbed, snr=45)[: 12 * 1400]
    golden, _ = both(samples, [(460, [("switch", six, 0)])])
    assert told(golden, Kind.TRAINED)[1:] == [AGAIN + TRAINED_AGAIN + SOLVING]
    golden, _ = both(samples, [(460, [("switch", six, 0)]), (900, [("switch", grid("A"), 0)])])
    assert told(golden, Kind.TRAINED)[1:] == []


def test_a_long_r(rng):
    """Ri has Sd's period: detections are passed over, and found again."""
    start = StartUp.make(rng, ri=1200)
    at, cpt = start.at, levels_of(start.cpt.intervals, "A")
    script = start.script()
    script[0][1].insert(0, ("ignore_sd", True))
    script[1:2] = [
        (at["r"] + 20, [("switch", training_levels("A"), 0)]),
        (at["r"] + 60, [("arm", cpt), ("follow", start.cpt)]),
    ]
    golden, _ = both(start.samples(snr=45), script)
    assert told(golden, Kind.ED) == [at["b1d"]] and len(told(golden, Kind.DETECTED)) == 1


def test_a_session(rng):
    """The analogue modem on the gateware, to data, and through a rate renegotiation."""
    network = NetworkParameters(robbed=("", "", "01", "", "", ""))
    setting = Call("A", "26awg-6kft", Conditions(snr=45, ppm=40, seed=3), network)
    sessions = []
    levels = training_levels_of(setting.u_info, setting.law)
    sent = rng.integers(0, 2, 200_000, np.uint8)
    for receiver in (None, AnalogueGateware(levels)):
        session = Session([setting], receiver=receiver)
        (modem,), (digital,) = session.analogue, session.digital
        if receiver:
            receiver.describe(modem.descriptor)
        seen, process = [], modem.process

        def watched(decisions, frames, seen=seen, process=process):
            seen.append(decisions)
            return process(decisions, frames)

        modem.process = watched
        digital.send(sent)
        session.run(12000, lambda session: session.analogue[0].phase is AnaloguePhase.DATA)
        session.run(300)
        modem.renegotiate()
        session.run(1500)
        sessions.append((modem, joined(seen), modem.take()))
    (golden, one, bits), (gateware, two, same) = sessions
    assert golden.log == gateware.log and len(golden.readings) == 1
    demand_equal(one, two)
    assert len(told(one, Kind.ED)) == 2 and np.array_equal(bits, same)
    assert len(bits) > 10_000 and np.array_equal(bits, sent[: len(bits)])
    print(golden.reading.cp.rate, golden.log)
