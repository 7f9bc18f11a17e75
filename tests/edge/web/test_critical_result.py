"""To whom a critical result was told: asked after the result is sent, kept, shown."""

from datetime import datetime, timedelta
from typing import Any

from tests.edge.web.stand_ins import NAME, Browser, fill_slide, look_at_all

from leukoscope_edge.i18n import zone_of
from leukoscope_edge.records.exports.laboratory import LABORATORY_NAME
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.web.device import Device

WHO = "Dr Okoye, ward 4"


def call(**changes: Any) -> dict[str, Any]:
    now = datetime.now()
    told = {
        "who": WHO,
        "how": "telephone",
        "told_at": f"{now:%Y-%m-%dT%H:%M}",
        "is_read_back": True,
        "key": "told-00001",
    }
    return told | changes


def signed(device: Device, n_blast: int) -> str:
    slide = look_at_all(device, fill_slide(device, n_blast=n_blast, n_normal=12))
    device.store.review.sign(
        slide, lambda r: verdict_of(r, device.card_of(r)), NAME, key=f"sign-{slide}"
    )
    return slide


def test_a_critical_result_asks_for_the_call_and_shows_it(
    browser: Browser, device: Device
) -> None:
    slide = signed(device, n_blast=4)
    path = f"/slides/{slide}/share"
    assert (
        "<details open><summary>I told somebody this result" in browser.get(path).text
    )
    answer = browser.post(f"/api/slides/{slide}/told", json=call())
    assert (answer.status_code, answer.json()["next"]) == (200, path)
    page = browser.get(path).text
    assert WHO in page
    assert "read back" in page
    assert "<details open>" not in page
    assert WHO in browser.get(f"/slides/{slide}/print?identified=true").text
    assert WHO not in browser.get(f"/slides/{slide}/print").text


def test_what_the_site_sends_today_stands_beside_the_sentence(
    browser: Browser, device: Device
) -> None:
    file = device.store.folder / LABORATORY_NAME
    file.write_text('name = "L"\nsend_to = "Dr Sow, Referral Hospital"\n')
    for n_blast in (0, 9):
        slide = signed(device, n_blast=n_blast)
        text = browser.get(f"/slides/{slide}/result").text
        assert ("Send today: slide and report" in text) is (n_blast > 0)
        assert ("Dr Sow, Referral Hospital" in text) is (n_blast > 0)


def test_the_time_of_a_call_is_this_places_and_says_its_zone(
    browser: Browser, device: Device
) -> None:
    slide = signed(device, n_blast=4)
    now = datetime.now().astimezone()
    page = browser.get(f"/slides/{slide}/share").text
    assert f"({zone_of(now)})" in page
    told = call(told_at=f"{now:%Y-%m-%dT%H:%M}")
    browser.post(f"/api/slides/{slide}/told", json=told)
    shown = f"{now:%Y-%m-%d %H:%M} {zone_of(now)}"
    assert shown in browser.get(f"/slides/{slide}/share").text


def test_other_results_may_be_told_too_and_nothing_presses(
    browser: Browser, device: Device
) -> None:
    slide = signed(device, n_blast=0)
    page = browser.get(f"/slides/{slide}/share").text
    assert "I told somebody this result" in page
    assert "<details open>" not in page


def test_nothing_is_told_before_people_have_looked(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=4, n_normal=12)
    assert "I told somebody" not in browser.get(f"/slides/{slide}/share").text
    assert browser.post(f"/api/slides/{slide}/told", json=call()).status_code == 409


def test_a_call_that_is_still_to_come_was_not_made(
    browser: Browser, device: Device
) -> None:
    slide = signed(device, n_blast=4)
    later = datetime.now() + timedelta(hours=1)
    body = call(told_at=f"{later:%Y-%m-%dT%H:%M}")
    answer = browser.post(f"/api/slides/{slide}/told", json=body)
    assert answer.status_code == 409
    assert "still to come" in answer.json()["detail"]
    assert device.store.reader.slide(slide).told == ()
