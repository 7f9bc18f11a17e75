"""Who has fingers and nothing else can start the device and type in any language."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import Shown, looking, served
from tests.edge.web.conftest import new_device
from tests.waiting import wait_for

from leukoscope_edge.accounts import Entry
from leukoscope_edge.web.device import LANGUAGE_COOKIE, Device

pytestmark = in_browser.pytestmark
BOX = "#keyboard"
NAME, PIN = "Amina", "739105"
ALPHABETS = {
    "en": "abcdefghijklmnopqrstuvwxyz",
    "fr": "abcdefghijklmnopqrstuvwxyzàâçèéêëîïôùû",
    "es": "abcdefghijklmnopqrstuvwxyzáéíñóúü",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي" + "ءآأؤإئةى",
    "hi": "अआइईउऊऋएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह" + "ािीुूृेैोौ्ंःँ़",
}
OTHERS = """([selector, wide]) => [...document.querySelectorAll(selector)]
  .filter((e) => { const { left, right } = e.getBoundingClientRect();
                   return left < -1 || right > wide + 1
                     || e.scrollWidth > e.clientWidth + 1; })
  .map((e) => e.textContent)"""


@contextmanager
def on_touch_screen(chromium: Browser, url: str) -> Iterator[Page]:
    """Open the first screen of a device, on a screen that knows fingers."""
    context = chromium.new_context(
        viewport={"width": 1024, "height": 600}, has_touch=True, base_url=url
    )
    page = context.new_page()
    page.set_default_timeout(in_browser.PATIENCE_S * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def nobodys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a device without users, for the tests that add none."""
    with new_device(tmp_path_factory.mktemp("device")) as device, served(device) as url:
        yield url
        assert not device.people.everybody


@pytest.fixture
def touched(chromium: Browser, nobodys: str) -> Iterator[Page]:
    """The first screen of a device without users, on a screen that knows fingers."""
    with on_touch_screen(chromium, nobodys) as page:
        yield page


@pytest.fixture
def working(chromium: Browser, all_shown: Shown) -> Iterator[Page]:
    """The same screen when somebody works there: slides in every state."""
    device, url = all_shown.device, all_shown.url
    options = {"viewport": {"width": 1024, "height": 600}, "has_touch": True}
    with looking(chromium, device, url, "en", base_url=url, **options) as page:
        page.goto("/")
        paths = [screen.path for screen in all_shown.screens]
        page.evaluate("paths => { window.name = paths.join(' ') }", paths)
        yield page


def first_with(page: Page, step: str, selector: str) -> None:
    """Open the first slide whose screen of a step has something."""
    for path in page.evaluate("window.name").split():
        if path.endswith(step):
            page.goto(f"/{path}")
            if page.locator(selector).count():
                return
    raise AssertionError(f"no {step} has {selector}")


def in_sight(page: Page, selector: str) -> bool:
    field = page.locator(selector).bounding_box()
    keys = page.locator(BOX).bounding_box()
    assert field is not None
    assert keys is not None
    return field["y"] >= 0 and field["y"] + field["height"] <= keys["y"] + 1


def in_language(page: Page, code: str) -> None:
    url = page.url
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": code, "url": url}])
    page.goto("/set-up")


def tap(page: Page, label: str) -> None:
    page.locator(BOX).get_by_role("button", name=label, exact=True).tap()


def labels(page: Page) -> list[str]:
    return page.locator(f"{BOX} button").all_inner_texts()


def bare_labels(page: Page) -> list[str]:
    return [label.removeprefix("◌") for label in labels(page)]


def tap_shift(page: Page) -> None:
    page.locator(f"{BOX} button[aria-pressed]").tap()


def value(page: Page, name: str) -> str:
    return page.input_value(f"[name={name}]")


def test_nothing_opens_before_a_field_is_touched(touched: Page) -> None:
    assert touched.locator(BOX).count() == 0


def test_the_first_start_by_touch_alone(chromium: Browser, device: Device) -> None:
    with served(device) as url, on_touch_screen(chromium, url) as page:
        start_by_touch(page)
        wait_for(lambda: [p.name for p in device.people.everybody] == [NAME])
        in_browser.arrive(page, lambda url: not url.endswith("/set-up"))
    assert device.people.enter(NAME, PIN) == (Entry.OPEN, 0.0)


def start_by_touch(page: Page) -> None:
    """Say who is the first, with a PIN."""
    page.tap("[name=name]")
    tap(page, "Shift")
    for letter in (NAME[0], *NAME[1:]):
        tap(page, letter)
    assert value(page, "name") == NAME
    for name in ("pin", "again"):
        page.tap(f"[name={name}]")
        assert labels(page)[:10] == list("1234567890")
        for digit in PIN:
            tap(page, digit)
    tap(page, "Enter key")


def test_a_field_under_the_keys_comes_into_sight(touched: Page) -> None:
    for name in ("name", "pin", "again"):
        touched.tap(f"[name={name}]")
        assert in_sight(touched, f"[name={name}]"), name


def test_a_point_is_kept_until_its_digit_comes(working: Page) -> None:
    page = working
    page.goto("/slides/new")
    field = page.locator("[name=wbc]")
    field.evaluate("e => { for (let b = e; b; b = b.parentElement) b.open = true; }")
    page.tap("[name=wbc]")
    for sign in "1.5":
        tap(page, sign)
    assert field.input_value() == "1.5"


def test_a_comment_is_typed_beside_a_pin_that_has_its_own_pad(working: Page) -> None:
    page = working
    first_with(page, "/result", "[name=comment]")
    page.fill("[name=comment]", "")
    page.tap("[name=comment]")
    for sign in "ok":
        tap(page, sign)
    assert page.input_value("[name=comment]") == "ok"
    assert in_sight(page, "[name=comment]")
    page.tap("[name=pin]")
    assert page.locator(BOX).count() == 0


def test_a_note_is_typed_in_a_dialog_and_again_after_it_closed(working: Page) -> None:
    page = working
    first_with(page, "/review", "#note-text")
    for n_notes in (1, 2):
        page.evaluate("document.getElementById('notes').showModal()")
        page.tap("#note-text")
        tap(page, "o")
        assert page.input_value("#note-text") == "o" * n_notes
        assert in_sight(page, "#note-text")
        page.evaluate("document.getElementById('notes').close()")


@pytest.mark.parametrize("language", ALPHABETS)
def test_every_letter_of_a_language_is_typed(touched: Page, language: str) -> None:
    page = touched
    in_language(page, language)
    page.tap("[name=name]")
    for word in words_of(ALPHABETS[language]):
        page.fill("[name=name]", "")
        for sign in word:
            if sign not in (keys := bare_labels(page)):
                tap_shift(page)
                keys = bare_labels(page)
            assert sign in keys, f"no key for {sign}"
            page.locator(f"{BOX} button").nth(keys.index(sign)).tap()
        assert value(page, "name") == word


def words_of(alphabet: str) -> list[str]:
    """Cut an alphabet into words that a name has room for."""
    return [alphabet[i : i + 20] for i in range(0, len(alphabet), 20)]


@pytest.mark.parametrize("language", ALPHABETS)
def test_no_key_is_outside_of_a_telephone(touched: Page, language: str) -> None:
    page = touched
    page.set_viewport_size({"width": 360, "height": 740})
    in_language(page, language)
    page.tap("[name=name]")
    for shown in ("plain", "shifted"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, shown
        assert page.evaluate(OTHERS, [f"{BOX} button", 360]) == [], shown
        tap_shift(page)
    page.tap("[name=pin]")
    assert page.evaluate(OTHERS, [f"{BOX} button", 360]) == []


def test_real_keys_go_on_working(touched: Page) -> None:
    page = touched
    page.tap("[name=name]")
    page.keyboard.type("Am")
    tap(page, "i")
    page.keyboard.press("Backspace")
    page.keyboard.type("ina")
    assert value(page, "name") == NAME
    tap(page, "Delete")
    assert value(page, "name") == NAME[:-1]
    page.keyboard.press("Home")
    tap(page, "x")
    assert value(page, "name") == f"x{NAME[:-1]}"
    page.keyboard.press("Tab")
    assert labels(page)[:10] == list("1234567890")


def test_a_field_takes_no_more_than_its_length(touched: Page) -> None:
    touched.tap("[name=pin]")
    for digit in "1234567890123":
        tap(touched, digit)
    assert value(touched, "pin") == "123456789012"


def test_what_the_device_says_does_not_lie_behind_the_keys(touched: Page) -> None:
    for name, text in (("name", NAME), ("pin", PIN), ("again", PIN[::-1])):
        touched.fill(f"[name={name}]", text)
    touched.tap("[name=again]")
    touched.keyboard.press("Enter")
    touched.wait_for_selector("#alert:not([hidden])")
    assert in_sight(touched, "#alert")
    touched.tap("#alert")
    assert touched.is_hidden("#alert")


def test_it_is_hidden_and_switched_off_and_on(touched: Page) -> None:
    page = touched
    page.tap("[name=name]")
    tap(page, "Hide the keyboard")
    assert page.locator(BOX).count() == 0
    for is_on in (False, True):
        page.tap("[data-keyboard]")
        pressed = page.get_attribute("[data-keyboard]", "aria-pressed")
        assert pressed == str(is_on).lower()
        page.reload()
        page.tap("[name=name]")
        assert page.locator(BOX).count() == int(is_on)
        page.locator("h1").tap()


def test_where_there_is_a_mouse_it_stays_away(page: Page, device: Device) -> None:
    with served(device) as url:
        page.goto(url)
        page.click("[name=name]")
        assert page.get_attribute("[data-keyboard]", "aria-pressed") == "false"
        assert page.locator(BOX).count() == 0
