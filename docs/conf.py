"""Sphinx configuration. The build needs no network."""

import sys
from pathlib import Path

import nems_dsl

sys.path.insert(0, str(Path(__file__).parent))
import generate_keywords

project = "nems_dsl"
author = "The nems_dsl developers"
copyright = "2026, The nems_dsl developers"
release = version = nems_dsl.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "generated", "data/*"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Signatures with the aliases as they are written, and not as unfolded by the type checker.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "nems_dsl"
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2, "navbar_center": []}
html_sidebars = {"**": ["globaltoc.html"]}
html_show_sourcelink = False


def setup(app):
    app.connect("builder-inited", lambda app: generate_keywords.write(Path(app.srcdir)))
