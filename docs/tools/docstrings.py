"""A Sphinx extension: docstrings as they are written here become reStructuredText.

Sections, such as Parameters and Members, become lists of definitions, which a phone can show. A
docstring that is no valid reStructuredText is shown as plain text, so that prose never stops a
build. The build says how many there are.
"""

import inspect
import re

from docutils import frontend, utils
from docutils.parsers.rst import Parser
from sphinx.util import logging

LOG = logging.getLogger(__name__)

#: Docstrings that are shown as plain text: the name of each object.
UNREADABLE = []

#: Where what is documented is from.
TREES = {"golden", "hdl", "sim", "boards", "v90"}

#: Headings of sections that are lists of entries.
SECTIONS = {
    *("Parameters", "Members", "Fields", "Attributes", "Returns", "Yields", "Raises"),
    *("Interface", "Ports", "Methods"),
}

_HEADING = re.compile(r"[A-Z][\w ]*")

_NAMED = re.compile(r"((?:\*{0,2}\w+)(?:, \w+)*) : (.*)")

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


def _entry(line, more):
    """Lines of a definition list for an entry of a section, ``more`` being its indented lines."""
    match = _NAMED.fullmatch(line)
    if match is None:
        return [line, *(f"    {one}" for one in more), ""]
    names = ", ".join(f"``{name}``" for name in match[1].split(", "))
    shape, gap, meaning = match[2].partition("  ")
    if gap:
        return [f"{names} : {shape}", f"    {' '.join([meaning.strip(), *more])}", ""]
    if more:
        return [f"{names} : {match[2]}", *(f"    {one}" for one in more), ""]
    return [names, f"    {match[2]}", ""]


def with_sections(lines):
    """Lines in which underlined sections are headings with definition lists.

    An entry is ``name : what it is``, with more of it on lines that are indented. A section ends
    where, after an empty line, something follows that is no entry.
    """
    made, at = [], 0
    while at < len(lines):
        under = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if not (_HEADING.fullmatch(lines[at]) and under and set(under) == {"-"}):
            made.append(lines[at])
            at += 1
            continue
        made += [f".. rubric:: {lines[at]}", ""]
        entries = lines[at] in SECTIONS
        at += 2
        while entries and at < len(lines):
            if not lines[at].strip():
                at += 1
                continue
            fresh = not lines[at - 1].strip()
            if fresh and not (_NAMED.fullmatch(lines[at]) or lines[at].startswith(" ")):
                break
            more, entry = [], lines[at]
            at += 1
            while at < len(lines) and lines[at].startswith(" "):
                more.append(lines[at].strip())
                at += 1
            made += _entry(entry.strip(), more)
    return made


def process(app, what, name, obj, options, lines):
    """Replace a docstring's lines by valid reStructuredText."""
    if not name.startswith(getattr(obj, "__module__", name)):
        return  # imported into this module, and not shown there
    changed = [_escaped(line) for line in with_sections(lines)]
    if faults("\n".join(changed)):
        UNREADABLE.append(name)
        changed = ["::", "", *(f"    {line}" for line in lines), ""]
    lines[:] = changed


def skip(app, what, name, obj, skipped, options):
    """Leave out classes and functions of other projects that a module passes on."""
    module = getattr(obj, "__module__", None)
    foreign = isinstance(module, str) and module.partition(".")[0] not in TREES
    return True if foreign and callable(obj) and hasattr(obj, "__qualname__") else None


def signature(app, what, name, obj, options, text, returned):
    """The arguments of a component's constructor; Amaranth's metaclass hides them."""
    if what != "class" or not hasattr(obj, "signature") or "__init__" not in vars(obj):
        return None
    found = inspect.signature(obj.__init__)
    return str(found.replace(parameters=list(found.parameters.values())[1:])), returned


def report(app, exception):
    """Say how many docstrings are shown as plain text."""
    if UNREADABLE and exception is None:
        LOG.info("%d docstrings are shown as plain text:", len(UNREADABLE))
        for name in sorted(set(UNREADABLE)):
            LOG.info("  %s", name)


def setup(app):
    """Tell Sphinx of this extension."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-skip-member", skip)
    app.connect("build-finished", report)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
