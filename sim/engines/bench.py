"""The cocotb bench that ``cosim`` runs inside the simulator; not for import elsewhere.

It knows nothing of Amaranth: ``job.json`` and ``job.npz``, in the folder that the environment
names, have the wires, the payloads to send and those to expect. One coroutine drives everything,
the clock too, a cycle at a time as the C++ loop of :mod:`sim.engines.cxxrtl` does. Each draw of the
pattern is the same there, and so is each cycle. Time has no unit here; a cycle has three steps.
"""

import json
import os
import signal
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import Timer

from sim.engines.pattern import (
    FAILURES,
    RESET_CYCLES,
    ContractError,
    Mismatch,
    OutOfCycles,
    Pattern,
    Xorshift,
    stream_seed,
    threshold,
    to_ints,
    to_words,
)


def _defined(handle, what):
    value = handle.value
    if not value.is_resolvable:
        raise ContractError(f"{what} has undefined bits: {value}")
    return int(value)


class _Wire:
    """An input of the design; written only when it changes, because each write costs."""

    def __init__(self, handle):
        self.handle = handle
        self.value = 0
        if handle is not None:
            handle.value = 0

    def set(self, value):
        if value != self.value and self.handle is not None:
            self.handle.value = value
        self.value = value


class _Source:
    def __init__(self, name, spec, wires, items):
        self.name, self.items = name, items
        self.mask = (1 << spec["width"]) - 1
        self.valid = _Wire(wires.get("valid")) if spec["valid"] else None
        self.payload = _Wire(wires.get("payload"))
        self.ready = wires["ready"] if spec["ready"] else None
        self.awaited = spec["valid"] and len(items) > 0

    def start(self, rng, pattern):
        self.rng, self.limit = rng, threshold(pattern.idle)
        self.live, self.at = False, []

    def missing(self):
        return self.awaited and len(self.at) < len(self.items)

    def idle(self):
        if self.valid:
            self.valid.set(0)

    def drive(self):
        if (
            not self.live
            and len(self.at) < len(self.items)
            and (self.valid is None or not self.rng.below(self.limit))
        ):
            self.live = True
            self.payload.set(self.items[len(self.at)])
            if self.valid:
                self.valid.set(1)

    def sample(self, cycle):
        ready = self.ready is None or _defined(self.ready, f"{self.name}.ready")
        self.taken = bool(self.live and ready)
        if self.taken:
            self.at.append(cycle)

    def withdraw(self):
        """After the edge: show the complement of a payload that was taken, which nobody may use."""
        if self.taken:
            self.live = False
            if self.valid:
                self.valid.set(0)
                self.payload.set(self.payload.value ^ self.mask)


class _Sink:
    def __init__(self, name, spec, wires, expected):
        self.name, self.expected = name, expected
        self.valid = wires["valid"] if spec["valid"] else None
        self.payload = wires.get("payload")
        self.ready = _Wire(wires["ready"]) if spec["ready"] else None

    def start(self, rng, pattern):
        self.rng, self.limit = rng, threshold(pattern.stall)
        self.held, self.at, self.got = None, [], []

    def missing(self):
        return len(self.at) < len(self.expected)

    def idle(self):
        if self.ready:
            self.ready.set(0)

    def drive(self):
        self.want_ready = not self.rng.below(self.limit)
        if self.ready:
            self.ready.set(not self.want_ready)

    def look(self):
        """Payload, or None while not valid."""
        if self.valid is not None and not _defined(self.valid, f"{self.name}.valid"):
            return None
        return 0 if self.payload is None else _defined(self.payload, f"{self.name}.payload")

    def look_inverted(self):
        self.inverted = self.look()
        if self.ready:
            self.ready.set(self.want_ready)

    def sample(self, cycle):
        payload = self.look()
        kind = None
        if payload != self.inverted:
            kind = 3 if None in (payload, self.inverted) else 4
        elif self.held is not None and payload != self.held:
            kind = 1 if payload is None else 2
        if kind:
            raise ContractError(f"{self.name}: {FAILURES[kind]} in cycle {cycle}")
        self.held = None
        if payload is None:
            return
        if self.ready and not self.want_ready:
            self.held = payload
            return
        index = len(self.got)
        self.at.append(cycle)
        self.got.append(payload)
        if index >= len(self.expected) or payload != self.expected[index]:
            raise Mismatch(self.name, index, payload)


class _Bench:
    def __init__(self, dut, job, arrays):
        self.job = job
        self.clk = _Wire(dut.clk) if job["clk"] else None
        self.rst = _Wire(dut.rst) if job["rst"] else None
        self.streams = []
        for name, spec in job["streams"].items():
            wires = {
                wire: getattr(dut, f"{name}__{wire}")
                for wire in ("payload", "valid", "ready")
                if (spec[wire] if wire != "payload" else spec["width"])
            }
            end = _Sink if spec["output"] else _Source
            self.streams.append(end(name, spec, wires, to_ints(arrays[f"stream/{name}"])))
        self.sinks = [s for s in self.streams if isinstance(s, _Sink)]
        self.sources = [s for s in self.streams if isinstance(s, _Source)]
        self.waves = {
            _Wire(getattr(dut, name)): to_ints(arrays[f"wave/{name}"]) for name in job["waves"]
        }
        for name in job["unused"]:
            getattr(dut, name).value = 0
        self.probes = {name: getattr(dut, name) for name in job["probes"]}

    async def edge(self):
        if self.clk:
            self.clk.set(1)
        await Timer(1, "step")
        if self.clk:
            self.clk.set(0)

    async def reset(self):
        for stream in self.streams:
            stream.idle()
        if self.rst:
            self.rst.set(1)
            for _ in range(RESET_CYCLES):
                await Timer(1, "step")
                await self.edge()
            self.rst.set(0)
        await Timer(1, "step")

    async def cycle(self, cycle):
        for wire, values in self.waves.items():
            wire.set(values[min(cycle, len(values) - 1)])
        for stream in self.streams:
            stream.drive()
        await Timer(1, "step")
        for sink in self.sinks:
            sink.look_inverted()
        await Timer(1, "step")
        for stream in self.streams:
            stream.sample(cycle)
        for name, handle in self.probes.items():
            self.probed[name].append(_defined(handle, name))
        await self.edge()
        for source in self.sources:
            source.withdraw()

    async def run(self, pattern, cycles, partial=False):
        """One pattern from reset. Returns the number of cycles."""
        await self.reset()
        for index, stream in enumerate(self.streams):
            stream.start(Xorshift(stream_seed(pattern.seed, index)), pattern)
        self.probed = {name: [] for name in self.probes}
        waiting = not partial and any(stream.missing() for stream in self.streams)
        cycle = 0
        while not waiting or any(stream.missing() for stream in self.streams):
            if cycle == cycles:
                if waiting:
                    raise OutOfCycles()
                break
            await self.cycle(cycle)
            cycle += 1
        for _ in range(0 if partial else self.job["drain"]):
            await self.cycle(cycle)
            cycle += 1
        return cycle

    def results(self, number, cycles):
        """Arrays of one run's results, by name."""
        out = {f"{number}/cycles": np.array(cycles)}
        for stream in self.streams:
            out[f"{number}/at/{stream.name}"] = np.array(stream.at, np.int64)
            if stream in self.sinks:
                width = self.job["streams"][stream.name]["width"]
                out[f"{number}/stream/{stream.name}"] = to_words(stream.got, width)
        for name, values in self.probed.items():
            out[f"{number}/probe/{name}"] = to_words(values, self.job["probes"][name])
        return out


@cocotb.test()
async def patterns(dut):
    """Each pattern after the other, each from reset; writes results.npz and outcome.json."""
    folder = Path(os.environ["V90_JOB"])
    job = json.loads((folder / "job.json").read_text())
    if hasattr(signal, "alarm"):
        # It ends the process even if the simulator hangs within one moment of simulated time.
        signal.alarm(job["seconds"])
    with np.load(folder / "job.npz") as arrays:
        bench = _Bench(dut, job, dict(arrays))
    results, outcome = {}, {"error": None}
    for number, pattern in enumerate(Pattern(*p) for p in job["patterns"]):
        print(f"pattern {number}: {pattern}", flush=True)
        try:
            if job["reset_at"] is not None:
                await bench.run(pattern, job["reset_at"], partial=True)
            cycles = await bench.run(pattern, job["cycles"])
            results |= bench.results(number, cycles)
        except OutOfCycles:
            results |= bench.results(number, job["cycles"])
            outcome = {"error": "OutOfCycles", "pattern": number}
        except ContractError as error:
            outcome = {"error": "ContractError", "pattern": number, "message": str(error)}
        except Mismatch as error:
            outcome = {"error": "Mismatch", "pattern": number, "at": error.args}
        if outcome["error"]:
            break
    np.savez(folder / "results.npz", **results)
    (folder / "outcome.json").write_text(json.dumps(outcome))
    assert outcome["error"] is None, outcome
