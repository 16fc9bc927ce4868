"""examples/check_vectors.py, and whether what docs/vectors.md says is enough for an encoder."""

import ast
import json
import shutil
import subprocess
import sys

import pytest

from sim.files import write_folder
from sim.vectors import manifest as vectors
from tests.support import EXAMPLES

CHECKER, ENCODER = EXAMPLES / "check_vectors.py", EXAMPLES / "encoder.py"

#: What the encoder needs, and what is checked.
KINDS = ("g711", "encoder", "equalizer")

#: A vector that is damaged.
NAME = "encoder/CP-K15-S6"

#: Runs a script where importing the project fails, which is installed here.
WITHOUT_PROJECT = """
import runpy, sys
sys.modules |= dict.fromkeys(("golden", "hdl", "sim", "boards"))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a set."""
    folder = tmp_path_factory.mktemp("vectors") / "set"
    write_folder(folder, vectors.make(kinds=KINDS))
    return folder


@pytest.fixture(scope="module")
def entries(made):
    return json.loads((made / "manifest.json").read_text())["vectors"]


def check(folder, *arguments):
    """Run the checker as somebody would who does not have this project."""
    return run(CHECKER, folder, *arguments)


def run(script, folder, *arguments):
    """Run a script where nothing of this project can be imported."""
    return subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_PROJECT, str(script), *map(str, arguments)],
        cwd=folder,
        timeout=60,
        capture_output=True,
        text=True,
    )


def words(path):
    return [int(line, 16) for line in path.read_text().split()]


def write(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{number:02X}\n" for number in numbers))


def test_the_encoder_of_the_examples_is_equal(made, entries, tmp_path):
    own = [e for e in entries if e["name"].startswith("encoder/") and e["name"].endswith("S6")]
    result = run(ENCODER, tmp_path, made, ".")
    assert result.stdout == f"{len(own)} vectors encoded\n" and not result.returncode
    assert check(tmp_path, made, ".", "encoder/*-S6").returncode == 0
    result = check(tmp_path, made, ".")
    lines = result.stdout.splitlines()
    assert result.returncode == 1 and not result.stderr
    assert lines[-1] == f"{len(own)} of 164 vectors are equal" and len(own) > 35
    for entry, line in zip(
        [e for e in entries if e["name"].startswith("encoder/")], lines[:-1], strict=True
    ):
        name = entry["name"]
        missing = f"{name}: {name}.octets.hex is missing"
        assert line == (f"{name}: equal" if entry in own else missing)


def test_the_encoder_of_the_examples_is_plain_and_short():
    tree = ast.parse(ENCODER.read_text())
    (encode,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "encode"]
    assert encode.end_lineno - encode.lineno < 25
    taken = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)}
    assert taken == {"import json", "import sys", "from pathlib import Path"}


@pytest.mark.parametrize("kinds", [[], ["encoder"], ["equalizer", "g711"]])
def test_right_output_is_equal_and_needs_no_project(made, entries, tmp_path, kinds):
    for entry in entries:
        for array in entry["arrays"].values():
            if array["role"] == "out":
                (tmp_path / array["file"]).parent.mkdir(exist_ok=True)
                shutil.copy(made / array["file"], tmp_path / array["file"])
    result = check(tmp_path, made, tmp_path, *kinds)
    count = sum(e["name"].split("/")[0] in (kinds or ["encoder"]) for e in entries)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith(f"\n{count} of {count} vectors are equal\n")
    assert result.stdout.count(": equal\n") == count


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda w: [*w[:20], w[20] ^ 1, *w[21:]], "has {wrong:x} at [3, 2], not {right:x}"),
        (lambda w: w[:-1], "has 143 words, not 144"),
        (lambda w: [*w, 0], "has 145 words, not 144"),
        (lambda w: [], "has 0 words, not 144"),
    ],
)
def test_a_wrong_output_is_told(made, entries, tmp_path, change, said):
    for entry in entries:
        file = entry["arrays"].get("octets", {}).get("file")
        if entry["name"].startswith("encoder/"):
            (tmp_path / file).parent.mkdir(exist_ok=True)
            shutil.copy(made / file, tmp_path / file)
    path = tmp_path / f"{NAME}.octets.hex"
    right = words(path)
    write(path, change(right))
    result = check(tmp_path, made, ".")
    sentence = said.format(right=right[20], wrong=right[20] ^ 1)
    assert result.returncode == 1 and not result.stderr
    assert f"{NAME}: {NAME}.octets.hex {sentence}\n" in result.stdout
    assert result.stdout.endswith("\n163 of 164 vectors are equal\n")


def _copied(made, tmp_path):
    """A set that may be spoilt, of two vectors, and right output."""
    head = json.loads((made / "manifest.json").read_text())
    head["vectors"] = [e for e in head["vectors"] if e["name"] in (NAME, "equalizer/anything")]
    for entry in head["vectors"]:
        for item in (entry, *entry["arrays"].values()):
            for place in ("set", "out"):
                (tmp_path / place / item["file"]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(made / item["file"], tmp_path / place / item["file"])
    (tmp_path / "set" / "manifest.json").write_text(json.dumps(head))
    return tmp_path / "set", tmp_path / "out", head


def test_a_signed_word_is_told(made, tmp_path):
    _, out, head = _copied(made, tmp_path)
    assert check(tmp_path, "set", "out", "encoder", "equalizer").returncode == 0
    array = head["vectors"][1]["arrays"]["error"]
    path = out / array["file"]
    lines = path.read_text().splitlines()
    at = next(i for i, word in enumerate(lines) if int(word, 16) >> 15)
    path.write_text("\n".join([*lines[:at], "1", *lines[at + 1 :]]))
    result = check(tmp_path, "set", "out", "equalizer")
    place = [at // 6, at % 6]
    assert result.returncode == 1
    assert f"has 1 at {place}, not {int(lines[at], 16):x}\n" in result.stdout


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda s, o: _flip(s / f"{NAME}.npz"), "has another SHA-256 than the manifest says"),
        (lambda s, o: _flip(s / f"{NAME}.bits.hex"), "has another SHA-256 than the manifest says"),
        (lambda s, o: _flip(s / "equalizer/anything.npz"), "has another SHA-256"),
        (lambda s, o: (s / f"{NAME}.npz").unlink(), "No such file"),
        (lambda s, o: (s / "manifest.json").unlink(), "No such file"),
        (lambda s, o: (s / "manifest.json").write_text("{"), "SET is no set"),
        (lambda s, o: (s / "manifest.json").write_text("[1]"), "SET is no set"),
        (lambda s, o: (s / "manifest.json").write_text("{}"), "SET is no set"),
        (
            lambda s, o: (s / "manifest.json").write_text('{"version": "2.0", "vectors": []}'),
            "has version 2.0, and this reads 1",
        ),
        (lambda s, o: shutil.rmtree(o), "out is no folder"),
        (lambda s, o: (o / f"{NAME}.octets.hex").write_text("7f\nzz\n"), "no hexadecimal word"),
        (lambda s, o: (o / f"{NAME}.octets.hex").write_text("f" * 40), "no hexadecimal word"),
        (lambda s, o: (o / f"{NAME}.octets.hex").write_bytes(b"\xff\xfe"), "no hexadecimal word"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(made, tmp_path, spoil, said):
    folder, out, _ = _copied(made, tmp_path)
    spoil(folder, out)
    result = check(tmp_path, "set", "out")
    assert result.returncode == 2
    assert result.stderr.startswith("check_vectors: ") and result.stderr.count("\n") == 1
    assert said in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [[], ["set"], ["set", "out", "no-such-kind"]], ids=str)
def test_bad_arguments_are_one_sentence_and_status_2(made, tmp_path, arguments):
    _copied(made, tmp_path)
    result = check(tmp_path, *arguments)
    assert result.returncode == 2 and result.stderr.count("\n") == 1


def test_the_project_cannot_be_imported_there(tmp_path):
    script = tmp_path / "script.py"
    for module, status in (("json", 0), ("golden", 1), ("sim.vectors.manifest", 1)):
        script.write_text(f"import {module}")
        result = subprocess.run(
            [sys.executable, "-I", "-c", WITHOUT_PROJECT, str(script)],
            cwd=tmp_path,
            timeout=60,
            capture_output=True,
        )
        assert result.returncode == status


def test_it_is_short_and_needs_only_numpy():
    text = CHECKER.read_text()
    assert len(text.splitlines()) <= 65
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert {name for name in imported if name not in sys.stdlib_module_names} == {"numpy"}
