"""Every port of a component of gateware has a line below "Members" in its class's docstring.

``name : In(shape)  meaning``, or Out: unit or format, and when it is valid. A stream's shape is
``stream of`` its payload's. A shape that can be computed from the module and from the component's
attributes has the port's width. Components are made as tests/formal/streams.py makes them.
"""

import inspect
import re
from importlib import import_module

import pytest
from amaranth.hdl import Shape, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import Q
from tests.formal.streams import (
    BASES,
    LONG,
    NOT_PROVED,
    QUICK,
    VARIANTS,
    WITHOUT,
    every_component,
)

_PORT = re.compile(r"(\w+) : (In|Out)\((.+)\)  +\S")


def members_of(kind):
    """The lines below "Members" of a class, or of the base that has them."""
    for one in kind.__mro__:
        _, found, text = inspect.cleandoc(one.__dict__.get("__doc__") or "").partition(
            "\nMembers\n-------\n"
        )
        if found:
            return text.partition("\n\n")[0].splitlines()
    return []


def width(text, component):
    """Bits of a shape's text; None where it cannot be computed."""
    names = {**vars(import_module(type(component).__module__)), **vars(component)}
    try:
        shape = eval(text, names)
        return shape.width if isinstance(shape, Q) else Shape.cast(shape).width
    except (AttributeError, NameError, SyntaxError, TypeError):
        return None


def port_faults(*components):
    """Ports of one class without a line, lines without a port, and lines that say it wrong."""
    kind, faults, lines = type(components[0]), [], {}
    for line in members_of(kind):
        if not line.startswith(" "):
            found = _PORT.match(line)
            if not found:
                faults.append(f"{kind.__name__}: {line!r} is no port's line")
            elif found[1] in lines:
                faults.append(f"{kind.__name__}.{found[1]} has two lines")
            else:
                lines[found[1]] = found[2], found[3]
    seen = set()
    for component in components:
        for name, member in component.signature.members.items():
            seen.add(name)
            if name not in lines:
                faults.append(f"{kind.__name__}.{name} has no line")
                continue
            flow, text = lines[name]
            if (member.flow is In) != (flow == "In"):
                faults.append(f"{kind.__name__}.{name} is not {flow}")
            if member.is_signature:
                inner = member.signature.members
                is_stream = "payload" in inner and "valid" in inner
                if text.startswith("stream of ") != is_stream:
                    faults.append(f"{kind.__name__}.{name} is or is not a stream")
                shape = inner["payload"].shape if is_stream else None
                text = text.removeprefix("stream of ")
            else:
                shape = member.shape
            bits = width(text, component)
            if shape is not None and bits is not None and bits != Shape.cast(shape).width:
                faults.append(f"{kind.__name__}.{name} is not {text}")
    return faults + [f"{kind.__name__} has no {name}" for name in lines if name not in seen]


def made():
    """Components by class: ``{(module, name): [component, ..]}``."""
    found = {}
    components = [case.made() for case in (*QUICK.values(), *LONG.values())]
    for name, options in [*WITHOUT.items(), *NOT_PROVED.items(), *VARIANTS]:
        module, _, block = name.rpartition(".")
        components.append(getattr(import_module(f"hdl.{module}"), block)(*options))
    for component in components:
        kind = type(component)
        found.setdefault((kind.__module__, kind.__name__), []).append(component)
    return found


MADE = made()


@pytest.mark.parametrize("key", MADE, ids=lambda key: ".".join(key).removeprefix("hdl."))
def test_every_port_has_a_line(key):
    assert port_faults(*MADE[key]) == []


def test_every_component_is_made():
    known = {name for _, name in MADE} | BASES
    assert {kind.__name__ for kind in every_component()} <= known


class Documented(wiring.Component):
    """A component for this test.

    Members
    -------
    a : In(1)   valid with
        ``b``
    b : In(Q(0, 3, 0))   three bits
    c : Out(4)  four
    d : Out(2)
    e : Out(1)  gone
    i : In(stream of unsigned(7))  a stream
    """

    def __init__(self):
        stream = wiring.Signature({"payload": Out(8), "valid": Out(1), "ready": In(1)})
        plain = {"a": In(1), "b": In(3), "c": In(3), "d": Out(2), "f": Out(1)}
        super().__init__({**plain, "i": In(stream)})


def test_faults_are_seen():
    """A missing line, one without meaning, without a port, of another direction and width."""
    assert unsigned(7).width == 7
    assert port_faults(Documented()) == [
        "Documented: 'd : Out(2)' is no port's line",
        "Documented.c is not Out",
        "Documented.c is not 4",
        "Documented.d has no line",
        "Documented.f has no line",
        "Documented.i is not unsigned(7)",
        "Documented has no e",
    ]
