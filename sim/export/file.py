"""A block as one file of Verilog, with a head that says what each port is."""

import re
import textwrap

from amaranth.back import verilog
from amaranth.hdl import Shape
from amaranth.lib import data

from golden import __version__
from sim.engines.layout import ports
from sim.export.blocks import block, module_of
from sim.export.members import meanings

#: Warnings of Verilator's lint that are switched off in a file, and why. The rest are on.
WAIVED = {
    "DECLFILENAME": "one file has all modules of a block",
    "WIDTHEXPAND": "yosys writes a constant as wide as its value, and Verilog extends it",
    "WIDTHTRUNC": "yosys writes !x for x == 0, and indices wider than a memory needs",
    "UNUSEDSIGNAL": "fields of a payload have names of their own, which nothing may read",
    "UNDRIVEN": "bits of a payload that a block does not use",
    "VARHIDDEN": "a memory has the name of its module",
    "ASCRANGE": "the address of a memory with one word is [-1:0]",
    "CASEINCOMPLETE": "yosys sets the signal before the case that changes it",
    "PROCASSINIT": "registers have an initial value as well as a reset",
    "ALWNEVER": "what is constant is assigned in an always block without inputs",
}

_STREAMS = """\
The block has one clock, clk, and a synchronous reset, rst. A stream NAME consists of
NAME__valid, NAME__ready and NAME__payload. A transfer happens in a cycle with valid and ready
high. Once valid is high, valid and payload stay as they are until then. Bit numbers below are
those of the payload.
"""


def fields(shape, at=0, prefix=""):
    """Yield ``(name, lowest bit, shape)`` of each field of a layout, layouts in it taken apart."""
    for title, field in shape:
        inner = field.shape
        if isinstance(inner, data.StructLayout):
            yield from fields(inner, at + field.offset, f"{prefix}{title}.")
        else:
            yield f"{prefix}{title}", at + field.offset, inner


def plain(text):
    """A docstring's text without the marks of reStructuredText."""
    return re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``|`([^`]*)`", r"\1\2\3", text)


def _bits(low, width):
    return f"[{low}]" if width == 1 else f"[{low + width - 1}:{low}]"


def _type(shape):
    shape = Shape.cast(shape)
    return f"{'signed ' * shape.signed}{shape.width} bit{'s' * (shape.width != 1)}"


def described(component):
    """Yield ``(direction, name, type, meaning, fields)`` of each port but clock and reset.

    ``fields`` are ``(bits, name, type)``, none where a port is a number. A stream is one port.
    """
    told = meanings(type(component))
    streams, plains = ports(component)
    for name, port in {**streams, **plains}.items():
        shape = port.shape
        parts = []
        if isinstance(shape, data.StructLayout):
            parts = [
                (_bits(low, Shape.cast(inner).width), title, _type(inner))
                for title, low, inner in fields(shape)
            ]
        kind = _type(Shape.cast(shape))
        if name in streams:
            kind = f"stream of {kind}"
        meaning = told.get(name) or told.get(name.split("__")[0], "")
        yield "output" if port.output else "input", name, kind, meaning, parts


def head(name, component, arguments=""):
    """The comment at a file's head: the block, its arguments, and every port with its meaning."""
    summary = plain((type(component).__doc__ or "").strip().splitlines()[0])
    made = (
        f"Made by v90-gateware {__version__}{' with ' * bool(arguments)}{arguments}; BSD-2-Clause."
    )
    title = textwrap.wrap(f"{module_of(name)}: {summary}", 97)
    lines = [*title, "", made, *_STREAMS.splitlines(), "", "Ports:"]
    for direction, port, kind, meaning, parts in described(component):
        lines.append(f"  {direction} {port}: {kind}")
        lines += textwrap.wrap(
            plain(meaning), 90, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
        lines += [f"      {bits:8} {title}: {part}" for bits, title, part in parts]
    lines += ["", "Warnings of Verilator that are switched off here:"]
    lines += [f"  {warning}: {why}" for warning, why in WAIVED.items()]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def text_of(name, channels=None, slots=None):
    """A block's file. Raises as :func:`sim.export.blocks.block` does."""
    component = block(name, channels, slots)
    said = [f"--{option} {value}" for option, value in (("channels", channels), ("slots", slots))]
    chosen = (channels, slots)
    arguments = " ".join(one for one, value in zip(said, chosen, strict=True) if value is not None)
    body = verilog.convert(component, name=module_of(name), emit_src=False)
    off = "".join(f"/* verilator lint_off {warning} */\n" for warning in WAIVED)
    on = "".join(f"/* verilator lint_on {warning} */\n" for warning in WAIVED)
    return f"{head(name, component, arguments)}{off}{body}{on}"
