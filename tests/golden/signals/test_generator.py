"""The signal generator: lengths, boundaries and beginnings of the signals of 8.4 and 8.6/V.90."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.decoder import Decoder
from golden.pcm.encoder import B1D_FRAMES, Encoder
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from golden.signals.generator import ENCODED, LENGTH_BITS, QUEUE, Command, Generator, Signal
from golden.signals.sequences import JD, MP
from golden.signals.training import R_BAR, SD, SD_BAR, after_trn1d, dil, dil_lengths, r, sd, trn1d
from sim.calls.parameter_sets import random_parameters
from tests.golden.signals.support import descriptor

JD_BITS = JD.build(rates=(1 << 22) - 1, training=1, renegotiation=0, look_ahead=3)


def mp_bits(parameters, acknowledge=0):
    return MP.build(
        parameters.data_bits,
        type=0,
        drn=12,
        trellis=0,
        nonlinear=0,
        shaping=0,
        upstream_rates=0x1FFF,
        acknowledge=acknowledge,
    )


def sent(law, commands, frames=None, bits=()):
    """All octets of commands, without the delay; as many data frames as these ask for."""
    generator = Generator(law)
    generator.fill(bits)
    parts = []
    for command in commands:
        generator.give(command)
        while generator.waiting:
            parts.append(generator.process(1))
    parts.append(generator.process((frames or 0) + DELAY_FRAMES))
    octets = np.concatenate(parts)
    octets = octets[DELAY_FRAMES * INTERVALS :]
    return generator, octets if frames is None else octets[: frames * INTERVALS]


def octets_of(law, *parts):
    return np.concatenate([g711.octet(*part, law) for part in parts])


@pytest.mark.parametrize("law", ["A", "mu"])
def test_silence_comes_first(law):
    generator = Generator(law)
    octets = generator.process(5)
    assert octets.dtype == np.uint8 and octets.tolist() == [{"A": 0xD5, "mu": 0xFF}[law]] * 30
    generator.give(Command(Signal.SD, 2, value=70))
    octets = generator.process(DELAY_FRAMES + 3)
    assert not g711.ucode(octets[: DELAY_FRAMES * INTERVALS], law).any()
    expected = [86, 0, 86, 86, 0, 86] * 2 + [0] * 6
    assert g711.ucode(octets[DELAY_FRAMES * INTERVALS :], law).tolist() == expected


@pytest.mark.parametrize("law", ["A", "mu"])
def test_phase_3_is_that_of_8_4(rng, law):
    asked = descriptor(rng)
    commands = [
        Command(Signal.SD, SD, value=70),
        Command(Signal.SD_BAR, SD_BAR, value=70),
        Command(Signal.TRN1D, 340, value=70),
        Command(Signal.JD, 3, value=(70, JD_BITS)),
        Command(Signal.JD_END, value=(70, None)),
        Command(Signal.DIL, 12, value=asked),
        Command(Signal.R, 32, value=(70,) * 6),
        Command(Signal.R_BAR, R_BAR, value=(70,) * 6),
    ]
    generator = Generator(law)
    for command in commands:
        generator.give(command)
    train = trn1d(70, 2040)
    bits = np.concatenate([np.tile(JD_BITS, 3), np.zeros(12, np.uint8)])
    expected = octets_of(
        law, sd(70), train, after_trn1d(70, bits, train[1]), dil(asked, 12), r(70, 32)
    )
    octets = generator.process(len(expected) // INTERVALS + DELAY_FRAMES)
    assert np.array_equal(octets[DELAY_FRAMES * INTERVALS :], expected)
    frames = [entry.frames for entry in generator.log[1 : len(commands) + 1]]
    segments = np.resize(dil_lengths(asked), 12).sum() // INTERVALS
    assert frames == [64, 8, 340, 36, 2, segments, 32, 4]
    assert generator.log[1].first == DELAY_FRAMES


@pytest.mark.parametrize("n, lsp, ltp", [(255, 128, 1), (1, 1, 1), (1, 1, 128), (254, 3, 128)])
def test_dil_with_odd_patterns(rng, n, lsp, ltp):
    asked = descriptor(rng, n, lsp, ltp, most_h=128 if n == 1 else 3)
    segments = n + 2
    _, octets = sent(
        "A",
        [Command(Signal.DIL, segments, value=asked)],
        int(np.resize(dil_lengths(asked), segments).sum()) // INTERVALS,
    )
    assert np.array_equal(octets, octets_of("A", dil(asked, segments)))


@pytest.mark.parametrize("seed", range(12))
def test_phase_4_is_that_of_8_6(seed):
    """The encoder's signals, read by a decoder that begins anew where they do."""
    rng = np.random.default_rng(seed)
    law = ("A", "mu")[seed % 2]
    trained, asked = (random_parameters(rng, type=t, law=law) for t in ("CPt", "CP"))
    data = rng.integers(0, 2, 20 * asked.data_bits + 5, dtype=np.uint8)
    sequences = [mp_bits(trained, acknowledge) for acknowledge in (0, 1)]
    mp = [len(bits) // trained.data_bits for bits in sequences]
    commands = [
        Command(Signal.R_BAR, R_BAR, value=(70,) * 6),
        Command(Signal.TRN2D, 20, value=trained),
        Command(Signal.MP, 3, value=sequences[0]),
        Command(Signal.MP_ACK, 2, value=sequences[1]),
        Command(Signal.ED, 2),
        Command(Signal.B1D, B1D_FRAMES, value=asked),
        Command(Signal.DATA, 25),
    ]
    phase_4 = 20 + 3 * mp[0] + 2 * mp[1] + 2
    total = R_BAR + phase_4 + B1D_FRAMES + 25
    generator, octets = sent(law, commands, total, data)
    frames = octets.reshape(-1, INTERVALS)[R_BAR:]
    decoder = Decoder(trained)
    bits = decoder.process(frames[:phase_4].reshape(-1))
    d = trained.data_bits
    expected = [np.ones(20 * d), *sequences[:1] * 3, *sequences[1:] * 2, np.zeros(2 * d)]
    assert np.array_equal(bits, np.concatenate(expected))
    assert (decoder.illegal, decoder.overflows) == (0, 0)
    decoder = Decoder(asked)
    bits = decoder.process(frames[phase_4 : total - R_BAR].reshape(-1))
    d = asked.data_bits
    expected = [np.ones(B1D_FRAMES * d), data[: 20 * d], np.ones(5 * d)]
    assert np.array_equal(bits, np.concatenate(expected))
    assert (decoder.illegal, decoder.overflows) == (0, 0)
    # What is too little for a data frame stays.
    assert generator.queued == 5 and generator.underruns >= 5
    # Look-ahead is cut where the parameters change: each part is an encoder's own.
    encoder = Encoder(trained)
    own = [
        encoder.process(
            np.concatenate(
                [
                    np.ones(20 * trained.data_bits),
                    *sequences[:1] * 3,
                    *sequences[1:] * 2,
                    np.zeros(2 * trained.data_bits),
                ]
            )
        ),
        encoder.flush(),
    ]
    assert np.array_equal(frames[:phase_4].reshape(-1), np.concatenate(own))


def test_pieces_are_the_whole(rng):
    law = "mu"
    trained, asked = (random_parameters(rng, type=t, law=law, sr=1, ld=3) for t in ("CPt", "CP"))
    commands = [
        Command(Signal.TRN1D, 7, value=66),
        Command(Signal.JD, 2, value=(66, JD_BITS)),
        Command(Signal.DIL, 7, value=descriptor(rng)),
        Command(Signal.TRN2D, 9, value=trained),
        Command(Signal.MP, 2, value=mp_bits(trained)),
        Command(Signal.B1D, 5, value=asked),
        Command(Signal.DATA, 2),
        Command(Signal.R, 3, value=(1, 2, 3, 4, 5, 6)),
    ]
    outputs = []
    for pieces in ([200], rng.integers(0, 6, 120).tolist()):
        generator = Generator(law)
        for command in commands:
            generator.give(command)
        pieces = [*pieces, 200 - sum(pieces)] if sum(pieces) < 200 else pieces
        outputs.append(np.concatenate([generator.process(n) for n in pieces])[:1200])
    assert np.array_equal(*outputs)


UNITS = [
    (Signal.SILENCE, None, 1),
    (Signal.SD, 70, 1),
    (Signal.R, (70,) * 6, 1),
    (Signal.TRN1D, 70, 1),
    (Signal.TRN2D, "CPt", 1),
    (Signal.DIL, {"H": [4] * 8}, 5),
    (Signal.MP, "bits", None),
    (Signal.DATA, None, 1),
    (Signal.JD, (70, JD_BITS), 12),
]


@pytest.mark.parametrize("signal, value, unit", UNITS, ids=lambda x: getattr(x, "name", ""))
@pytest.mark.parametrize("length, late", [(1, 0), (1, 7), (4, 0), (3, 50)])
def test_a_repeated_signal_ends_with_a_unit(rng, signal, value, unit, length, late):
    trained = random_parameters(rng, type="CPt", law="A")
    generator = Generator("A")
    if value == "CPt":
        value = trained
    elif isinstance(value, dict):
        value = {**descriptor(rng), **value}
    elif value == "bits":
        value = mp_bits(trained)
        unit = len(value) // trained.data_bits
    if signal in ENCODED:
        generator.give(Command(Signal.TRN2D, 3, value=trained))
    else:
        generator.give(Command(Signal.TRN1D, 3, value=70))
    generator.give(Command(signal, length, repeat=True, value=value))
    generator.process(3 + late)
    generator.give(Command(Signal.SILENCE, repeat=True))
    generator.process(100)
    sent = generator.log[2]
    assert sent.command.signal == signal and generator.log[3].first == sent.first + sent.frames
    # As many units as asked for, or those begun when the next command came, decided 3 frames ahead.
    assert sent.frames == unit * max(length, -(-late // unit))


def test_now_ends_with_a_data_frame_and_drops_what_waits(rng):
    asked = descriptor(rng, most_h=1)
    asked["H"] = [40] * 8
    generator = Generator("A")
    generator.give(Command(Signal.DIL, 3, repeat=True, value=asked))
    generator.give(Command(Signal.R, 3, value=(70,) * 6))
    generator.process(10)
    generator.give(Command(Signal.SD, 5, value=70, now=True))
    octets = generator.process(20)
    log = [(one.command.signal, one.first, one.frames) for one in generator.log[1:]]
    assert log[:2] == [(Signal.DIL, 3, 10), (Signal.SD, 13, 5)]
    assert np.array_equal(octets[18:48], octets_of("A", [part[:30] for part in sd(70)]))


def test_behind_what_is_not_encoded_the_encoder_begins_anew(rng):
    """MP behind R-bar-t has TRN2d's mapping parameters, and memories of zero."""
    trained = random_parameters(rng, type="CPt", law="A", sr=1, ld=2)
    bits = mp_bits(trained)
    frames = len(bits) // trained.data_bits
    commands = [
        Command(Signal.TRN2D, 5, value=trained),
        Command(Signal.R, 2, value=(70,) * 6),
        Command(Signal.MP, 2, value=bits),
    ]
    _, octets = sent("A", commands, 7 + 2 * frames)
    encoder = Encoder(trained)
    expected = np.concatenate([encoder.process(np.tile(bits, 2)), encoder.flush()])
    assert np.array_equal(octets[7 * INTERVALS :], expected)


def test_what_is_refused(rng):
    generator = Generator("A")
    for _ in range(QUEUE):
        generator.give(Command(Signal.SILENCE))
    with pytest.raises(V90Error, match="8 commands wait"):
        generator.give(Command(Signal.SILENCE))
    generator.give(Command(Signal.SILENCE, now=True))
    assert generator.waiting == 1
    for length in (0, 1 << LENGTH_BITS):
        with pytest.raises(V90Error, match="1 to 65535 units"):
            Command(Signal.SILENCE, length)
    with pytest.raises(V90Error, match="mu-law are no use"):
        generator.give(Command(Signal.TRN2D, value=random_parameters(rng, law="mu")))
    for signal, sentence in ((Signal.JD, "JD does not follow"), (Signal.MP, "needs mapping")):
        generator.reset()
        generator.give(Command(signal, value=(70, JD_BITS)))
        with pytest.raises(V90Error, match=sentence):
            generator.process(1)
