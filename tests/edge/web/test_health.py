"""How the device is: a line for each thing, in the language of who reads."""

import html
import shutil
from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import NAME, Browser, StillCounter

from leukoscope_edge.live import Mode, News
from leukoscope_edge.quality import GOLDEN_NOTE, Scale, keep_scale
from leukoscope_edge.service import HEALTH, Sign, run_folder
from leukoscope_edge.service.heartbeat import make_run_folder, write_json
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import BRIEF, health, notices, page_facts

CAMERA = {"camera": "usb", "camera_fault": None, "is_locked": False, "frame_at_s": 1e12}
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


def named(device: Device, name: str, *, briefly: bool = False) -> list[Sign]:
    return [s for s in health(device, briefly=briefly) if s.name == name]


def test_a_device_without_a_service_says_what_the_page_itself_knows(
    device: Device,
) -> None:
    [camera], [model] = named(device, "Camera"), named(device, "Model")
    assert camera.words == ("simulated",)
    assert model.words == (device.bundle.card.id,)
    [test] = named(device, "Quality test")
    assert (test.words, test.is_good) == (("not run yet",), False)


def test_who_has_just_calibrated_reads_the_new_scale(device: Device) -> None:
    camera = replace(device.profile.camera, source="camera-1")
    own = replace(device, profile=replace(device.profile, camera=camera))
    folder = run_folder(own.store.folder)
    make_run_folder(folder)
    write_json(folder / HEALTH, FIGURES)  # seconds old: not calibrated
    keep_scale(own.store, camera, "100x", Scale(um_per_px=0.075), NAME)
    try:
        [said] = named(own, "Camera")
    finally:
        shutil.rmtree(folder)
    assert "100x 0.0750 µm/px" in said.words
    assert "not calibrated" not in said.words


def test_a_camera_that_failed_says_why(device: Device) -> None:
    counter = device.counter
    assert isinstance(counter, StillCounter)
    facts = {"seq": 1, "instruction": "the camera is gone"}
    counter.tell(News(mode=Mode.FAILED, slide="", facts=facts))
    [camera] = named(device, "Camera")
    assert (camera.words, camera.is_good) == (("the camera is gone",), False)


@pytest.mark.parametrize(("failed", "is_good"), [("", True), ("they drift", False)])
def test_the_newest_test_of_the_stored_cells_counts(
    device: Device, failed: str, *, is_good: bool
) -> None:
    device.store.log.note(GOLDEN_NOTE, {"failed": "an older one"}, NAME)
    device.store.log.note(GOLDEN_NOTE, {"failed": failed} if failed else {}, NAME)
    [test] = named(device, "Quality test")
    assert test.is_good is is_good
    assert not failed or test.words == (failed,)


def test_before_a_slide_what_is_well_is_left_out(device: Device) -> None:
    whole, brief = health(device), health(device, briefly=True)
    kept = {"Camera", "Model", "Runs on", "Quality test", *BRIEF}
    assert {s.name for s in brief} <= {s.name for s in whole}
    assert all(s.name in kept or not s.is_good for s in brief)


def test_what_somebody_should_know_stands_once(device: Device) -> None:
    assert notices(device) == []
    off = replace(device, why_off="no model is whole")
    off.banners[:] = ["no model is whole", "the clock is behind"]
    off.hospital_troubles.append("the folder is gone")
    assert notices(off) == [
        "no model is whole",
        "the clock is behind",
        "the folder is gone",
    ]


def test_a_simulated_camera_brings_its_own_scale(device: Device) -> None:
    facts = page_facts(device)
    assert facts["bundle"] == device.bundle.card.id
    assert (facts["quality_test_at"], facts["scales_um_per_px"]) == (None, None)
    camera = replace(device.profile.camera, source="camera-1")
    own = replace(device, profile=replace(device.profile, camera=camera))
    assert page_facts(own)["scales_um_per_px"] == {}
    keep_scale(own.store, camera, "100x", Scale(um_per_px=0.1), NAME)
    assert page_facts(own)["scales_um_per_px"] == {"100x": 0.1}
