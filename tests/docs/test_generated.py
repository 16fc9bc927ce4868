"""What is made from the code is what the code says now."""

import pytest

from docs.tools import generated, pictures
from tests.structure import PACKAGES
from tests.support import ROOT


@pytest.mark.parametrize("path", generated.made(), ids=lambda path: path.name)
def test_it_is_made_anew(path):
    assert path.read_text() == generated.made()[path], "run: make docs"


def test_every_package_is_in_the_page_and_the_picture():
    page = (ROOT / "docs" / "architecture.md").read_text()
    picture = (ROOT / "docs" / "pictures" / "packages.svg").read_text()
    for tree in PACKAGES:
        for name in pictures.packages(tree):
            assert f"| `{tree}/{name}` | " in page and f">{name}</text>" in picture


def test_a_page_that_is_old_is_seen(tmp_path):
    text = (ROOT / "docs" / "architecture.md").read_text()
    old = text.replace("| `hdl/core` |", "| `hdl/kernel` |")
    assert old != text and generated.filled(old) == text
