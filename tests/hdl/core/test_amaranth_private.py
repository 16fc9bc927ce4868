"""Amaranth's private parts are in one file, which names the version that it is known to work with.

That the parts still do what they did is shown by the tests of what is made of them: channels,
engines, proofs.
"""

import ast
from importlib import metadata

from hdl.core.amaranth_private import AMARANTH_VERSION
from tests.structure import TREES, files, imports
from tests.support import ROOT

HERE = "hdl/core/amaranth_private.py"


def fault(installed):
    """A sentence where the parts are not known to work with this version of Amaranth."""
    if installed == AMARANTH_VERSION:
        return None
    return (
        f"Amaranth {installed} is installed, but {HERE} is known to work with {AMARANTH_VERSION}: "
        "read it against the new version, run the tests of channels, engines and proofs, "
        "then change AMARANTH_VERSION there."
    )


def test_version_is_the_known_one():
    """The canary: whoever changes the version of Amaranth reads this first."""
    assert fault(metadata.version("amaranth")) is None, fault(metadata.version("amaranth"))


def test_another_version_is_named():
    assert AMARANTH_VERSION == "0.5.10"
    assert fault("0.6.0").startswith("Amaranth 0.6.0 is installed, but hdl/core/amaranth_private")


def private_imports(path):
    """Lines of a file that import a private module or name of Amaranth."""
    return [
        line
        for line, name in imports(path)
        if name.startswith("amaranth.") and any(part.startswith("_") for part in name.split("."))
    ]


def test_no_other_file_imports_them():
    """Here and in tests; text that a test plants counts as well, where it is a string."""
    for tree in (*TREES, "tests"):
        for path in files(ROOT, tree):
            where = path.relative_to(ROOT).as_posix()
            if where != HERE:
                assert private_imports(path) == [], where
                texts = [
                    node.value
                    for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                ]
                planted = [text for text in texts if "from amaranth.hdl._" in text]
                assert not planted or path.name == "test_amaranth_private.py", where


def test_private_imports_are_seen(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import amaranth\nfrom amaranth.hdl._ast import Part\nimport amaranth._x\n")
    assert private_imports(bad) == [2, 3]
