"""The Members sections of docstrings: what each port of a component means."""

import importlib
import inspect
import re

#: ``name : `` or ``a, b : `` at the beginning of an entry.
_ENTRY = re.compile(r"(\w+(?:, \w+)*) : (.*)")

#: Where one line goes on with another port: ``rx : In(1); tx : Out(1)``.
_ANOTHER = re.compile(r"[;,] (?=(?:\w+, )*\w+ : (?:In|Out)\b)")

#: A meaning that another component has: its path.
_AS_OF = re.compile(r"as (?:that |those )?of (?:the )?(?::class:)?`*(hdl\.[\w.]+|\w+)`*(, .*)?")

#: ``In(...)`` or ``Out(...)`` before a meaning; brackets may nest once.
_SHAPE = re.compile(r"(?:In|Out)(?:\((?:[^()]|\([^()]*\))*\))?[,:;]?\s*(.*)", re.DOTALL)


def members_of(docstring):
    """Yield ``(names, text)`` of each entry of a docstring's Members section, in order.

    ``names`` is a list, as ports that belong together may share an entry. ``text`` is what follows
    the colon, on one line; two spaces in it, which divide shape and meaning, stay.
    """
    lines = inspect.cleandoc(docstring or "").splitlines()
    starts = [n for n, line in enumerate(lines[1:]) if set(line) == {"-"} and lines[n] == "Members"]
    for start in starts:
        entry = []
        for line in [*lines[start + 2 :], "."]:
            if line.startswith(" ") and entry:
                entry.append(line.strip())
            elif line.strip():
                yield from _divided(" ".join(entry))
                if not _ENTRY.fullmatch(line):
                    break
                entry = [line]


def _divided(text):
    # Before the first " : " a comma divides names, not ports.
    first, colon, rest = text.partition(" : ")
    parts = _ANOTHER.split(rest)
    for part in [f"{first}{colon}{parts[0]}", *parts[1:]]:
        if match := _ENTRY.fullmatch(part):
            yield match[1].split(", "), match[2].strip()


def meaning(text):
    """An entry's text without the direction and shape at its beginning."""
    match = _SHAPE.fullmatch(text)
    return match[1] if match else text


def meanings(kind):
    """``{port: meaning}`` of a component's class and of the classes that it is made from.

    Where a meaning is "as of" another component of hdl, that one's stands in its place.
    """
    found = {}
    for one in reversed(kind.__mro__):
        for names, text in members_of(vars(one).get("__doc__")):
            found.update({name: _followed(name, meaning(text), one.__module__) for name in names})
    return found


def _followed(name, text, own):
    """The meaning that another component gives for ``name``; ``own``: the module of the text."""
    match = _AS_OF.fullmatch(text)
    if match is None:
        return text
    module, _, title = match[1].rpartition(".")
    other = getattr(importlib.import_module(module or own), title, None)
    found = meanings(other).get(name) if isinstance(other, type) else None
    return found + (match[2] or "") if found else text
