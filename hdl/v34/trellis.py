"""Convolutional encoders of 16, 32 and 64 states as logic (9.6.3, Figures 9 to 12/V.34).

States, inputs and branches are numbered as in :mod:`golden.v34.trellis`.
"""

from amaranth.hdl import Array, Cat, Const, Mux

from golden.v34.parameters import TRELLISES
from golden.v34.trellis import BRANCH_BITS, TABLE_13

#: Bits of the largest state.
STATE_BITS = 6

#: Number of a trellis as MP and configuration words have it: 0 for 16 states, 1, 2.
TRELLIS_NUMBERS = {states: number for number, states in enumerate(TRELLISES)}


def subset_label(real, imaginary):
    """Figure 9's label of a point with odd coordinates, which are Values of 3 bits or more."""
    # Bit 1 says that a coordinate is -1 modulo 4; the high bit of the label is a chequerboard.
    field = (real + 1)[2] ^ (imaginary + 1)[2]
    return Cat(real[1] ^ imaginary[1], real[1], field)


def encoder_inputs(first, second):
    """Y4 Y3 Y2 Y1 of Table 13 for the labels s(2m) and s(2m + 1), 4 bits with Y1 lowest."""
    rows = Array(Array(Const(int(entry), 4) for entry in row) for row in TABLE_13)
    return rows[first][second]


def branch_of(states, inputs):
    """The part of Y4 Y3 Y2 Y1 that an encoder uses."""
    return Cat(inputs[bit] for bit in reversed(BRANCH_BITS[states]))


def _inputs_of(states, branch):
    """Y1 to Y4, with None before them, of a branch; zero where not used."""
    y = [None, *[Const(0, 1)] * 4]
    for place, bit in enumerate(reversed(BRANCH_BITS[states])):
        y[bit + 1] = branch[place]
    return y


def following_state(states, state, branch):
    """The state after one, by the branch between."""
    d = [None, *state]
    y = _inputs_of(states, branch)
    if states == 16:
        return Cat(d[4], d[1] ^ y[2] ^ d[4], d[2] ^ y[2], d[3] ^ y[1])
    if states == 32:
        return Cat(d[5], d[1] ^ y[2], d[2] ^ y[1], d[3] ^ y[4], d[4] ^ y[2])
    return Cat(
        y[4] ^ d[1] ^ d[2] ^ ((d[2] ^ y[1]) & d[3]),
        y[3] ^ d[1] ^ d[2] ^ d[4] ^ (y[2] & d[3]),
        y[1] ^ d[2] ^ d[3],
        d[3],
        d[6],
        y[2] ^ d[3] ^ d[5],
    )


def preceding_state(states, state, branch):
    """The state before one, by the branch between: Figures 10 to 12 solved for what was."""
    n = [None, *state]
    y = _inputs_of(states, branch)
    if states == 16:
        return Cat(n[2] ^ y[2] ^ n[1], n[3] ^ y[2], n[4] ^ y[1], n[1])
    if states == 32:
        return Cat(n[2] ^ y[2], n[3] ^ y[1], n[4] ^ y[4], n[5] ^ y[2], n[1])
    second = n[3] ^ y[1] ^ n[4]
    first = n[1] ^ y[4] ^ second ^ ((second ^ y[1]) & n[4])
    fourth = n[2] ^ y[3] ^ first ^ second ^ (y[2] & n[4])
    return Cat(first, second, n[4], fourth, n[6] ^ y[2] ^ n[4], n[5])


def any_following(trellis, state, inputs):
    """The state after one, with a trellis chosen by its number; ``state`` has STATE_BITS."""
    after = []
    for states in TRELLISES:
        bits = states.bit_length() - 1
        found = following_state(states, state[:bits], branch_of(states, inputs))
        after.append(Cat(found, Const(0, STATE_BITS - bits)) if bits < STATE_BITS else found)
    return Mux(trellis == 0, after[0], Mux(trellis == 1, after[1], after[2]))


def any_output(trellis, state):
    """Y0 of a state, with a trellis chosen by its number."""
    outputs = [state[states.bit_length() - 2] for states in TRELLISES]
    return Mux(trellis == 0, outputs[0], Mux(trellis == 1, outputs[1], outputs[2]))
