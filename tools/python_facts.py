"""What tools/setup.sh asks an interpreter before it builds .venv from it.

Prints its version and four words: old or new enough, shared or static, venv or not, system or not.
"""

import ctypes
import importlib.util
import os
import sys
import sysconfig


def shared():
    """Whether the interpreter exists as a library that a simulator can load."""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    if ".so" not in name:
        return False
    folders = [sysconfig.get_config_var("LIBDIR") or "", os.path.join(sys.base_prefix, "lib")]
    for path in [os.path.join(folder, name) for folder in folders] + [name]:
        try:
            ctypes.CDLL(path)
        except OSError:
            continue
        return True
    return False


print(
    "%d.%d" % sys.version_info[:2],  # noqa: UP031 (must run on a Python that is too old)
    "new" if sys.version_info >= (3, 11) else "old",
    "shared" if shared() else "static",
    "venv" if importlib.util.find_spec("ensurepip") else "no-venv",
    "system" if os.path.dirname(sys.executable) in ("/usr/bin", "/bin") else "other",
)
