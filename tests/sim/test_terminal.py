"""Progress on a terminal."""

import io
import sys

import pytest

from sim import terminal


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
