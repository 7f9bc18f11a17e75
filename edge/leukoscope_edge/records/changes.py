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
class CriticalCall:
    """What whoever told a critical result says of it; see `Told`."""

    who: str
    how: str
    told_at: str
    is_read_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A critical result that was told to somebody who acts on it.

    Source: CLSI GP47, what a laboratory documents of a critical result.

    Attributes:
        sealed: Who was told, encrypted; the store opens it until erasure.
        how: `telephone`, `word of mouth` or `message`.
        told_at: When, UTC, ISO 8601, as whoever told it says.
        is_read_back: Who was told repeated it.
        version: Of the result that was told.
        by: Who told it.
        at: When that was kept, UTC, ISO 8601.
    """

    sealed: str
    how: str
    told_at: str
    is_read_back: bool
    version: int
    by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact, as it was and as it is.

    Attributes:
        what: `age`, `sample_type`, `leukopenic`, `wbc`, `objective`, `sex`, `reason`,
            `stain`, `sample`, `name` or `number`.
        was: The value before; empty for the last three, which stay sealed.
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
        sealed_before: The identity before, where that was put right; else empty.
    """

    changes: tuple[Change, ...]
    reason: Reason
    sealed_before: str = ""
