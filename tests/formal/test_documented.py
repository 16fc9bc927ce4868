"""docs/proofs.md names everything that is proved."""

import pytest

from tests.formal import streams, test_configuration, test_counters, test_isolation
from tests.support import ROOT

TEXT = (ROOT / "docs" / "proofs.md").read_text()
SECTIONS = {
    "Streams": (*streams.QUICK, *streams.LONG),
    "Rows": (*test_isolation.QUICK, *test_isolation.LONG),
    "Twins": test_isolation.TWINS,
    "Parameters": test_configuration.CASES,
    "Counters": test_counters.COUNTERS,
}


@pytest.mark.parametrize("section", SECTIONS)
def test_all_is_named(section):
    text = " ".join(TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0].split())
    for name in SECTIONS[section]:
        assert f"`{name}`" in text, name
