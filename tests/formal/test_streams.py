"""The contract of every stream that a component of hdl gives, whatever comes in, and for all time.

``valid`` does not fall and a payload does not change until ``ready``: by induction over ``depth``
cycles from any state at all, or from any in which what tests/formal/known.py says is so, which is
proved with it. ``valid`` does not wait for ``ready``: from any state at all, nothing depends on
``ready`` before there is ``valid``. Each case plants an error, after which its proof fails.

Submodules that are ``cut`` may give anything in each cycle: the proof does not rest on them.
"""

from importlib import import_module

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring

from hdl.core.stream import pass_on
from tests.formal.proof import planted, streams_of, waits_for_ready
from tests.formal.streams import BASES, LONG, NOT_PROVED, QUICK, WITHOUT, every_component

CASES = [pytest.param(case, id=name) for name, case in QUICK.items()]
CASES += [pytest.param(case, id=name, marks=pytest.mark.long) for name, case in LONG.items()]


@pytest.mark.parametrize("case", CASES)
def test_outputs_keep_the_contract(case, tmp_path):
    assert case.holds(tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_planted_errors_are_found(case, tmp_path):
    assert not case.holds(tmp_path, is_planted=True)


@pytest.mark.parametrize("case", CASES)
def test_valid_does_not_wait_for_ready(case, tmp_path):
    outputs = [name for name, (port, _) in streams_of(case.made()).items() if port.output]
    assert outputs
    for name in outputs:
        assert not waits_for_ready(tmp_path, case.made(), name), name


class Reluctant(wiring.Component):
    """A component whose stream ``name`` offers nothing until it is wanted."""

    def __init__(self, component, name):
        self.component, self.name = component, name
        super().__init__(component.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self.component
        pass_on(m, self, component, self.signature.members)
        valid, there = getattr(component, self.name).valid, getattr(self, self.name)
        m.d.comb += there.valid.eq(valid & there.ready)
        return m


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_valid_that_waits_is_found(case, tmp_path):
    name = next(name for name, (port, _) in streams_of(case.made()).items() if port.output)
    assert waits_for_ready(tmp_path, Reluctant(case.made(), name), name)


def test_waiting_over_a_cycle_is_found(tmp_path):
    """``valid`` that comes a cycle after ``ready`` was there does not depend on it in its own."""
    old, new = "with m.If(step == self.width - 1):", "with m.If((step >= 5) & self.o.ready):"
    assert waits_for_ready(tmp_path, planted("hdl.bits.scrambler", (old, new)).Scrambler(2), "o")


def test_every_component_is_here():
    """Each has a case, gives no stream, is what others are made of, or is named as not proved."""
    here = (
        set(BASES)
        | {name.rpartition(".")[2] for name in NOT_PROVED}
        | {name.split(",")[0] for name in (*QUICK, *LONG)}
    )
    for name, arguments in WITHOUT.items():
        module, _, block = name.rpartition(".")
        component = getattr(import_module(f"hdl.{module}"), block)(*arguments)
        assert not any(port.output for port, _ in streams_of(component).values()), name
        here.add(block)
    for component in every_component():
        assert component.__name__ in here, f"{component.__module__}.{component.__name__}"


def test_errors_can_be_planted():
    """In the blocks as they are, those that only long proofs plant too."""
    for case in (*QUICK.values(), *LONG.values()):
        planted(f"hdl.{case.module}", case.plant)
