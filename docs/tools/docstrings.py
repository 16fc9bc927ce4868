"""A Sphinx extension: docstrings as they are written here become reStructuredText.

A Members section becomes a list of definitions. A docstring that is no valid reStructuredText is
shown as plain text, so that prose never stops a build; the build says how many there are.
"""

import re

from docutils import frontend, utils
from docutils.parsers.rst import Parser
from sphinx.util import logging

from sim.export.members import members_of

LOG = logging.getLogger(__name__)

#: Docstrings that are shown as plain text: the name of each object.
UNREADABLE = []

#: Where what is documented is from.
TREES = {"golden", "hdl", "sim", "boards", "v90"}

_HEADING = re.compile(r"^Members$")

#: A reference, such as a class in backquotes after ``:class:``.
_ROLE = re.compile(r":[\w:]+:`([^`]*)`")


def faults(text):
    """What docutils has to say about a text, in which roles are taken for literals."""
    settings = frontend.get_default_settings(Parser)
    settings.report_level, settings.halt_level, settings.warning_stream = 2, 5, False
    document = utils.new_document("docstring", settings)
    found = []
    document.reporter.attach_observer(found.append)
    try:
        Parser().parse(_ROLE.sub(r"``\1``", text), document)
    except AttributeError:  # a directive that asks for Sphinx's environment is one of Sphinx's own
        return []
    return [one.astext() for one in found if one["level"] >= 2]


def _escaped(line):
    """A line in which the bars of an absolute value name no substitution."""
    parts = re.split(r"(``.*?``|`[^`]*`)", line)
    return "".join(part if n % 2 else part.replace("|", "\\|") for n, part in enumerate(parts))


def with_members(lines):
    """Lines with their Members section as a list of definitions."""
    lines = list(lines)
    for at in range(len(lines) - 1):
        if _HEADING.match(lines[at]) and set(lines[at + 1].strip()) == {"-"}:
            break
    else:
        return lines
    end = at + 2
    while end < len(lines) and (
        not lines[end].strip() or lines[end][0] == " " or re.match(r"\w+(, \w+)* : ", lines[end])
    ):
        end += 1
    made = [".. rubric:: Members", ""]
    for names, text in members_of("\n".join(["Members", "-------", *lines[at + 2 : end]])):
        shape, gap, meaning = text.partition("  ")
        term = ", ".join(f"``{name}``" for name in names)
        made += [f"{term} : {shape}" if gap else term]
        made += [f"    {(meaning if gap else text).strip()}", ""]
    return [*lines[:at], *made, *with_members(lines[end:])]


def process(app, what, name, obj, options, lines):
    """Replace a docstring's lines by valid reStructuredText."""
    if not name.startswith(getattr(obj, "__module__", name)):
        return  # imported into this module, and not shown there
    changed = [_escaped(line) for line in with_members(lines)]
    if faults("\n".join(changed)):
        UNREADABLE.append(name)
        changed = ["::", "", *(f"    {line}" for line in lines), ""]
    lines[:] = changed


def skip(app, what, name, obj, skipped, options):
    """Leave out classes and functions of other projects that a module passes on."""
    module = getattr(obj, "__module__", None)
    foreign = isinstance(module, str) and module.partition(".")[0] not in TREES
    return True if foreign and callable(obj) and hasattr(obj, "__qualname__") else None


def report(app, exception):
    """Say how many docstrings are shown as plain text."""
    if UNREADABLE and exception is None:
        LOG.info("%d docstrings are shown as plain text:", len(UNREADABLE))
        for name in sorted(set(UNREADABLE)):
            LOG.info("  %s", name)


def setup(app):
    """Tell Sphinx of this extension."""
    # Before napoleon, which would make a section of its own of Members.
    app.connect("autodoc-process-docstring", process, priority=100)
    app.connect("autodoc-skip-member", skip)
    app.connect("build-finished", report)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
