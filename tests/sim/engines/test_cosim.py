"""The engines under one calling convention: what they accept, and what they must catch."""

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from sim.engines.compare import ENGINES, compare
from sim.engines.layout import as_payloads
from sim.engines.pattern import ContractError, Mismatch, OutOfCycles, Pattern

FRAME = data.StructLayout(
    {
        "a": signed(17),
        "tag": data.StructLayout({"channel": 5, "first": 1}),
        "v": data.ArrayLayout(signed(12), 5),
        "w": 33,
    }
)


FAULTS = ("none", "silent", "drops", "changes", "waits", "peeks", "looks", "keeps", "extra")


class Accumulator(wiring.Component):
    """Running sum of ``a`` times gain, the rest passed on; latency 1 cycle, one transfer a cycle.

    ``fault`` says what is wrong with it: an input, so that one compilation serves all tests.
    """

    i: In(stream.Signature(FRAME))
    o: Out(stream.Signature(FRAME))
    gain: In(signed(4))
    fault: In(range(len(FAULTS)))
    count: Out(16)

    def elaborate(self, platform):
        m = Module()
        total, kept = Signal(signed(17)), Signal(signed(17), reset_less=True)
        valid, payload, alive = Signal(), Signal(FRAME), Signal(8)
        taking = Signal()
        m.d.comb += [self.o.p.eq(payload), self.o.valid.eq(valid), taking.eq(self.i.valid)]
        with m.If(~valid | self.o.ready):
            m.d.comb += self.i.ready.eq(1)
            m.d.sync += valid.eq(self.i.valid)
            with m.If(taking):
                m.d.sync += [
                    payload.eq(self.i.p),
                    payload.a.eq(total + self.i.p.a * self.gain),
                    total.eq(total + self.i.p.a * self.gain),
                    self.count.eq(self.count + 1),
                ]
        m.d.sync += [alive.eq(alive + 1), kept.eq(payload.a)]
        with m.Switch(self.fault):
            with m.Case(FAULTS.index("silent")):
                m.d.comb += self.o.valid.eq(0)
            with m.Case(FAULTS.index("drops")):
                m.d.comb += self.o.valid.eq(valid & (alive[:3] != 0))
            with m.Case(FAULTS.index("changes")):
                m.d.comb += self.o.p.w.eq(alive)
            with m.Case(FAULTS.index("waits")):
                m.d.comb += self.o.valid.eq(valid & self.o.ready)
            with m.Case(FAULTS.index("peeks")):
                m.d.comb += self.o.p.w[0].eq(self.o.ready)
            with m.Case(FAULTS.index("looks")):  # at a payload that is not valid
                m.d.comb += taking.eq(1)
            with m.Case(FAULTS.index("keeps")):  # something over a reset
                m.d.sync += kept.eq(Mux(payload.a != 0, payload.a, kept))
                with m.If((self.count == 1) & (kept < -50)):
                    m.d.comb += self.o.p.w.eq(0)
            with m.Case(FAULTS.index("extra")):
                with m.If(self.count == 40):
                    m.d.sync += valid.eq(1)
        return m


def stimuli(n=40, seed=1, gain=-3):
    rng = np.random.default_rng(seed)
    sent = {
        "a": rng.integers(-200, 200, n),
        "tag": {"channel": rng.integers(0, 32, n), "first": rng.integers(0, 2, n)},
        "v": rng.integers(-2048, 2048, (n, 5)),
        "w": rng.integers(0, 2**33, n),
    }
    return sent, sent | {"a": np.cumsum(sent["a"] * gain)}


def run(engine, fault="none", expected=None, **options):
    sent, right = stimuli()
    return compare(
        Accumulator(),
        {"i": sent},
        {"o": right if expected is None else expected},
        engine=engine,
        waves={"gain": -3, "fault": FAULTS.index(fault)},
        probes=["count"],
        **options,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_exact_and_timed(engine):
    results = run(engine, reset_at=17)
    assert len(results) == 4
    full = results[0]
    assert (full.given["o"] - full.taken["i"] == 1).all()
    assert (np.diff(full.given["o"]) == 1).all()
    sent, expected = stimuli()
    for result in results:
        assert len(result.taken["i"]) == len(result.given["o"]) == 40
        assert (result.outputs["o"]["v"] == expected["v"]).all()
        assert (result.outputs["o"]["tag"]["channel"] == sent["tag"]["channel"]).all()
        assert len(result.probes["count"]) == result.cycles
        assert result.probes["count"][-1] == 40
    assert results[1].cycles > full.cycles + 20  # idling and stalling happened
    assert results[2].cycles > full.cycles + 20


def test_engines_agree_to_the_cycle():
    ours, *others = (run(engine) for engine in ENGINES)
    for theirs in others:
        for one, two in zip(ours, theirs, strict=True):
            assert one.cycles == two.cycles
            for name in ("taken", "given", "probes"):
                one_by, two_by = getattr(one, name), getattr(two, name)
                assert one_by.keys() == two_by.keys()
                assert all(np.array_equal(one_by[k], two_by[k]) for k in one_by)
            assert np.array_equal(one.outputs["o"], two.outputs["o"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "fault, message",
    [
        ("drops", "valid fell"),
        ("changes", "payload changed"),
        ("waits", "valid depends on ready"),
        ("peeks", "payload depends on ready"),
    ],
)
def test_broken_contract_is_caught(engine, fault, message):
    # Stalled so often that the contract breaks before a first, wrong, transfer.
    with pytest.raises(ContractError, match=message):
        run(engine, fault, patterns=[Pattern(0, 0.99, 1)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "fault, where", [("looks", "o[2]: got"), ("extra", "o[40]: got"), ("keeps", "o[0]: got")]
)
def test_wrong_gateware_is_caught(engine, fault, where):
    with pytest.raises(Mismatch) as error:
        run(engine, fault, patterns=[Pattern(0.5, 0.5, 3)], reset_at=30)
    assert where in str(error.value) and "seed=3" in str(error.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_wrong_expectation_fails(engine):
    expected = as_payloads(stimuli()[1], FRAME)
    expected["v"][7, 3] ^= 1
    with pytest.raises(Mismatch, match=r"o\[7\]: got .* expected"):
        run(engine, expected=expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_silence_times_out(engine):
    with pytest.raises(OutOfCycles, match="after 500 cycles o gave 0 of 40"):
        run(engine, "silent", cycles=500)


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_transfer_times_out(engine):
    sent, expected = stimuli(41)
    with pytest.raises(OutOfCycles, match="o gave 40 of 41"):
        compare(
            Accumulator(),
            {"i": as_payloads(sent, FRAME)[:40]},
            {"o": expected},
            engine=engine,
            waves={"gain": -3},
            cycles=300,
        )


class Line(wiring.Component):
    """A port that never waits on either side, and one that is always valid; no registers but one.

    Also the odd shapes: an empty payload, and a field wider than 64 bits.
    """

    sample: In(stream.Signature(signed(8), always_ready=True))
    level: In(stream.Signature(8, always_valid=True, always_ready=True))
    tick: In(stream.Signature(0))
    o: Out(
        stream.Signature(data.StructLayout({"wide": signed(100), "level": 8}), always_ready=True)
    )
    tock: Out(stream.Signature(0))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.tock.valid.eq(self.tick.valid), self.tick.ready.eq(self.tock.ready)]
        m.d.sync += [
            self.o.valid.eq(self.sample.valid),
            self.o.p.wide.eq(self.sample.p << 90),
            self.o.p.level.eq(self.level.p),
        ]
        return m


@pytest.mark.parametrize("engine", ENGINES)
def test_streams_without_handshake(engine):
    sample = np.arange(-5, 5)
    wide = np.array([int(s) << 90 for s in sample], dtype=object)
    results = compare(
        Line(),
        {"sample": sample, "level": [7], "tick": np.zeros(3, int)},
        {"o": {"wide": wide, "level": np.full(10, 7)}, "tock": np.zeros(3, int)},
        engine=engine,
    )
    limbs = results[0].outputs["o"]["wide"]
    assert limbs.shape == (10, 2) and limbs[0, 1] == (((-5) << 90) >> 64) % 2**64
    assert (results[0].given["o"] - results[0].taken["sample"] == 1).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_unknown_ports_and_patterns_are_refused(engine):
    sent, expected = stimuli()
    with pytest.raises(ValueError, match="'nope'"):
        compare(Accumulator(), {"nope": sent}, {"o": expected}, engine=engine)
    with pytest.raises(ValueError, match="'nope'"):
        compare(Accumulator(), {"i": sent}, {"nope": expected}, engine=engine)
    with pytest.raises(ValueError, match="below 1"):
        compare(
            Accumulator(),
            {"i": sent},
            {"o": expected},
            engine=engine,
            patterns=[Pattern(1.0, 0, 0)],
        )


def test_engine_must_be_known():
    with pytest.raises(ValueError, match="engine must be one of"):
        compare(None, {}, {}, engine="pysim")


def test_simulator_that_dies_is_no_success(monkeypatch):
    monkeypatch.setenv("SIM_CMD_PREFIX", "true")  # in place of the simulator
    with pytest.raises(V90Error, match="ended without results"):
        run("icarus")
