"""How long names and pictures are kept: for ever, unless a site says otherwise.

How old a slide is no clock says alone: a year that was mistyped would make last week's
slides ten years old, or every later one younger than today. So time is told along the
events in their order, step by step from one to the next, forward and back. A step that
is longer than a device rests is the clock's, not time's, and is not counted; once the
clock is set right, time goes on from where it was right before. A device that was
switched off for longer keeps what it holds for longer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leukoscope_edge.records.slides.slide import Kind, SlideRecord
from leukoscope_edge.records.slides.slide_state import Action, is_allowed
from leukoscope_edge.records.store import Store

MAX_STEP = timedelta(days=45)
"""Longer than a clinic is closed, shorter than any mistyped year. Every night leaves a
note, so that steps of a device that is on are of a day."""


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
    """
    if rule == Retention(identities_days=None, pictures_days=None):
        return []
    time = _Time()
    for kind, slide, at in store.reader.moments():
        time.pass_to(datetime.fromisoformat(at))
        if kind == Kind.START.value:
            time.begin(slide)
    done = [] if time.pass_to(now) else [_not_counted(now)]
    for one in [_kept(record) for record in store.reader.every_slide()]:
        age = time.since(one.slide)
        if one.has_identity and _is_over(age, rule.identities_days):
            store.erase(one.slide, "retention", by)
            done.append(f"slide {one.slide}: identity erased")
        if one.may_drop and _is_over(age, rule.pictures_days):
            store.review.drop_pictures(one.slide, by)
            done.append(f"slide {one.slide}: pictures taken away")
    store.log.note("retention", {"n_done": len(done)}, by)
    return done


class _Time:
    """Time along the events, whatever the clock said.

    What the clock says goes along one line, and jumps to another where it is set. Lines
    that were left are remembered: one of them is the right one.
    """

    def __init__(self) -> None:
        self._passed = timedelta(0)
        self._lines: list[tuple[datetime, timedelta, list[str]]] = []
        self._begun: dict[str, timedelta] = {}

    def pass_to(self, moment: datetime) -> bool:
        """Go on to what the clock says; say whether that was counted."""
        for i, (before, passed, slides) in reversed(list(enumerate(self._lines))):
            if abs(moment - before) <= MAX_STEP:
                self._passed = passed + (moment - before)
                for *_, between in self._lines[i + 1 :]:  # at the latest now
                    self._begun |= dict.fromkeys(between, self._passed)
                    slides.extend(between)
                self._lines[i:] = [(moment, self._passed, slides)]
                return True
        self._lines.append((moment, self._passed, []))
        return len(self._lines) == 1

    def begin(self, slide: str) -> None:
        """Let a slide begin now."""
        self._begun[slide] = self._passed
        self._lines[-1][-1].append(slide)

    def since(self, slide: str) -> timedelta:
        """Return how old a slide is, rather too little than too much."""
        return self._passed - self._begun[slide]


def _not_counted(now: datetime) -> str:
    return (
        f"the clock says {now:%Y-%m-%d}, more than {MAX_STEP.days} days from the last "
        "event: they are not counted; set the clock if it is wrong"
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What decides about a slide; without its cells, since a year's fill the memory."""

    slide: str
    has_identity: bool
    may_drop: bool


def _kept(record: SlideRecord) -> _Kept:
    may_drop = is_allowed(Action.DROP_PICTURES, record.state) and record.has_pictures
    return _Kept(record.id, not record.is_erased, may_drop)


def _is_over(age: timedelta, days: int | None) -> bool:
    return days is not None and age > timedelta(days=days)
