"""In a real browser: TLS with its own certificate, no WebSocket, a lost place."""

import hashlib
import io
import json
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pypdf
import pytest
from playwright.sync_api import Browser, Error, Page, WebSocketRoute
from tests.edge.records.test_maintenance import one_at_a_time_at
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    Serve,
    add_person,
    sign_in,
    wait_for,
)
from tests.edge.web.stand_ins import fill_slide, look_at_all

from leukoscope_edge.records import LOOKING
from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.records.integrity import CHECK_FILE, Integrity, IntegrityCheck
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark

DARK, LIGHT = 40, 200


def own_address() -> str:
    """An address of this machine on some network; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("NO NETWORK here: TLS is NOT tested in the browser")
        return str(asked.getsockname()[0])


def test_over_a_network_the_fingerprint_on_the_screen_is_the_certificates(
    chromium: Browser, device: Device, serve: Serve
) -> None:
    add_person(device)
    url = serve(own_address())
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    answer = page.goto(f"{url}/sign-in")
    assert answer is not None
    details = answer.security_details()
    assert details is not None
    assert details["protocol"] == "TLS 1.3"
    sign_in(page, url)
    page.goto(f"{url}/device")
    place = urlsplit(url)
    pem = ssl.get_server_certificate((str(place.hostname), int(place.port or 0)))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    expected = ":".join(digest[i : i + 2] for i in range(0, 64, 2))
    assert expected in page.inner_text("main")
    (cookie,) = [c for c in context.cookies() if c["name"] == "leukoscope_session"]
    assert cookie["secure"]
    page.goto(f"{url}/slides/{fill_slide(device, is_finished=False)}/ready")
    wait_for(lambda: page.evaluate("document.querySelector('#live').dataset.latencyMs"))
    context.close()


def test_a_browser_that_was_not_told_to_trust_the_certificate_does_not(
    page: Page, serve: Serve
) -> None:
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(serve(own_address()))


def test_without_websocket_the_picture_comes_as_mjpeg_once_the_device_answers(
    page: Page, device: Device, serve: Serve
) -> None:
    slide = fill_slide(device, is_finished=False)
    add_person(device)
    url, is_away = serve(), ["yes"]
    page.route_web_socket("**/live", lambda route: route.close())
    sign_in(page, url)
    for path in ("live.mjpg", "static/icons.svg"):
        page.route(f"**/{path}", lambda r: r.abort() if is_away else r.continue_())
    page.goto(f"{url}/slides/{slide}/ready")
    picture = page.locator("#fallback")
    page.wait_for_selector("#fallback[data-away]")
    assert picture.evaluate("image => getComputedStyle(image).opacity") == "0"
    is_away.clear()
    wait_for(lambda: picture.evaluate("image => image.naturalWidth") == 640)
    assert page.locator("#fallback[data-away]").count() == 0
    assert not page.locator("#live").is_visible()


def test_a_picture_that_failed_before_the_page_listened_is_asked_for_again(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=1)
    held, is_away = [], ["yes"]
    page.route("**/view.png", lambda r: r.abort() if is_away else r.continue_())
    page.route("**/static/pictures.js", lambda r: held.append(r))
    page.goto(f"{standing}/slides/{slide}/review", wait_until="commit")
    picture = page.locator("#gallery img")
    wait_for(lambda: picture.evaluate("image => image.complete") and held)
    held[0].continue_()
    page.wait_for_selector("img[data-away]")
    is_away.clear()
    wait_for(lambda: picture.evaluate("image => image.naturalWidth"))
    assert page.locator("img[data-away]").count() == 0


def message(level: int, **facts: Any) -> bytes:
    _, jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), level, np.uint8))
    head = json.dumps({"seq": level, "at_unix_s": 0, "boxes": [], **facts}).encode()
    return len(head).to_bytes(4, "big") + head + jpeg.tobytes()


def test_where_the_place_is_lost_the_last_place_shows_as_a_ghost(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_normal=1, is_finished=False)
    routes: list[WebSocketRoute] = []
    page.route_web_socket("**/live", lambda route: routes.append(route))
    page.goto(f"{standing}/slides/{slide}/count")
    wait_for(lambda: routes)
    known = {"mode": "counting", "slide": slide, "instruction": ""}
    ghost, middle = (
        "document.querySelector('#live').dataset.ghost",
        "document.querySelector('#live').getContext('2d').getImageData(320,240,1,1)"
        ".data[0]",
    )

    def show(level: int, tracking: str) -> int:
        routes[0].send(message(level, tracking=tracking, **known))
        wait_for(lambda: page.evaluate("document.querySelector('#live').width") == 640)
        page.wait_for_timeout(300)
        return int(page.evaluate(middle))

    assert show(DARK, "lost") == pytest.approx(DARK, abs=3)  # nothing to go back to yet
    assert show(LIGHT, "tracking") == pytest.approx(LIGHT, abs=3)
    assert show(DARK, "lost") == pytest.approx((DARK + LIGHT) / 2, abs=4)
    assert page.evaluate(ghost) == "shown"
    assert "covers the pale one" in page.inner_text("#banner")
    assert show(LIGHT, "tracking") == pytest.approx(LIGHT, abs=3)
    assert page.evaluate(ghost) == ""


def test_one_press_shows_the_picture_to_calibrate_and_leaving_gives_it_back(
    page: Page, device: Device, serve: Serve
) -> None:
    add_person(device)
    url = serve()
    sign_in(page, url)
    page.goto(f"{url}/device")
    page.click("#hold")
    page.wait_for_selector("#live[data-latency-ms]")
    page.click("#red-cells")
    page.wait_for_selector("#alert:not([hidden])")
    for x in (60, 260):
        page.locator("#live").click(position={"x": x, "y": 60})
    assert page.locator("#calibrate button.primary").is_enabled()
    assert page.input_value("[name=width_px]") == "640"

    def mode() -> object:
        beat = read_beat(run_folder(device.store.folder), "count")
        return beat.facts.get("mode") if beat else None

    assert mode() == "preview"
    page.goto(url)
    wait_for(lambda: mode() == "idle")


def test_the_printed_report_is_the_report_and_nothing_of_the_page(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=60, sample="S-2026-7")
    look_at_all(device, slide)  # else nothing about it leaves
    page.goto(f"{standing}/slides/{slide}/share")
    page.click("a[href$='/print']")
    in_browser.arrive(page, "**/print")
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.click("#print")
    wait_for(lambda: page.evaluate("window.printed === true"))
    exports = [
        e.body["what"] for e in device.store.reader.events(slide) if e.kind == "export"
    ]
    assert exports == ["print of version 1"]
    pages = pypdf.PdfReader(io.BytesIO(page.pdf())).pages
    text = " ".join(" ".join(p.extract_text() for p in pages).split())
    assert text.count(INTENDED_USE) >= 1
    for part in ("PRELIMINARY", "it is a test", "Audit code"):
        assert part in text
    assert "S-2026-7" not in text  # not asked for
    assert "Without sample and name" not in text
    assert "Lock" not in text


def test_home_notices_by_itself_that_the_records_were_looked_through(
    page: Page, device: Device, serve: Serve
) -> None:
    add_person(device)
    url = serve()
    wait_for(lambda: read_beat(run_folder(device.store.folder), "count"))
    records = IntegrityCheck(device.store.folder)
    with one_at_a_time_at(device.store.folder / CHECK_FILE):  # nobody gets on with it
        records.say(Integrity.NOTHING)
        sign_in(page, url)
        page.wait_for_selector(f"text={LOOKING.said()}")
        records.say(Integrity.SOUND)
        page.wait_for_selector(f"text={LOOKING.said()}", state="detached")
    assert page.locator(".notices").count() == 0
