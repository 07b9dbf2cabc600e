"""Volumes as files, exported over NBD."""

from blockstore.drivers.file.driver import FileDriver

__all__ = ["FileDriver"]
