"""Rows of data, as contents of a memory and as look-up tables."""

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from hdl.core.program import Program
from sim.engines.gateware import Gateware
from tests.hdl.support import check_refused

FIELDS = {"factor": signed(6), "add": 4, "next": 3}


class Stepped(wiring.Component):
    """A sum that a program is stepped through, from a memory or from look-up tables.

    Rows are read one cycle, and done the next. ``even`` is a value that only ``select`` can take.
    """

    def __init__(self, program, memory):
        self.program, self.memory = program, memory
        super().__init__({"even": In(1), "total": Out(signed(16)), "row": Out(3)})

    def elaborate(self, platform):
        m = Module()
        place, done, total = Signal(3), Signal(), Signal(signed(16), init=1)
        if self.memory:
            words = self.program.words(8)
            layout = self.program.layout
            m.submodules.rows = rows = Memory(shape=layout.size, depth=8, init=words)
            read = rows.read_port()
            m.d.comb += read.addr.eq(place)
            row = data.View(layout, read.data)
        else:
            row = self.program.select(m, place)
        m.d.sync += done.eq(~done)
        with m.If(done):
            m.d.sync += [total.eq(total * row.factor + row.add), place.eq(row.next)]
        m.d.comb += [self.total.eq(total), self.row.eq(place)]
        return m


def example(add=2):
    program = Program(FIELDS)
    program.row("SQUARE", factor=-3, add=add, next="LAST")
    program.row(factor=7, next="SQUARE")
    program.label("LAST")
    program.row(factor=2, add=15, next=1)
    return program


@pytest.mark.parametrize("memory", [False, True])
def test_rows_are_done_one_after_another(memory):
    result = Gateware(Stepped(example(), memory)).run(
        waves={"even": 0}, cycles=12, probes=["total", "row"]
    )
    total, seen = 1, []
    for factor, add in [(-3, 2), (2, 15), (7, 0), (-3, 2), (2, 15)]:
        seen.append(total)
        total = total * factor + add
    assert result.probes["total"][1:11:2].tolist() == seen
    assert result.probes["row"][1:11:2].tolist() == [0, 2, 1, 0, 2]


def test_rows_that_are_signals():
    """A row's value may depend on an input in the same cycle."""
    component = Stepped(example(), False)
    component.program = example(add=Mux(component.even, 8, 1))
    even = np.array([0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    totals = Gateware(component).run(waves={"even": even}, cycles=10, probes=["total"])
    assert totals.probes["total"][:9:2].tolist() == [1, -2, 11, 77, -223]


def test_contents_of_a_memory():
    """A field is where StructLayout puts it, and the words after the rows are 0."""
    words = example().words(5)
    assert words == [-3 & 63 | 2 << 6 | 2 << 10, 7, 2 | 15 << 6 | 1 << 10, 0, 0]
    assert len(example()) == 3 and example().number("LAST") == 2
    assert example().rows()[1] == {"factor": 7, "next": 0}


def test_programs_that_are_refused():
    program = example()
    check_refused(V90Error, "two rows with the label 'LAST'", program.label, "LAST")
    check_refused(V90Error, "no row with the label 'FIRST'", program.number, "FIRST")
    check_refused(V90Error, "3 rows does not fit 2 words", program.words, 2)
    check_refused(
        V90Error, "no field 'shift', only factor, add, next", lambda: program.row(shift=1)
    )
    program.row(next="NOWHERE")
    check_refused(V90Error, "'NOWHERE'", program.words, 8)
