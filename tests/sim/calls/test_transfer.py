"""Transfers against V.42's frame format, and against every way a line can be cut or damaged."""

import numpy as np
import pytest

from golden.bits.hdlc import FLAG, Framer
from golden.errors import CallFailed, V90Error
from golden.pcm.parameters import MappingParameters
from sim.calls import pcm, transfer
from tests.support import EXAMPLES

FILES = {
    "empty": b"",
    "one octet": b"x",
    "one full frame": bytes(range(128)),
    "one octet more": bytes(range(129)),
    "flags": b"\x7e" * 1000,
    "ones": b"\xff" * 1000,
    "random": np.random.default_rng(1).bytes(10_000),
    "past modulo 128": np.random.default_rng(2).bytes(128 * 130 + 5),
}


@pytest.fixture
def parameters():
    return MappingParameters.from_json((EXAMPLES / "45333.json").read_text())


def received(bits, piece=None):
    receiver = transfer.FileReceiver()
    for at in range(0, len(bits), piece or max(1, len(bits))):
        receiver.process(bits[at : at + (piece or len(bits))])
    return receiver


def framed(frames):
    framer = Framer()
    return np.concatenate([framer.fill(2), framer.process(frames)])


def test_frames_are_those_of_v42():
    frames = transfer.frames_of(bytes(300))
    # Address: EA = 1, C/R = 0 (answerer's command), DLCI 0. N(S) counts, N(R) = 0, P in the last.
    assert [frame[:3] for frame in frames] == [b"\x01\x00\x00", b"\x01\x02\x00", b"\x01\x04\x01"]
    assert [len(frame) - 3 for frame in frames] == [128, 128, 44]
    assert transfer.frames_of(bytes(128 * 130))[128][1] == 0
    assert transfer.frames_of(b"") == [b"\x01\x00\x01"]


@pytest.mark.parametrize("d", [21, 34, 42])
def test_bits_are_whole_data_frames_that_end_with_the_file(d):
    for data in FILES.values():
        bits = transfer.file_bits(data, d)
        assert len(bits) % d == 0
        assert bits[: 48 * d].all()
        assert np.array_equal(bits[48 * d : 48 * d + 8], FLAG)
        # Without its last data frame the file is not complete.
        assert received(bits).complete
        assert not received(bits[:-d]).complete


@pytest.mark.parametrize("piece", [1, 7, 1000, None])
def test_every_file_arrives_in_pieces_of_any_length(piece):
    for data in FILES.values():
        data = data[:500] if piece == 1 else data
        receiver = received(transfer.file_bits(data, 42), piece)
        assert receiver.file() == data
        assert (receiver.bad, receiver.disorder, receiver.octets) == (0, None, len(data))


@pytest.mark.parametrize("name", ["empty", "one octet", "one octet more", "flags"])
def test_a_line_cut_anywhere_is_told(parameters, name):
    line = pcm.encode(parameters, transfer.file_bits(FILES[name], parameters.data_bits))
    whole = pcm.decode(parameters, line)
    for length in range(len(line)):
        receiver = received(whole[: length // 6 * parameters.data_bits])
        with pytest.raises(V90Error, match="the line ends before the file does") as caught:
            receiver.file()
        assert caught.value.status == 2


def test_octets_lost_or_doubled_anywhere_are_told(parameters):
    data = FILES["random"][:1000]
    line = pcm.encode(parameters, transfer.file_bits(data, parameters.data_bits))
    start = transfer.B1D_FRAMES * 6 + 18
    for at in range(start, len(line) - 6, 37):
        for damaged in (
            np.delete(line, at),
            np.delete(line, slice(at, at + 6)),
            np.insert(line, at, line[at]),
            np.insert(line, at, line[at - 6 : at]),
        ):
            receiver = received(pcm.decode(parameters, damaged))
            with pytest.raises(V90Error):
                receiver.file()


def test_a_damaged_octet_anywhere_is_told(parameters):
    data = FILES["random"][:1000]
    line = pcm.encode(parameters, transfer.file_bits(data, parameters.data_bits))
    for at in range(transfer.B1D_FRAMES * 6 + 18, len(line) - 6, 11):
        damaged = line.copy()
        damaged[at] ^= 0x80
        receiver = received(pcm.decode(parameters, damaged))
        with pytest.raises(V90Error):
            receiver.file()


@pytest.mark.parametrize("number", [0, 1, 4, 8])
def test_a_lost_frame_is_told(number):
    frames = transfer.frames_of(FILES["random"][: 9 * 128])
    receiver = received(framed(frames[:number] + frames[number + 1 :]))
    with pytest.raises(V90Error) as caught:
        receiver.file()
    # Without its last frame a file looks like one that goes on: the line ends too early.
    assert caught.value.status == (2 if number == 8 else 1)


@pytest.mark.parametrize("number", [0, 1, 4, 8])
def test_a_repeated_frame_is_told(number):
    frames = transfer.frames_of(FILES["random"][: 9 * 128])
    receiver = received(framed(frames[: number + 1] + frames[number:]))
    with pytest.raises(CallFailed, match=r"N\(S\) = \d came where \d was|frames go on"):
        receiver.file()


def test_a_damaged_frame_is_told():
    bits = framed(transfer.frames_of(FILES["random"]))
    bits[len(bits) // 2] ^= 1
    with pytest.raises(CallFailed, match="the file did not arrive whole"):
        received(bits).file()


@pytest.mark.parametrize("frame", [b"ab", b"\x03\x00\x00x", b"\x01\x01\x00", b"\xff\x03PPP"])
def test_frames_that_are_no_files_are_told(frame):
    with pytest.raises(CallFailed, match="is not one of a file"):
        received(framed([frame])).file()


def test_what_follows_the_file_does_not_matter(rng):
    bits = transfer.file_bits(b"file", 42)
    after = rng.integers(0, 2, 10_000, np.uint8)
    assert received(np.concatenate([bits, after])).file() == b"file"


def test_two_files_in_a_row_are_told():
    bits = transfer.file_bits(b"file", 42)
    with pytest.raises(CallFailed, match="frames go on"):
        received(np.concatenate([bits, bits])).file()


@pytest.mark.parametrize("rate", ["56000", "45333", "28000"])
@pytest.mark.parametrize("law", ["mu", "A"])
def test_every_example_carries_every_file_under_both_laws(rate, law):
    p = MappingParameters.from_json((EXAMPLES / f"{rate}.json").read_text()).with_law(law)
    for data in FILES.values():
        bits = transfer.file_bits(data, p.data_bits)
        line = pcm.encode(p, bits)
        assert line.shape == (len(bits) // p.data_bits * 6,)
        assert received(pcm.decode(p, line)).file() == data


def test_examples_have_the_rate_of_their_name_and_a_lawful_power():
    for path in EXAMPLES.glob("*.json"):
        p = MappingParameters.from_json(path.read_text())
        assert round(p.rate) == int(path.stem)
        assert not p.exceeds(-12.0)


def test_encoding_in_chunks_is_encoding_at_once(parameters, monkeypatch, rng):
    bits = rng.integers(0, 2, 100 * parameters.data_bits, np.uint8)
    line = pcm.encode(parameters, bits)
    calls = []
    monkeypatch.setattr(pcm, "CHUNK", 7)
    assert np.array_equal(pcm.encode(parameters, bits, lambda *call: calls.append(call)), line)
    assert np.array_equal(pcm.decode(parameters, line), bits)
    assert calls[0] == (0, 100) and calls[-1] == (100, 100) and len(calls) == 16


def test_the_line_does_not_depend_on_where_it_ends(parameters, rng):
    bits = rng.integers(0, 2, 100 * parameters.data_bits, np.uint8)
    line = pcm.encode(parameters, bits)
    # What a queue run dry adds are ones, which the shorter line's end takes for granted.
    bits[50 * parameters.data_bits :] = 1
    longer = pcm.encode(parameters, bits)[: 50 * 6]
    assert np.array_equal(pcm.encode(parameters, bits[: 50 * parameters.data_bits]), longer)
    assert np.array_equal(line[: 46 * 6], longer[: 46 * 6])


def test_no_bits_are_no_octets(parameters):
    nothing = np.zeros(0, np.uint8)
    assert pcm.encode(parameters, nothing).shape == (0,)
    assert pcm.decode(parameters, nothing).shape == (0,)


def test_differences_are_named():
    golden = np.arange(12, dtype=np.uint8)
    pcm.demand_equal(golden, golden, "octet", 6)
    other = golden.copy()
    other[8] = 99
    with pytest.raises(CallFailed, match=r"1 of 12 octets, first in octet 8 \(number 2 of"):
        pcm.demand_equal(golden, other, "octet", 6)
    with pytest.raises(CallFailed, match="12 octets against 11"):
        pcm.demand_equal(golden, golden[:-1], "octet", 6)
