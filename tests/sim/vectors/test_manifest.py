"""The golden vectors: complete, repeatable, the same in every form, and right."""

import hashlib
import io
import json
import zlib
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from golden.bits.scrambler import Descrambler
from golden.modem.digital import DigitalModem
from golden.modem.states import Upstream
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import Encoder
from golden.pcm.parameters import INTERVALS, TYPES, MappingParameters, rate_table
from golden.pcm.shaper import shaper_reference
from golden.pcm.signs import DifferentialDecoder
from golden.receiver.equalizer import Equalizer
from golden.receiver.receiver import Receiver
from golden.receiver.slicer import Levels, Slicer
from golden.receiver.timetable import Kind
from golden.signals.sequences import CP, DIL
from sim.vectors import manifest as vectors
from sim.vectors import pcm
from tests.sim.vectors.support import arrays
from tests.support import ROOT

#: What the kinds of vectors of :data:`sim.vectors.manifest.VERSION` say. Where one is another now,
#: vectors have changed: raise VERSION as its comment says, and put here what the test shows.
PINNED = (
    "1.0",
    {
        "g711": "49b0bacf491c7ce8",
        "scrambler": "2ae3162d2b899759",
        "modulus": "87d08a58835457e3",
        "signs": "fca30c1429a47749",
        "shaper": "be3a66d28f0e22ce",
        "encoder": "d355fdea8c6615e9",
        "decoder": "a9aad05a1509c2a0",
        "hdlc": "bf3557dc1ab87d04",
        "sequence": "e61bfc0f6391b363",
        "signal": "585e8a510db4420f",
        "receiver": "8134e2ee7d0bb915",
        "equalizer": "cb14e2b6f7b1a58c",
        "call": "bad361895dbefcf2",
    },
)


@pytest.fixture(scope="module")
def head(files):
    return json.loads(files["manifest.json"])


def of_kind(manifest, kind):
    """Entries of one kind by name."""
    return {name: entry for name, entry in manifest.items() if name.startswith(f"{kind}/")}


def test_two_runs_are_equal(files):
    kinds = [kind for kind in vectors.GROUPS if kind != "call"]
    again = vectors.make(kinds=kinds)
    again.pop("manifest.json")
    assert len(again) > 2000 and all(files[name] == content for name, content in again.items())


@pytest.mark.long
def test_two_calls_are_equal(files):
    again = vectors.make(kinds=["call"])
    again.pop("manifest.json")
    assert again and all(files[name] == content for name, content in again.items())


def test_the_set_is_what_was_pinned(manifest):
    found = {
        kind: vectors.contents(list(of_kind(manifest, kind).values()))[:16]
        for kind in vectors.GROUPS
    }
    assert (vectors.FORMAT_VERSION, found) == PINNED


def test_contents_tell_one_bit_and_one_parameter_from_another(head):
    entries = head["vectors"]
    assert vectors.contents(entries) == head["contents"]
    assert vectors.contents([{**entries[0], "description": "x"}, *entries[1:]]) == head["contents"]
    for key, value in (("parameters", {"law": "x"}), ("seed", 1), ("name", "x")):
        other = [{**entries[0], key: value}, *entries[1:]]
        assert vectors.contents(other) != head["contents"]
    for key, value in (("sha256", "0" * 64), ("role", "in"), ("signed", True), ("fraction", 1)):
        octets = {**entries[0]["arrays"]["octets"], key: value}
        changed = {**entries[0], "arrays": {**entries[0]["arrays"], "octets": octets}}
        assert vectors.contents([changed, *entries[1:]]) != head["contents"]


def test_the_manifest_lists_every_file_with_its_hash(files, head, manifest):
    assert head["version"] == vectors.FORMAT_VERSION and head["project"].startswith(
        "v90-gateware 0."
    )
    assert len(manifest) == len(head["vectors"])
    listed = {"manifest.json"}
    for entry in manifest.values():
        for key in ("clause", "description"):
            assert entry[key]
        assert isinstance(entry["parameters"], dict) and "seed" in entry
        for item in (entry, *entry["arrays"].values()):
            assert hashlib.sha256(files[item["file"]]).hexdigest() == item["sha256"]
            listed.add(item["file"])
        assert any(array["role"] == "out" for array in entry["arrays"].values())
        assert all(array["meaning"] for array in entry["arrays"].values())
    assert listed == set(files)


def test_the_set_is_small(files):
    # Less than 10 MB, compressed file by file.
    assert sum(len(zlib.compress(content)) for content in files.values()) < 10_000_000


def test_the_document_has_the_table_of_kinds(files, head):
    text = (ROOT / "docs" / "vectors.md").read_text()
    assert vectors.table(head["vectors"]) in text
    size = f"{len(head['vectors'])} vectors in {len(files)} files"
    assert f"version {vectors.FORMAT_VERSION} of the set: {size}" in text
    assert set(vectors.GROUPS) == {entry["name"].split("/")[0] for entry in head["vectors"]}


def test_numbers_of_the_manifest_are_exact_in_float64(files):
    """Many readers of JSON have no other numbers."""

    def whole(text):
        assert abs(int(text)) < 2**53
        return int(text)

    json.loads(files["manifest.json"], parse_int=whole)


def test_hex_and_archive_are_the_same(files, manifest):
    count = negative = 0
    for entry in manifest.values():
        stored = arrays(files, entry)
        assert stored.keys() == entry["arrays"].keys()
        for name, item in entry["arrays"].items():
            width = item["width"]
            lines = files[item["file"]].decode().splitlines()
            assert all(len(line) == (width + 3) // 4 for line in lines)
            words = np.array([int(line, 16) for line in lines], np.int64).reshape(item["shape"])
            assert not words.size or 0 <= words.min() <= words.max() < 1 << width
            if item["signed"]:
                words -= (words >> (width - 1)) << width
            assert stored[name].dtype.kind == ("i" if item["signed"] else "u")
            assert np.array_equal(words, stored[name])
            count += words.size
            negative += np.count_nonzero(words < 0)
    assert count > 300_000 and negative > 50_000


def test_every_row_of_tables_2_and_17_is_there(manifest):
    wanted = {f"encoder/{kind}-K{k:02}-S{s}" for kind in TYPES for k, s, *_ in rate_table(kind)}
    assert wanted == {name for name in manifest if name.startswith("encoder/")}
    # Table 2 has drn 1 to 22 for each S, as far as K stays from 15 to 39; Table 17 likewise.
    assert len(wanted) == sum(len(rate_table(kind)) for kind in TYPES) > 150
    shapers = [name for name in manifest if name.startswith("shaper/")]
    assert len(shapers) == 3 * 4 * len(pcm.SHAPER_FILTERS)


def test_encoder_vectors_decode(files, manifest):
    for name, entry in manifest.items():
        if not name.startswith("encoder/"):
            continue
        p = MappingParameters.from_dict(entry["parameters"])
        a = arrays(files, entry)
        decoder = Decoder(p)
        assert np.array_equal(decoder.process(a["octets"].reshape(-1)), a["bits"].reshape(-1))
        assert decoder.illegal == 0
        assert np.array_equal(g711.octet(a["ucodes"], a["signs"], p.law), a["octets"])
        assert np.array_equal(Descrambler().process(a["scrambled"].ravel()), a["bits"].ravel())
        assert (a["labels"] < np.array(p.moduli)).all()
        weights = np.cumprod([1, *p.moduli[:-1]])
        assert np.array_equal(a["labels"] @ weights, a["numbers"])
        assert np.array_equal(a["scrambled"][:, p.s :] @ (1 << np.arange(p.k)), a["numbers"])
        for interval, ucodes in enumerate(p.intervals):
            # Label 0 is the largest Ucode (5.4.4).
            table = np.array(ucodes[::-1])
            assert np.array_equal(table[a["labels"][:, interval]], a["ucodes"][:, interval])


def test_other_vectors_go_back_too(files, manifest):
    checked = 0
    for name, entry in manifest.items():
        a, how = arrays(files, entry), entry["parameters"]
        if name.startswith("scrambler/"):
            line = Descrambler(how["polynomial"], how["initial"])
            assert np.array_equal(line.process(a["scrambled"]), a["bits"])
        elif name.startswith("signs/"):
            decoder = DifferentialDecoder(how["sr"])
            assert np.array_equal(decoder.process(a["initial_signs"].ravel()), a["bits"].ravel())
        elif name.startswith("shaper/"):
            n = len(a["signs"])
            before = DifferentialDecoder(how["sr"]).process(a["initial_signs"][:n])
            assert np.array_equal(before, DifferentialDecoder(how["sr"]).process(a["signs"]))
        elif name.startswith("modulus/"):
            back, weight = 0, 1
            for i, modulus in enumerate(how["moduli"]):
                back = back + a["labels"][:, i].astype(np.uint64) * np.uint64(weight)
                weight *= modulus
            assert np.array_equal(back, a["numbers"])
        else:
            continue
        checked += 1
    assert checked == 4 + 4 + 36 + 4


@pytest.mark.parametrize("law, subtype", [("mu", "ULAW"), ("A", "ALAW")])
def test_libsndfile_has_the_same_table(files, manifest, law, subtype):
    a = arrays(files, manifest[f"g711/{law}"])
    for turned, sign in ((0, 1), (0x80, -1)):
        values, _ = soundfile.read(
            io.BytesIO((a["octets"] ^ turned).tobytes()),
            channels=1,
            samplerate=8000,
            format="RAW",
            subtype=subtype,
            dtype="int16",
        )
        assert np.array_equal(values, sign * a["linear"].astype(np.int64))


@pytest.mark.parametrize("most", [1, pytest.param(3, marks=pytest.mark.long)])
def test_shaper_vectors_are_the_best_signs_in_exact_arithmetic(files, manifest, most):
    """With look-ahead up to ``most``; so they do not depend on how a shaper rounds."""
    checked = 0
    for entry in of_kind(manifest, "shaper").values():
        how, a = entry["parameters"], arrays(files, entry)
        count = len(a["signs"])
        inverted = (a["signs"] ^ a["initial_signs"][:count]).reshape(-1, INTERVALS // how["sr"])
        assert np.array_equal(inverted[:, 1], a["inverts"])
        if how["ld"] <= most:
            signs, _ = shaper_reference(
                a["initial_signs"],
                a["linear"],
                how["sr"],
                how["ld"],
                *(Fraction(how[name]) for name in ("a1", "a2", "b1", "b2")),
            )
            assert np.array_equal(signs[:count], a["signs"])
            checked += 1
    assert checked == 3 * (most + 1) * len(pcm.SHAPER_FILTERS)


@pytest.mark.parametrize("most", [0, pytest.param(3, marks=pytest.mark.long)])
def test_signs_of_encoder_vectors_are_the_best_in_exact_arithmetic(files, manifest, most):
    """But for the last ``ld`` shaping frames, whose look-ahead is over what is not there."""
    checked = set()
    for entry in of_kind(manifest, "encoder").values():
        p, a = MappingParameters.from_dict(entry["parameters"]), arrays(files, entry)
        if not p.sr:
            assert np.array_equal(a["signs"], a["initial_signs"])
        elif p.ld <= most:
            linear = g711.linear(a["ucodes"].ravel(), p.law)
            signs, _ = shaper_reference(
                a["initial_signs"].ravel(),
                linear,
                p.sr,
                p.ld,
                *(Fraction(one, 64) for one in (p.a1, p.a2, p.b1, p.b2)),
            )
            known = len(signs) - p.ld * INTERVALS // p.sr
            assert np.array_equal(signs[:known], a["signs"].ravel()[:known])
            checked.add((p.sr, p.ld))
    assert checked == {(sr, ld) for sr in (1, 2, 3) for ld in range(most + 1)}


def test_decoder_vectors_have_wrong_octets_and_too_large_numbers(files, manifest):
    for entry in of_kind(manifest, "decoder").values():
        p, a = MappingParameters.from_dict(entry["parameters"]), arrays(files, entry)
        decoder = Decoder(p)
        assert np.array_equal(decoder.process(a["octets"].ravel()), a["bits"].ravel())
        how = entry["parameters"]
        assert 0 < how["illegal"] == decoder.illegal == np.count_nonzero(a["known"] == 0)
        assert 0 < how["overflows"] == decoder.overflows == np.count_nonzero(a["numbers"] >> p.k)
        bits = Descrambler().process(a["scrambled"].ravel())
        assert np.array_equal(bits, a["bits"].ravel())


# --- Receiver, equaliser, call -------------------------------------------------------------------


def _levels(described):
    return [
        Levels(tuple(map(tuple, one["values"])), tuple(map(tuple, one["ucodes"])))
        for one in described
    ]


def test_equaliser_vectors_are_made_again_from_what_they_say(files, manifest):
    for entry in of_kind(manifest, "equalizer").values():
        how, a = (
            entry["parameters"],
            {name: array.astype(np.int64) for name, array in arrays(files, entry).items()},
        )
        levels = _levels(how["levels"])
        assert [one.power_bits for one in levels] == [one["power_bits"] for one in how["levels"]]
        equalizer, line = Equalizer(1, how["forward"], how["feedback"]), np.zeros(1, np.int64)
        for name in ("forward_taps", "feedback_taps", "drop", "history", "past"):
            getattr(equalizer, name)[0] = np.squeeze(a[f"{name}_before"])
        assert not any(a[f"{n}_before"] for n in ("drift", "drift_tap", "error_tap"))
        every = len(a["fine"]) // len(a["forward_taps"])
        for at, which in enumerate(a["levels"]):
            flags = {
                name: a[name][at : at + 1].astype(bool)
                for name in ("hurry", "still", "guess", "adapting")
            }
            frame = equalizer.process(
                a["halves"][at : at + 1],
                Slicer([levels[which]]),
                line,
                a["turn"][at : at + 1],
                flags["hurry"],
                flags["still"],
                flags["guess"],
                a["known"][at : at + 1],
            )
            for name in ("fine", "ucode", "value", "error", "slope"):
                assert np.array_equal(getattr(frame, name)[0], a[name][at])
            equalizer.adapt(
                flags["adapting"],
                np.array([levels[which].power_bits]),
                np.array([how["training_bits"]]),
                line,
                flags["hurry"],
                flags["still"],
            )
            for name in ("drift", "drift_tap", "error_tap"):
                assert getattr(equalizer, name)[0] == a[name][at]
            if at % every == every - 1:
                for name in ("forward_taps", "feedback_taps"):
                    assert np.array_equal(getattr(equalizer, name)[0], a[name][at // every])


def test_an_equaliser_vector_reaches_its_rails(files, manifest):
    entry = manifest["equalizer/anything"]
    a = arrays(files, entry)
    most = 1 << entry["arrays"]["error"]["width"] - 1
    assert a["error"].min() == -most and a["error"].max() == most - 1
    for name in ("hurry", "still", "guess", "adapting", "levels"):
        assert set(a[name].tolist()) == {0, 1}
    assert set(a["turn"].tolist()) == set(range(6)) and a["known"].any()


def test_receiver_vectors_decide_what_was_sent(files, manifest):
    for name, entry in of_kind(manifest, "receiver").items():
        how, a = entry["parameters"], arrays(files, entry)
        receiver = Receiver(*_levels(how["levels"]), how["start"])
        # In pieces, which the vector was not made in.
        found = [receiver.process(piece) for piece in np.array_split(a["samples"], 7)]
        for key in ("number", "fine", "ucode", "sign", "quality", "step"):
            assert np.array_equal(np.concatenate([getattr(d, key) for d in found]), a[key])
        assert [[n, Kind(k).name] for d in found for n, k in d.events] == how["events"]
        data = a["number"] >= how["start"]
        count = np.count_nonzero(data) * INTERVALS
        law = how["data"]["law"]
        decided = g711.octet(a["ucode"][data], a["sign"][data], law).ravel()
        before = len(a["octets"]) - 48 * INTERVALS - 240 * INTERVALS
        assert np.array_equal(decided, a["octets"][before : before + count]), name
        assert count > 270 * INTERVALS


def test_calls_carry_data_and_are_made_again_from_their_events(files, manifest):
    for entry in of_kind(manifest, "call").values():
        how, a = entry["parameters"], arrays(files, entry)
        modem, octets = DigitalModem(how["law"], how["U_INFO"], at_codec=False), []
        modem.send(a["data"])
        for frame, upstream, bits in [*how["upstream"], [len(a["octets"]), None, None]]:
            octets.append(modem.frames(frame - sum(map(len, octets)) // INTERVALS))
            if upstream:
                said = None if bits is None else np.array(list(map(int, bits)), np.uint8)
                modem.receive(Upstream[upstream], said)
        assert np.array_equal(np.concatenate(octets), a["octets"].ravel())
        assert how["segments"] == [[s.signal, s.first, s.frames] for s in modem.timeline]
        said = {
            kind: [bits for _, name, bits in how["upstream"] if name == kind and bits]
            for kind in ("JA", "CP")
        }
        assert DIL.parse(list(map(int, said["JA"][0])))["segments"] > 128
        assert [CP.parse(list(map(int, one)))["type"] for one in said["CP"]] == [0, 1, 1]
        received = len(a["received"])
        assert np.array_equal(a["received"], a["data"][:received])
        assert received > 0.85 * len(a["data"]) > 5000
        # The decisions alone decode to B1d's ones and the data.
        p = MappingParameters.from_dict(how["CP"])
        first = dict(reversed(event) for event in how["events"])["ED"]
        data = a["number"] >= first
        ucodes, signs = a["ucode"][data], a["sign"][data]
        bits = Decoder(p).process(g711.octet(ucodes, signs, p.law).ravel())
        ones, bits = np.split(bits, [48 * p.data_bits])
        assert ones.all() and np.array_equal(bits[:received], a["received"])
        # A-law is sent by the encoder as by the generator.
        b1d = next(one for one in how["segments"] if one[0] == "B1d")[1]
        sent = np.concatenate([np.ones(48 * p.data_bits, np.uint8), a["data"]])
        frames = len(a["octets"]) - b1d
        assert np.array_equal(
            Encoder(p).process(sent)[: frames * INTERVALS], a["octets"][b1d:].ravel()
        )


def test_samples_of_a_call_fit_and_are_few(files, manifest):
    for entry in of_kind(manifest, "call").values():
        a = arrays(files, entry)
        seconds = a["octets"].size / 8000
        assert seconds < 3.5 and len(a["samples"]) == pytest.approx(16000 * seconds, rel=1e-3)
        # They use the A/D's range, and nearly never clip.
        assert 2**13 < np.abs(a["samples"].astype(int)).max() <= 2**15
        assert np.count_nonzero(np.abs(a["samples"].astype(int)) >= 32767) < 10
