import numpy as np
import pytest

from golden.bits import scrambler as golden
from hdl.bits import scrambler
from hdl.bits.scrambler import GPA, GPC
from sim.engines.compare import compare
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    check_refused,
    columns,
    compare_resetting,
    each_channel_once,
    packed,
    scaled,
    unpacked,
)

WIDTH = 42


def workload(rng, kind, polynomial, channels, tokens, width=WIDTH):
    """Tokens of random lengths for random channels, and what golden makes of them."""
    models = [getattr(golden, kind)(polynomial) for _ in range(channels)]
    sent, expected = [], []
    begun = set()
    for channel in each_channel_once(rng, channels, tokens):
        count = int(rng.choice([0, 1, width, rng.integers(width + 1)]))
        token = {
            "channel": channel,
            "initialise": int(channel not in begun or rng.random() < 0.1),
            "count": count,
            # Above the count there may be anything.
            "data": int(rng.integers(1 << width)),
            "tag": int(rng.integers(2)),
        }
        begun.add(channel)
        model = models[channel]
        if token["initialise"]:
            model.reset()
        out = model.process(unpacked(token["data"], width)[:count])
        sent.append(token)
        expected.append({**token, "data": int(packed(out))})
    return {"i": columns(sent)}, {"o": columns(expected)}


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
@pytest.mark.parametrize("kind", ["Scrambler", "Descrambler"])
def test_equal_to_golden(kind, engine, channels, rng):
    block = getattr(scrambler, kind)(channels)
    sent, expected = workload(rng, kind, GPC, channels, scaled(engine, 400, 10))
    # While a token is offered, and in the midst of one.
    resets = (block.latency, block.latency + 1, 100)
    full = compare_resetting(block, sent, expected, resets, engine=engine)
    assert (full.given["o"] - full.taken["i"] == block.latency).all()
    assert (np.diff(full.taken["i"]) == block.latency + 1).all()


@pytest.mark.parametrize("kind", ["Scrambler", "Descrambler"])
@pytest.mark.parametrize("polynomial, width", [(GPA, WIDTH), (GPA, 6), ((1, 2), 7)], ids=str)
def test_other_polynomials_and_widths(kind, polynomial, width, rng):
    block = getattr(scrambler, kind)(2, polynomial, width)
    compare(block, *workload(rng, kind, polynomial, 2, 300, width))


def test_tags_of_any_shape(rng):
    (inputs, expected) = workload(rng, "Scrambler", GPC, 1, 20)
    inputs["i"]["tag"] = expected["o"]["tag"] = rng.integers(1 << 11, size=21)
    compare(scrambler.Scrambler(tag=11), inputs, expected)


def test_a_scrambler_and_a_descrambler_cancel(rng):
    # Against no model: what comes back is what was sent.
    sent, scrambled = workload(rng, "Scrambler", GPC, 3, 100)
    data = sent["i"]["data"] & ((1 << sent["i"]["count"]) - 1)
    compare(scrambler.Descrambler(3), {"i": scrambled["o"]}, {"o": {**sent["i"], "data": data}})


@pytest.mark.parametrize("polynomial", [(18, 64), (0, 23)], ids=str)
def test_impossible_polynomials_are_refused(polynomial):
    sentence = "not the delays of a scrambler polynomial"
    check_refused(ValueError, sentence, scrambler.Scrambler, polynomial=polynomial)
