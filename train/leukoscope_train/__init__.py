"""Workstation: placeholder docstring, replaced by its owner."""
