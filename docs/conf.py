"""Sphinx: ``sphinx-build -W docs docs/_build``."""

from importlib import metadata

project = "contentgit"
author = "The contentgit authors"
copyright = author
try:
    release = metadata.version("contentgit")
except metadata.PackageNotFoundError:
    release = "in development"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# The import block of architecture.md and the file trees are no language.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "contentgit"
