"""The equaliser's taps from the normal equations: Cholesky in integers (9.3.2/V.90)."""

from math import isqrt

import numpy as np

from golden.formats import FEEDBACK_TAP, NORMAL, SOLUTION, TRAINING_LEVEL
from golden.receiver.leastsquares import RIDGE

#: Bits of a solved feed-forward tap.
_SOLVED_BITS = 30


class Solver:
    """Taps from normal equations.

    ``process(matrix, forward, level)`` returns ``(forward_taps, drop, feedback_taps, good)``:
    taps as FORWARD_TAP ``(..., F)`` and FEEDBACK_TAP ``(..., B)``, the bits ``drop`` by which a sum
    of products of samples and the upper halves of taps is shifted right to give PCM values with 4
    fraction bits, and whether the error is below an eighth of the target's power. ``level`` is
    TRN1d's PCM value.
    """

    def process(self, matrix, forward, level):
        """See the class."""
        matrix = np.asarray(matrix, np.int64)
        lead, size = matrix.shape[:-2], matrix.shape[-1]
        matrix = matrix.reshape(-1, size, size)
        level = np.broadcast_to(np.asarray(level, np.int64), lead).reshape(-1)
        matrix = normalised(matrix)
        # Line by line: what a column needs of Python's whole numbers is less than arrays take.
        factors, remainders = zip(*map(cholesky, matrix), strict=True)
        solution = np.array([substitute(factor) for factor in factors])
        remainder, target = np.array(remainders), matrix[:, -1, -1]
        good = remainder < target << (NORMAL.fraction - 3)
        taps, drop = _scaled(solution[:, :forward], level)
        feedback = solution[:, forward:] << (FEEDBACK_TAP.fraction - SOLUTION.fraction)
        feedback += 1 << 15
        feedback = np.clip(feedback, FEEDBACK_TAP.min, FEEDBACK_TAP.max)
        return (
            taps.reshape(*lead, -1),
            drop.reshape(lead),
            feedback.reshape(*lead, -1),
            good.reshape(lead),
        )


def _bits(x):
    """Bits of the largest magnitude (of x or ~x, whichever is positive) along the last axis."""
    largest = np.bitwise_or.reduce(np.maximum(x, ~x), axis=-1)
    return np.frexp(largest.astype(np.float64))[1].astype(np.int64)


def normalised(matrix):
    """The normal equations as NORMAL, rounded half up, with the ridge on all but the target."""
    length = _bits(np.stack([matrix[:, i, i] for i in (0, 1, -1)], -1))
    drop = (length - (NORMAL.fraction - 1))[:, None, None].astype(np.int64)
    half = np.where(drop > 0, 1 << np.maximum(drop - 1, 0), 0)
    scaled = (matrix << np.maximum(-drop, 0)) + half >> np.maximum(drop, 0)
    index = np.arange(matrix.shape[-1] - 1)
    scaled[:, index, index] += RIDGE
    return scaled


def cholesky(matrix):
    """FACTOR ``(n, n)``, lower, of NORMAL; and what is left of the last diagonal, in Q60.

    Column for column: what the columns before leave of it is exact in Q60; its diagonal's root is
    rounded down, the others are divided by that, to nearest. A diagonal that rounding made nought
    or less counts as 1.
    """
    factor = np.zeros_like(matrix)
    for j in range(len(matrix)):
        left = (matrix[j:, j] << NORMAL.fraction) - factor[j:, :j].dot(factor[j, :j])
        diagonal = int(left[0])
        root = isqrt(max(diagonal, 1))
        # To nearest, a half away from nought: only an even root leaves one.
        left += (root >> 1) if root % 2 else (root >> 1) + (left >> 63)
        np.floor_divide(left, root, out=factor[j:, j])
        factor[j, j] = root
    return factor, diagonal


def substitute(factor):
    """SOLUTION ``(n - 1,)``: back substitution with the factor's last row as right-hand side."""
    left = factor[-1, :-1] << SOLUTION.fraction
    solution = np.zeros_like(left)
    for j in range(len(left) - 1, -1, -1):
        rest, root = int(left[j]), int(factor[j, j])
        magnitude = (abs(rest) + (root >> 1)) // root
        rounded = min(max(-magnitude if rest < 0 else magnitude, SOLUTION.min), SOLUTION.max)
        solution[j] = rounded
        left[:j] -= factor[j, :j] * rounded
    return solution


def _scaled(solution, level):
    """Feed-forward taps for samples against PCM values, and the shift that goes with them."""
    length = np.clip(_bits(solution) + _bits(level[:, None]) - _SOLVED_BITS, 0, 16)
    product = solution * level[:, None]
    # A sum has SOLUTION's fraction, TRAINING_LEVEL and 4 fraction bits too many, less 16 of taps.
    # Half of the lower 16 bits is added, so that cutting them off rounds.
    return (product >> length[:, None]) + (1 << 15), SOLUTION.fraction + 12 - 4 - 16 - length


def solve_reference(forward, symbols, level):
    """Float64 taps ``(F + B,)`` by least squares for samples against PCM values, ridge included."""
    symbols = symbols * float(TRAINING_LEVEL)
    rows = np.concatenate([forward, symbols[:, 1:]], axis=1)
    matrix = rows.T @ rows
    matrix[np.diag_indices(len(matrix))] += 2.0**-25 * matrix[0, 0]
    taps = np.linalg.solve(matrix, rows.T @ symbols[:, 0])
    taps[: forward.shape[1]] *= level / TRAINING_LEVEL
    return taps
