"""What a monitor on this machine may read, and what a full disk stops."""

import html
import shutil
from collections import namedtuple

import pytest
from tests.edge.web.stand_ins import FACTS, Browser, fill_slide

from leukoscope_edge.service.health import HEALTH
from leukoscope_edge.service.heartbeat import make_run_folder, run_folder, write_json
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device

Usage = namedtuple("Usage", "total used free")
NEW = FACTS | {"sample": "S-9", "key": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("192.168.4.7", 404), ("nonsense", 404)],
)
def test_figures_are_for_this_machine_alone(
    device: Device, address: str, status: int
) -> None:
    fill_slide(device, n_normal=1, sample="SECRET-7", name="Amina B.")
    with Browser(
        create_app(device), base_url="http://localhost:8000", client=(address, 5000)
    ) as client:
        answer = client.get("/metrics")
    assert answer.status_code == status
    assert "SECRET" not in answer.text
    if status == 200:
        assert "leukoscope_up 0.0\n" in answer.text


def start(browser: Browser) -> tuple[int, str]:
    answer = browser.post("/api/slides", json=NEW)
    return answer.status_code, answer.text


def test_a_full_disk_takes_no_new_slide_and_says_so(
    browser: Browser, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, 79_999_999))
    status, text = start(browser)
    assert status == 503
    assert "the disk is full" in text
    assert device.store.reader.slides() == []


CAMERA = {"camera": "usb", "camera_fault": "", "is_locked": False, "frame_at_s": 1e12}
PAGE = {"clock": "far ahead", "scales_um_per_px": {}}
FIGURES = {
    "at_s": 1e12,
    "safe": "the count process stood still, repeatedly: call service",
    "parts": {
        "count": {"facts": CAMERA, "n_restarts": 9},
        "page": {"facts": PAGE, "n_restarts": 0},
    },
    "processes": [],
    "disk": {"free_bytes": 1e10, "n_slides": 900, "room": "good"},
    "temperature_c": 81.0,
    "throttling": "the power supply is too weak",
}
SAID = {
    "en": ("not locked · not calibrated", "81 °C · the power supply is too weak"),
    "fr": (
        "il y a 0.0 s · réglages non verrouillés · non étalonnée",
        "81 °C · l'alimentation électrique est trop faible",
        "le processus « count » s'est figé, à plusieurs reprises : appelez le service",
        "très en avance",
        "pas encore fait",
    ),
    "ar": ("قبل 0.0 ثانية · الإعدادات غير مثبّتة · غير معايرة", "متقدمة كثيرًا"),
}


@pytest.mark.parametrize("code", SAID)
def test_how_the_device_is_is_said_in_the_reader_s_language(
    browser: Browser, device: Device, code: str
) -> None:
    folder = run_folder(device.store.folder)
    make_run_folder(folder)
    write_json(folder / HEALTH, FIGURES)
    browser.post("/api/language", json={"language": code})
    try:
        text = html.unescape(browser.get("/device").text)
    finally:
        shutil.rmtree(folder)
    for words in SAID[code]:
        assert words in text, words


def test_a_device_in_safe_state_takes_no_new_slide(
    browser: Browser, device: Device
) -> None:
    folder = run_folder(device.store.folder)
    make_run_folder(folder)
    parts = {"count": {"facts": {}}}
    write_json(folder / HEALTH, {"at_s": 1e12, "safe": "it died", "parts": parts})
    try:
        status, text = start(browser)
    finally:
        shutil.rmtree(folder)
    assert (status, "it died" in text) == (503, True)
    assert device.store.reader.slides() == []
