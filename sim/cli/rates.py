"""`v90 rates`: the rates of Tables 2 and 17/V.90."""

from rich.console import Console
from rich.table import Table

from golden.pcm.parameters import INTERVALS, TYPES, rate, rate_table


def options(sub):
    """`v90 rates` has none."""


def run(arguments):
    """`v90 rates`"""
    offsets = {kind: offset for kind, (offset, _) in TYPES.items()}
    rows = sorted({(d, s, k) for kind in TYPES for k, s, d, _ in rate_table(kind)}, reverse=True)
    allowed = {kind: {(k, s) for k, s, _, _ in rate_table(kind)} for kind in TYPES}
    table = Table(
        caption="M: the least size if all six constellations have the same; their product must be "
        "at least 2^K. drn: what CP and CPt carry (Table 14); empty where the table has no such K.",
        caption_justify="left",
    )
    for heading in ("bit/s", "D", "S", "Sr", "K", "2^K", "M", "CP drn", "CPt drn"):
        table.add_column(heading, justify="right")
    before = None
    for d, s, k in rows:
        first = d != before
        if first and before is not None:
            table.add_section()
        before = d
        table.add_row(
            f"{float(rate(d)):.0f}" if first else "",
            str(d) if first else "",
            str(s),
            str(INTERVALS - s),
            str(k),
            str(1 << k),
            str(least_modulus(k)),
            *(str(d - offsets[kind]) if (k, s) in allowed[kind] else "" for kind in TYPES),
        )
    Console().print(table)


def least_modulus(k):
    """The least M with M^6 >= 2^K, exactly."""
    m = int(2 ** (k / INTERVALS))
    while m**INTERVALS < 1 << k:
        m += 1
    return m
