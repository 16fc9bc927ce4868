"""Errors that tests must catch: at least two in each file of golden, hdl, sim and boards.

``<tree>/<package>.toml`` has those of a package, ``<tree>/ground.toml`` those of the files beside
the packages. A file's table has one list, ``errors``. Each error is a list too::

    [passage, planted]          all tests of the file must notice it, tests/<place>/test_<stem>.py
    [passage, planted, tests]   these must: they are elsewhere, or those before them take long

``passage`` stands once in the file. White space between its tokens does not matter. ``tests`` is
``stem``, ``package/stem`` of the same tree, or ``tests/...`` without ``test_`` and ``.py``; any of
them may end in ``::name_of_a_test``.

:mod:`tests.test_mutations` plants a tenth of them, :mod:`tests.planting` all.
"""

import tomllib
from pathlib import Path


def _rows():
    for file in sorted(Path(__file__).parent.rglob("*.toml")):
        for path, table in tomllib.loads(file.read_text()).items():
            for row in table.pop("errors"):
                if len(row) not in (2, 3):
                    raise ValueError(f"{file} {path}: an error has 2 or 3 texts, not {len(row)}")
                yield path, *row
            if table:
                raise ValueError(f"{file} {path}: {', '.join(table)} is unknown")


#: ``(file, passage, planted)`` or ``(file, passage, planted, tests)`` of each.
MUTANTS = list(_rows())
