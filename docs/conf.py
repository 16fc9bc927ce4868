"""Sphinx: HTML of these pages and of the docstrings.

`make docs` runs it from the root of the tree, so that modules can be imported.
"""

from golden import __version__

project = "v90-gateware"
author = "The v90-gateware authors"
copyright = author
version = release = __version__

# Not napoleon, whose work docs/tools/docstrings.py does: it takes the words before the colon of a
# comment such as "Six words: M0 to M5" for a type.
extensions = ["myst_parser", "sphinx.ext.autodoc", "docs.tools.docstrings"]
exclude_patterns = ["tools"]
nitpicky = False

# A short name in a docstring, such as `Levels`, may be that of several classes.
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "no-value": True, "show-inheritance": True}
autoclass_content = "class"
add_module_names = False

html_theme = "furo"
html_title = f"v90-gateware {version}"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
