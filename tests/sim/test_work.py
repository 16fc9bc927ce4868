"""Work on many items: here, on a cluster, with workers that die, and resumed."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from golden.errors import V90Error
from sim import work
from sim.work import Workers, results_of


def square(item):
    """The square of a number."""
    return item**2


def counted(item):
    """The square of a number; a file says that it was computed."""
    folder, number = item
    with open(Path(folder) / f"{number}", "a") as file:
        file.write("x")
    return number**2


def deadly(item):
    """As :func:`counted`, but the process that has number 3 first dies on it."""
    folder, number = item
    if number == 3 and not (Path(folder) / "died").exists():
        (Path(folder) / "died").write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return counted(item)


def fatal(item):
    """Whoever gets it dies."""
    os.kill(os.getpid(), signal.SIGKILL)


def wrong(item):
    raise ValueError(f"no {item}")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_have_their_items(jobs):
    items = [5, 3, 8, 1]
    assert dict(results_of(square, items, Workers(jobs))) == {0: 25, 1: 9, 2: 64, 3: 1}
    assert dict(results_of(square, [], Workers(jobs))) == {}


def test_an_error_is_raised():
    with pytest.raises(ValueError, match="no 7"):
        list(results_of(wrong, [7], Workers()))


def test_work_of_a_process_that_dies_is_done(tmp_path):
    items = [(str(tmp_path), number) for number in range(8)]
    found = dict(results_of(deadly, items, Workers(2)))
    assert found == {number: number**2 for number in range(8)} and (tmp_path / "died").exists()


def test_items_that_kill_end_it():
    with pytest.raises(V90Error, match="processes died 3 times without a result; of 1 items"):
        list(results_of(fatal, [1], Workers()))


def times(folder):
    """How often each number was computed."""
    return {int(path.name): len(path.read_text()) for path in folder.iterdir()}


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    log, kept = tmp_path / "log", str(tmp_path / "kept")
    log.mkdir()
    items = [(str(log), number) for number in range(5)]
    workers = Workers(1, results=kept)
    results = results_of(counted, items, workers)
    first = dict(next(results) for _ in range(2))
    results.close()  # as by Ctrl-C
    assert len(os.listdir(kept)) == 2
    done = times(log)
    assert dict(results_of(counted, items, workers)) == {n: n**2 for n in range(5)}
    assert set(first) <= set(range(5))
    # What was kept was not done again; what was under way when it was closed may be.
    again = times(log)
    assert all(again[index] == done[index] for index in first) and set(again) == set(range(5))
    assert dict(results_of(counted, items, workers)) == {n: n**2 for n in range(5)}
    assert times(log) == again
    # Damaged results are none, and other sources have others.
    for path in Path(kept).iterdir():
        path.write_bytes(path.read_bytes()[:3])
    assert len(dict(results_of(counted, items[:1], workers))) == 1
    assert times(log)[0] == again[0] + 1
    monkeypatch.setattr(work, "sources", lambda: "others")
    assert len(dict(results_of(counted, items[:1], workers))) == 1
    assert times(log)[0] == again[0] + 2


@pytest.mark.parametrize("jobs", [0, 257])
def test_jobs_that_cannot_be(jobs):
    with pytest.raises(V90Error, match=f"--jobs is 1 to 256, not {jobs}"):
        Workers(jobs)


def test_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(V90Error, match="the extra `cluster` of v90-gateware has it"):
        list(results_of(square, [1], Workers(scheduler="tcp://127.0.0.1:1")))


# --- A cluster -----------------------------------------------------------------------------------


@pytest.fixture
def cluster(monkeypatch):
    """Two workers, a process each, on this machine; its own files are on their path."""
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(work.ROOT), *sys.path]))
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        host="127.0.0.1",
    )
    try:
        yield cluster
    finally:
        cluster.close()


QUIET = pytest.mark.filterwarnings("ignore")  # libraries of the cluster's warn of their own


@QUIET
def test_a_cluster_gives_the_same_though_a_worker_dies(cluster, tmp_path):
    address = cluster.scheduler_address
    items = [(str(tmp_path), number) for number in range(12)]
    found = dict(results_of(deadly, items, Workers(scheduler=address)))
    assert (tmp_path / "died").exists()
    (tmp_path / "died").unlink()
    assert found == dict(results_of(counted, items, Workers(2)))
    assert set(times(tmp_path)) == set(range(12))


@QUIET
def test_a_cluster_with_other_sources_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(work, "sources", lambda: "others")
    with pytest.raises(V90Error, match="a worker has other sources"):
        list(results_of(square, [1], Workers(scheduler=cluster.scheduler_address)))


@QUIET
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:x"])
def test_no_scheduler(address, monkeypatch):
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    monkeypatch.setattr(work, "_ANSWERS", 1)
    begun = time.monotonic()
    with pytest.raises(V90Error, match=f"no scheduler answers at {address}"):
        list(results_of(square, [1], Workers(scheduler=address)))
    assert time.monotonic() - begun < 20
