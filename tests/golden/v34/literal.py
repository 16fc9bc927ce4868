"""A literal reading of clauses 7, 8 and 9 of V.34: what golden/v34 is compared with.

It shares nothing with golden: no import, no table, no format. Every step follows the order and the
names of the clause, one symbol at a time, in Python integers and fractions, so that no step rounds
but where the clause does. It is far too slow for anything but a comparison.

A complex number is a pair ``(real, imaginary)``. The auxiliary channel (8.3) is left out, as V.90
has none upstream (6.1/V.90): all bits of a mapping frame are scrambled primary channel bits.

The Recommendation leaves one number open: the average energy of x(n) in equation 9-35. It is
:func:`~tests.golden.v34.literal_parameters.mean_energy` here unless the caller gives another.
"""

from fractions import Fraction

from tests.golden.v34.literal_parameters import (
    FIGURE_5,
    J,
    P,
    clockwise,
    data_frame_bits,
    high_frame_bits,
    mean_energy,
    rings,
    shell_bits,
    switching_pattern,
)

# --- Clause 7: scrambler -------------------------------------------------------------------------

#: Delays of the polynomials 7-1 and 7-2.
GPC = (18, 23)
GPA = (5, 23)


class Scrambler:
    """Divides by 1 + x^-a + x^-b: what comes out is what goes in plus what came out a and b ago."""

    def __init__(self, polynomial):
        self.near, self.far = polynomial
        self.line = [0] * self.far  # the latest bit first

    def scramble(self, bit):
        """One bit in, one out."""
        out = bit ^ self.line[self.near - 1] ^ self.line[self.far - 1]
        self.line = [out, *self.line[:-1]]
        return out


# --- 9.3: parser ---------------------------------------------------------------------------------


def parse(bits, b, k, q, high):
    """Bits of one mapping frame as ``(S, I, Q)``.

    ``S``: K bits. ``I[j]``: I1, I2, I3. ``Q[j][k]``: q bits. ``bits`` has b bits when ``high``, or
    one less.
    """
    bits = list(bits)
    assert len(bits) == (b if high else b - 1)
    if b <= 12:
        inserted = {8: (0, 0, 0, 0), 9: (1, 0, 0, 0), 11: (1, 1, 1, 0), 12: (1, 1, 1, 1)}
        groups = []
        for has_third in inserted[len(bits)]:
            group = [bits.pop(0), bits.pop(0)]
            groups.append([*group, bits.pop(0) if has_third else 0])
        return [], groups, [[[], []] for _ in range(4)]
    if high:
        s = [bits.pop(0) for _ in range(k)]
    else:
        s = [bits.pop(0) for _ in range(k - 1)] + [0]
    i, q_bits = [], []
    for _ in range(4):
        i.append([bits.pop(0) for _ in range(3)])
        q_bits.append([[bits.pop(0) for _ in range(q)] for _ in range(2)])
    assert not bits
    return s, i, q_bits


# --- 9.4: shell mapper ---------------------------------------------------------------------------


class ShellMapper:
    """Ring indices of K bits, by the algorithm of 9.4."""

    def __init__(self, m):
        self.m = m
        self._g4 = [self._convolved(self.g2, p) for p in range(4 * (m - 1) + 1)]
        self._g8 = [self._convolved(self.g4, p) for p in range(8 * (m - 1) + 1)]

    @staticmethod
    def _convolved(g, p):
        return sum(g(n) * g(p - n) for n in range(p + 1))

    def g2(self, p):
        """Equation 9-3."""
        return self.m - abs(p - self.m + 1) if 0 <= p <= 2 * (self.m - 1) else 0

    def g4(self, p):
        """Equation 9-4."""
        return self._g4[p] if 0 <= p < len(self._g4) else 0

    def g8(self, p):
        """Equation 9-5."""
        return self._g8[p] if 0 <= p < len(self._g8) else 0

    def z8(self, p):
        """Equation 9-6."""
        return sum(self.g8(n) for n in range(p))

    def map(self, s):
        """The eight ring indices of the bits ``s``, in the order of time."""
        r0 = sum(bit * 2**n for n, bit in enumerate(s))  # 9-7
        m, g2, g4 = self.m, self.g2, self.g4
        a = 0
        while a < 8 * (m - 1) and self.z8(a + 1) <= r0:
            a += 1

        def largest(total, term):
            """The largest n for which ``total`` less terms 0 to n - 1 is not negative, and that."""
            n = 0
            while total - term(n) >= 0 and n < 8 * m:
                total -= term(n)
                n += 1
            return n, total

        b, r1 = largest(r0 - self.z8(a), lambda p: g4(p) * g4(a - p))  # 9-8
        r2 = r1 % g4(b)  # 9-9
        r3 = (r1 - r2) // g4(b)  # 9-10
        c, r4 = largest(r2, lambda p: g2(p) * g2(b - p))  # 9-11
        d, r5 = largest(r3, lambda p: g2(p) * g2(a - b - p))  # 9-12
        e = r4 % g2(c)  # 9-13
        f = (r4 - e) // g2(c)  # 9-14
        g = r5 % g2(d)  # 9-15
        h = (r5 - g) // g2(d)  # 9-16
        indices = []
        for total, n in ((c, e), (b - c, f), (d, g), (a - b - d, h)):  # 9-17 to 9-24
            if total < m:
                indices += [n, total - n]
            else:
                indices += [total - (m - 1 - n), m - 1 - n]
        return indices


# --- 9.6.1: mapper -------------------------------------------------------------------------------


def mapping_index(q_bits, ring):
    """Q(n) of equation 9-26."""
    q = len(q_bits)
    return sum(bit * 2**n for n, bit in enumerate(q_bits)) + 2**q * ring


# --- 9.6.2: precoder -----------------------------------------------------------------------------


def nearest(value, step):
    """The nearest integer multiple of ``step``; of two as near the one of smaller magnitude."""
    steps = abs(Fraction(value)) / step
    whole = steps.numerator // steps.denominator
    if steps - whole > Fraction(1, 2):
        whole += 1
    return whole * step if value >= 0 else -whole * step


class Precoder:
    """9.6.2, with the last three x(n). ``h``: three pairs of integers in units of 2^-14."""

    def __init__(self, h, w):
        self.h = [(Fraction(re, 2**14), Fraction(im, 2**14)) for re, im in h]
        self.w = w
        self.x = [(Fraction(0), Fraction(0))] * 3  # x(n - 1), x(n - 2), x(n - 3)

    def filtered(self):
        """Items 1 to 3: ``(c(n), p(n))``."""
        re = sum(x[0] * h[0] - x[1] * h[1] for x, h in zip(self.x, self.h, strict=True))
        im = sum(x[0] * h[1] + x[1] * h[0] for x, h in zip(self.x, self.h, strict=True))
        p = nearest(re, Fraction(1, 2**7)), nearest(im, Fraction(1, 2**7))
        c = nearest(p[0], Fraction(2**self.w)), nearest(p[1], Fraction(2**self.w))
        return c, p

    def precode(self, u, c, p):
        """Item 4: ``(y(n), x(n))``."""
        y = u[0] + c[0], u[1] + c[1]
        x = y[0] - p[0], y[1] - p[1]
        if max(abs(y[0]), abs(y[1])) > 255:
            raise ValueError(f"y(n) = {y} is beyond 255 (9.6.2)")
        self.x = [x, *self.x[:-1]]
        return y, x


# --- 9.6.3: trellis encoder ----------------------------------------------------------------------

#: Figure 9: rows from Im = 3 down to -3, columns from Re = -3 up to 3.
FIGURE_9 = """
001 110 101 010
100 011 000 111
101 010 001 110
000 111 100 011
"""

#: Table 13: a row for each s(2m), a column for each s(2m + 1); Y4 Y3 Y2 Y1.
TABLE_13 = """
0000 0000 0001 0001 1000 1000 1001 1001
0011 0010 0010 0011 1011 1010 1010 1011
0101 0101 0100 0100 1101 1101 1100 1100
0110 0111 0111 0110 1110 1111 1111 1110
1000 1000 1001 1001 0000 0000 0001 0001
1011 1010 1010 1011 0011 0010 0010 0011
1101 1101 1100 1100 0101 0101 0100 0100
1110 1111 1111 1110 0110 0111 0111 0110
"""

#: Table 12, a bit for each half data frame of a superframe.
TABLE_12 = {8: "01 11 01 11 11 11 10 10", 7: "01 11 01 11 11 11 10"}


def subset_label(y):
    """s(n) of 9.6.3.1 as an integer.

    The figure shows each label twice, (4, 4) or (4, -4) apart. Both are periods of the partition,
    and so is their sum and difference: 8 in either coordinate.
    """
    rows = [row.split() for row in FIGURE_9.split("\n") if row]
    column = next(n for n, re in enumerate((-3, -1, 1, 3)) if (y[0] - re) % 8 == 0)
    row = next(n for n, im in enumerate((3, 1, -1, -3)) if (y[1] - im) % 8 == 0)
    return int(rows[row][column], 2)


def symbol_to_bits(first, second):
    """Y4, Y3, Y2, Y1 of Table 13 for the labels s(2m), s(2m + 1)."""
    rows = [row.split() for row in TABLE_13.split("\n") if row]
    return tuple(int(bit) for bit in rows[first][second])


def next_state_16(s, y4, y3, y2, y1):
    """Figure 10, delay elements from the left; the last one's output is Y0."""
    s1, s2, s3, s4 = s
    return s4, s1 ^ y2 ^ s4, s2 ^ y2, s3 ^ y1


def next_state_32(s, y4, y3, y2, y1):
    """Figure 11, delay elements from the left; the last one's output is Y0."""
    s1, s2, s3, s4, s5 = s
    return s5, s1 ^ y2, s2 ^ y1, s3 ^ y4, s4 ^ y2


def next_state_64(s, y4, y3, y2, y1):
    """Figure 12, delay elements from the left; the last one's output is Y0."""
    s1, s2, s3, s4, s5, s6 = s
    after_first = s1 ^ s2  # the adder behind the first delay element
    after_second = s2 ^ y1  # the adder behind the second one
    lower_gate = s3 & after_second
    upper_gate = s3 & y2
    return (
        after_first ^ lower_gate ^ y4,
        after_first ^ (y3 ^ upper_gate) ^ s4,
        after_second ^ s3,
        s3,
        s6,
        s5 ^ y2 ^ s3,
    )


#: Delay elements and step of each convolutional encoder.
ENCODERS = {16: (4, next_state_16), 32: (5, next_state_32), 64: (6, next_state_64)}


def modulo_bit(c_first, c_second):
    """C0(m) of 9.6.3.3."""
    sums = [(c[0] + c[1]) / 2 for c in (c_first, c_second)]
    assert all(Fraction(each).denominator == 1 for each in sums)
    return int(sums[0] + sums[1]) % 2


# --- 9.7: non-linear encoder ---------------------------------------------------------------------


def projected(x, theta, energy):
    """x'(n) of equations 9-33 to 9-35; ``energy`` is the average energy of x(n)."""
    zeta = theta * (x[0] ** 2 + x[1] ** 2) / energy
    phi = 1 + zeta / 6 + zeta**2 / 120
    return x[0] * phi, x[1] * phi


# --- The encoder ---------------------------------------------------------------------------------


def steps(
    bits, symbol_rate, data_rate, trellis, expanded, h, *, polynomial=GPA, b1=True, taken=None
):
    """Every signal of Table 11, a dict for each 2D symbol interval: u, c, p, y, x and others.

    See :func:`encode`. ``taken`` (a list) gets the scrambled bits.
    """
    j_frames, p_frames = J[symbol_rate], P[symbol_rate]
    b = high_frame_bits(symbol_rate, data_rate)
    pattern = switching_pattern(symbol_rate, data_rate)
    k, q = shell_bits(b)
    shell = ShellMapper(rings(k, expanded))
    elements, next_state = ENCODERS[trellis]
    inversions = [int(bit) for bit in TABLE_12[j_frames].replace(" ", "")]
    # Initial states of 10.1.3.1.
    scrambler, state, z = Scrambler(polynomial), (0,) * elements, 0
    precoder = Precoder(h, 1 if b < 56 else 2)
    bits = list(bits)
    if b1:
        bits = [1] * data_frame_bits(symbol_rate, data_rate) + bits
    # B1 is as the last data frame of a superframe.
    first = (j_frames - 1) * p_frames if b1 else 0
    i = 0
    while bits:
        high = pattern[i % p_frames]
        wanted = b if high else b - 1
        if len(bits) < wanted:
            raise ValueError(f"{len(bits)} bits are left, a mapping frame takes {wanted}")
        scrambled = [scrambler.scramble(bits.pop(0)) for _ in range(wanted)]
        if taken is not None:
            taken += scrambled
        s, i_bits, q_bits = parse(scrambled, b, k, q, high)
        ring = shell.map(s)
        for j in range(4):
            m = 4 * (i + first) + j  # from the beginning of a superframe
            i1, i2, i3 = i_bits[j]
            z = (z + i2 + 2 * i3) % 4  # 9-25, Figure 6
            index = [mapping_index(q_bits[j][n], ring[2 * j + n]) for n in range(2)]
            v = [FIGURE_5[each] for each in index]
            # The steps of Table 11.
            c_0, p_0 = precoder.filtered()
            u_0 = clockwise(v[0], z)
            y_0, x_0 = precoder.precode(u_0, c_0, p_0)
            c_1, p_1 = precoder.filtered()
            c0 = modulo_bit(c_0, c_1)
            y0 = state[-1]
            half, within = divmod(m, 2 * p_frames)
            v0 = inversions[half % len(inversions)] if within == 0 else 0
            u0 = y0 ^ c0 ^ v0  # 9-32
            u_1 = clockwise(v[1], z + 2 * i1 + u0)
            y_1, x_1 = precoder.precode(u_1, c_1, p_1)
            y_bits = symbol_to_bits(subset_label(y_0), subset_label(y_1))
            state = next_state(state, *y_bits)
            shared = {"m": m, "Z": z, "Y0": y0, "C0": c0, "V0": v0, "U0": u0, "I1": i1}
            yield {**shared, "Q": index[0], "u": u_0, "c": c_0, "p": p_0, "y": y_0, "x": x_0}
            yield {**shared, "Q": index[1], "u": u_1, "c": c_1, "p": p_1, "y": y_1, "x": x_1}
        i += 1


def encode(
    bits,
    symbol_rate,
    data_rate,
    trellis,
    nonlinear,
    expanded,
    h,
    *,
    polynomial=GPA,
    b1=True,
    energy=None,
):
    """Points x'(n) of B1 and of ``bits``, pairs of fractions, two a 4D symbol.

    ``bits``: data bits, 0 or 1, of a whole number of mapping frames. ``symbol_rate``: as Table 1
    prints it. ``trellis``: states, 16, 32 or 64. ``h``: three pairs of integers in units of 2^-14.
    ``b1``: B1 comes first, as the last data frame of a superframe; otherwise ``bits`` begin a
    superframe from the same initial states. ``energy``: the average energy of equation 9-35.
    """
    theta = Fraction(5, 16) if nonlinear else Fraction(0)
    if energy is None:
        energy = mean_energy(symbol_rate, data_rate, expanded)
    return [
        projected(step["x"], theta, Fraction(energy))
        for step in steps(
            bits, symbol_rate, data_rate, trellis, expanded, h, polynomial=polynomial, b1=b1
        )
    ]
