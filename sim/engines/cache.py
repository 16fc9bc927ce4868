"""The cache of compiled simulations, and the netlist that a component becomes on the way there.

An entry is a folder whose name is a hash of all that decides its contents. It holds a list of its
files with size and hash, which is checked each time: a damaged entry is built again. One process
builds an entry; others that ask for it wait.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Signal, Value
from amaranth.lib import wiring

from golden.errors import V90Error
from hdl.core.amaranth_private import PortDirection
from sim.files import ROOT

#: The list of an entry's files: path to size and SHA-256.
_LIST = "contents.json"

#: The beginning of names of folders in which entries are built; the rest is that of their entry.
_UNFINISHED = "new-"

_INPUT = re.compile(r"^  wire .*\binput \d+ .*\\(\S+)$", re.MULTILINE)


def cache_root():
    """The folder of the cache, made where it is missing.

    It is ``$V90_CACHE`` if set, build/ in a checkout, and otherwise the user's own
    ``v90-gateware`` in ``$XDG_CACHE_HOME`` (default ``~/.cache``). Code in it runs, so the user's
    own is for nobody else: :class:`~golden.errors.V90Error` if others own it or can write to it.
    """
    if os.environ.get("V90_CACHE"):
        root = Path(os.environ["V90_CACHE"]).resolve()
        root.mkdir(parents=True, exist_ok=True)
    elif (ROOT / "pyproject.toml").exists():
        root = ROOT / "build"
        root.mkdir(exist_ok=True)
    else:
        # The XDG base directory specification: a path that is not absolute is ignored.
        base = Path(os.environ.get("XDG_CACHE_HOME", ""))
        root = (base if base.is_absolute() else Path.home() / ".cache") / "v90-gateware"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = root.stat()
        if status.st_uid != os.getuid() or status.st_mode & 0o022:
            raise V90Error(
                f"{root} is not the user's own: others own it or can write to it, and code in it "
                "would run; V90_CACHE names another folder"
            )
    return root


def cached(engine, key, build):
    """The folder of a finished build, made by ``build(folder)`` where there is no sound one.

    ``key`` is a list of strings: all that decides the result. Built aside and renamed, so that an
    entry is whole or absent. ``$V90_CACHE_LENT`` names another cache, whose entries are used and to
    which none are added.
    """
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
    folder = cache_root() / engine
    final = folder / digest
    if _sound(final):
        return final
    if (lent := os.environ.get("V90_CACHE_LENT")) and _sound(Path(lent) / engine / digest):
        return Path(lent) / engine / digest
    folder.mkdir(exist_ok=True)
    _remove_leftovers(folder)
    with _lock(folder, digest):
        if _sound(final):
            return final  # another process was quicker
        shutil.rmtree(final, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{digest}-", dir=folder))
        try:
            build(work)
            _write_list(work)
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return final


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _LIST)


def _facts(path):
    return [path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()]


def _write_list(folder):
    facts = {str(path.relative_to(folder)): _facts(path) for path in _files(folder)}
    (folder / _LIST).write_text(json.dumps(facts))


def _sound(folder):
    """Whether an entry is there and its files are those of its list."""
    try:
        facts = json.loads((folder / _LIST).read_text())
        return all(_facts(folder / name) == fact for name, fact in facts.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _lock(folder, digest, wait=True):
    """Hold an entry's lock; give whether it is held. It ends with the process that holds it."""
    locks = folder / "locks"
    locks.mkdir(exist_ok=True)
    with open(locks / digest, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def _remove_leftovers(folder):
    """Remove what builds left that were killed: folders whose entry's lock nobody holds."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        digest = path.name.removeprefix(_UNFINISHED).partition("-")[0]
        with _lock(folder, digest, wait=False) as held:
            if held:
                shutil.rmtree(path, ignore_errors=True)


def _netlist_ports(component):
    """The ports for ``convert(ports=...)``, without constants.

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
