"""How the device is: a line for each thing, in the language of who reads."""

import html
import shutil

import pytest
from tests.edge.web.stand_ins import Browser

from leukoscope_edge.service.health import HEALTH
from leukoscope_edge.service.heartbeat import make_run_folder, run_folder, write_json
from leukoscope_edge.web.device import Device

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
