"""How long names and pictures are kept: for ever, unless a site says otherwise."""

from collections.abc import Sequence
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
    if rule == Retention(identities_days=None, pictures_days=None):
        return []
    kept = [_kept(record) for record in store.every_slide()]
    _check_clock([k.started_at for k in kept], now)
    done = []
    for one in kept:
        age = now - one.started_at
        if one.has_identity and _is_over(age, rule.identities_days):
            store.erase(one.slide, "retention", by)
            done.append(f"slide {one.slide}: identity erased")
        if one.may_drop and _is_over(age, rule.pictures_days):
            store.drop_pictures(one.slide, by)
            done.append(f"slide {one.slide}: pictures taken away")
    return done


@dataclass(frozen=True, slots=True)
class _Kept:
    """What decides about a slide; without its cells, since a year's fill the memory."""

    slide: str
    started_at: datetime
    has_identity: bool
    may_drop: bool


def _kept(record: SlideRecord) -> _Kept:
    may_drop = record.state is SlideState.SIGNED and record.has_pictures
    started_at = datetime.fromisoformat(record.started_at)
    return _Kept(record.id, started_at, not record.is_erased, may_drop)


def _is_over(age: timedelta, days: int | None) -> bool:
    return days is not None and age > timedelta(days=days)


def _check_clock(starts: Sequence[datetime], now: datetime) -> None:
    if not starts:
        return
    gap = now - max(starts)
    if not timedelta(0) <= gap <= timedelta(days=MAX_GAP_DAYS):
        raise RecordError(
            f"the clock says {now:%Y-%m-%d}, {gap.days} days after the last slide: set "
            "the clock first; nothing was erased"
        )
