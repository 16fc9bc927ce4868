import numpy as np
import pytest

from golden.bits import crc
from golden.errors import V90Error
from golden.ports import link
from golden.ports.link import HostLink, Information, Section, Top, Unframer

INFORMATION = Information(Top.SIGNALS, 30, 32, 32, 4, 24_000_000, 1_000_000, "generator tdm")


def contents(rng, count=40):
    """Contents of frames: random octets, of which many have to be escaped."""
    some = [link.FLAG_OCTET, link.ESCAPE_OCTET, *rng.integers(256, size=6)]
    return [bytes([n, *rng.choice(some, rng.integers(60)).astype(np.uint8)]) for n in range(count)]


def test_frames_are_those_of_rfc_1662():
    """Flags and escapes only where they mean that; the CRC is that of V.42, low octet first."""
    framed = link.frame(bytes([0x7E, 0x7D, 0x41]))
    assert framed[:6] == bytes([0x7E, 0x7D, 0x5E, 0x7D, 0x5D, 0x41]) and framed[-1] == 0x7E
    assert crc.remainder_of_octets(bytes([0x7E, 0x7D, 0x41]) + framed[6:-1]) == crc.FCS_GOOD


def test_frames_come_back_in_any_pieces(rng):
    sent = contents(rng)
    line = b"".join(map(link.frame, sent))
    unframer, back, at = Unframer(), [], 0
    while at < len(line):
        size = int(rng.integers(1, 20))
        back += unframer.process(line[at : at + size])
        at += size
    assert back == sent and unframer.damaged == 0


@pytest.mark.parametrize("fault", ["changed", "dropped", "added", "swapped"])
def test_a_spoilt_octet_spoils_two_frames_at_most(fault, rng):
    """And what is left is what was sent: nothing is forged."""
    for _ in range(200):
        sent = contents(rng, 6)
        line = bytearray(b"".join(map(link.frame, sent)))
        at = int(rng.integers(1, len(line) - 1))
        if fault == "changed":
            line[at] ^= int(rng.integers(1, 256))
        elif fault == "dropped":
            del line[at]
        elif fault == "added":
            line.insert(at, int(rng.integers(256)))
        else:
            line[at - 1], line[at] = line[at], line[at - 1]
        unframer = Unframer()
        back = unframer.process(line)
        places = [sent.index(content) for content in back]
        assert len(back) >= 4 and places == sorted(places)


def test_information_comes_back():
    assert Information.of(INFORMATION.octets()) == INFORMATION
    one = Information(Top.RECEIVER, status=2, text="x" * link.TEXT)
    assert len(one.octets()) == link.INFORMATION and Information.of(one.octets()) == one
    with pytest.raises(V90Error, match="at most, not 49"):
        Information(Top.RECEIVER, status=2, text="x" * 49).octets()


def test_of_another_version_only_that_is_told():
    other = Information.of(bytes([9]) + bytes(63))
    assert other.version == 9
    with pytest.raises(V90Error, match="kind 77"):
        Information.of(bytes([link.LINK_VERSION, 77]) + bytes(62))


def test_information_that_is_none_or_no_text():
    for size in (0, 5, 63, 65):
        with pytest.raises(V90Error, match=f"has 64 octets, not {size}"):
            Information.of(bytes([link.LINK_VERSION]) * size)
    octets = INFORMATION.octets()[:16] + b"\x1b[2J\xff" + bytes(43)
    assert Information.of(octets).text == "?[2J?"


class Design:
    """Queues of data, and words, behind a link."""

    def __init__(self, model):
        self.queues, self.words, self.refuses = [b"", b""], [], False
        model.room = lambda channel: 32 - len(self.queues[channel])
        model.put = self.put
        model.word = self.word
        model.state = lambda channel: bytes([channel, 7, 8])

    def put(self, channel, octet):
        self.queues[channel] += bytes([octet])

    def word(self, *word):
        if not self.refuses:
            self.words.append(word)
        return not self.refuses


@pytest.fixture
def model():
    return HostLink(INFORMATION)


def ask(model, request):
    (answer,) = Unframer().process(model.process(link.frame(request)))
    assert answer[0] == request[0]
    return answer[1:]


def test_information_is_the_first_that_is_asked_for(model):
    assert ask(model, link.hello())[::-1] == INFORMATION.octets()


def test_data_go_where_there_is_room(model):
    design = Design(model)
    first = bytes([1]) + link.data(0) + link.data(1, b"abc") + link.data(0, bytes(30))
    assert ask(model, first) == bytes([32, 32, 32])
    # The same once more is not acted on.
    assert ask(model, first) == bytes([32, 32, 32]) and design.queues == [bytes(30), b"abc"]
    assert ask(model, bytes([2]) + link.data(0, b"defg")) == bytes([2])
    assert design.queues[0] == bytes(30) + b"de"


def test_words_are_taken_or_counted(model):
    design = Design(model)
    request = link.words(1, [(0, 0x1234), (63, 5)]) + link.status(1)
    assert ask(model, bytes([1]) + request) == bytes([0, 0, 8, 7, 1])
    assert design.words == [(1, 0, 0x1234), (1, 63, 5)]
    design.refuses = True
    assert ask(model, bytes([2]) + request) == bytes([2])


def test_what_the_design_gives_is_given_once(model):
    model.given = [(0, 65), (1, 66), (0, 67)]
    assert ask(model, bytes([1]) + link.take(2)) == bytes([0, 65, 1, 66, link.NO_MORE])
    assert ask(model, bytes([1]) + link.take(2)) == bytes([0, 65, 1, 66, link.NO_MORE])
    assert ask(model, bytes([2]) + link.take(2)) == bytes([0, 67, link.NO_MORE])


def test_a_request_cut_short_or_unknown_is_answered_as_far_as_it_goes(model):
    assert ask(model, bytes([1, Section.INFO, 0])) == b""
    assert ask(model, bytes([2]) + link.status(0) + bytes([77, 0, 0])) == bytes(4)
    long = ask(model, bytes([3]) + link.info() * 3)
    assert len(long) == link.LONGEST_ANSWER - 1


def test_earlier_requests_are_not_acted_on(model):
    """A request that the line gives again later does nothing; only the number due does."""
    taken = []
    model.put = lambda channel, octet: taken.append(octet)
    frames = [link.frame(bytes([n]) + link.data(1, bytes([n]))) for n in link.NUMBERS]
    # After reset a board waits for a host's first request; a session's midst is not answered.
    assert model.process(frames[3]) == b""
    assert model.process(link.frame(link.hello()))
    for at, frame in enumerate(frames[:5]):
        assert model.process(frame) == model.process(frame) != b""
        for earlier in frames[:at]:
            assert model.process(earlier) == b""
    assert model.process(frames[6]) == model.process(frames[254]) == b""
    assert taken == [1, 2, 3, 4, 5]
    for frame in frames[5:]:
        assert model.process(frame)
    # After 255 comes 1 again, and a host that begins anew says so with 0.
    assert model.process(frames[0]) and not model.process(frames[2])
    assert model.process(link.frame(link.hello())) and model.process(frames[0])
    assert taken == [*range(1, 256), 1, 1]
