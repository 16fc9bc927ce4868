import numpy as np
import pytest

from golden.bits.scrambler import GPC, Scrambler
from golden.pcm.parameters import DELAY_FRAMES, INTERVALS
from hdl.pcm.csr import configuration_words
from hdl.pcm.encoder import Datapath, Encoder
from hdl.pcm.shaper import Shaper
from sim.calls.parameter_sets import EXTREMES, random_parameters
from sim.engines.cache import to_rtlil
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from sim.engines.layout import ports
from sim.engines.pattern import DEFAULT_PATTERNS
from tests.hdl.support import (
    FULL_SPEED,
    IDLE_AND_STALL,
    Paced,
    any_parameters,
    check_refused,
    data_frames,
    follow,
    host_octets,
    host_words,
    unpacked,
)

IDLE = 0xD5
PATIENCE = 10_000_000


def random_bits(rng, p, frames):
    """Bits of whole data frames, in whole octets."""
    count = frames * p.data_bits
    return rng.integers(0, 2, count + -count % 8, np.uint8)


class Bank:
    """An encoder bank on its way: what it was given, and all the octets that came.

    ``history`` and ``sent``: for each channel its parameters in order, and its data bits.
    """

    def __init__(self, gateware, channels):
        self.gateware, self.channels = gateware, channels
        self.history = [[] for _ in range(channels)]
        self.sent = [np.zeros(0, np.uint8) for _ in range(channels)]
        self.parts = []
        gateware.reset()

    def run(self, inputs, outputs=None, **options):
        options = {"cycles": PATIENCE, **options}
        result = self.gateware.run(inputs, outputs or {}, reset=False, **options)
        self.parts.append(result.outputs["o"])
        return result

    def configure(self, *sets, commit=True, **options):
        """Give parameters, ``(channel, parameters)``, and take what comes meanwhile."""
        for channel, p in sets if commit else ():
            self.history[channel].append(p)
        return self.run({"i_configuration": host_words(sets, commit)}, **options)

    def feed(self, bits, **options):
        """Give data bits, ``{channel: bits}``, whole octets."""
        sets = {
            channel: (self.history[channel] or [EXTREMES["greatest-k-exact"]])[-1]
            for channel in bits
        }
        for channel, own in bits.items():
            self.sent[channel] = np.append(self.sent[channel], own)
        return self.run({"i_data": host_octets(sets, bits)}, **options)

    def take(self, frames, **options):
        """Take so many data frames of all channels."""
        return self.run({}, {"o": frames * INTERVALS * self.channels}, **options)

    def underruns(self):
        """The counters of all channels, while nothing is taken."""
        counts = []
        for channel in range(self.channels):
            self.gateware.set("underruns_channel", channel)
            self.gateware.run(outputs={"o": 0}, cycles=2, reset=False)
            counts.append(self.gateware.get("underruns"))
        return counts

    def frames(self):
        """``(octets, starts)`` of each channel since the reset."""
        return data_frames(np.concatenate(self.parts), self.channels)

    def follow(self):
        """Hold all that came against golden; for each channel, which data frames are of ones.

        ``rest`` then has for each channel how many data bits have not come yet.
        """
        octets, starts = self.frames()
        found = [
            follow(octets[c], starts[c], self.history[c], self.sent[c])
            for c in range(self.channels)
        ]
        self.rest = [rest for _, rest in found]
        return [for_want for for_want, _ in found]


@pytest.fixture(scope="module")
def gateware():
    """The bank of three channels, compiled, and with a line's pace to be had."""
    return Gateware(Paced(Encoder(3)))


# --- Against golden -------------------------------------------------------------------------------


def stimuli(rng, channels, used, frames):
    """Everything that a host sends a bank: for some of its channels, parameters and data."""
    sets = {channel: any_parameters(rng) for channel in used}
    bits = {channel: random_bits(rng, p, frames) for channel, p in sets.items()}
    inputs = {"i_configuration": host_words(sets.items()), "i_data": host_octets(sets, bits)}
    return sets, bits, inputs


def check(output, channels, sets, bits):
    """Hold a bank's output against golden; returns how many data frames of data there were."""
    octets, starts = data_frames(output, channels)
    total = 0
    for channel in range(channels):
        history = [sets[channel]] if channel in sets else []
        sent = bits.get(channel, np.zeros(0, np.uint8))
        assert len(np.flatnonzero(starts[channel])) == len(history)
        for_want, _ = follow(octets[channel], starts[channel], history, sent)
        total += np.count_nonzero(~for_want)
    return total


@pytest.mark.parametrize(
    "channels, frames", [(1, 60), pytest.param(3, 60, marks=pytest.mark.long), (30, 12)]
)
def test_equal_to_golden(channels, frames, rng):
    """Under all patterns, and after a reset in the midst of everything."""
    gateware = Gateware(Encoder(channels))
    patterns = DEFAULT_PATTERNS if channels < 30 else (IDLE_AND_STALL, FULL_SPEED)
    for trial, pattern in enumerate(patterns):
        used = rng.permutation(channels)[: channels if trial % 2 else channels // 2 + 1]
        sets, bits, inputs = stimuli(rng, channels, used, frames)
        wanted = {"o": INTERVALS * channels * (frames + 3 * len(used) + 15)}
        options = {**pattern._asdict(), "check_ready": True}
        for _ in range(3):
            gateware.run(inputs, wanted, rng.integers(1, 900 * channels), partial=True, **options)
            result = gateware.run(inputs, wanted, PATIENCE, **options)
            assert check(result.outputs["o"], channels, sets, bits) == frames * len(used)


@pytest.mark.parametrize(
    "engine, channels, used, frames",
    [
        ("icarus", 1, (0,), 2),
        pytest.param("verilator", 3, (0, 1, 2), 8, marks=pytest.mark.long),
        pytest.param("verilator", 30, (0, 29), 1, marks=pytest.mark.long),
    ],
)
def test_other_engines_give_the_same(engine, channels, used, frames, rng):
    """What CXXRTL gives, which golden gives, cycle for cycle: a bank never stops giving octets."""
    gateware = Gateware(Encoder(channels))
    sets, bits, inputs = stimuli(rng, channels, used, frames)
    count = INTERVALS * channels * (frames + 3 * len(used) + 8)
    for pattern in (IDLE_AND_STALL, FULL_SPEED)[channels // 30 :]:
        reset_at = 700 if channels < 30 else None
        gateware.power_on()
        if reset_at:
            gateware.run(inputs, {}, reset_at, partial=True, **pattern._asdict())
        ours = gateware.run(inputs, {"o": count}, PATIENCE, **pattern._asdict())
        assert check(ours.outputs["o"], channels, sets, bits) > 0
        (theirs,) = compare(
            Encoder(channels),
            inputs,
            {"o": ours.outputs["o"]},
            engine=engine,
            drain=0,
            patterns=[pattern],
            cycles=PATIENCE,
            reset_at=reset_at,
        )
        assert np.array_equal(theirs.given["o"], ours.given["o"])


# --- Time -----------------------------------------------------------------------------------------


def cycles_of(gateware, rng, sets):
    """Cycles per channel of each of 60 data frames, in the steady state."""
    bank = Bank(gateware, 3)
    bank.configure(*enumerate(sets))
    bank.take(20)
    result = bank.take(60)
    last = (result.outputs["o"]["channel"] == 2) & (result.outputs["o"]["interval"] == 5)
    return np.diff(result.given["o"][last]) / 3


@pytest.mark.parametrize("sr", range(4))
def test_cycles_of_a_data_frame(gateware, sr, rng):
    """300 cycles a channel and data frame are what a bank of 30 has at 12 MHz."""
    assert Encoder.cycles_per_frame <= 300 == 12_000_000 * INTERVALS // 8000 // 30
    for ld in range(4):
        cycles = cycles_of(gateware, rng, [random_parameters(rng, sr=sr, ld=ld) for _ in range(3)])
        assert cycles.max() <= Encoder.cycles_per_frame
        if sr and ld == 3:
            assert (cycles == Shaper.latency(sr, ld) + 1).all()  # what is slowest
            assert cycles.max() <= 235
        else:
            assert cycles.mean() <= 160


def test_cycles_with_the_slowest_mapper(gateware, rng):
    cycles = cycles_of(gateware, rng, [EXTREMES["least-k-in-one-interval-exact"]] * 3)
    assert 130 < cycles.mean() <= 160


def test_octets_are_in_time_for_a_line(gateware, rng):
    """Of the slowest shapers, and when all channels begin anew, again and again."""
    interval = Encoder.cycles_per_frame // INTERVALS
    for pace, late in ((interval, 0), (interval * 2 // 3, 1)):
        bank = Bank(gateware, 3)
        gateware.set("interval", pace)
        for _ in range(6):
            slow = [random_parameters(rng, sr=3, ld=3) for _ in range(3)]
            bank.configure(*enumerate(slow))
            bank.take(4)
        bank.take(20)
        gateware.set("interval", 0)
        bank.follow()
        assert gateware.get("late") == late, pace


def test_delay_is_three_data_frames(gateware):
    """And some more in the blocks, as long as the queue lets them."""
    p = random_parameters(np.random.default_rng(1), sr=1, ld=3, k=20)
    bank = Bank(gateware, 3)
    bank.configure((0, p))
    bank.take(30)
    bits = random_bits(np.random.default_rng(1), p, 1)
    bank.feed({0: bits})
    before = sum(len(part) for part in bank.parts) // (3 * INTERVALS)
    bank.take(20)
    _, starts = bank.frames()
    for_want = bank.follow()[0]
    (at,) = np.flatnonzero(~for_want)
    at += np.flatnonzero(starts[0])[0]
    assert DELAY_FRAMES <= at - before <= DELAY_FRAMES + 6


# --- Data -----------------------------------------------------------------------------------------


def test_data_frames_are_what_is_in_the_queue(gateware, rng):
    """A queue filled before the parameters: so many data frames, not one more, then ones."""
    for trial in range(10):
        bank = Bank(gateware, 3)
        sets = [random_parameters(rng) for _ in range(3)]
        whole = [int(rng.integers(0, 256 // p.data_bits + 1)) for p in sets]
        rest = {}
        for channel, p in enumerate(sets):
            # Whole octets, so some bits may be over; not a data frame, and they stay.
            octets = min(32, -(-whole[channel] * p.data_bits // 8))
            bits = rng.integers(0, 2, 8 * octets, np.uint8)
            whole[channel] = len(bits) // p.data_bits
            rest[channel] = len(bits) % p.data_bits
            if octets:
                bank.feed({channel: bits})
        bank.configure(*enumerate(sets))
        bank.take(20 + max(whole))
        for channel, for_want in enumerate(bank.follow()):
            assert not for_want[: whole[channel]].any(), trial
            assert for_want[whole[channel] :].all()
        # What was over is the beginning of the next data frame.
        more = {
            channel: rng.integers(0, 2, -(-(p.data_bits - rest[channel]) // 8) * 8, np.uint8)
            for channel, p in enumerate(sets)
        }
        bank.feed(more)
        bank.take(12)
        for channel, for_want in enumerate(bank.follow()):
            assert np.count_nonzero(~for_want[whole[channel] :]) == 1


def test_underruns_are_counted(gateware, rng):
    """Data come and go; once the rest is data, the counters are the data frames of ones."""
    bank = Bank(gateware, 3)
    # Few bits a data frame, so that a queue outlasts what is on the way.
    sets = [random_parameters(rng, type="CPt", sr=3, k=6) for _ in range(3)]
    bank.configure(*enumerate(sets))
    for _ in range(8):
        bank.take(int(rng.integers(1, 12)))
        channel = int(rng.integers(3))
        bank.feed({channel: random_bits(rng, sets[channel], int(rng.integers(1, 5)))})
    bank.feed({channel: random_bits(rng, p, 27) for channel, p in enumerate(sets)})
    counts = bank.underruns()
    bank.take(20)
    assert bank.underruns() == counts
    want = bank.follow()
    assert counts == [np.count_nonzero(for_want) for for_want in want]
    assert min(counts) > 20 and all(np.count_nonzero(~for_want) > 10 for for_want in want)
    bank.gateware.reset()
    bank.gateware.run(cycles=20, reset=False)
    assert bank.underruns() == [0, 0, 0]


def test_a_full_queue_takes_no_more(gateware, rng):
    """32 octets a channel, and those for others wait behind the 33rd."""
    bank = Bank(gateware, 3)
    bits = {1: rng.integers(0, 2, 8 * 40, np.uint8), 2: rng.integers(0, 2, 8, np.uint8)}
    octets = np.concatenate([np.packbits(own, bitorder="little") for own in bits.values()])
    inputs = {"channel": np.repeat([1, 2], [40, 1]), "octet": octets}
    result = bank.run({"i_data": inputs}, cycles=3000, partial=True)
    assert len(result.taken["i_data"]) == 32
    p = random_parameters(rng)
    bank.history[1], bank.history[2] = [p], [p]
    bank.sent[1], bank.sent[2] = bits[1], bits[2]
    result = bank.run(
        {
            "i_data": {name: own[32:] for name, own in inputs.items()},
            "i_configuration": host_words([(1, p), (2, p)]),
        }
    )
    assert len(result.taken["i_data"]) == 9
    bank.take(60)
    for_want = bank.follow()[1]
    assert not for_want[: 256 // p.data_bits].any() and bank.rest[1] == 320 % p.data_bits


# --- Parameters -----------------------------------------------------------------------------------


def test_idle_octets_until_there_are_parameters(gateware, rng):
    bank = Bank(gateware, 3)
    bank.take(10)
    bank.configure((1, random_parameters(rng)))
    bank.take(20)
    octets, starts = bank.frames()
    assert (octets[[0, 2]] == IDLE).all() and not starts[[0, 2]].any()
    (begin,) = np.flatnonzero(starts[1])
    assert begin >= 10 and (octets[1, :begin] == IDLE).all()
    # Words without COMMIT change nothing, not even to idle.
    bank.configure((0, random_parameters(rng)), (1, random_parameters(rng)), commit=False)
    bank.take(10)
    octets, starts = bank.frames()
    assert (octets[[0, 2]] == IDLE).all() and np.count_nonzero(starts) == 1
    bank.follow()


def test_words_come_again_after_a_reset(gateware, rng):
    """A reset forgets the parameters, and a commit under way."""
    bank = Bank(gateware, 3)
    bank.configure(*((channel, random_parameters(rng)) for channel in range(3)))
    bank.take(10)
    for cycles in (1, 5, 100, 150, 500):
        words = host_words([(1, random_parameters(rng))])
        gateware.run({"i_configuration": words}, cycles=cycles, partial=True, reset=False)
        bank = Bank(gateware, 3)
        bank.take(12)
        octets, starts = bank.frames()
        assert (octets == IDLE).all() and not starts.any()
        bank.configure((2, random_parameters(rng)))
        bank.take(12)
        bank.follow()
        assert np.count_nonzero(bank.frames()[1]) == 1


def test_parameters_change_while_running(gateware, rng):
    """Any to any other, data frames of data and of ones: the old ones are flushed, none is lost."""
    changes = 0
    for _ in range(8):
        bank = Bank(gateware, 3)
        for _ in range(12):
            channel = int(rng.integers(3))
            bank.configure((channel, any_parameters(rng)))
            changes += 1
            running = [channel for channel in range(3) if bank.history[channel]]
            bank.feed(
                {
                    channel: random_bits(rng, bank.history[channel][-1], int(rng.integers(1, 6)))
                    for channel in rng.permutation(running)[: rng.integers(len(running) + 1)]
                }
                or {channel: rng.integers(0, 2, 8, np.uint8)}
            )
            bank.take(int(rng.integers(1, 8)))
        bank.take(40)
        bank.follow()
        for channel, history in enumerate(bank.history):
            assert np.count_nonzero(bank.frames()[1][channel]) == len(history)
            assert not history or bank.rest[channel] < history[-1].data_bits
    assert changes == 96


@pytest.mark.parametrize("old", ["loudest-poles-outside", "faintest-double-pole"])
def test_commits_one_after_the_other(gateware, old, rng):
    """Words wait until the data frame before has its parameters; each set has a data frame."""
    for _ in range(10):
        bank = Bank(gateware, 3)
        sets = [EXTREMES[old], *(random_parameters(rng) for _ in range(5))]
        bank.feed({channel: random_bits(rng, sets[0], 5) for channel in range(3)})
        channels = rng.integers(3, size=len(sets)) if rng.random() < 0.5 else [1] * len(sets)
        bank.configure(*((int(c), p) for c, p in zip(channels, sets, strict=True)))
        bank.take(30)
        bank.follow()
        starts = bank.frames()[1]
        assert starts.sum(axis=1).tolist() == [len(history) for history in bank.history]


def test_channels_are_apart(gateware, rng):
    """Whatever happens to channel 1, the others give the same octets in the same data frames."""
    sets = [random_parameters(rng) for _ in range(3)]
    bits = {channel: random_bits(rng, sets[channel], 6)[:256] for channel in (0, 2)}

    def run(disturb):
        bank = Bank(gateware, 3)
        bank.feed(bits)
        bank.configure(*enumerate(sets))
        for _ in range(6):
            if disturb:
                bank.configure((1, random_parameters(rng)))
                bank.feed({1: random_bits(rng, bank.history[1][-1], 3)})
            bank.take(4)
        bank.take(12)
        bank.follow()
        return bank.frames()

    (octets, starts), (disturbed, restarts) = run(False), run(True)
    count = min(octets.shape[1], disturbed.shape[1])
    assert count > 30
    for channel in (0, 2):
        assert np.array_equal(octets[channel, :count], disturbed[channel, :count])
        assert np.array_equal(starts[channel, :count], restarts[channel, :count])
    assert restarts[1].sum() == 7


def test_channels_that_there_are_not(gateware, rng):
    """Words, a COMMIT and data for channel 3 of three go nowhere, and hold up nobody."""
    bank = Bank(gateware, 3)
    p = random_parameters(rng)
    rows = np.array([(3, address, word) for address, word in configuration_words(p)])
    stray = dict(zip(("channel", "address", "data"), rows.T, strict=True))
    bank.run({"i_configuration": stray})
    bank.run({"i_data": {"channel": np.full(100, 3), "octet": rng.integers(0, 256, 100)}})
    bank.feed({channel: random_bits(rng, p, 4)[:128] for channel in range(3)})
    bank.configure(*((channel, random_parameters(rng)) for channel in range(3)))
    bank.take(20)
    bank.follow()
    assert all(bank.frames()[1].sum(axis=1) == 1)


# --- Sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 31, pytest.param(256, marks=pytest.mark.long)])
def test_banks_of_other_sizes_build(channels):
    encoder = Encoder(channels, queue_octets=64)
    text, clocks = to_rtlil(encoder, *ports(encoder))
    assert clocks == {"clk", "rst"} and text.count("$mem") > 5


@pytest.mark.parametrize("channels", [-1, 0, 257])
def test_other_numbers_of_channels_are_refused(channels):
    check_refused(ValueError, "a bank has 1 to 256 channels", Encoder, channels)


# --- Its datapath ---------------------------------------------------------------------------------


def test_data_frames_that_are_not_encoded(rng):
    """Octets written beforehand, in their order, their signs turned by bits that are signs."""
    datapath, frames = Gateware(Datapath(2, IDLE, signals=True)), 8
    octets = rng.integers(0, 256, (frames, INTERVALS))
    places = np.arange(frames)[:, None] << 3 | np.arange(INTERVALS)
    datapath.run(
        cycles=octets.size,
        partial=True,
        waves={"plain_place": places.ravel(), "plain_octet": octets.ravel(), "plain_write": 1},
    )
    datapath.set("plain_write", 0)
    turned, begins = rng.integers(0, 64, frames), rng.integers(0, 2, frames)
    scrambled = Scrambler(GPC).process(unpacked(turned[::2], INTERVALS).ravel())
    signs = unpacked(turned, INTERVALS)
    signs[::2] = scrambled.reshape(-1, INTERVALS)
    signs[1::2] = 0
    tokens = {
        "channel": np.arange(frames) % 2,
        "half": np.zeros(frames, int),
        "initialise": np.arange(frames) < 2,
        "active": np.ones(frames, int),
        "sr": np.zeros(frames, int),
        "count": np.tile([INTERVALS, 0], frames // 2),
        "data": turned,
        "plain": np.ones(frames, int),
        "direct": np.ones(frames, int),
        "begins": begins,
    }
    more = {name: np.append(own, own[:6]) for name, own in tokens.items()}
    result = datapath.run(
        {"i": more}, {"o": 7 * INTERVALS * 2}, reset=False, probes=["done", "started"]
    )
    got, starts = data_frames(result.outputs["o"], 2)
    assert (got[:, :DELAY_FRAMES] == IDLE).all()
    made = (octets ^ signs.astype(int) << 7).reshape(-1, 2, INTERVALS)
    assert np.array_equal(got[:, DELAY_FRAMES:], np.moveaxis(made, 1, 0))
    assert np.array_equal(starts[:, DELAY_FRAMES:], begins.reshape(-1, 2).T)
    assert (result.probes["done"].sum(), result.probes["started"].sum()) == (14, 4)
