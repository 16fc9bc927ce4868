"""Slips, a dropout and a burst, with a line."""

from sim.figures import events as figures_events
from tests.sim.figures.support import LINES, all_met


def test_events():
    every = figures_events.EVENT_HITS
    kinds = {name: hits for name, hits in every.items() if not name.startswith("no ")}
    rows = figures_events.events(LINES[1:2], kinds)
    assert all_met(rows) and len(rows) == 2 * len(kinds)
    numbers = {(row.values["intervals"], row.values["event"]): row.values for row in rows}
    # Only the decoder sees a slip between equal constellations.
    assert numbers["equal", "slip, octet twice"]["receiver ms"] == "-"
    assert numbers["one robbed", "slip, octet twice"]["receiver ms"] < 50
    assert "DISTURBED" in numbers["equal", "dropout of 20 ms"]["events"]
    assert all(row.values["HDLC lost"] > 0 for row in rows)
