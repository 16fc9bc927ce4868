"""docs/proofs.md names everything that is proved."""

import pytest

from tests.formal import configuration, counters, isolation, streams
from tests.support import ROOT

TEXT = (ROOT / "docs" / "proofs.md").read_text()
SECTIONS = {
    "Streams": (*streams.QUICK, *streams.LONG),
    "Rows": (*isolation.QUICK, *isolation.LONG),
    "Twins": isolation.TWINS,
    "Parameters": configuration.CASES,
    "Counters": counters.COUNTERS,
}


@pytest.mark.parametrize("section", SECTIONS)
def test_all_is_named(section):
    text = " ".join(TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0].split())
    for name in SECTIONS[section]:
        assert f"`{name}`" in text, name
