"""Stimuli and expectations that several tests share."""

CALLS = ("acer-surf56", "conexant-hcf", "netcomm-roadster", "swann-speeddemon", "usr-sportster")

#: A set that is in order, as JSON keys; what is refused differs from it in one place.
GOOD = {
    "type": "CP",
    "drn": 16,
    "sr": 1,
    "ld": 1,
    "law": "A",
    "a1": 1.0,
    "a2": 0.96875,
    "b1": 0,
    "b2": -1.015625,
    "interval_constellation": [0, 0, 0, 1, 0, 0],
    "constellations": [list(range(40, 76)), list(range(60, 96))],
}


def changed(**values):
    """GOOD with these values in place of its own."""
    return GOOD | values
