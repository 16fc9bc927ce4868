"""Tops of banks for any board: encoders or generators of signals on a PCM highway."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from golden.errors import V90Error
from golden.ports.link import Information, Top
from hdl.core.stream import pass_on
from hdl.pcm.encoder import Encoder
from hdl.ports.link import HostLink
from hdl.ports.tdm import Gatherer, Highway
from hdl.ports.uart import UartReceiver, UartTransmitter, cycles_of
from hdl.signals.generator import Generator


class Bank(wiring.Component):
    """Digital modem encoders, or signal generators, on a PCM highway: 30 of them are an E1.

    The highway's clock paces the bank. The design's clock must serve both
    (:class:`hdl.pcm.encoder.Encoder`, :class:`hdl.signals.generator.Generator`,
    :class:`hdl.ports.tdm.Highway`).

    Parameters: ``channels``; ``slots`` of the highway, 32 or 24; ``queue_octets`` of each channel;
    ``signals``: generators of all signals of phases 3 and 4 in place of encoders; ``highways``,
    which share clock and frame sync: channel n is on highway n modulo ``highways``. Raises
    :class:`~golden.errors.V90Error` for channels that ``highways`` do not divide.

    Members
    -------
    i_configuration : In(stream of word_layout(channels))  without ``signals``: as of
        :class:`hdl.pcm.encoder.Encoder`
    i_command : In(stream of command_layout(channels))  with ``signals``: as of
        :class:`hdl.signals.generator.Generator`
    i_data : In(stream of octet_layout(channels))  data octets, first bit in bit 0
    look : In(1)          as of :class:`hdl.core.stream.BitQueues`
    room : Out(range(queue_octets + 1))  as of :class:`hdl.core.stream.BitQueues`
    bit_clock : In(1)     of the highway, asynchronous
    frame_sync : In(1)    of the highway, asynchronous
    data : Out(highways)  a bit for each highway
    enable : Out(1)       1 in slots of the bank
    late : Out(1)         an octet was not there in time; stays 1 until reset
    underruns_channel : In(channel_shape(channels))  as of :class:`hdl.pcm.encoder.Encoder`
    underruns : Out(16)   as of :class:`hdl.pcm.encoder.Encoder`
    """

    def __init__(self, channels=30, slots=32, queue_octets=32, signals=False, highways=1):
        if channels % highways:
            raise V90Error(f"{channels} channels cannot share {highways} highways evenly")
        self.encoder = (Generator if signals else Encoder)(channels, queue_octets)
        self.highway = Highway(channels // highways, slots, lines=highways)
        self.host = "i_command" if signals else "i_configuration"
        self.passed = (self.host, "i_data", "look", "room")
        members = self.encoder.signature.members
        super().__init__(
            {
                **{name: members[name] for name in self.passed},
                "bit_clock": In(1),
                "frame_sync": In(1),
                "data": Out(highways),
                "enable": Out(1),
                "late": Out(1),
                "underruns_channel": members["underruns_channel"],
                "underruns": members["underruns"],
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder = encoder = self.encoder
        m.submodules.highway = highway = self.highway
        pass_on(m, self, encoder, self.passed)
        if highway.lines == 1:
            connect(m, encoder.o, highway.i)
        else:
            m.submodules.gatherer = gatherer = Gatherer(highway.channels, highway.lines)
            connect(m, encoder.o, gatherer.i)
            connect(m, gatherer.o, highway.i)
        m.d.comb += [
            highway.bit_clock.eq(self.bit_clock),
            highway.frame_sync.eq(self.frame_sync),
            self.data.eq(highway.data),
            self.enable.eq(highway.enable),
            self.late.eq(highway.late),
            encoder.underruns_channel.eq(self.underruns_channel),
            self.underruns.eq(encoder.underruns),
        ]
        return m


class LinkedBank(wiring.Component):
    """A :class:`Bank` whose host is on a UART (:class:`hdl.ports.link.HostLink`).

    A word's address is that of ``hdl.pcm.csr``; with ``signals`` it is 1 for a command's last word,
    and else 0. A channel's state is its underruns, the lowest octet first; whether the highway was
    late; and one octet that the link adds.

    Parameters: those of :class:`Bank`; ``clock`` in Hz and ``baud`` in bit/s.

    Members
    -------
    rx : In(1)            from the host's UART, asynchronous
    tx : Out(1)           to the host's UART
    bit_clock : In(1)     as of :class:`Bank`
    frame_sync : In(1)    as of :class:`Bank`
    data : Out(highways)  as of :class:`Bank`
    enable : Out(1)       as of :class:`Bank`
    late : Out(1)         as of :class:`Bank`
    """

    #: Octets of a channel's state.
    status = 4

    def __init__(
        self, channels=30, slots=32, clock=24e6, baud=1e6, signals=True, queue_octets=32, highways=1
    ):
        cycles = cycles_of(clock, baud)
        self.bank = Bank(channels, slots, queue_octets, signals, highways)
        self.signals = signals
        self.information = Information(
            Top.SIGNALS if signals else Top.ENCODERS,
            channels,
            queue_octets,
            slots,
            self.status,
            int(clock),
            int(baud),
            "generator tdm" if signals else "encoder tdm",
        )
        self.link = HostLink(self.information)
        self.receiver, self.transmitter = UartReceiver(cycles), UartTransmitter(cycles)
        self.passed = ("bit_clock", "frame_sync", "data", "enable", "late")
        members = self.bank.signature.members
        super().__init__(
            {"rx": In(1), "tx": Out(1), **{name: members[name] for name in self.passed}}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = self.bank
        m.submodules.link = link = self.link
        m.submodules.receiver = receiver = self.receiver
        m.submodules.transmitter = transmitter = self.transmitter
        pass_on(m, self, bank, self.passed)
        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        connect(m, link.o_data, bank.i_data)
        word, host = link.o_word, getattr(bank, bank.host)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            bank.look.eq(link.look),
            link.room.eq(bank.room),
            bank.underruns_channel.eq(link.channel),
            link.state.eq(Cat(bank.underruns, bank.late, Const(0, 7))),
            host.valid.eq(word.valid),
            word.ready.eq(host.ready),
            host.payload.channel.eq(word.payload.channel),
            host.payload.data.eq(word.payload.data),
        ]
        if self.signals:
            m.d.comb += host.payload.last.eq(word.payload.address)
        else:
            m.d.comb += host.payload.address.eq(word.payload.address)
        return m
