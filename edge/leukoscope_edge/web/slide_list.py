"""What a list says of slides: where each stands, whose it is, what may be done there.

A verdict is told once it is signed; before, a suspicion of the model alone, and that
only after people have looked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from leukoscope_edge.accounts import Person, Right
from leukoscope_edge.live import Mode
from leukoscope_edge.records.slides import (
    NO_RESULT,
    SUSPICIONS,
    Action,
    ListedSlide,
    SlideState,
    is_allowed,
    state_of,
)
from leukoscope_edge.sample import AgeGroup
from leukoscope_edge.web.device import Device, has_right


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideLine:
    """One slide of a list.

    Attributes:
        listed: What the records list of it.
        state: Where it stands, by the lens too.
        sample: The sample's label, empty after erasure.
        result: The verdict that may be told, empty where none may.
        is_live: The counting process is at it.
        may_correct: Its facts may be put right now.
        may_void: Whoever asks may take it out of use now.
    """

    listed: ListedSlide
    state: SlideState
    sample: str
    result: str
    is_live: bool
    may_correct: bool
    may_void: bool

    @property
    def is_refused(self) -> bool:
        """Whether somebody signed that it gives no result; no other is told."""
        return self.result == NO_RESULT

    @property
    def is_suspect(self) -> bool:
        """Whether it is signed that blasts were seen."""
        return self.state is SlideState.SIGNED and self.result in SUSPICIONS

    @property
    def is_of_model(self) -> bool:
        """Whether the verdict is the model's alone."""
        return self.listed.n_versions == 0

    @property
    def started(self) -> str:
        """When it was started, by the device's own zone, to the minute."""
        at = datetime.fromisoformat(self.listed.started_at).astimezone()
        return f"{at:%Y-%m-%d %H:%M}"

    @property
    def next(self) -> str:
        """The screen at which it stands."""
        return f"/slides/{self.listed.id}/{step_of(self.state)}"


def lines_of(
    device: Device, person: Person, slides: Iterable[ListedSlide]
) -> list[SlideLine]:
    """Return what a list says of slides to somebody."""
    return [_line(device, person, one) for one in slides]


def _line(device: Device, person: Person, one: ListedSlide) -> SlideLine:
    newest = device.counter.newest
    state = state_of(one.state, newest.live_at(one.id))
    identity = device.store.reader.identity_of(one)
    is_told = one.is_told(early=tells_early(device))
    may_void = one.n_versions == 0 or has_right(person, Right.WITHDRAW)
    return SlideLine(
        listed=one,
        state=state,
        sample=identity.sample if identity else "",
        result=one.result if is_told and state is not SlideState.VOIDED else "",
        is_live=newest.slide == one.id and newest.mode is not Mode.FINISHED,
        may_correct=is_allowed(Action.CORRECT, state),
        may_void=may_void and is_allowed(Action.VOID, state),
    )


def naming_another(
    device: Device, sample: str, age: AgeGroup, sex: str, *, but: str = ""
) -> list[str]:
    """Return the slides in use of a sample that name another age or sex.

    Args:
        device: The device.
        sample: The label.
        age: What is said now.
        sex: What is said now.
        but: A slide that is not asked.
    """
    found = [
        one.id
        for one in device.store.worklist.listed_of(sample)
        if one.id != but
        and one.state is not SlideState.VOIDED
        and (_differ(one.age, age.value) or _differ(one.sex, sex))
    ]
    return sorted(found, key=int)


def _differ(said: str, said_now: str) -> bool:
    return "unknown" not in (said, said_now) and said != said_now


def tells_early(device: Device) -> bool:
    """Say whether verdicts are told before people have looked, where one reads."""
    return device.profile.review.blind == "off"


def step_of(state: SlideState) -> str:
    """Return the screen at which a slide stands."""
    match state:
        case SlideState.NEW:
            return "ready"
        case SlideState.COUNTING | SlideState.PAUSED | SlideState.ENDED:
            return "count"
        case SlideState.REVIEW | SlideState.AMENDING:
            return "review"
        case SlideState.SIGNED:
            return "share"
        case SlideState.VOIDED:
            return "result"


def as_moments(since: date | None, until: date | None) -> tuple[str, str]:
    """Return the first moment of a day and the one after another day ends, in UTC.

    Args:
        since: The first day, by the device's own zone; None: from the first slide.
        until: The last day, included; None: to the newest.
    """
    after = until + timedelta(days=1) if until and until < date.max else None
    return _moment(since), _moment(after)


def _moment(day: date | None) -> str:
    if day is None:
        return ""
    try:
        at = datetime.combine(day, time.min).astimezone(timezone.utc)
    except (OverflowError, ValueError):  # the year 1 or 9999
        return ""
    return at.isoformat(timespec="seconds")
