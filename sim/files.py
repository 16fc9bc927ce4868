"""Files that commands read, and write whole or not at all."""

import os
import secrets
import stat
import sys
from pathlib import Path

from golden.errors import V90Error


def read_file(path):
    """Return the octets of a file, or of stdin for ``-``."""
    if path == "-":
        return sys.stdin.buffer.read()
    return Path(path).read_bytes()


def is_wav(path, content):
    """Tell whether a file is WAV, or says so by its name."""
    return content[8:12] == b"WAVE" or path.lower().endswith(".wav")


def check_output(path, force):
    """Raise :class:`~golden.errors.V90Error` where :func:`write_file` would, before the work."""
    if path == "-":
        return
    target = Path(path)
    if target.is_dir():
        raise V90Error(f"{path} is a folder, not a file to write")
    if os.path.lexists(target) and not force:
        raise V90Error(f"{path} exists; --force overwrites it")
    folder = Path(os.path.realpath(target)).parent
    if not folder.is_dir():
        raise V90Error(f"there is no folder {folder} to write {path} into")
    if not target.exists() and not os.access(folder, os.W_OK | os.X_OK):
        raise V90Error(f"no permission to write {path}")


def write_file(path, content, force):
    """Write a file whole or not at all: aside, then renamed. ``-`` is stdout."""
    if path == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    check_output(path, force)
    # A link stays one, and its target is replaced.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # A device or pipe cannot be replaced and keeps nothing that could be lost.
        target.write_bytes(content)
        return
    work = target.parent / f".v90-{secrets.token_hex(8)}"
    try:
        with open(work, "xb") as file:
            file.write(content)
        if target.exists():
            work.chmod(stat.S_IMODE(target.stat().st_mode))
        elif os.path.lexists(target) and not force:
            raise V90Error(f"{path} exists; --force overwrites it")
        os.replace(work, target)
    finally:
        work.unlink(missing_ok=True)
