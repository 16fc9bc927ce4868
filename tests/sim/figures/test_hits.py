"""Hits of a call in mid-data: rows with their cost."""

import pytest

from sim.figures import hits


@pytest.mark.long
def test_rows_of_a_slip_and_of_more_noise():
    rows = hits.rows(["26awg-12kft"], ["octet twice", "SNR 3 dB less from here on"])
    none, slip, noise = rows
    assert [row.values["hit"] for row in rows] == [
        "none",
        "octet twice",
        "SNR 3 dB less from here on",
    ]
    assert all(row.met and row.values["file whole"] == "yes" for row in rows)
    for what in ("s lost", "frames again", "renegotiations"):
        assert none.values[what] == 0
    # Nothing sent in the retrain is lost for ever, and little is sent twice.
    assert slip.values["trainings"] == 2 and 2.5 < slip.values["s lost"] < 4.5
    assert 0 < slip.values["frames again"] < 40
    assert noise.values["renegotiations"] == 1 and noise.values["trainings"] == 1
    assert noise.values["last rate"] < noise.values["first rate"]
    assert 0 < noise.values["s lost"] < 2
