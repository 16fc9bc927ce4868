"""Stimuli and expectations that several tests share."""

EXAMPLE = {"rates": 0x2AAAA5, "training": 1, "renegotiation": 0, "look_ahead": 3}


def long_division(bits):
    """16 remainder bits, x^15 first, of 8.1.1.6.1/V.42's a) plus b), before the complement."""
    number = int("".join(map(str, bits)) or "0", 2) << 16
    number ^= 0xFFFF << len(bits)
    for shift in range(len(bits) - 1, -1, -1):
        if number >> (shift + 16) & 1:
            number ^= 0x11021 << shift
    return [int(bit) for bit in format(number, "016b")]
