"""The dashboard: a client of the REST APIs like any other. Empty as yet."""
