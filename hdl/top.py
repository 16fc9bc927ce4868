"""Board-independent tops."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from golden.equalizer import FEEDBACK, FORWARD
from hdl.csr import word_layout
from hdl.decoder import Decoder
from hdl.encoder import Encoder
from hdl.generator import Generator
from hdl.mapper import Demapper
from hdl.receiver import Receiver
from hdl.stream import octet_layout, pass_on
from hdl.tdm import Highway


class Bank(wiring.Component):
    """Digital modem encoders, or signal generators, on a PCM highway: 30 of them are an E1.

    The highway's clock paces the encoder; the design's clock must serve both
    (:class:`hdl.encoder.Encoder`, :class:`hdl.generator.Generator`, :class:`hdl.tdm.Highway`).

    Parameters: ``channels``; ``slots`` of the highway, 32 or 24; ``queue_octets`` of each channel;
    ``signals``: generators, of all signals of phases 3 and 4, and not encoders.

    Members
    -------
    i_configuration : In(stream), channel; address; data. In its place, with ``signals``:
    i_command : In(stream), channel; data; last
    i_data : In(stream), channel; octet
    bit_clock, frame_sync : In(1); data, enable : Out(1): the highway
    late : Out(1), an octet was not there in time; stays 1 until reset
    underruns_channel : In, underruns : Out(16): as :class:`hdl.encoder.Encoder`'s
    """

    def __init__(self, channels=30, slots=32, queue_octets=32, signals=False):
        self.encoder = (Generator if signals else Encoder)(channels, queue_octets)
        self.highway = Highway(channels, slots)
        self.host = "i_command" if signals else "i_configuration"
        super().__init__(
            {
                self.host: self.encoder.signature.members[self.host],
                "i_data": In(stream.Signature(octet_layout(channels))),
                "bit_clock": In(1),
                "frame_sync": In(1),
                "data": Out(1),
                "enable": Out(1),
                "late": Out(1),
                "underruns_channel": In(self.encoder.underruns_channel.shape()),
                "underruns": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder = encoder = self.encoder
        m.submodules.highway = highway = self.highway
        pass_on(m, self, encoder, [self.host, "i_data"])
        connect(m, encoder.o, highway.i)
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


class AnalogueReceiver(wiring.Component):
    """Samples of the A/D to data bits: receiver, demapper and decoder of one line.

    Data frames are decoded from the receiver's START on (:mod:`hdl.receiver`), which must be the
    data frame with which data begin, and for whose mapping parameters words with a COMMIT must have
    come. A data frame's first bit comes ``latency`` cycles after its last decision at most, the
    others one a cycle.

    Parameters: ``forward``, ``feedback``, numbers of taps.

    Members
    -------
    sample, strobe, i_configuration, o_event, state, training, number, step, quality_symbol,
    quality : as those of :class:`hdl.receiver.Receiver`
    i_parameters : In(stream), words of ``hdl.csr``
    decision : Out, the receiver's DECISION, with decided : Out(1) for a cycle
    o : Out(stream), bit; first, 1 in the first bit of a data frame. Decisions wait while a data
        frame's bits are not taken.
    unknown, overflows : Out(16), as those of :class:`hdl.mapper.Demapper` and
        :class:`hdl.decoder.Decoder`
    """

    # A decision is over when its label is taken.
    latency = Decoder.latency

    def __init__(self, forward=FORWARD, feedback=FEEDBACK):
        self.receiver = Receiver(forward, feedback)
        self.demapper, self.decoder = Demapper(), Decoder()
        members = dict(self.receiver.signature.members)
        self.passed = [name for name in members if name != "o"]
        decision = members.pop("o").signature.members["payload"].shape
        super().__init__(
            {
                **members,
                "i_parameters": In(stream.Signature(word_layout())),
                "decision": Out(decision),
                "decided": Out(1),
                "o": self.decoder.signature.members["o"],
                "unknown": Out(16),
                "overflows": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.demapper = demapper = self.demapper
        m.submodules.decoder = decoder = self.decoder
        pass_on(m, self, receiver, self.passed)
        connect(m, flipped(self.i_parameters), demapper.i_configuration)
        connect(m, demapper.o_configuration, decoder.i_configuration)
        connect(m, demapper.o, decoder.i)
        connect(m, decoder.o, flipped(self.o))
        decided = receiver.o.payload
        m.d.comb += [
            demapper.i.valid.eq(receiver.o.valid & ~receiver.training),
            receiver.o.ready.eq(demapper.i.ready | receiver.training),
            demapper.i.payload.ucode.eq(decided.ucode),
            demapper.i.payload.sign.eq(decided.sign),
            demapper.i.payload.interval.eq(decided.interval),
            self.decision.eq(decided),
            self.decided.eq(receiver.o.valid & receiver.o.ready),
            self.unknown.eq(demapper.unknown),
            self.overflows.eq(decoder.overflows),
        ]
        return m
