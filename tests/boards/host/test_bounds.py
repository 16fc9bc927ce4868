"""Every command of `v90 board` ends, whatever its port does, and says why in one sentence.

The port is at a board's model for so many requests, and then at something worse. Time is not the
machine's: it passes while a port is waited for, so that a bound of minutes is tested at once.
"""

import os
import pty
import tty
from types import SimpleNamespace

import numpy as np
import pytest
import serial
from rich.console import Console

import v90
from boards.host import bank, cli, client, link
from golden.ports.link import HostLink, Information, Top
from golden.receiver.timetable import State
from hdl.modem.client import FLAGS_AT, STATES
from sim.calls import transfer
from tests.support import EXAMPLES

#: Seconds of a request that is not answered: 0.5, 1, and ten times 2 s.
UNANSWERED = 21.5

#: Seconds that a command may take when its board answers, but gets no further: the longest that it
#: waits for a queue (10), and requests until it looks again.
STUCK = 12

#: Seconds for which `watch` is asked to go on, and `receive` to wait.
WATCHED = 3


class Clock:
    """The time that commands see."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class WorsePort:
    """A port at a model for ``good`` requests; then ``kind`` says what becomes of it.

    ``since`` is the time at which it became worse, None before.
    """

    name = "a port"

    def __init__(self, clock, model, kind, good):
        self.clock, self.model, self.kind, self.good = clock, model, kind, good
        self.timeout, self.since, self._back = 0, None, b""
        self._rng = np.random.default_rng(1)
        self._numbers = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def worse(self):
        return self.since is not None

    @property
    def in_waiting(self):
        if self.worse and self.kind == "vanishes":
            raise OSError("Input/output error")
        return len(self._back)

    def write(self, octets):
        self.clock.now += 0.0005
        if not self.good and not self.worse:
            self.since = self.clock.now
        self.good -= not self.worse
        if self.worse and self.kind == "vanishes":
            raise serial.SerialException("write failed: Input/output error")
        if self.worse and self.kind == "takes nothing":
            self.clock.now += link.WRITE_WAIT
            raise serial.SerialTimeoutException("Write timeout")
        if not self.worse:
            self._back += self.model.process(octets)

    def read(self, size):
        if self._back:
            octets, self._back = self._back[:size], self._back[size:]
            return octets
        if not self.worse or self.kind == "is silent":
            self.clock.now += self.timeout
            return b""
        self.clock.now += 0.01
        if self.kind == "vanishes":
            raise serial.SerialException("device reports readiness to read but returned no data")
        if self.kind == "sends noise":
            return self._rng.bytes(20)
        if self.kind == "sends flags":
            return bytes([0x7E] * 20)
        self._numbers = (self._numbers + 1) % 256
        return link.link.frame(bytes([self._numbers]))


KINDS = {
    "is silent": "does not answer",
    "vanishes": "the port is gone",
    "takes nothing": "takes no octets for 2 s",
    "sends noise": "the line garbles it",
    "sends flags": "the line garbles it",
}


def bank_model():
    """Two channels whose queues send an octet for each look, and count underruns."""
    model = HostLink(Information(Top.SIGNALS, 2, 32, 24, 4, 24_000_000, 1_000_000, "a test"))
    left, underruns = [0, 0], [0, 0]

    def room(channel):
        left[channel] = max(0, left[channel] - 1)
        return 32 - left[channel]

    def put(channel, octet):
        left[channel] += 1

    def state(channel):
        underruns[channel] = 5 if any(model.commanded) else 0
        return bytes([0, 0, underruns[channel]])

    model.commanded = []
    model.room, model.put, model.state = room, put, state
    model.word = lambda *word: model.commanded.append(word) or True
    return model


def receiver_model():
    """A receiver that finds nothing."""
    model = HostLink(Information(Top.RECEIVER, STATES, status=2))
    octets = bytearray(STATES)
    octets[FLAGS_AT] = State.SEARCH
    model.state = lambda channel: octets[channel : channel + 1]
    return model


@pytest.fixture
def sent(tmp_path):
    (tmp_path / "file").write_bytes(bytes(range(100)))
    return tmp_path


def words(action, folder):
    """The action's own words, and the model that it is for."""
    parameters = ["--parameters", str(EXAMPLES / "28000.json")]
    return {
        "info": (bank_model, ["info"]),
        "selftest": (bank_model, ["selftest"]),
        "send": (bank_model, ["send", str(folder / "file"), *parameters]),
        "watch": (bank_model, ["watch", "--seconds", str(WATCHED)]),
        "watch a receiver": (receiver_model, ["watch", "--seconds", str(WATCHED)]),
        "receive": (
            receiver_model,
            ["receive", "-o", str(folder / "back"), *parameters, "--seconds", str(WATCHED)],
        ),
    }[action]


ACTIONS = ("info", "selftest", "send", "watch", "watch a receiver", "receive")


@pytest.fixture
def run(monkeypatch, sent, capsys):
    """Run an action on a port: ``(exit status, seconds since it was worse, port, stderr)``."""

    def run(action, kind, good, change=lambda model: None):
        clock = Clock()
        for module in (link, bank, client, cli):
            monkeypatch.setattr(module, "time", clock)
        # stdout is a terminal, so that `watch` goes on.
        monkeypatch.setattr(
            cli,
            "Console",
            lambda stderr=False: Console(stderr=stderr, force_terminal=None if stderr else True),
        )
        make, given = words(action, sent)
        model = make()
        change(model)
        port = WorsePort(clock, model, kind, good)
        monkeypatch.setattr(cli, "open_port", lambda *_: port)
        status = v90.main(["board", "a port", *given])
        seconds = clock.now - (port.since or 0.0)
        return SimpleNamespace(status=status, seconds=seconds, port=port, **vars(_read(capsys)))

    return run


def _read(capsys):
    found = capsys.readouterr()
    return SimpleNamespace(out=found.out, errors=found.err.splitlines())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_port_that_gets_worse_ends_every_command(run, action, kind):
    """At the first request, at the second, ... up to its last one."""
    reached = 0
    for good in (0, 1, 2, 3, 5, 8, 13, 21, 34, 51, 52, 55):
        got = run(action, kind, good)
        if not got.port.worse:
            break
        reached += 1
        most = {"vanishes": 0.1, "takes nothing": 2.1}.get(kind, UNANSWERED + 0.1)
        assert got.status == 2 and got.seconds <= most, good
        assert len(got.errors) == 1 and KINDS[kind] in got.errors[0]
    assert reached >= 2


@pytest.mark.parametrize("action", ACTIONS)
def test_wrong_answers_end_every_command(run, action):
    """Whole frames come for ever, and their numbers are any; one that fits says nothing."""
    for good in (0, 1):
        got = run(action, "sends frames", good)
        assert got.status == 2 and got.seconds <= UNANSWERED + 0.1 and len(got.errors) == 1


def test_what_ends_by_itself(run):
    """A port that stays good: the tests below mean something."""
    for action, status in (("info", 0), ("selftest", 1), ("send", 0), ("watch", 0)):
        got = run(action, "is silent", 10**9)
        assert got.status == status and not got.port.worse, got.errors
    assert WATCHED <= got.seconds < WATCHED + 1


def full(model):
    """The queues take nothing more, once they are full."""
    left = [0, 0]
    model.room = lambda channel: 32 - left[channel]

    def put(channel, octet):
        left[channel] += 1

    model.put = put


def no_words(model):
    model.word = lambda *_: False


def noise(model):
    """Octets of data and no frame of a file, as often as anybody asks."""
    rng = np.random.default_rng(1)

    class Endless(list):
        def __len__(self):
            return 1 << 20

        def pop(self, at):
            return 0, int(rng.integers(256))

    model.given = Endless()


@pytest.mark.parametrize(
    "action, change, sentence",
    [
        ("send", full, "channel 0 takes no data"),
        ("send", no_words, "channel 0 takes no words"),
        ("selftest", no_words, "the board failed its self-test"),
        ("receive", no_words, "channel 0 takes no words"),
        ("receive", noise, "the receiver found no Sd"),
        ("receive", lambda model: None, "the receiver found no Sd"),
    ],
)
def test_a_board_that_gets_no_further_ends_every_command(run, action, change, sentence):
    got = run(action, "is silent", 10**9, change)
    assert got.status == 1 and got.seconds <= STUCK and sentence in got.errors[-1]


def test_a_simulated_line_that_stays_alive_ends(monkeypatch):
    """Octets that are no file come for ever, after all that there is to hear has been heard."""
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    rng = np.random.default_rng(1)

    def take():
        clock.now += 0.1
        return [(0, int(octet)) for octet in rng.integers(0, 256, 20)]

    board = SimpleNamespace(take=take, numbers=lambda count: bytes(count))
    reception = client.receive(board, 2.0, over=lambda: clock.now > 50)
    assert 51.8 <= clock.now < 52.2 and not reception.file.complete


def test_a_simulated_line_that_ends_is_not_waited_for(monkeypatch):
    """What is left is taken; then nothing comes, and it is over. A file ends it before."""
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    bits = transfer.file_bits(b"a file", 24)
    data = np.packbits(bits, bitorder="little").tolist() + [0] * 3
    pairs = [(0, octet) for octet in data]

    def take():
        clock.now += 1
        some, pairs[:] = pairs[:9], pairs[9:]
        return some

    board = SimpleNamespace(take=take, numbers=lambda count: bytes(count))
    cut, pairs[:] = list(pairs), pairs[:18]
    assert not client.receive(board, 1000.0, over=lambda: True).file.complete
    assert clock.now == 3
    pairs[:] = cut
    assert client.receive(board, 1000.0, over=lambda: clock.now > 900).file.file() == b"a file"


@pytest.mark.parametrize("seconds", ["nan", "-1", "inf", "1e9", "soon"])
@pytest.mark.parametrize("action", [["watch"], ["receive", "-o", "x", "--parameters", "y"]])
def test_seconds_that_never_end_are_refused(action, seconds, capsys):
    assert v90.main(["board", "/dev/none", *action, "--seconds", seconds]) == 2
    assert f"invalid number of seconds value: '{seconds}'" in capsys.readouterr().err


@pytest.mark.parametrize("baud", ["0", "-5", "12000001", "9" * 30])
def test_rates_of_no_port_are_refused(baud, capsys):
    """The system takes 0 for "hang up", and none of more than 31 bits."""
    assert v90.main(["board", "/dev/none", "--baud", baud, "info"]) == 2
    assert f"a port has 1 to 12000000 bit/s, not {baud}" in capsys.readouterr().err


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal's two ends, and requests that are not repeated for long."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    monkeypatch.setattr(link, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(cli, "Link", lambda port: link.Link(port, attempts=2))
    ends = [master]
    yield ends, name
    for end in ends:
        os.close(end)


def test_a_real_port_that_is_silent(terminal, capsys):
    _, name = terminal
    assert v90.main(["board", name, "info"]) == 2
    assert "does not answer: 2 requests in " in capsys.readouterr().err


@pytest.mark.parametrize("when", ["writing", "reading"])
def test_a_real_port_that_vanishes(terminal, capsys, monkeypatch, when):
    """As a USB adapter that is pulled out: the system says so, however it puts it."""
    ends, name = terminal

    def pull(port):
        while ends:
            os.close(ends.pop())

    real = link.Link

    class Pulled(real):
        def _write(self, octets):
            if when == "writing":
                pull(self.port)
            super()._write(octets)
            pull(self.port)

    monkeypatch.setattr(cli, "Link", lambda port: Pulled(port, attempts=2))
    assert v90.main(["board", name, "info"]) == 2
    error = capsys.readouterr().err
    assert "the port is gone" in error and error.count("\n") == 1
