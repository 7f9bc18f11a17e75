"""The application: how a refusal, a mistake and a stranger are answered."""

from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import Browser, fill_slide

from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.app import FONTS_KEPT_S, SIGN_IN_HEADER, create_app
from leukoscope_edge.web.device import Device

NO_SLIDE = "there is no slide 9999"
PATIENT = "Fatima Diallo"


def test_what_cannot_be_done_is_one_line_for_a_script_and_a_page_for_people(
    browser: Browser,
) -> None:
    said = browser.post("/api/slides/9999/void", json={"why": "x", "key": "k" * 8})
    assert (said.status_code, said.json()) == (409, {"detail": NO_SLIDE})
    shown = browser.get("/slides/9999/result")
    assert shown.status_code == 409
    assert shown.headers["content-type"].startswith("text/html")
    assert NO_SLIDE in shown.text


def test_an_address_that_is_none_is_said_likewise(browser: Browser) -> None:
    said = browser.get("/api/nothing")
    assert (said.status_code, list(said.json())) == (404, ["detail"])
    shown = browser.get("/nothing")
    assert shown.status_code == 404
    assert shown.headers["content-type"].startswith("text/html")


def test_a_stranger_is_led_to_the_sign_in_and_back(stranger: Browser) -> None:
    led = stranger.get("/slides/0001/result", follow_redirects=False)
    assert led.status_code == 303
    assert led.headers["location"] == "/sign-in?next=/slides/0001/result"
    stranger.refresh()
    said = stranger.post("/api/here", json={})
    assert (said.status_code, said.headers[SIGN_IN_HEADER]) == (401, "1")


@pytest.mark.parametrize(
    ("body", "place", "kind"),
    [
        ({"name": PATIENT}, ["body", "pin"], "missing"),
        ({"name": PATIENT, "pin": [PATIENT]}, ["body", "pin"], "string_type"),
        ({"name": "a", "pin": "b", PATIENT: 1}, ["body"], "extra_forbidden"),
    ],
)
def test_a_body_that_does_not_fit_is_answered_by_place_and_kind_alone(
    stranger: Browser, body: dict[str, object], place: list[str], kind: str
) -> None:
    stranger.refresh()
    answer = stranger.post("/api/sign-in", json=body)
    assert answer.status_code == 422
    assert answer.json() == {"detail": [{"loc": place, "type": kind}]}


def test_a_refusal_is_in_the_readers_language(browser: Browser) -> None:
    browser.post("/api/language", json={"language": "fr"})
    answer = browser.post("/api/slides/9999/void", json={"why": "x", "key": "k" * 8})
    assert answer.json()["detail"] != NO_SLIDE
    assert "9999" in answer.json()["detail"]


def test_a_font_is_kept_for_a_week_and_nothing_of_a_patient(
    browser: Browser, device: Device
) -> None:
    font = browser.get("/fonts/NotoSans-Regular.woff2")
    assert font.headers["cache-control"] == f"max-age={FONTS_KEPT_S}"
    slide = fill_slide(device, n_normal=1)
    for path in ("/", f"/slides/{slide}/result"):
        assert "no-store" in browser.get(path).headers["cache-control"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1", 200),
        ("192.168.4.1", 200),
        ("leukoscope.local", 200),
        ("evil.example", 400),
        ("", 400),
    ],
)
def test_a_page_answers_to_its_own_names(
    device: Device, host: str, status: int
) -> None:
    page = PageEntry(address="192.168.4.1", name="leukoscope.local")
    own = replace(device, profile=replace(device.profile, page=page))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        answer = client.get("/set-up", headers={"host": host})
    assert answer.status_code == status
