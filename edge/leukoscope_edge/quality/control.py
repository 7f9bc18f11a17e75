"""Is the device's quality in control? What is not refuses verdicts; counting goes on.

Out of control is, each until it is put right:
- the quality slide: it failed, or clearly fewer of its cells are found than usual;
- the stored cells: the newest test of the model in use failed, whenever that was;
- the drawn fields: the program no longer finds the cells that are there;
- lamp and stain: the newest slide lies beyond 3 SD of its band (Westgard's 1-3s).

A lapse, which only a count that ends now is held to: no quality slide within the days
that the site asks for. What was counted in control may be signed after that.

Source: Westgard et al. 1981; 42 CFR 493.1256(d): controls each day of patient testing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from leukoscope_edge.capture import is_simulated
from leukoscope_edge.counting import QualityDay
from leukoscope_edge.inference import Card
from leukoscope_edge.messages import Message, message
from leukoscope_edge.profile import Profile
from leukoscope_edge.quality import cell_location
from leukoscope_edge.quality.levey_jennings import GOLDEN_NOTE, N_READ, Trend, trends
from leukoscope_edge.records import Store

DAY_H = 24
GRACE_H = 2
"""A count that was begun in time may end in time; a decision of this project."""
DAYS_ON_A_CAMERA, DAYS_ON_A_SIMULATION = 1, 0
"""How often a quality slide is asked for where the profile does not say; 0: never."""
LAPSES = frozenset(("quality-slide-none", "quality-slide-old"))
OUT_OF_BAND = {
    "plasma_level": "lamp-out",
    "plasma_colour_ratio": "lamp-colour-out",
    "stain_levels": "stain-out",
}
"""What is said of each trend that lies outside its band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTests:
    """What the tests of a device's quality gave last.

    Attributes:
        slide: The newest quality slide, None where none was ever counted.
        slide_age_h: How long ago it was counted, by this device's clock; negative
            where the clock was put back since.
        is_drifting: Clearly fewer of its cells are found than usual.
        drawn: The newest test on drawn fields, None where none was run.
        has_golden_failed: The newest test of the stored cells of the model in use
            failed.
        light: The trends of lamp and stain.
    """

    slide: QualityDay | None
    slide_age_h: float
    is_drifting: bool
    drawn: QualityDay | None
    has_golden_failed: bool
    light: tuple[Trend, ...]


def quality_problems(tests: QualityTests, slide_every_days: int) -> tuple[Message, ...]:
    """Return what is out of control, and what has lapsed; empty: all is well.

    Args:
        tests: What they gave last.
        slide_every_days: How often a quality slide is asked for; 0: never.
    """
    return (
        *_of_slide(tests, slide_every_days * DAY_H),
        *_of_program(tests),
        *(_out_of_band(t) for t in tests.light if t.judged == "reject"),
    )


def _of_slide(tests: QualityTests, every_h: int) -> Iterator[Message]:
    day = tests.slide
    if day is None:
        if every_h:
            yield message("quality-slide-none")
        return
    found = {"k": day.n_located, "n": day.n_present}
    if not day.is_passed:
        yield message("quality-slide-failed", **found)
    elif tests.is_drifting:
        yield message("quality-slide-drift", **found)
    if every_h and not -GRACE_H <= tests.slide_age_h <= every_h + GRACE_H:
        yield message("quality-slide-old", n=every_h, day=day.day)


def _of_program(tests: QualityTests) -> Iterator[Message]:
    if tests.has_golden_failed:
        yield message("golden-failed")
    if tests.drawn is not None and not tests.drawn.is_passed:
        yield message("drawn-failed", k=tests.drawn.n_located, n=tests.drawn.n_present)


def _out_of_band(trend: Trend) -> Message:
    low, high = trend.band
    return message(
        OUT_OF_BAND[trend.name],
        x=f"{trend.points[-1].value:.3g}",
        low=f"{low:.3g}",
        high=f"{high:.3g}",
    )


def without_lapses(problems: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return what also a count that ended in control may not be signed beside."""
    return tuple(p for p in problems if p.id not in LAPSES)


def cure_of(problem: Message) -> Message:
    """Return what to do about a problem."""
    return message(f"{problem.id}-cure")


def slide_every_days(profile: Profile) -> int:
    """Return how often a device asks for a quality slide, in days; 0: never."""
    asked = profile.quality.slide_every_days
    if asked is not None:
        return asked
    is_drawn = is_simulated(profile.camera.source)
    return DAYS_ON_A_SIMULATION if is_drawn else DAYS_ON_A_CAMERA


def device_quality(
    store: Store, profile: Profile, card: Card, *, now: datetime | None = None
) -> tuple[Message, ...]:
    """Return what of a device's quality is out of control now, or has lapsed.

    Args:
        store: Its records, where each test leaves a note.
        profile: Says how often a quality slide is asked for.
        card: Of the model in use.
        now: Another moment than now.
    """
    tests = read_tests(store, card, now or datetime.now(timezone.utc))
    return quality_problems(tests, slide_every_days(profile))


def read_tests(store: Store, card: Card, now: datetime) -> QualityTests:
    """Return what the tests of a device's quality gave last."""
    slides = store.log.notes(cell_location.SLIDE_NOTE, newest=1)
    drift = cell_location.slide_trend(store)
    golden = [
        e.body["facts"]
        for e in store.log.notes(GOLDEN_NOTE, newest=N_READ)
        if e.body["facts"].get("bundle") == card.id
    ]
    return QualityTests(
        slide=next(iter(cell_location.days(store, cell_location.SLIDE_NOTE, 1)), None),
        slide_age_h=_hours_between(slides[-1].at, now) if slides else 0.0,
        is_drifting=drift is not None and drift.is_drifting,
        drawn=next(iter(cell_location.days(store, cell_location.DRAWN_NOTE, 1)), None),
        has_golden_failed=bool(golden) and "failed" in golden[-1],
        light=tuple(
            t
            for t in trends(store, card.golden.logit_tolerance, card.id)
            if t.name in OUT_OF_BAND
        ),
    )


def _hours_between(at: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(at)) / timedelta(hours=1)
