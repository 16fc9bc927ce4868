"""Queues are equal to ideal ones: nothing overflows, is lost, or changes its place.

What an ideal queue holds is the bits between what has been read and what has been written. Each
proof is a step of an induction over operations: from memories of any contents in which no queue
holds more than there is room for, as none does when all are cleared, one operation of any channel
does what it does to an ideal queue, in the cycles that the docstring gives, and leaves all other
bits of all queues as they were. So it does after any number of operations. The sizes are those of
30 channels in a bank, but that requests are for 8 bits at most (a data frame's are for 42).
"""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Mux, ResetSignal, Signal

from tests.formal.proof import Free, holds, planted

#: The proofs begin where all queues have been cleared, with whatever they hold later.
_CLEAR = '            with m.State("CLEAR"):\n                m.d.comb += row_write'
BEGINS = (f"with m.FSM():\n{_CLEAR}", f'with m.FSM(init="IDLE"):\n{_CLEAR}')


def operation(m, queues, inside, request, channel, bit):
    """One request or octet in the first cycle; ``channel`` and ``bit`` of a queue are any."""
    index = (queues.octets - 1).bit_length()
    latency = queues.latency if request else 2
    time = Signal(range(latency + 3))
    first, over = time == 0, time == latency + 1
    m.d.sync += time.eq(Mux(time == latency + 2, time, time + 1))
    wanted = queues.i_request
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume(queues.o.ready),
        Assume(channel < queues.channels),
        Assume(wanted.valid == (first & request)),
    ]
    # What is in the queue of any channel, bit by bit, and how much of it.
    reads, row = inside.content("rows", channel)
    written, read = row[: index + 1], row[index + 1 :]
    level = (Cat(Const(0, 3), written) - read)[: index + 4]
    place = (read + bit)[: index + 4]
    looks, octet = inside.content("store", Cat(place[3 : 3 + index], channel))
    value = octet.bit_select(place[:3], 1)
    m.d.comb += [
        reads,
        looks,
        Assume(~first | (level <= 8 * queues.octets)),
        Assert(~over | (level <= 8 * queues.octets)),
    ]
    was, had = Signal.like(level), Signal()
    with m.If(first):
        m.d.sync += [was.eq(level), had.eq(value)]
    return time, first, over, latency, level, was, value, had


def puts(m, queues, inside, channel, bit):
    """An octet goes after all others of its channel, or waits where there is no room."""
    time, first, over, latency, level, was, value, had = operation(
        m, queues, inside, 0, channel, bit
    )
    given, offered = queues.i, Signal.like(queues.i.payload)
    valid, looking = Signal(), Signal()
    with m.If(first):
        m.d.sync += [offered.eq(given.payload), valid.eq(given.valid)]
    with m.If(time == latency):
        m.d.sync += looking.eq(queues.look)
    m.d.comb += [
        # It stays until it is taken, and nothing else comes.
        Assume(first | (given.valid == (valid & (time <= latency)))),
        Assume(first | (given.payload == offered)),
    ]
    mine = valid & (offered.channel == channel)
    full = was > 8 * queues.octets - 8
    whole = was[:3] == 0
    with m.If((time == latency) & mine):
        m.d.comb += [
            Assert(given.ready == (~full | queues.look)),
            Assert(~given.ready | ~whole | (queues.room == queues.octets - (was >> 3))),
        ]
    put = mine & ~full & ~looking
    with m.If(over):
        m.d.comb += [
            Assert(level == was + Mux(put, 8, 0)),
            Assert((bit >= was) | (value == had)),
            Assert(
                ~put
                | (bit < was)
                | (bit >= was + 8)
                | (value == offered.octet.bit_select((bit - was)[:3], 1))
            ),
        ]


def takes(m, queues, inside, channel, bit):
    """A request takes the first bits, or none where there are fewer."""
    time, first, over, latency, level, was, _, had = operation(m, queues, inside, 1, channel, bit)
    asked = Signal.like(queues.i_request.payload)
    answer = queues.o.payload
    with m.If(first):
        m.d.sync += asked.eq(queues.i_request.payload)
    m.d.comb += [
        Assume(queues.i_request.payload.count <= queues.width),
        Assume(~queues.i.valid | first),
        Assert(queues.o.valid == (time == latency)),
        Assert(~queues.i.ready),
    ]
    mine, few = asked.channel == channel, was < asked.count
    with m.If((time == latency) & mine & (bit < queues.width)):
        expected = (few | had) & (bit < asked.count)
        m.d.comb += [
            Assert(answer.underrun == few),
            Assert(answer.data.bit_select(bit, 1) == expected),
        ]
    taken = Mux(mine & ~few, asked.count, 0)
    # Where the bit is now that is ``bit`` of what was left.
    later, then = Signal.like(bit), Signal()
    m.d.comb += later.eq(bit + taken)
    with m.If(over):
        m.d.comb += Assert(level == was - taken)
        # All bits move on by what was taken, so none of them changed: the store was not written.
        m.d.comb += Assert(then == 0)
    for _, enable in inside.writes("store"):
        m.d.comb += then.eq(enable)


def queues_hold(folder, claims, *change, channels=30, octets=32, width=8):
    module = planted("hdl.core.stream", BEGINS, *change)
    queues = module.BitQueues(channels, octets, width)

    def any_of(m, queues, inside, channel, bit):
        before = Signal(len(channel)), Signal(len(bit)), Signal()
        m.d.sync += [before[0].eq(channel), before[1].eq(bit), before[2].eq(1)]
        m.d.comb += Assume(~before[2] | ((before[0] == channel) & (before[1] == bit)))
        claims(m, queues, inside, channel, bit)

    latency = queues.latency if claims is takes else 2
    number = max(1, (channels - 1).bit_length())
    free = Free(queues, any_of, inside=True, channel=number, bit=(8 * octets).bit_length())
    return holds(folder, free, latency + 2, filled=False)


def test_octets_go_behind_all_others(tmp_path):
    assert queues_hold(tmp_path, puts)


@pytest.mark.parametrize(
    "sizes", [(2, 4, 8), pytest.param((30, 32, 8), marks=pytest.mark.long)], ids=str
)
def test_requests_take_the_first_bits(sizes, tmp_path):
    channels, octets, width = sizes
    assert queues_hold(tmp_path, takes, channels=channels, octets=octets, width=width)


@pytest.mark.parametrize(
    "claims, change",
    [
        (puts, ("(fill != self.octets)", "(fill <= self.octets)")),
        (
            puts,
            (
                "store_write.addr.eq(Cat(row.written[:index], channel))",
                "store_write.addr.eq(Cat(row.read[3 : index + 3], channel))",
            ),
        ),
        (takes, ("underrun.eq(bits < count)", "underrun.eq(bits <= count)")),
        (takes, ("position.eq(row.read + taking)", "position.eq(row.read + 1)")),
    ],
)
def test_errors_of_queues_are_found(claims, change, tmp_path):
    assert not queues_hold(tmp_path, claims, change, channels=2, octets=4)
