"""A platform without a chip, whose pins a simulation can see."""

from types import SimpleNamespace

from amaranth.lib import io

#: Pins of each resource that tops ask for; None for one that is a pin itself.
PINS = {
    "uart": {"rx": ("i", 1), "tx": ("o", 1)},
    "highway": {
        "bit_clock": ("i", 1),
        "frame_sync": ("i", 1),
        "data": ("o", 1),
        "enable": ("o", 1),
    },
    "i2s": {
        "mclk": ("o", 2),
        "lrck": ("o", 2),
        "sclk": ("o", 2),
        "sdin": ("o", 1),
        "sdout": ("i", 1),
    },
    "led": None,
    "rgb": {"r": ("o", 1), "g": ("o", 1), "b": ("o", 1)},
}


class PinPlatform:
    """Gives simulated ports for resources, each once; ``ports`` has them by name and number.

    Parameters: ``frequency`` of its clock in Hz; ``enable``, whether the highway has that pin.
    """

    def __init__(self, frequency=12e6, enable=True):
        self.default_clk_frequency, self._enable, self.ports = frequency, enable, {}

    def request(self, name, number=0, dir=None):
        assert dir == "-" and (name, number) not in self.ports
        pins = PINS[name]
        if pins is None:
            port = io.SimulationPort("o", 1)
        else:
            port = SimpleNamespace(
                **{
                    pin: io.SimulationPort(way, width)
                    for pin, (way, width) in pins.items()
                    if pin != "enable" or self._enable
                }
            )
        self.ports[name, number] = port
        return port
