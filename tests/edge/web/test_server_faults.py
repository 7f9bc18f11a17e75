"""A fault of the page's own program: a way out for the person, an entry in the log."""

import logging
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.responses import Response
from tests.edge.web.stand_ins import NAME, PIN, Browser

from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.log import log_text
from leukoscope_edge.web.security import HEADERS

PATIENT = "Fatima Diallo"


def fail() -> Response:
    try:
        return Response(str([][0]))
    except IndexError as err:
        raise ValueError(PATIENT) from err


@pytest.fixture
def faulty(device: Device) -> Iterator[Browser]:
    device.people.add_first(NAME, PIN)
    app: FastAPI = create_app(device)
    app.add_api_route("/slides/{slide}/fails", fail)
    app.add_api_route("/api/fails", fail, methods=["POST"])
    with Browser(app, base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client


def test_no_fault_leaves_no_entry(browser: Browser, device: Device) -> None:
    assert browser.get("/").status_code == 200
    assert not device.page_faults


def test_a_fault_is_answered_with_a_page_that_leads_home(
    faulty: Browser, device: Device
) -> None:
    answer = faulty.get("/slides/0007/fails")
    assert answer.status_code == 500
    assert 'href="/">Home</a>' in answer.text
    [entry] = device.page_faults
    assert entry.split()[1] in answer.text
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_the_log_says_where_and_nothing_that_a_form_or_record_held(
    faulty: Browser, device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        faulty.get("/slides/0007/fails")
    assert "GET /slides/{slide}/fails" in caplog.text
    assert "ValueError" in caplog.text
    assert "IndexError" in caplog.text
    assert f"{__file__}:" in caplog.text
    assert PATIENT not in caplog.text
    assert "0007" not in caplog.text
    assert device.page_faults[0] in log_text(device)


def test_the_api_answers_a_fault_in_the_language_of_the_page(faulty: Browser) -> None:
    faulty.cookies.set("leukoscope_language", "fr")
    answer = faulty.post("/api/fails", json={})
    assert answer.status_code == 500
    assert "erreur interne" in answer.json()["detail"]


def test_where_the_page_of_the_fault_fails_too_there_is_a_bare_one(
    device: Device,
) -> None:
    app = create_app(device)
    app.state.templates = None
    with Browser(app, base_url="http://localhost:8000") as client:
        answer = client.get("/sign-in?x=<b>")
    assert answer.status_code == 500
    assert '<a href="/">Home</a>' in answer.text


def test_only_the_newest_faults_are_kept(faulty: Browser, device: Device) -> None:
    for _ in range(60):
        faulty.get("/slides/0007/fails")
    assert len(device.page_faults) == 50
