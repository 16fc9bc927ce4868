"""Trellis logic against golden's tables, for every state, branch, pair of labels and point."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden.v34.constellation import subset
from golden.v34.parameters import TRELLISES
from golden.v34.trellis import TABLE_13, code
from hdl.v34.trellis import (
    STATE_BITS,
    TRELLIS_NUMBERS,
    any_following,
    any_output,
    branch_of,
    encoder_inputs,
    following_state,
    preceding_state,
    subset_label,
)


class Logic(wiring.Component):
    """A function of Signals as a component: ``of`` are widths of its inputs, or shapes."""

    def __init__(self, function, of, width):
        self.function = function
        ports = {f"i{n}": In(shape) for n, shape in enumerate(of)}
        super().__init__({**ports, "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        inputs = [getattr(self, f"i{n}") for n in range(len(self.signature.members) - 1)]
        m.d.comb += self.o.eq(self.function(*inputs))
        # The simulator wants something to be clocked.
        m.d.sync += Signal().eq(1)
        return m


def _evaluate(function, of, width, rows):
    """What logic gives for each row of inputs."""
    logic, found = Logic(function, of, width), []

    async def bench(ctx):
        for row in rows:
            for n, value in enumerate(row):
                ctx.set(getattr(logic, f"i{n}"), int(value))
            await ctx.delay(1e-9)
            found.append(ctx.get(logic.o))

    simulator = Simulator(logic)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return np.array(found)


@pytest.mark.parametrize("states", TRELLISES)
def test_states(states):
    """Every state and branch, both ways."""
    table, bits = code(states), states.bit_length() - 1
    rows = list(np.ndindex(states, table.branches))
    of = (bits, table.branches.bit_length() - 1)
    for logic, expected in (
        (following_state, table.following),
        (preceding_state, table.preceding),
    ):
        found = _evaluate(lambda s, b, logic=logic: logic(states, s, b), of, bits, rows)
        assert np.array_equal(found, expected.ravel())


def test_any_trellis(rng):
    """The trellis as a number, with all four inputs."""
    rows, after, outputs = [], [], []
    for states, number in TRELLIS_NUMBERS.items():
        table = code(states)
        for state in range(states):
            first, second = rng.integers(0, 8, 2)
            rows.append((number, state, TABLE_13[first, second]))
            after.append(table.following[state, table.branch[first, second]])
            outputs.append(table.output[state])
    assert np.array_equal(_evaluate(any_following, (2, STATE_BITS, 4), STATE_BITS, rows), after)
    pairs = [row[:2] for row in rows]
    assert np.array_equal(_evaluate(any_output, (2, STATE_BITS), 1, pairs), outputs)


def test_labels():
    """Table 13, what an encoder uses of it, and Figure 9 over the whole range of coordinates."""
    pairs = list(np.ndindex(8, 8))
    assert np.array_equal(_evaluate(encoder_inputs, (3, 3), 4, pairs), TABLE_13.ravel())
    for states in TRELLISES:
        found = _evaluate(
            lambda y, states=states: branch_of(states, y), (4,), 4, TABLE_13.reshape(-1, 1)
        )
        assert np.array_equal(found, code(states).branch.ravel())
    line = np.arange(-9, 11, 2)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    found = _evaluate(subset_label, (signed(9), signed(9)), 3, points)
    assert np.array_equal(found, subset(points))
