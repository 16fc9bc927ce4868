import numpy as np
import pytest

from golden.pcm import g711
from golden.pcm.decoder import Decoder as Golden
from golden.pcm.encoder import Encoder
from golden.pcm.mapper import Demapper
from golden.pcm.parameters import INTERVALS
from hdl.pcm.csr import COMMIT
from hdl.pcm.decoder import Decoder
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.compare import ENGINES
from sim.engines.gateware import Gateware
from tests.hdl.support import any_parameters, compare_resetting, host_words, scaled

PATIENCE = 10_000_000


def words(p, commit=True):
    """Configuration words of a block that has one channel."""
    both = host_words([(0, p)], commit)
    return {"address": both["address"], "data": both["data"]}


def frames_of(rng, p, count):
    """Labels and signs of data frames: an encoder's, and in part whatever else there may be."""
    encoder = Encoder(p)
    bits = rng.integers(0, 2, count * p.data_bits, np.uint8)
    frames = np.concatenate([encoder.process(bits), encoder.flush()]).reshape(-1, INTERVALS)
    labels, _ = Demapper(p.intervals).process(g711.ucode(frames, p.law))
    signs = g711.sign(frames)
    wild = rng.random(count) < 0.3
    labels[wild] = rng.integers(128, size=(wild.sum(), INTERVALS))
    labels[wild & (rng.random(count) < 0.1)] = 127
    signs[wild] = rng.integers(2, size=(wild.sum(), INTERVALS))
    return labels, signs


def symbols_of(labels, signs):
    first = np.zeros(labels.shape, int)
    first[:, 0] = 1
    return {
        "label": labels.reshape(-1).astype(int),
        "sign": signs.reshape(-1).astype(int),
        "first": first.reshape(-1),
    }


def joined(*parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def expected_of(model, labels, signs):
    """Golden's bits as payloads."""
    bits = model.process_labels(labels, signs)
    first = np.zeros(labels.shape[0] * model.parameters.data_bits, int)
    first[:: model.parameters.data_bits] = 1
    return {"bit": bits, "first": first}


def stray(rng, count):
    """Symbols that no first one announced."""
    return {
        "label": rng.integers(128, size=count),
        "sign": rng.integers(2, size=count),
        "first": np.zeros(count, int),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_to_golden(engine, rng):
    for _ in range(4 if engine == "cxxrtl" else 1):
        p = any_parameters(rng)
        labels, signs = frames_of(rng, p, scaled(engine, 150, 6))
        half = len(labels) // 2
        cut = symbols_of(labels[:1], signs[:1])
        # Strays before, a data frame cut short in the midst, and strays after a whole one.
        symbols = joined(
            stray(rng, 4),
            symbols_of(labels[:half], signs[:half]),
            {name: values[:3] for name, values in cut.items()},
            symbols_of(labels[half:], signs[half:]),
            stray(rng, 7),
        )
        count = len(words(p)["data"])
        compare_resetting(
            Decoder(),
            {"i_configuration": words(p), "i": symbols},
            {"o": expected_of(Golden(p), labels, signs)},
            (count + 70, count + 100, count + 313),
            engine=engine,
        )


@pytest.fixture(scope="module")
def decoder():
    return Gateware(Decoder())


def configure(decoder, p, reset=True, **options):
    return decoder.run({"i_configuration": words(p, **options)}, reset=reset)


def decode(decoder, labels, signs, bits):
    """Decode without a reset; returns the result."""
    return decoder.run({"i": symbols_of(labels, signs)}, {"o": bits}, PATIENCE, reset=False)


def test_cycles_of_a_data_frame(decoder, rng):
    assert Decoder.cycles_per_frame <= 200
    for p in (*EXTREMES.values(), random_parameters(rng)):
        labels, signs = frames_of(rng, p, 20)
        configure(decoder, p)
        result = decode(decoder, labels, signs, 20 * p.data_bits)
        taken, given = result.taken["i"].reshape(20, -1), result.given["o"].reshape(20, -1)
        assert (given[:, 0] - taken[:, -1] == Decoder.latency).all()
        assert (np.diff(taken[:, 0]) == Decoder.cycles_per_frame).all()
        # A data frame's bits come one a cycle.
        assert (np.diff(given, axis=1) == 1).all()


def test_nothing_is_taken_before_parameters(decoder, rng):
    p = random_parameters(rng)
    labels, signs = frames_of(rng, p, 3)
    symbols = symbols_of(labels, signs)
    decoder.reset()
    configure(decoder, p, reset=False, commit=False)
    result = decoder.run({"i": symbols}, cycles=500, partial=True, reset=False)
    assert len(result.taken["i"]) == 0
    commit = {"address": [COMMIT], "data": [0]}
    result = decoder.run(
        {"i": symbols, "i_configuration": commit}, {"o": 3 * p.data_bits}, reset=False
    )
    assert np.array_equal(result.outputs["o"]["bit"], Golden(p).process_labels(labels, signs))


def test_parameters_change_between_data_frames(decoder, rng):
    """Words come in the midst of data frames, and count from the next one on."""
    decoder.reset()
    model = None
    for _ in range(40):
        p = any_parameters(rng)
        if model is None:
            configure(decoder, p, reset=False)
            model = Golden(p)
        else:
            # The old ones decode a last data frame while the words come, with strays after it.
            labels, signs = frames_of(rng, model.parameters, 1)
            last = joined(symbols_of(labels, signs), stray(rng, int(rng.integers(3))))
            at = int(rng.integers(1, INTERVALS + 1))
            first, second = (
                {n: v[:at] for n, v in last.items()},
                {n: v[at:] for n, v in last.items()},
            )
            bits = model.process_labels(labels, signs)
            decoder.run({"i": first}, reset=False)
            configure(decoder, p, reset=False)
            result = decoder.run({"i": second}, {"o": len(bits)}, reset=False)
            assert np.array_equal(result.outputs["o"]["bit"], bits)
            decoder.run({}, cycles=3, reset=False)
            model.change(p)
        labels, signs = frames_of(rng, p, int(rng.integers(1, 9)))
        bits = model.process_labels(labels, signs)
        result = decode(decoder, labels, signs, len(bits))
        assert np.array_equal(result.outputs["o"]["bit"], bits)
        # They are counted from the reset on, whatever the parameters.
        assert decoder.get("overflows") == model.overflows
    assert model.overflows > 10


def test_words_after_a_commit_wait(decoder, rng):
    """No data frame sees parameters of the set after its own."""
    sets = [random_parameters(rng) for _ in range(5)]
    model = Golden(sets[0])
    decoder.reset()
    queued = joined(*(words(p) for p in sets))
    per_set = len(words(sets[0])["data"])
    taken = 0
    for number, p in enumerate(sets):
        model.change(p)
        rest = {name: values[taken:] for name, values in queued.items()}
        result = decoder.run({"i_configuration": rest}, cycles=300, partial=True, reset=False)
        taken += len(result.taken["i_configuration"])
        # What follows a commit is taken when the next data frame has begun, up to its own commit.
        assert taken == per_set * (number + 1)
        labels, signs = frames_of(rng, p, 2)
        rest = {name: values[taken:] for name, values in queued.items()}
        inputs = {"i": symbols_of(labels[:1], signs[:1])}
        if len(rest["data"]):
            inputs["i_configuration"] = rest
        bits = model.process_labels(labels[:1], signs[:1])
        result = decoder.run(inputs, {"o": len(bits)}, reset=False)
        taken += len(result.taken.get("i_configuration", ()))
        assert np.array_equal(result.outputs["o"]["bit"], bits)


def test_overflows_stop_at_their_end(decoder):
    p = EXTREMES["no-shaping-least-k"]  # 96 numbers where 64 are used
    frames = 65_540
    labels = np.tile(np.array(p.moduli) - 1, (frames, 1))
    signs = np.zeros_like(labels)
    model = Golden(p)
    bits = model.process_labels(labels, signs)
    configure(decoder, p)
    result = decode(decoder, labels, signs, len(bits))
    assert np.array_equal(result.outputs["o"]["bit"], bits)
    assert model.overflows == frames and decoder.get("overflows") == 65_535
    decoder.reset()
    assert decoder.get("overflows") == 0
