"""Files, folders and mapping parameters of commands: read, and written whole or not at all."""

import math
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path

from golden.errors import V90Error
from golden.pcm.parameters import POWER_LIMITS, MappingParameters

#: The folder that holds the trees: a checkout, or where packages are installed.
ROOT = Path(__file__).resolve().parents[1]

#: The folder of example parameters: a checkout has it beside the trees, a wheel inside of ``sim``.
_INSTALLED = ROOT / "sim" / "examples"
EXAMPLES = _INSTALLED if _INSTALLED.is_dir() else ROOT / "examples"


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


def read_parameters(path, law=None, power_limit=None):
    """Mapping parameters from a JSON file, with the law replaced and the power checked."""
    try:
        parameters = MappingParameters.from_json(read_file(path).decode())
    except UnicodeDecodeError:
        raise V90Error(f"{path}: not JSON: it is not UTF-8 text") from None
    except V90Error as error:
        raise V90Error(f"{path}: {error}") from None
    if law:
        parameters = parameters.with_law(law)
    if power_limit is not None and parameters.exceeds(power_limit):
        raise V90Error(
            f"{path}: the average power, {dbm0(parameters):.2f} dBm0, is above the limit of "
            f"{power_limit:g} dBm0"
        )
    return parameters


def dbm0(parameters):
    """Average power of 8.5.2 in dBm0, on the scale of Table 15/V.90."""
    limit, root = max(POWER_LIMITS.items())
    power = parameters.average_power
    return limit + 10 * math.log10(power / root**2) if power else -math.inf
