"""Drivers that keep servers on a host; chosen by entry point."""
