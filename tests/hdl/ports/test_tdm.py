import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from golden.errors import V90Error
from hdl.ports.tdm import SPEECH_SLOTS, Gatherer, Highway
from sim.engines.compare import compare
from sim.engines.gateware import Gateware
from tests.hdl.support import FULL_SPEED, HighwayClock, check_refused, slots_of

IDLE = 0xD5

#: Bits of a frame: T1's has a framing bit.
BITS = {32: 256, 24: 193}

PROBES = ("data", "enable", "late")


class Held(wiring.Component):
    """A highway whose octets can be withheld; each must stay until taken once it was offered."""

    def __init__(self, channels, slots=32):
        self.highway = Highway(channels, slots)
        super().__init__({**self.highway.signature.members, "hold": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.highway = highway = self.highway
        for name in ("bit_clock", "frame_sync"):
            m.d.comb += getattr(highway, name).eq(getattr(self, name))
        for name in PROBES:
            m.d.comb += getattr(self, name).eq(getattr(highway, name))
        connect(m, flipped(self.i), highway.i)
        with m.If(self.hold):
            m.d.comb += [highway.i.valid.eq(0), self.i.ready.eq(0)]
        return m


def payloads(octets):
    """Octets ``(PCM frames, channels)`` as a bank gives them."""
    channels = octets.shape[1]
    number = np.arange(octets.size)
    return {
        "channel": number % channels,
        "octet": octets.reshape(-1),
        "interval": number // channels % 6,
        "start": 0 * number,
    }


def in_slots(octets, slots):
    """The octets of all slots, and which slots are ours."""
    frames, channels = octets.shape
    every, ours = np.zeros((2, frames, slots), int)
    speech = list(SPEECH_SLOTS[slots][:channels])
    every[:, speech], ours[:, speech] = octets, 1
    return every, ours


def check(clock, probes, octets, slots):
    """Octets, most significant bit first, in their slots and nowhere else."""
    bits, enable = (clock.read(probes[name]) for name in ("data", "enable"))
    every, ours = in_slots(octets, slots)
    assert np.array_equal(slots_of(bits, slots), every)
    assert np.array_equal(enable[:, : 8 * slots], np.repeat(ours, 8, axis=1))
    assert not enable[:, 8 * slots :].any() and not bits[:, 8 * slots :].any()


def run(gateware, clock, octets, **waves):
    """Run over all of the clock with more octets than it can take."""
    more = np.concatenate([octets, octets[:1]])
    result = gateware.run(
        {"i": payloads(more)},
        cycles=len(clock.bit_clock),
        partial=True,
        waves={**clock.waves, **waves},
        probes=PROBES,
    )
    assert len(result.probes["data"]) == len(clock.bit_clock)
    return result


def test_slots_of_speech():
    """G.704: slot 0 of an E1 frame is for framing, slot 16 for signalling; T1 has neither."""
    assert SPEECH_SLOTS[32] == tuple(slot for slot in range(32) if slot not in (0, 16))
    assert SPEECH_SLOTS[24] == tuple(range(24))


@pytest.mark.parametrize(
    "engine, channels, slots, cycles_per_bit, frames",
    [
        ("cxxrtl", 30, 32, 12, 40),  # 24.576 MHz
        ("cxxrtl", 30, 32, 15, 40),  # 30.72 MHz
        ("cxxrtl", 3, 32, 10.3, 40),
        ("cxxrtl", 1, 32, 12, 40),
        ("cxxrtl", 24, 24, 16, 40),  # 24.704 MHz
        ("cxxrtl", 5, 24, 19.43, 40),  # 30 MHz
        ("verilator", 30, 32, 12, 4),
        ("icarus", 24, 24, 10, 1),
    ],
)
def test_octets_are_in_their_slots(engine, channels, slots, cycles_per_bit, frames, rng):
    clock = HighwayClock(frames, BITS[slots], cycles_per_bit)
    octets = rng.integers(256, size=(frames, channels))
    (result,) = compare(
        Highway(channels, slots),
        {"i": payloads(octets)},
        {},
        engine=engine,
        patterns=[FULL_SPEED],
        waves=clock.waves,
        probes=PROBES,
        cycles=len(clock.bit_clock),
        drain=BITS[slots] * int(cycles_per_bit + 1),
    )
    probes = {name: wave[: len(clock.bit_clock)] for name, wave in result.probes.items()}
    check(clock, probes, octets, slots)
    assert not probes["late"].any()
    # Data and enable follow the clock's rising edge.
    for name in ("data", "enable"):
        changes = np.flatnonzero(np.diff(probes[name])) + 1
        after = changes - clock.begins[np.searchsorted(clock.begins, changes, "right") - 1]
        assert set(after) <= {3, 4} and len(after) >= 2


@pytest.fixture(scope="module")
def e1():
    return Gateware(Held(30))


@pytest.fixture(scope="module")
def t1():
    return Gateware(Held(24, 24))


def test_jitter_of_the_clock(e1, rng):
    octets = rng.integers(256, size=(60, 30))
    clock = HighwayClock(60, 256, 12.0, jitter=rng)
    result = run(e1, clock, octets)
    check(clock, result.probes, octets, 32)
    assert not result.probes["late"].any()


def test_nothing_is_late_before_there_is_something(e1, rng):
    """The first frame is the first that finds an octet at its sync."""
    octets = rng.integers(256, size=(6, 30))
    clock = HighwayClock(8, 256, 12)
    hold = np.zeros(len(clock.bit_clock), int)
    hold[: clock.begins[2 * 256] + 100] = 1
    result = run(e1, clock, octets, hold=hold)
    bits, enable = (clock.read(result.probes[name]) for name in ("data", "enable"))
    assert not enable[:3].any() and not bits[:3].any()
    assert np.array_equal(slots_of(bits, 32)[3:], in_slots(octets, 32)[0][:5])
    assert not result.probes["late"].any()


@pytest.mark.parametrize("slots", [32, 24])
@pytest.mark.parametrize("channel", [0, 1, 11, 22, -1])
def test_late_octets(request, slots, channel, rng):
    """One that is not there in time: idle octets for the rest of the frame, and the next is whole.

    Octets of the frame that was spoilt are dropped, so that channels stay in their slots.
    """
    gateware = request.getfixturevalue({32: "e1", 24: "t1"}[slots])
    channels = len(SPEECH_SLOTS[slots])
    channel %= channels
    octets = rng.integers(256, size=(12, channels))
    clock = HighwayClock(8, BITS[slots], 12)
    # Frame 3 from that channel's slot on; back within the same frame, or two slots before its end.
    slot = 3 * BITS[slots] + 8 * SPEECH_SLOTS[slots][channel]
    hold = np.zeros(len(clock.bit_clock), int)
    hold[clock.begins[slot] - 30 : clock.begins[slot] + 12] = 1
    result = run(gateware, clock, octets, hold=hold)
    late = result.probes["late"]
    at = np.flatnonzero(late)[0]
    assert clock.begins[slot] <= at <= clock.begins[slot] + 5 and late[at:].all()
    expected = octets[:8].copy()
    expected[3, channel:] = IDLE
    if channel == 0:
        expected[4:] = octets[3:7]  # none was dropped
    check(clock, result.probes, expected, slots)
    gateware.reset()
    assert gateware.get("late") == 0


@pytest.mark.parametrize("slots", [32, 24])
def test_silence_for_frames(request, slots, rng):
    """Idle octets as long as nothing comes; then the frames go on where they were."""
    gateware = request.getfixturevalue({32: "e1", 24: "t1"}[slots])
    channels = len(SPEECH_SLOTS[slots])
    octets = rng.integers(256, size=(12, channels))
    clock = HighwayClock(10, BITS[slots], 12)
    begin, end = 2 * BITS[slots] + 8 * 5 + 4, 5 * BITS[slots] + 8 * 20
    hold = np.zeros(len(clock.bit_clock), int)
    hold[clock.begins[begin] : clock.begins[end]] = 1
    result = run(gateware, clock, octets, hold=hold)
    sent = sum(slot <= 5 for slot in SPEECH_SLOTS[slots])
    expected = np.full((10, channels), IDLE)
    expected[:2], expected[2, :sent] = octets[:2], octets[2, :sent]
    expected[6:] = octets[3:7]
    check(clock, result.probes, expected, slots)


def test_frames_without_sync_are_silent(e1, rng):
    octets = rng.integers(256, size=(5, 30))
    silent = [2, 3, 4, 5]  # for longer than any count of slots goes round
    clock = HighwayClock(9, 256, 12, silent=silent)
    result = run(e1, clock, octets)
    bits, enable = (clock.read(result.probes[name]) for name in ("data", "enable"))
    assert not enable[silent].any() and not bits[silent].any()
    got = np.delete(slots_of(bits, 32), silent, axis=0)
    assert np.array_equal(got, in_slots(octets, 32)[0])
    assert not result.probes["late"].any()


def test_reset_in_the_midst(e1, rng):
    octets = rng.integers(256, size=(4, 30))
    clock = HighwayClock(4, 256, 12)
    for cycles in rng.integers(3000, 6000, 6):
        e1.run({"i": payloads(octets)}, cycles=int(cycles), partial=True, waves=clock.waves)
        check(clock, run(e1, clock, octets).probes, octets, 32)


@pytest.mark.parametrize("channels, slots", [(1, 30), (0, 32), (31, 32), (25, 24)])
def test_impossible_highways_are_refused(channels, slots):
    check_refused(V90Error, "a PCM highway", Highway, channels, slots)


class Lines(wiring.Component):
    """Octets one by one, in the order of channels, to a highway of several lines."""

    def __init__(self, channels, lines):
        self.gatherer = Gatherer(channels, lines)
        self.highway = Highway(channels, lines=lines)
        members = dict(self.highway.signature.members)
        super().__init__({**members, "i": self.gatherer.signature.members["i"], "hold": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.gatherer, m.submodules.highway = gatherer, highway = (
            self.gatherer,
            self.highway,
        )
        for name in ("bit_clock", "frame_sync"):
            m.d.comb += getattr(highway, name).eq(getattr(self, name))
        for name in PROBES:
            m.d.comb += getattr(self, name).eq(getattr(highway, name))
        connect(m, flipped(self.i), gatherer.i)
        connect(m, gatherer.o, highway.i)
        with m.If(self.hold):
            m.d.comb += [gatherer.i.valid.eq(0), self.i.ready.eq(0)]
        return m


@pytest.mark.parametrize("lines", [2, 3, 4])
def test_lines_side_by_side(lines, rng):
    """Channel ``lines`` * n + l is channel n of line l; what is late is late on all of them."""
    octets = rng.integers(256, size=(12, 30 * lines))
    clock = HighwayClock(8, 256, 12)
    slot = 3 * 256 + 8 * SPEECH_SLOTS[32][20]
    hold = np.zeros(len(clock.bit_clock), int)
    # What was gathered before goes in the slot before.
    hold[clock.begins[slot - 16] + 30 : clock.begins[slot] + 12] = 1
    result = run(Gateware(Lines(30, lines)), clock, octets, hold=hold)
    late = result.probes["late"]
    assert clock.begins[slot] <= np.flatnonzero(late)[0] <= clock.begins[slot] + 5
    for line in range(lines):
        expected = octets[:8, line::lines].copy()
        expected[3, 20:] = IDLE
        probes = {**result.probes, "data": result.probes["data"] >> line & 1}
        check(clock, probes, expected, 32)
