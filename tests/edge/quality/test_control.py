"""What is out of control refuses verdicts, by table; and where it is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide, look_at_all

from leukoscope_edge.counting import QualityDay
from leukoscope_edge.messages import TEMPLATES, message
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.profile import CameraEntry, QualityEntry
from leukoscope_edge.quality import GOLDEN_NOTE, begin_new_band, note_light
from leukoscope_edge.quality.cell_location import DRAWN_NOTE, keep_quality_slide
from leukoscope_edge.quality.control import (
    DAY_H,
    GRACE_H,
    LAPSES,
    OUT_OF_BAND,
    QualityTests,
    cure_of,
    device_quality,
    quality_problems,
    slide_every_days,
)
from leukoscope_edge.quality.illumination import MEASURES
from leukoscope_edge.quality.levey_jennings import N_FOR_BAND, Point, levey_jennings
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device

NOTHING = QualityTests(
    slide=None,
    slide_age_h=0.0,
    is_drifting=False,
    drawn=None,
    has_golden_failed=False,
    light=(),
)
GOOD = QualityDay(day="2026-11-26", n_present=50, n_located=45)
BAD = replace(GOOD, n_located=44)
BAND = [10.0, 12.0] * (N_FOR_BAND // 2)
CAMERA = CameraEntry(source="camera-1", frames_per_second=10.0)
LIMIT_H = DAY_H + GRACE_H


def light(name: str, newest: float) -> Any:
    return levey_jennings(name, [Point(value=v, at="") for v in (*BAND, newest)])


@pytest.mark.parametrize(
    ("changes", "days", "expected"),
    [
        ({}, 0, []),
        ({}, 1, ["quality-slide-none"]),
        ({"slide": GOOD}, 1, []),
        ({"slide": GOOD, "slide_age_h": LIMIT_H}, 1, []),
        ({"slide": GOOD, "slide_age_h": LIMIT_H + 0.1}, 1, ["quality-slide-old"]),
        ({"slide": GOOD, "slide_age_h": LIMIT_H + 0.1}, 2, []),
        ({"slide": GOOD, "slide_age_h": LIMIT_H + 0.1}, 0, []),
        ({"slide": GOOD, "slide_age_h": -GRACE_H - 0.1}, 1, ["quality-slide-old"]),
        ({"slide": BAD}, 0, ["quality-slide-failed"]),
        ({"slide": GOOD, "is_drifting": True}, 0, ["quality-slide-drift"]),
        ({"slide": BAD, "is_drifting": True}, 0, ["quality-slide-failed"]),
        (
            {"slide": BAD, "slide_age_h": 99.0},
            1,
            ["quality-slide-failed", "quality-slide-old"],
        ),
        ({"has_golden_failed": True}, 0, ["golden-failed"]),
        ({"drawn": GOOD}, 0, []),
        ({"drawn": BAD}, 0, ["drawn-failed"]),
        ({"light": (light("stain_levels", 11.0),)}, 0, []),
        ({"light": (light("stain_levels", 13.5),)}, 0, []),  # a warning
        ({"light": (light("stain_levels", 15.0),)}, 0, ["stain-out"]),
        (
            {"light": (light("plasma_level", 1.0), light("plasma_colour_ratio", 1.0))},
            0,
            ["lamp-out", "lamp-colour-out"],
        ),
    ],
)
def test_what_is_out_of_control(
    changes: dict[str, Any], days: int, expected: list[str]
) -> None:
    found = quality_problems(replace(NOTHING, **changes), days)
    assert [p.id for p in found] == expected


def test_a_problem_of_the_light_names_the_newest_value() -> None:
    tests = replace(NOTHING, light=(light("stain_levels", 15.0),))
    [problem] = quality_problems(tests, 0)
    assert dict(problem.params)["x"] == "15"


def test_each_problem_has_a_cure_and_each_figure_of_a_slide_a_sentence() -> None:
    ids = {*LAPSES, *OUT_OF_BAND.values(), "golden-failed", "drawn-failed"}
    ids |= {"quality-slide-failed", "quality-slide-drift"}
    assert [i for i in sorted(ids) if f"{i}-cure" not in TEMPLATES] == []
    assert set(OUT_OF_BAND) == set(MEASURES)


@pytest.mark.parametrize(
    ("source", "asked", "days"),
    [
        ("simulated:cells=12", None, 0),
        ("simulated:cells=12", 2, 2),
        ("camera", None, 1),
        ("fields", None, 1),
        ("camera", 0, 0),
        ("camera", 7, 7),
    ],
)
def test_a_camera_asks_for_a_quality_slide_every_day_unless_the_profile_says_else(
    device: Device, source: str, asked: int | None, days: int
) -> None:
    camera = replace(CAMERA, source=source)
    quality = QualityEntry(slide_every_days=asked)
    profile = replace(device.profile, camera=camera, quality=quality)
    assert slide_every_days(profile) == days


def test_a_new_simulated_device_starts_in_control(device: Device) -> None:
    assert device.quality_to_count() == ()


def test_a_new_device_with_a_camera_waits_for_its_first_quality_slide(
    device: Device,
) -> None:
    profile = replace(device.profile, camera=CAMERA)
    card = device.bundle.card
    assert device_quality(device.store, profile, card) == (
        message("quality-slide-none"),
    )
    keep_quality_slide(device.store, 50, 49, NAME)
    assert device_quality(device.store, profile, card) == ()
    late = datetime.now(timezone.utc) + timedelta(hours=LIMIT_H + 1)
    [old] = device_quality(device.store, profile, card, now=late)
    assert old.id == "quality-slide-old"


def test_the_newest_quality_slide_counts_and_whether_fewer_are_found_than_usual(
    device: Device,
) -> None:
    profile, card = replace(device.profile, camera=CAMERA), device.bundle.card
    for located, expected in (
        *[(n, []) for n in (495, 490, 500, 495, 490, 500)],
        (455, ["quality-slide-drift"]),
        (300, ["quality-slide-failed"]),
    ):
        keep_quality_slide(device.store, 500, located, NAME)
        found = device_quality(device.store, profile, card)
        assert [p.id for p in found] == expected


def test_the_newest_test_of_the_stored_cells_of_this_model_counts(
    device: Device,
) -> None:
    card = device.bundle.card
    for facts, expected in (
        ({"bundle": "another-1", "failed": "a logit differs"}, []),
        ({"bundle": card.id, "failed": "a logit differs"}, ["golden-failed"]),
        ({"bundle": "another-1", "largest_logit_difference": 0.1}, ["golden-failed"]),
        ({"bundle": card.id, "largest_logit_difference": 0.1}, []),
    ):
        device.store.log.note(GOLDEN_NOTE, facts, NAME)
        assert [p.id for p in device.quality()] == expected


def test_a_failed_test_on_drawn_fields_counts_until_one_passes(device: Device) -> None:
    for located, expected in ((10, ["drawn-failed"]), (50, [])):
        facts = {"n_present": 50, "n_located": located, "n_extra": 0}
        device.store.log.note(DRAWN_NOTE, facts, NAME)
        assert [p.id for p in device.quality()] == expected


def test_a_stain_out_of_control_is_cured_by_a_good_slide_or_by_new_bands(
    device: Device,
) -> None:
    def is_out() -> bool:
        return [p.id for p in device.quality()] == ["stain-out"]

    for value in (*BAND, 20.0):
        note_light(device.store, {"stain_levels": value})
    assert is_out()
    note_light(device.store, {"stain_levels": 11.0})
    assert not is_out()
    note_light(device.store, {"stain_levels": 20.0})
    assert is_out()
    begin_new_band(device.store, "stain", "a new bottle", NAME)
    assert not is_out()


def test_a_lapse_lets_sign_what_was_counted_in_control_and_a_failure_does_not(
    device: Device,
) -> None:
    profile = replace(device.profile, quality=QualityEntry(slide_every_days=1))
    own = replace(device, profile=profile)
    record = own.store.reader.slide(fill_slide(own, n_normal=200))
    card = own.bundle.card
    assert [p.id for p in own.quality_to_count()] == ["quality-slide-none"]
    assert isinstance(verdict_of(record, card, quality=own.quality()), Verdict)
    keep_quality_slide(own.store, 50, 0, NAME)
    refusal = verdict_of(record, card, quality=own.quality())
    assert isinstance(refusal, Refusal)
    assert "0 of its 50 white cells" in refusal.sentence


@pytest.fixture
def failing(device: Device) -> Iterator[Browser]:
    """A device whose quality slide found nothing."""
    device.people.add_first(NAME, PIN)
    keep_quality_slide(device.store, 50, 0, NAME)
    with Browser(create_app(device), base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client


@pytest.mark.parametrize("path", ["/", "/slides/new", "/device"])
def test_what_is_out_of_control_stands_on_the_page_with_its_cure(
    failing: Browser, device: Device, path: str
) -> None:
    [problem] = device.quality_to_count()
    text = failing.get(path).text
    assert "Out of control" in text
    assert problem.said() in text
    assert (cure_of(problem).said() in text) == (path != "/slides/new")


@pytest.mark.parametrize("path", ["/", "/slides/new", "/device"])
def test_where_all_is_well_nothing_is_said_of_it(browser: Browser, path: str) -> None:
    assert "Out of control" not in browser.get(path).text


def test_what_fails_after_the_count_is_seen_and_signed_as_no_result(
    failing: Browser, device: Device
) -> None:
    slide = look_at_all(device, fill_slide(device, n_normal=200))
    text = failing.get(f"/slides/{slide}/result").text
    assert "0 of its 50 white cells" in text
