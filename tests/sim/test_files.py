"""Files and folders: nothing is lost, nothing is neglected, errors name the file."""

import errno
import io
import json
import os
import sys

import pytest

from golden.errors import V90Error
from sim.files import (
    check_inputs,
    check_outputs,
    parse_json,
    read_file,
    read_parameters,
    write_file,
    write_folder,
)
from tests.support import EXAMPLES


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


def test_two_outputs_are_never_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_bytes(b"")
    os.link("there", "hard")
    (tmp_path / "soft").symlink_to("new")
    for one, other in (
        ("new", "./new"),
        ("new", str(tmp_path / "new")),
        ("new", "soft"),
        ("there", "hard"),
        ("-", "-"),
    ):
        with pytest.raises(V90Error, match="two of the files to write are one: "):
            check_outputs(True, one, None, other)
    check_outputs(True, "new", "there", "-", None)
    with pytest.raises(V90Error, match="there exists; --force overwrites it"):
        check_outputs(False, "new", "there")


def test_stdin_is_read_once():
    check_inputs("-", "file", None, None)
    with pytest.raises(V90Error, match="two of the files to read are stdin"):
        check_inputs("-", None, "-")


def test_a_file_may_be_too_large(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(10))
    assert read_file(str(path), 10) == bytes(10)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes(10))))
    for name in (str(path), "-"):
        with pytest.raises(V90Error, match="is larger than 9 octets"):
            read_file(name, 9)


def test_json_with_a_key_twice_is_refused():
    assert parse_json("x", b'{"a": {"b": 1}, "b": 2}') == {"a": {"b": 1}, "b": 2}
    for text in (b'{"a": 1, "a": 1}', b'{"x": [{"a": 1, "b": 2, "a": 3}]}'):
        with pytest.raises(V90Error, match="x: the key 'a' stands twice in one object"):
            parse_json("x", text)


def test_keys_that_are_not_known_are_named(tmp_path, capsys):
    values = json.loads((EXAMPLES / "28000.json").read_text())
    path = tmp_path / "p.json"
    path.write_text(json.dumps({**values, "rms_ratio": 0, "bits": "01"}))
    plain = read_parameters(str(path))
    assert capsys.readouterr().err == ""
    path.write_text(json.dumps({**values, "Ld": 2, "shaping": 1}))
    assert read_parameters(str(path)) == plain
    said = capsys.readouterr().err
    assert said.endswith("p.json: keys that are not known, and not used: 'Ld', 'shaping'\n")


def test_errors_of_the_system_name_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    for name, write in (
        ("file", lambda path: write_file(path, b"new", force=True)),
        ("folder", lambda path: write_folder(path, {"a": b""}, force=True)),
    ):
        with pytest.raises(OSError) as error:
            write(str(tmp_path / name))
        assert error.value.filename == str(tmp_path / name)
    assert (tmp_path / "file").read_bytes() == b"old" and not any((tmp_path / "folder").iterdir())
