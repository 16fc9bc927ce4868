"""The host's side against the real top on a pseudo-terminal, bit by bit on the UART's pins."""

import numpy as np
import pytest

import v90
from boards.host import bank
from boards.host.link import Board, Link, open_port, whole_octets
from boards.host.simulated import Faults, SimulatedBoard
from golden.pcm.parameters import INTERVALS, MappingParameters
from sim.calls import pcm, transfer
from tests.hdl.support import follow
from tests.support import ROOT

IDLE = 0xD5


def example(name):
    return MappingParameters.from_json((ROOT / "examples" / name).read_text())


@pytest.fixture(scope="module")
def one():
    """The simulated board, which all tests share: making it takes longer than what they do."""
    return SimulatedBoard()


@pytest.fixture
def simulated(one, monkeypatch):
    one.faults, one.clocked = None, True
    monkeypatch.setattr("boards.host.simulated.SimulatedBoard", lambda channels: one)
    return one


def board_of(simulated, attempts=30):
    return Board(Link(open_port(simulated.device), attempts))


def until_sent(simulated, frames=150):
    """Octets of both channels, once so many more frames have passed."""
    end = simulated.frames + frames
    while simulated.frames < end:
        pass
    return [simulated.octets(channel) for channel in range(2)]


def test_files_on_both_channels_at_once(simulated):
    """The octets of both slots are golden's, and the file comes out of them."""
    content = (ROOT / "LICENSE").read_bytes()[:300]
    files = {0: (content, example("45333.json")), 1: (content[::-1], example("28000.json"))}
    with simulated:
        board = board_of(simulated)
        assert board.information == simulated.information
        bank.send(board, files)
        octets = until_sent(simulated)
        assert not board.states()[0].late
    for channel, (data, p) in files.items():
        wanted = bank.expected(data, p)
        at = bank.on_the_highway(octets[channel], wanted)
        assert (octets[channel][:at] == IDLE).all()
        receiver = transfer.FileReceiver()
        receiver.process(pcm.decode(p, octets[channel][at : at + len(wanted)].astype(np.uint8)))
        assert receiver.file() == data


def test_nothing_is_lost_on_a_bad_line(simulated, rng):
    """Octets changed, lost, added and swapped both ways: every bit is sent once, in its order.

    The time that it takes to send again is filled with data frames of ones, as it must be.
    """
    # Answers are short: as many of them are spoilt with a share five times that of requests.
    faults = Faults(0.004, 1), Faults(0.02, 2)
    sets = {0: bank.TEST, 1: example("45333.json")}
    bits = {c: rng.integers(0, 2, 100 * p.data_bits, np.uint8) for c, p in sets.items()}
    simulated.faults = faults
    with simulated:
        board = board_of(simulated)
        for channel, p in sets.items():
            for command in bank.commands_of(p):
                board.command(channel, command, p.law)
        board.stream({c: whole_octets(bits[c], p.data_bits).tobytes() for c, p in sets.items()})
        board.drain(list(sets))
        octets = until_sent(simulated)
        assert min(fault.count for fault in faults) > 3 and board.link.statistics.again > 3
    for channel, p in sets.items():
        frames = octets[channel][: len(octets[channel]) // INTERVALS * INTERVALS]
        frames = frames.reshape(-1, INTERVALS).astype(np.uint8)
        starts = np.zeros(len(frames), bool)
        starts[np.flatnonzero((frames != IDLE).any(axis=1))[0]] = True
        _, rest = follow(frames, starts, [p], bits[channel])
        assert rest == 0


@pytest.mark.parametrize("clocked", [True, False])
def test_selftest(simulated, clocked):
    """Without a bit clock nothing is sent; all else is as it should be."""
    reported = []
    simulated.clocked = clocked
    with simulated:
        passed = bank.selftest(
            board_of(simulated), lambda *test: reported.append(test), patience=0.5
        )
    assert passed is clocked
    assert [what for what, holds, _ in reported if not holds] == [] if clocked else ["data sent"]
    assert len(reported) == (7 if clocked else 5)


def test_the_command(simulated, tmp_path, capsys):
    line, p = tmp_path / "line.al", str(ROOT / "examples" / "56000.json")
    (tmp_path / "file").write_bytes(b"a file")
    assert (
        v90.main(
            [
                "board",
                "sim",
                "send",
                str(tmp_path / "file"),
                "--parameters",
                p,
                "--channel",
                "1",
                "-o",
                str(line),
            ]
        )
        == 0
    )
    assert "equal to golden (" in capsys.readouterr().err
    assert v90.main(["receive", str(line), "-o", str(tmp_path / "back"), "--parameters", p]) == 0
    assert (tmp_path / "back").read_bytes() == b"a file"
    capsys.readouterr()
    assert v90.main(["board", "sim", "watch"]) == 0
    assert "highway: in time" in capsys.readouterr().out


def test_info_and_a_selftest_that_fails(simulated, capsys, monkeypatch):
    monkeypatch.setattr(bank, "selftest", lambda board, report: report("a test", False, "why"))
    with simulated:
        assert v90.main(["board", simulated.device, "info"]) == 0
        assert v90.main(["board", simulated.device, "selftest"]) == 1
    reported = capsys.readouterr()
    assert "bank of signal generators" in reported.out and "FAIL  a test: why" in reported.out
    assert reported.err == "v90: error: the board failed its self-test\n"


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["/dev/none", "info"], "/dev/none: there is no such device"),
        (["/dev/none", "--channels", "3", "info"], "--channels is for the simulated board"),
        (["/dev/none", "--codec", "48000", "info"], "--codec is for the simulated board"),
        (["sim", "--codec", "48000", "--channels", "3", "info"], "--codec for a client"),
        (["sim", "--codec", "44100", "info"], "has 32000 or 48000 samples a second, not 44100"),
        (
            ["/dev/none", "send", "LICENSE", "--parameters", "x", "-o", "y"],
            "-o is for the simulated",
        ),
        (["/dev/none", "fly"], "invalid choice: 'fly'"),
        (["sim", "--channels", "25", "info"], "a simulated bank has 1 to 24 channels, not 25"),
    ],
)
def test_errors_are_a_sentence(words, sentence, capsys):
    assert v90.main(["board", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
