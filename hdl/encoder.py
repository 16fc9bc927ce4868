"""Clause 5.4/V.90 assembled as a bank: data octets of many channels to PCM octets in slot order."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.parameters import DELAY_FRAMES, INTERVALS
from hdl.csr import (
    COMMIT,
    FRAME,
    FRAME_LAYOUT,
    channel_shape,
    configuration_words,
    word_layout,
    write_signature,
)
from hdl.g711 import octet
from hdl.mapper import Mapper
from hdl.modulus import NUMBER_BITS, ModulusEncoder
from hdl.scrambler import Scrambler
from hdl.shaper import Shaper
from hdl.signs import DifferentialEncoder
from hdl.stream import (
    BitQueues,
    Counters,
    answer_layout,
    octet_layout,
    pass_on,
    request_layout,
)

__all__ = ["Datapath", "Encoder", "Multiplexer", "Sequencer", "configuration_words"]

#: Most bits of a data frame: D at 56 000 bit/s.
DATA_BITS = 42

#: Bits of a place in the Multiplexer's memory of plain octets: the data frame interval, and the
#: data frame modulo 8. Between the one that is decided on and the one that is multiplexed lie six.
PLAIN_BITS = 6


def frame_layout(channels, signals=False):
    """Payload of what a :class:`Datapath` takes: a data frame of a channel.

    The half of its parameters; initialise; active, 0 before a channel has something to send; sr;
    count and data, its bits, the first in bit 0. With ``signals`` also: plain, 1 for a data frame
    that is not encoded, and has Sr = 0; direct, 1 where its scrambled bits are signs; begins, 1 for
    a signal's first data frame.
    """
    fields = {
        "channel": channel_shape(channels),
        "half": 1,
        "initialise": 1,
        "active": 1,
        "sr": 2,
        "count": range(DATA_BITS + 1),
        "data": DATA_BITS,
    }
    if signals:
        fields = {**fields, "plain": 1, "direct": 1, "begins": 1}
    return data.StructLayout(fields)


def pcm_layout(channels):
    """Payload of PCM octets.

    The channel, the octet, its data frame interval, and whether it is of the first data frame after
    new parameters took effect; of a generator, of the first data frame of a command.
    """
    return data.StructLayout(
        {"channel": channel_shape(channels), "octet": 8, "interval": 3, "start": 1}
    )


class Sequencer(wiring.Component):
    """Takes configuration words, and makes the data frames of all channels, one after the other.

    Every data frame of every channel, in the order of channels, becomes a token of D bits from the
    channel's queue (5.4.2), ones where the queue has fewer. Words go to the half of the channel's
    memory that is not in use. COMMIT puts it to use from the channel's next data frame on; further
    words wait until that data frame has left the shaper (``i_started``), so that no data frame sees
    parameters of another. Words for a channel that there is not are dropped.

    Members
    -------
    i_configuration : In(stream), channel, address, data
    o_configuration : Out(stream), the words with the half that they belong to
    o_request, i_bits : streams to and from :class:`hdl.stream.BitQueues`
    o : Out(stream), :func:`frame_layout`; active is 0 before the first parameters
    i_started : In(1), for one cycle when a data frame with ``initialise`` has left the shaper
    underrun : Out(1), for one cycle when ``underrun_channel`` sends ones for want of data
    """

    def __init__(self, channels=1):
        self.channels = channels
        number = channel_shape(channels)
        self.layout = frame_layout(channels)
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout(channels))),
                "o_configuration": Out(write_signature(channels)),
                "o_request": Out(stream.Signature(request_layout(channels, DATA_BITS))),
                "i_bits": In(stream.Signature(answer_layout(DATA_BITS))),
                "o": Out(stream.Signature(self.layout)),
                "i_started": In(1),
                "underrun": Out(1),
                "underrun_channel": Out(number),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = Memory(shape=2, depth=self.channels, init=[])
        m.submodules.frames = frames = Memory(
            shape=FRAME_LAYOUT.size, depth=2 * self.channels, init=[]
        )
        row_read, row_write = rows.read_port(), rows.write_port()
        frame_read, frame_write = frames.read_port(), frames.write_port()
        token = Signal(self.layout)
        word = self.i_configuration.payload
        wanted = data.View(FRAME_LAYOUT, frame_read.data)
        # A commit on its way: waiting for its channel's next data frame, then in the pipeline.
        waiting, started = Signal(), Signal()
        cleared = Signal()
        commit_channel = Signal(channel_shape(self.channels))
        # The data frames' turn to read a row; otherwise it is the words'.
        row_turn = Signal()
        half, active = row_read.data[0], row_read.data[1]
        begins = waiting & (commit_channel == token.channel)
        out = self.o_configuration.payload
        m.d.comb += [
            row_read.addr.eq(Mux(row_turn, token.channel, word.channel)),
            row_write.addr.eq(token.channel),
            out.channel.eq(word.channel),
            out.half.eq(~half),
            out.address.eq(word.address),
            out.data.eq(word.data),
            frame_write.addr.eq(Cat(out.half, out.channel)),
            frame_write.data.eq(out.data),
            frame_write.en.eq(self.o_configuration.valid & (out.address == FRAME)),
            frame_read.addr.eq(Cat(token.half, token.channel)),
            self.o_request.payload.channel.eq(token.channel),
            self.o_request.payload.count.eq(token.count),
            self.o.payload.eq(token),
            self.underrun_channel.eq(token.channel),
        ]
        with m.If(self.i_started):
            m.d.sync += started.eq(0)
        with m.FSM(name="configuration"):
            with m.State("IDLE"):
                with m.If(
                    self.i_configuration.valid & cleared & ~waiting & ~started & ~row_turn
                ):
                    m.next = "WORD"
            with m.State("WORD"):
                exists = word.channel < self.channels
                commits = exists & (word.address == COMMIT)
                m.d.comb += self.o_configuration.valid.eq(exists & ~commits)
                with m.If(~exists | commits | self.o_configuration.ready):
                    m.d.comb += self.i_configuration.ready.eq(1)
                    m.next = "IDLE"
                with m.If(commits):
                    m.d.sync += [waiting.eq(1), commit_channel.eq(word.channel)]
        with m.FSM(name="frames"):
            with m.State("CLEAR"):
                m.d.comb += row_write.en.eq(1)
                m.d.sync += token.channel.eq(token.channel + 1)
                with m.If(token.channel == self.channels - 1):
                    m.d.sync += [token.channel.eq(0), cleared.eq(1)]
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += row_turn.eq(~self.o_configuration.valid | self.o_configuration.ready)
                with m.If(row_turn):
                    m.next = "ROW"
            with m.State("ROW"):
                m.d.sync += [
                    token.half.eq(half ^ begins),
                    token.active.eq(active | begins),
                    token.initialise.eq(begins),
                ]
                m.d.comb += [
                    row_write.data.eq(Cat(half ^ begins, active | begins)),
                    row_write.en.eq(1),
                ]
                with m.If(begins):
                    m.d.sync += [waiting.eq(0), started.eq(1)]
                m.next = "READ"
            with m.State("READ"):
                m.next = "FRAME"
            with m.State("FRAME"):
                m.d.sync += [token.sr.eq(wanted.sr), token.count.eq(wanted.data_bits)]
                m.next = "TOKEN"
                with m.If(token.active):
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                m.d.comb += self.o_request.valid.eq(1)
                with m.If(self.o_request.ready):
                    m.next = "BITS"
            with m.State("BITS"):
                m.d.comb += self.i_bits.ready.eq(1)
                m.d.sync += token.data.eq(self.i_bits.payload.data)
                with m.If(self.i_bits.valid):
                    m.d.comb += self.underrun.eq(self.i_bits.payload.underrun)
                    m.next = "TOKEN"
            with m.State("TOKEN"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += token.channel.eq(
                        Mux(token.channel == self.channels - 1, 0, token.channel + 1)
                    )
                    m.next = "IDLE"
        return m


class Multiplexer(wiring.Component):
    """Sign assignment and multiplexer (5.4.6 and 5.4.7/V.90) of a bank.

    Keeps each channel's data frames until their inversions are known, then puts the octets into
    time-slot order: octet 0 of every channel, octet 1 of every channel, and so on. Two data frames
    of all channels are buffered, so that one is sent while the other is made. 8 cycles a data
    frame in; an octet every 2 cycles out.

    Parameters: ``channels``; ``layout``, of the shaper's output; ``idle``, the octet of a channel
    that is not active. Where the layout has ``plain``, the octets of such a data frame are those
    that were written, their signs turned where its own are positive; and ``start`` is the tag.

    Members
    -------
    i : In(stream), as :class:`hdl.shaper.Shaper` gives it
    o : Out(stream), PCM octets
    plain_place : In(PLAIN_BITS), plain_octet : In(8), plain_write : In(1), where there is plain:
        octets of the data frame that is the n-th to come, counted from reset modulo 8
    """

    def __init__(self, channels, layout, idle):
        self.channels, self.idle = channels, idle
        self.plain = any(name == "plain" for name, _ in layout)
        members = {
            "i": In(stream.Signature(layout)),
            "o": Out(stream.Signature(pcm_layout(channels))),
        }
        if self.plain:
            members |= {"plain_place": In(PLAIN_BITS), "plain_octet": In(8), "plain_write": In(1)}
        super().__init__(members)

    def _plain(self, m, token, made, interval, rests):
        """Octets that are there already, in place of those of Ucodes."""
        m.submodules.plain = plain = Memory(shape=8, depth=1 << PLAIN_BITS, init=[])
        read, write = plain.read_port(), plain.write_port()
        number = Signal(PLAIN_BITS - len(interval))
        m.d.comb += [
            write.addr.eq(self.plain_place),
            write.data.eq(self.plain_octet),
            write.en.eq(self.plain_write),
            read.addr.eq(Cat(Mux(rests, 0, (interval + 1)[: len(interval)]), number)),
            made.start.eq(token.tag),
        ]
        with m.If(token.plain):
            sign = token.signs.bit_select(interval, 1)
            m.d.comb += made.octet.eq(read.data ^ (sign << 7))
        # The next data frame's, once the last octet of this one is read.
        with m.If(~rests & (interval == INTERVALS - 1)):
            m.d.sync += number.eq(number + 1)

    def elaborate(self, platform):
        m = Module()
        # An octet with its sign as it is before shaping, and whether it is the first data frame.
        entry = data.StructLayout({"octet": 8, "start": 1})
        m.submodules.waiting = waiting = Memory(
            shape=entry.size, depth=self.channels * 32, init=[]
        )
        m.submodules.ready = ready = Memory(shape=entry.size, depth=self.channels * 16, init=[])
        wait_read, wait_write = waiting.read_port(), waiting.write_port()
        ready_read, ready_write = ready.read_port(), ready.write_port()
        token = Signal(self.i.payload.shape())
        interval, before = Signal(3), Signal(3)
        frame = Signal(range(DELAY_FRAMES + 1))
        frames_known = Signal(range(DELAY_FRAMES + 1))
        writing = Signal(2)  # buffers filled, the one being filled being its low bit
        sent = Signal(2)
        filled = (writing - sent)[:2]
        made = Signal(entry)
        old = data.View(entry, wait_read.data)
        inversion = token.inversions.bit_select(before, 1)
        known = frames_known == DELAY_FRAMES
        m.d.comb += [
            made.octet.eq(octet(token.ucodes[interval], token.signs.bit_select(interval, 1),
                                token.law)),
            made.start.eq(token.initialise),
            wait_read.addr.eq(Cat(interval, (frame + 1)[:2], token.channel)),
            wait_write.addr.eq(Cat(interval, frame, token.channel)),
            wait_write.data.eq(
                Mux(token.active, made, Const(self.idle, entry.size))
            ),
            ready_write.addr.eq(Cat(before, writing[0], token.channel)),
            ready_write.data.eq(
                Mux(known, Cat(old.octet ^ (inversion << 7), old.start),
                    Const(self.idle, entry.size))
            ),
        ]  # fmt: skip
        rests = Signal()
        if self.plain:
            self._plain(m, token, made, interval, rests)
        with m.FSM(name="make"):
            with m.State("IDLE"):
                m.d.comb += [self.i.ready.eq(filled != 2), rests.eq(1)]
                m.d.sync += [token.eq(self.i.payload), interval.eq(0)]
                with m.If(self.i.valid & self.i.ready):
                    m.next = "OCTETS"
            with m.State("OCTETS"):
                m.d.comb += [
                    wait_write.en.eq(interval != INTERVALS),
                    ready_write.en.eq(interval != 0),
                ]
                m.d.sync += [interval.eq(interval + 1), before.eq(interval)]
                with m.If(interval == INTERVALS):
                    m.next = "IDLE"
                    with m.If(token.channel == self.channels - 1):
                        m.d.sync += [frame.eq(frame + 1), writing.eq(writing + 1)]
                        with m.If(~known):
                            m.d.sync += frames_known.eq(frames_known + 1)
        m.submodules.send = send = _Sender(self.channels, entry)
        m.d.comb += [
            send.filled.eq(filled != 0),
            ready_read.addr.eq(Cat(send.interval, sent[0], send.channel)),
            send.entry.eq(ready_read.data),
        ]
        with m.If(send.done):
            m.d.sync += sent.eq(sent + 1)
        connect(m, send.o, flipped(self.o))
        return m


class _Sender(wiring.Component):
    """Walks over a filled buffer in time-slot order."""

    def __init__(self, channels, entry):
        self.channels = channels
        super().__init__(
            {
                "filled": In(1),
                "entry": In(entry),
                "channel": Out(channel_shape(channels)),
                "interval": Out(3),
                "done": Out(1),
                "o": Out(stream.Signature(pcm_layout(channels))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        last_channel = self.channel == self.channels - 1
        m.d.comb += [
            self.o.payload.channel.eq(self.channel),
            self.o.payload.interval.eq(self.interval),
            self.o.payload.octet.eq(self.entry.octet),
            self.o.payload.start.eq(self.entry.start),
        ]
        with m.FSM():
            with m.State("READ"):
                with m.If(self.filled):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "READ"
                    m.d.sync += self.channel.eq(Mux(last_channel, 0, self.channel + 1))
                    with m.If(last_channel):
                        m.d.sync += self.interval.eq(self.interval + 1)
                        with m.If(self.interval == INTERVALS - 1):
                            m.d.sync += self.interval.eq(0)
                            m.d.comb += self.done.eq(1)
        return m


class Datapath(wiring.Component):
    """Clause 5.4 from a data frame's bits on: what an encoder and a generator have in common.

    Throughput and number formats as :class:`Encoder`'s; data frames leave the shaper in the order
    in which they came.

    Parameters: ``channels``; ``idle``, the octet of a channel that is not active; ``signals``,
    whether there are data frames that are not encoded.

    Members
    -------
    i_configuration : In(stream, always ready), words with their half
    i : In(stream), :func:`frame_layout`
    o : Out(stream), PCM octets; start as :class:`Multiplexer` has it
    done : Out(1), for one cycle when a data frame has left the shaper; started : Out(1), and when
        it is one with ``initialise``
    plain_place, plain_octet, plain_write : as those of :class:`Multiplexer`, with ``signals``
    """

    def __init__(self, channels, idle, signals=False):
        self.channels, self.signals = channels, signals
        self.extra = {"plain": 1, "begins": 1} if signals else {}
        self.shaper = Shaper(channels, plain=signals)
        self.multiplexer = Multiplexer(channels, self.shaper.o_layout, idle)
        plain = [name for name in self.multiplexer.signature.members if name.startswith("plain")]
        super().__init__(
            {
                "i_configuration": In(write_signature(channels)),
                "i": In(stream.Signature(frame_layout(channels, signals))),
                "o": Out(stream.Signature(pcm_layout(channels))),
                "done": Out(1),
                "started": Out(1),
                **{name: self.multiplexer.signature.members[name] for name in plain},
            }
        )

    def elaborate(self, platform):
        m = Module()
        n = self.channels
        tags = data.StructLayout({"half": 1, "active": 1, "sr": 2, **self.extra,
                                  **dict.fromkeys(["direct"] * self.signals, 1)})  # fmt: skip
        later = data.StructLayout({"initialise": 1, "active": 1, **self.extra, "signs": INTERVALS})
        m.submodules.scrambler = scrambler = Scrambler(n, width=DATA_BITS, tag=tags)
        m.submodules.signs = signs = DifferentialEncoder(
            n,
            tag=data.StructLayout({"half": 1, "active": 1, **self.extra, "number": NUMBER_BITS}),
            direct=self.signals,
        )
        m.submodules.modulus = modulus = ModulusEncoder(n, tag=later)
        m.submodules.mapper = mapper = Mapper(n, tag=later)
        m.submodules.shaper = shaper = self.shaper
        m.submodules.multiplexer = multiplexer = self.multiplexer
        connect(m, shaper.o, multiplexer.i)
        connect(m, multiplexer.o, flipped(self.o))
        m.d.comb += self.i_configuration.ready.eq(1)
        for block in (modulus, mapper, shaper):
            m.d.comb += [
                block.i_configuration.payload.eq(self.i_configuration.payload),
                block.i_configuration.valid.eq(self.i_configuration.valid),
            ]

        def link(source, target, **fields):
            m.d.comb += [target.valid.eq(source.valid), source.ready.eq(target.ready)]
            m.d.comb += [target.payload[name].eq(value) for name, value in fields.items()]

        def extra(of):
            return [of[name] for name in self.extra]

        p = self.i.payload
        direct = {"direct": p.direct} if self.signals else {}
        link(
            self.i, scrambler.i, channel=p.channel, initialise=p.initialise, count=p.count,
            data=p.data, tag=Cat(p.half, p.active, p.sr, *extra(p), *direct.values()),
        )  # fmt: skip
        p = scrambler.o.payload
        # 5.4.2: the first S bits of a data frame are its sign bits. S = 6 - Sr.
        number = Signal(NUMBER_BITS)
        bits = Signal(INTERVALS)
        with m.Switch(p.tag.sr):
            for sr in range(4):
                with m.Case(sr):
                    m.d.comb += number.eq(p.data[INTERVALS - sr :])
                    m.d.comb += bits.eq(p.data[: INTERVALS - sr])
        link(
            scrambler.o, signs.i, channel=p.channel, initialise=p.initialise, sr=p.tag.sr,
            bits=bits, tag=Cat(p.tag.half, p.tag.active, *extra(p.tag), number),
            **{name: p.tag[name] for name in direct},
        )  # fmt: skip
        p = signs.o.payload
        link(
            signs.o, modulus.i, channel=p.channel, half=p.tag.half, number=p.tag.number,
            tag=Cat(p.initialise, p.tag.active, *extra(p.tag), p.bits),
        )  # fmt: skip
        p = modulus.o.payload
        link(modulus.o, mapper.i, channel=p.channel, half=p.half, labels=p.labels, tag=p.tag)
        p = mapper.o.payload
        plain = {"plain": p.tag.plain} if self.signals else {}
        link(
            mapper.o, shaper.i, channel=p.channel, half=p.half, ucodes=p.ucodes,
            initialise=p.tag.initialise, active=p.tag.active, signs=p.tag.signs,
            tag=p.tag.begins if self.signals else 0, **plain,
        )  # fmt: skip
        m.d.comb += [
            self.done.eq(shaper.o.valid & shaper.o.ready),
            self.started.eq(self.done & shaper.o.payload.initialise),
        ]
        if self.signals:
            pass_on(m, self, multiplexer, ("plain_place", "plain_octet", "plain_write"))
        return m


class Encoder(wiring.Component):
    """A bank of digital modem encoders on one datapath.

    Every channel has its own parameters, state and data queue. A data frame of a channel takes
    at most ``cycles_per_frame`` = 280 cycles, whatever its Sr and ld, and that only when all
    channels begin anew; otherwise at most 235 with ld = 3, and 160 with less. Blocks work on
    different channels at the same time. Octets come out three data frames after their bits went in,
    and as fast as they are taken, 6 per channel and data frame; at 8000 PCM frames a second that
    needs a clock of at least ``channels`` * 280 * 8000 / 6 Hz. Bit-exact with
    :class:`golden.encoder.Encoder` for each channel.

    Parameters: ``channels``, 1 to 256; ``queue_octets``, a power of two, for each channel;
    ``idle``, the octet that a channel sends before it has parameters (E1's idle pattern 0xD5 is
    A-law +0).

    Members
    -------
    i_configuration : In(stream), channel; address; data (``configuration_words`` makes them)
    i_data : In(stream), channel; octet, first bit in bit 0
    look : In(1), room : Out, of ``i_data``: as those of :class:`hdl.stream.BitQueues`
    o : Out(stream), channel; octet; interval, of the data frame; start, 1 in the first data frame
        after parameters took effect: of TRN2d or B1d
    underruns_channel : In, underruns : Out(16): data frames that a channel sent as scrambled ones
        for want of data; stops at 65535; 0 after reset. Settles as :class:`hdl.stream.Counters`.
    """

    #: A data frame with initialisation at Sr = 3 and ld = 3, the slowest, and the handshakes.
    cycles_per_frame = 280

    def __init__(self, channels=1, queue_octets=32, idle=0xD5):
        if not 1 <= channels <= 256:
            raise ValueError(f"a bank has 1 to 256 channels, not {channels}")
        self.channels, self.queue_octets, self.idle = channels, queue_octets, idle
        number = channel_shape(channels)
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout(channels))),
                "i_data": In(stream.Signature(octet_layout(channels))),
                "look": In(1),
                "room": Out(range(queue_octets + 1)),
                "o": Out(stream.Signature(pcm_layout(channels))),
                "underruns_channel": In(number),
                "underruns": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        n = self.channels
        m.submodules.sequencer = sequencer = Sequencer(n)
        m.submodules.datapath = datapath = Datapath(n, self.idle)
        m.d.comb += sequencer.i_started.eq(datapath.started)
        connect(m, flipped(self.i_configuration), sequencer.i_configuration)
        bank(m, self, sequencer, datapath)
        return m


def bank(m, outer, sequencer, datapath):
    """Join what an encoder and a generator have alike: queues of data, counters, octets.

    ``outer`` has ``channels``, ``queue_octets`` and the members ``i_data``, ``look``, ``room``,
    ``o``, ``underruns_channel`` and ``underruns``.
    """
    m.submodules.queues = queues = BitQueues(outer.channels, outer.queue_octets, DATA_BITS)
    m.submodules.underruns = underruns = Counters(outer.channels)
    m.d.comb += [
        underruns.event.eq(sequencer.underrun),
        underruns.channel.eq(sequencer.underrun_channel),
        underruns.read_channel.eq(outer.underruns_channel),
        outer.underruns.eq(underruns.count),
    ]
    pass_on(m, outer, queues, ("look", "room"))
    connect(m, flipped(outer.i_data), queues.i)
    connect(m, sequencer.o_request, queues.i_request)
    connect(m, queues.o, sequencer.i_bits)
    connect(m, sequencer.o_configuration, datapath.i_configuration)
    connect(m, sequencer.o, datapath.i)
    connect(m, datapath.o, flipped(outer.o))
