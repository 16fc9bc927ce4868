"""Work on many items: processes here or a dask.distributed cluster behind one interface.

Soaks, figures and planted errors take days on one machine. :func:`results_of` gives their results
as they come. Results may be kept in a folder, so that a later run does not do again what is done.
"""

import hashlib
import importlib
import os
import pickle
import secrets
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from golden.errors import V90Error
from sim.files import ROOT

#: Deaths of workers, one after the other without a result, after which work is given up.
MOST_DEATHS = 3

#: Most processes side by side.
MOST_JOBS = 256

#: Seconds in which a scheduler answers.
_ANSWERS = 10

#: Trees whose sources decide results.
TREES = ("golden", "hdl", "sim", "boards", "tests")

_SOURCES = tuple(f"{tree}/**/*.{kind}" for tree in TREES for kind in ("py", "toml", "txt"))

# One item at a time in a process: simulations keep engines that are no thread's own.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Workers:
    """Where work is done, and where results are kept.

    Fields
    ------
    jobs : int
        Processes of this machine side by side.
    scheduler : str or None
        Address of a dask.distributed scheduler, in place of processes here. Its workers have the
        same sources on their path.
    results : str or None
        Folder that keeps results. What it has is not done again, as long as no source has changed.
    """

    jobs: int = 1
    scheduler: str | None = None
    results: str | None = None

    def __post_init__(self):
        if not 1 <= self.jobs <= MOST_JOBS:
            raise V90Error(f"--jobs is 1 to {MOST_JOBS}, not {self.jobs}")


#: As many processes here as there are cores.
HERE = Workers(min(os.cpu_count() or 1, MOST_JOBS))


def options(parser):
    """Add the options of :class:`Workers` to a parser."""
    parser.add_argument(
        "--jobs", type=int, default=HERE.jobs, metavar="N", help="processes side by side"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a dask.distributed cluster that does the work"
    )
    parser.add_argument(
        "--results", metavar="DIR", help="keep results there; a later run goes on with them"
    )


def workers_of(arguments):
    """The :class:`Workers` of a command line."""
    return Workers(arguments.jobs, arguments.scheduler, arguments.results)


def results_of(function, items, workers):
    """Yield ``(index, function(item))`` of all items, each result as soon as it is there.

    Parameters
    ----------
    function : callable
        A function at the top of a module. It is called in another process.
    items : list
        Values that can be pickled, and whose ``repr`` says all that they are.
    workers : :class:`Workers`

    Raises
    ------
    golden.errors.V90Error
        No scheduler answers, its workers have other sources, or workers die on an item.
    Exception
        Whatever ``function`` raised.
    """
    name = _name(function)
    kept = _Kept(workers.results, name)
    waiting = {}
    for index, item in enumerate(items):
        found = kept.get(item)
        if found is None:
            waiting[index] = item
        else:
            yield index, found[0]
    if waiting:
        way = _on_cluster if workers.scheduler else _here
        for index, result in way(name, waiting, workers):
            kept.put(items[index], result)
            yield index, result


def ordered(function, items, workers):
    """A list of ``function(item)`` of all items, in their order; see :func:`results_of`."""
    found = dict(results_of(function, items, workers))
    return [found[index] for index in range(len(items))]


def _name(function):
    """``module:function``, by which another process finds it."""
    module = function.__module__
    if module == "__main__":
        module = sys.modules["__main__"].__spec__.name
    return f"{module}:{function.__qualname__}"


def _call(name, item):
    module, _, function = name.partition(":")
    with _one_at_a_time:
        return getattr(importlib.import_module(module), function)(item)


@cache
def sources():
    """A hash of the sources, which decide results."""
    found = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


# --- Results that are kept -----------------------------------------------------------------------


class _Kept:
    """Results in a folder, by function, item and sources; without a folder there are none."""

    def __init__(self, folder, name):
        self._folder, self._name = folder and Path(folder), name
        if folder:
            self._folder.mkdir(parents=True, exist_ok=True)

    def _path(self, item):
        key = "\0".join([sources(), self._name, repr(item)])
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.pickle"

    def get(self, item):
        """The result in a tuple, or None."""
        if not self._folder:
            return None
        try:
            return (pickle.loads(self._path(item).read_bytes()),)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def put(self, item, result):
        """Keep a result: whole or not at all."""
        if self._folder:
            path = self._path(item)
            work = path.with_name(f".{secrets.token_hex(8)}")
            work.write_bytes(pickle.dumps(result))
            os.replace(work, path)


# --- Ways to do it -------------------------------------------------------------------------------


def _here(name, waiting, workers):
    """Results by processes of this machine. Those of a process that dies are done by others."""
    deaths = Counter()
    while waiting:
        pool = ProcessPoolExecutor(min(workers.jobs, len(waiting)))
        try:
            futures = {pool.submit(_call, name, item): index for index, item in waiting.items()}
            for future in as_completed(futures):
                index = futures[future]
                result = future.result()
                del waiting[index]
                deaths.clear()
                yield index, result
        except BrokenProcessPool:
            deaths["here"] += 1
            if deaths["here"] >= MOST_DEATHS:
                left = ", ".join(str(index) for index in list(waiting)[:5])
                raise V90Error(
                    f"processes died {MOST_DEATHS} times without a result; of {len(waiting)} items "
                    f"that are left, the first are number {left}"
                ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _on_cluster(name, waiting, workers):
    """Results by a cluster's workers. The scheduler gives the items of one that dies to others."""
    try:
        from distributed import Client, KilledWorker
        from distributed import as_completed as completed
    except ModuleNotFoundError:
        raise V90Error(
            "dask.distributed is not installed: the extra `cluster` of v90-gateware has it"
        ) from None
    try:
        client = Client(workers.scheduler, timeout=_ANSWERS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise V90Error(f"no scheduler answers at {workers.scheduler}: {error}") from None
    with client:
        futures = {
            client.submit(_checked, name, item, sources(), pure=False): index
            for index, item in waiting.items()
        }
        for future in completed(list(futures), loop=client.loop):
            try:
                yield futures[future], future.result()
            except KilledWorker:
                raise V90Error(f"workers died on item number {futures[future]}") from None
            except ModuleNotFoundError as error:
                raise V90Error(f"a worker has no module {error.name} on its path") from None


def _checked(name, item, expected):
    if sources() != expected:
        raise V90Error("a worker has other sources than this machine")
    return _call(name, item)
