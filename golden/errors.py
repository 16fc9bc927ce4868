"""The project's own errors."""

import reprlib


class V90Error(Exception):
    """Something a user can mend; its text is one clear sentence.

    ``status`` is the exit status of a command that meets it.
    """

    status = 2


class CallFailed(V90Error):
    """The input was in order, but what came over the line, or out of the gateware, was not."""

    status = 1


def short(value):
    """A wrong value as it appears in a sentence, however large it is."""
    if isinstance(value, int) and abs(value) > 1 << 64:
        return "a huge number"
    return reprlib.repr(value)
