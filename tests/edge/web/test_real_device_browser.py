"""A device with the real model, from its first start to a slide taken out of use.

Stored fields of real blood are its camera, which brings no scale. They hold far fewer
cells than a verdict asks, so what comes out is a refusal; the test reads it on the
page and in the record.
"""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.edge.web.in_browser import (
    NEEDS_BROWSER,
    Serve,
    judge_all,
    number,
    wait_for,
)
from tests.edge.web.stand_ins import NAME, PIN
from tests.edge.web.test_uncalibrated import IS_DRAWN

from leukoscope_edge.inference.bundle import shipped_bundle_for
from leukoscope_edge.inference.card import read_card
from leukoscope_edge.messages import NOT_FOR_CARE
from leukoscope_edge.records.slides.slide import SlideRecord
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.web.device import Device

pytestmark = [pytest.mark.slow, pytest.mark.real, NEEDS_BROWSER]
N_FIELDS = 12
UM_PER_PX = 0.075
"""At which the red cells of these fields, about 100 pixels wide, measure 7.5 um."""
OPERATOR, OPERATORS_PIN = "Olu", "739105"
TABLES = """
[review]
readers = 2
[quality]
slide_every_days = 0
"""
NO_SCALE = "text=not known: no verdict is given"


@pytest.fixture
def fields(real_data: Path, tmp_path: Path) -> Path:
    (folder := tmp_path / "fields").mkdir()
    for path in sorted((real_data / "wbc-fields" / "images").iterdir())[:N_FIELDS]:
        shutil.copy(path, folder)
    return folder


def shipped_model() -> str:
    return read_card(shipped_bundle_for("real")).id


def is_labelled(page: Page) -> None:
    """Whoever reads this page is told that the model is none for care."""
    assert NOT_FOR_CARE.said() in page.inner_text("footer.use")


def arrive(page: Page, path: str) -> None:
    page.wait_for_url(path)
    is_labelled(page)


def set_up(page: Page, url: str) -> None:
    page.goto(url)
    is_labelled(page)
    page.fill("[name=name]", NAME)
    page.fill("[name=pin]", PIN)
    page.fill("[name=again]", PIN)
    page.click("form button.primary")
    arrive(page, f"{url}/")
    page.goto(f"{url}/people")
    is_labelled(page)
    added = page.locator("form[data-post='/api/people']")
    added.locator("[name=name]").fill(OPERATOR)
    added.locator("[name=role][value=operator]").check()
    added.locator("[name=pin]").fill(OPERATORS_PIN)
    added.locator("button.primary").click()
    page.wait_for_selector(f"li bdi:text-is('{OPERATOR}')")


def change_to(page: Page, url: str, name: str, pin: str) -> None:
    page.click("[data-post='/api/sign-out']")
    arrive(page, "**/sign-in*")
    page.check(f"[name=name][value='{name}']")
    page.fill("[name=pin]", pin)
    page.click("form button.primary")
    page.wait_for_selector("body[data-signed-in]")
    page.goto(url)


def calibrate(page: Page, url: str) -> None:
    page.goto(f"{url}/device")
    is_labelled(page)
    page.wait_for_selector(NO_SCALE)
    page.click("#hold")
    wait_for(lambda: page.evaluate(IS_DRAWN))
    box = page.locator("#live").bounding_box()
    assert box is not None
    for x in (0.1, 0.6):
        page.click("#live", position={"x": x * box["width"], "y": 60})
    page.fill("[name=length_um]", f"{0.5 * 640 * UM_PER_PX:.0f}")
    page.click("text=Keep this scale")
    page.wait_for_selector("text=µm per pixel")
    assert page.locator(NO_SCALE).count() == 0


def count(page: Page, url: str) -> None:
    page.goto(f"{url}/slides/new")
    is_labelled(page)
    page.fill("[name=sample]", "S-1")
    page.check("[name=sample_type][value=blood]")
    page.check("[name=age][value=adult]")
    page.click("form button.primary")
    arrive(page, "**/ready")
    page.click("#start:not([disabled])")
    arrive(page, "**/count")
    page.wait_for_selector("#banner:has-text('seen to its end')")
    assert number(page, "n-cells") >= 1
    page.click("#finish")
    page.click("#end")
    arrive(page, "**/review")


def look(page: Page, url: str) -> None:
    page.goto(f"{url}/slides/0001/review")
    is_labelled(page)
    judge_all(page, lambda: page.keyboard.press("l"))


def result(page: Page, url: str) -> str:
    page.goto(f"{url}/slides/0001/result")
    is_labelled(page)
    return page.inner_text("main")


def sign(page: Page) -> None:
    page.fill("[name=pin]", PIN)
    page.click("form[data-post$='/sign'] button.primary")
    arrive(page, "**/share")


def say_why(page: Page, what: str, why: str) -> None:
    form = f"form[data-post$='/{what}']"
    page.click(f"details:has({form}) summary")
    page.fill(f"{form} [name=why]", why)
    page.click(f"{form} button")


def signed_words(record: SlideRecord, version: int) -> str:
    return record.signatures[version - 1].outcome.said(str)


def is_now(device: Device, state: SlideState) -> None:
    wait_for(lambda: device.store.slide("0001").state is state)


def test_a_real_device_from_its_first_start_to_a_void_slide(
    page: Page, device: Device, serve: Serve, fields: Path
) -> None:
    url = serve(source=str(fields), tables=TABLES)
    set_up(page, url)
    calibrate(page, url)
    change_to(page, url, OPERATOR, OPERATORS_PIN)
    count(page, url)
    look(page, url)
    assert "A second person must read these cells" in result(page, url)
    change_to(page, url, NAME, PIN)
    assert "No result" not in result(page, url)  # one of two has looked
    look(page, url)
    shown = result(page, url)
    sign(page)
    first = signed_words(device.store.slide("0001"), 1)
    assert first in shown
    assert first.startswith("No result, because only ")  # so many cells were seen
    result(page, url)
    say_why(page, "amend", "a comment was missing")
    arrive(page, "**/review")
    is_now(device, SlideState.AMENDING)
    amended = result(page, url)
    assert "Version 2, as it would be signed now" in amended
    assert "Version 1 is signed and being amended" in amended
    assert amended.count(first) == 2
    sign(page)
    record = device.store.slide("0001")
    assert [s.version for s in record.signatures] == [1, 2]
    assert signed_words(record, 2) == first
    page.goto(f"{url}/slides/0001/paper")
    paper = page.inner_text("body")
    for said in ("version 2", "a comment was missing", first, NOT_FOR_CARE.said()):
        assert said in paper
    result(page, url)
    say_why(page, "amend", "the wrong slide")
    arrive(page, "**/review")
    result(page, url)
    say_why(page, "void", "the wrong slide")
    is_now(device, SlideState.VOIDED)
    page.wait_for_selector(".verdict.void")
    ended = result(page, url)
    assert "VOID" in ended
    assert "No result, because" not in ended
    assert "the wrong slide" in ended
    record = device.store.slide("0001")
    assert (record.domain, record.origin.bundle) == ("real", shipped_model())
    assert record.readers == (OPERATOR, NAME)
