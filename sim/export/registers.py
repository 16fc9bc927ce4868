"""The words that configure the exported blocks, read from the modules that declare them.

A module declares an address as a constant with a comment ``#:`` before it, and the fields of a word
as a layout with such a comment. This page of docs/ is made of both: ``python -m
sim.export.registers`` prints it.
"""

import ast
import importlib
import inspect
from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib import data

from sim.engines.layout import ports
from sim.export.blocks import BLOCKS, block
from sim.export.file import fields, plain


@dataclass(frozen=True)
class Map:
    """A set of words: the module that declares them, what they are, and how they are sent.

    ``stream``: the fields of the stream's payload that carries them, channel left out. ``made``:
    the function that makes the words. ``internal``: names of that module that no host sends.
    """

    module: str
    title: str
    stream: tuple[str, ...]
    widths: tuple[int, ...]
    made: str
    internal: tuple[str, ...] = ()


MAPS = (
    Map(
        "hdl.pcm.csr",
        "Mapping parameters",
        ("address", "data"),
        (6, 16),
        "configuration_words",
    ),
    Map(
        "hdl.modem.analogue_receiver",
        "Mapping parameters of TRN2d and MP",
        ("address", "data"),
        (6, 16),
        "follow_words",
    ),
    Map(
        "hdl.receiver.words",
        "A receiver's levels and orders",
        ("address", "data"),
        (11, 32),
        "configuration_words and command_words",
        ("SINGLE", "GUESS", "WORD"),
    ),
    Map(
        "hdl.signals.commands",
        "A generator's commands",
        ("data", "last"),
        (16, 1),
        "command_words",
        ("ROW", "COMMAND", "NEXT", "ROW_WORDS", "END", "WRITTEN"),
    ),
    Map(
        "hdl.signals.training",
        "A DIL descriptor",
        ("address", "data"),
        (8, 16),
        "descriptor_words",
        ("DIL_WORD", "DIL_STATE", "DIL_SYMBOL"),
    ),
)

#: Blocks that use a part of the words they are sent, and which; they pass over the others.
PARTS = {
    "modulus-encoder": "M0 to M5",
    "modulus-decoder": "M0 to M5",
    "mapper": "the constellation masks",
    "demapper": "the constellation masks, and the word that commits",
    "shaper": "the words of Sr, ld and the filter",
    "decoder": "D, Sr, M0 to M5, and the word that commits",
}


def documented(module):
    """Yield ``(names, values, comment)`` of each constant of a module that has a comment ``#:``."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        comment, at = [], node.lineno - 2
        while at >= 0 and lines[at].startswith("#:"):
            comment.insert(0, lines[at][2:].strip())
            at -= 1
        (target,) = node.targets
        elements = target.elts if isinstance(target, ast.Tuple) else [target]
        names = [element.id for element in elements]
        if comment and names[0].isupper():
            yield names, [getattr(module, name) for name in names], " ".join(comment)


def _title(name):
    """A constant's name without the suffix that says that it is an address."""
    return name.removesuffix("_AT")


def rows(one):
    """``[(names, addresses, comment)]`` of a map, in the order of addresses."""
    found = []
    for names, values, comment in documented(importlib.import_module(one.module)):
        kept = [
            (_title(name), value)
            for name, value in zip(names, values, strict=True)
            if type(value) is int and not name.endswith("BITS") and _title(name) not in one.internal
        ]
        if kept:
            found.append(([name for name, _ in kept], [value for _, value in kept], comment))
    return sorted(found, key=lambda row: row[1])


def layouts(one):
    """``[(name, [(lowest bit, width, field)], comment)]`` of a map's layouts."""
    found = []
    for names, values, comment in documented(importlib.import_module(one.module)):
        for name, value in zip(names, values, strict=True):
            if isinstance(value, data.StructLayout) and name not in one.internal:
                parts = [
                    (low, data.Field(inner, 0).width, title) for title, low, inner in fields(value)
                ]
                found.append((name, parts, comment))
    return found


def takers(one):
    """``[(block, stream)]`` of the exported blocks that take a map's words."""
    wanted = tuple(zip(one.stream, one.widths, strict=True))
    found = []
    for name in BLOCKS:
        for port in ports(block(name))[0].values():
            if port.output or not isinstance(port.shape, data.StructLayout):
                continue
            carried = [
                (title.removeprefix("word."), Shape.cast(inner).width)
                for title, _, inner in fields(port.shape)
            ]
            if tuple(pair for pair in carried if pair[0] not in ("channel", "half")) == wanted:
                found.append((name, port.name))
    return found


def _table(headings, lines):
    cells = [headings, ["---"] * len(headings), *lines]
    return [f"| {' | '.join(line)} |" for line in cells]


def page():
    """The page of docs/ with all maps."""
    lines = [
        "# Registers of the exported blocks",
        "",
        "`make docs` makes this page from the modules that it names.",
        "",
        "A word is one transfer on a stream. Its payload has the fields that are given below, the",
        "first one in the lowest bits. A block for several channels has `channel` before them. The",
        "parts of an encoder have `half` too: each keeps two sets of words a channel, and `half`",
        "says for which set a word is. A data frame's `half` says which set it uses.",
    ]
    for one in MAPS:
        sent = ", ".join(
            f"{title} ({width} bit{'s' * (width > 1)})"
            for title, width in zip(one.stream, one.widths, strict=True)
        )
        lines += ["", f"## {one.title}", "", f"Declared in `{one.module}`, whose {one.made}"]
        lines += [f"makes them in Python. Payload: {sent}.", ""]
        where = "address" if "address" in one.stream else "place"
        lines += _table(
            [where, "name", "meaning"],
            [
                [", ".join(map(str, at)), ", ".join(f"`{name}`" for name in names), plain(comment)]
                for names, at, comment in rows(one)
            ],
        )
        for name, parts, comment in layouts(one):
            lines += ["", f"`{name}`: {plain(comment)}", ""]
            lines += _table(
                ["bits", "field"],
                [[_range(low, width), f"`{title}`"] for low, width, title in parts],
            )
        taken = takers(one)
        if taken and one.module != "hdl.modem.analogue_receiver":
            lines += ["", "Blocks that take them:", ""]
            lines += _table(
                ["block", "stream", "what it uses"],
                [[f"`{name}`", f"`{port}`", PARTS.get(name, "all")] for name, port in taken],
            )
    return "\n".join(lines) + "\n"


def _range(low, width):
    return str(low) if width == 1 else f"{low} to {low + width - 1}"


if __name__ == "__main__":
    print(page(), end="")
