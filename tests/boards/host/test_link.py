import time

import pytest
import serial

from boards.host.link import WRITE_WAIT, Board, Link, open_port
from boards.host.simulated import Faults
from golden.errors import CallFailed, V90Error
from golden.ports import link
from golden.ports.link import HostLink, Information, Top
from tests.boards.host.support import Port

INFORMATION = Information(Top.ENCODERS, 3, 8, 32, 4, 24_000_000, 1_000_000, "a test")


class Design:
    """Queues that are emptied an octet a look, in turn, and words, of which some must wait."""

    def __init__(self, rng):
        self.model = HostLink(INFORMATION)
        self.queues, self.sent, self.words = ([b""] * 3 for _ in range(3))
        self.words, self.rng, self.stuck = [], rng, ()
        self.model.room, self.model.put = self.room, self.put
        self.model.word, self.model.state = self.word, self.state

    def room(self, channel):
        for c in range(3):
            if c not in self.stuck:
                self.sent[c], self.queues[c] = self.sent[c] + self.queues[c][:1], self.queues[c][1:]
        return INFORMATION.queue - len(self.queues[channel])

    def put(self, channel, octet):
        self.queues[channel] += bytes([octet])

    def word(self, *word):
        if taken := self.rng.random() < 0.95:
            self.words.append(word)
        return taken

    def state(self, channel):
        return bytes([channel, 2, 1])


@pytest.fixture
def design(rng):
    return Design(rng)


def test_all_octets_arrive_once_whatever_the_line_does(design, rng):
    """Nothing lost, nothing twice, and a full queue holds up none of the others."""
    faults = Faults(0.004, 1), Faults(0.004, 2)
    board = Board(Link(Port(design.model, faults), attempts=30))
    octets = {channel: rng.bytes(500 * (channel + 1)) for channel in range(3)}
    seen = []
    assert board.stream(octets, lambda *done: seen.append(done)) == dict.fromkeys(range(3), 0)
    words = [(int(n) % 64, int(n)) for n in rng.integers(1 << 16, size=200)]
    board.words(2, words)
    assert [sent + queue for sent, queue in zip(design.sent, design.queues, strict=True)] == list(
        octets.values()
    )
    assert design.words == [(2, *word) for word in words]
    assert seen[-1] == (3000, 3000)
    assert board.link.statistics.again > 5 and faults[0].count > 5 and faults[1].count > 5


def test_a_full_queue_holds_up_no_other(design):
    design.stuck = (1,)
    board = Board(Link(Port(design.model)))
    with pytest.raises(CallFailed, match="channel 1 takes no data"):
        board.stream({0: bytes(300), 1: bytes(300), 2: bytes(300)}, patience=0.2)
    assert len(design.sent[0]) > 290 and len(design.sent[2]) > 290
    with pytest.raises(V90Error, match="8 octets of earlier data are still in the queue of cha"):
        board.stream({1: bytes(3)})


def test_time_that_passes_behind_the_last_octets_is_no_failure(design):
    """As where the program is stopped for a while, in what draws the progress."""
    board = Board(Link(Port(design.model)))
    assert board.stream({0: b"a"}, lambda *done: time.sleep(0.02), patience=0.01) == {0: 0}


def test_states_are_reported(design):
    board = Board(Link(Port(design.model)))
    states = board.states()
    assert sorted(states) == [0, 1, 2]
    assert states[2].underruns == 2 + 2 * 256 and states[2].late and states[2].damaged == 0


def test_what_the_design_gives_is_taken(design):
    board = Board(Link(Port(design.model)))
    assert board.take() == []
    design.model.given = [(0, 255), (1, 66), (2, 67)]
    assert board.take(2) == [(0, 255), (1, 66)] and board.take() == [(2, 67)]


def test_a_garbled_line_is_told_from_a_silent_one(design):
    """Octets that come back, but no whole answer: the sentence says so."""

    class Garbled(Port):
        def read(self, size):
            return bytes(octet ^ 0x10 for octet in super().read(size))

    with pytest.raises(V90Error, match="the line garbles it: [0-9]+ octets came back"):
        Board(Link(Garbled(design.model), attempts=2))


def test_a_port_that_takes_no_octets_is_an_error():
    """With flow control held up, pyserial gives up after WRITE_WAIT."""

    class Stuck(Port):
        def write(self, octets):
            raise serial.SerialTimeoutException("Write timeout")

    with pytest.raises(V90Error, match="a port takes no octets for 2 s"):
        Board(Link(Stuck(None)))


def test_ports_are_opened_with_a_bound_on_writing(monkeypatch):
    """Each real port has it."""
    given = {}
    monkeypatch.setattr(serial, "Serial", lambda *at, **options: given.update(options))
    open_port("/dev/none")
    assert given["write_timeout"] == WRITE_WAIT and given["exclusive"]


class Late(Port):
    """Gives answers after so many seconds."""

    def __init__(self, model, seconds):
        super().__init__(model)
        self.seconds, self.waiting = seconds, []

    def write(self, octets):
        self.waiting.append((time.monotonic() + self.seconds, self.model.process(octets)))

    def read(self, size):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            self._back += self.waiting.pop(0)[1]
        return super().read(size)


def test_a_board_that_is_slower_than_the_wait_is_waited_for(design):
    """Its second answers to one request show it; then requests are not repeated any more."""
    link = Link(Late(design.model, 0.05))
    link._patience = 0.02
    board = Board(link)
    for _ in range(6):
        board.take()
    before = link.statistics.again
    assert before > 0 and link._patience > 0.05
    for _ in range(3):
        board.take()
    assert link.statistics.again == before


def test_waits_do_not_learn_from_a_repeated_request(design):
    """Its answer may be that of any of them: a lost request makes the next wait no longer."""

    class Losing(Port):
        """Loses each second request."""

        count = 0

        def write(self, octets):
            self.count += 1
            if self.count % 2 == 0:
                super().write(octets)

    link = Link(Losing(design.model), attempts=5)
    link._patience = 0.05
    Board(link).take()
    assert link.statistics.again == 2 and link._patience == 0.05


def test_a_silent_board_and_others_are_reported():
    with pytest.raises(V90Error, match="a port does not answer: 2 requests in"):
        Board(Link(Port(None), attempts=2))
    for octets, sentence in (
        (bytes([7]) + bytes(63), "has version 7, and this program knows ver"),
        (bytes(3), "no board of this project's"),
    ):
        model = HostLink(INFORMATION)
        model._act = lambda request, octets=octets: request[:1] + octets[::-1]
        with pytest.raises(V90Error, match=sentence):
            Board(Link(Port(model)))


#: Answers with a good CRC and the right number that no board of ours gives, and what was asked.
WRONG = {
    "no state": (b"", lambda board: board.states()),
    "half a state": (bytes(7), lambda board: board.states()),
    "too many states": (bytes(16), lambda board: board.states()),
    "no word": (b"", lambda board: board.words(0, [(1, 2)])),
    "more words left than sent": (b"\2", lambda board: board.words(0, [(1, 2)])),
    "two counts of words": (b"\0\0", lambda board: board.words(0, [(1, 2)])),
    "no end": (b"\0\1", lambda board: board.take()),
    "an end in the midst": (bytes([255, 0, 255]), lambda board: board.take()),
    "nothing": (b"", lambda board: board.take()),
}


@pytest.mark.parametrize("name", WRONG)
def test_answers_of_no_board_of_ours_are_reported(design, name):
    answer, asks = WRONG[name]
    board = Board(Link(Port(design.model)))
    design.model._act = lambda request: request[:1] + answer
    with pytest.raises(V90Error, match="a port: what answers is no board of this project's"):
        asks(board)


def test_a_queue_that_took_less_than_it_had_room_for_is_reported(design):
    """Octets went missing, and there is nobody else who could have filled it."""
    board = Board(Link(Port(design.model)))
    design.model.put = lambda channel, octet: None
    rooms = iter([8, 3])
    design.model.room = lambda channel: next(rooms)
    with pytest.raises(V90Error, match="no board of this project's"):
        board.stream({0: bytes(20)})


def test_another_kind_of_state_is_reported():
    for top, status in ((Top.SIGNALS, 5), (Top.ENCODERS, 1), (Top.RECEIVER, 4)):
        with pytest.raises(V90Error, match="no board of this project's"):
            Board(Link(Port(HostLink(Information(top, 3, 32, status=status)))))


def test_what_a_board_has_not_is_refused(design):
    board = Board(Link(Port(design.model)))
    with pytest.raises(V90Error, match=r"no channel 3: the board has 3 \(0 to 2\)"):
        board.check_channel(3)
    with pytest.raises(ValueError, match="too long"):
        board.link.ask(link.data(0, bytes(255)))


def test_ports_that_are_none(tmp_path):
    with pytest.raises(V90Error, match="there is no such device"):
        open_port(str(tmp_path / "none"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(V90Error, match="is not a serial port"):
        open_port(str(tmp_path / "file"))
