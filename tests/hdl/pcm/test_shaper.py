import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.pcm.shaper import Shaper as Golden
from hdl.pcm.csr import FRAME_AT, POLES_AT, ZEROS_AT
from hdl.pcm.g711 import LAW_BITS
from hdl.pcm.shaper import Shaper
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.hdl.pcm.support import SR_LD, merged, run
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    FULL_SPEED,
    Configured,
    any_parameters,
    columns,
    compare_resetting,
    packed,
    scaled,
    some_rows,
    unpacked,
    write_words,
)

#: The words that a shaper keeps.
OWN = (FRAME_AT, POLES_AT, ZEROS_AT)


def inversions_of(p, signs, ucodes):
    """Golden's inversions (bits as integers) of whole data frames from initialisation to flush."""
    if not p.sr:
        return np.zeros(len(signs), int)
    shaper = Golden(p.sr, p.ld, p.a1, p.a2, p.b1, p.b2)
    t = unpacked(signs, INTERVALS).reshape(-1)
    decided = shaper.process(t, g711.linear(np.asarray(ucodes).reshape(-1), p.law))
    return packed((np.concatenate([decided, shaper.flush()]) ^ t).reshape(-1, INTERVALS))


def runs_of(rng, channel, rows, frames, first=True, plain=False):
    """Tokens of one channel, and the answers: some data frames of each of its rows by turns.

    Starts with a data frame without parameters, unless ``first`` is False, and ends with three
    more data frames than there are answers with decided signs, which golden knows of, too. With
    ``plain``, half of the runs are not encoded: nothing inverts them.
    """
    tokens, answers = [], []
    begins = True
    for length in frames:
        half = list(rows)[rng.integers(len(rows))]
        p = rows[half]
        begin = {"channel": channel, "half": half, "law": LAW_BITS[p.law]}
        if plain:
            begin["plain"] = int(rng.integers(2))
        if begins and first:
            tokens.append({**begin, "initialise": int(rng.integers(2)), "active": 0})
        begins = False
        run = [{**begin, "initialise": int(n == 0), "active": 1} for n in range(length)]
        # Signs and magnitudes as they come, and now and then all alike.
        signs = rng.integers(1 << INTERVALS, size=length)
        ucodes = rng.integers(128, size=(length, INTERVALS))
        if rng.random() < 0.2:
            ucodes[:] = rng.choice([0, 127, rng.integers(128)])
        for token, sign, ucode in zip(run, signs, ucodes, strict=True):
            tokens.append({**token, "signs": sign, "ucodes": ucode})
        inversions = inversions_of(p, signs, ucodes) * (1 - begin.get("plain", 0))
        answers += inversions.tolist()
    idle = int(first)
    for token in tokens:
        token.setdefault("signs", int(rng.integers(1 << INTERVALS)))
        token.setdefault("ucodes", rng.integers(128, size=INTERVALS))
        token["tag"] = int(rng.integers(2))
    late = [0] * (idle + DELAY_FRAMES) + answers
    for token, inversions in zip(tokens, late, strict=False):
        token["inversions"] = inversions
    return tokens


def halves(sets):
    """``{(channel, half): parameters}`` as ``{channel: {half: parameters}}``."""
    by_channel = {}
    for (channel, half), parameters in sets.items():
        by_channel.setdefault(channel, {})[half] = parameters
    return by_channel


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
def test_equal_to_golden(engine, channels, rng):
    sets = {row: any_parameters(rng) for row in some_rows(rng, channels, scaled(engine, 40, 3))}
    by_channel = halves(sets)
    total = scaled(engine, 300, 10)
    parts = []
    for channel, rows in by_channel.items():
        frames = rng.integers(1, 9, max(2, total // len(by_channel) // 4))
        parts.append(runs_of(rng, channel, rows, frames))
    given, expected = merged(rng, parts)
    words = columns(write_words(rng, sets, OWN if engine != "cxxrtl" else range(63)))
    count = len(words["data"])
    compare_resetting(
        Configured(Shaper(channels)),
        {"i_configuration": words, "i": given},
        {"o": expected},
        (count + 200, count + 350, count + 711),
        engine=engine,
        waves={"words": count},
    )


@pytest.fixture(scope="module")
def shaper():
    """A shaper of three channels, compiled."""
    return Gateware(Shaper(3))


@pytest.mark.parametrize("sr, ld", SR_LD)
def test_every_sr_and_ld(shaper, sr, ld, rng):
    """Twenty filters each; and as many cycles as the docstring says."""
    for _ in range(20):
        p = random_parameters(rng, sr=sr, ld=ld)
        tokens = runs_of(rng, 1, {0: p}, [40])
        result, expected = run(shaper, rng, {(1, 0): p}, [tokens])
        for name in result.outputs["o"].dtype.names:
            assert np.array_equal(result.outputs["o"][name], expected[name]), (name, p)
        # Without the inactive one and the one with initialisation.
        cycles = (result.given["o"] - result.taken["i"])[2:]
        assert (cycles == Shaper.latency(sr, ld)).all()
        assert (np.diff(result.taken["i"])[2:] == Shaper.latency(sr, ld) + 1).all()


def test_data_frames_that_are_not_encoded(rng):
    """They end the look-ahead of those before, and are not inverted; later ones begin anew."""
    sets = {(channel, half): any_parameters(rng) for channel in range(3) for half in range(2)}
    parts = [
        runs_of(rng, channel, rows, rng.integers(1, 9, 60), plain=True)
        for channel, rows in halves(sets).items()
    ]
    result, expected = run(Gateware(Shaper(3, plain=True)), rng, sets, parts)
    for name in result.outputs["o"].dtype.names:
        assert np.array_equal(result.outputs["o"][name], expected[name]), name
    assert 0.3 < expected["plain"].mean() < 0.7 and expected["inversions"].any()


def test_every_leaf_is_two_cycles_of_the_latency():
    # The slowest is Sr = 3 with ld = 3; it is what the encoder's cycles_per_frame rests on.
    slowest = max((Shaper.latency(sr, ld), sr, ld) for sr, ld in SR_LD)
    assert slowest[1:] == (3, 3)
    leaves = INTERVALS * 2 * (2 << 3)
    assert leaves < slowest[0] < leaves + 60


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(shaper, name, rng):
    """The loudest filters saturate their states all the time."""
    p = EXTREMES[name]
    parts = [runs_of(rng, channel, {1: p}, [1, 2, 3, 60]) for channel in range(3)]
    result, expected = run(shaper, rng, {(channel, 1): p for channel in range(3)}, parts)
    assert np.array_equal(result.outputs["o"]["inversions"], expected["inversions"])
    # A filter that is 1 has nothing to gain by inverting.
    trivial = sorted((p.a1, p.a2)) == sorted((p.b1, p.b2))
    assert expected["inversions"].any() == (p.sr > 0 and not trivial)


def test_old_rows_matter_only_to_what_golden_has_not(shaper, rng):
    """After a reset the memories hold what was; initialisation comes first, and is enough.

    Only the three answers after it are of data frames before it.
    """
    count = 0
    for trial in range(12):
        old, new = (
            {(channel, 0): random_parameters(rng) for channel in range(3)} for _ in range(2)
        )
        parts = [runs_of(rng, channel, {0: old[channel, 0]}, [7]) for channel in range(3)]
        run(shaper, rng, old, parts)
        parts = [
            runs_of(rng, channel, {0: new[channel, 0]}, [5, 9], first=False) for channel in range(3)
        ]
        result, expected = run(shaper, rng, new, parts)
        for channel in range(3):
            own = expected["channel"] == channel
            got = result.outputs["o"]["inversions"][own][DELAY_FRAMES:]
            assert np.array_equal(got, expected["inversions"][own][DELAY_FRAMES:]), trial
            count += len(got)
    assert count == 12 * 3 * 11


def test_a_channel_alone_is_as_among_others(shaper, rng):
    """Flushes and clears of one channel leave the rows of its neighbours alone."""
    p = random_parameters(rng, sr=2, ld=3)
    others = {(channel, 0): random_parameters(rng, sr=3) for channel in (0, 2)}
    alone = runs_of(rng, 1, {0: p}, [50])
    parts = [runs_of(rng, channel, {0: others[channel, 0]}, [2] * 30) for channel in (0, 2)]
    result, expected = run(shaper, rng, {(1, 0): p, **others}, [alone, *parts])
    assert np.array_equal(result.outputs["o"]["inversions"], expected["inversions"])


def test_latency_is_that_of_one_channel(rng):
    p = random_parameters(rng, sr=3, ld=3)
    given, expected = merged(rng, [runs_of(rng, 0, {0: p}, [6])])
    words = columns(write_words(rng, {(0, 0): p}, OWN))
    (result,) = compare(
        Configured(Shaper(1)),
        {"i_configuration": words, "i": given},
        {"o": expected},
        waves={"words": len(OWN)},
        patterns=[FULL_SPEED],
    )
    assert (result.given["o"] - result.taken["i"])[2:].tolist() == [Shaper.latency(3, 3)] * 5
