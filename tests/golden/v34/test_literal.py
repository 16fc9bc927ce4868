"""The literal reading of V.34's encoder against what the Recommendation prints and draws."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from tests.golden.v34 import literal
from tests.golden.v34 import literal_parameters as parameters

#: Table 8: for each symbol rate the values of b and SWP at the data rates in order.
DATA_RATES = [rate + more for rate in range(2400, 33601, 2400) for more in (0, 200)]
TABLE_8 = {
    2400: """
        8 FFF 9 6DB 16 FFF 17 6DB 24 FFF 25 6DB 32 FFF 33 6DB 40 FFF 41 6DB 48 FFF 49 6DB
        56 FFF 57 6DB 64 FFF 65 6DB 72 FFF 73 6DB
    """,
    2743: """
        - - - - 14 FFF 15 56B 21 FFF 22 56B 28 FFF 29 56B 35 FFF 36 56B 42 FFF 43 56B
        49 FFF 50 56B 56 FFF 57 56B 63 FFF 64 56B 70 FFF 71 56B 77 FFF 78 56B
    """,
    2800: """
        - - - - 14 1BB7 15 0489 21 15AB 22 0081 28 0A95 28 3FFF 35 0489 35 1FBF 42 0081 42 1BB7
        48 3FFF 49 15AB 55 1FBF 56 0A95 62 1BB7 63 0489 69 15AB 70 0081 76 0A95 76 3FFF
    """,
    3000: """
        - - - - 13 3DEF 14 1249 20 0421 20 3777 26 2D6B 27 0081 32 7FFF 33 2AAB 39 14A5 39 3FFF
        45 3DEF 46 1249 52 0421 52 3777 58 2D6B 59 0081 64 7FFF 65 2AAB 71 14A5 71 3FFF
        77 3DEF 78 1249
    """,
    3200: """
        - - - - 12 FFFF 13 5555 18 FFFF 19 5555 24 FFFF 25 5555 30 FFFF 31 5555 36 FFFF 37 5555
        42 FFFF 43 5555 48 FFFF 49 5555 54 FFFF 55 5555 60 FFFF 61 5555 66 FFFF 67 5555
        72 FFFF 73 5555 78 FFFF 79 5555
    """,
    3429: """
        - - - - 12 0421 12 36DB 17 3DEF 18 0889 23 14A5 23 3F7F 28 7FFF 29 1555 34 2D6B 35 0001
        40 0421 40 36DB 45 3DEF 46 0889 51 14A5 51 3F7F 56 7FFF 57 1555 62 2D6B 63 0001
        68 0421 68 36DB 73 3DEF 74 0889 79 14A5 79 3F7F
    """,
}

#: Table 10: K, M minimum, M expanded, L minimum, L expanded, for the same rates in order.
TABLE_10 = {
    2400: """
        0 1 1 4 4, 0 1 1 4 4, 4 2 2 8 8, 5 2 2 8 8, 12 3 4 12 16, 13 4 4 16 16,
        20 6 7 24 28, 21 7 8 28 32, 28 12 14 48 56, 29 13 15 52 60, 28 12 14 96 112,
        29 13 15 104 120, 28 12 14 192 224, 29 13 15 208 240, 28 12 14 384 448,
        29 13 15 416 480, 28 12 14 768 896, 29 13 15 832 960
    """,
    2743: """
        2 2 2 8 8, 3 2 2 8 8, 9 3 3 12 12, 10 3 3 12 12, 16 4 5 16 20, 17 5 5 20 20,
        23 8 9 32 36, 24 8 10 32 40, 30 14 17 56 68, 31 15 18 60 72, 29 13 15 104 120,
        30 14 17 112 136, 28 12 14 192 224, 29 13 15 208 240, 27 11 13 352 416,
        28 12 14 384 448, 26 10 12 640 768, 27 11 13 704 832, 25 9 11 1152 1408,
        26 10 12 1280 1536
    """,
    2800: """
        2 2 2 8 8, 3 2 2 8 8, 9 3 3 12 12, 10 3 3 12 12, 16 4 5 16 20, 16 4 5 16 20,
        23 8 9 32 36, 23 8 9 32 36, 30 14 17 56 68, 30 14 17 56 68, 28 12 14 96 112,
        29 13 15 104 120, 27 11 13 176 208, 28 12 14 192 224, 26 10 12 320 384,
        27 11 13 352 416, 25 9 11 576 704, 26 10 12 640 768, 24 8 10 1024 1280,
        24 8 10 1024 1280
    """,
    3000: """
        1 2 2 8 8, 2 2 2 8 8, 8 2 3 8 12, 8 2 3 8 12, 14 4 4 16 16, 15 4 5 16 20,
        20 6 7 24 28, 21 7 8 28 32, 27 11 13 44 52, 27 11 13 44 52, 25 9 11 72 88,
        26 10 12 80 96, 24 8 10 128 160, 24 8 10 128 160, 30 14 17 224 272, 31 15 18 240 288,
        28 12 14 384 448, 29 13 15 416 480, 27 11 13 704 832, 27 11 13 704 832,
        25 9 11 1152 1408, 26 10 12 1280 1536
    """,
    3200: """
        0 1 1 4 4, 1 2 2 8 8, 6 2 2 8 8, 7 2 2 8 8, 12 3 4 12 16, 13 4 4 16 16,
        18 5 6 20 24, 19 6 6 24 24, 24 8 10 32 40, 25 9 11 36 44, 30 14 17 56 68,
        31 15 18 60 72, 28 12 14 96 112, 29 13 15 104 120, 26 10 12 160 192, 27 11 13 176 208,
        24 8 10 256 320, 25 9 11 288 352, 30 14 17 448 544, 31 15 18 480 576,
        28 12 14 768 896, 29 13 15 832 960, 26 10 12 1280 1536, 27 11 13 1408 1664
    """,
    3429: """
        0 1 1 4 4, 0 1 1 4 4, 5 2 2 8 8, 6 2 2 8 8, 11 3 3 12 12, 11 3 3 12 12,
        16 4 5 16 20, 17 5 5 20 20, 22 7 8 28 32, 23 8 9 32 36, 28 12 14 48 56,
        28 12 14 48 56, 25 9 11 72 88, 26 10 12 80 96, 31 15 18 120 144, 31 15 18 120 144,
        28 12 14 192 224, 29 13 15 208 240, 26 10 12 320 384, 27 11 13 352 416,
        24 8 10 512 640, 24 8 10 512 640, 29 13 15 832 960, 30 14 17 896 1088,
        27 11 13 1408 1664, 27 11 13 1408 1664
    """,
}

#: Figure 5 as drawn: imaginary part, real part of the first point, labels from there 4 apart.
FIGURE_5 = [
    (45, -7, "408 396 394 400 414"),
    (41, -19, "398 375 349 339 329 326 335 347 359 386"),
    (37, -27, "412 371 340 314 290 279 269 265 273 281 302 322 353 390"),
    (33, -31, "401 357 318 282 257 236 224 216 212 218 228 247 270 298 337 378"),
    (29, -35, "406 350 306 266 234 206 185 173 164 162 170 181 197 220 253 288 327 379"),
    (25, -35, "360 310 263 226 193 165 146 133 123 121 125 137 154 179 207 242 289 338 391"),
    (21, -39, "384 324 277 229 189 156 131 110 96 87 83 92 100 117 140 172 208 254 299 354"),
    (17, -39, "355 294 243 201 160 126 98 79 64 58 54 62 71 90 112 141 180 221 271 323 387"),
    (13, -43, "392 330 274 222 177 135 102 77 55 41 35 31 37 48 65 91 118 155 198 248 303 361"),
    (9, -43, "380 316 255 203 158 119 84 60 39 24 17 15 20 30 49 72 101 138 182 230 283 348 415"),
    (5, -43, "367 304 244 194 148 108 75 50 28 13 6 4 8 21 38 63 93 127 171 219 275 336 402"),
    (1, -43, "362 296 238 186 142 103 69 43 22 9 1 0 5 16 32 56 85 122 163 213 267 328 395"),
    (-3, -43, "365 300 240 190 144 106 73 45 25 11 3 2 7 18 36 59 88 124 166 217 272 331 397"),
    (-7, -43, "372 307 251 199 152 113 80 52 33 19 12 10 14 26 42 66 97 134 174 225 280 341 409"),
    (-11, -43, "388 320 261 210 167 128 94 67 47 34 27 23 29 40 57 81 111 147 187 237 291 351"),
    (-15, -43, "410 343 284 232 183 149 115 89 68 53 46 44 51 61 78 99 132 168 209 258 315 376"),
    (-19, -39, "369 311 259 214 175 139 116 95 82 74 70 76 86 104 129 157 195 235 285 342 399"),
    (-23, -39, "403 345 292 249 205 176 150 130 114 107 105 109 120 136 161 191 227 268 319 373"),
    (-27, -35, "382 332 287 250 215 184 169 153 145 143 151 159 178 202 231 264 308 358 413"),
    (-31, -31, "377 333 293 260 233 211 200 192 188 196 204 223 245 278 312 352 404"),
    (-35, -27, "383 346 313 286 262 252 241 239 246 256 276 295 325 363 407"),
    (-39, -23, "405 370 344 321 309 301 297 305 317 334 356 385"),
    (-43, -15, "411 389 374 366 364 368 381 393"),
]

#: The rates of Table 10 at each symbol rate, which begin at 4800 but for 2400.
RATES = {
    symbol_rate: DATA_RATES[0 if symbol_rate == 2400 else 2 :][: len(rows.split(","))]
    for symbol_rate, rows in TABLE_10.items()
}

EACH_TRELLIS = pytest.mark.parametrize("trellis", [16, 32, 64])


def some_mode(rng):
    """A symbol rate and a primary channel rate that it has."""
    symbol_rate = int(rng.choice(list(RATES)))
    return symbol_rate, int(rng.choice(RATES[symbol_rate][::2]))


def some_bits(rng, symbol_rate, data_rate, frames):
    """Bits of a number of data frames."""
    return rng.integers(0, 2, frames * parameters.data_frame_bits(symbol_rate, data_rate)).tolist()


def some_taps(rng):
    """Three taps whose sum stays where y(n) is within 255."""
    return [tuple(int(part) for part in rng.integers(-9000, 9001, 2)) for _ in range(3)]


def test_table_8():
    for symbol_rate, row in TABLE_8.items():
        values = row.split()
        printed = dict(zip(DATA_RATES, zip(values[::2], values[1::2], strict=True), strict=False))
        printed = {rate: each for rate, each in printed.items() if each[0] != "-"}
        assert list(printed) == RATES[symbol_rate]
        for data_rate, (b, pattern) in printed.items():
            assert parameters.high_frame_bits(symbol_rate, data_rate) == int(b)
            got = parameters.switching_pattern(symbol_rate, data_rate)
            assert int("".join(map(str, got)), 2) == int(pattern, 16)
            assert got[-1] == 1
            low, high = got.count(0), got.count(1)
            bits = low * (int(b) - 1) + high * int(b)
            assert bits == parameters.data_frame_bits(symbol_rate, data_rate)
            assert Fraction(bits * parameters.J[symbol_rate] * 1000, 280) == data_rate


def test_table_10():
    for symbol_rate, rows in TABLE_10.items():
        for data_rate, row in zip(RATES[symbol_rate], rows.split(","), strict=True):
            k, q = parameters.shell_bits(parameters.high_frame_bits(symbol_rate, data_rate))
            sizes = [parameters.rings(k, expanded) for expanded in (False, True)]
            points = [parameters.constellation_size(m, q) for m in sizes]
            assert [k, *sizes, *points] == [int(value) for value in row.split()]


def test_a_superframe_takes_280_ms():
    for symbol_rate, (a, c) in parameters.RATIO.items():
        exact = Fraction(2400 * a, c)
        assert round(exact) == symbol_rate
        symbols = parameters.J[symbol_rate] * parameters.P[symbol_rate] * 8
        assert symbols / exact == Fraction(28, 100)
        inversions = literal.TABLE_12[parameters.J[symbol_rate]].replace(" ", "")
        assert len(inversions) == 2 * parameters.J[symbol_rate]


def test_figure_5():
    drawn = {}
    for im, first, labels in FIGURE_5:
        for n, label in enumerate(labels.split()):
            drawn[int(label)] = (first + 4 * n, im)
    assert [drawn[label] for label in range(416)] == parameters.FIGURE_5
    turned = {parameters.clockwise(point, n) for point in parameters.FIGURE_5 for n in range(4)}
    assert len(turned) == 1664


def test_a_quarter_turn_is_clockwise():
    assert [parameters.clockwise((1, 1), n) for n in range(5)] == [
        (1, 1),
        (1, -1),
        (-1, -1),
        (-1, 1),
        (1, 1),
    ]


def test_scrambler_by_hand():
    """A one into a zero state comes out where x^-a and x^-b put it: the quotient by hand."""
    scrambler = literal.Scrambler(literal.GPA)
    out = [scrambler.scramble(int(n == 0)) for n in range(30)]
    # 1 / (1 + x^5 + x^23) = 1 + x^5 + x^10 + x^15 + x^20 + x^23 + x^25 + 2 x^28 + ...
    assert [n for n, bit in enumerate(out) if bit] == [0, 5, 10, 15, 20, 23, 25]
    scrambler = literal.Scrambler(literal.GPC)
    out = [scrambler.scramble(int(n == 0)) for n in range(42)]
    assert [n for n, bit in enumerate(out) if bit] == [0, 18, 23, 36]


def test_shell_mapper_counts():
    for m in range(1, 19):
        shell = literal.ShellMapper(m)
        assert sum(map(shell.g2, range(-3, 2 * m + 3))) == m**2
        assert sum(map(shell.g4, range(-3, 4 * m + 3))) == m**4
        assert shell.z8(8 * (m - 1) + 1) == m**8
        for g, n in ((shell.g2, 2), (shell.g4, 4)):
            if m**n <= 6561:
                counted = [0] * (n * m + 1)
                for rings in itertools.product(range(m), repeat=n):
                    counted[sum(rings)] += 1
                assert [g(p) for p in range(n * m + 1)] == counted


@pytest.mark.parametrize("m, k", [(2, 4), (2, 8), (3, 12), (4, 12)])
def test_shell_mapper_gives_the_groups_of_least_sum_each_once(m, k):
    shell = literal.ShellMapper(m)
    groups = [tuple(shell.map([n >> at & 1 for at in range(k)])) for n in range(2**k)]
    assert len(set(groups)) == 2**k
    assert all(0 <= ring < m for group in groups for ring in group)
    sums = [sum(group) for group in groups]
    every = sorted(sum(group) for group in itertools.product(range(m), repeat=8))
    assert sums == every[: 2**k]


def unmapped(shell, rings):
    """R0 of ring indices, by counting the groups before them."""
    g2, g4 = shell.g2, shell.g4
    c, d = rings[0] + rings[1], rings[4] + rings[5]
    b, a = c + rings[2] + rings[3], sum(rings)

    def place(first, total):
        return first if total < shell.m else first - (total - shell.m + 1)

    left = sum(g2(p) * g2(b - p) for p in range(c)) + place(rings[0], c)
    left += place(rings[2], b - c) * g2(c)
    right = sum(g2(p) * g2(a - b - p) for p in range(d)) + place(rings[4], d)
    right += place(rings[6], a - b - d) * g2(d)
    before = shell.z8(a) + sum(g4(p) * g4(a - p) for p in range(b))
    return before + left + right * g4(b)


def test_shell_mapper_is_undone(rng):
    known = {
        (parameters.shell_bits(parameters.high_frame_bits(symbol_rate, data_rate))[0], expanded)
        for symbol_rate, rates in RATES.items()
        for data_rate in rates
        for expanded in (False, True)
    }
    for k, expanded in sorted(known):
        shell = literal.ShellMapper(parameters.rings(k, expanded))
        for r0 in [0, 2**k - 1, *map(int, rng.integers(0, 2**k, 20))]:
            rings = shell.map([r0 >> at & 1 for at in range(k)])
            assert all(0 <= ring < shell.m for ring in rings)
            assert unmapped(shell, rings) == r0


def test_roundings_of_the_precoder():
    step = Fraction(1, 128)
    for units, rounded in [
        ("3/2", 1),
        ("-3/2", -1),
        ("1/2", 0),
        ("-1/2", 0),
        ("5/2", 2),
        ("151/100", 2),
        ("-151/100", -2),
        ("149/100", 1),
        ("0", 0),
        ("7", 7),
        ("-7", -7),
    ]:
        assert literal.nearest(Fraction(units) * step, step) == rounded * step
        assert literal.nearest(Fraction(units) * 4, Fraction(4)) == rounded * 4


def test_figure_9_and_table_13():
    grid = [(re, im) for re in range(-13, 14, 2) for im in range(-13, 14, 2)]
    for point in grid:
        label = literal.subset_label(point)
        # The low two bits count quarter turns; the high bit is the point's own class.
        for n in range(4):
            turned = literal.subset_label(parameters.clockwise(point, n))
            assert turned & 3 == (label + n) & 3
        # Points of a label are at least 32 apart, squared: the third partition of a grid of 2.
        for other in grid:
            if other != point and literal.subset_label(other) == label:
                assert (point[0] - other[0]) ** 2 + (point[1] - other[1]) ** 2 >= 32
    assert literal.subset_label((1, 1)) == 0 and literal.subset_label((-3, 1)) == 4
    # Y4 to Y1 and the parity of both labels' sum tell 32 classes apart, each of two pairs.
    seen = {}
    for first, second in itertools.product(range(8), repeat=2):
        key = (*literal.symbol_to_bits(first, second), (first ^ second) & 1)
        seen[key] = seen.get(key, 0) + 1
    assert set(seen.values()) == {2} and len(seen) == 32


@EACH_TRELLIS
def test_channel_output_carries_the_code(trellis, rng):
    """Whatever the precoder adds, y(n) obeys the code but for the bit inversions (9.6.3.3)."""
    for _ in range(4):
        symbol_rate, data_rate = some_mode(rng)
        sent = some_bits(rng, symbol_rate, data_rate, 1)
        h = some_taps(rng)
        got = list(literal.steps(sent, symbol_rate, data_rate, trellis, True, h))
        assert len(got) == 2 * 8 * parameters.P[symbol_rate]
        for first, second in zip(got[::2], got[1::2], strict=True):
            labels = [literal.subset_label(each["y"]) for each in (first, second)]
            assert sum(labels) & 1 == first["Y0"] ^ first["V0"]


def decoded(points, symbol_rate, data_rate, expanded):
    """Scrambled bits of 2D points u(n), which is all that a decoder needs after its trellis."""
    b = parameters.high_frame_bits(symbol_rate, data_rate)
    pattern = parameters.switching_pattern(symbol_rate, data_rate)
    k, q = parameters.shell_bits(b)
    shell = literal.ShellMapper(parameters.rings(k, expanded))
    label = {point: n for n, point in enumerate(parameters.FIGURE_5)}
    bits, z_before = [], 0
    for i, at in enumerate(range(0, len(points), 8)):
        rings, groups = [], []
        for j in range(4):
            group = []
            turns = []
            for u in points[at + 2 * j : at + 2 * j + 2]:
                turn = next(n for n in range(4) if parameters.clockwise(u, 4 - n) in label)
                index = label[parameters.clockwise(u, 4 - turn)]
                turns.append(turn)
                rings.append(index >> q)
                group += [index >> n & 1 for n in range(q)]
            change = (turns[0] - z_before) % 4
            z_before = turns[0]
            i1 = ((turns[1] - turns[0]) % 4) >> 1
            groups.append([i1, change & 1, change >> 1, *group])
        high = pattern[i % len(pattern)]
        if k:
            r0 = unmapped(shell, rings)
            s = [r0 >> n & 1 for n in range(k)]
            assert high or s.pop() == 0
            bits += s
        elif b <= 12:
            for group, third in zip(groups, (9, 10, 11, 12), strict=True):
                if b - 1 + high < third:
                    assert group.pop(2) == 0
        bits += [bit for group in groups for bit in group]
    return bits


def test_bits_come_back(rng):
    """All rates: what is sent is read from u(n), B1's ones and the initial states included."""
    for symbol_rate, rates in RATES.items():
        for data_rate in rates[::2]:
            expanded = bool(rng.integers(2))
            sent = some_bits(rng, symbol_rate, data_rate, 1)
            points = [
                each["u"]
                for each in literal.steps(sent, symbol_rate, data_rate, 16, expanded, [(0, 0)] * 3)
            ]
            line = decoded(points, symbol_rate, data_rate, expanded)
            near, far = literal.GPA
            padded = [0] * far + line
            got = [bit ^ padded[n + far - near] ^ padded[n] for n, bit in enumerate(line)]
            assert got == [1] * len(sent) + sent


def test_bit_inversions_of_b1():
    """B1 is the seventh or eighth data frame, whose pairs in Table 12 are both 1 0."""
    for symbol_rate in parameters.J:
        got = list(literal.steps([], symbol_rate, 4800, 16, False, [(0, 0)] * 3))[::2]
        p = parameters.P[symbol_rate]
        inverted = [n for n, each in enumerate(got) if each["V0"]]
        assert len(got) == 4 * p and inverted == [0]
        # Without B1 a superframe begins; its second half data frame is the first inverted.
        ones = [1] * parameters.data_frame_bits(symbol_rate, 4800)
        got = list(literal.steps(ones, symbol_rate, 4800, 16, False, [(0, 0)] * 3, b1=False))
        assert [n for n, each in enumerate(got[::2]) if each["V0"]] == [2 * p]


def test_mean_energy_by_counting_all():
    for symbol_rate, data_rate, expanded in [
        (2400, 7200, False),
        (2400, 7200, True),
        (3429, 7200, True),
        (3429, 9600, False),
        (3000, 4800, False),
    ]:
        b = parameters.high_frame_bits(symbol_rate, data_rate)
        k, q = parameters.shell_bits(b)
        assert 0 < k <= 12 and q == 0
        shell = literal.ShellMapper(parameters.rings(k, expanded))
        of_frame = []
        for n in range(2**k):
            rings = shell.map([n >> at & 1 for at in range(k)])
            points = [parameters.FIGURE_5[ring] for ring in rings]
            of_frame.append(Fraction(sum(re**2 + im**2 for re, im in points), 8))
        high = sum(of_frame) / 2**k
        low = sum(of_frame[: 2 ** (k - 1)]) / 2 ** (k - 1)
        pattern = parameters.switching_pattern(symbol_rate, data_rate)
        mean = sum(high if each else low for each in pattern) / len(pattern)
        assert parameters.mean_energy(symbol_rate, data_rate, expanded) == mean


def test_mean_energy_of_the_largest_constellation(rng):
    """33 600 bit/s, expanded: the mean over random bits, of which 8640 give 0.1 dB."""
    sent = some_bits(rng, 3429, 33600, 72)
    points = literal.encode(sent, 3429, 33600, 16, False, True, [(0, 0)] * 3)
    measured = np.mean([float(re * re + im * im) for re, im in points])
    expected = float(parameters.mean_energy(3429, 33600, True))
    assert abs(10 * np.log10(measured / expected)) < 0.15


def test_non_linear_encoder():
    energy = parameters.mean_energy(3200, 28800, True)
    sent = [0, 1, 1] * 960
    flat = literal.encode(sent, 3200, 28800, 32, False, True, [(0, 0)] * 3)
    curved = literal.encode(sent, 3200, 28800, 32, True, True, [(0, 0)] * 3)
    # 1 + z/6 + z^2/120 is sinh(sqrt(z)) / sqrt(z) to its third term; the rest is below z^3 / 4900.
    for (re, im), (re_1, im_1) in zip(flat, curved, strict=True):
        z = 0.3125 * float((re**2 + im**2) / energy)
        factor = np.sinh(np.sqrt(z)) / np.sqrt(z)
        assert abs(float(re_1 / re) - factor) < z**3 / 4900
        assert re_1 * im == im_1 * re


def test_refuses_what_is_not_so():
    with pytest.raises(ValueError, match="mapping frame takes"):
        literal.encode([1] * 5, 3200, 4800, 16, False, False, [(0, 0)] * 3)
    with pytest.raises(ValueError, match="beyond 255"):
        literal.encode([1] * 1176, 3429, 33600, 16, False, True, [(32767, 32767)] * 3)
