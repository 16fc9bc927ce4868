"""Gateware as a function on NumPy arrays: Amaranth to CXXRTL, compiled, called through ctypes.

It runs millions to billions of cycles. The loop over cycles is C++; Python gives it whole arrays of
payloads and gets whole arrays back. :mod:`sim.engines.cosim` offers the same on Verilator and
Icarus.
"""

import ctypes

import numpy as np

from sim.engines.cache import to_rtlil
from sim.engines.cxxrtl import CompilerMissing, Probe, Run, Stream, Wave, library
from sim.engines.layout import at_least_1d, pack, payload_dtype, ports, unpack
from sim.engines.pattern import (
    FAILURES,
    RESET_CYCLES,
    ContractError,
    OutOfCycles,
    Pattern,
    Result,
    stream_seed,
    threshold,
    timeout,
)

__all__ = [
    "CompilerMissing",
    "ContractError",
    "Gateware",
    "Result",
    "OutOfCycles",
    "pack",
    "payload_dtype",
    "unpack",
]

# Cycles that the C++ loop runs between two looks from Python; it bounds the buffers.
_CHUNK = 1 << 16


class Gateware:
    """A component, compiled for simulation.

    Parameters
    ----------
    component : wiring.Component
        With stream ports and plain ports, all in the clock domain ``sync``. Ports inside nested
        interfaces or arrays are named by their path, joined by double underscores.
    rtlil : str, optional
        Another implementation with the same ports to simulate instead, such as a netlist after
        synthesis: RTLIL text whose top module is called ``top``.
    optimise : int
        The compiler's level: 0 if the compilation would take longer than the runs.

    Members
    -------
    streams, plains : dict of str to :class:`sim.engines.layout.ComponentPort`

    Raises
    ------
    CompilerMissing
        There is no g++ (nor what the environment's CXX names). Only where the compiled component
        is not in the cache.
    golden.errors.V90Error
        The component needs another clock than ``sync``, or could not be compiled.
    """

    def __init__(self, component, *, rtlil=None, optimise=2):
        self.streams, self.plains = ports(component)
        text, clocks = to_rtlil(component, self.streams, self.plains)
        wires = []
        for port in self.streams.values():
            wires += [f"{port.name}__payload"] * bool(port.width)
            wires += [f"{port.name}__valid"] * port.valid + [f"{port.name}__ready"] * port.ready
        wires += [name for name, port in self.plains.items() if port.width]
        self._lib = lib = library(rtlil or text, clocks, wires, optimise)
        self._design = lib.v90_create()
        self._wires = {name: lib.v90_wire(self._design, i) for i, name in enumerate(wires)}
        self._table = (Stream * len(self.streams))()
        self._held = []
        for entry, port in zip(self._table, self.streams.values(), strict=True):
            for wire in ("payload", "valid", "ready"):
                setattr(entry, wire, self._wires.get(f"{port.name}__{wire}"))
            entry.words, entry.output = port.words, port.output
            entry.top_mask = (1 << ((port.width - 1) % 32 + 1)) - 1
            # Room for the payload held, and for valid and payload as seen with ready inverted.
            self._held.append(np.zeros(2 * port.words + 1, "<u4"))
            entry.held = self._held[-1].ctypes.data
        self.reset()

    def __del__(self):
        if getattr(self, "_design", None):
            self._lib.v90_destroy(self._design)
            self._design = None

    def power_on(self):
        """Return to the state after power-on: initial values, memories included, inputs 0."""
        self._lib.v90_power_on(self._design)
        for name, port in self.plains.items():
            if port.width and not port.output:
                ctypes.memset(self._wires[name], 0, port.words * ctypes.sizeof(ctypes.c_uint32))
        self.reset()

    def reset(self):
        """Hold the clock domain's reset for two cycles, with no stream valid or ready.

        Memories and registers without reset keep their contents, as they do in hardware.
        """
        for entry in self._table:
            wire = entry.ready if entry.output else entry.valid
            if wire:
                wire[0] = 0
            entry.live = 0
        self._lib.v90_reset(self._design, RESET_CYCLES)

    def set(self, port, value):
        """Set a plain input: an integer, or for a layout a dict of integers. It stays so."""
        port = self._plain(port, output=False)
        if port.width:
            words = pack(at_least_1d(value), port.shape)[0]
            ctypes.memmove(self._wires[port.name], words.ctypes.data, words.nbytes)

    def get(self, port):
        """The present value of a plain port: an int, or for a layout one structured element."""
        port = self._plain(port)
        self._lib.v90_settle(self._design)
        words = np.array([self._wires[port.name][i] for i in range(port.words)], "<u4")
        value = unpack(words[None], port.shape)[0]
        return int(value) if isinstance(value, np.integer) else value

    def _plain(self, name, output=None):
        port = self.plains.get(name)
        if port is None or output not in (None, port.output):
            kind = "port" if output is None else "input"
            raise ValueError(f"there is no plain {kind} {name!r}; there are {list(self.plains)}")
        return port

    def run(
        self,
        inputs=None,
        outputs=None,
        cycles=1_000_000,
        *,
        idle=0.0,
        stall=0.0,
        seed=0,
        waves=None,
        probes=(),
        reset=True,
        partial=False,
        drain=None,
        check_ready=False,
    ):
        """Feed payloads in, and collect payloads out.

        Ends when every output in ``outputs`` that has a number has given so many transfers; if
        none has a number, when every input has been taken; without inputs too, after ``cycles``.
        Every output stream is collected and checked against the stream contract, every cycle.

        Parameters
        ----------
        inputs : dict of str to payloads
            For each input stream an array (see :mod:`sim.engines.layout`) or a dict of arrays. A
            stream that is left out is never valid. A stream that is always valid shows one item
            each cycle it is ready, then its last item for ever; it is not waited for.
        outputs : dict of str to int or None
            How many transfers to wait for. Such a sink is not ready for more, so that they stay
            for the next run; a stream that is always ready cannot wait and may give more.
        cycles : int
            At most so many cycles.
        idle, stall, seed
            See :class:`sim.engines.pattern.Pattern`.
        waves : dict of str to int or array
            For plain inputs a value, or one value a cycle, whose last stays.
        probes : iterable of str
            Plain ports to record each cycle.
        reset : bool
            Call :meth:`reset` first. Otherwise the run continues where the last one ended; an
            item offered then and not taken must be the first now.
        partial : bool
            Return what there is when cycles run out, instead of raising ``OutOfCycles``.
        drain : int, optional
            End only when every input has been taken, too, then go on for so many cycles; every
            sink stays open, to show whether more comes than was asked for.
        check_ready : bool
            Check each cycle that valid and payload do not depend on ready. Half as fast.

        Returns
        -------
        :class:`sim.engines.pattern.Result`

        Raises
        ------
        OutOfCycles
            Cycles ran out; says what was missing, and carries the Result as ``result``.
        ContractError
            A stream broke the contract; says which, how, and in which cycle.
        ValueError
            Unknown ports, or payloads that do not fit.
        """
        inputs, outputs = dict(inputs or {}), dict(outputs or {})
        pattern = Pattern(idle, stall, seed).validate()
        for names, is_output in ((inputs, False), (outputs, True)):
            for name in names:
                if name not in self.streams or self.streams[name].output != is_output:
                    kind = "output" if is_output else "input"
                    raise ValueError(
                        f"there is no {kind} stream {name!r}; there are {list(self.streams)}"
                    )
        if reset:
            self.reset()
        chunk = max(1, min(cycles + (drain or 0), _CHUNK))
        run = Run(
            n_streams=len(self._table),
            check_ready=check_ready,
            streams=ctypes.cast(self._table, ctypes.POINTER(Stream)),
        )
        words, at = self._start_streams(run, inputs, outputs, pattern, chunk, drain is not None)
        self._start_waves(run, waves or {})
        probed = self._start_probes(run, list(probes), chunk)
        collected = {name: ([], []) for name, port in self.streams.items() if port.output}

        waiting = run.pending > 0
        status = self._advance(run, cycles, chunk, words, at, probed, collected)
        complete = status == 1 or not waiting
        if drain and complete:
            run.pending = 0
            status = self._advance(run, run.cycle + drain, chunk, words, at, probed, collected)
        if status == 2:
            name = list(self.streams)[run.failed]
            raise ContractError(f"{name}: {FAILURES[run.failure]} in cycle {run.cycle} ({pattern})")

        result = Result(cycles=run.cycle, pattern=pattern)
        for entry, (name, port) in zip(self._table, self.streams.items(), strict=True):
            if port.output:
                parts, times = collected[name]
                result.outputs[name] = unpack(_join(parts, words[name]), port.shape)
                result.given[name] = _join(times, at[name])
            else:
                result.taken[name] = at[name][: entry.next]
        for name, (buffer, parts) in probed.items():
            result.probes[name] = unpack(_join(parts, buffer), self.plains[name].shape)
        if not complete and not partial:
            raise timeout(result, outputs, {name: len(words[name]) for name in inputs})
        return result

    def _start_streams(self, run, inputs, outputs, pattern, chunk, whole):
        """Fill the table of streams. Returns the buffers: payload words, and cycle numbers."""
        words, at = {}, {}
        some_wanted = any(outputs.values())
        for index, (name, port) in enumerate(self.streams.items()):
            entry = self._table[index]
            entry.rng = stream_seed(pattern.seed, index)
            entry.limit = threshold(pattern.stall if port.output else pattern.idle)
            entry.next = 0
            if port.output:
                want = outputs.get(name)
                entry.want = -1 if want is None else want
                entry.awaited, entry.open = bool(want), whole
                # Uninitialised: only what was written is ever read.
                words[name] = np.empty((chunk, port.words), "<u4")
                at[name] = np.empty(chunk, np.int64)
            else:
                words[name] = (
                    pack(inputs[name], port.shape)
                    if name in inputs
                    else np.zeros((0, port.words), "<u4")
                )
                at[name] = np.empty(len(words[name]), np.int64)
                entry.room = len(words[name])
                entry.awaited = port.valid and entry.room > 0 and (whole or not some_wanted)
                shown = [entry.payload[i] for i in range(port.words)]
                if port.valid and entry.live and words[name][:1].tolist() != [shown]:
                    raise ValueError(
                        f"stream {name!r} still offers an item that was not taken; "
                        "give it first, or reset"
                    )
            entry.items, entry.at = words[name].ctypes.data, at[name].ctypes.data
            run.pending += entry.awaited
        return words, at

    def _start_waves(self, run, waves):
        """Fill the table of waves."""
        table, packed = (Wave * len(waves))(), []
        for entry, (name, value) in zip(table, waves.items(), strict=True):
            port = self._plain(name, output=False)
            packed.append(pack(at_least_1d(value), port.shape))
            if len(packed[-1]) == 0:
                raise ValueError(f"the wave for {name!r} is empty")
            entry.port, entry.words = self._wires.get(name), port.words
            entry.items, entry.length = packed[-1].ctypes.data, len(packed[-1])
        run.waves, run.n_waves = ctypes.cast(table, ctypes.POINTER(Wave)), len(waves)
        self._waves = table, packed  # what the C++ loop points at must stay

    def _start_probes(self, run, probes, chunk):
        """Fill the table of probes. Returns for each its buffer and its (still empty) parts."""
        self._probes = (Probe * len(probes))()
        probed = {}
        for entry, name in zip(self._probes, probes, strict=True):
            port = self._plain(name)
            entry.port, entry.words = self._wires.get(name), port.words
            probed[name] = (np.empty((chunk, port.words), "<u4"), [])
        run.probes, run.n_probes = ctypes.cast(self._probes, ctypes.POINTER(Probe)), len(probes)
        return probed

    def _advance(self, run, limit, chunk, words, at, probed, collected):
        """Run to cycle ``limit`` or the end, a chunk at a time, and collect what comes."""
        status = 0
        while status == 0 and run.cycle < limit:
            start = run.cycle
            run.cycles = min(chunk, limit - start)
            for entry, (buffer, _) in zip(self._probes, probed.values(), strict=True):
                entry.items = buffer.ctypes.data
            status = self._lib.v90_run(self._design, ctypes.byref(run))
            for entry, (name, port) in zip(self._table, self.streams.items(), strict=True):
                if port.output:
                    collected[name][0].append(words[name][: entry.next].copy())
                    collected[name][1].append(at[name][: entry.next].copy())
                    entry.next = 0
            for buffer, parts in probed.values():
                parts.append(buffer[: run.cycle - start].copy())
        return status


def _join(parts, like):
    return np.concatenate(parts) if parts else like[:0]
