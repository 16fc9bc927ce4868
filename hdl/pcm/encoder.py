"""Clause 5.4/V.90 assembled as a bank: data octets of many channels to PCM octets in slot order."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.pcm.parameters import INTERVALS
from hdl.bits.scrambler import Scrambler
from hdl.core.channels import channel_shape
from hdl.core.stream import BitQueues, Counters, octet_layout, pass_on
from hdl.pcm.csr import configuration_words, word_layout, write_signature
from hdl.pcm.mapper import Mapper
from hdl.pcm.modulus import R0_BITS, ModulusEncoder
from hdl.pcm.multiplexer import Multiplexer, pcm_layout
from hdl.pcm.sequencer import DATA_BITS, Sequencer, frame_layout
from hdl.pcm.shaper import Shaper
from hdl.pcm.signs import DifferentialEncoder

__all__ = ["Datapath", "Encoder", "configuration_words"]


class Datapath(wiring.Component):
    """Clause 5.4 from a data frame's bits on, for an encoder and for a generator of signals.

    Data frames leave the shaper in the order in which they came. Throughput is that of
    :class:`Encoder`.

    Parameters: ``channels``; ``idle``, the octet of a channel that is not active; ``signals``,
    whether there are data frames that are not encoded.

    Members
    -------
    i_configuration : In(stream of write_layout(channels))  words with their half; always ready
    i : In(stream of frame_layout(channels, signals))  data frames
    o : Out(stream of pcm_layout(channels))  PCM octets in slot order
    done : Out(1)                 for one cycle when a data frame has left the shaper
    started : Out(1)              with ``done``: that data frame had ``initialise``
    plain_place : In(PLAIN_BITS)  as of :class:`hdl.pcm.multiplexer.Multiplexer`, with ``signals``
    plain_octet : In(8)           likewise
    plain_write : In(1)           likewise
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
        header = {"half": 1, "active": 1}
        tags = {**header, "sr": 2, **self.extra, **dict.fromkeys(["direct"] * self.signals, 1)}
        carried = {**header, **self.extra, "number": R0_BITS}
        later = data.StructLayout({"initialise": 1, "active": 1, **self.extra, "signs": INTERVALS})
        m.submodules.scrambler = scrambler = Scrambler(
            n, width=DATA_BITS, tag=data.StructLayout(tags)
        )
        m.submodules.signs = signs = DifferentialEncoder(
            n, tag=data.StructLayout(carried), direct=self.signals
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
        self._to_scrambler(m, scrambler.i)
        self._to_signs(m, scrambler.o, signs.i)
        self._to_labels(m, signs.o, modulus.i)
        self._to_shaper(m, modulus.o, mapper, shaper.i)
        m.d.comb += [
            self.done.eq(shaper.o.valid & shaper.o.ready),
            self.started.eq(self.done & shaper.o.payload.initialise),
        ]
        if self.signals:
            pass_on(m, self, multiplexer, ("plain_place", "plain_octet", "plain_write"))
        return m

    def _extra(self, of):
        return [of[name] for name in self.extra]

    def _direct(self, of):
        return {"direct": of.direct} if self.signals else {}

    def _to_scrambler(self, m, target):
        p = self.i.payload
        tag = Cat(p.half, p.active, p.sr, *self._extra(p), *self._direct(p).values())
        fields = {name: p[name] for name in ("channel", "initialise", "count", "data")}
        _link(m, self.i, target, **fields, tag=tag)

    def _to_signs(self, m, source, target):
        """5.4.2: the first S bits of a data frame are its sign bits. S = 6 - Sr."""
        p = source.payload
        number = Signal(R0_BITS)
        bits = Signal(INTERVALS)
        with m.Switch(p.tag.sr):
            for sr in range(4):
                with m.Case(sr):
                    m.d.comb += number.eq(p.data[INTERVALS - sr :])
                    m.d.comb += bits.eq(p.data[: INTERVALS - sr])
        tag = Cat(p.tag.half, p.tag.active, *self._extra(p.tag), number)
        fields = {"channel": p.channel, "initialise": p.initialise, "sr": p.tag.sr, "bits": bits}
        _link(m, source, target, **fields, tag=tag, **self._direct(p.tag))

    def _to_labels(self, m, source, target):
        p = source.payload
        tag = Cat(p.initialise, p.tag.active, *self._extra(p.tag), p.bits)
        _link(m, source, target, channel=p.channel, half=p.tag.half, number=p.tag.number, tag=tag)

    def _to_shaper(self, m, source, mapper, target):
        p = source.payload
        fields = {name: p[name] for name in ("channel", "half", "labels", "tag")}
        _link(m, source, mapper.i, **fields)
        p = mapper.o.payload
        fields = {name: p[name] for name in ("channel", "half", "ucodes")}
        fields |= {name: p.tag[name] for name in ("initialise", "active", "signs")}
        fields["tag"] = p.tag.begins if self.signals else 0
        if self.signals:
            fields["plain"] = p.tag.plain
        _link(m, mapper.o, target, **fields)


def _link(m, source, target, **fields):
    """Join two streams; the target's payload has these fields."""
    m.d.comb += [target.valid.eq(source.valid), source.ready.eq(target.ready)]
    m.d.comb += [target.payload[name].eq(value) for name, value in fields.items()]


class Encoder(wiring.Component):
    """A bank of digital modem encoders on one datapath: data octets to PCM octets (5.4).

    Every channel has its own parameters, state and data queue. Blocks work on different channels at
    the same time. Bit-exact with :class:`golden.pcm.encoder.Encoder` for each channel.

    Latency: octets come out three data frames after their bits went in. Throughput: octets come as
    fast as they are taken, 6 for each channel and data frame. A data frame of a channel takes at
    most ``cycles_per_frame`` = 280 cycles, whatever its Sr and ld. That many are needed only when
    all channels begin anew; otherwise it takes at most 235 with ld = 3, and 160 with less. So 8000
    PCM frames a second need a clock of at least ``channels * 280 * 8000 / 6`` Hz.

    Parameters: ``channels``, 1 to 256; ``queue_octets`` of each channel, a power of two; ``idle``,
    the octet that a channel sends before it has parameters (E1's idle pattern 0xD5 is A-law +0).
    Raises ``ValueError`` for another number of channels.

    Members
    -------
    i_configuration : In(stream of word_layout(channels))  words of ``configuration_words``
    i_data : In(stream of octet_layout(channels))  data octets, first bit in bit 0
    look : In(1)         as of :class:`hdl.core.stream.BitQueues`
    room : Out(range(queue_octets + 1))  as of :class:`hdl.core.stream.BitQueues`
    o : Out(stream of pcm_layout(channels))  PCM octets in slot order; start is 1 in the first data
        frame after parameters took effect: of TRN2d or B1d
    underruns_channel : In(channel_shape(channels))  channel to read ``underruns`` of
    underruns : Out(16)  data frames that this channel sent as scrambled ones because its queue had
        too few bits; stops at 65535; settles as :class:`hdl.core.stream.Counters`
    """

    #: The slowest data frame, with initialisation at Sr = 3 and ld = 3, and handshakes.
    cycles_per_frame = 280

    def __init__(self, channels=1, queue_octets=32, idle=0xD5):
        self.channels, self.queue_octets, self.idle = channels, queue_octets, idle
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout(channels))),
                **bank_members(channels, queue_octets),
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


def bank_members(channels, queue_octets):
    """Members that an encoder and a generator share; see :class:`Encoder`."""
    if not 1 <= channels <= 256:
        raise ValueError(f"a bank has 1 to 256 channels, not {channels}")
    return {
        "i_data": In(stream.Signature(octet_layout(channels))),
        "look": In(1),
        "room": Out(range(queue_octets + 1)),
        "o": Out(stream.Signature(pcm_layout(channels))),
        "underruns_channel": In(channel_shape(channels)),
        "underruns": Out(16),
    }


def bank(m, outer, sequencer, datapath):
    """Join the parts that an encoder and a generator share: data queues, counters, octets.

    ``outer`` has ``channels``, ``queue_octets`` and :func:`bank_members`.
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
