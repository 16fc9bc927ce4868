import numpy as np
import pytest

from golden import mapper as golden
from golden.parameters import INTERVALS
from hdl.csr import COMMIT, FRAME, MASKS
from hdl.mapper import Mapper
from sim.engines import compare
from sim.gateware import Gateware
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    FULL_SPEED,
    Configured,
    any_parameters,
    columns,
    compare_resetting,
    scaled,
    some_rows,
    write_words,
)


def workload(rng, channels, count, rows, addresses):
    sets = {row: any_parameters(rng) for row in some_rows(rng, channels, rows)}
    sent, expected = [], []
    for _ in range(count):
        channel, half = row = list(sets)[rng.integers(len(sets))]
        p = sets[row]
        head = {"channel": channel, "half": half, "tag": int(rng.integers(2))}
        moduli = np.array(p.moduli)
        labels = [0 * moduli, moduli - 1, rng.integers(moduli)][rng.integers(3)]
        if rng.random() < 0.2:
            # Labels that the constellations may lack; golden has zeros there, too.
            labels = rng.integers(128, size=INTERVALS)
        sent.append({**head, "labels": labels})
        expected.append({**head, "ucodes": golden.Mapper(p.intervals).process(labels)})
    words = columns(write_words(rng, sets, addresses))
    return {"i_configuration": words, "i": columns(sent)}, {"o": columns(expected)}


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
def test_equal_to_golden(engine, channels, rng):
    all_words = engine == "cxxrtl"  # others', too, which must not disturb
    sent, expected = workload(
        rng, channels, scaled(engine, 1000, 10), 100 if all_words else 3,
        range(COMMIT if all_words else FRAME),
    )  # fmt: skip
    words = len(sent["i_configuration"]["data"])
    full = compare_resetting(
        Configured(Mapper(channels)), sent, expected, (words + 20, words + 150), engine=engine,
        waves={"words": words},
    )  # fmt: skip
    assert (full.given["o"] - full.taken["i"] <= Mapper.latency).all()


def masks(ucodes):
    """Words of a constellation that all intervals have."""
    mask = sum(1 << ucode for ucode in ucodes)
    return [
        {"channel": 0, "half": 0, "address": MASKS + word, "data": mask >> word % 8 * 16 & 0xFFFF}
        for word in range(FRAME)
    ]


def test_every_label_of_every_size():
    """All 128 sizes of constellations of the smallest and of the largest Ucodes."""
    gateware = Gateware(Mapper())
    for size in range(1, 129):
        for ucodes in (range(size), range(128 - size, 128)):
            labels = np.arange(size - size % INTERVALS + INTERVALS).reshape(-1, INTERVALS) % size
            zeros = np.zeros(len(labels), int)
            tokens = {"channel": zeros, "half": zeros, "tag": zeros, "labels": labels}
            gateware.run({"i_configuration": columns(masks(ucodes))})
            got = gateware.run({"i": tokens}, {"o": len(labels)}, reset=False).outputs["o"]
            table = golden.Mapper([ucodes] * INTERVALS)
            assert np.array_equal(got["ucodes"], table.process(labels)), ucodes


@pytest.mark.parametrize("ucode", [0, 1, 15, 16, 127])
def test_latency_depends_on_where_the_ucode_is(ucode):
    # A cycle less for each Uchord below its own, and for each Ucode below it in its Uchord.
    zeros = np.zeros(5, int)
    head = {"channel": zeros, "half": zeros, "tag": zeros}
    every = np.zeros((5, INTERVALS), int)
    (result,) = compare(
        Configured(Mapper()),
        {"i_configuration": columns(masks([ucode])), "i": {**head, "labels": every}},
        {"o": {**head, "ucodes": every + ucode}}, patterns=[FULL_SPEED], waves={"words": FRAME},
    )  # fmt: skip
    latency = Mapper.latency - (ucode // 16 + ucode % 16) * INTERVALS
    assert (result.given["o"] - result.taken["i"] == latency).all()
    assert (np.diff(result.taken["i"]) == latency + 1).all()
