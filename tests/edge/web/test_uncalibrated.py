"""A device whose camera brings no scale, as every real one before its calibration."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from jinja2 import nodes
from playwright.sync_api import Page
from tests.edge.web.in_browser import (
    NEEDS_BROWSER,
    Serve,
    add_person,
    sign_in,
    wait_for,
)
from tests.edge.web.stand_ins import (
    NAME,
    PIN,
    Browser,
    fill_slide,
    look_at_all,
    new_slide_of,
)
from tests.simulated import camera_on

from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.quality import Scale, keep_scale
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.routes.pages import environment

PAGES = ("/", "/device", "/update", "/people", "/slides/new", "/device/log.txt")
SLIDE_PAGES = ("ready", "count", "review", "result", "share", "print")
REAL = CameraEntry(source="camera-1", frames_per_second=10.0)

IS_DRAWN = (
    "document.getElementById('live').getContext('2d').getImageData(5, 5, 1, 1)"
    ".data[3] > 0"
)


@pytest.fixture
def uncalibrated(device: Device) -> Iterator[tuple[Browser, Device]]:
    device.people.add_first(NAME, PIN)
    own = replace(device, profile=replace(device.profile, camera=REAL))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client, own


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_an_uncalibrated_device_opens(
    uncalibrated: tuple[Browser, Device], path: str
) -> None:
    assert uncalibrated[0].get(path).status_code == 200


@pytest.mark.parametrize("path", SLIDE_PAGES)
def test_every_page_of_its_slides_opens(
    uncalibrated: tuple[Browser, Device], path: str
) -> None:
    client, own = uncalibrated
    slide = look_at_all(own, fill_slide(own, n_blast=1, n_normal=1))
    assert client.get(f"/slides/{slide}/{path}").status_code == 200


def test_no_bar_measures_a_cell_whose_scale_nobody_knows(
    uncalibrated: tuple[Browser, Device],
) -> None:
    client, own = uncalibrated
    unknown = new_slide_of(own)
    known = replace(unknown, origin=replace(unknown.origin, scale_um_per_px=0.1))
    for new, view_um in ((unknown, ""), (known, known.origin.view_um)):
        slide = own.store.start_slide(new, NAME)
        text = client.get(f"/slides/{slide}/review").text
        assert f'data-view-um="{view_um}"' in text


@pytest.mark.parametrize(
    ("calibrated", "shown"),
    [
        ([], ["100x: <b>not known: no verdict is given"]),
        (["100x"], ["100x: <b>0.1000"]),
        (["40x"], ["100x: <b>not known: no verdict is given", "40x: <b>0.1000"]),
    ],
)
def test_the_device_page_says_each_scale_and_that_the_first_is_missing(
    uncalibrated: tuple[Browser, Device], calibrated: list[str], shown: list[str]
) -> None:
    client, own = uncalibrated
    for objective in calibrated:
        keep_scale(own.store, REAL, objective, Scale(um_per_px=0.1), NAME)
    text = client.get("/device").text
    assert [s in text for s in shown] == [True] * len(shown)
    assert text.count("<p>Scale, ") == len(shown)


def test_get_ready_says_that_the_count_will_give_no_verdict(
    uncalibrated: tuple[Browser, Device],
) -> None:
    client, own = uncalibrated
    slide = own.store.start_slide(new_slide_of(own), NAME)
    said = "Not calibrated: the count will give no verdict."
    assert said in client.get(f"/slides/{slide}/ready").text
    keep_scale(own.store, REAL, "100x", Scale(um_per_px=0.1), NAME)
    assert said not in client.get(f"/slides/{slide}/ready").text


def test_nobody_keeps_a_length_that_they_did_not_type(
    uncalibrated: tuple[Browser, Device],
) -> None:
    [field] = re.findall(
        '<input name="length_um"[^>]*>', uncalibrated[0].get("/device").text
    )
    assert "required" in field
    assert "value=" not in field


def test_no_template_asks_for_the_loop_where_there_is_none_yet() -> None:
    """Jinja knows `loop` in the body of a `for`, not in its filter."""
    found = environment()
    names = found.list_templates(extensions=["html"])
    assert "device.html" in names
    for name in names:
        source, _, _ = found.loader.get_source(found, name)  # type: ignore[union-attr]
        for loop in found.parse(source).find_all(nodes.For):
            asked = [] if loop.test is None else [*loop.test.find_all(nodes.Name)]
            own = [loop.test] if isinstance(loop.test, nodes.Name) else []
            assert "loop" not in {n.name for n in (*asked, *own)}, (name, loop.lineno)


@pytest.mark.slow
@NEEDS_BROWSER
def test_a_camera_without_a_scale_is_calibrated_on_its_own_page(
    page: Page, serve: Serve, device: Device, tmp_path: Path
) -> None:
    add_person(device)
    (fields := tmp_path / "fields").mkdir()
    drawn = camera_on("simulated:seed=3,cells=30")
    for number in range(2):
        pixels = drawn.render(number)[..., ::-1]
        cv2.imwrite(str(fields / f"{number}.png"), pixels)
    url = serve(source=str(fields))
    sign_in(page, url)
    page.click("text=Quality and device")
    page.wait_for_selector("text=not known: no verdict is given")
    page.click("#hold")
    wait_for(lambda: page.evaluate(IS_DRAWN))
    page.click("#live", position={"x": 20, "y": 60})
    page.click("#live", position={"x": 420, "y": 60})
    page.fill("[name=length_um]", "60")
    page.click("text=Keep this scale")
    page.wait_for_selector("text=µm per pixel")
    assert page.locator("text=not known: no verdict is given").count() == 0
    page.wait_for_selector("#alert:not([hidden])")  # and the page is where it was
    assert page.inner_text("#alert") == "Kept."
    assert page.evaluate("document.querySelector('main').scrollTop") > 0
