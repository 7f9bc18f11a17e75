"""Every route, as an attacker and as a schema-driven client meets it."""

import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.websockets import WebSocketDisconnect
from tests.edge.web.stand_ins import PIN, Browser, fill_slide

from leukoscope_edge.accounts import Right, Role
from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.security import HEADERS, MAX_BODY_BYTES

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGES = (
    "/",
    "/sign-in",
    "/slides",
    "/slides/new",
    "/slides/{slide}/ready",
    "/slides/{slide}/count",
    "/slides/{slide}/review",
    "/slides/{slide}/result",
    "/slides/{slide}/share",
    "/slides/{slide}/print",
    "/device",
    "/update",
    "/people",
    "/no-such-page",
)
SAMPLE_PATH = {"slide": "0001", "cell": "1", "number": "0", "what": "pdf"}


def concrete(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda m: SAMPLE_PATH[m[1]], path)


def routes_of(browser: Browser) -> list[tuple[str, str]]:
    found = {
        (method, path)
        for path, item in browser.app.openapi()["paths"].items()  # type: ignore[attr-defined]
        for method in (m.upper() for m in item)
    }
    return sorted((m, concrete(p)) for m, p in found)


def changing(browser: Browser) -> list[tuple[str, str]]:
    return [(m, p) for m, p in routes_of(browser) if m not in ("GET", "HEAD")]


def test_the_crawler_sees_the_routes(browser: Browser) -> None:
    paths = [p for _, p in routes_of(browser)]
    assert "/api/slides/0001/sign" in paths
    assert "/slides/0001/count" in paths
    assert len(changing(browser)) >= 15


def test_nothing_changes_without_the_token(browser: Browser, device: Device) -> None:
    fill_slide(device, n_normal=1)
    for method, path in changing(browser):
        for token in ("", "0" * 64, "é"):
            headers = {"x-leukoscope-token": token.encode()}
            answer = browser.request(method, path, json={}, headers=headers)
            assert answer.status_code == 403, (method, path, token)


def test_nothing_changes_from_a_foreign_page(browser: Browser, device: Device) -> None:
    fill_slide(device, n_normal=1)
    for method, path in changing(browser):
        for headers in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "http://localhost:9999"},
            {"sec-fetch-site": "cross-site"},
        ):
            answer = browser.request(method, path, json={}, headers=headers)
            assert answer.status_code == 403, (method, path, headers)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::"])
def test_no_route_answers_to_a_foreign_name(browser: Browser, host: str) -> None:
    paths = [*routes_of(browser), ("GET", "/static/style.css"), ("GET", "/none")]
    for method, path in paths:
        answer = browser.request(method, path, headers={"host": host})
        assert answer.status_code == 400, (method, path, host)


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}]
)
def test_the_live_picture_is_not_for_foreign_pages(
    browser: Browser, headers: dict[str, str]
) -> None:
    with browser.watch():
        pass
    with pytest.raises(WebSocketDisconnect), browser.watch(**headers):
        pass


def test_nobody_reads_or_changes_without_signing_in(
    stranger: Browser, device: Device
) -> None:
    fill_slide(device, n_normal=1)
    stranger.refresh()
    open_to_all = {"/sign-in", "/set-up", "/api/sign-in", "/api/set-up"}
    open_to_all |= {"/api/sign-out", "/api/language"}
    open_to_all |= {"/metrics"}  # this machine alone; test_metrics.py
    for method, path in routes_of(stranger):
        if path in open_to_all:
            continue
        answer = stranger.request(method, path, json={}, follow_redirects=False)
        is_refused = answer.status_code in (401, 422) or (
            answer.status_code == 303
            and answer.headers["location"].startswith("/sign-in")
        )
        assert is_refused, (method, path, answer.status_code)
        assert "S-1" not in answer.text


def test_no_get_changes_the_records(browser: Browser, device: Device) -> None:
    fill_slide(device, n_blast=1, n_normal=1)
    before = device.store.log.head()
    for method, path in routes_of(browser):
        if method == "GET" and path not in ("/live.mjpg",):
            browser.get(path)
    assert device.store.log.head() == before


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_it_is_for(
    browser: Browser, device: Device, path: str
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    text = browser.get(path.format(slide=slide)).text
    assert INTENDED_USE in text
    assert "SIMULATION" in text


@pytest.mark.parametrize("path", PAGES)
def test_names_from_outside_are_text_and_nothing_else(
    browser: Browser, device: Device, path: str
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1, sample=XSS, name=XSS)
    device.people.add("<b>Eve</b>", Role.OPERATOR, PIN)
    answer = browser.get(path.format(slide=slide))
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "<b>Eve" not in answer.text
    assert " style=" not in answer.text  # the policy would not apply it


def test_every_answer_carries_the_headers(browser: Browser) -> None:
    for path in ("/", "/sign-in", "/static/app.js", "/none", "/api/none"):
        answer = browser.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert browser.get("/").headers["cache-control"] == "no-store"


def test_pages_load_nothing_from_elsewhere(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_blast=1)
    for path in PAGES:
        text = browser.get(path.format(slide=slide)).text
        assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
        assert not re.findall(r"<script(?![^>]* src=)(?![^>]*json)", text)


def test_a_body_without_end_is_cut_off(browser: Browser) -> None:
    large = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
    assert browser.post("/api/people", content=large).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(4 * MAX_BODY_BYTES // 1024):
            yield b"x" * 1024

    assert browser.post("/api/people", content=endless()).status_code >= 400


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_it_may_and_no_more(
    stranger: Browser, device: Device, role: Role
) -> None:
    device.people.add("Other", role, PIN)
    stranger.sign_in("Other")
    asks = {
        Right.SLIDES: stranger.get("/slides/new"),
        Right.PEOPLE: stranger.get("/people"),
        Right.QUALITY: stranger.get("/device"),
        Right.SETTLE: stranger.post(
            "/api/slides/0001/settle",
            json={"cell": "1", "word": "blast", "key": "key-00000001"},
        ),
        Right.MODEL: stranger.post("/api/update/look", json={"stick": "/none"}),
        Right.DEVICE: stranger.post(
            "/api/device/calibration",
            json={"x0": 0, "y0": 0, "x1": 100, "y1": 0, "length_um": 10},
        ),
        Right.RECORDS: stranger.post(
            "/api/records/backup", json={"stick": "/none", "passphrase": "x" * 12}
        ),
    }
    allowed = {right for right, answer in asks.items() if answer.status_code != 403}
    expected = {
        Role.OPERATOR: {Right.SLIDES, Right.QUALITY},
        Role.SUPERVISOR: set(Right),
        Role.SERVICE: {Right.QUALITY, Right.DEVICE, Right.MODEL},
    }[role]
    assert allowed == expected & set(asks)
    assert asks[Right.SETTLE].status_code in (403, 409)  # there is no such slide


@pytest.mark.parametrize(
    "n_examples", [5, pytest.param(50, marks=pytest.mark.nightly)], ids=str
)
def test_the_schema_finds_no_server_error(
    browser: Browser, device: Device, n_examples: int
) -> None:
    fill_slide(device, n_blast=2, n_normal=2)
    schema = schemathesis.openapi.from_dict(browser.app.openapi())  # type: ignore[attr-defined]
    kept_out = {"/live.mjpg", "/api/sign-out", "/api/sign-in"}
    kept_out.add("/api/device/cell-location")  # takes nothing, and seconds
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in kept_out:
            continue

        @settings(
            max_examples=n_examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            kwargs = case.as_transport_kwargs(base_url="http://localhost:8000")
            headers = {**kwargs.pop("headers", {}), **dict(browser.headers)}
            kwargs.pop("cookies", None)
            answer = browser.request(**kwargs, headers=headers)
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        answers()


def test_a_form_waits_for_the_script_that_keeps_its_fields_out_of_the_address(
    browser: Browser,
) -> None:
    for path in ("/", "/slides/new"):
        assert "<main inert" in browser.get(path).text
