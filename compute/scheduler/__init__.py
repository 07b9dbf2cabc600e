"""Chooses the host of a server, and can say why not the others."""
