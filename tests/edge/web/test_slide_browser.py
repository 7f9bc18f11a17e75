"""In a real browser: what a slide asks, shows in its head, and does not take twice."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    Serve,
    add_person,
    focus_is,
    new_slide,
    sign_in,
    wait_for,
    without_rest,
)
from tests.edge.web.stand_ins import fill_slide

from leukoscope_edge.records.slides.slide import SlideState
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup, SampleType
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
CHILDS_MARROW = replace(
    SIMULATED_SAMPLE, sample_type=SampleType.MARROW, age=AgeGroup.CHILD
)


def test_age_and_sample_type_must_be_chosen_and_a_scan_leads_to_them(
    page: Page, device: Device, standing: str
) -> None:
    page.goto(f"{standing}/slides/new")
    assert page.locator("[name=age]:checked, [name=sample_type]:checked").count() == 0
    page.keyboard.type("S-2026-0412")
    page.keyboard.press("Enter")
    assert focus_is(page, "[name=sample_type]")
    page.check("[name=sample_type][value=marrow]")
    page.click("form button.primary")  # the age is open: the browser says so
    assert focus_is(page, "[name=age]")
    assert page.url.endswith("/slides/new")
    page.fill("[name=sample]", "S-2026-0413")
    page.keyboard.press("Enter")
    assert focus_is(page, "[name=age]")
    page.check("[name=age][value=child]")
    page.check("[name=leukopenic]")
    page.focus("[name=sample]")
    page.keyboard.press("Enter")
    assert focus_is(page, "form button.primary")
    page.keyboard.press("Enter")
    in_browser.arrive(page, "**/ready")
    assert device.store.reader.slide("0001").facts == replace(
        CHILDS_MARROW, is_leukopenic=True
    )


def test_what_was_said_of_one_sample_is_said_of_no_other(
    page: Page, device: Device, standing: str
) -> None:
    fill_slide(device, sample="S-2026-77", facts=CHILDS_MARROW)
    page.goto(f"{standing}/slides/new")
    page.fill("[name=sample]", "S-2026-77")
    page.check("[name=sample_type][value=marrow]")
    page.check("[name=age][value=adult]")
    page.click("form button.primary")
    page.check("[name=is_second]")
    page.check("[name=is_right]")
    page.check("[name=sex][value=male]")
    asked = page.locator("[name=is_second], [name=is_right]")
    assert [box.is_checked() for box in asked.all()] == [True, False]
    page.click("form button.primary")
    page.check("[name=is_right]")
    page.fill("[name=sample]", "S-2026-78")
    assert [box.is_checked() for box in asked.all()] == [False, False]
    assert [box.is_visible() for box in asked.all()] == [False, False]


@pytest.mark.parametrize("step", ["review", "result", "share"])
def test_whose_slide_it_is_stands_on_every_screen_for_eye_and_ear(
    page: Page, device: Device, standing: str, step: str
) -> None:
    slide = fill_slide(device, n_blast=1, sample="S-2026-77", facts=CHILDS_MARROW)
    page.goto(f"{standing}/slides/{slide}/{step}")
    head = page.locator("header .whose")
    assert head.is_visible()
    words = " ".join(head.inner_text().split())
    for said in (slide, "S-2026-77", "Marrow", "Child"):
        assert said in words
        assert page.get_by_text(said, exact=True).first.is_visible()


def test_a_double_tap_judges_one_cell(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=4, n_normal=3)
    page.goto(f"{standing}/slides/{slide}/review")
    page.wait_for_selector("#review:not([data-fresh])")
    page.evaluate(
        """() => {
          const button = document.querySelector(".judge [data-word=blast]");
          button.click();
          setTimeout(() => button.click(), 70);
        }"""
    )
    page.wait_for_selector("#review:not([data-fresh])")
    wait_for(lambda: page.inner_text("#n-left") == "6")
    judged = [c for c in device.store.reader.slide(slide).cells if c.word is not None]
    assert len(judged) == 1
    page.click(".judge [data-word=blast]")  # the next, seen long enough, is taken
    wait_for(lambda: page.inner_text("#n-left") == "5")


def test_a_cell_that_somebody_has_just_called_is_not_overwritten(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    page.goto(f"{standing}/slides/{slide}/review")
    page.wait_for_selector("#review:not([data-fresh])")
    shown = page.locator("#gallery [aria-current]").get_attribute("data-cell")
    script = f"""async () => {{
      const {{ post, newKey }} = await import("/static/api.js");
      await post("/api/slides/{slide}/judge",
        {{ cell: "{shown}", word: "blast", key: newKey(), seen: 0 }});
    }}"""
    page.evaluate(script)
    page.click(".judge [data-word=normal]")
    page.wait_for_selector("#alert:not([hidden])")
    assert page.text_content("#alert") == "somebody has just called this cell"
    cells = {c.id: c for c in device.store.reader.slide(slide).cells}
    assert [s.word.value for s in device.store.reader.slide(slide).steps] == ["blast"]
    assert shown in cells


def counts(route: Route) -> bool:
    return '"count"' in (route.request.post_data or "")


def test_the_end_of_a_count_is_asked_and_ready_or_back_never_ends_it(
    page: Page, device: Device, serve: Serve
) -> None:
    add_person(device)
    url = serve()
    sign_in(page, url)
    new_slide(page, url)
    held: list[Route] = []
    page.goto(f"{url}/slides/0001/count")  # as by a tap on the step
    in_browser.arrive(page, "**/ready")  # no lights were shown yet: nothing begins
    page.route("**/orders", lambda r: held.append(r) if counts(r) else r.continue_())
    page.click("#start:not([disabled])")
    wait_for(lambda: bool(held))
    assert page.inner_text("#instruction") == "Starting ..."  # a cold device takes time
    held[0].continue_()
    in_browser.arrive(page, "**/count")
    page.unroute("**/orders")
    wait_for(lambda: int(page.inner_text("#n-cells")) >= 2)
    page.goto(f"{url}/slides/0001/ready")
    in_browser.arrive(page, "**/count")
    page.click("#finish")
    assert page.is_visible("#ending")
    page.click("#ending form button:not(#end)")
    assert page.is_hidden("#ending")
    assert device.store.reader.slide("0001").state is SlideState.COUNTING
    page.keyboard.press("f")
    page.click("#end")
    in_browser.arrive(page, "**/review")
    assert device.store.reader.slide("0001").run == 1  # it was never interrupted


def test_under_a_cell_its_number_says_what_it_is(
    page: Page, device: Device, standing: str
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    without_rest(page)
    page.goto(f"{standing}/slides/{slide}/review")
    while page.locator("#n-left").count() and page.inner_text("#n-left") != "0":
        page.wait_for_selector("#review:not([data-fresh])")
        left = page.inner_text("#n-left")
        page.keyboard.press("l")
        wait_for(lambda n=left: page.inner_text("#n-left") != n)
    assert "model: " in page.inner_text("#said")
    page.reload()
    figures = page.locator("#gallery .model-said").all_text_contents()
    assert sorted(figures) == [
        "model: blast-like, blast 97\N{NO-BREAK SPACE}%",
        "model: normal, blast 2\N{NO-BREAK SPACE}%",
    ]
    page.click("#why")
    page.wait_for_selector("#explanation[open]")
    told = page.inner_text("#features div >> nth=0").replace("\n", " ")
    assert told.endswith("says blast-like, blast 97\N{NO-BREAK SPACE}%"), told
