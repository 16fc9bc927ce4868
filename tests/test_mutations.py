"""Plant an error in a block, and its tests must turn red.

Each row copies the tree aside, replaces one piece of text that stands there once, and runs the
block's own tests. A survivor is a gap in the tests. `make mutants` plants all of them, here every
tenth is.
"""

import ast

import pytest

from tests.mutants import MUTANTS
from tests.passage import replaced
from tests.planting import plant, target_of
from tests.support import ROOT


def test_every_row_can_be_planted():
    """What it replaces stands once, and the code is other code, though only a tenth is planted."""
    for path, old, new, *tests in MUTANTS:
        text = (ROOT / path).read_text()
        planted = replaced(text, old, new, path)
        assert ast.dump(ast.parse(planted, path)) != ast.dump(ast.parse(text)), (path, old)
        assert (ROOT / target_of(path, *tests).partition("::")[0]).exists(), (path, old)


@pytest.mark.parametrize("row", MUTANTS[::10], ids=lambda row: f"{row[0]}-{row[1][:30]}")
def test_planted_error_is_caught(row, tmp_path):
    caught, output = plant(tmp_path, *row)
    assert caught, output[-3000:]


def test_what_is_harmless_is_not_caught(tmp_path):
    """So that a red run tells of the error, and not of the copy."""
    caught, output = plant(tmp_path, "golden/bits/crc.py", "0x8408", "0x8408")
    assert caught is None and " passed" in output
