"""A design of one's own with a block of this project: a beacon that sends one text for ever.

    python beacon.py [FILE.v]

Beside a T1 or E1 framer, or a codec, it makes a line on which somebody can try a receiver: data
mode, without a start-up, with mapping parameters that both ends know. Without FILE.v it is
simulated and compared with the golden model; with FILE.v it is written as Verilog.
"""

import sys
from pathlib import Path

import numpy as np
from amaranth.back import verilog
from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden.pcm import encoder as model
from golden.pcm.parameters import MappingParameters
from hdl.pcm.csr import configuration_words
from hdl.pcm.encoder import Encoder


class Beacon(wiring.Component):
    """Sends the octets of ``text`` again and again, encoded with ``parameters``.

    Members
    -------
    strobe : In(1)   one cycle high for each PCM octet, 8000 times a second
    octet : Out(8)   the PCM octet to send; it changes in the cycle after ``strobe``
    sends : Out(1)   the octet belongs to the text, and is not the encoder's idle octet
    """

    def __init__(self, parameters, text):
        self.words, self.text = configuration_words(parameters), bytes(text)
        super().__init__({"strobe": In(1), "octet": Out(8), "sends": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.encoder = encoder = Encoder(idle=0xFF)

        # The words that configure the encoder, once, one a transfer.
        addresses, data = (Array(column) for column in zip(*self.words, strict=True))
        at = Signal(range(len(self.words) + 1))
        m.d.comb += [
            encoder.i_configuration.valid.eq(at != len(self.words)),
            encoder.i_configuration.p.address.eq(addresses[at]),
            encoder.i_configuration.p.data.eq(data[at]),
        ]
        with m.If(encoder.i_configuration.valid & encoder.i_configuration.ready):
            m.d.sync += at.eq(at + 1)

        # The text. The encoder has a queue, and takes octets when there is room.
        text = Array(self.text)
        place = Signal(range(len(self.text)))
        m.d.comb += [encoder.i_data.valid.eq(1), encoder.i_data.p.octet.eq(text[place])]
        with m.If(encoder.i_data.ready):
            m.d.sync += place.eq(place + 1)
            with m.If(place == len(self.text) - 1):
                m.d.sync += place.eq(0)

        # The encoder is far faster than the line: a PCM octet waits until the line wants it.
        m.d.comb += encoder.o.ready.eq(self.strobe)
        with m.If(self.strobe & encoder.o.valid):
            m.d.sync += self.octet.eq(encoder.o.p.octet)
            # Parameters take effect with a data frame, which `start` marks.
            with m.If(encoder.o.p.start):
                m.d.sync += self.sends.eq(1)
        return m


def simulate(beacon, count, cycles=300):
    """``count`` octets of the text, with a strobe every so many cycles."""
    octets = []

    async def line(ctx):
        while len(octets) < count:
            ctx.set(beacon.strobe, 1)
            await ctx.tick()
            ctx.set(beacon.strobe, 0)
            await ctx.tick().repeat(cycles - 1)
            if ctx.get(beacon.sends):
                octets.append(ctx.get(beacon.octet))

    simulator = Simulator(beacon)
    simulator.add_clock(1 / 2.4e6)
    simulator.add_testbench(line)
    simulator.run()
    return octets


def main(path=None):
    """Simulate and compare, or write Verilog."""
    folder = Path(__file__).parent
    parameters = MappingParameters.from_json((folder / "28000.json").read_text())
    beacon = Beacon(parameters, b"V.90 ")
    if path is not None:
        Path(path).write_text(verilog.convert(beacon, name="beacon", emit_src=False))
        return 0
    octets = simulate(beacon, 60)
    bits = np.unpackbits(np.frombuffer(b"V.90 " * 20, np.uint8), bitorder="little")
    wanted = model.Encoder(parameters).process(bits)[: len(octets)]
    print(bytes(octets).hex(" ", 6))
    print("equal to the golden model" if wanted.tolist() == octets else "NOT the golden model's")
    return int(wanted.tolist() != octets)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
