import numpy as np
import pytest

from golden.pcm import modulus as golden
from golden.pcm.parameters import INTERVALS
from hdl.pcm import modulus
from hdl.pcm.csr import COMMIT, MODULI_AT
from hdl.pcm.modulus import DECODED_BITS, R0_BITS
from sim.calls.parameter_sets import EXTREMES
from sim.engines.compare import compare
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    Configured,
    any_parameters,
    columns,
    compare_resetting,
    scaled,
    some_rows,
    write_words,
)

#: The words that a modulus encoder or decoder keeps.
OWN = range(MODULI_AT, MODULI_AT + INTERVALS)


def workload(rng, kind, count, rows, addresses):
    """Tokens for rows of the memory, random ones and those at the ends of the range."""
    sets = {row: any_parameters(rng) for row in rows}
    sent, expected = [], []
    for _ in range(count):
        channel, half = row = list(sets)[rng.integers(len(sets))]
        p = sets[row]
        head = {"channel": channel, "half": half, "tag": int(rng.integers(2))}
        # What an encoder asks for, and now and then whatever else fits.
        encoder, decoder = golden.ModulusEncoder(p.moduli), golden.ModulusDecoder(p.moduli)
        number = int(rng.choice([0, (1 << p.k) - 1, rng.integers(1 << p.k)]))
        labels = encoder.process(number)
        if rng.random() < 0.2:
            number = int(rng.choice([(1 << R0_BITS) - 1, rng.integers(1 << R0_BITS)]))
            labels = [rng.integers(128, size=INTERVALS), np.full(INTERVALS, 127)][rng.integers(2)]
        if kind == "ModulusEncoder":
            sent.append({**head, "number": number})
            expected.append({**head, "labels": encoder.process(number)})
        else:
            sent.append({**head, "labels": labels})
            expected.append({**head, "number": int(decoder.process(labels))})
    words = columns(write_words(rng, sets, addresses))
    return {"i_configuration": words, "i": columns(sent)}, {"o": columns(expected)}


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
@pytest.mark.parametrize("kind", ["ModulusEncoder", "ModulusDecoder"])
def test_equal_to_golden(kind, engine, channels, rng):
    block = getattr(modulus, kind)(channels)
    all_words = engine == "cxxrtl"  # others', too, which must not disturb
    sent, expected = workload(
        rng,
        kind,
        scaled(engine, 400, 6),
        some_rows(rng, channels, scaled(engine, 100, 4)),
        range(COMMIT) if all_words else OWN,
    )
    words = len(sent["i_configuration"]["data"])
    full = compare_resetting(
        Configured(block),
        sent,
        expected,
        (words + 20, words + 90),
        engine=engine,
        waves={"words": words},
    )
    assert (full.given["o"] - full.taken["i"] == block.latency).all()
    assert (np.diff(full.taken["i"]) == block.latency + 1).all()


@pytest.mark.parametrize("kind", ["ModulusEncoder", "ModulusDecoder"])
def test_words_for_other_rows_change_nothing(kind, rng):
    # They keep coming all the while, for the other half and for another channel.
    sent, expected = workload(rng, kind, 60, [(0, 0)], OWN)
    words = sent["i_configuration"]
    count = len(words["data"])
    rows = np.array([(0, 1), (2, 0), (2, 1)])[rng.integers(3, size=2000)]
    others = {
        "channel": rows[:, 0],
        "half": rows[:, 1],
        "address": rng.choice(OWN, 2000),
        "data": rng.integers(256, size=2000),
    }
    sent["i_configuration"] = {name: np.append(words[name], others[name]) for name in words}
    compare(Configured(getattr(modulus, kind)(3)), sent, expected, waves={"words": count})


def test_widths_hold_the_largest_numbers():
    assert R0_BITS == max(p.k for p in EXTREMES.values()) == 39
    assert 128**INTERVALS == 1 << DECODED_BITS
