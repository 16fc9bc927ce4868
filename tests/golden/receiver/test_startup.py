"""The receiver through start-ups and rate renegotiations: other levels at the right data frame."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN, Kind
from golden.signals.training import R_BAR
from tests.golden.receiver.support import assert_same
from tests.startup import U_INFO, Host, StartUp, grid, joined, levels_of, training_levels

#: Data frame with which the second solution is there.
SECOND = AGAIN + TRAINED_AGAIN + SOLVING


def run(start, script, name="26awg-6kft", **conditions):
    host = Host(Receiver(training_levels(start.law)), script)
    return joined(host.run(start.samples(name, **conditions))), host


def decoded(decisions, parameters, first, count):
    """Bits of data frames from ``first`` on."""
    at = int(np.flatnonzero(decisions.number == first)[0])
    ucodes, signs = (x[at : at + count] for x in (decisions.ucode, decisions.sign))
    octets = g711.octet(ucodes, signs, parameters.law)
    return Decoder(parameters).process(octets.reshape(-1))


def told(decisions, kind):
    return [number for number, one in decisions.events if one is kind]


@pytest.mark.parametrize("law", g711.LAWS)
@pytest.mark.parametrize("invert", [False, True])
def test_a_whole_start_up(law, invert, rng):
    """From Sd to data: each signal on its levels from its first data frame on, B1d's too."""
    start = StartUp.make(rng, law)
    samples = start.samples(network={"invert": invert}, ppm=70.0)
    decisions = joined(Host(Receiver(training_levels(law)), start.script()).run(samples))
    at = start.at
    assert decisions.events[2:] == [
        (at["dil"], Kind.DATA),
        (at["r"] + 15, Kind.R),
        (at["r_bar"], Kind.REVERSAL),
        (at["trn2d"], Kind.SWITCHED),
        (at["b1d"], Kind.ED),
    ]
    assert decisions.good.all()
    assert decoded(decisions, start.cpt, at["trn2d"], at["mp"] - at["trn2d"]).all()
    assert decoded(decisions, start.cp, at["b1d"], 48).all()
    data = decoded(decisions, start.cp, at["b1d"], 48 + 50)[48 * start.cp.data_bits :]
    assert np.array_equal(data, start.bits[: len(data)])


def test_rate_renegotiations(rng):
    """R behind data, with levels armed anew: twice."""
    start = StartUp.make(rng, again=2)
    cpt, cp = (levels_of(p.intervals, "A") for p in (start.cpt, start.cp))
    script, at = start.script(), start.at
    period = at["data"] - at["rd"]
    lasts = start.at["rd"] - at["data"] + 36 + at["data"] - at["trn2d"]
    assert period < 0 < lasts
    for n in range(2):
        rd = at["rd"] + n * lasts
        script += [(rd - 20, [("arm", cpt), ("follow", start.cpt)]), (rd + 40, [("after_ed", cp)])]
    # Points of B1d and data are 96 apart; at 50 dB their distance is 2.8 sigma, at 60 dB 7 or so.
    decisions, _ = run(start, script, snr=60)
    behind = at["b1d"] - at["trn2d"]
    trn2d = [at["trn2d"], *(at["rd"] + n * lasts + 32 + R_BAR for n in range(2))]
    assert told(decisions, Kind.REVERSAL) == [number - R_BAR for number in trn2d]
    assert told(decisions, Kind.SWITCHED) == trn2d
    assert told(decisions, Kind.ED) == [number + behind for number in trn2d]
    size, used = start.cp.data_bits, 40
    for n, number in enumerate(trn2d):
        bits = decoded(decisions, start.cp, number + behind, 48 + 40)
        assert bits[: 48 * size].all()
        assert np.array_equal(bits[48 * size :], start.bits[n * used * size :][: used * size])


def test_pieces_and_lines_side_by_side(rng):
    """Three lines, each in another state, are what each is alone, whatever the pieces."""
    starts = [StartUp.make(rng, "A", trn1d=470 + 30 * k) for k in range(3)]
    rows = [
        one.samples(name, seed=k)
        for k, (one, name) in enumerate(
            zip(starts, ("codec", "26awg-6kft", "24awg-12kft"), strict=True)
        )
    ]
    length = max(map(len, rows))
    samples = np.stack([np.pad(row, (0, length - len(row))) for row in rows])
    alone = []
    for one, row in zip(starts, samples, strict=True):
        host = Host(Receiver(training_levels("A")), one.script())
        alone.append((joined(host.run(row)), host.done))
    many = Receiver([training_levels("A")] * 3, lines=3)
    parts, done = [[], [], []], [list(calls) for _, calls in alone]
    for begin in range(0, length, 133):
        for k, decisions in enumerate(many.process(samples[:, begin : begin + 133])):
            parts[k].append(decisions)
            while done[k] and many._number[k] >= done[k][0][1]:
                for name, *arguments in done[k].pop(0)[2]:
                    getattr(many, name)(*arguments, line=k)
    for k in range(3):
        assert told(alone[k][0], Kind.ED) == [starts[k].at["b1d"]]
        assert_same(joined(parts[k]), alone[k][0])


def test_levels_that_are_late_count_from_the_next_data_frame_on(rng):
    start = StartUp.make(rng)
    other = levels_of(((U_INFO - 1, U_INFO),) * 6, "A")
    decisions, host = run(start, [(450, [("switch", other, 7)])], "codec")
    ((_, number, _),) = host.done
    assert told(decisions, Kind.DATA) == [number]


def test_the_last_that_was_given_waits(rng):
    """One table waits: levels that are given take the place of others; None of all."""
    start = StartUp.make(rng)
    cpt, dil = levels_of(start.cpt.intervals, "A"), grid("A")
    script = [
        (445, [("switch", cpt, 480), ("switch", dil, start.at["dil"])]),
        (500, [("switch", cpt, 515), ("arm", cpt)]),
        (530, [("arm", None)]),
    ]
    decisions, _ = run(start, script, "codec")
    assert told(decisions, Kind.DATA) == [start.at["dil"]]
    assert told(decisions, Kind.REVERSAL) == [start.at["r_bar"]]
    assert not told(decisions, Kind.SWITCHED) and not told(decisions, Kind.ED)


def test_constructor_s_data_until_others_are_given(rng):
    """They come again after each Sd, and no more once other levels were given."""
    start = StartUp.make(rng)
    one = Receiver(training_levels("A"), grid("A"), start.at["dil"])
    samples = np.concatenate([start.samples("codec")] * 3)
    third = len(samples) // 3
    first = one.process(samples[: third + third // 10])
    assert told(first, Kind.DATA) == [start.at["dil"]]
    second = one.process(samples[third + third // 10 : 2 * third])
    assert told(second, Kind.DATA) == [start.at["dil"]]
    one.arm(None)
    assert not told(one.process(samples[2 * third :]), Kind.DATA)


def test_sd_drops_what_waits(rng):
    """Levels armed, and those for behind Ed, are forgotten with the next Sd."""
    start = StartUp.make(rng)
    samples = start.samples("codec")
    cut = len(samples) * 6 // 10
    cpt = levels_of(start.cpt.intervals, "A")
    for call in (("arm", cpt), ("after_ed", cpt), ("switch", cpt, 500)):
        one = Receiver(training_levels("A"))
        one.process(samples[:cut])
        getattr(one, call[0])(*call[1:])
        one.follow(start.cpt)
        decisions = one.process(np.concatenate([np.zeros(800, np.int64), samples]))
        kinds = [kind for _, kind in decisions.events]
        again = kinds[kinds.index(Kind.DETECTED) :]
        assert Kind.R in again and Kind.REVERSAL in again
        assert not {Kind.SWITCHED, Kind.ED, Kind.DATA} & set(again)


def test_ed_is_told_without_levels(rng):
    start = StartUp.make(rng)
    decisions, _ = run(start, start.script()[:-1], "codec")
    assert told(decisions, Kind.ED) == [start.at["b1d"]]
    # The levels are TRN2d's still.
    at = decisions.number >= start.at["b1d"]
    assert set(decisions.ucode[at].reshape(-1)) <= set(start.cpt.intervals[0])


@pytest.mark.parametrize("bit", ["1", "01"])
def test_second_solution_on_levels_of_six_intervals(bit, rng):
    """A robbed bit moves TRN1d's level in one interval: with its own levels errors are noise."""
    start = StartUp.make(rng, trn1d=1300)
    robbed = {"robbed": ("", "", "1" if bit == "1" else "", "", bit, "")}
    samples = start.samples(network=robbed, snr=45)
    level = float(g711.linear(U_INFO, "A"))
    plain = Receiver(training_levels("A")).process(samples)
    at = plain.number > 445
    soft = np.abs(plain.fine / 16)
    values = []
    for i in range(6):
        turns = at & (plain.number < 480), plain.number % 2
        both = sorted(round(soft[turns[0] & (turns[1] == n), i].mean()) for n in (0, 1))
        values.append(both if both[1] - both[0] > level / 50 else [sum(both) // 2])
    assert max(map(len, values)) == len(bit)
    six = Levels(tuple(map(tuple, values)), tuple((U_INFO,) * len(row) for row in values))
    assert six.single
    decisions, _ = run(start, [(480, [("switch", six, 0)])], snr=45, network=robbed)
    assert told(decisions, Kind.TRAINED)[1:] == [SECOND]
    mine = (decisions.number >= SECOND) & (decisions.number < 1290)
    error, before = decisions.error[mine] / 16, plain.error[mine] / 16
    noise = level * 10 ** (-45 / 20)
    print(f"errors {error.std():.1f}, {before.std():.1f} on one level, noise {noise:.1f}")
    # 1.5 dB more than the noise: what the taps, the clock and half a step of levels leave.
    assert error.std() < 1.2 * noise < before.std()


def test_other_levels_drop_the_second_solution(rng):
    start = StartUp.make(rng, trn1d=1300)
    decisions, _ = run(start, [(900, [("switch", grid("A"), 0)])], "codec")
    assert told(decisions, Kind.TRAINED)[1:] == []
    again, _ = run(start, [(900, [("switch", training_levels("A"), 0)])], "codec")
    assert told(again, Kind.TRAINED)[1:] == [SECOND]


def test_a_long_r_moves_nothing(rng):
    """Four seconds of Ri: its few frequencies leave the taps as they are, and decisions good.

    As the analogue modem does, on TRN1d's levels from where R is sure on; Ri has Sd's period.
    """
    start = StartUp.make(rng, ri=5000)
    at, cpt = start.at, levels_of(start.cpt.intervals, "A")
    script = start.script()
    script[0][1].insert(0, ("ignore_sd", True))
    script[1:2] = [
        (at["r"] + 20, [("switch", training_levels("A"), 0)]),
        (at["r"] + 60, [("arm", cpt), ("follow", start.cpt)]),
    ]
    decisions, _ = run(start, script, snr=45)
    assert told(decisions, Kind.ED) == [at["b1d"]]
    level = float(g711.linear(U_INFO, "A"))
    noise = level * 10 ** (-45 / 20)
    first, last = (
        np.sqrt(np.mean((np.abs(decisions.fine[row : row + 200] / 16) - level) ** 2))
        for row in np.searchsorted(decisions.number, [at["r"] + 5, at["r_bar"] - 205])
    )
    row = np.searchsorted(decisions.number, at["trn2d"])
    behind = (decisions.error[row : row + 60] / 16).std()
    print(f"R's first {first:.1f}, its last {last:.1f}, TRN2d {behind:.1f}, noise {noise:.1f}")
    assert max(first, last) < 1.3 * noise and behind < 1.3 * noise


def test_loss_of_levels_that_tell_nothing():
    one = levels_of(((U_INFO,),) * 6, "A", lost=1234)
    assert one.loss == 1234 and training_levels("A").loss > 1234
    with pytest.raises(V90Error, match="six data frame intervals"):
        Levels(((1,),) * 5, ((1,),) * 5)
