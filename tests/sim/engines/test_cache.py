"""The cache of compiled simulations: entries are whole, sound and the user's own."""

import multiprocessing
import os
import signal
import stat
import time

import pytest

from golden.errors import V90Error
from sim.engines import cache
from sim.engines.cache import cached


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A cache of one's own."""
    monkeypatch.setenv("V90_CACHE", str(tmp_path))
    return tmp_path / "engine"


def writing(content, count=None):
    """A build that writes a file, and adds to the list ``count``."""

    def build(folder):
        if count is not None:
            count.append(folder)
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_bytes(content)

    return build


def test_a_build_is_made_once(place):
    made = []
    first = cached("engine", ["a", "b"], writing(b"x", made))
    again = cached("engine", ["a", "b"], writing(b"x", made))
    other = cached("engine", ["ab"], writing(b"y", made))
    assert first == again != other and len(made) == 2
    assert (first / "deep" / "file").read_bytes() == b"x"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "deep" / "file").write_bytes(b"z"),
        lambda folder: (folder / "deep" / "file").write_bytes(b""),
        lambda folder: (folder / "deep" / "file").unlink(),
        lambda folder: (folder / cache._LIST).unlink(),
        lambda folder: (folder / cache._LIST).write_text("{"),
        lambda folder: (folder / cache._LIST).write_text("[]"),
    ],
)
def test_a_damaged_entry_is_built_again(place, damage):
    folder = cached("engine", ["a"], writing(b"x"))
    damage(folder)
    made = []
    assert cached("engine", ["a"], writing(b"x", made)) == folder and len(made) == 1
    assert (folder / "deep" / "file").read_bytes() == b"x"


def test_a_build_that_fails_leaves_nothing(place):
    def fail(folder):
        (folder / "half").write_bytes(b"")
        raise V90Error("no compiler")

    with pytest.raises(V90Error, match="no compiler"):
        cached("engine", ["a"], fail)
    assert [path.name for path in place.iterdir()] == ["locks"]


def _hang(root, begun):
    os.environ["V90_CACHE"] = root

    def build(folder):
        (folder / "half").write_bytes(b"half")
        begun.set()
        time.sleep(60)

    cached("engine", ["a"], build)


def test_leftovers_of_killed_builds_are_removed(place):
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=_hang, args=(str(place.parent), begun))
    process.start()
    assert begun.wait(30)
    # It is being built: another entry's build leaves it alone.
    cached("engine", ["b"], writing(b"y"))
    assert len(list(place.glob("new-*"))) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    cached("engine", ["c"], writing(b"z"))
    assert not list(place.glob("new-*"))


def _count(root, log):
    os.environ["V90_CACHE"] = root

    def build(folder):
        with open(log, "a") as file:
            file.write("built\n")
        time.sleep(0.3)
        (folder / "file").write_bytes(b"x")

    assert (cached("engine", ["a"], build) / "file").read_bytes() == b"x"


def test_two_processes_build_an_entry_once(place):
    log = place.parent / "log"
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_count, args=(str(place.parent), str(log))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    assert log.read_text() == "built\n"


def test_entries_of_another_cache_are_lent(place, tmp_path, monkeypatch):
    lent = cached("engine", ["a"], writing(b"x"))
    monkeypatch.setenv("V90_CACHE_LENT", str(tmp_path))
    monkeypatch.setenv("V90_CACHE", str(tmp_path / "own"))
    made = []
    assert cached("engine", ["a"], writing(b"x", made)) == lent and not made
    own = cached("engine", ["b"], writing(b"y", made))
    assert own.is_relative_to(tmp_path / "own") and len(made) == 1
    (lent / "deep" / "file").write_bytes(b"z")
    assert cached("engine", ["a"], writing(b"x", made)) != lent and len(made) == 2


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """As in a copy that is installed: no pyproject.toml beside the packages."""
    monkeypatch.delenv("V90_CACHE", raising=False)
    monkeypatch.setattr(cache, "ROOT", tmp_path / "site-packages")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "caches" / "v90-gateware"


def test_an_installed_copy_has_the_users_own_cache(installed, monkeypatch):
    assert cache.cache_root() == installed
    assert stat.S_IMODE(installed.stat().st_mode) == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(installed.parent))
    assert cache.cache_root() == installed.parent / ".cache" / "v90-gateware"


def test_a_cache_that_others_can_write_to_is_refused(installed):
    installed.mkdir(parents=True)
    installed.chmod(0o777)
    with pytest.raises(V90Error, match="code in it would run; V90_CACHE names another"):
        cache.cache_root()


def test_a_cache_of_somebody_else_is_refused(installed, monkeypatch):
    cache.cache_root()
    monkeypatch.setattr(cache.os, "getuid", lambda: installed.stat().st_uid + 1)
    with pytest.raises(V90Error, match="is not the user's own"):
        cache.cache_root()
