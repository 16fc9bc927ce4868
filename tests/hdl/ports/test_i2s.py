"""I2s on a codec's pins: its clocks, every sample, and when data are read."""

import numpy as np
import pytest

from golden.errors import V90Error
from golden.ports import i2s as golden
from golden.ports.i2s import FRAME_CLOCKS, LEFT, RIGHT, WIDTHS, serial
from hdl.ports.i2s import I2s
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.world.codec import Codec
from tests.hdl.support import FULL_SPEED, check_refused

CLOCK = 24.576e6

CLOCKS = ("mclk", "lrck", "sclk")
PROBES = (*CLOCKS, "sample", "strobe")

#: Cycles of half of MCLK's period, and of a bit clock's.
RATES = pytest.mark.parametrize("rate, half, bit", [(48000, 1, 8), (32000, 1, 12)])


def words_of(rng, count, width=24):
    ends = 1 << (width - 1)
    words = rng.integers(-ends, ends, (count, 2))
    words[:2] = [[-ends, ends - 1], [ends - 1, -ends]]
    return words


def clocks_of(gateware, cycles):
    return gateware.run(cycles=cycles, waves={"sdout": 0}, probes=CLOCKS).probes


def heard(gateware, codec, words, frame):
    """Samples made of words after the codec's first frame, which is empty."""
    cycles = (len(words) + 2) * frame
    clocks = clocks_of(gateware, cycles)
    codec.play(words)
    wave = codec.process(clocks["sclk"], clocks["lrck"])
    probes = gateware.run(cycles=cycles, waves={"sdout": wave}, probes=PROBES).probes
    for name in CLOCKS:
        assert np.array_equal(probes[name], clocks[name])
    at = np.flatnonzero(probes["strobe"])
    assert (np.diff(at) == frame).all()
    return probes["sample"][at], probes


@RATES
def test_the_clocks(rate, half, bit):
    """Periods, equal halves, and LRCK's edges where the bit clock falls."""
    block = I2s(CLOCK, rate)
    assert (block.half, block.bit) == (half, bit)
    waves = clocks_of(Gateware(block), 5 * FRAME_CLOCKS * bit)
    for name, period in (("mclk", 2 * half), ("sclk", bit), ("lrck", FRAME_CLOCKS * bit)):
        edges = np.flatnonzero(np.diff(waves[name]))
        assert len(edges) > 5 and (np.diff(edges) == period // 2).all()
    falls = np.flatnonzero(np.diff(waves["sclk"]) < 0)
    assert np.isin(np.flatnonzero(np.diff(waves["lrck"])), falls).all()


@RATES
@pytest.mark.parametrize("channel", [LEFT, RIGHT])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_sample(rate, half, bit, channel, width, rng):
    words = words_of(rng, 40, width)
    got, probes = heard(
        Gateware(I2s(CLOCK, rate, channel)), Codec(width), words, FRAME_CLOCKS * bit
    )
    expected = golden.I2s(channel).process(serial(words, width))
    assert np.array_equal(got[1:41], expected) and not got[0]
    # A sample stays until the next word of its channel begins.
    at = np.flatnonzero(probes["strobe"])[:-1]
    for later in (1, 40 * bit):
        assert np.array_equal(probes["sample"][at + later], probes["sample"][at])


@RATES
def test_delays_of_a_codec(rate, half, bit, rng):
    """Data may come half a bit clock and a cycle after the falling edge, and no later.

    Later ones are those of the bit before.
    """
    gateware, words = Gateware(I2s(CLOCK, rate)), words_of(rng, 20)
    expected = golden.I2s().process(serial(words))
    for delay in range(bit // 2 + 1):
        got, _ = heard(gateware, Codec(delay=delay), words, FRAME_CLOCKS * bit)
        assert np.array_equal(got[1:21], expected), delay
    late, _ = heard(gateware, Codec(delay=bit // 2 + 1), words, FRAME_CLOCKS * bit)
    # What comes first is then the zero before a word's first bit.
    assert np.array_equal(late[1:21], (words[:, 0] >> 9) & 0x7FFF)


def test_icarus_gives_the_same(rng):
    clocks = clocks_of(Gateware(I2s()), 4 * 512)
    codec = Codec()
    codec.play(words_of(rng, 3))
    options = {
        "waves": {"sdout": codec.process(clocks["sclk"], clocks["lrck"])},
        "cycles": 4 * 512,
        "probes": PROBES,
    }
    (theirs,) = compare(I2s(), {}, {}, engine="icarus", drain=0, patterns=[FULL_SPEED], **options)
    ours = Gateware(I2s()).run(**options)
    assert ours.probes["sample"].any()
    for name in PROBES:
        assert np.array_equal(theirs.probes[name], ours.probes[name])


@pytest.mark.parametrize("clock, rate", [(24e6, 48000), (12.288e6, 48000), (24.576e6, 44100)])
def test_clocks_that_are_no_multiple(clock, rate):
    check_refused(V90Error, "makes no MCLK", I2s, clock, rate)


def test_a_faster_clock():
    """The divider is that of the multiple of 256 where there is one."""
    assert (I2s(49.152e6, 48000).half, I2s(49.152e6, 48000).bit) == (2, 16)
    assert I2s(36.864e6, 48000).bit == 12 and I2s(32.768e6, 32000).half == 2
