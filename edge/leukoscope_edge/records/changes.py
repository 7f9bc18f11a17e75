"""What people changed of a slide's facts, and why: plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody did something, encrypted like all that a person writes.

    Attributes:
        sealed: The reason; the store opens it until the identity is erased.
        by: Who gave it.
        at: UTC, ISO 8601.
        names_nobody: The page asked for one that names nobody, so that it may stand
            on every copy; older programs did not ask.
    """

    sealed: str
    by: str
    at: str
    names_nobody: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact, as it was and as it is.

    Attributes:
        what: `age`, `sample`, `sample_type`, `objective` or `leukopenic`.
        was: The value before; empty for the sample, which stays sealed.
        now: The value since, likewise.
    """

    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Facts that were put right together.

    Attributes:
        changes: Each fact.
        reason: Why.
        sealed_before: The identity before, where the sample was put right; else empty.
    """

    changes: tuple[Change, ...]
    reason: Reason
    sealed_before: str = ""
