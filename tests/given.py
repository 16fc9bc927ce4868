"""Gateware takes formats, parameters and tables from golden, and no algorithm.

As :mod:`tests.structure`: the tree is read as text, and sentences say where the rule is broken.
"""

import ast
from pathlib import Path

from tests.structure import classes, files, parsed

#: Modules of golden from which gateware takes constants, enumerations and classes of mere fields:
#: they declare formats, parameters or tables. No function of golden is for gateware.
GIVEN = {
    *("golden.errors", "golden.fixed", "golden.formats"),
    *("golden.bits.hdlc", "golden.bits.scrambler", "golden.pcm.parameters"),
    *("golden.signals.generator", "golden.signals.sequences", "golden.signals.training"),
    *("golden.receiver.detection", "golden.receiver.equalizer", "golden.receiver.framing"),
    *("golden.receiver.leastsquares", "golden.receiver.reversal", "golden.receiver.slicer"),
    *("golden.receiver.timetable", "golden.receiver.timing", "golden.receiver.training"),
    *("golden.ports.decimator", "golden.ports.emulator", "golden.ports.i2s", "golden.ports.link"),
    *("golden.ports.report", "golden.v34.modulator", "golden.v34.pulse", "golden.modem.selftest"),
    *("golden.v34.formats", "golden.v34.parameters", "golden.v34.trellis"),
}


def _module(root, name):
    """The file of a dotted module, None where there is no such file."""
    path = Path(root, *name.split(".")).with_suffix(".py")
    return path if path.exists() else None


def _methods(node):
    """Methods that a class defines, but for properties and what Python itself calls."""
    return {
        one.name
        for one in node.body
        if isinstance(one, ast.FunctionDef)
        and not one.name.startswith("__")
        and not any("property" in ast.unparse(mark) for mark in one.decorator_list)
    }


def _declares(node):
    """Whether a class is an exception, an enumeration or a dataclass."""
    bases = {ast.unparse(base) for base in node.bases}
    marks = {ast.unparse(mark).partition("(")[0] for mark in node.decorator_list}
    return bool(bases & {"Enum", "IntEnum", "Exception"} or "dataclass" in marks)


def _defined(root, module):
    """Names at the top of a module: ``{name: methods}``, a function's being None."""
    found = {}
    for node in parsed(_module(root, module)).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = None
        elif isinstance(node, ast.ClassDef):
            found[node.name] = _methods(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            is_function = isinstance(node.value, ast.Lambda)
            for name in ast.walk(node):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    found[name.id] = None if is_function else set()
    return found


def _golden_names(root, tree):
    """Names that a file takes from golden.

    ``(line, dotted name)`` of each import from it; ``(line, module, name)`` of each name used; and
    local names of modules.
    """
    imported, used, aliases = [], [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [
                (node.lineno, one.name)
                for one in node.names
                if one.name.partition(".")[0] == "golden"
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "golden":
            for one in node.names:
                full = f"{node.module}.{one.name}"
                if _module(root, full):
                    imported.append((node.lineno, full))
                    aliases[one.asname or one.name] = full
                else:
                    imported.append((node.lineno, node.module))
                    used.append((node.lineno, node.module, one.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in aliases:
                used.append((node.lineno, aliases[node.value.id], node.attr))
    return imported, used


def given_faults(root):
    """Gateware takes from golden a module that is not in GIVEN, a function, or an algorithm.

    An algorithm is a class that is no exception, no enumeration and no dataclass, or a method of a
    class that gateware takes.
    """
    root, faults, methods = Path(root), [], set()
    files_of = [(path, parsed(path)) for path in files(root, "hdl")]
    for path, tree in files_of:
        where = path.relative_to(root)
        imported, used = _golden_names(root, tree)
        faults += [f"{where}:{line} takes {name}" for line, name in imported if name not in GIVEN]
        for line, module, name in used:
            if not _module(root, module):
                continue
            defined = _defined(root, module)
            if name not in defined:
                faults.append(f"{where}:{line} takes {name}, which {module} does not define")
            elif defined[name] is None:
                faults.append(f"{where}:{line} takes the function {module}.{name}")
            elif name in classes(_module(root, module)):
                node = classes(_module(root, module))[name]
                if not _declares(node):
                    faults.append(f"{where}:{line} takes the algorithm {module}.{name}")
                methods |= defined[name]
    for path, tree in files_of:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in methods:
                    where = f"{path.relative_to(root)}:{node.lineno}"
                    faults.append(f"{where} calls golden's method {node.func.attr}")
    return faults
