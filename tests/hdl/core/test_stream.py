import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.core.channels import channel_shape
from hdl.core.stream import BitQueues, Counters, answer_layout
from sim.engines.compare import ENGINES, compare
from sim.engines.gateware import Gateware
from sim.engines.pattern import Pattern
from tests.hdl.support import (
    ENGINES_AND_CHANNELS,
    check_refused,
    columns,
    compare_resetting,
    packed,
    scaled,
    unpacked,
)

WIDTH = 42


class Ordered(wiring.Component):
    """Bit queues whose octets and requests come in one stream, so that their order is known."""

    def __init__(self, channels, octets, width=WIDTH):
        self.queues = BitQueues(channels, octets, width)
        fields = {"channel": channel_shape(channels), "octet": 8, "count": range(width + 1)}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"request": 1, **fields}))),
                "o": Out(stream.Signature(answer_layout(width))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.queues = queues = self.queues
        item = self.i.payload
        for port, chosen in ((queues.i, ~item.request), (queues.i_request, item.request)):
            m.d.comb += [
                port.valid.eq(self.i.valid & chosen),
                port.payload.channel.eq(item.channel),
            ]
            with m.If(chosen):
                m.d.comb += self.i.ready.eq(port.ready)
        m.d.comb += [
            queues.i.payload.octet.eq(item.octet),
            queues.i_request.payload.count.eq(item.count),
        ]
        connect(m, queues.o, flipped(self.o))
        return m


class Model:
    """One queue: bits, and how many octets they lie in."""

    def __init__(self, octets):
        self.octets, self.bits, self.read, self.written = octets, [], 0, 0

    def full(self):
        return self.written - self.read // 8 == self.octets

    def put(self, octet):
        assert not self.full()
        self.bits += unpacked(octet, 8).tolist()
        self.written += 1

    def take(self, count):
        """``(data, underrun)``."""
        if len(self.bits) < count:
            return (1 << count) - 1, 1
        taken, self.bits = self.bits[:count], self.bits[count:]
        self.read += count
        return int(packed(taken)), 0


def workload(rng, channels, octets, count):
    models = [Model(octets) for _ in range(channels)]
    sent, answers = [], []
    # By turns more octets than requests and the other way round, so that queues fill and run dry.
    while len(sent) < count:
        share = rng.choice([0.02, 0.2, 0.6])
        busy = rng.permutation(channels)[: rng.integers(1, 5)]
        for _ in range(min(40, count)):
            channel = int(rng.choice(busy))
            model = models[channel]
            item = {
                "request": int(model.full() or rng.random() < share),
                "channel": channel,
                "octet": int(rng.integers(256)),
                "count": int(rng.choice([1, WIDTH, rng.integers(1, WIDTH + 1)])),
            }
            sent.append(item)
            if item["request"]:
                bits, underrun = model.take(item["count"])
                answers.append({"data": bits, "underrun": underrun})
            else:
                model.put(item["octet"])
    return columns(sent), columns(answers)


@pytest.mark.parametrize("engine, channels", ENGINES_AND_CHANNELS)
def test_queues_give_what_they_got(engine, channels, rng):
    octets = {1: 32, 3: 8, 30: 32}[channels]
    sent, answers = workload(rng, channels, octets, scaled(engine, 4000, 400))
    assert 0 < answers["underrun"].sum() < len(answers["underrun"])
    block = Ordered(channels, octets)
    full = compare_resetting(
        block,
        {"i": sent},
        {"o": answers},
        (channels + 20, channels + 311),
        engine=engine,
    )
    requests = np.flatnonzero(sent["request"])
    latency = full.given["o"] - full.taken["i"][requests]
    assert (latency == block.queues.latency).all()
    # From one item taken to the next: an octet's are those before it is taken.
    before = np.diff(full.taken["i"])
    first, second = sent["request"][:-1], sent["request"][1:]
    assert set(before[(first == 0) & (second == 0)]) == {3}
    assert set(before[(first == 1) & (second == 1)]) == {block.queues.latency + 1}
    # It is clear, a cycle a channel, before it takes anything.
    assert full.taken["i"][0] == channels + (0 if sent["request"][0] else 2)


@pytest.fixture(scope="module")
def queues():
    return Gateware(BitQueues(3, 8))


def items(channel, octets):
    return {"channel": np.full(len(octets), channel), "octet": np.asarray(octets)}


def test_a_full_queue_takes_no_more_and_others_wait(queues):
    # Ten octets for channel 1, and one for channel 2 after them.
    octets = {
        name: np.append(values, extra)
        for (name, values), extra in zip(items(1, range(10)).items(), (2, 99), strict=True)
    }
    run = queues.run({"i": octets}, cycles=500, partial=True)
    assert len(run.taken["i"]) == 8

    def request(channel, count):
        got = queues.run(
            {"i": rest(), "i_request": {"channel": [channel], "count": [count]}},
            {"o": 1},
            reset=False,
            cycles=100,
        )
        taken.append(len(got.taken["i"]))
        return got.outputs["o"][["data", "underrun"]].item()

    def rest():
        return {name: values[sum(taken) :] for name, values in octets.items()}

    taken = [8]
    assert request(2, 8) == (0xFF, 1)  # it waits after them
    assert request(1, 7) == (0, 0) and sum(taken) == 8  # octet 0 is still being read
    assert request(1, 1) == (0, 0)
    run = queues.run({"i": rest()}, cycles=100, partial=True, reset=False)
    taken.append(len(run.taken["i"]))
    assert sum(taken) == 9
    assert request(1, 42) == (int(packed(unpacked([1, 2, 3, 4, 5, 6], 8).reshape(-1)[:42])), 0)
    run = queues.run({"i": rest()}, reset=False)
    assert sum(taken) + len(run.taken["i"]) == 11
    taken.append(len(run.taken["i"]))
    assert request(2, 8) == (99, 0)
    assert request(2, 1) == (1, 1)


def test_octets_and_requests_at_once(queues, rng):
    """Whatever the timing, a channel's bits come once, whole, and in order.

    Requests go first, so octets get through only where there are pauses.
    """
    underruns = []
    for seed, (idle, stall) in enumerate(((0.95, 0), (0.97, 0), (0.99, 0), (0.97, 0.5))):
        channel = rng.integers(3, size=600)
        sent = {"channel": channel, "octet": rng.integers(256, size=600)}
        requests = {"channel": np.arange(600) % 3, "count": rng.integers(1, 21, 600)}
        result = queues.run(
            {"i": sent, "i_request": requests},
            {"o": 600},
            idle=idle,
            stall=stall,
            seed=seed,
            cycles=1_000_000,
            partial=True,
        )
        answers = result.outputs["o"]
        assert len(answers) > 100
        underruns.append(answers["underrun"].mean())
        for number in range(3):
            own = requests["channel"][: len(answers)] == number
            given = unpacked(sent["octet"][channel == number], 8).reshape(-1)
            at = 0
            for count, bits, underrun in zip(
                requests["count"][: len(answers)][own],
                answers["data"][own],
                answers["underrun"][own],
                strict=True,
            ):
                if underrun:
                    assert bits == (1 << count) - 1
                else:
                    assert bits == packed(given[at : at + count])
                    at += count
            assert at > 200, underruns
    assert min(underruns) < 0.3 < 0.5 < max(underruns)


@pytest.mark.parametrize("octets, width", [(24, 42), (4, 42), (1, 9), (0, 1)])
def test_impossible_queues_are_refused(octets, width):
    check_refused(ValueError, "is not a power of two", BitQueues, 1, octets, width)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("channels", [1, 30])
def test_counters_count(engine, channels, rng):
    cycles = scaled(engine, 20_000, 600)
    # As close as two cycles, and for the same channel as for another.
    event = (rng.random(cycles) < 0.5) & (np.arange(cycles) >= channels + 1)
    event[np.flatnonzero(event)[1:][np.diff(np.flatnonzero(event)) == 1]] = 0
    event &= ~np.append(False, event[:-1])
    busy = rng.integers(channels, size=3)
    channel = busy[rng.integers(3, size=cycles)]
    held = Counters.settled + 2  # cycles in which one channel is read
    read = np.repeat(busy[rng.integers(3, size=cycles // held + 1)], held)[:cycles]
    if channels == 1:
        assert event.sum() > cycles / 5
    (result,) = compare(
        Counters(channels),
        {},
        {},
        engine=engine,
        cycles=cycles,
        drain=0,
        patterns=[Pattern()],
        waves={"event": event.astype(int), "channel": channel, "read_channel": read},
        probes=["count"],
    )
    counts = np.zeros((cycles + 1, channels), int)
    np.add.at(counts, (np.arange(cycles)[event] + 1, channel[event]), 1)
    counts = np.cumsum(counts, axis=0)
    # An event of cycle n shows when read in n + 2; what is read in a cycle comes two later. An
    # event takes the turn of what would be read in its cycle.
    at = np.arange(channels + held, cycles)
    at = at[at % held >= Counters.settled]
    was_read = at - 2 - event[at - 2]
    assert np.array_equal(result.probes["count"][at], counts[was_read - 1, read[at]])


def test_counters_stop_at_their_end_and_begin_with_zero():
    gateware = Gateware(Counters(3))
    cycles = 2 * 65_540
    waves = {"event": np.append(np.arange(cycles) & 1, 0), "channel": 1, "read_channel": 1}
    count = gateware.run(waves=waves, cycles=cycles, probes=["count"]).probes["count"]
    assert count[-1] == 65_535 and np.count_nonzero(count == 65_534) == 2
    assert (np.diff(count) >= 0).all()
    for channel, expected in ((0, 0), (1, 65_535), (2, 0)):
        waves = {"event": 0, "read_channel": channel}
        gateware.run(waves=waves, cycles=3, reset=False)
        assert gateware.get("count") == expected
    gateware.run(waves={"event": 0, "read_channel": 1}, cycles=6)
    assert gateware.get("count") == 0


def test_a_look_tells_the_room_and_puts_nothing(rng):
    """Octets and looks in turn: rooms are the model's, and what comes out are the octets."""
    channels, octets = 3, 8
    queues = Gateware(BitQueues(channels, octets))
    fill, put = [0] * channels, [[] for _ in range(channels)]
    for _ in range(60):
        channel, look = int(rng.integers(channels)), int(rng.integers(2))
        if not look and fill[channel] == octets:
            continue
        octet = int(rng.integers(256))
        result = queues.run(
            {"i": {"channel": [channel], "octet": [octet]}},
            reset=False,
            waves={"look": look},
            probes=["room"],
        )
        assert result.probes["room"][result.taken["i"][0]] == octets - fill[channel]
        if not look:
            fill[channel] += 1
            put[channel].append(octet)
    assert max(fill) == octets
    # What is looked at is taken, even for a full queue; what is put waits.
    full = {"channel": [fill.index(octets)], "octet": [0]}
    queues.run({"i": full}, reset=False, waves={"look": 1})
    for channel in range(channels):
        request = {"channel": [channel] * fill[channel], "count": [8] * fill[channel]}
        result = queues.run({"i_request": request}, {"o": fill[channel]}, reset=False)
        assert result.outputs["o"]["data"].tolist() == put[channel]
