import pytest

from golden.errors import V90Error
from sim.figures.predict import predict
from sim.reading.recorded import read


def test_shares_of_a_call(real_calls):
    """Rows as the figures show them; all magnitudes are the server's."""
    folder = real_calls / "conexant-hcf"
    if not folder.is_dir():
        pytest.skip(f"no call conexant-hcf in {real_calls}")
    rows = predict(read(folder))
    assert {row[0] for row in rows} == {"conexant-hcf"}
    # From Sd on, without a gap: 183405 - 110649 symbols to B1d, and B1d.
    assert sum(row[2] for row in rows) == 183405 - 110649 + 288
    assert all(row[3] == 1 for row in rows)
    shaped = {row[1]: row[4] for row in rows if row[4] < 1}
    assert set(shaped) <= {"TRN2d", "MP", "MP'", "Ed", "B1d"}
    # Both begin with the same memory; how long they agree is the server's number formats.
    assert shaped["TRN2d"] > 0.52


def test_a_network_that_changes_octets_has_no_prediction(real_calls):
    folder = real_calls / "agere-sv92"
    if not folder.is_dir():
        pytest.skip(f"no call agere-sv92 in {real_calls}")
    with pytest.raises(V90Error, match="agere-sv92 changed"):
        predict(read(folder))
