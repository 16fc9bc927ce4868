"""Progress on a terminal, numbers in options, streams that are closed."""

import io
import subprocess
import sys

import pytest

from golden.errors import V90Error
from sim import terminal
from tests.support import EXAMPLES, ROOT


def test_progress_is_drawn_on_a_terminal_after_its_patience(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for patience, drawn in ((0.0, True), (60.0, False)):
        stderr = Terminal()
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr(terminal, "_PATIENCE", patience)
        monkeypatch.setenv("TERM", "xterm")
        with terminal.progress("encoding") as show:
            show(1, 2)
            while drawn and "encoding" not in stderr.getvalue():
                show(2, 2)
        assert ("encoding" in stderr.getvalue()) == drawn
    with pytest.raises(KeyboardInterrupt), terminal.progress("encoding"):
        raise KeyboardInterrupt


@pytest.mark.parametrize("text", ["-1e2", "-1.5E-3", "-.5", "-3.", "-inf", "-nan", "1e2"])
def test_negative_numbers_are_numbers(text):
    parser = terminal.Parser()
    parser.add_argument("--ppm", type=float)
    parser.add_argument("names", nargs="*")
    found = parser.parse_args(["--ppm", text]).ppm
    assert repr(found) == repr(float(text))
    with pytest.raises(V90Error, match="expected one argument"):
        parser.parse_args(["--ppm", "-1e"])


@pytest.mark.parametrize(
    ("closed", "command", "status", "sentence"),
    [
        (">&-", "rates", 2, "stdout: it is closed"),
        (">&-", "transmit LICENSE -o - --parameters P", 2, "stdout: it is closed"),
        ("<&-", "transmit - -o /dev/null --force --parameters P", 2, "stdin: it is closed"),
        ("<&-", "rates >/dev/null", 0, ""),
        ("2>&-", "rates >/dev/null", 0, ""),
        ("2>&-", "hang-up", 2, ""),
        (">&- 2>&- <&-", "rates", 2, ""),
        (">/dev/full", "rates", 2, "stdout: No space left on device"),
    ],
)
def test_standard_streams_that_are_closed(closed, command, status, sentence):
    command = command.replace("P", str(EXAMPLES / "28000.json"))
    run = subprocess.run(
        f"{sys.executable} v90.py {command} {closed}",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == status
    assert run.stderr == (f"v90: error: {sentence}\n" if sentence else "")
