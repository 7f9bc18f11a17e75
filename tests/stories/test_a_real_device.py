"""A device with the real model, from its first start to a slide taken out of use.

Stored fields of real blood are its camera, which brings no scale. Five normal slides
come first, one of them counted and read by hand; then a patient's slide. Each
holds fewer cells than a verdict asks, so what comes out is a refusal; the test reads it
on the page and in the record.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    NEEDS_BROWSER,
    Serve,
    number,
    wait_for,
)
from tests.edge.web.over_http import Person, at_the_api
from tests.edge.web.stand_ins import NAME, PIN, look_at_all, make_cell
from tests.edge.web.stored_fields import WIDTH_PX, write_fields
from tests.edge.web.test_uncalibrated import IS_DRAWN

from leukoscope_edge.counting import MIN_SLIDES
from leukoscope_edge.counting.verdict import MIN_CELLS
from leukoscope_edge.inference import read_card, shipped_bundle_for
from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.quality import keep_normal_slide
from leukoscope_edge.records.slides import (
    Identity,
    SlideRecord,
    SlideSetUp,
    SlideState,
    verdict_of,
)
from leukoscope_edge.types import CallName, Tally
from leukoscope_edge.web.device import Device

pytestmark = [pytest.mark.slow, pytest.mark.real, NEEDS_BROWSER]
N_PICTURES = 6
UM_PER_PX = 0.075
"""At which the red cells of these fields, about 100 pixels wide, measure 7.5 um."""
OPERATOR, OPERATORS_PIN = "Olu", "739105"
TABLES = """
[review]
readers = 2
[quality]
slide_every_days = 0
"""
PATIENTS = f"{MIN_SLIDES + 1:04}"
"""The slide that comes after the normal ones."""
N_BY_KEY = 3
JUDGE_THE_REST = """async (slide) => {
  const { post, newKey } = await import("/static/api.js");
  for (const { dataset } of document.querySelectorAll(".cell:not([hidden])")) {
    const body = { word: "normal", kind: "lymphocyte", key: newKey() };
    const judged = { cell: dataset.cell, seen: Number(dataset.seen), ...body };
    await post(`/api/slides/${slide}/judge`, judged);
  }
}"""
NO_SCALE = "text=not known: no verdict is given"


@pytest.fixture
def fields(real_data: Path, tmp_path: Path) -> Path:
    return write_fields(real_data, tmp_path / "fields", N_PICTURES)


def shipped_model() -> str:
    return read_card(shipped_bundle_for("real")).id


def is_labelled(page: Page) -> None:
    """Whoever reads this page is told that the model is none for care."""
    assert NOT_FOR_CARE.said() in page.inner_text("footer.use")


def arrive(page: Page, path: str) -> None:
    in_browser.arrive(page, path)
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
    page.fill("[name=length_um]", f"{0.5 * WIDTH_PX * UM_PER_PX:.0f}")
    page.click("text=Keep this scale")
    page.wait_for_selector("text=µm per pixel")
    assert page.locator(NO_SCALE).count() == 0


def count(page: Page, url: str, sample: str, *, is_normal: bool = False) -> None:
    page.goto(f"{url}/slides/new")
    is_labelled(page)
    page.fill("[name=sample]", sample)
    page.check("[name=sample_type][value=blood]")
    page.check("[name=age][value=adult]")
    if is_normal:
        page.check("[name=is_normal]")
    page.click("form button.primary")
    arrive(page, "**/ready")
    page.click("#start:not([disabled])")
    arrive(page, "**/count")
    page.wait_for_selector("#banner:has-text('seen to its end')")
    assert number(page, "n-cells") >= MIN_CELLS
    page.click("#finish")
    page.click("#end")
    arrive(page, "**/review")


def look(page: Page, url: str, slide: str) -> None:
    """Judge some cells by key, and the rest as a key would: each rests a third of a
    second on the screen, and there are thirty."""
    page.goto(f"{url}/slides/{slide}/review")
    is_labelled(page)
    for _ in range(N_BY_KEY):
        left = number(page, "n-left")
        page.wait_for_selector("#review:not([data-fresh])")
        page.keyboard.press("l")
        wait_for(lambda n=left: number(page, "n-left") < n)
    page.evaluate(JUDGE_THE_REST, slide)
    page.reload()
    assert page.locator("#n-left").count() == 0


def normal_slides_said(page: Page, url: str) -> str:
    page.goto(f"{url}/slides/new")
    return page.inner_text("label:has([name=is_normal])")


def normal_slide(page: Page, url: str, second: Person) -> None:
    """Count a healthy person's slide by hand, two people reading it."""
    assert f"0 of {MIN_SLIDES} normal slides" in normal_slides_said(page, url)
    count(page, url, "N-1", is_normal=True)
    look(page, url, "0001")
    second.read("0001")
    result(page, url, "0001")
    sign(page)
    assert f"1 of {MIN_SLIDES} normal slides" in normal_slides_said(page, url)


def other_normal_slide(device: Device, sample: str, like: SlideRecord) -> None:
    """Put another healthy person's signed slide there, of the same model and camera."""
    store, card = device.store, read_card(shipped_bundle_for("real"))
    new = SlideSetUp(
        identity=Identity(sample=sample),
        facts=like.facts,
        mode=like.mode,
        domain=like.domain,
        origin=like.origin,
        details=dict(like.details),
    )
    slide = store.start_slide(new, NAME)
    cells = [make_cell(i, CallName.NORMAL) for i in range(MIN_CELLS)]
    store.count.add_cells(slide, cells, frames={})
    store.count.finish_count(
        slide, Refusal(reason=message("test")), NAME, tally=Tally()
    )
    look_at_all(device, slide)
    store.review.sign(slide, lambda r: verdict_of(r, card), NAME, key=f"sign-{slide}")
    keep_normal_slide(store, store.reader.slide(slide), NAME)


def result(page: Page, url: str, slide: str = PATIENTS) -> str:
    page.goto(f"{url}/slides/{slide}/result")
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
    wait_for(lambda: device.store.reader.slide(PATIENTS).state is state)


def test_a_real_device_from_its_first_start_to_a_void_slide(
    page: Page, device: Device, serve: Serve, fields: Path
) -> None:
    url = serve(source=str(fields), tables=TABLES)
    set_up(page, url)
    calibrate(page, url)
    gather_background(page, url, device)
    change_to(page, url, OPERATOR, OPERATORS_PIN)
    count(page, url, "S-1")
    look(page, url, PATIENTS)
    assert "A second person must read these cells" in result(page, url)
    change_to(page, url, NAME, PIN)
    assert "No result" not in result(page, url)  # one of two has looked
    look(page, url, PATIENTS)
    first = sign_as_shown(page, url, device)
    amend(page, url, device, first)
    withdraw(page, url, device)
    record = device.store.reader.slide(PATIENTS)
    assert (record.domain, record.origin.bundle) == ("real", shipped_model())
    assert record.readers == (OPERATOR, NAME)


def gather_background(page: Page, url: str, device: Device) -> None:
    """Make the five normal slides, and see them on the pages that tell of them."""
    data = device.store.folder
    with at_the_api(url, data, OPERATOR, OPERATORS_PIN) as second:
        normal_slide(page, url, second)
    for n in range(2, MIN_SLIDES + 1):
        other_normal_slide(device, f"N-{n}", device.store.reader.slide("0001"))
    assert "background is in use" in normal_slides_said(page, url)
    page.goto(f"{url}/device")
    assert "background is in use" in page.inner_text("main")


def sign_as_shown(page: Page, url: str, device: Device) -> str:
    """Sign the patient's slide; return its sentence."""
    shown = result(page, url)
    sign(page)
    record = device.store.reader.slide(PATIENTS)
    first = signed_words(record, 1)
    assert first in shown
    assert "the stop rule asks for 100" in first  # so few cells were seen
    assert record.site is not None
    assert len(record.site.slides) == MIN_SLIDES
    return first


def amend(page: Page, url: str, device: Device, first: str) -> None:
    result(page, url)
    say_why(page, "amend", "a comment was missing")
    arrive(page, "**/review")
    is_now(device, SlideState.AMENDING)
    amended = result(page, url)
    assert "Version 2, as it would be signed now" in amended
    assert "Version 1 is signed and being amended" in amended
    assert amended.count(first) == 3  # version 1, version 2, and beside the PIN
    sign(page)
    record = device.store.reader.slide(PATIENTS)
    assert [s.version for s in record.signatures] == [1, 2]
    assert signed_words(record, 2) == first
    page.goto(f"{url}/slides/{PATIENTS}/print")
    paper = page.inner_text("body")
    for said in ("version 2", "a comment was missing", first, NOT_FOR_CARE.said()):
        assert said in paper


def withdraw(page: Page, url: str, device: Device) -> None:
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
