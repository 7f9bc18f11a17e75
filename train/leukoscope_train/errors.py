"""What a person can mend at the workstation; one line says what, where and how."""

from leukoscope_edge.errors import LeukoscopeError


class DataError(LeukoscopeError):
    """A data folder cannot be used for what was asked."""
