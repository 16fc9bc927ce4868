"""Board-independent tops."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.csr import word_layout
from hdl.encoder import Encoder
from hdl.stream import octet_layout
from hdl.tdm import Highway


class Bank(wiring.Component):
    """Digital modem encoders on a PCM highway: 30 of them are an E1.

    The highway's clock paces the encoder; the design's clock must serve both
    (:class:`hdl.encoder.Encoder`, :class:`hdl.tdm.Highway`).

    Parameters: ``channels``; ``slots`` of the highway, 32 or 24; ``queue_octets`` of each channel.

    Members
    -------
    i_configuration : In(stream), channel; address; data
    i_data : In(stream), channel; octet
    bit_clock, frame_sync : In(1); data, enable : Out(1): the highway
    late : Out(1), an octet was not there in time; stays 1 until reset
    underruns_channel : In, underruns : Out(16): as :class:`hdl.encoder.Encoder`'s
    """

    def __init__(self, channels=30, slots=32, queue_octets=32):
        self.encoder = Encoder(channels, queue_octets)
        self.highway = Highway(channels, slots)
        super().__init__(
            {
                "i_configuration": In(stream.Signature(word_layout(channels))),
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
        connect(m, flipped(self.i_configuration), encoder.i_configuration)
        connect(m, flipped(self.i_data), encoder.i_data)
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
