from itertools import product

import numpy as np
import pytest

from golden import formats, g711
from golden.fixed import Overflow, Rounding, requant
from golden.parameters import DELAY_FRAMES, INTERVALS
from golden.shaper import LINEAR_STEP
from golden.shaper import Shaper as Golden
from hdl.csr import FRAME, POLES, ZEROS
from hdl.g711 import LAW_BITS
from hdl.shaper import LEAF_BITS, LeafPipeline, LeafWalk, Shaper
from sim.engines import compare
from sim.gateware import Gateware
from sim.parameter_sets import EXTREMES, random_parameters
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
OWN = (FRAME, POLES, ZEROS)

SATURATE = (Rounding.HALF_UP, Overflow.SAT)
FORBID = (Rounding.HALF_UP, Overflow.FORBID)

SR_LD = [(0, 3), *product((1, 2, 3), range(4))]


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


def merged(rng, parts):
    """Tokens of the channels at random, each channel's in order, as inputs and outputs."""
    order = rng.permutation(np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
    iterators = [iter(part) for part in parts]
    tokens = columns([next(iterators[number]) for number in order])
    given = {name: tokens[name] for name in tokens if name not in ("law", "inversions")}
    return given, tokens


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
        Configured(Shaper(channels)), {"i_configuration": words, "i": given}, {"o": expected},
        (count + 200, count + 350, count + 711), engine=engine, waves={"words": count},
    )  # fmt: skip


@pytest.fixture(scope="module")
def shaper():
    """A shaper of three channels, compiled."""
    return Gateware(Shaper(3))


def run(gateware, rng, sets, parts, **options):
    """Configure, run the tokens, and return what came with what should have."""
    given, expected = merged(rng, parts)
    gateware.run({"i_configuration": columns(write_words(rng, sets))}, **options)
    result = gateware.run(
        {"i": given}, {"o": len(given["half"])}, cycles=1_000_000, reset=False
    )
    return result, expected


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
    """They end the look-ahead of those before, and are not inverted; those behind begin anew."""
    sets = {(channel, half): any_parameters(rng) for channel in range(3) for half in range(2)}
    parts = [runs_of(rng, channel, rows, rng.integers(1, 9, 60), plain=True)
             for channel, rows in halves(sets).items()]  # fmt: skip
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


def metrics_of(x, a1, a2, b1, b2):
    """The metric after each symbol of ``x`` (symbols, leaves), by the formulas in the formats."""
    s = r = w = np.zeros(x.shape[1], np.int64)
    align = formats.SHAPER_SECOND.fraction - formats.SHAPER_FIRST.fraction
    rows = []
    for symbol in x << formats.SHAPER_FIRST.fraction:
        y = symbol + s
        v = (y << align) + r
        operand = requant(v, formats.SHAPER_SECOND_OUTPUT, formats.SHAPER_METRIC_OPERAND, *FORBID)
        w = w + operand**2
        s = requant(
            a1 * y - b1 * symbol, formats.SHAPER_FIRST_PRODUCT, formats.SHAPER_FIRST, *SATURATE
        )
        r = requant(
            a2 * v - (b2 * y << align), formats.SHAPER_SECOND_PRODUCT, formats.SHAPER_SECOND,
            *SATURATE,
        )  # fmt: skip
        rows.append(w)
    return np.array(rows)


@pytest.fixture(scope="module")
def pipeline():
    return Gateware(LeafPipeline(2))


@pytest.mark.parametrize("leaves, cycles", [(1, 10), (3, 4), (5, 2), (16, 2)])
@pytest.mark.parametrize("largest", [False, True])
def test_leaf_pipeline(pipeline, leaves, cycles, largest, rng):
    """As many leaves on the way as there can be, one symbol of each by turns."""
    symbols, count, rows = 8, 8 * leaves, 2 << LEAF_BITS
    begins = rows + cycles * np.arange(count)
    at = np.arange(begins[-1] + LeafPipeline.latency + 2)
    assert leaves * cycles >= LeafPipeline.latency
    for law in 4 * g711.LAWS:
        coefficients = rng.choice((-128, 127), 4) if largest else rng.integers(-128, 128, 4)
        names = np.tile(rng.permutation(1 << LEAF_BITS)[:leaves], symbols)
        items = {
            "start": np.ones(count, int), "leaf": names, "parent": names, "tag": at[:count] % 4,
            "sign": rng.integers(2, size=count), "ucode": rng.integers(128, size=count),
        }  # fmt: skip
        if largest:
            items["ucode"][:] = 127
        # First zeros into every row of both channels, then each item for both phases.
        waves = {name: np.zeros(len(at), int) for name in items}
        for name, values in items.items():
            for phase in range(2):
                waves[name][begins + phase] = values
        waves["clear"] = (at < rows).astype(int)
        waves["channel"] = np.where(at < rows, at >> LEAF_BITS, int(rng.integers(2)))
        waves["leaf"][:rows] = at[:rows] % (1 << LEAF_BITS)
        waves |= {"phase": at & 1, "law": LAW_BITS[law]}
        waves |= dict(zip(("a1", "a2", "b1", "b2"), coefficients, strict=True))
        probes = ("done", "done_leaf", "done_tag", "metric")
        got = pipeline.run(waves=waves, cycles=len(at), probes=probes).probes
        done = np.flatnonzero(got["done"])
        assert np.array_equal(done, begins + 9)
        assert np.array_equal(got["done_leaf"][done], names)
        assert np.array_equal(got["done_tag"][done], items["tag"])
        x = g711.linear(items["ucode"], law) // LINEAR_STEP * (2 * items["sign"] - 1)
        expected = metrics_of(x.reshape(symbols, leaves), *coefficients)
        assert np.array_equal(got["metric"][done], expected.reshape(-1))


def test_leaf_walk_takes_the_cycles_it_says():
    gateware = Gateware(LeafWalk())
    for sr, ld in SR_LD[1:]:
        waves = {
            "start": [0, 1, 0], "length": INTERVALS // sr, "fresh": 1, "place": 0,
            "frame": {"data_bits": 0, "sr": sr, "ld": ld, "law": 0},
        }  # fmt: skip
        done = gateware.run(waves=waves, cycles=400, probes=["done"]).probes["done"]
        symbol = max(LeafPipeline.latency, 4 << ld)
        (end,) = np.flatnonzero(done)
        assert 0 < end - 1 - INTERVALS // sr * symbol <= 10


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
            runs_of(rng, channel, {0: new[channel, 0]}, [5, 9], first=False)
            for channel in range(3)
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
        Configured(Shaper(1)), {"i_configuration": words, "i": given}, {"o": expected},
        waves={"words": len(OWN)}, patterns=[FULL_SPEED],
    )  # fmt: skip
    assert (result.given["o"] - result.taken["i"])[2:].tolist() == [Shaper.latency(3, 3)] * 5
