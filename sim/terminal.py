"""The terminal of every command: options, progress, and one sentence for an error."""

import argparse
import errno
import io
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from golden.errors import V90Error

#: Seconds after which work shows its progress.
_PATIENCE = 1.0


#: Numbers that an option may have, which are no options: argparse knows neither exponents, nor
#: infinity, nor "not a number", and takes ``-1e2`` for an option.
_NEGATIVE = re.compile(r"^-((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?|nan)$", re.IGNORECASE)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are :class:`~golden.errors.V90Error`."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._negative_number_matcher = _NEGATIVE

    def error(self, message):
        raise V90Error(f"{message} ({self.prog} --help)")


@contextmanager
def progress(what):
    """Give a function ``show(done, total)`` that draws a bar once the work is a second old.

    Nothing is drawn where stderr is no terminal.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task(what, total=None)
    # A timer, because the first step may be the long one: compiling the gateware shows nothing.
    timer = threading.Timer(_PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def one_line(text):
    """Text without line ends and control characters, which a file name may bring in."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))


def remark(sentence):
    """Say something on stderr that is no error."""
    print(f"v90: {one_line(sentence)}", file=sys.stderr)


class _Closed(io.RawIOBase):
    """A standard stream that was closed: it cannot be used, and says so."""

    def __init__(self, name):
        self._name = name

    def readable(self):
        return True

    def writable(self):
        return True

    def _refuse(self, *_):
        raise OSError(errno.EBADF, "it is closed", self._name)

    readinto = readall = write = _refuse


def _open_streams():
    """Put something in the place of standard streams that are closed, which are None.

    A file opened later must not get the number of one. Nothing reads from a closed stdin or writes
    to a closed stdout unnoticed; without stderr, nothing can be said.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        closed = open(os.devnull, "w") if name == "stderr" else io.TextIOWrapper(_Closed(name))
        setattr(sys, name, closed)


def guarded(function):
    """Call ``function()``; return its exit status, or say an error and return that of it."""
    _open_streams()
    try:
        status = function()
        sys.stdout.flush()
        return status
    except V90Error as error:
        status, sentence = error.status, str(error)
    except BrokenPipeError:
        # Whoever reads our output has had enough; nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        status = V90Error.status
        # All files are named; a device that is full without a name is where text goes.
        name = error.filename or ("stdout" if error.errno == errno.ENOSPC else "")
        name += ": " if name else ""
        sentence = f"{name}{error.strerror or error or type(error).__name__}"
        if isinstance(getattr(sys.stdout, "buffer", None), _Closed):
            sys.stdout = open(os.devnull, "w")  # nothing may be flushed into it at exit
    except MemoryError:
        status, sentence = V90Error.status, "there is not enough memory for a file of this size"
    except KeyboardInterrupt:
        status, sentence = 128 + signal.SIGINT, "interrupted"
    print(f"v90: error: {one_line(sentence)}", file=sys.stderr)
    return status
