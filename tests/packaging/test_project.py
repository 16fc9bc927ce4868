"""pyproject.toml, constraints.txt and the Pythons that are said to work."""

import ast
import re
import tomllib

import pytest
from packaging.requirements import Requirement

import v90
from golden import __version__
from tests.structure import TREES
from tests.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTS = {"dependencies": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
REQUIREMENTS = [Requirement(text) for texts in LISTS.values() for text in texts]
LOCKED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)


def test_versions_are_ranges_with_a_lower_bound():
    for one in REQUIREMENTS:
        operators = {part.operator for part in one.specifier}
        assert "==" not in operators
        # wasmtime is here for its upper bound alone.
        assert ">=" in operators or one.name == "wasmtime", one


def test_what_is_locked_is_what_is_asked_for():
    locked = {re.sub("[-_.]+", "-", name).lower(): version for name, version in LOCKED.items()}
    for one in REQUIREMENTS:
        assert one.specifier.contains(locked[one.name.lower()], prereleases=True), one


def test_every_dependency_gives_a_reason():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for one in REQUIREMENTS:
        found = [n for n, line in enumerate(lines) if re.match(rf'\s+"{one.name}[<>=]', line)]
        assert found
        for at in found:
            assert "# " in lines[at] or lines[at - 1].lstrip().startswith("# "), one


def test_the_version_stands_once(capsys):
    assert "version" not in PROJECT and PROJECT["dynamic"] == ["version"]
    with pytest.raises(SystemExit):
        v90.parser(["--version"]).parse_args(["--version"])
    assert capsys.readouterr().out == f"v90 {__version__}\n"
    released = re.findall(
        r"^## (\d+\.\d+\.\d+) ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert released[0] == __version__


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_pythons_that_are_stated_read_every_file(minor):
    assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["classifiers"]
    assert PROJECT["requires-python"] == ">=3.11"
    for tree in (*TREES, "examples", "tests", "docs", "tools"):
        for path in (ROOT / tree).rglob("*.py"):
            ast.parse(path.read_text(), str(path), feature_version=(3, minor))
