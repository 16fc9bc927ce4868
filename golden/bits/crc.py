"""The 16-bit CRC x^16 + x^12 + x^5 + 1 of V.34 and V.42 (10.1.2.3.2/V.34, 8.1.1.6.1/V.42).

Both divide the same way, first bit first, from a register of ones. V.34 sends the remainder as it
is, V.42 its ones complement. A receiver that shifts in the whole frame finds a constant.
"""

import numpy as np

# The polynomial has the coefficient of x^15 in bit 0, so that serial bits enter at bit 0.
_POLYNOMIAL = 0x8408

_TABLE = np.arange(256, dtype=np.uint16)
for _ in range(8):
    _TABLE = (_TABLE >> 1) ^ np.where(_TABLE & 1, np.uint16(_POLYNOMIAL), np.uint16(0))
_TABLE = tuple(int(entry) for entry in _TABLE)


def remainder_of_octets(octets, register=0xFFFF):
    """Register (int) after the octets of a bytes object, bit 0 of each first."""
    for value in octets:
        register = (register >> 8) ^ _TABLE[(register ^ value) & 0xFF]
    return register


def remainder_of_bits(bits, register=0xFFFF):
    """Register (int) after a sequence of bits, first bit first."""
    for bit in bits:
        register = (register >> 1) ^ (_POLYNOMIAL if (register ^ int(bit)) & 1 else 0)
    return register


def crc_bits(bits):
    """The 16 CRC bits (uint8, first sent first) that follow ``bits`` in a V.34 or V.90 sequence."""
    return ((remainder_of_bits(bits) >> np.arange(16)) & 1).astype(np.uint8)


def fcs(octets):
    """The 16-bit frame check sequence of V.42 as two octets, to be sent bit 0 first."""
    return (remainder_of_octets(octets) ^ 0xFFFF).to_bytes(2, "little")


#: Register of a V.42 receiver after a frame with its FCS when no bit is wrong
#: (8.1.1.6.1/V.42 gives it as 0001 1101 0000 1111, x^15 first).
FCS_GOOD = 0xF0B8
