"""Phase 4 of real calls (8.6/V.90): decoded to the last bit, and encoded again.

These five came over the network unchanged, so their octets are what the server's encoder made. One
of the clients sent codec type mu-law on an A-law line; the octets are A-law all the same.
"""

import json
from fractions import Fraction

import numpy as np
import pytest

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES, Encoder
from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.pcm.shaper import shaper_reference
from golden.pcm.signs import DifferentialEncoder
from golden.signals.sequences import MP
from tests.golden.pcm.support import CALLS

#: Data frames of TRN2d to encode again.
TRN2D_FRAMES = 100


@pytest.fixture(scope="module", params=CALLS)
def call_name(request):
    return request.param


@pytest.fixture
def call(real_calls, call_name):
    """``(call.json, octets from the server)``; skips a call that is absent."""
    folder = real_calls / call_name
    if not folder.is_dir():
        pytest.skip(f"no call {call_name} in {real_calls}")
    facts = json.loads((folder / "call.json").read_text())
    return facts, np.fromfile(folder / "down.al", np.uint8)


def parameters_of(facts, kind):
    return MappingParameters.from_dict(facts[kind]).with_law("A")


def test_trn2d_and_mp(call):
    facts, down = call
    trn2d, b1d = (facts["samples"][name] for name in ("trn2d", "b1d"))
    parameters = parameters_of(facts, "cpt")
    decoder = Decoder(parameters)
    bits = decoder.process(down[trn2d:b1d])
    assert (decoder.illegal, decoder.overflows) == (0, 0)
    # TRN2d is ones (8.6.5), up to the frame sync of the first MP, 17 ones and a zero.
    start = np.flatnonzero(bits == 0)[0] - 17
    assert start > TRN2D_FRAMES * parameters.data_bits
    sequences = [values for _, values in MP.find(bits[start:])]
    print(f"TRN2d {start} ones, {len(sequences)} MP of {facts['mp_frames']}")
    assert len(sequences) == facts["mp_frames"]
    assert all(2400 * mp["drn"] == facts["mp_max_upstream_rate"] for mp in sequences)
    # Only acknowledge changes, and once: MP, then MP'.
    acknowledge = [mp.pop("acknowledge") for mp in sequences]
    assert acknowledge == sorted(acknowledge) and acknowledge[-1] == 1
    assert all(mp == sequences[0] for mp in sequences)
    # Ed is two data frames of zeroes (8.6.2); it ends where B1d begins.
    assert not bits[-2 * parameters.data_bits :].any()


def test_b1d(call):
    facts, down = call
    parameters = parameters_of(facts, "cp")
    assert int(parameters.rate) == int(facts["downstream_rate"])
    start = facts["samples"]["b1d"]
    octets = down[start : start + B1D_FRAMES * INTERVALS]
    assert len(octets) == B1D_FRAMES * INTERVALS
    decoder = Decoder(parameters)
    bits = decoder.process(octets)
    assert len(bits) == B1D_FRAMES * parameters.data_bits
    assert bits.all() and (decoder.illegal, decoder.overflows) == (0, 0)


@pytest.mark.parametrize(
    "kind, signal, frames", [("cpt", "trn2d", TRN2D_FRAMES), ("cp", "b1d", B1D_FRAMES)]
)
def test_our_encoder_sends_the_same_magnitudes(call, kind, signal, frames):
    facts, down = call
    encoder = Encoder(parameters_of(facts, kind))
    octets = np.concatenate([encoder.frames(frames), encoder.flush()])
    assert encoder.underruns == frames  # ones, as nothing is in the queue
    start = facts["samples"][signal]
    captured = down[start : start + frames * INTERVALS]
    assert np.array_equal(octets & 0x7F, captured & 0x7F)
    # The server's shaper may decide otherwise: number formats and ties are its own.
    equal = np.mean(g711.sign(octets) == g711.sign(captured))
    print(f"{signal}: {equal:.1%} of {len(octets)} signs are equal")


def test_the_server_s_shaper_follows_our_metric(call):
    """From the server's own past, our rule for a frame is its rule more often than by chance.

    A server has number formats, ties and look-ahead of its own, so not always. With another filter
    or trellis each of 100 decisions would agree by chance: 50 of them, with a deviation of 5.
    """
    facts, down = call
    p = parameters_of(facts, "cpt")
    start = facts["samples"]["trn2d"]
    captured = down[start : start + TRN2D_FRAMES * INTERVALS]
    signs = g711.sign(captured)
    ones = np.ones((TRN2D_FRAMES, p.data_bits), np.uint8)
    frames = Scrambler(GPC).process(ones.reshape(-1)).reshape(ones.shape)
    t = DifferentialEncoder(p.sr).process(frames[:, : p.s].reshape(-1))
    coefficients = [Fraction(value, 64) for value in (p.a1, p.a2, p.b1, p.b2)]
    linear = g711.linear(g711.ucode(captured, "A"), "A")
    chosen, _ = shaper_reference(t, linear, p.sr, p.ld, *coefficients, follow=signs)
    equal = (chosen == signs).reshape(TRN2D_FRAMES * p.sr, -1).all(axis=1)
    print(f"{equal.mean():.0%} of {len(equal)} decisions are equal")
    assert equal.mean() > 0.65  # three deviations; 71 % to 86 % measured
