"""What people changed of a slide: values that nothing changes afterwards."""

from dataclasses import FrozenInstanceError

import pytest

from leukoscope_edge.records.changes import (
    Change,
    Correction,
    CriticalCall,
    Reason,
    Told,
)

WHY = Reason(sealed="s", by="ann", at="2026-11-30T08:00:00+00:00", names_nobody=True)
AGE = Change(what="age", was="adult", now="child")
CALL = CriticalCall(who="Dr. Eve", how="telephone", told_at=WHY.at, is_read_back=True)
TOLD = Told(
    sealed="s",
    how="telephone",
    told_at=WHY.at,
    is_read_back=True,
    version=1,
    by="ann",
    at=WHY.at,
)
CORRECTION = Correction(changes=(AGE,), reason=WHY)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (WHY, "by"),
        (AGE, "was"),
        (CALL, "who"),
        (TOLD, "is_read_back"),
        (CORRECTION, "changes"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_said_is_never_another(value: object, name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, "another")


def test_only_where_the_sample_was_put_right_is_there_an_identity_before() -> None:
    assert CORRECTION.sealed_before == ""


def test_a_call_that_is_kept_names_nobody_in_the_clear() -> None:
    assert not {"who", "name"} & set(Told.__slots__)  # type: ignore[attr-defined]
    assert "who" in CriticalCall.__slots__  # type: ignore[attr-defined]
