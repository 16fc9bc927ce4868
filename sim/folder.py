"""Folders of files that are written whole or not at all."""

import os
import secrets
import shutil
from pathlib import Path

from golden.errors import V90Error


def write_folder(folder, files, force=False):
    """Write files (relative path to bytes) into ``folder``, all of them or none.

    Raises :class:`~golden.errors.V90Error` when the folder is there and not empty, unless
    ``force``; then files of the same name are replaced and others stay. Likewise where there is no
    folder to make it in.
    """
    check_folder(folder, force)
    folder = Path(folder)
    exists = folder.is_dir()
    work = (folder if exists else folder.absolute().parent) / f".v90-{secrets.token_hex(8)}"
    work.mkdir()
    try:
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        if not exists:
            work.rename(folder)
            return
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(work / name, folder / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_folder(folder, force=False):
    """Raise :class:`~golden.errors.V90Error` where :func:`write_folder` would, before the work."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise V90Error(f"{folder} is no folder")
    if folder.is_dir() and not force and any(folder.iterdir()):
        raise V90Error(f"{folder} is not empty; --force writes into it all the same")
    parent = Path(os.path.realpath(folder)).parent
    if not parent.is_dir():
        raise V90Error(f"there is no folder {parent} to write {folder} into")
