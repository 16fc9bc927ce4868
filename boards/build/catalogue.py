"""Which boards there are, and what each is built with."""

from dataclasses import dataclass, field

from boards.build import platforms


@dataclass(frozen=True)
class BoardKind:
    """A board: its platform, chip family, lights, tops with their options, and how it is flashed.

    ``lights``: resource, number and, where there is one, subsignal of the lights error, sync and
    data. ``tops``: for each top, the clock in Hz, other options of :mod:`boards.build.tops`, and
    the seed of its placement where the usual one gives a clock that is too slow.
    ``load``: arguments of openfpgaloader. ``needs``: what has to be at hand, for lists.
    """

    title: str
    platform: type
    family: str
    product: str
    load: tuple
    lights: dict
    needs: str
    tops: dict = field(default_factory=dict)


def _one_highway(signals, seeds):
    """Tops of a UP5K; ``signals``, the clock with all of them, which take more time in a cycle.

    It is ten cycles of the highway's bit clock at least: 20.48 MHz. ``seeds``: of both placements.
    """
    return {
        "bank": dict(frequency=24e6, baud=3e6, seed=seeds[0]),
        "signals": dict(frequency=signals, baud=1.5e6, seed=seeds[1]),
    }


#: An ECP5's client. The clock is twice a codec's MCLK, and makes the usual bit rate within 0.6 %.
_CLIENT = {"client": dict(frequency=24.576e6, baud=460800, codec=48000)}


def _four_highways(frequency):
    """Tops of an ECP5: 120 encoders, or 30 channels with all signals, which want more memory."""
    return {
        "bank": dict(frequency=frequency, baud=2e6, channels=120, highways=4),
        "signals": dict(frequency=frequency, baud=2e6),
    }


BOARDS = {
    "icebreaker": BoardKind(
        "1BitSquared iCEBreaker",
        platforms.IceBreaker,
        "up5k",
        "top.bin",
        ("-b", "ice40_generic"),
        {"error": ("led_r", 0), "data": ("led_g", 0)},
        "micro USB; highway on PMOD1A",
        _one_highway(20.625e6, (1, 5)),
    ),
    "ice1usb": BoardKind(
        "osmocom icE1usb",
        platforms.IcE1usb,
        "up5k",
        "top.bin",
        ("-b", "ice40_generic"),
        {"error": ("led", 0), "data": ("led", 1), "sync": ("led", 2)},
        "a 3.3 V serial adapter at the debug UART, an SPI programmer; highway on GPIO",
        _one_highway(21.12e6, (2, 1)),
    ),
    "ulx3s": BoardKind(
        "Radiona ULX3S-85F",
        platforms.Ulx3s,
        "ecp5-85",
        "top.bit",
        ("-b", "ulx3s"),
        {"error": ("led", 0), "sync": ("led", 1), "data": ("led", 2)},
        "USB (US1); highways, or a Pmod I2S2 for the client, on GPIO 0 to 3",
        {**_four_highways(50e6), "selftest": dict(frequency=25e6, baud=115200), **_CLIENT},
    ),
    "orangecrab": BoardKind(
        "OrangeCrab r0.2 25F",
        platforms.OrangeCrab,
        "ecp5-25",
        "top.dfu",
        ("-b", "orangeCrab"),
        {"error": ("rgb_led", 0, "r"), "sync": ("rgb_led", 0, "g"), "data": ("rgb_led", 0, "b")},
        "USB for flashing, a 3.3 V serial adapter at pins 0 and 1; highways on pins 5 to 13, or a "
        "Pmod I2S2 for the client on A0 to A3 and 5 to 10",
        {**_four_highways(52e6), "selftest": dict(frequency=24e6, baud=115200), **_CLIENT},
    ),
    "colorlight-i5": BoardKind(
        "Colorlight i5 v7.0 with its extension board",
        platforms.ColorlightI5,
        "ecp5-25",
        "top.bit",
        ("-b", "colorlight-i5"),
        {"error": ("led", 0)},
        "USB-C; highways, or a Pmod I2S2 for the client, on PMOD P3",
        {**_four_highways(50e6), "selftest": dict(frequency=25e6, baud=115200), **_CLIENT},
    ),
    "tangnano9k": BoardKind(
        "Sipeed Tang Nano 9K",
        platforms.TangNano9k,
        "gw1n-9",
        "top.fs",
        ("-b", "tangnano9k"),
        {"error": ("led", 0), "sync": ("led", 1), "data": ("led", 2)},
        "USB-C; highway on pins 25 to 28",
        {"bank": dict(frequency=27e6, baud=3e6)},
    ),
}
