import numpy as np

from golden.receiver.timing import HALVES
from hdl.receiver.equalizer_memory import Place, Region, SampleMemory, TapMemory
from sim.engines.gateware import Gateware


def test_taps_wait_until_they_are_loaded_or_discarded():
    gateware = Gateware(TapMemory(2))
    good, bad = [1, 2, 1 << 8 | 10], [1, 2, 10]
    discard = np.zeros(60, int)
    discard[30] = 1
    result = gateware.run(
        {"i_taps": np.array([*bad, *good, *good])},
        waves={"set__discard": discard, "set__load": 0, "idle": 1},
        cycles=60,
        probes=["set__good"],
        partial=True,
        drain=0,
    )
    # After the second set's last word, until discarded; then once more.
    assert result.taken["i_taps"].tolist() == [*range(6), 31, 32, 33]
    expected = np.isin(np.arange(result.cycles), [*range(6, 31), *range(34, 60)])
    assert np.array_equal(result.probes["set__good"], expected)


def test_taps_asked_for_before_a_discard_are_none():
    """In the middle of a set, and with its last word."""
    gateware = Gateware(TapMemory(2))
    good = [1, 2, 1 << 8 | 10]
    for at in (0, 1):
        asking, discard = np.zeros((2, 30), int)
        asking[0] = discard[at + 1] = 1
        result = gateware.run(
            {"i_taps": np.array([*good, *good])},
            waves={"asking": asking, "set__discard": discard, "set__load": 0, "idle": 1},
            cycles=30,
            probes=["set__good", "set__answered"],
            partial=True,
            drain=0,
        )
        taken = result.taken["i_taps"]
        assert len(taken) == 6
        for name in ("set__good", "set__answered"):
            assert np.array_equal(result.probes[name], np.arange(result.cycles) > taken[5]), name


def test_taps_are_read_where_they_were_written_and_with_load(rng):
    """A set that waits is not read until ``load``; words besides are in neither set."""
    gateware = Gateware(TapMemory(5))
    sets = rng.integers(-(2**31), 2**31, (2, 5))
    waves = {"idle": 1, "set__load": 0, "placed": 0, "tap": np.arange(5)}
    gateware.run({"i_taps": np.array([*sets[0], 1 << 8 | 7])}, waves=waves, cycles=20, drain=0)
    waves |= {"idle": 0, "set__load": np.array([1, 0]), "tap": np.array([0, *range(5), 0])}
    result = gateware.run(waves=waves, cycles=8, probes=["word", "drop"], reset=False)
    assert np.array_equal(result.probes["word"][2:7], sets[0]) and result.probes["drop"][-1] == 7
    # A word is written; then the next set comes.
    fine = int(rng.integers(-(2**31), 2**31))
    writes = {"write": np.array([1, 0]), "value": fine, "placed": 1, "place": int(Place.FINE)}
    gateware.run(waves={**writes, "set__load": 0, "idle": 0}, cycles=3, reset=False)
    waves = {"write": 0, "set__load": 0, "idle": 1, "placed": 0}
    gateware.run(
        {"i_taps": np.array([*sets[1], 1 << 8 | 9])}, waves=waves, cycles=20, drain=0, reset=False
    )
    waves |= {"idle": 0, "placed": np.array([*5 * [0], 1, 0]), "tap": np.array([*range(5), 0, 0])}
    result = gateware.run(waves=waves, cycles=8, probes=["word"], reset=False)
    assert np.array_equal(result.probes["word"][1:7], [*sets[0], fine])


def test_samples_are_read_back_from_any_half_symbol(rng):
    """Rings keep 128 samples; a symbol's words are those of the symbol before, with ``before``."""
    gateware = Gateware(SampleMemory())
    heard, reset = np.zeros(128, int), True
    for _ in range(15):
        frame = rng.integers(-(2**15), 2**15, HALVES)
        gateware.run(
            {"i": {"half": frame, "index": np.arange(HALVES)}},
            waves={"start": 0, "move": 0},
            reset=reset,
            drain=0,
        )
        heard, reset = np.concatenate([heard, frame]), False
        half, back = int(rng.integers(4, 16)), int(rng.integers(1, 90))
        # To a half symbol, then back from it.
        waves = {
            "region": int(Region.SAMPLES),
            "half": half,
            "step": -1,
            "start": np.array([1, 0]),
            "move": np.array([0, *back * [1], 0]),
        }
        result = gateware.run(waves=waves, cycles=back + 3, probes=["sample"], reset=False)
        at = len(heard) - HALVES + half - 4
        if at - back >= 128:
            assert (
                result.probes["sample"][2 : back + 3].tolist()
                == heard[at - back : at + 1][::-1].tolist()
            )
    words = rng.integers(-(2**15), 2**15, 6)
    for symbol, word in enumerate(words):
        waves = {
            "region": int(Region.ERRORS),
            "half": 2 * symbol + 4,
            "before": 0,
            "write": np.array([1, 0]),
            "value": int(word),
            "start": 0,
            "move": 0,
        }
        gateware.run(waves=waves, cycles=2, reset=False)
    for before in (0, 1):
        halves = 2 * np.arange(6) + 4
        waves = {"region": int(Region.ERRORS), "half": halves, "before": before, "write": 0}
        got = gateware.run(waves=waves, cycles=8, probes=["sample"], reset=False)
        assert np.array_equal(got.probes["sample"][1:7], np.roll(words, before))
