"""How long names and pictures are kept: for ever, unless a site says otherwise."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.slide import SlideRecord, SlideState
from leukoscope_edge.records.store import Store

MAX_GAP_DAYS = 366
"""A clock that is further than this after the last event is taken for wrong: nothing
is erased by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What a site keeps for how long, counted from a slide's start.

    Attributes:
        identities_days: Names and labels, None for ever.
        pictures_days: Pictures of signed slides, None for ever.
    """

    identities_days: int | None
    pictures_days: int | None

    def __post_init__(self) -> None:
        for days in (self.identities_days, self.pictures_days):
            if days is not None and days < 1:
                raise ValueError(f"a retention must be at least 1 day, got {days}")


def apply_retention(store: Store, rule: Retention, now: datetime, by: str) -> list[str]:
    """Erase what a rule no longer keeps and say in sentences what was erased.

    Args:
        store: The records.
        rule: The site's rule.
        now: The device's clock, with its zone.
        by: Who asked for it.

    Raises:
        RecordError: The clock cannot be right.
    """
    records = store.slides(limit=-1)
    _check_clock(records, now)
    done = []
    for record in records:
        age = now - datetime.fromisoformat(record.started_at)
        if not record.is_erased and _is_over(age, rule.identities_days):
            store.erase(record.id, "retention", by)
            done.append(f"slide {record.id}: identity erased")
        may_drop = record.state is SlideState.SIGNED and record.has_pictures
        if may_drop and _is_over(age, rule.pictures_days):
            store.drop_pictures(record.id, by)
            done.append(f"slide {record.id}: pictures taken away")
    return done


def _is_over(age: timedelta, days: int | None) -> bool:
    return days is not None and age > timedelta(days=days)


def _check_clock(records: list[SlideRecord], now: datetime) -> None:
    if not records:
        return
    gap = now - max(datetime.fromisoformat(r.started_at) for r in records)
    if not timedelta(0) <= gap <= timedelta(days=MAX_GAP_DAYS):
        raise RecordError(
            f"the clock says {now:%Y-%m-%d}, {gap.days} days after the last slide: set "
            "the clock first; nothing was erased"
        )
