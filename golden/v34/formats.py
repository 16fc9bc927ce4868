"""Number formats of V.34's encoder and decoder, each with its headroom argument.

Points lie on a grid of odd integers. What is sent, x'(n), is :data:`golden.v34.modulator.SYMBOL`.
Received symbols have a mean energy of 2, that of the four points of phases 3 and 4 (10.1.3/V.34).
"""

from golden.formats import Q

# --- Encoder -------------------------------------------------------------------------------------

#: h(1), h(2), h(3) as MP carries them (9.6.2).
PRECODER_TAP = Q(1, 1, 14)

#: A component of y, a channel output: 9.6.2 bounds it by 255.
CHANNEL_POINT = Q(1, 8, 0)

#: A component of x: one of u, at most 45, and half of 2^w, at most 2, and half of 2^-7.
PRECODED = Q(1, 6, 7)

#: A component of q: it is within half of 2^w and of 2^-7 of c, and so below 2^9.
FILTERED = Q(1, 9, 21)

#: A component of p: q rounded.
PREDICTED = Q(1, 9, 7)

#: Factor from x to what it is at a mean energy of x' of 2: at most 1, with four points and no
#: precoder, and 0.05 with 1664 points.
GAIN = Q(0, 1, 15)

#: A component at a mean energy of 2, that of the four points of TRN. The largest is 4.5: eight
#: points, a precoder and the non-linear encoder, 3000 symbols a second and 4800 bit/s.
SCALED_SYMBOL = Q(1, 3, 12)

#: Its magnitude squared: below 14 in the encoder. The decoder's saturates.
SYMBOL_ENERGY = Q(0, 5, 11)

#: zeta for each unit of that: Theta times the share that the non-linear encoder and the dither of a
#: precoder add to a mean energy of 2, 0.3 at most.
PROJECTION = Q(0, -1, 17)

#: zeta: 2.7 at the peak in the encoder. The decoder's saturates.
ZETA = Q(0, 3, 13)

#: 1 / 6, and 1 / 6 + zeta / 120; the latter is below 0.24.
PROJECTION_SLOPE = Q(0, -2, 18)

#: 1 / 120.
PROJECTION_BEND = Q(0, -6, 22)

#: Phi - 1: 0.51 for a zeta of 2.7.
PROJECTED = Q(0, 0, 16)

# --- Decoder -------------------------------------------------------------------------------------

#: 1 / Phi, as a table gives it and between two entries: at most 1.
UNPROJECTED = Q(0, 1, 15)

#: Factor from a symbol to x, the inverse of GAIN.
SPREAD = Q(0, 5, 11)

#: A component of x as received: 8 times 20.
RECEIVED_PRECODED = Q(1, 8, 7)

#: A component of y as received. Its rounding adds 8e-5 to a noise whose variance is 0.14 where one
#: 4D symbol in a million is wrong: 0.003 dB.
RECEIVED_POINT = Q(1, 8, 5)

#: Distance squared from a received 4D symbol to the nearest point of a subset: at most 32.
BRANCH_METRIC = Q(0, 6, 10)

#: A path's metric, kept modulo the format. Every state is reached from every other within four
#: steps, so that metrics differ by less than four times the largest 4D distance of 32.
PATH_METRIC = Q(0, 8, 10)
