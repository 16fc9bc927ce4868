"""Thin tops: a board's clock and pins, and one component of :mod:`hdl.modem.bank`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io

from boards.build.clocks import add_clock
from golden.modem.selftest import SELFTEST_U_INFO, plan
from golden.pcm import g711
from golden.pcm.parameters import OCTET_RATE, MappingParameters
from golden.ports.emulator import RESPONSE_PHASES, Response
from golden.receiver.timetable import State
from hdl.modem.bank import LinkedBank
from hdl.modem.client import LinkedClient
from hdl.modem.selftest import Selftest
from sim.files import EXAMPLES
from sim.world import lines
from sim.world.line import Line

#: What a self-test has between its modems: a line of `v90 lines`, dB of signal over noise, the
#: client's clock in ppm, and TRN1d's level in dB of full scale at the A/D.
SELFTEST_LINE, SELFTEST_SNR, SELFTEST_PPM, SELFTEST_LEVEL = "26awg-6kft", 45.0, 80.0, -20

#: What it sends: a file of ``examples``.
SELFTEST_PARAMETERS = "45333.json"


def pin(m, direction, port):
    """A buffer at a port: its ``i``, or its ``o`` and ``oe``, are the pin's."""
    m.submodules += (buffer := io.Buffer(direction, port))
    return buffer


class BoardTop(Elaboratable):
    """A component on a board's pins.

    ``join(m, platform, component)`` connects them; ``frequency`` in Hz is that of the clock.
    """

    def __init__(self, component, join, frequency, lights):
        self.component, self.join = component, join
        self.frequency, self.lights = frequency, lights

    def light(self, m, platform, **states):
        """Show states on the board's lights of the same names, where it has them."""
        ports = {}
        for name, state in states.items():
            if name in self.lights:
                resource, number, *subsignal = self.lights[name]
                if (resource, number) not in ports:
                    ports[resource, number] = platform.request(resource, number, dir="-")
                port = ports[resource, number]
                for part in subsignal:
                    port = getattr(port, part)
                m.d.comb += pin(m, "o", port).o.eq(state)

    def elaborate(self, platform):
        m = Module()
        add_clock(m, platform, self.frequency)
        m.submodules.component = self.component
        self.join(m, platform, self)
        return m


def bank(frequency, lights, baud, channels=30, signals=False, **options):
    """Channels of the digital modem on PCM highways, and the host's UART."""
    component = LinkedBank(channels, clock=frequency, baud=baud, signals=signals, **options)

    def join(m, platform, top):
        uart = platform.request("uart", 0, dir="-")
        highway = platform.request("highway", 0, dir="-")
        data = pin(m, "o", highway.data)
        m.d.comb += [
            component.rx.eq(pin(m, "i", uart.rx).i),
            pin(m, "o", uart.tx).o.eq(component.tx),
            component.bit_clock.eq(pin(m, "i", highway.bit_clock).i),
            component.frame_sync.eq(pin(m, "i", highway.frame_sync).i),
            data.o.eq(component.data),
        ]
        if hasattr(highway, "enable"):
            m.d.comb += pin(m, "o", highway.enable).o.eq(component.enable)
        else:
            m.d.comb += data.oe.eq(component.enable)
        top.light(m, platform, error=component.late, data=component.enable, sync=~component.late)

    return BoardTop(component, join, frequency, lights)


@cache
def selftest_response(line, law):
    """The emulator's table of one of `v90 lines`."""
    impulse = Line(lines.find(line), law=law).impulse(OCTET_RATE * RESPONSE_PHASES)
    return Response.of(impulse, int(g711.linear(SELFTEST_U_INFO, law)), SELFTEST_LEVEL)


def selftest_component(frequency, baud, parameters=SELFTEST_PARAMETERS):
    """The self-test for a clock in Hz; ``parameters`` None for TRN1d alone."""
    p = None
    if parameters is not None:
        p = MappingParameters.from_json((EXAMPLES / parameters).read_text())
    law = "A" if p is None else p.law
    return Selftest(
        selftest_response(SELFTEST_LINE, law),
        plan(law, p),
        ppm=SELFTEST_PPM,
        snr=SELFTEST_SNR,
        clock=frequency,
        baud=baud,
    )


def selftest(frequency, lights, baud, parameters=SELFTEST_PARAMETERS):
    """A modem pair with an emulated line between them."""
    component = selftest_component(frequency, baud, parameters)

    def join(m, platform, top):
        uart = platform.request("uart", 0, dir="-")
        m.d.comb += pin(m, "o", uart.tx).o.eq(component.tx)
        top.light(m, platform, error=component.error, data=component.data, sync=component.sync)

    return BoardTop(component, join, frequency, lights)


def client(frequency, lights, baud, codec=48000):
    """An analogue receiver with a codec of so many samples a second, and the host's UART."""
    component = LinkedClient(frequency, baud, codec)

    def join(m, platform, top):
        uart = platform.request("uart", 0, dir="-")
        pins = platform.request("i2s", 0, dir="-")
        for name in ("mclk", "lrck", "sclk"):
            m.d.comb += pin(m, "o", getattr(pins, name)).o.eq(getattr(component, name).replicate(2))
        tracks = component.state == State.TRACK
        m.d.comb += [
            component.rx.eq(pin(m, "i", uart.rx).i),
            pin(m, "o", uart.tx).o.eq(component.tx),
            component.sdout.eq(pin(m, "i", pins.sdout).i),
            pin(m, "o", pins.sdin).o.eq(0),
        ]
        top.light(m, platform, error=component.lost, data=tracks & ~component.training, sync=tracks)

    return BoardTop(component, join, frequency, lights)


@dataclass(frozen=True)
class TopKind:
    """A kind of top: how it is made of clock, lights and options, and what it is in words."""

    make: Callable
    text: str


def signals(*arguments, **options):
    """:func:`bank` with all signals of phases 3 and 4, as a host commands them."""
    return bank(*arguments, signals=True, **options)


TOPS = {
    "bank": TopKind(bank, "encoders of the digital modem on PCM highways, and the host link"),
    "selftest": TopKind(selftest, "both modems and a line, which report how they do; no host"),
    "signals": TopKind(signals, "the same with all signals of phases 3 and 4"),
    "client": TopKind(client, "an analogue receiver with an I2S codec, and the host link"),
}
