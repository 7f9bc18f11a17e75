"""Calibration, sticks, health and the certificate."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from tests.edge.web.stand_ins import (
    FACTS,
    NAME,
    PIN,
    Browser,
    StillCounter,
    fill_slide,
    look_at_all,
)
from tests.edge.web.sticks import with_sticks

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.capture.stored.replay import ImageReplay
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.live.commands import Do, Mode, News
from leukoscope_edge.live.missed_cell import cut_missed
from leukoscope_edge.media.removable_disks import READ_ONLY, new_file_on, sticks
from leukoscope_edge.profile import CameraEntry, PageEntry
from leukoscope_edge.quality.camera_scale import (
    Scale,
    camera_scale,
    keep_scale,
    measure_scale,
    of_this_size,
    usual_objective,
)
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.slide import Identity, SlideSetUp
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Frame
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import health
from leukoscope_edge.web.share import Asked, copy_to_stick
from leukoscope_edge.web.tls import open_certificate

REAL = CameraEntry(source="camera-1", frames_per_second=10.0)


@pytest.mark.parametrize(
    ("end", "length_um", "expected"),
    [((100.0, 0.0), 10.0, 0.1), ((30.0, 40.0), 5.0, 0.1), ((0.0, 1000.0), 50.0, 0.05)],
)
def test_two_taps_give_the_scale(
    end: tuple[float, float], length_um: float, expected: float
) -> None:
    assert measure_scale((0.0, 0.0), end, length_um) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("end", "length_um", "why"),
    [
        ((0.0, 0.0), 10.0, "longer one"),
        ((49.0, 0.0), 10.0, "longer one"),
        ((1000.0, 0.0), 1.0, "check the length"),
        ((100.0, 0.0), 1000.0, "check the length"),
    ],
)
def test_a_scale_of_no_microscope_is_refused(
    end: tuple[float, float], length_um: float, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        measure_scale((0.0, 0.0), end, length_um)


def test_a_calibration_is_for_its_own_camera(device: Device) -> None:
    assert camera_scale(device.store, REAL) is None
    for um_per_px in (0.08, 0.09):
        keep_scale(device.store, REAL, "100x", Scale(um_per_px=um_per_px), NAME)
    assert camera_scale(device.store, REAL) == Scale(um_per_px=0.09)
    assert camera_scale(device.store, REAL, "40x") is None
    other = CameraEntry(source="camera-2", frames_per_second=10.0)
    assert camera_scale(device.store, other) is None


def test_a_calibration_from_before_objectives_were_kept_is_the_main_ones(
    device: Device,
) -> None:
    device.store.log.note("calibration", {"camera": "camera-1", "um_per_px": 0.1}, NAME)
    assert camera_scale(device.store, REAL) == Scale(um_per_px=0.1)
    assert camera_scale(device.store, REAL, "40x") is None


@pytest.fixture
def real_browser(device: Device) -> Iterator[Browser]:
    """A device whose camera is calibrated under 100x alone."""
    device.people.add_first(NAME, PIN)
    keep_scale(device.store, REAL, "100x", Scale(um_per_px=0.08), NAME)
    own = replace(device, profile=replace(device.profile, camera=REAL))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client


@pytest.mark.parametrize(("objective", "status"), [("100x", 200), ("40x", 409)])
def test_a_slide_under_an_uncalibrated_objective_is_refused(
    real_browser: Browser, device: Device, objective: str, status: int
) -> None:
    body = FACTS | {"sample": "S-1", "objective": objective, "key": "key-00000001"}
    answer = real_browser.post("/api/slides", json=body)
    assert answer.status_code == status
    if status == 409:
        assert "calibrated under 100x, not under 40x" in answer.json()["detail"]
        assert device.store.reader.slides() == []


@pytest.mark.parametrize(
    ("profile", "measured", "slide", "expected"),
    [
        ("100x", [], "", "100x"),
        ("40x", [], "", "40x"),
        ("100x", ["50x"], "", "50x"),  # the profile's own is not calibrated
        ("100x", ["100x", "50x"], "", "50x"),
        ("100x", ["100x", "50x"], "100x", "100x"),
        ("100x", ["50x"], "40x", "50x"),  # no slide is begun at a wrong scale
        ("100x", [], "40x", "40x"),
        ("63x", [], "", "63x"),  # none is marked: a person must choose
    ],
)
def test_a_new_slide_offers_the_objective_that_was_in_use_last(
    device: Device, profile: str, measured: list[str], slide: str, expected: str
) -> None:
    camera = replace(REAL, objective=profile)
    for objective in measured:
        keep_scale(device.store, camera, objective, Scale(um_per_px=0.1), NAME)
    if slide:
        own = replace(device, profile=replace(device.profile, camera=camera))
        new = SlideSetUp(
            identity=Identity(sample="S-1"),
            facts=SIMULATED_SAMPLE,
            mode="slide",
            domain="simulated",
            origin=own.origin(slide),
            details={"objective": slide},
        )
        device.store.start_slide(new, NAME, key="key-00000001")
    assert usual_objective(device.store, camera) == expected


def test_the_page_marks_the_usual_objective(
    real_browser: Browser, device: Device
) -> None:
    keep_scale(device.store, REAL, "40x", Scale(um_per_px=0.2), NAME)
    text = real_browser.get("/slides/new").text
    assert re.findall(r'name="objective" value="(\w+)" required checked', text) == [
        "40x"
    ]
    body = FACTS | {"sample": "S-1", "key": "key-00000001"}
    assert real_browser.post("/api/slides", json=body).status_code == 200
    assert device.store.reader.slides()[0].details["objective"] == "40x"


@pytest.mark.parametrize("width_px", [640, 320])
def test_a_picture_of_another_size_than_the_calibrated_is_refused(
    width_px: int, tmp_path: Path
) -> None:
    path = tmp_path / "field.png"
    cv2.imwrite(str(path), np.full((480, width_px, 3), (180, 200, 200), np.uint8))
    scale = Scale(um_per_px=0.1, width_px=640, height_px=480)
    with of_this_size(ImageReplay([path], None), scale) as camera:
        if width_px == 640:
            assert isinstance(camera.read(), Frame)
            return
        with pytest.raises(ConfigError, match="calibrate again"):
            camera.read()


def test_the_calibration_picture_is_ordered_and_the_camera_given_back(
    browser: Browser, device: Device
) -> None:
    counter = cast(StillCounter, device.counter)
    for on in (True, False):
        assert browser.post("/api/device/picture", json={"on": on}).status_code == 200
    assert [(o.do, o.slide) for o in counter.orders] == [
        (Do.PREVIEW, ""),
        (Do.REST, ""),
    ]
    counter.tell(News(mode=Mode.COUNTING, slide="0001", facts={"seq": 1}))
    browser.post("/api/device/picture", json={"on": True})
    assert len(counter.orders) == 2  # its picture is there; the count is not disturbed


@pytest.mark.parametrize(("factor", "warns"), [(1.0, False), (2.0, True)])
def test_the_page_warns_of_red_cells_that_do_not_fit_the_scale(
    browser: Browser, device: Device, factor: float, warns: bool
) -> None:
    camera = parse_simulated("simulated:seed=3,cells=30")
    pixels = cv2.resize(camera.render(0)[..., ::-1], None, fx=factor, fy=factor)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    counter = cast(StillCounter, device.counter)
    counter.tell(News(mode=Mode.PREVIEW, slide="", facts={"seq": 1}, jpeg=jpeg))
    answer = browser.post("/api/device/red-cells", json={}).json()
    assert bool(answer["warning"]) is warns


def test_without_a_picture_no_red_cells_are_checked(browser: Browser) -> None:
    assert browser.post("/api/device/red-cells", json={}).status_code == 409


def test_only_removable_disks_are_sticks(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "/dev/sdb1 /media/amina/MY\\040STICK vfat rw 0 0\n"
        "/dev/sdc1 /mnt/disk ext4 rw 0 0\n"
        "/dev/sdd1 /media2/x vfat rw 0 0\n"
    )
    assert sticks(mounts) == [Path("/media/amina/MY STICK")]
    assert sticks(tmp_path / "none") == []


def test_nothing_is_written_where_no_stick_is(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    slide = look_at_all(device, fill_slide(device, n_blast=1))
    body = {"stick": str(tmp_path), "whats": ["csv"]}
    answer = browser.post(f"/api/slides/{slide}/stick", json=body)
    assert answer.status_code == 409
    assert "plug it in again" in answer.json()["detail"]
    assert list(tmp_path.glob("*.csv")) == []


def test_files_go_to_a_stick_that_the_profile_names(
    device: Device, tmp_path: Path
) -> None:
    (stick := tmp_path / "stick").mkdir()
    slide = fill_slide(device, n_blast=1)
    own = with_sticks(device, stick)
    asked = Asked(False, NAME)
    found = partial(new_file_on, own.profile, str(stick))
    for n in ("", "-2"):  # what is there stays
        [place] = copy_to_stick(own.store, slide, found, ["csv"], asked)
        name = f"leukoscope-{slide}-v1-deidentified{n}.csv"
        assert place == f"leukoscope/{name}"
        assert (stick / place).read_bytes()


def test_a_stick_that_is_mounted_read_only_is_said_to_be(device: Device) -> None:
    read_only = Path("/proc/sys")  # to root as well
    device.people.add_first(NAME, PIN)
    own = with_sticks(device, read_only)
    slide = look_at_all(own, fill_slide(own, n_blast=1))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        page = client.get(f"/slides/{slide}/share").text
        assert "Save the files with the buttons above" in page
        assert READ_ONLY in client.get("/device").text
        body = {"stick": str(read_only), "whats": ["csv"]}
        answer = client.post(f"/api/slides/{slide}/stick", json=body)
    assert answer.status_code == 409
    assert READ_ONLY in answer.json()["detail"]


def test_the_quality_test_is_asked_for_and_then_kept(
    browser: Browser, device: Device
) -> None:
    assert not health(device)[-1].is_good
    assert browser.post("/api/device/golden-cells", json={}).status_code == 200
    assert health(device)[-1].is_good
    assert "stored cells" in browser.get("/device").text.lower()


def test_a_tapped_cell_is_cut_out_of_its_picture(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, is_finished=False)
    body = {"frame": "f", "x": 0.5, "y": 0.5, "key": "key-00000001"}
    gone = browser.post(f"/api/slides/{slide}/missed", json=body)
    assert gone.status_code == 409
    _, jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 99, np.uint8))
    facts = {"seq": 1, "frame": "f", "place": [1000, 0, 0]}
    news = News(mode=Mode.PAUSED, slide=slide, facts=facts, jpeg=jpeg.tobytes())
    device.counter.tell(news)  # type: ignore[attr-defined]
    answer = browser.post(f"/api/slides/{slide}/missed", json=body)
    assert answer.json() == {"cell": "m1", "box": [260, 180, 380, 300]}
    record = device.store.reader.slide(slide)
    [cell] = record.cells
    assert (cell.added_by, cell.word) == (NAME, None)
    assert [c.id for c in first_pass(record)] == ["m1"]
    assert record.to_review == (cell,)
    assert cell.box_px == (260, 180, 380, 300)
    assert cell.slide_px == (1320.0, 240.0)
    corner = cut_missed(news, (0.0, 1.0), device.bundle.card, 0.1)
    assert corner.box_px == (0, 420, 60, 480)


def test_the_certificate_is_made_once_and_its_key_is_secret(tmp_path: Path) -> None:
    page = PageEntry(address="192.168.4.1", name="leukoscope.local")
    first = open_certificate(tmp_path, page)
    assert open_certificate(tmp_path, page) == first
    assert first.key.stat().st_mode & 0o077 == 0
    assert len(first.fingerprint.split(":")) == 32
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(first.certificate, first.key)
    first.certificate.write_text("no certificate")
    with pytest.raises(ConfigError, match="is no certificate"):
        open_certificate(tmp_path, page)
