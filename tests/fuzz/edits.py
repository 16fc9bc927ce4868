"""Edits that a line, a disk or an editor may make of octets."""

#: How an edit changes octets: at a place, by some octets.
EDITS = {
    "insert": lambda line, at, own: line[:at] + own + line[at:],
    "remove": lambda line, at, own: line[:at] + line[at + len(own) :],
    "replace": lambda line, at, own: line[:at] + own + line[at + len(own) :],
    "turn": lambda line, at, own: (
        line[:at]
        + bytes(a ^ b for a, b in zip(line[at:], own, strict=False))
        + line[at + len(own) :]
    ),
    "repeat": lambda line, at, own: line[: at + len(own)] + line[at:],
    "cut": lambda line, at, own: line[:at],
}


def edited(octets, edits):
    """Octets as a line, a disk or an editor may change them.

    ``edits`` are triples: a name of EDITS, a place, which is counted on from the first octet again
    after the last, and octets.
    """
    for name, at, own in edits:
        octets = EDITS[name](octets, at % (len(octets) + 1), own)
    return octets


def random_edits(rng):
    """A few edits at random (:class:`random.Random`)."""
    return [
        (
            rng.choice(list(EDITS)),
            rng.randrange(1 << 16),
            rng.choice(
                [
                    rng.randbytes(rng.choice([1, 1, 2, 4, 16])),
                    bytes([1 << rng.randrange(8)]),
                    bytes([rng.choice([0, 0x7F, 0x80, 0xFF])]) * rng.choice([1, 2, 4]),
                ]
            ),
        )
        for _ in range(rng.randint(1, 4))
    ]
