"""Folders: all files or none, and nothing that was there is lost."""

import pytest

from golden.errors import V90Error
from sim.files import write_folder


def test_writing_is_refused_where_something_is(tmp_path):
    files = {"a/b.hex": b"1\n", "manifest.json": b"{}"}
    new = tmp_path / "new"
    write_folder(new, files)
    assert (new / "a" / "b.hex").read_bytes() == b"1\n"
    with pytest.raises(V90Error, match="not empty"):
        write_folder(new, {"manifest.json": b"other"})
    assert (new / "manifest.json").read_bytes() == b"{}"
    (new / "mine").write_bytes(b"mine")
    write_folder(new, {"manifest.json": b"other"}, force=True)
    assert (new / "manifest.json").read_bytes() == b"other"
    assert (new / "mine").read_bytes() == b"mine"
    (tmp_path / "empty").mkdir()
    write_folder(tmp_path / "empty", files)
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(V90Error, match="no folder"):
        write_folder(tmp_path / "file", files, force=True)
    with pytest.raises(V90Error, match="there is no folder"):
        write_folder(tmp_path / "no" / "new", files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "new"]
    assert not [path for path in tmp_path.rglob(".v90-*")]


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(OSError):
        write_folder(tmp_path / "new", {"a": b"", "a/b": b""})
    assert list(tmp_path.iterdir()) == []
