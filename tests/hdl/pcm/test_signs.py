import itertools

import numpy as np
import pytest

from golden.pcm import signs as golden
from golden.pcm.parameters import INTERVALS
from hdl.pcm import signs
from sim.engines.compare import compare
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    columns,
    compare_resetting,
    each_channel_once,
    packed,
    scaled,
    unpacked,
)


def workload(rng, kind, channels, count):
    """Data frames of random channels, whose Sr changes with each initialisation."""
    models = [None] * channels
    order = itertools.cycle(rng.permutation(4))
    sent, expected = [], []
    for channel in each_channel_once(rng, channels, count):
        begins = models[channel] is None or rng.random() < 0.15
        if begins:
            models[channel] = getattr(golden, kind)(int(next(order)))
        model = models[channel]
        token = {
            "channel": channel,
            "initialise": int(begins),
            "sr": model.sr,
            # The encoder does not look at bits above S.
            "bits": int(rng.integers(1 << INTERVALS)),
            "tag": int(rng.integers(2)),
        }
        carried = INTERVALS - model.sr if kind == "DifferentialEncoder" else INTERVALS
        out = model.process(unpacked(token["bits"], INTERVALS)[:carried])
        sent.append(token)
        expected.append({**token, "bits": int(packed(out))})
    return {"i": columns(sent)}, {"o": columns(expected)}


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
@pytest.mark.parametrize("kind", ["DifferentialEncoder", "DifferentialDecoder"])
def test_equal_to_golden(kind, engine, channels, rng):
    block = getattr(signs, kind)(channels)
    sent, expected = workload(rng, kind, channels, scaled(engine, 3000, 60))
    assert set(sent["i"]["sr"]) == {0, 1, 2, 3}
    full = compare_resetting(block, sent, expected, (30, 31, 32), engine=engine)
    assert (full.given["o"] - full.taken["i"] == block.latency).all()
    assert (np.diff(full.taken["i"]) == block.latency + 1).all()


def test_the_decoder_undoes_the_encoder(rng):
    # Against no model. With Sr > 0 these are the signs of a shaper that never inverts.
    sent, signed = workload(rng, "DifferentialEncoder", 3, 300)
    bits = sent["i"]["bits"] & ((1 << INTERVALS - sent["i"]["sr"]) - 1)
    compare(signs.DifferentialDecoder(3), {"i": signed["o"]}, {"o": {**sent["i"], "bits": bits}})


def test_signs_that_are_there_already(rng):
    """TRN1d's pass, and the differential encoder of Jd goes on from the last (8.4.2, 8.4.5)."""
    bits = rng.integers(0, 2, (200, INTERVALS)).astype(np.uint8)
    direct, channel = rng.integers(0, 2, 200), rng.integers(0, 3, 200)
    direct[:3], channel[:3] = 1, range(3)
    out, last = bits.copy(), np.zeros(3, np.uint8)
    for row, own, is_sign in zip(out, channel, direct, strict=True):
        if not is_sign:
            row[:] = np.bitwise_xor.accumulate(np.append(last[own], row))[1:]
        last[own] = row[-1]
    tokens = {
        "channel": channel,
        "initialise": np.arange(200) < 3,
        "sr": np.zeros(200, int),
        "direct": direct,
        "tag": rng.integers(0, 2, 200),
    }
    compare(
        signs.DifferentialEncoder(3, direct=True),
        {"i": {**tokens, "bits": packed(bits)}},
        {"o": {**tokens, "bits": packed(out)}},
    )
