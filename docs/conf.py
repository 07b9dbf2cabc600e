"""Sphinx configuration."""

import logging
import pathlib
import sys

_ROOT = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(_ROOT), str(_ROOT / "docs")]

project = "Pileus"
copyright = "the Pileus authors"
extensions = ["myst_parser", "reference", "reno.sphinxext"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
exclude_patterns = ["_build"]
# It tells of each note that it reads.
logging.getLogger("reno").setLevel(logging.WARNING)
# Every API has the same headings: a label says which page's.
suppress_warnings = ["myst.header"]
