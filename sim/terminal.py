"""What every command has: options, progress, and one sentence for an error."""

import argparse
import os
import signal
import sys
import threading
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from golden.errors import V90Error

# Seconds after which work shows its progress.
_PATIENCE = 1.0


class Parser(argparse.ArgumentParser):
    """One whose errors are ours."""

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
    # A timer, because the first step may be the long one: compiling the gateware reports nothing.
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


def guarded(function):
    """Call ``function()``; return its exit status, or tell an error and return that one's."""
    try:
        status = function()
        sys.stdout.flush()
        return status
    except V90Error as error:
        status, sentence = error.status, str(error)
    except BrokenPipeError:
        # Who reads our output has had enough; nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        status = V90Error.status
        name = "" if error.filename is None else f"{error.filename}: "
        sentence = f"{name}{error.strerror or error or type(error).__name__}"
    except MemoryError:
        status, sentence = V90Error.status, "there is not enough memory for a file of this size"
    except KeyboardInterrupt:
        status, sentence = 128 + signal.SIGINT, "interrupted"
    print(f"v90: error: {one_line(sentence)}", file=sys.stderr)
    return status
