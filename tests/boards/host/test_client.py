"""A receiver's host against the model of its link; tests/hdl/modem has the gateware."""

import argparse
import time

import numpy as np
import pytest

from boards.host import bank, cli, client
from boards.host.link import Board, Link
from boards.host.simulated import Faults
from golden.errors import CallFailed, V90Error
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.ports.link import HostLink, Information, Top
from golden.receiver.slicer import FINE
from golden.receiver.timetable import SLOW_BITS, Kind
from hdl.modem.client import (
    DATA_CHANNEL,
    EVENTS_CHANNEL,
    FLAGS_AT,
    LOST_FLAG,
    NUMBER_AT,
    STATES,
    STEP_AT,
)
from hdl.pcm.csr import COMMIT
from hdl.receiver.words import ENTRIES_AT, START_AT, TRAINING_AT
from sim.calls import transfer
from tests.boards.host.support import Port
from tests.support import ROOT

P = MappingParameters.from_json((ROOT / "examples" / "28000.json").read_text())


@pytest.fixture
def model():
    model = HostLink(Information(Top.RECEIVER, STATES, status=2))
    model.words, model.octets = [], bytearray(STATES)
    model.word = lambda *word: model.words.append(word) or True
    model.state = lambda channel: model.octets[channel : channel + 1]
    return model


def given(data):
    """Octets that a receiver gives of a file: an event, its bits, another event."""
    bits = transfer.file_bits(data, P.data_bits)
    octets = np.packbits(bits, bitorder="little").tolist() + [0] * 2
    events = [[kind, 1, 2, 0] for kind in (Kind.DETECTED, Kind.DATA)]
    return [
        *((EVENTS_CHANNEL, octet) for octet in events[0]),
        *((DATA_CHANNEL, octet) for octet in octets),
        *((EVENTS_CHANNEL, octet) for octet in events[1]),
    ]


def test_the_words_are_those_of_decoder_and_receiver(model):
    client.configure(Board(Link(Port(model))), P, 79, 2880)
    parameters = [word[1:] for word in model.words if word[0] == 0]
    assert parameters[-1] == (COMMIT, 0) and len(parameters) == 58
    wide = np.array([word[1:] for word in model.words if word[0] == 1]).reshape(-1, 3, 2)
    assert (wide[:, :, 0] == [0, 1, 2]).all()
    found = {address: low | high << 16 for address, low, high in wide[:, :, 1].tolist()}
    assert found[START_AT] == 2880 // INTERVALS
    assert found[TRAINING_AT] >> 16 == 79
    assert found[ENTRIES_AT + 128] >> 16 & 0x7F == P.intervals[1][0]


def test_a_file_is_received_over_a_bad_line(model, rng):
    data = rng.bytes(1000)
    model.given = given(data)
    link = Link(Port(model, (Faults(0.003, 1), Faults(0.003, 2))), attempts=30)
    reception = client.receive(Board(link), 0.5)
    assert reception.file.file() == data and link.statistics.again > 3
    assert reception.events[0] == (Kind.DETECTED, 0x201)


def test_a_file_that_ends_too_early(model, rng):
    model.given = given(rng.bytes(1000))[:500]
    reception = client.receive(Board(Link(Port(model))), 0.1)
    with pytest.raises(V90Error, match="the line ends before the file does"):
        reception.file.file()


def test_a_line_that_stays_alive_without_a_file_ends(model, rng):
    """Octets go on for ever, and no frame is among them."""
    noise = rng.integers(0, 256, 4096).tolist()
    state = {"at": 0}

    class Endless(list):
        """Pairs of channel and octet that never run out."""

        def __len__(self):
            return 1 << 20

        def pop(self, at):
            state["at"] += 1
            return 0, noise[state["at"] % len(noise)]

    model.given = Endless()
    began = time.monotonic()
    reception = client.receive(Board(Link(Port(model))), 0.3)
    assert 0.3 <= time.monotonic() - began < 5 and reception.octets > 100
    with pytest.raises((CallFailed, V90Error)):
        reception.file.file()


def test_data_that_were_lost_are_reported(model, rng):
    model.given = given(rng.bytes(100))
    model.octets[FLAGS_AT] = 2 | 1 << LOST_FLAG
    with pytest.raises(CallFailed, match="too slow for the board"):
        client.receive(Board(Link(Port(model))), 0.1)


def test_the_errors_are_given_as_a_level():
    """64 times the mean square of 32 PCM values: 60.2 dB below 32768."""
    quality = (32 << FINE) ** 2 << SLOW_BITS
    assert client.errors({"quality": quality}) == "-60.2 dB of full scale, 32.0 in PCM values"
    assert client.errors({"quality": 0}) == "none yet"


def test_watching(model, capsys):
    options = argparse.Namespace(seconds=None, parameters=None, u_info=79)
    model.octets[FLAGS_AT] = 0x12
    cli.watch(Board(Link(Port(model))), None, options)
    shown = capsys.readouterr().out
    assert "track, TRN1d" in shown and "SNR" not in shown
    options.parameters = str(ROOT / "examples" / "28000.json")
    cli.watch(Board(Link(Port(model))), None, options)
    shown = capsys.readouterr().out
    assert "28000 bit/s" in shown and "none yet" in shown


def test_the_snr_is_that_of_the_levels_in_use():
    """TRN1d has one level; data's power is the mean of all their points'."""
    levels = client.levels_of(P, 79)
    quality = (32 << FINE) ** 2 << SLOW_BITS
    trn1d, data = (
        int(g711.linear(79, P.law)),
        [np.mean(g711.linear(np.array(row), P.law).astype(float) ** 2) for row in P.intervals],
    )
    for training, power in ((True, trn1d**2), (False, np.mean(data))):
        text = client.snr({"quality": quality, "training": training}, levels)
        assert text == f"{10 * np.log10(power / 32**2):.1f} dB"
    assert client.snr({"quality": 0, "training": True}, levels) == "none yet"


def test_the_state(model):
    model.octets[FLAGS_AT] = 0x12
    model.octets[NUMBER_AT : NUMBER_AT + 2] = b"\x34\x12"
    model.octets[STEP_AT : STEP_AT + 4] = b"\xfe\xff\xff\xff"
    state = client.state(Board(Link(Port(model))))
    assert state["state"] == 2 and state["training"] and not state["lost"]
    assert state["number"] == 0x1234 and state["step"] == -2


def test_a_receiver_is_no_bank_and_a_bank_no_receiver(model):
    with pytest.raises(V90Error, match="no bank that could send"):
        bank.send(Board(Link(Port(model))), {0: (b"", P)})
    board = Board(Link(Port(HostLink(Information(Top.SIGNALS, 3, 32, status=4)))))
    with pytest.raises(V90Error, match="is a bank, and has no receiver"):
        client.configure(board, P, 79, 2880)


def test_states_and_events_that_there_are_not_are_text(model):
    board = Board(Link(Port(model)))
    model.octets[FLAGS_AT] = 9
    with pytest.raises(V90Error, match="the board is in state 9, which is unknown here"):
        client.state(board)
    model.given = [(EVENTS_CHANNEL, octet) for octet in (200, 1, 2, 0)]
    with pytest.raises(V90Error, match="an event of kind 200, which is unknown here"):
        client.receive(board, 0)
    few = HostLink(Information(Top.RECEIVER, STATES - 1, status=2))
    with pytest.raises(V90Error, match=f"no channel {STATES - 1}"):
        client.state(Board(Link(Port(few))))
