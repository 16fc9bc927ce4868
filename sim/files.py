"""Files, folders and mapping parameters of commands: read, and written whole or not at all."""

import json
import math
import os
import secrets
import shutil
import stat
import sys
from contextlib import contextmanager
from pathlib import Path

from golden.errors import V90Error, short
from golden.pcm.parameters import POWER_LIMITS, MappingParameters
from sim.terminal import remark

#: The folder that holds the trees: a checkout, or where packages are installed.
ROOT = Path(__file__).resolve().parents[1]

#: The folder of example parameters: a checkout has it beside the trees, a wheel inside of ``sim``.
_INSTALLED = ROOT / "sim" / "examples"
EXAMPLES = _INSTALLED if _INSTALLED.is_dir() else ROOT / "examples"


#: Most octets that a command reads of a file: a recording of an hour at 48 kHz is smaller.
MOST_READ = 1 << 30

#: Most octets of JSON.
MOST_JSON = 1 << 24

#: Keys of a CP sequence, as recorded calls have them, beside those of mapping parameters.
_CP_KEYS = {
    *("acknowledge", "bits", "codec_constellations", "codec_constellations_present"),
    *("rms_ratio", "silence", "upstream_rate_mask"),
}


@contextmanager
def _named(path):
    """Have errors of the system name the file that the user named."""
    try:
        yield
    except OSError as error:
        error.filename = "stdout" if path == "-" else str(path)
        error.filename2 = None
        raise


def read_file(path, most=MOST_READ):
    """Return the octets of a file, or of stdin for ``-``.

    Raises :class:`~golden.errors.V90Error` where there are more than ``most``.
    """
    if path == "-":
        content = sys.stdin.buffer.read(most + 1)
    else:
        with _named(path), open(path, "rb") as file:
            content = file.read(most + 1)
    if len(content) > most:
        raise V90Error(f"{path} is larger than {most} octets, the most that is read of it")
    return content


def check_inputs(*paths):
    """Raise :class:`~golden.errors.V90Error` where stdin is named twice; None is no file."""
    if sum(path == "-" for path in paths) > 1:
        raise V90Error("two of the files to read are stdin, which can be read once")


def is_wav(path, content):
    """Whether a file is WAV, by its content or its name."""
    return content[8:12] == b"WAVE" or path.lower().endswith(".wav")


def check_outputs(force, *paths):
    """Raise :class:`~golden.errors.V90Error` where files cannot be written, or two are one.

    It looks before the work begins. ``paths`` are as those of :func:`write_file`; None is no file.
    """
    paths = [path for path in paths if path is not None]
    check_different(paths)
    for path in paths:
        check_output(path, force)


def check_different(paths):
    """Raise :class:`~golden.errors.V90Error` where two paths of files to write are one file."""
    seen = {}
    for path in paths:
        identity = _identity(path)
        if identity in seen:
            raise V90Error(f"two of the files to write are one: {seen[identity]} and {path}")
        seen[identity] = path


def _identity(path):
    """Equal for two paths of one file: by links of any kind, or by the same name."""
    if path == "-":
        return path
    try:
        status = os.stat(path)
        return status.st_dev, status.st_ino
    except OSError:
        return os.path.realpath(path)


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
        with _named(path):
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        return
    check_output(path, force)
    with _named(path):
        _write(path, content, force)


def _write(path, content, force):
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
    with _named(folder):
        _write_folder(Path(folder), files)


def _write_folder(folder, files):
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


def parse_json(path, content):
    """The value of JSON, of which ``content`` (bytes) is that of the file ``path``.

    Raises :class:`~golden.errors.V90Error`, with the file's name, where it is not JSON, or where an
    object has a key twice: only one of the two values would count.
    """
    try:
        return json.loads(content.decode(), object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise V90Error(f"{path}: not JSON: it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise V90Error(f"{path}: not JSON: {error}") from None
    except _TwiceError as error:
        raise V90Error(f"{path}: {error}") from None


class _TwiceError(Exception):
    """A key stands twice in an object."""


def _object(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"the key {short(twice)} stands twice in one object")
    return found


def read_parameters(path, law=None, power_limit=None):
    """Mapping parameters from a JSON file, with the law replaced and the power checked.

    Keys that are not known are named in a remark.
    """
    values = parse_json(path, read_file(path, MOST_JSON))
    try:
        parameters = MappingParameters.from_dict(values)
    except V90Error as error:
        raise V90Error(f"{path}: {error}") from None
    unknown = values.keys() - MappingParameters.__dataclass_fields__.keys() - _CP_KEYS
    if unknown:
        names = ", ".join(sorted(map(short, unknown)))
        remark(f"{path}: keys that are not known, and not used: {names}")
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
