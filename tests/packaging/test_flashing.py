"""tools/flashing.sh: what flashing lacks, in one line, or nothing."""

import shutil
import subprocess

import pytest

from tests.support import ROOT


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ([], ""),
        (
            ["libusb-1.0.so.0", "libftdi1.so.2"],
            "setup: to flash boards, run: sudo apt-get install -y libusb-1.0-0 libftdi1-2\n",
        ),
        (
            ["libother.so.7"],
            "setup: to flash boards, run: sudo apt-get install -y (what has libother.so.7)\n",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path, missing, said):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "flashing.sh", tmp_path / "tools")
    lines = ["libc.so.6 => /lib/libc.so.6 (0x7f)", *(f"{one} => not found" for one in missing)]
    for path, text in (
        (tmp_path / ".venv" / "bin" / "python", "echo loader"),
        (tmp_path / "bin" / "ldd", "".join(f"echo '\t{line}'\n" for line in lines)),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    result = subprocess.run(
        ["sh", "tools/flashing.sh"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
