"""A file over a line into the simulated client: the codec's words, bit by bit for the clocks that
the gateware makes, and out of its UART."""

from pathlib import Path

import numpy as np
import pytest

from boards import receiver
from boards.link import Board, Link, open_port
from boards.simulated import SimulatedClient
from golden.parameters import MappingParameters
from golden.receiver import Kind, State
from sim import cli, design, pcm, transfer, wav
from sim.call import LEAST_TRN1D, LEVEL, SILENCE, TAIL, U_INFO, Call
from sim.codec import WIDTH, words_of
from sim.line import Conditions

ROOT = Path(__file__).resolve().parents[2]


def parameters(name):
    return MappingParameters.from_json((ROOT / "examples" / name).read_text())


def words(p, data, rate, conditions, trn1d=LEAST_TRN1D, line="26awg-6kft"):
    """What a codec gives of a call with a file in it, from shortly before Sd on."""
    call = Call(p, line, conditions, trn1d=trn1d)
    bits = transfer.file_bits(data, p.data_bits)
    bits = np.concatenate([bits, np.ones(TAIL * p.data_bits, np.uint8)])
    octets = np.concatenate([call.opening, pcm.encode(p, bits)])
    line = design.line_at(call.line, call.network, conditions, U_INFO, LEVEL, WIDTH, rate)
    samples = line.process(call.network_of().process(octets[SILENCE - 96 :]))
    return words_of(samples)


@pytest.fixture(scope="module")
def one():
    """A client with few taps, which all quick tests share."""
    return SimulatedClient(48000, forward=32, feedback=17)


def received(client, p, heard, patience, trn1d=LEAST_TRN1D):
    """What comes of words, and how the receiver did by then."""
    with client:
        board = Board(Link(open_port(client.device)))
        assert board.information == client.information
        receiver.configure(board, p, U_INFO, trn1d)
        client.play(heard)
        reception = receiver.receive(board, lambda: not client.playing and patience())
        return reception, receiver.state(board)


def test_a_file_through_the_codec(one):
    p, data = parameters("28000.json"), (ROOT / "LICENSE").read_bytes()[:100]
    heard = words(p, data, 48000, Conditions(snr=45, ppm=60, seed=1))
    reception, state = received(one, p, heard, lambda: True)
    assert reception.file.file() == data
    assert [kind for kind, _ in reception.events[:3]] == [Kind.DETECTED, Kind.TRAINED, Kind.DATA]
    assert state["state"] == State.TRACK and not state["training"] and not state["lost"]
    # The codec is fast by 60 ppm: the clock takes a step that much longer.
    assert abs(state["step"] / 2**32 * 1e6 - 60) < 5
