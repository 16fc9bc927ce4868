"""V.34's modulator against its model: every sample of every channel, and when it comes."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from golden.errors import V90Error
from golden.v34 import modulator as golden
from golden.v34.pulse import PRE_EMPHASES, SPAN, SYMBOL_RATES, LineSignal, ratio_of, taps_of
from hdl.core.stream import pass_on
from hdl.v34.modulator import Modulator, rotation_words, start_words, table_words
from sim.engines.gateware import Gateware
from tests.hdl.support import check_refused, columns, compare_resetting, scaled

ONE = 1 << golden.SYMBOL.fraction


class Loaded(wiring.Component):
    """A modulator that runs once ``words`` words of its configuration have been taken."""

    def __init__(self, block):
        self.block = block
        members = {name: block.signature.members[name] for name in block.signature.members}
        del members["run"]
        self.passed = list(members)
        super().__init__({**members, "words": In(16)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = self.block
        pass_on(m, self, block, self.passed)
        seen = Signal(16)
        with m.If(self.i_configuration.valid & self.i_configuration.ready):
            m.d.sync += seen.eq(seen + 1)
        m.d.comb += block.run.eq(seen >= self.words)
        return m


class Workload:
    """Lines for channels, with random symbols at two levels, and what must come of them.

    ``energies``: of each half; a channel's symbols change halves now and then. ``stopped``:
    channels that are not started.
    """

    def __init__(self, rng, lines, samples, *, rate=16000, energies=(2, 170), stopped=()):
        self.lines, self.rate, self.words = lines, rate, 4096
        samples += next(n for n in range(99) if self._needs(lines[0], samples + n))
        made = {}
        for channel, line in enumerate(lines):
            if channel not in stopped:
                made[channel] = self._channel(rng, line, samples, energies)
        self.configuration = self._configuration(rng, energies, stopped)
        requests, tokens, given = [], [], []
        for n in range(samples):
            for channel, (symbols, halves, expected) in made.items():
                if self._needs(lines[channel], n):
                    at = self._index(lines[channel], n)
                    re, im = symbols[:, at].tolist()
                    requests.append(channel)
                    tokens.append({"half": int(halves[at]), "re": re, "im": im})
                given.append({"channel": channel, "sample": expected[n]})
        # Who comes first needs a symbol again, which is not there.
        requests.append(next(iter(made)))
        self.inputs = {"i_configuration": self.configuration, "i": columns(tokens)}
        self.outputs = {"o_request": np.array(requests), "o": columns(given)}
        self.needs = [self._needs(lines[channel], n) for n in range(samples) for channel in made]
        self.halves = [token["half"] for token in tokens]

    def _index(self, line, n):
        phases, symbols = ratio_of(line.symbol_rate, self.rate)
        return n * symbols // phases

    def _needs(self, line, n):
        return n == 0 or self._index(line, n) > self._index(line, n - 1)

    def _channel(self, rng, line, samples, energies):
        count = self._index(line, samples - 1) + 1
        halves = np.cumsum(rng.random(count) < 0.02) % 2
        scale = np.sqrt(np.array(energies, float))[halves] * ONE
        symbols = np.rint(rng.normal(0, 0.7, (2, count)) * scale).astype(np.int64)
        symbols = np.clip(symbols, golden.SYMBOL.min, golden.SYMBOL.max)
        # Some are far above their level, for what saturates.
        loud = rng.random(count) < 0.05
        ends = rng.choice([golden.SYMBOL.min, golden.SYMBOL.max, -1, 0], (2, count))
        symbols = np.where(loud, ends, symbols)
        modulator, got = golden.Modulator(line, 2, self.rate), []
        for run in np.split(np.arange(count), np.flatnonzero(np.diff(halves)) + 1):
            modulator.set_energy(energies[halves[run[0]]])
            got.append(modulator.process(symbols[:, run]))
        return symbols, halves, np.concatenate(got)[:samples]

    def _configuration(self, rng, energies, stopped):
        rows, bases, end = [], {}, 0
        for channel, line in enumerate(self.lines):
            if line not in bases:
                bases[line] = end
                end += taps_of(line, self.rate).size
                rows += [
                    (channel, *word) for word in table_words(taps_of(line, self.rate), bases[line])
                ]
            for half in (0, 1):
                rotations = golden.rotations_of(line, energies[half])
                words = rotation_words(*rotations, half, self.words)
                rows += [(channel, *word) for word in words]
        order = rng.permutation(len(rows))
        rows = [rows[n] for n in order]
        for channel in rng.permutation(len(self.lines)).tolist():
            if channel not in stopped:
                line = self.lines[channel]
                ratio = ratio_of(line.symbol_rate, self.rate)
                for word in start_words(line, ratio, bases[line], self.words):
                    rows.append((channel, *word))
        assert end <= self.words
        return columns(
            [{"channel": channel, "address": at, "data": word} for channel, at, word in rows]
        )

    @property
    def waves(self):
        return {"words": len(self.configuration["data"])}


def some_line(rng, symbol_rate):
    return LineSignal(
        symbol_rate, str(rng.choice(["low", "high"])), int(rng.integers(PRE_EMPHASES))
    )


@pytest.mark.parametrize(
    "engine, symbol_rates",
    [
        *(("cxxrtl", (symbol_rate,)) for symbol_rate in SYMBOL_RATES),
        ("cxxrtl", (3000, 3200, 3429)),
        ("verilator", (3200,)),
        ("icarus", (3429, 3200)),
    ],
)
def test_every_sample(engine, symbol_rates, rng):
    lines = [some_line(rng, symbol_rate) for symbol_rate in symbol_rates]
    work = Workload(rng, lines, scaled(engine, 1500, 40) // len(lines))
    loaded = Loaded(Modulator(len(lines), work.words))
    resets = [len(work.configuration["data"]) + 2000]
    result = compare_resetting(
        loaded, work.inputs, work.outputs, resets, engine=engine, waves=work.waves
    )
    # What a sample takes, and one with a symbol, whose half gives the shift.
    shifts = [golden.rotations_of(lines[0], energy)[0] for energy in (2, 170)]
    assert shifts[0] > shifts[1]
    taken, given = result.taken["i"], result.given["o"]
    before, symbol = given[0], 1
    latency = Modulator.latency(shifts[work.halves[0]])
    assert given[0] - taken[0] == latency == 2 * SPAN + 13 + shifts[work.halves[0]]
    for needs, at in zip(work.needs[1:], given[1:], strict=True):
        assert at - before == 2 * SPAN + 5 + needs * (
            12 + shifts[work.halves[symbol % len(work.halves)]]
        )
        symbol, before = symbol + needs, at


def test_saturation_is_met(rng):
    """The workload holds samples at both ends, so that the comparison is of them, too."""
    work = Workload(rng, [LineSignal(3429, "low", 5)], 1500)
    assert work.outputs["o"]["sample"].max() == 32767
    assert work.outputs["o"]["sample"].min() == -32768


@pytest.mark.parametrize("channels", [5, 30])
def test_many_channels_at_8_khz(channels, rng):
    """Lines alike share taps; some channels are stopped and give nothing."""
    kinds = [LineSignal(3200, "low", 6), LineSignal(3429, "high", 0), LineSignal(3000, "high", 5)]
    lines = [kinds[n] for n in rng.integers(0, 3, channels)]
    stopped = set(rng.choice(np.arange(1, channels), channels // 3, replace=False).tolist())
    work = Workload(rng, lines, 1200 // channels, rate=8000, stopped=stopped)
    compare_resetting(
        Loaded(Modulator(channels, work.words)),
        work.inputs,
        work.outputs,
        [6000],
        engine="cxxrtl",
        waves=work.waves,
    )


def test_thirty_fit_50_mhz():
    """A frame of 125 us has 6250 cycles; 3429 needs a symbol in three samples of seven."""
    most = 2 * SPAN + 5 + 3 / 7 * (12 + golden.MOST_SHIFT)
    assert 30 * most < 6250 / 1.8


def test_a_channel_starts_anew_and_stops(rng):
    """Started again, a channel has no symbol of before; its rate of zero stops it."""
    line = LineSignal(3200, "high", 4)
    work = Workload(rng, [line], 100)
    gateware = Gateware(Modulator(1, work.words))
    start = start_words(line, ratio_of(line.symbol_rate, 16000), 0, work.words)
    stop = [(start[1][0], 0)]

    def write(words):
        rows = [{"channel": 0, "address": at, "data": word} for at, word in words]
        gateware.run({"i_configuration": columns(rows)}, {}, waves={"run": 0}, reset=False)

    gateware.reset()
    gateware.run({"i_configuration": work.configuration}, {}, waves={"run": 0}, reset=False)
    counts = {"o": len(work.outputs["o"]["sample"]), "o_request": len(work.outputs["o_request"])}
    for _ in range(2):
        result = gateware.run({"i": work.inputs["i"]}, counts, waves={"run": 1}, reset=False)
        assert np.array_equal(result.outputs["o"]["sample"], work.outputs["o"]["sample"])
        # It waits for a symbol, and with that ends its sample.
        last = {"i": columns([{"half": 0, "re": 5, "im": 5}])}
        gateware.run(last, {"o": 1}, waves={"run": 0}, reset=False)
        write(start)
    write(stop)
    result = gateware.run({}, {}, 1000, waves={"run": 1}, reset=False)
    assert result.cycles == 1000
    assert len(result.outputs["o"]) == len(result.outputs["o_request"]) == 0


def test_refuses_what_is_not_so():
    check_refused(V90Error, "table of 3000 words is not a power of two", Modulator, 1, 3000)
    check_refused(V90Error, "table of 64 words is not a power of two", Modulator, 1, 64)
