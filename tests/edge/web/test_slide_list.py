"""What a list says of slides: where each stands, and what may be done there."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from tests.edge.web.reading_results import judge_all
from tests.edge.web.stand_ins import NAME, PIN, StillCounter, fill_slide

from leukoscope_edge.accounts import Person, Role
from leukoscope_edge.live import Mode, News
from leukoscope_edge.profile import ReviewEntry
from leukoscope_edge.records.slides import NO_RESULT, SlideState
from leukoscope_edge.records.slides.worklist import listed
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.slide_list import (
    SlideLine,
    as_moments,
    lines_of,
    step_of,
    tells_early,
)


@pytest.fixture
def person(device: Device) -> Person:
    return device.people.add_first(NAME, PIN)


def line_of(device: Device, person: Person, slide: str) -> SlideLine:
    [line] = lines_of(device, person, [listed(device.store.reader.slide(slide))])
    return line


def test_of_no_slide_nothing_is_said(device: Device, person: Person) -> None:
    assert lines_of(device, person, []) == []


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (SlideState.NEW, "ready"),
        (SlideState.COUNTING, "count"),
        (SlideState.PAUSED, "count"),
        (SlideState.ENDED, "count"),
        (SlideState.REVIEW, "review"),
        (SlideState.AMENDING, "review"),
        (SlideState.SIGNED, "share"),
        (SlideState.VOIDED, "result"),
    ],
)
def test_every_state_has_its_screen(state: SlideState, step: str) -> None:
    assert step_of(state) == step


def test_the_table_of_screens_has_every_state() -> None:
    assert all(step_of(state) for state in SlideState)


def test_no_verdict_is_told_before_somebody_has_looked(
    device: Device, person: Person
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=2)
    assert line_of(device, person, slide).result == ""
    judge_all(device, slide, Reading.NORMAL)
    line = line_of(device, person, slide)
    assert (line.result, line.is_of_model, line.is_refused) == ("few", True, False)


@pytest.mark.parametrize(("blind", "is_early"), [("off", True), ("first-look", False)])
def test_where_the_site_says_so_verdicts_are_told_early(
    device: Device, person: Person, blind: str, *, is_early: bool
) -> None:
    review = ReviewEntry(blind=blind)  # type: ignore[arg-type]
    own = replace(device, profile=replace(device.profile, review=review))
    assert tells_early(own) is is_early
    slide = fill_slide(own, n_blast=1)
    assert (line_of(own, person, slide).result == "few") is is_early


@pytest.mark.parametrize(("n_versions", "result"), [(0, ""), (1, NO_RESULT)])
def test_a_refusal_is_told_once_somebody_has_signed_it(
    device: Device, person: Person, n_versions: int, result: str
) -> None:
    slide = fill_slide(device, n_blast=1, is_refused=True)
    judge_all(device, slide, Reading.BLAST)
    [line] = lines_of(
        device,
        person,
        [replace(listed(device.store.reader.slide(slide)), n_versions=n_versions)],
    )
    assert (line.result, line.is_refused) == (result, bool(n_versions))


@pytest.mark.parametrize(
    ("n_versions", "state", "is_suspect"),
    [(0, SlideState.REVIEW, False), (1, SlideState.SIGNED, True)],
)
def test_a_signed_suspicion_is_more_than_signed(
    device: Device,
    person: Person,
    n_versions: int,
    state: SlideState,
    *,
    is_suspect: bool,
) -> None:
    slide = fill_slide(device, n_blast=1)
    judge_all(device, slide, Reading.BLAST)
    one = replace(
        listed(device.store.reader.slide(slide)), n_versions=n_versions, state=state
    )
    [line] = lines_of(device, person, [one])
    assert (line.result, line.is_suspect) == ("few", is_suspect)


def test_of_a_void_slide_no_verdict_is_told(device: Device, person: Person) -> None:
    slide = fill_slide(device, n_blast=1)
    judge_all(device, slide, Reading.NORMAL)
    device.store.review.void(slide, "torn", NAME)
    line = line_of(device, person, slide)
    assert (line.result, line.may_void, line.may_correct) == ("", False, False)
    assert line.next == f"/slides/{slide}/result"


@pytest.mark.parametrize(
    ("mode", "state", "is_live"),
    [
        (Mode.COUNTING, SlideState.COUNTING, True),
        (Mode.PAUSED, SlideState.PAUSED, True),
        (Mode.FINISHED, SlideState.PAUSED, False),
    ],
)
def test_the_lens_says_what_the_records_do_not(
    device: Device, person: Person, mode: Mode, state: SlideState, *, is_live: bool
) -> None:
    slide = fill_slide(device, n_normal=1, is_finished=False)
    counter = device.counter
    assert isinstance(counter, StillCounter)
    counter.tell(News(mode=mode, slide=slide, facts={"seq": 1}))
    line = line_of(device, person, slide)
    assert (line.state, line.is_live) == (state, is_live)


def test_another_slide_under_the_lens_is_none_of_this_ones_business(
    device: Device, person: Person
) -> None:
    slide = fill_slide(device, n_normal=1, is_finished=False)
    counter = device.counter
    assert isinstance(counter, StillCounter)
    counter.tell(News(mode=Mode.COUNTING, slide="9999", facts={"seq": 1}))
    assert not line_of(device, person, slide).is_live


def test_whose_it_was_is_gone_once_it_was_erased(
    device: Device, person: Person
) -> None:
    slide = fill_slide(device, n_normal=1, sample="S-7")
    assert line_of(device, person, slide).sample == "S-7"
    device.store.erase(slide, "request", NAME)
    assert line_of(device, person, slide).sample == ""


@pytest.mark.parametrize(
    ("role", "may_void"), [(Role.SUPERVISOR, True), (Role.OPERATOR, False)]
)
def test_who_counts_takes_no_signed_version_out_of_use(
    device: Device, person: Person, role: Role, *, may_void: bool
) -> None:
    slide = fill_slide(device, n_normal=1)
    one = replace(
        listed(device.store.reader.slide(slide)),
        state=SlideState.AMENDING,
        n_versions=1,
    )
    [line] = lines_of(device, replace(person, role=role), [one])
    assert (line.may_void, line.is_of_model) == (may_void, False)


def test_days_are_the_devices_own_and_the_last_belongs() -> None:
    since, before = as_moments(date(2026, 11, 29), date(2026, 11, 30))
    moments = [datetime.fromisoformat(m) for m in (since, before)]
    assert [m.utcoffset() for m in moments] == [timedelta(0)] * 2
    local = [m.astimezone().replace(tzinfo=None) for m in moments]
    assert local == [datetime(2026, 11, 29), datetime(2026, 12, 1)]


@pytest.mark.parametrize(
    ("since", "until"),
    [(None, None), (None, date.max)],
)
def test_what_has_no_end_bounds_nothing(since: date | None, until: date | None) -> None:
    assert as_moments(since, until) == ("", "")
