"""The wheel: built offline, installed outside of the tree, and used there."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from golden import __version__
from tests.structure import TREES
from tests.support import ROOT

#: What the tree has at its root that a wheel is made from.
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "v90.py")


def run(*words, cwd, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**kept, "PIP_NO_INDEX": "1", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the tree, so that nothing is left in this one."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    copy.mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, copy)
    for name in (*TREES, "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    result = run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"),
        *("--no-index", "-w", folder, copy),
        cwd=folder,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A bare environment with the wheel in it; its libraries are those of this one."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    result = run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=folder)
    assert result.returncode == 0, result.stderr
    (site,) = environment.glob("lib/python*/site-packages")
    # Our own libraries come after; an editable install of this tree in them must not.
    lines = [
        path
        for path in sys.path
        if path.endswith("site-packages") or path == sysconfig.get_path("purelib")
    ]
    paths = "; ".join(f"sys.path.append({path!r})" for path in dict.fromkeys(lines))
    (site / "zz-libraries.pth").write_text(f"import sys; {paths}\n")
    result = run(
        *(sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install"),
        *("--no-deps", "--no-index", wheel),
        cwd=folder,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return environment


def test_it_has_what_the_tree_has(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wheel.name == f"v90_gateware-{__version__}-py3-none-any.whl"
    wanted = {"v90.py"}
    for tree in TREES:
        for path in (ROOT / tree).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".toml", ".v"):
                wanted.add(path.relative_to(ROOT).as_posix())
    for path in (ROOT / "examples").rglob("*"):
        if path.is_file() and "build" not in path.parts and "__pycache__" not in path.parts:
            wanted.add(f"sim/{path.relative_to(ROOT).as_posix()}")
    assert wanted <= names
    assert {"boards/build/sizes.toml", "sim/world/lines.toml", "sim/examples/45333.json"} <= wanted
    top = {name.split("/")[0] for name in names}
    assert top == {*TREES, "v90.py", f"v90_gateware-{__version__}.dist-info"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--version"], f"v90 {__version__}"),
        (["rates"], "28000"),
        (["build", "--list"], "icebreaker"),
        (["lines", "26awg-9kft"], "26awg-9kft"),
        (["verilog", "scrambler", "-o", "s.v"], ""),
    ],
)
def test_its_command_runs(installed, tmp_path, words, said):
    result = run(installed / "bin" / "v90", *words, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert said in result.stdout


def test_its_files_are_found(installed, tmp_path):
    """Of a self-test, whose parameters are an example; and nothing comes from this tree."""
    code = (
        "import golden, sim.files; from boards.build import sizes, tops; "
        "from boards.gates import netlist; "
        "print(tops.selftest_component(25e6, 115200).signature); "
        "print(len(sizes.ceilings()), golden.__file__, sim.files.EXAMPLES)"
    )
    result = run(installed / "bin" / "python", "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert str(installed) in result.stdout and str(ROOT) not in result.stdout
    assert "sim/examples" in result.stdout
