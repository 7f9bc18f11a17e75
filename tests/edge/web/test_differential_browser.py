"""In a real browser: kinds by key and touch, known cells, two cells, a note."""

import io
from dataclasses import replace

import pypdf
import pytest
from playwright.sync_api import Page
from tests.edge.records.bench import VERDICT
from tests.edge.web import in_browser
from tests.edge.web.stand_ins import NAME, look_at_all, make_cell, new_slide_of
from tests.waiting import wait_for

from leukoscope_edge.types import CallName, Cell, Tally
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
KINDS = ["neutrophil"] * 7 + ["lymphocyte"] * 4 + ["eosinophil"] * 2 + ["erythroblast"]
OUTCOME = replace(VERDICT, n_cells=15, n_unclear=0)
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => `${e.tagName}.${e.className}`)"""


def cell_of_kind(number: int, kind: str) -> Cell:
    cell = make_cell(number, CallName.NORMAL)
    assert cell.call is not None
    return replace(cell, call=replace(cell.call, kinds=((kind, 0.9), ("blast", 0.1))))


def put_slide(device: Device) -> str:
    """A finished slide of one blast and normal cells of four kinds."""
    cells = [make_cell(1, CallName.BLAST)]
    cells += [cell_of_kind(i, kind) for i, kind in enumerate(KINDS, start=2)]
    slide = device.store.start_slide(new_slide_of(device), NAME)
    device.store.count.add_cells(slide, cells, frames={})
    device.store.count.finish_count(slide, OUTCOME, NAME, tally=Tally(n_smudges=1))
    return slide


@pytest.mark.parametrize("size", [(1024, 600), (360, 740)])
def test_a_differential_is_named_by_keys_and_changed_by_touch(
    page: Page, device: Device, standing: str, size: tuple[int, int]
) -> None:
    slide = put_slide(device)
    in_browser.without_rest(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{standing}/slides/{slide}/review")
    assert page.locator("[data-kind=eosinophil].cell").count() == 0  # nothing is told
    while page.locator(".cell:not([hidden])").count():
        left = int(page.inner_text("#n-left"))
        wait_for(lambda: page.locator("#review[data-fresh]").count() == 0)
        judged = page.locator(".cell[aria-current] img").get_attribute("src")
        page.keyboard.press("b" if left == 1 else "m")
        wait_for(lambda left=left: int(page.inner_text("#n-left")) < left)
        assert page.locator("#said img").get_attribute("src") == judged
    page.goto(f"{standing}/slides/{slide}/review")
    page.click("#tab-monocyte")
    n_named = page.locator(".cell:not([hidden])").count()
    assert n_named == 10
    wait_for(lambda: page.locator("#review[data-fresh]").count() == 0)
    page.click(".kinds [data-kind=basophil]")
    wait_for(lambda: page.inner_text("#tab-basophil b") == "1")
    cells = device.store.reader.slide(slide).cells
    wait_for(lambda: "basophil" in kinds_named(device, slide))
    assert len(cells) == len(KINDS) + 1
    page.keyboard.press("k")
    assert page.locator("#known-cells img").count() == 6
    assert "CC BY 4.0" in page.inner_text(".attribution")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    assert page.locator("#beside[open] img").count() == 2
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.fill("#note-text", "vacuoles")
    page.click("#keep-note")
    wait_for(lambda: "vacuoles" in notes_of(device, slide))
    page.goto(f"{standing}/slides/{slide}/result")
    assert "People named the kind of 11 of 15 cells" in page.inner_text("main")
    name_the_rest(page, f"{standing}/slides/{slide}/review")
    page.goto(f"{standing}/slides/{slide}/result")
    assert "Monocytes" in page.inner_text(".differential")
    assert page.locator(".verdict").bounding_box()["y"] > 0  # type: ignore[index]
    assert page.evaluate(TOO_WIDE) == []


def test_print_says_slide_and_page_on_each_page_and_covers_no_caption(
    page: Page, device: Device, standing: str
) -> None:
    slide = device.store.start_slide(new_slide_of(device), NAME)
    cells = [make_cell(i, CallName.BLAST) for i in range(1, 40)]
    device.store.count.add_cells(slide, cells, frames={})
    device.store.count.finish_count(slide, OUTCOME, NAME, tally=Tally())
    look_at_all(device, slide)
    page.goto(f"{standing}/slides/{slide}/print")
    pdf = page.pdf(prefer_css_page_size=True)
    texts = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(texts) > 2
    for n, text in enumerate(texts, start=1):
        assert f"Slide {slide}, version 1" in text
        assert "Not a diagnosis" in text
        assert f"{n} / {len(texts)}" in " ".join(text.split())
    whole = " ".join(" ".join(texts).split())
    assert all(f"cell {c.id} model: blast-like" in whole for c in cells)


def name_the_rest(page: Page, review: str) -> None:
    """Name the cells with a question mark: of these only the model told a kind."""
    page.goto(review)
    guessed = ".word use[href$='#question']"
    asked = page.locator(f".cell {guessed}")
    assert asked.count() == 4
    for kind in dict.fromkeys(KINDS):
        tab = page.locator(f"#tab-{kind}")
        if tab.is_visible():
            tab.click()
        while page.locator(f".cell:not([hidden]) {guessed}").count():
            n_left = asked.count() - 1
            wait_for(lambda: page.locator("#review[data-fresh]").count() == 0)
            page.keyboard.press("m")
            wait_for(lambda n_left=n_left: asked.count() == n_left)


def kinds_named(device: Device, slide: str) -> set[str]:
    return {c.named_kind for c in device.store.reader.slide(slide).cells}


def notes_of(device: Device, slide: str) -> list[str]:
    cells = device.store.reader.slide(slide).cells
    return [text for c in cells for _, text in device.store.reader.remarks(slide, c)]
