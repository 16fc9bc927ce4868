"""CXXRTL as a function on arrays: payload layouts, runs in pieces, plain ports, failures."""

import os

import numpy as np
import pytest
from amaranth.hdl import Module, Shape, Signal, signed, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from sim.engines.gateware import CompilerMissing, ContractError, Gateware, OutOfCycles
from sim.engines.layout import as_payloads, pack, payload_dtype, ports, unpack

POINT = data.StructLayout({"x": signed(7), "y": unsigned(64)})
SHAPES = [
    unsigned(1),
    signed(1),
    unsigned(8),
    signed(33),
    unsigned(64),
    signed(64),
    range(-5, 100),
    data.ArrayLayout(signed(9), 13),
    data.StructLayout({"p": data.ArrayLayout(POINT, 3), "n": 0, "f": 1}),
    data.ArrayLayout(data.ArrayLayout(signed(3), 2), 11),
    data.StructLayout({"pad": 3, "wide": signed(131), "also": unsigned(70)}),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pack_and_unpack_are_inverse(shape):
    width = Shape.cast(shape).width
    rng = np.random.default_rng(3)
    words = rng.integers(0, 2**32, (200, (width + 31) // 32), np.uint64).astype("<u4")
    if width % 32:
        words[:, -1] &= (1 << (width % 32)) - 1
    payloads = unpack(words, shape)
    assert payloads.dtype == np.zeros(1, payload_dtype(shape)).dtype
    assert np.array_equal(pack(payloads, shape), words)


def test_bits_are_amaranths_own():
    shape = data.StructLayout({"a": signed(17), "v": data.ArrayLayout(signed(12), 5), "w": 33})
    value = {"a": -5, "v": [1, -2, 3, -4, 5], "w": 2**33 - 1}
    bits = shape.const(value).as_bits()
    words = pack({k: np.array([v]) for k, v in value.items()}, shape)
    assert int.from_bytes(words.tobytes(), "little") == bits


@pytest.mark.parametrize(
    "value, message",
    [
        ({"x": [64], "y": [0]}, "payload.x must be -64 to 63, not 64 to 64"),
        ({"x": [0]}, "must have the fields"),
        ({"x": [0], "y": [0], "z": [0]}, "must have the fields"),
        ({"x": [0, 1], "y": [0]}, "payload.y must have shape"),
        ({"x": [0.5], "y": [0]}, "payload.x must hold integers"),
        (np.array([0]), "must have the fields"),
    ],
)
def test_payloads_that_do_not_fit_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        as_payloads(value, POINT)


class Tally(wiring.Component):
    """Every third sum of three: one transfer out for three in. A memory keeps the last sums."""

    i: In(stream.Signature(signed(16)))
    o: Out(stream.Signature(signed(18)))
    offset: In(signed(8))
    sums: Out(32)
    recent: Out(signed(18))
    address: In(data.StructLayout({"row": 2}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.store = store = memory.Memory(shape=signed(18), depth=3, init=[9, 9, 9])
        write, read = store.write_port(), store.read_port(domain="comb")
        count, total = Signal(2), Signal(signed(18))
        m.d.comb += [
            self.i.ready.eq(count != 3),
            self.o.valid.eq(count == 3),
            self.o.p.eq(total),
            write.addr.eq(self.sums),
            write.data.eq(total),
            read.addr.eq(self.address.row),
            self.recent.eq(read.data),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [count.eq(count + 1), total.eq(total + self.i.p + self.offset)]
        with m.If(self.o.valid & self.o.ready):
            m.d.comb += write.en.eq(1)
            m.d.sync += [count.eq(0), total.eq(0), self.sums.eq(self.sums + 1)]
        return m


@pytest.fixture(scope="module")
def tally():
    return Gateware(Tally())


def test_one_run(tally):
    x = np.arange(30) * 7 - 100
    got = tally.run({"i": x}, {"o": 10}, waves={"offset": 0})
    assert np.array_equal(got.outputs["o"], x.reshape(-1, 3).sum(axis=1))
    assert got.taken["i"][:4].tolist() == [0, 1, 2, 4] and got.given["o"][:2].tolist() == [3, 7]
    assert got.cycles == 40 and tally.get("sums") == 10


def test_pieces_equal_one_run(tally):
    x = np.random.default_rng(5).integers(-9999, 9999, 300_000)
    whole = tally.run({"i": x}, {"o": 100_000}, waves={"offset": 0})
    parts, position, reset = [], 0, True
    while position < len(x):
        piece = tally.run(
            {"i": x[position:]},
            cycles=70_001,
            partial=True,
            reset=reset,
            idle=0.1,
            stall=0.2,
            seed=position,
        )
        parts.append(piece.outputs["o"])
        position += len(piece.taken["i"])
        reset = False
    parts.append(
        tally.run(outputs={"o": 100_000 - sum(map(len, parts))}, reset=False, cycles=100).outputs[
            "o"
        ]
    )
    assert np.array_equal(np.concatenate(parts), whole.outputs["o"])
    assert len(parts) > 4


def test_an_offer_cannot_be_withdrawn(tally):
    tally.run({"i": [1, 2, 3, 4]}, {"o": 0}, cycles=10, partial=True)  # leaves 4 on offer
    with pytest.raises(ValueError, match="still offers"):
        tally.run({"i": [5]}, {"o": 1}, reset=False)
    tally.reset()
    assert tally.run({"i": [5, 6, 7]}, {"o": 1}).outputs["o"].tolist() == [18]


def test_same_seed_same_cycles(tally):
    one, two, other = (
        tally.run({"i": np.arange(300)}, {"o": 100}, idle=0.5, stall=0.5, seed=s) for s in (1, 1, 2)
    )
    assert np.array_equal(one.given["o"], two.given["o"])
    assert not np.array_equal(one.given["o"], other.given["o"])


def test_idle_and_stall_are_probabilities(tally):
    idle = tally.run({"i": np.zeros(30_000, int)}, {"o": 10_000}, idle=0.8)
    assert 15 < idle.cycles / 10_000 < 15.5  # 3 items at 5 cycles each, and few to give
    stall = tally.run({"i": np.zeros(30_000, int)}, {"o": 10_000}, stall=0.75)
    assert 6.7 < stall.cycles / 10_000 < 7.3


def test_waves_and_probes(tally):
    got = tally.run(
        {"i": np.zeros(9, int)},
        {"o": 3},
        waves={"offset": np.arange(12)},
        probes=["sums", "offset"],
    )
    assert got.outputs["o"].tolist() == [0 + 1 + 2, 4 + 5 + 6, 8 + 9 + 10]
    assert got.probes["sums"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert got.probes["offset"].tolist() == list(range(12))


def test_set_and_get(tally):
    tally.power_on()
    assert tally.get("recent") == 9
    tally.run({"i": [-1, -2, -3]}, {"o": 1})
    assert tally.get("recent") == -6
    tally.reset()
    assert tally.get("recent") == -6 and tally.get("sums") == 0  # a reset leaves memories alone
    tally.set("address", {"row": 3})
    assert tally.get("recent") == 0  # beyond the memory's depth
    tally.power_on()
    assert tally.get("recent") == 9 and tally.get("address")["row"] == 0
    tally.set("offset", -7)
    assert tally.run({"i": [0, 0, 0]}, {"o": 1}).outputs["o"].tolist() == [-21]
    tally.set("offset", 0)
    with pytest.raises(ValueError, match="no plain input 'sums'"):
        tally.set("sums", 1)
    with pytest.raises(ValueError, match="must be -128 to 127"):
        tally.set("offset", 128)


def test_two_of_one_component_are_apart(tally):
    other = Gateware(Tally())
    tally.run({"i": [1, 2, 3]}, {"o": 1})
    assert tally.get("sums") == 1 and other.get("sums") == 0


def test_timeout_says_what_is_missing(tally):
    with pytest.raises(OutOfCycles, match="after 50 cycles o gave 1 of 2") as error:
        tally.run({"i": [1, 2, 3, 4]}, {"o": 2}, cycles=50)
    assert error.value.result.outputs["o"].tolist() == [6]
    partial = tally.run({"i": [1, 2, 3, 4]}, {"o": 2}, cycles=50, partial=True)
    assert partial.outputs["o"].tolist() == [6] and partial.cycles == 50


def test_cycles_alone(tally):
    assert tally.run(cycles=200_000, probes=["sums"]).probes["sums"].shape == (200_000,)


class Feedback(wiring.Component):
    """Bits of one signal that depend on each other, through two instances in a row of modules."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()
        parity = Signal(8)
        held = Signal(8)
        m.d.comb += parity[0].eq(self.i.p[0])
        for k in range(1, 8):
            m.d.comb += parity[k].eq(parity[k - 1] ^ self.i.p[k])
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), held.eq(parity)]
        m.d.comb += self.o.p.eq(held)
        return m


def test_combinational_feedback_in_one_signal():
    x = np.arange(256)
    expected = np.array(
        [sum(((bin(v & ((2 << k) - 1)).count("1") & 1) << k) for k in range(8)) for v in range(256)]
    )
    got = Gateware(Feedback()).run({"i": x}, {"o": 256}, stall=0.3, check_ready=True)
    assert np.array_equal(got.outputs["o"], expected)


class Nested(wiring.Component):
    """Ports in nested interfaces, in arrays, and no register at all."""

    def __init__(self):
        bus = wiring.Signature({"up": Out(stream.Signature(4)), "down": In(stream.Signature(4))})
        super().__init__(
            {
                "left": In(bus),
                "right": Out(bus),
                "extra": In(stream.Signature(3)).array(2),
                "xor": Out(3),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, wiring.flipped(self.left), wiring.flipped(self.right))
        m.d.comb += [e.ready.eq(1) for e in self.extra]
        m.d.comb += self.xor.eq(self.extra[0].p ^ self.extra[1].p)
        return m


def test_nested_ports():
    component = Nested()
    gateware = Gateware(component)
    streams, plains = ports(component)
    directions = {name: port.output for name, port in streams.items()}
    assert directions == {
        "left__up": False,
        "left__down": True,
        "right__up": True,
        "right__down": False,
        "extra__0": False,
        "extra__1": False,
    }
    assert list(plains) == ["xor"]
    got = gateware.run(
        {"left__up": [1, 2], "right__down": [3], "extra__0": [5], "extra__1": [1]},
        {"right__up": 2, "left__down": 1},
        probes=["xor"],
    )
    assert got.outputs["right__up"].tolist() == [1, 2]
    assert got.outputs["left__down"].tolist() == [3]
    assert got.probes["xor"][0] == 4


class OtherClock(wiring.Component):
    o: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.fast += self.o.eq(~self.o)
        return m


def test_other_clocks_are_refused():
    with pytest.raises(V90Error, match="wants fast_clk, fast_rst"):
        Gateware(OtherClock())


def test_missing_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("V90_CACHE", str(tmp_path))
    with pytest.raises(CompilerMissing, match="'no-such-compiler' was not found") as error:
        Gateware(Tally())
    assert isinstance(error.value, V90Error)
    assert not list(tmp_path.glob("cxxrtl/*/*.cc"))


def test_a_damaged_library_is_compiled_again(monkeypatch, tmp_path):
    """It would end the process with a bus error or a segmentation fault."""
    monkeypatch.setenv("V90_CACHE", str(tmp_path))
    Gateware(Feedback())
    (library,) = tmp_path.glob("cxxrtl/*/top.so")
    whole = library.stat().st_mtime_ns
    Gateware(Feedback())
    assert [library] == list(tmp_path.glob("cxxrtl/*/top.so"))
    assert library.stat().st_mtime_ns == whole
    # Another inode, as the loaded library stays mapped.
    damaged = library.read_bytes()[: library.stat().st_size // 2]
    library.unlink()
    library.write_bytes(damaged)
    Gateware(Feedback())
    assert library.stat().st_size > len(damaged)


def test_a_compiler_may_have_a_wrapper(monkeypatch, tmp_path):
    wrapper = tmp_path / "ccache"
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/log\nexec "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("V90_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", "ccache g++")
    Gateware(Feedback(), optimise=0)
    assert (tmp_path / "log").read_text() == "g++\n"
    for compiler, sentence in (
        ("ccache no-such-compiler", "'no-such-compiler' was not found"),
        ("'g++", "CXX is no command"),
    ):
        monkeypatch.setenv("CXX", compiler)
        with pytest.raises(V90Error, match=sentence):
            Gateware(Feedback(), optimise=0)


class Dropping(wiring.Component):
    o: Out(stream.Signature(1))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.valid.eq(~self.o.valid)
        return m


def test_contract_is_checked_without_asking():
    gateware = Gateware(Dropping())
    with pytest.raises(ContractError, match="o: valid fell before ready came in cycle"):
        gateware.run(outputs={"o": 1000}, stall=0.5)
    with pytest.raises(OutOfCycles):
        gateware.run(outputs={"o": 1000}, cycles=100)
