"""Sphinx configuration."""

project = "Pileus"
copyright = "the Pileus authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
exclude_patterns = ["_build"]
