import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.errors import V90Error
from golden.ports import link
from golden.ports.link import Information, Top, Unframer
from hdl.core.stream import BitQueues, answer_layout, octet_layout, request_layout
from hdl.ports.link import HostLink, information_octets, link_word_layout
from hdl.ports.link_program import WORD_WAITS
from sim.engines.gateware import Gateware
from tests.hdl.support import check_refused

CHANNELS, QUEUE, WIDTH = 3, 8, 42

INFORMATION = Information(Top.SIGNALS, CHANNELS, QUEUE, 32, 2, 24_000_000, 1_000_000, "a test")


class Linked(wiring.Component):
    """A link before queues of data; a channel's state is its number and 5."""

    def __init__(self):
        self.link, self.queues = HostLink(INFORMATION, gives=True), BitQueues(CHANNELS, QUEUE)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "o_word": Out(stream.Signature(link_word_layout(CHANNELS))),
                "i_given": In(stream.Signature(octet_layout(CHANNELS))),
                "i_request": In(stream.Signature(request_layout(CHANNELS, WIDTH))),
                "o_bits": Out(stream.Signature(answer_layout(WIDTH))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.link = link = self.link
        m.submodules.queues = queues = self.queues
        for name in ("i", "i_given"):
            connect(m, flipped(getattr(self, name)), getattr(link, name))
        for name in ("o", "o_word"):
            connect(m, getattr(link, name), flipped(getattr(self, name)))
        connect(m, link.o_data, queues.i)
        connect(m, flipped(self.i_request), queues.i_request)
        connect(m, queues.o, flipped(self.o_bits))
        m.d.comb += [queues.look.eq(link.look), link.room.eq(queues.room)]
        m.d.comb += link.state[0].eq(link.channel + 5)
        return m


class Both:
    """The gateware and the model, with the same design after them."""

    def __init__(self, gateware):
        self.gateware, self.model = gateware, link.HostLink(INFORMATION)
        gateware.power_on()
        # The queues are cleared, and the first words of another test are gone.
        gateware.run(cycles=20, reset=False)
        self.queues, self.words = [b""] * CHANNELS, []
        self.model.room = lambda channel: QUEUE - len(self.queues[channel])
        self.model.put, self.model.word = self._put, self._word
        self.model.state = lambda channel: bytes([channel + 5])

    def _put(self, channel, octet):
        self.queues[channel] += bytes([octet])

    def _word(self, channel, address, data):
        self.words.append((channel, address & 63, data))
        return True

    def send(self, octets, given=()):
        """Octets to both; the answers of the model, which the gateware's must be."""
        self.model.given += given
        expected = self.model.process(octets)
        left = len(given) - len(self.model.given)
        inputs = {"i": np.frombuffer(octets, np.uint8)}
        if given:
            inputs["i_given"] = np.array(given, [("channel", np.int64), ("octet", np.int64)])
        result = self.gateware.run(
            inputs,
            {"o": len(expected)} if expected else {},
            reset=False,
            cycles=60_000 + 2 * WORD_WAITS,
            drain=500,
        )
        assert bytes(result.outputs["o"].astype(np.uint8)) == expected and left >= 0
        return Unframer().process(expected), result


@pytest.fixture(scope="module")
def gateware():
    return Gateware(Linked())


@pytest.fixture
def both(gateware):
    return Both(gateware)


def some_request(rng, number):
    """A request of a few sections, within what an answer may have."""
    sections = []
    for _ in range(rng.integers(1, 5)):
        kind, channel = rng.integers(4), int(rng.integers(CHANNELS))
        octets = rng.choice(
            [link.FLAG_OCTET, link.ESCAPE_OCTET, *rng.integers(256, size=3)], rng.integers(12)
        ).astype(np.uint8)
        if kind == 0:
            sections.append(link.data(channel, bytes(octets)))
        elif kind == 1:
            words = [(int(octet) & 63, int(octet) << 5) for octet in octets]
            sections.append(link.words(channel, words))
        elif kind == 2:
            sections.append(link.info())
        else:
            sections.append(link.status(channel))
    return bytes([number]) + b"".join(sections)


def empty(both, channel):
    """Take all octets of a channel's queue out."""
    count = len(both.queues[channel])
    if count:
        request = {"channel": [channel] * count, "count": [8] * count}
        result = both.gateware.run({"i_request": request}, {"o_bits": count}, reset=False)
        assert bytes(result.outputs["o_bits"]["data"].astype(np.uint8)) == both.queues[channel]
        both.queues[channel] = b""


def test_answers_are_the_models(both, rng):
    """And so is all that reaches the design, whatever the order, with repeats in between."""
    both.send(link.frame(link.hello()))
    number, requests = 0, 0
    words = []
    for _ in range(150):
        if number == 0 or rng.random() < 0.8:
            number = number % link.NUMBERS[-1] + 1
            request = link.frame(some_request(rng, number))
        # Now and then the line gives an earlier request again, or a number comes that is not due.
        if number > 3 and rng.random() < 0.2:
            other = int(rng.choice([number - 3, number - 2, number + 2, link.NUMBERS[-1]]))
            answers, _ = both.send(link.frame(some_request(rng, other)))
            assert answers == []
        _, result = both.send(request)
        got = result.outputs["o_word"]
        words += zip(*(got[name].tolist() for name in ("channel", "address", "data")), strict=True)
        requests += 1
        if rng.random() < 0.3:
            empty(both, int(rng.integers(CHANNELS)))
    assert requests == 150 and words == both.words and len(words) > 100


def test_cycles(both):
    """The docstring's cycles of octets heard, sent, and of DATA."""
    for number, (sections, octets) in enumerate(
        [(link.info(), 0), (link.data(1, bytes(200)), 200), (link.data(1), 0)]
    ):
        _, result = both.send(link.frame(bytes([number + 1]) + sections))
        heard, sent = result.taken["i"], result.given["o"]
        assert np.diff(heard).max() <= 42 and np.diff(sent).max() <= 39
        acted = sent[0] - heard[-1]
        assert acted <= 55 * octets + (6000 if sections == link.info() else 600)
    assert acted > 100


def test_a_word_that_is_not_taken_holds_up_nothing_else(both):
    """One waits inside; the answer says how many of the others are left, and data pass."""
    pairs = [(1, 0x1111), (2, 0x2222), (3, 0x3333)]

    def ask(request, answer, **taken):
        frame, expected = link.frame(request), link.frame(answer)
        result = both.gateware.run(
            {"i": np.frombuffer(frame, np.uint8)},
            {"o": len(expected), **taken},
            reset=False,
            cycles=30_000 + 2 * WORD_WAITS,
        )
        assert bytes(result.outputs["o"].astype(np.uint8)) == expected
        return [word[2] for word in result.outputs["o_word"].tolist()]

    request = bytes([1]) + link.words(2, pairs) + link.data(0, b"a")
    assert ask(request, bytes([1, 2]), o_word=0) == []
    assert ask(bytes([2]) + link.data(1, b"bc"), bytes([2, QUEUE]), o_word=0) == []
    assert ask(bytes([3]) + link.words(2, pairs[1:]) + link.data(0), bytes([3, 0, QUEUE])) == [
        0x1111,
        0x2222,
        0x3333,
    ]
    assert both.gateware.run({}, {}, reset=False, cycles=2000).outputs["o"].size == 0


def test_what_a_board_says_of_itself():
    """Read by the model: each field, and the length."""
    for one in (
        INFORMATION,
        Information(Top.RECEIVER, 256, 0, 0, 1, 12_288_000, 460_800, "x" * 48),
    ):
        octets = information_octets(one)
        assert len(octets) == 64 and Information.of(bytes(octets)) == one
    long = Information(Top.SIGNALS, text="x" * 49)
    check_refused(V90Error, "48 octets at most", information_octets, long)
