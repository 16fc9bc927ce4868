"""A file over a line into the simulated client, and out of its UART.

The codec's words go in bit by bit, for the clocks that the gateware makes.
"""

import gc

import numpy as np
import pytest
from amaranth.hdl import Module

import v90
from boards.host import client as receiver
from boards.host.link import Board, Link, open_port
from boards.host.simulated import SimulatedClient
from golden.pcm.parameters import MappingParameters
from golden.receiver.timetable import Kind, State
from hdl.modem.analogue_receiver import AnalogueReceiver
from sim.calls import design, pcm, transfer
from sim.calls.description import LEAST_GIVEN_TRN1D, Call
from sim.calls.design import GIVEN_LEVEL, USUAL_U_INFO
from sim.calls.given import CLOSING_FRAMES, OPENING_SILENCE, network_of, opening
from sim.world.codec import CODEC_BITS, words_of
from sim.world.line import Conditions
from tests.support import ROOT


def parameters(name):
    return MappingParameters.from_json((ROOT / "examples" / name).read_text())


def words(p, data, rate, conditions, trn1d=LEAST_GIVEN_TRN1D, line="26awg-6kft"):
    """Words of a codec of a call with a file in it, from shortly before Sd on."""
    call = Call(parameters=p, line=line, conditions=conditions, trn1d=trn1d)
    bits = transfer.file_bits(data, p.data_bits)
    bits = np.concatenate([bits, np.ones(CLOSING_FRAMES * p.data_bits, np.uint8)])
    octets = np.concatenate([opening(call), pcm.encode(p, bits)])
    line = design.line_at(
        call.line, call.network, conditions, USUAL_U_INFO, GIVEN_LEVEL, CODEC_BITS, rate
    )
    samples = line.process(network_of(call).process(octets[OPENING_SILENCE - 96 :]))
    return words_of(samples)


@pytest.fixture
def hollow(monkeypatch):
    """Clients whose receiver does nothing: codec, decimator and link take seconds to compile."""
    monkeypatch.setattr(AnalogueReceiver, "elaborate", lambda self, platform: Module())
    yield
    gc.collect()


UNUSED = "ignore::amaranth.hdl.UnusedElaboratable"


@pytest.mark.filterwarnings(UNUSED)
@pytest.mark.parametrize("codec", [48000, 32000])
def test_what_it_says_of_itself(codec, hollow, capsys):
    for action in ("info", "watch"):
        assert v90.main(["board", "sim", "--codec", str(codec), action]) == 0
    text = " ".join(capsys.readouterr().out.replace("\u2502", " ").split())
    assert "analogue receiver" in text and "i2s decimator receiver demapper decoder" in text
    assert "24.576 MHz" in text and "channels" not in text
    assert "state search" in text and "nothing lost" in text


def received(client, p, heard, trn1d=LEAST_GIVEN_TRN1D):
    """The file that comes of words, and how the receiver did by then."""
    with client:
        board = Board(Link(open_port(client.device)))
        assert board.information == client.information
        receiver.configure(board, p, USUAL_U_INFO, trn1d)
        client.play(heard)
        reception = receiver.receive(board, 30, over=lambda: not client.playing)
        return reception, receiver.state(board)


@pytest.mark.long
@pytest.mark.parametrize(
    "codec, name, ppm",
    [
        (48000, "28000.json", 60),
        (32000, "28000.json", -130),
        (48000, "56000.json", 100),
    ],
)
def test_a_file_through_the_codec(codec, name, ppm):
    """All of the taps; at 56000 bit/s a line without a loop, with little noise."""
    p, data = parameters(name), (ROOT / "LICENSE").read_bytes()[:600]
    line, snr = ("codec", 60) if name == "56000.json" else ("26awg-6kft", 45)
    heard = words(p, data, codec, Conditions(snr=snr, ppm=ppm, seed=1), 4020, line)
    # A bit of the UART has no less than the 53 cycles of the boards, so that octets take as long.
    reception, state = received(SimulatedClient(codec, cycles=64), p, heard, 4020)
    assert reception.file.file() == data
    assert [kind for kind, _ in reception.events[:3]] == [Kind.DETECTED, Kind.TRAINED, Kind.DATA]
    assert state["state"] == State.TRACK and not state["training"] and not state["lost"]
    # The codec is fast by so many ppm: the clock's step is that much longer.
    assert abs(state["step"] / 2**32 * 1e6 - ppm) < 5


@pytest.mark.long
def test_the_command(tmp_path):
    """A recording of `v90 call`, 16 kHz, as a codec would hear it."""
    sent, wave, back = (tmp_path / name for name in ("sent", "x.wav", "back"))
    sent.write_bytes(b"a file" * 20)
    options = ["--parameters", str(ROOT / "examples" / "28000.json"), "--training-symbols", "2880"]
    assert v90.main(["call", str(sent), *options, "--recording", str(wave)]) == 0
    assert (
        v90.main(
            [
                "board",
                "sim",
                "--codec",
                "32000",
                "receive",
                "-o",
                str(back),
                *options,
                "--recording",
                str(wave),
            ]
        )
        == 0
    )
    assert back.read_bytes() == sent.read_bytes()
