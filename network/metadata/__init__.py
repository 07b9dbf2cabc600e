"""Metadata for the guests of a node."""
