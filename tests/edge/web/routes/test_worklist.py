"""The screen with all slides: what it finds, what it tells, and to whom."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from tests.edge.web.stand_ins import (
    NAME,
    Browser,
    fill_slide,
    look_at_all,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Mode, News
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.slide_list import as_moments

OLU, OLUS_PIN = "Olu", "739105"


def rows(browser: Browser, **wanted: Any) -> str:
    answer = browser.post("/api/worklist", json=wanted)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def slides_in(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>(\d+)</a>', text)


def sign(device: Device, slide: str) -> None:
    look_at_all(device, slide)
    device.store.review.sign(
        slide, lambda r: verdict_of(r, device.card_of(r)), NAME, key=f"sign-{slide}"
    )


def test_an_empty_list_says_so(browser: Browser) -> None:
    text = browser.get("/slides").text
    assert "No slide is like this." in text
    assert slides_in(text) == []


def test_a_sample_is_found_by_its_label_alone(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_normal=1, sample="S-2026 41")
    fill_slide(device, n_normal=1, sample="S-2026 42")
    assert slides_in(rows(browser, sample=" s-2026 41")) == [slide]
    assert slides_in(rows(browser, sample="S-2026")) == []
    assert len(slides_in(browser.get("/slides").text)) == 2


@pytest.mark.parametrize(("language", "act"), [("en", "Void it"), ("fr", "Annuler")])
def test_a_button_names_what_it_does_and_no_state(
    browser: Browser, device: Device, language: str, act: str
) -> None:
    fill_slide(device, n_normal=1)
    browser.post("/api/language", json={"language": language})
    [button] = re.findall(r'#void">([^<]*)<', browser.get("/slides").text)
    assert button == act


@pytest.mark.parametrize("asked", ["/slides?sample=S-1", "/api/worklist?sample=S-1"])
def test_no_address_searches_for_a_label(browser: Browser, asked: str) -> None:
    answer = browser.get(asked)
    assert answer.status_code == 405 or 'value="S-1"' not in answer.text


def test_what_people_typed_is_shown_as_text(browser: Browser, device: Device) -> None:
    fill_slide(device, n_normal=1, sample="<img src=x onerror=alert(1)>")
    assert "<img" not in rows(browser)
    assert "&lt;img" in rows(browser)


def test_no_verdict_is_told_before_people_have_looked(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=3, n_normal=12)
    assert "blast-like" not in rows(browser).lower()
    assert slides_in(rows(browser, show="suspects")) == []
    look_at_all(device, slide)
    text = rows(browser, show="suspects")
    assert slides_in(text) == [slide]
    assert "The model alone" in text
    sign(device, slide)
    assert "The model alone" not in rows(browser)


def test_what_may_be_done_with_a_slide_can_be_begun_from_the_list(
    browser: Browser, device: Device
) -> None:
    counting = fill_slide(device, n_normal=3, is_finished=False)
    review = fill_slide(device, n_normal=3)
    signed = fill_slide(device, n_normal=12)
    sign(device, signed)
    text = rows(browser)
    assert f'href="/slides/{counting}/count"' in text
    assert f'href="/slides/{review}/result#correct"' in text
    assert f'href="/slides/{review}/result#void"' in text
    assert f'href="/slides/{counting}/result#void"' in text
    for barred in (f"{counting}/result#correct", f"{signed}/result#void"):
        assert barred not in text
    for anchor in ("correct", "void"):
        assert (
            f'<details id="{anchor}">' in browser.get(f"/slides/{review}/result").text
        )


def test_a_count_that_was_given_up_is_paused_and_a_running_one_counts(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=3, is_finished=False)
    assert "state paused" in rows(browser)
    device.counter.newest = News(mode=Mode.COUNTING, slide=slide, facts={"seq": 1})
    assert "state counting" in rows(browser)
    assert f"{slide}/result#void" not in rows(browser)


def test_mine_are_those_of_whoever_asks(stranger: Browser, device: Device) -> None:
    slide = fill_slide(device, n_normal=1)
    device.people.add(OLU, Role.OPERATOR, OLUS_PIN)
    stranger.sign_in(OLU, OLUS_PIN)
    assert slides_in(rows(stranger, show="mine")) == []
    stranger.sign_in()
    assert slides_in(rows(stranger, show="mine")) == [slide]


def test_only_who_may_see_slides_may_list_them(
    stranger: Browser, device: Device
) -> None:
    device.people.add("Sam", Role.SERVICE, OLUS_PIN)
    stranger.refresh()
    assert stranger.post("/api/worklist", json={}).status_code == 401
    stranger.sign_in("Sam", OLUS_PIN)
    assert stranger.post("/api/worklist", json={}).status_code == 403
    assert stranger.get("/slides").status_code == 403


def test_days_are_the_devices_own_and_both_ends_belong(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1)
    today = date.today()
    for since, until, found in (
        (today - timedelta(days=1), today + timedelta(days=1), [slide]),
        (today + timedelta(days=2), None, []),
        (None, today - timedelta(days=2), []),
    ):
        asked = {"since": since and str(since), "until": until and str(until)}
        assert slides_in(rows(browser, **asked)) == found


def test_the_ends_of_the_calendar_bound_nothing() -> None:
    assert as_moments(None, None) == ("", "")
    assert as_moments(date.min, date.max)[1] == ""
