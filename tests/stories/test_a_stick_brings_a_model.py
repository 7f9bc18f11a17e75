"""A new model by stick in a real browser: with keys alone, and on a telephone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser as b
from tests.edge.web.stand_ins import fill_slide
from tests.edge.web.sticks import break_stick, make_publisher, trust, write_release

from leukoscope_edge import updates
from leukoscope_edge.web.device import Device

pytestmark = [pytest.mark.slow, b.NEEDS_BROWSER]


@pytest.fixture
def sticks(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, Path]]:
    """A good stick and a broken one, both known to the profile."""
    publisher = make_publisher()
    trust(device.store.folder, publisher, tmp_path)
    good = write_release(publisher, 1, tmp_path / "stick-a")
    broken = write_release(publisher, 2, tmp_path / "stick-b")
    break_stick(broken)
    line = f'sticks = ["{good}", "{broken}"]\n[camera]'
    monkeypatch.setattr(b, "PROFILE", b.PROFILE.replace("[camera]", line))
    return good, broken


def active(device: Device) -> str | None:
    return updates.in_use(device.store.folder, "simulated").slot


def choose(page: Page, stick: Path) -> None:
    """Look at a stick with keys alone."""
    page.wait_for_selector("text=A new model from a stick")
    b.tab_to(page, f'form:has(input[value="{stick}"]) button')
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Signed by the publisher")


def test_a_new_model_by_keyboard_alone(
    page: Page, device: Device, sticks: tuple[Path, Path], serve: b.Serve
) -> None:
    good, broken = sticks
    fill_slide(device, n_blast=2, n_normal=3)
    b.add_person(device)
    url, keys = serve(), page.keyboard
    b.sign_in(page, url)
    page.goto(f"{url}/update")

    choose(page, broken)
    b.tab_to(page, "#update button.primary")
    keys.press("Enter")
    page.wait_for_selector(".refusal .code")
    assert page.inner_text(".refusal .code") == "U02"
    assert active(device) == "shipped"

    choose(page, good)
    b.tab_to(page, "#update button.primary")
    keys.press("Enter")
    page.wait_for_selector("text=old cells change call")
    assert active(device) == "shipped"
    b.tab_to(page, "[name=pin]")
    keys.type(b.PIN)
    keys.press("Enter")
    page.wait_for_selector("#update[data-serves=simulated-2]")
    assert "simulated-2 is in use now" in page.inner_text("#update")
    assert str(active(device)).startswith("0.1-")
    assert [*b.barriers(page)] == []

    b.tab_to(page, '[data-post="/api/update/roll-back"]')
    keys.press("Enter")
    page.wait_for_selector("#update[data-serves=simulated-1]")
    assert active(device) == "shipped"
    page.goto(f"{url}/slides/new")  # still signed in, and open for work
    assert page.locator("[name=sample]").count() == 1


def test_the_update_fits_a_telephone_and_shows_its_steps(
    chromium: Browser,
    device: Device,
    sticks: tuple[Path, Path],
    serve: b.Serve,
) -> None:
    b.add_person(device)
    url = serve()
    context = chromium.new_context(
        viewport={"width": 360, "height": 720}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(b.PATIENCE_S * 1000)

    def fits() -> None:
        page.wait_for_load_state("networkidle")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{page.url} is {width} pixels wide"
        assert [*b.barriers(page)] == []

    b.sign_in(page, url)
    page.goto(f"{url}/update")
    fits()
    page.tap("#update .list button >> nth=0")
    page.wait_for_selector("text=Signed by the publisher")
    fits()
    page.tap("#update button.primary")
    page.wait_for_selector("text=Does a supervisor accept this?")  # nothing to compare
    fits()
    page.fill("form[data-post='/api/update/accept'] [name=pin]", b.PIN)
    page.tap("form[data-post='/api/update/accept'] button.primary")
    page.wait_for_selector("#update[data-serves=simulated-2]")
    fits()
    page.goto(f"{url}/device")
    with page.expect_navigation():  # the page comes anew with the result
        page.tap("text=Run the test")
    page.wait_for_selector(".days li")
    fits()
    context.close()
