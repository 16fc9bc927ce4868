"""Find a passage of code by its tokens, however it is laid out, and put another in its place."""

import re

_TOKEN = re.compile(r"\w+|[^\w\s]")


def _pattern(passage):
    """Tokens with any white space between them; a comma may stand before what closes."""
    parts = []
    for token in _TOKEN.findall(passage):
        if parts and token in ")]}":
            parts.append(r"(?:\s*,)?")
        parts.append((r"\s*" if parts else "") + re.escape(token))
    return re.compile("".join(parts))


def replaced(text, old, new, where):
    """The text with ``new`` for ``old``, whose tokens must stand there once.

    Raises AssertionError, which names ``where``, if they stand there never or more than once.
    """
    found = list(_pattern(old).finditer(text))
    assert len(found) == 1, f"{old!r} stands {len(found)} times in {where}"
    return text[: found[0].start()] + new.strip() + text[found[0].end() :]
