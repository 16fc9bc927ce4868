"""What a top puts on which pin and which light, in simulation, with hollow components."""

import gc

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from boards.build import tops
from golden.receiver.timetable import State
from hdl.modem.bank import LinkedBank
from hdl.modem.client import LinkedClient
from hdl.modem.selftest import Selftest
from tests.boards.build.support import PinPlatform

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")

LIGHTS = {"error": ("led", 0), "data": ("led", 1), "sync": ("led", 2)}


@pytest.fixture(autouse=True)
def hollow(monkeypatch):
    """Components with their ports and nothing inside: a test says what comes out of them."""
    for kind in (LinkedBank, LinkedClient, Selftest):
        monkeypatch.setattr(kind, "elaborate", lambda self, platform: Module())
    yield
    gc.collect()


class Board:
    """A top on simulated pins. ``demand`` sets signals, and then others have these values."""

    def __init__(self, top, platform):
        self.component, self.platform = top.component, platform
        self._module = Module()
        self._module.submodules.top = top.elaborate(platform)

    def pin(self, name, number=0):
        return self.platform.ports[name, number]

    def demand(self, *steps):
        """Each step is ``(signals set, values expected)``, lists of pairs."""
        simulator = Simulator(self._module)

        async def bench(context):
            for number, (given, wanted) in enumerate(steps):
                for signal, value in given:
                    context.set(signal, value)
                await context.delay(1e-9)
                for place, (signal, value) in enumerate(wanted):
                    assert context.get(signal) == value, (number, place)

        simulator.add_testbench(bench)
        simulator.run()


def lights(board):
    """Outputs of the lights error, data and sync."""
    return [board.pin("led", number).o for number in range(3)]


@pytest.mark.parametrize("enable", [True, False])
def test_a_bank(enable):
    """Where the highway has no enable, its data pin drives nothing while that is low."""
    top = tops.bank(12e6, LIGHTS, 1e6, channels=2)
    board = Board(top, PinPlatform(12e6, enable))
    bank, uart, highway = board.component, board.pin("uart"), board.pin("highway")
    error, data, sync = lights(board)
    ins = [
        (uart.rx.i, bank.rx),
        (highway.bit_clock.i, bank.bit_clock),
        (highway.frame_sync.i, bank.frame_sync),
    ]
    outs = [(bank.tx, uart.tx.o), (bank.data, highway.data.o), (bank.late, error)]
    outs += [(bank.enable, data)]
    outs += [(bank.enable, highway.enable.o if enable else highway.data.oe)]
    steps = []
    for high in range(-1, len(ins) + 4):
        came = [int(n == high) for n in range(len(ins))]
        _, _, late, enable = made = [int(n == high - len(ins)) for n in range(4)]
        given = [(pin, value) for (pin, _), value in zip(ins, came, strict=True)]
        given += [(own, value) for (own, _), value in zip(outs, [*made, enable], strict=True)]
        wanted = [(own, value) for (_, own), value in zip(ins, came, strict=True)]
        wanted += [(pin, value) for (_, pin), value in zip(outs, [*made, enable], strict=True)]
        steps.append((given, [*wanted, (sync, 1 - late)]))
    board.demand(*steps)


def test_all_signals_are_a_bank_of_generators():
    kinds = [
        make(12e6, {}, 1e6, channels=2).component.information.top.name
        for make in (tops.bank, tops.signals)
    ]
    assert kinds == ["ENCODERS", "SIGNALS"]


def test_a_selftest():
    board = Board(tops.selftest(12e6, LIGHTS, 115200, parameters=None), PinPlatform(12e6))
    own = board.component
    pairs = list(
        zip(
            (own.tx, own.error, own.data, own.sync),
            (board.pin("uart").tx.o, *lights(board)),
            strict=True,
        )
    )
    board.demand(
        *(
            (
                [(one, int(n == turned)) for n, (one, _) in enumerate(pairs)],
                [(pin, int(n == turned)) for n, (_, pin) in enumerate(pairs)],
            )
            for turned in range(-1, 4)
        )
    )


def test_a_client():
    """Clocks go to both halves of the codec; data shows only after training."""
    board = Board(tops.client(24.576e6, LIGHTS, 460800), PinPlatform(24.576e6))
    own, i2s, uart = board.component, board.pin("i2s"), board.pin("uart")
    error, data, sync = lights(board)
    steps = []
    names = ("mclk", "lrck", "sclk")
    for high in (*names, None):
        given = [(getattr(own, name), name == high) for name in names]
        steps.append((given, [(getattr(i2s, name).o, 3 * (name == high)) for name in names]))
    steps += [
        ([(i2s.sdout.i, 1)], [(own.sdout, 1), (i2s.sdin.o, 0)]),
        ([(i2s.sdout.i, 0), (uart.rx.i, 1)], [(own.sdout, 0), (own.rx, 1)]),
        ([(own.tx, 1)], [(uart.tx.o, 1), (i2s.sdin.o, 0)]),
        ([(own.lost, 1)], [(error, 1), (sync, 0), (data, 0)]),
        ([(own.lost, 0), (own.state, State.TRAIN)], [(error, 0), (sync, 0), (data, 0)]),
        ([(own.state, State.TRACK), (own.training, 1)], [(sync, 1), (data, 0)]),
        ([(own.training, 0)], [(sync, 1), (data, 1)]),
    ]
    board.demand(*steps)


def test_lights_of_one_resource_are_asked_for_once():
    """A light of several colours; a state without a light has none."""
    shown = {"error": ("rgb", 0, "r"), "data": ("rgb", 0, "b")}
    board = Board(tops.selftest(12e6, shown, 115200, parameters=None), PinPlatform(12e6))
    own, light = board.component, board.pin("rgb")
    board.demand(
        ([(own.error, 1), (own.sync, 1)], [(light.r.o, 1), (light.b.o, 0)]),
        ([(own.error, 0), (own.data, 1)], [(light.r.o, 0), (light.b.o, 1)]),
    )
