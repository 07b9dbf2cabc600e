"""The demonstration: from an empty cloud to a server one can log in to."""
