"""The line: masks of the codec, responses, the client's clock, noise by its definition, echo."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.pcm import g711
from golden.pcm.parameters import OCTET_RATE
from golden.receiver.timing import SAMPLE_RATE
from sim.world import filters, loop
from sim.world import line as lines
from sim.world.conditions import Conditions
from sim.world.filters import AD_DELAY
from sim.world.line import Line
from sim.world.line_parameters import LineParameters
from sim.world.line_stream import LineStream
from sim.world.resampler import Resampler
from tests.sim.world.support import EDGES, LONG, frequency, loss, noise, power, samples, sine

# --- The codec -----------------------------------------------------------------------------------

#: G.712, 2-wire output port of a digital half channel: from and to Hz, most loss in dB against 1020
#: Hz. The least is -0.3 dB in all of it.
G712_LOSS = [
    (300, 400, 1.0),
    (400, 600, 0.75),
    (600, 2400, 0.35),
    (2400, 3000, 0.55),
    (3000, 3400, 1.5),
]

#: Images of 300 to 3400 Hz, which begin at 4600 Hz: 25 dB in G.712.
G712_IMAGES = 25

#: A line card's codec (IDT821054, receive path): +-0.15 dB to 3000 Hz, -0.6 dB at most to 3400 Hz,
#: 35 dB from 4600 Hz on.
NARROW = [(300, 3000, 0.15), (3000, 3400, 0.6)]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("corner", [20, 120])
def test_codecs_are_inside_the_masks(edge, corner):
    codec = Line(LineParameters(band_edge=edge, high_pass=(corner,))).codec
    reference = loss(codec(np.array([1020.0])))[0]

    def worst(low, high):
        found = loss(codec(np.arange(low, high + 1, 5.0))) - reference
        return found.min(), found.max()

    for low, high, most in G712_LOSS + (NARROW if corner == 20 else []):
        least, found = worst(low, high)
        assert found <= most and least >= -0.15
    assert worst(4600, 16000)[0] > 35 > G712_IMAGES
    # The stop band ends neither at its first zero nor at the last frequency above.
    assert worst(16000, 200_000)[0] > 35


# --- Responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "bound"),
    [
        # Cut at -120 dB of the energy: that much spread evenly is -120 dB in each frequency, and
        # slow tails gather it below 100 Hz.
        (LineParameters(high_pass=(2.0,)), -85),
        (LineParameters(band_edge=3850), -100),
        # The cable's G before time 0, -78 dB of the energy (_causal).
        (LONG, -65),
    ],
)
def test_impulse_response_is_that_of_the_response(parameters, bound):
    line = Line(parameters)
    f = np.array([30.0, 100, 300, 1000, 2000, 3400, 4000, 4300, 5000, 6500])
    # Against the largest, because that is what errors in time spread from.
    wanted = line.response(f) * np.exp(-2j * np.pi * f * AD_DELAY)
    for rate in (16000, 32000, 48000):
        taps = line.impulse(rate)
        found = np.exp(-2j * np.pi * f[:, None] * np.arange(len(taps)) / rate) @ taps
        error = np.abs(found * OCTET_RATE / rate - wanted).max() / np.abs(wanted).max()
        assert 20 * np.log10(error) < bound


def test_nothing_comes_before_its_time():
    # The A/D's filter rings before its middle, 2 ms into it; at time 0 nothing is there.
    taps = Line(LONG).impulse(32000)
    assert np.abs(taps[:4]).max() < 2e-4 * np.abs(taps).max()
    assert np.argmax(np.abs(taps)) / 32000 == pytest.approx(AD_DELAY + 0.25e-3, abs=0.1e-3)


def test_group_delay_of_known_parts():
    # One pole at fc: fc / (2 pi (fc^2 + f^2)). A difference of two lines leaves just that.
    f = np.array([50.0, 100, 1000])
    with_pole = Line(LineParameters(high_pass=(20, 80))).group_delay(f)
    without = Line(LineParameters(high_pass=(20,))).group_delay(f)
    assert with_pole - without == pytest.approx(80 / (2 * np.pi * (80**2 + f**2)), rel=1e-4)


def test_polarity_and_scale_of_octets():
    # A positive octet raises the line; 4096 of Table 1/V.90 is an eighth of full scale.
    octets = np.full(800, g711.octet(0, 1, "mu"))
    octets[100] = g711.octet(127, 1, "mu")
    line = Line(law="mu")
    pulse = line.process(octets)
    taps = line.impulse() * 32124 / 32768
    assert pulse[200:400] == pytest.approx(taps[:200], abs=1e-9)
    assert taps.max() > 0.8


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(),
        Conditions(ppm=-162.0, phase=0.37),
        Conditions(ppm=200, drift=1),
    ],
)
@pytest.mark.parametrize("f", [1100, 1500, 3300, 3900])
def test_sines_arrive_with_their_images_to_90_dB(conditions, f):
    """The whole path against its response: convolution, clock and interpolation."""
    line = Line(LineParameters(), conditions)
    found = line.process_values(sine(f, 1.0))
    at = lines.sample_times(1.0, conditions)
    wanted = np.zeros(len(at))
    for image in (f, f - 8000, f + 8000):
        if abs(image) < filters.AD_PASS:
            g = line.response(np.array([abs(image)]))[0]
            g = g if image > 0 else g.conj()
            turn = np.exp(2j * np.pi * image * (at - AD_DELAY) + 0.3j)
            wanted += (0.5 * g * turn).real
    # From when the call's begin has rung out.
    error = np.abs(found - wanted)[at > 0.3].max() / 0.5
    assert 20 * np.log10(error) < -90


def test_resampler_is_better_than_100_dB(rng):
    resampler = Resampler(filters.AD_STOP / filters.INNER)
    n = np.arange(3000)
    at = rng.uniform(100, 2900, 5000)
    for f in [0, 0.001, 0.05, 0.1, 0.2, 0.25, filters.AD_STOP / filters.INNER]:
        phase = rng.uniform(0, 2 * np.pi)
        found = resampler.process(np.cos(2 * np.pi * f * n + phase), at)
        error = np.abs(found - np.cos(2 * np.pi * f * at + phase)).max()
        assert 20 * np.log10(error) < -100
    x = rng.standard_normal(100)
    # At its own places a sample is itself, and nothing is outside.
    assert resampler.process(x, n[:100]) == pytest.approx(x, abs=1e-5)
    assert resampler.process(x, np.array([-9.0, 109.0])) == pytest.approx([0, 0], abs=1e-5)
    with pytest.raises(ValueError, match="outside"):
        resampler.process(x, np.array([120.0]))


# --- Other rates --------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [32000, 48000])
def test_an_a_d_that_is_faster(rate, rng):
    """Its filter is as much wider, and so it has the line's response up to 0.43 of its rate."""
    line = Line(LONG, rate=rate)
    taps = line.impulse(rate)
    f = np.array([100.0, 1000, 3000, 4200, 9000, 12500])
    f = f[f < 0.43 * rate]
    turn = np.exp(-2j * np.pi * np.multiply.outer(f, np.arange(len(taps))) / rate)
    wanted = line.response(f) * np.exp(-2j * np.pi * f * AD_DELAY * SAMPLE_RATE / rate)
    # The response's end, which is cut, counts for more where there is least of it: -60 dB.
    assert np.abs(turn @ taps * OCTET_RATE / rate / wanted - 1).max() < 1e-2
    # A tone is the same at the same times, but for that delay; noise is as much in each Hz.
    x = sine(1000, 0.5)
    found = [Line(LONG, Conditions(ppm=50), rate=r).process_values(x) for r in (SAMPLE_RATE, rate)]
    assert len(found[1]) == pytest.approx(len(found[0]) * rate / SAMPLE_RATE, abs=3)
    assert power(found[1][rate // 8 :]) == pytest.approx(
        power(found[0][SAMPLE_RATE // 8 :]), rel=1e-3
    )
    level = Conditions(snr=20, power=0.01)
    silence = np.zeros(8000)
    noise = [power(Line(LONG, level, rate=r).process_values(silence)) for r in (SAMPLE_RATE, rate)]
    assert noise[1] / noise[0] == pytest.approx(rate / SAMPLE_RATE, rel=0.05)


def test_rates_that_a_line_has_not():
    with pytest.raises(V90Error, match="a multiple of 16000 Hz, not 44100"):
        Line(rate=44100)
    with pytest.raises(V90Error, match="echo at 16000 Hz, not at 48000"):
        Line(rate=48000).process_values(np.zeros(80), upstream=np.zeros(80))
    with pytest.raises(V90Error, match="in pieces has 16000 samples a second, not 48000"):
        LineStream(Line(rate=48000))


# --- Noise ---------------------------------------------------------------------------------------

#: Five standard deviations of a power that so many samples estimate, in dB.
SPREAD = 5 * 4.34 * (2 / 32000) ** 0.5


@pytest.mark.parametrize("snr", [10.0, 45.0, 60.0])
def test_snr_is_signal_over_noise_in_8_kHz(rng, snr):
    x = noise(rng, 2)
    clean = samples(Conditions(), x, LONG)
    added = samples(Conditions(snr=snr), x, LONG) - clean
    assert len(added) == 32000
    assert 10 * np.log10(power(clean) / power(added)) == pytest.approx(snr, abs=SPREAD)
    # White: the same in all of 0 to 8 kHz, and nothing of it in the signal.
    spectrum = np.abs(np.fft.rfft(added)[1:]) ** 2
    eighths = spectrum[:16000].reshape(8, -1).mean(axis=1) / spectrum.mean()
    assert 10 * np.log10(eighths) == pytest.approx(np.zeros(8), abs=8**0.5 * SPREAD)
    assert abs(np.corrcoef(clean, added)[0, 1]) < 5 / len(added) ** 0.5


def test_snr_of_a_given_power(rng):
    x = np.concatenate([np.zeros(OCTET_RATE), noise(rng, 1)])
    conditions = Conditions(snr=20, power=0.01)
    added = samples(conditions, x) - samples(Conditions(), x)
    assert 10 * np.log10(power(added)) == pytest.approx(-40, abs=SPREAD)


def test_mains_are_harmonics_and_nothing_else(rng):
    x = noise(rng, 2)
    for mains in (50, 60):
        clean = samples(Conditions(), x)
        added = samples(Conditions(mains=mains, mains_snr=30), x) - clean
        assert 10 * np.log10(power(clean) / power(added)) == pytest.approx(30, abs=0.001)
        spectrum = np.abs(np.fft.rfft(added)) / len(added) * 2
        harmonics = spectrum[2 * mains :: 2 * mains][:20]
        assert np.sum(harmonics**2) / 2 == pytest.approx(power(added), rel=1e-9)
        assert harmonics[2] / harmonics[0] == pytest.approx(1 / 3, rel=1e-6)
        assert harmonics[1] / harmonics[0] == pytest.approx(10**-0.5 / 2, rel=1e-6)


def test_mains_are_on_the_networks_time(rng):
    x = noise(rng, 2)
    both = [samples(Conditions(mains_snr=s, ppm=200), x) for s in (0, None)]
    ratio = 50 / SAMPLE_RATE / frequency(both[0] - both[1], 50 / SAMPLE_RATE, 8000) - 1
    # Blocks of 25 periods, each a little too long for whole ones.
    assert ratio * 1e6 == pytest.approx(np.full(len(ratio), 200), abs=5)


def test_impulses_have_their_time_and_level(rng):
    x = noise(rng, 2)
    conditions = Conditions(impulses=[(0.5, 0.1, 6.0), (1.5, 0.01, 20.0)])
    clean = samples(Conditions(), x)
    added = samples(conditions, x) - clean
    inside = np.zeros(len(x) * 2, bool)
    inside[8000:9600] = inside[24000:24160] = True
    assert (added[~inside] == 0).all() and (added[inside] != 0).all()
    level = 10 * np.log10(power(added[8000:9600]) / power(clean))
    assert level == pytest.approx(6, abs=SPREAD * 20**0.5)
    assert len(samples(Conditions(impulses=[(1.99, 1, 0), (5, 1, 0)]), x)) == len(added)


def test_gain_hits_and_dropouts(rng):
    x = noise(rng, 1)
    clean = samples(Conditions(), x)
    hit = samples(Conditions(gain_hits=[(0.25, 0.25, -6.0), (0.75, 0.02, -np.inf)]), x)
    # A step takes the resampler's taps to settle.
    assert hit[4010:7990] == pytest.approx(clean[4010:7990] * 10**-0.3, abs=1e-9)
    assert hit[8010:11990] == pytest.approx(clean[8010:11990], abs=1e-9)
    assert (hit[12010:12310] == 0).all()
    assert hit[:3990] == pytest.approx(clean[:3990], abs=1e-9)


def test_phase_hits_turn_a_sine():
    conditions = Conditions(phase_hits=[(0.5, 0.25, 30.0)])
    f = 1000
    hit = samples(conditions, sine(f, 1))
    # Phases against that of the first quarter's, over 100 periods each.
    turn = hit * np.exp(-2j * np.pi * f * np.arange(len(hit)) / SAMPLE_RATE)
    phases = [np.angle(turn[start : start + 1600].sum()) for start in (4800, 8800, 13000)]
    turned = np.degrees(phases - phases[0])
    # The transform sees the call begin and end: a tenth of a degree.
    assert turned == pytest.approx([0, 30, 0], abs=0.1)


# --- The A/D -------------------------------------------------------------------------------------


def test_bits_level_and_clipping(rng):
    x = noise(rng, 2)
    clean = samples(Conditions(level=-20), x)
    assert 10 * np.log10(power(clean)) == pytest.approx(-20, abs=1e-9)
    for bits in (8, 12, 16):
        rounded = samples(Conditions(level=-20, bits=bits), x)
        steps = rounded * 2 ** (bits - 1)
        assert (steps == np.rint(steps)).all()
        error = rounded - clean
        # Uniform in a step, which is wide against nothing here: within 3 %.
        assert power(error) == pytest.approx(4 ** (1 - bits) / 12, rel=0.03)
    loud = samples(Conditions(gain=40, bits=16), x)
    assert loud.max() == 1 - 2**-15 and loud.min() == -1
    assert samples(Conditions(gain=-6), x) == pytest.approx(samples(Conditions(), x) * 10**-0.3)


def test_a_call_can_be_repeated_and_impairments_are_independent(rng):
    x = noise(rng, 0.5)
    conditions = Conditions(snr=30, mains_snr=30, impulses=[(0.1, 0.1, 0)], seed=7)
    first = samples(conditions, x)
    assert (samples(conditions, x) == first).all()
    assert (
        samples(Conditions(snr=30, mains_snr=30, impulses=[(0.1, 0.1, 0)], seed=8), x) != first
    ).all()
    # Each alone adds what it added among others.
    clean = samples(Conditions(), x)
    alone = [
        samples(Conditions(seed=7, **{name: getattr(conditions, name)}), x) - clean
        for name in ("snr", "mains_snr", "impulses")
    ]
    assert clean + sum(alone) == pytest.approx(first, abs=1e-12)


def test_an_empty_and_a_silent_call():
    assert len(Line().process(np.zeros(0, np.uint8))) == 0
    silent = samples(Conditions(snr=20, level=-10, bits=16, mains_snr=20), np.zeros(800))
    assert len(silent) == 1600 and (silent == 0).all()


# --- Echo ----------------------------------------------------------------------------------------


def pulse(size, at=0):
    x = np.zeros(size)
    x[at] = 1
    return x


def echo(parameters, upstream, **conditions):
    size = len(upstream) // 2
    return Line(parameters, Conditions(**conditions)).process_values(
        np.zeros(size), upstream=upstream
    )


def test_a_balanced_hybrid_has_no_echo():
    parameters = LineParameters(exchange="900+2.16uF", client="600")
    assert (np.abs(echo(parameters, pulse(4000), balance="900+2.16uF")) < 1e-12).all()
    assert np.abs(echo(parameters, pulse(4000), balance="600")).max() > 0.05


def test_near_echo_is_the_reflection():
    # Resistors alone: (900 - 600) / (900 + 600) at frequencies where 2.16 uF is a short circuit,
    # 0.2 or -14 dB, and 10 dB less with near_loss. The rest is delay.
    parameters = LineParameters(exchange="900+2.16uF", client="600")
    for near_loss in (0, 10):
        found = echo(parameters, pulse(8000), near_loss=near_loss)
        f = np.array([3000.0])
        turn = np.exp(-2j * np.pi * f * np.arange(8000) / SAMPLE_RATE)
        gain = np.sum(found * turn) * np.exp(2j * np.pi * f[0] * AD_DELAY)
        assert gain.real == pytest.approx(0.2 * 10 ** (-near_loss / 20), rel=0.01)
    line = Line(LONG)
    wanted = (loop.input_impedance(LONG.loop, loop.termination("900+2.16uF", f), f) - 600) / (
        loop.input_impedance(LONG.loop, loop.termination("900+2.16uF", f), f) + 600
    )
    assert line.near_echo(f) == pytest.approx(wanted * filters.high_pass((10,), f))


def test_far_echo_comes_late_and_twice_through_the_loop():
    found = {}
    for delay in (0.0, 0.1):
        found[delay] = echo(LONG, pulse(8000), near_loss=None, far_loss=12, far_delay=delay)
    assert found[0.1][1600:] == pytest.approx(found[0.0][:-1600], abs=1e-6)
    assert np.abs(found[0.1][:1500]).max() < 1e-3 * np.abs(found[0.1]).max()
    f = np.array([1000.0])
    spectrum = np.sum(found[0.1] * np.exp(-2j * np.pi * f * np.arange(8000) / SAMPLE_RATE))
    wanted = np.abs(Line(LONG).response(f)[0]) ** 2 * 10 ** (-12 / 20)
    assert np.abs(spectrum) == pytest.approx(wanted, rel=0.002)


def test_echo_adds_to_the_call_and_is_no_noise_reference(rng):
    x, upstream = noise(rng, 1), 0.3 * rng.standard_normal(12000)
    conditions = Conditions(snr=20, ppm=100, gain=-6, far_loss=10)
    line = Line(LONG, conditions)
    alone, both = line.process_values(x), line.process_values(x, upstream)
    silent = Line(LONG, Conditions(ppm=100, gain=-6, far_loss=10))
    only = silent.process_values(np.zeros(len(x)), upstream)
    assert both - alone == pytest.approx(only, abs=1e-12)
    assert power(only) > 0 and len(both) == len(alone)
    assert (line.process_values(x, np.zeros(0)) == alone).all()


def test_law_is_checked():
    with pytest.raises(V90Error, match="unknown law"):
        Line(law="B")
