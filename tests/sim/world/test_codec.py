"""The codec on its pins against the serial format, and a call through it against one without."""

import numpy as np
import pytest

from golden.pcm.parameters import INTERVALS, MappingParameters
from golden.ports.decimator import Decimator, factor_of
from golden.ports.i2s import FRAME_CLOCKS, SLOT_CLOCKS, I2s, serial
from golden.receiver.receiver import Receiver
from golden.receiver.timetable import AGAIN, SOLVING, TRAINED_AGAIN, Kind
from golden.receiver.timing import SAMPLE_RATE
from sim.calls import design, given
from sim.calls.description import Call
from sim.calls.design import CONVERTER_BITS, GIVEN_LEVEL, USUAL_U_INFO
from sim.world import lines
from sim.world.codec import CODEC_BITS, Codec, words_of
from sim.world.conditions import Conditions
from tests.support import ROOT

#: Data frames from which the second solution's taps have settled, and how many are looked at.
SETTLED, LOOKED_AT = AGAIN + TRAINED_AGAIN + SOLVING + 50, 900


def clocks(frames, bit=8):
    """Bit clock and LRCK of frames, from their first falling edge on."""
    sclk = np.tile(np.repeat([0, 1], bit // 2), frames * FRAME_CLOCKS)
    return sclk, np.tile(np.repeat([0, 1], SLOT_CLOCKS * bit), frames)


@pytest.mark.parametrize("width, delay", [(24, 0), (16, 3)])
def test_bits_change_where_the_bit_clock_falls(width, delay, rng):
    words = rng.integers(-(1 << (width - 1)), 1 << (width - 1), (6, 2))
    sclk, lrck = (np.concatenate([[1], wave]) for wave in clocks(8))
    codec = Codec(width, delay)
    codec.play(words)
    cuts = [0, 1, 2, 3, 700, 701, 2000, len(sclk)]
    parts = [codec.process(sclk[a:b], lrck[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    wave = np.concatenate(parts)
    assert not codec.playing and len(wave) == len(sclk)
    # Nothing in the frame in which LRCK is heard for the first time.
    bits = np.concatenate(
        [np.zeros(FRAME_CLOCKS, int), serial(words, width), np.zeros(FRAME_CLOCKS, int)]
    )
    expected = np.concatenate([np.zeros(1 + delay, int), np.repeat(bits, 8)])
    assert np.array_equal(wave, expected[: len(wave)])


def test_words():
    """Rounded to 24 bits, and clipped at full scale."""
    one = 2.0 ** (1 - CODEC_BITS)
    assert words_of([0, one, -1.4 * one, 2, -2]).tolist() == [0, 1, -1, 2**23 - 1, -(2**23)]


def decision_snr(name, conditions, rate):
    """SNR in dB of golden's decisions on TRN1d; ``rate`` of the codec, or that of the receiver."""
    p = MappingParameters.from_json((ROOT / "examples" / "28000.json").read_text())
    trn1d = (SETTLED + LOOKED_AT) * INTERVALS
    call = Call(parameters=p, line=name, conditions=conditions, trn1d=trn1d)
    opening = given.opening(call)
    if rate == SAMPLE_RATE:
        samples = given.samples_of(call, opening)
    else:
        line = design.line_at(
            name, call.network, conditions, USUAL_U_INFO, GIVEN_LEVEL, CODEC_BITS, rate
        )
        words = words_of(line.process(given.network_of(call).process(opening)))
        samples = I2s().process(serial(np.stack([words, np.zeros_like(words)], axis=1)))
        samples = Decimator(factor_of(rate)).process(samples)
    assert CONVERTER_BITS == 16
    training = design.training_levels(design.arrivals(call.network), USUAL_U_INFO)
    decisions = Receiver(training).process(samples)
    assert [kind for _, kind in decisions.events][:2] == [Kind.DETECTED, Kind.TRAINED]
    assert len({kind for _, kind in decisions.events} - {Kind.DETECTED, Kind.TRAINED}) == 0
    errors = decisions.fine[decisions.number >= SETTLED] / 16
    assert len(errors) > LOOKED_AT - 10
    level = training.values[0][0]
    return 10 * np.log10(level**2 / np.mean((np.abs(errors) - level) ** 2))


def compare(name, conditions):
    """SNR with a codec of 32 and of 48 kHz less that at 16 kHz, in dB."""
    direct = decision_snr(name, conditions, SAMPLE_RATE)
    return [decision_snr(name, conditions, rate) - direct for rate in (32000, 48000)]


#: What the codec's path may lose. Noise is another for each rate, and means over 5400 symbols are
#: off by 0.08 dB each; three times that of a difference. Nothing else is lost.
LOST = 0.35


def test_a_call_through_a_codec_loses_nothing():
    assert min(compare("26awg-6kft", Conditions(snr=45, ppm=80))) > -LOST


@pytest.mark.long
@pytest.mark.parametrize("name", lines.known())
def test_all_lines_through_a_codec(name):
    """As much noise as there is at best, and an A/D that is off by 150 ppm."""
    for snr in (35, 55):
        assert min(compare(name, Conditions(snr=snr, ppm=-150, seed=3))) > -LOST
