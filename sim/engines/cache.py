"""Where compiled simulations are kept, and what a component becomes on the way there."""

import hashlib
import os
import re
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Signal, Value
from amaranth.lib import wiring

from golden.errors import V90Error
from hdl.core.amaranth_private import PortDirection
from sim.files import ROOT

_INPUT = re.compile(r"^  wire .*\binput \d+ .*\\(\S+)$", re.MULTILINE)


def cache_dir(engine):
    """The folder of one engine: under ``$V90_CACHE`` if set, else under the project's build/."""
    root = os.environ.get("V90_CACHE")
    if root is None:
        source = ROOT
        root = (source if (source / "pyproject.toml").exists() else Path.cwd()) / "build"
    return Path(root).resolve() / engine


def cached(engine, key, build):
    """The folder of a finished build, made by ``build(folder)`` if it is not there yet.

    ``key`` is a list of strings: all that decides the result. Built aside and renamed, so that
    several processes can ask for the same build at once.
    """
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
    final = cache_dir(engine) / digest
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="new-", dir=final.parent))
    try:
        build(work)
        try:
            work.rename(final)
        except OSError:
            if not final.is_dir():  # otherwise another process was quicker, with the same result
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final


def _netlist_ports(component):
    """What ``convert(ports=...)`` takes, without the constants.

    Amaranth 0.5 would pass on the constant valid or ready of a stream, and then refuse it.
    """
    found = {}
    for path, member, value in component.signature.flatten(component):
        signal = Value.cast(value)
        if isinstance(signal, Signal):
            direction = PortDirection.Input if member.flow == wiring.In else PortDirection.Output
            found["__".join(map(str, path))] = (signal, direction)
    return found


def to_rtlil(component, streams, plains):
    """RTLIL of the component as module ``top``, and which of ``clk`` and ``rst`` it has.

    Raises :class:`golden.errors.V90Error` for a component that wants any clock but ``sync``.
    """
    text = rtlil.convert(component, name="top", ports=_netlist_ports(component), emit_src=False)
    top = re.search(r"^module \\top$.*?^end$", text, re.MULTILINE | re.DOTALL)
    inputs = set(_INPUT.findall(top.group())) if top else set()
    known = set(plains)
    for name in streams:
        known |= {f"{name}__payload", f"{name}__valid", f"{name}__ready"}
    clocks = inputs - known
    if not clocks <= {"clk", "rst"}:
        raise V90Error(
            f"Only the clock domain 'sync' can be simulated, but the component wants "
            f"{', '.join(sorted(clocks - {'clk', 'rst'}))}."
        )
    return text, clocks


def tool_versions(*packages):
    """Versions of installed packages, as part of a cache key."""
    return [f"{p} {metadata.version(p)}" for p in packages]
