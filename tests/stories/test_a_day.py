"""A day at the device: many slides, two readers, by touch alone and by keys alone.

Most slides are counted and read over the page's own API by the same running service.
One is walked on the device's own screen with fingers, its keyboard and its pads, and
one on a narrow screen with keys; each is named kind by kind, read by a second person,
found in the worklist, corrected, signed and told on the telephone, and another one is
taken out of use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web.in_browser import (
    NEEDS_BROWSER,
    PATIENCE_S,
    WITH_WINDOWS,
    Serve,
    focus_is,
    launched,
    number,
    tab_to,
    wait_for,
    without_rest,
)
from tests.edge.web.over_http import at_the_api
from tests.edge.web.stand_ins import NAME, PIN, QUICK

from leukoscope_edge.accounts import People, Role
from leukoscope_edge.records.slides import SlideRecord, SlideState
from leukoscope_edge.sample import AgeGroup
from leukoscope_edge.web.device import Device

A_BUSY_MACHINE_S = 900
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(A_BUSY_MACHINE_S),
    NEEDS_BROWSER,
]
N_CELLS = 3
SOURCE = f"simulated:seed=3,cells={N_CELLS},blasts=0.4,jerks=0"
TABLES = """
[review]
readers = 2
"""
SIGNED_EVERY = 4
SECOND, SECONDS_PIN = "Olu", "739105"
BY_TOUCH, BY_KEYS = "s-touch", "s-keys"
VOID_BY_TOUCH, VOID_BY_KEYS = "s-02", "s-03"
WORDS = ("blast", "lymphocyte", "monocyte")
KEY_OF = {"blast": "b", "lymphocyte": "l", "monocyte": "m"}
TOLD, WHY = "dr okoye", "typed wrongly"
REMEMBER = """() => {
  const used = (what) => sessionStorage.setItem(what, "used");
  addEventListener("pointerdown", (event) => used(event.pointerType), true);
  addEventListener("keydown", (event) => { if (event.isTrusted) used("keys"); }, true);
}"""
ENDED = "#banner:has-text('seen to its end')"
SIGN_OUT = "[data-post='/api/sign-out']"
SEND = "main form[data-post] button.primary"


class Hands(Protocol):
    """One way to use the page."""

    page: Page

    def press(self, selector: str) -> None:
        """Press a button, a link or what unfolds."""

    def choose(self, selector: str) -> None:
        """Choose a choice."""

    def write(self, selector: str, text: str) -> None:
        """Write into a field."""

    def write_pin(self, pin: str) -> None:
        """Write the PIN that the screen asks for."""

    def call(self, word: str) -> None:
        """Say what the chosen cell is."""


class Fingers:
    """Touch alone: the keys and digits are those on the screen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, selector: str) -> None:
        self.page.locator(selector).tap()

    def choose(self, selector: str) -> None:
        self.press(f"label:has({selector})")

    def write(self, selector: str, text: str) -> None:
        self.press(selector)
        keys = self.page.locator("#keyboard")
        for sign in text:
            name = "Space" if sign == " " else sign
            keys.get_by_role("button", name=name, exact=True).tap()
        keys.get_by_role("button", name="Hide the keyboard", exact=True).tap()

    def write_pin(self, pin: str) -> None:
        for digit in pin:
            self.press(f".pad [data-digit='{digit}']")

    def call(self, word: str) -> None:
        group = ".judge [data-word" if word == "blast" else ".kinds [data-kind"
        self.press(f"{group}='{word}']")


class Keys:
    """Keys alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, selector: str) -> None:
        tab_to(self.page, selector)
        self.page.keyboard.press("Enter")

    def choose(self, selector: str) -> None:
        name = selector.partition("[value")[0]
        tab_to(self.page, name)
        self.page.keyboard.press("Space")
        while not focus_is(self.page, selector):
            self.page.keyboard.press("ArrowDown")

    def write(self, selector: str, text: str) -> None:
        tab_to(self.page, selector)
        self.page.keyboard.type(text)

    def write_pin(self, pin: str) -> None:
        self.write("[name=pin]", pin)

    def call(self, word: str) -> None:
        self.page.keyboard.press(KEY_OF[word])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser of the device's own screen, and not the quicker one of most tests."""
    with launched(WITH_WINDOWS) as browser:
        yield browser


@pytest.mark.parametrize("n_by_api", [8, pytest.param(38, marks=pytest.mark.nightly)])
def test_a_day_by_touch_alone_and_by_keys_alone(
    chromium: Browser, device: Device, serve: Serve, n_by_api: int
) -> None:
    people = People(device.store.folder / "people", hasher=QUICK)
    people.add_first(NAME, PIN)
    people.add(SECOND, Role.OPERATOR, SECONDS_PIN)
    url = serve(source=SOURCE, tables=TABLES)
    samples = [f"s-{n:02}" for n in range(1, n_by_api + 1)]
    count_by_api(url, device, samples)
    with screen(chromium, width=1024, height=600, has_touch=True) as page:
        page.goto(url)
        walk(Fingers(page), BY_TOUCH)
        correct_white_cells(Fingers(page))
        sign_and_tell(Fingers(page))
        void(Fingers(page), VOID_BY_TOUCH)
        assert used(page) == {"touch"}
    with screen(chromium, width=360, height=740) as page:
        page.goto(url)
        walk(Keys(page), BY_KEYS)
        correct_age(Keys(page))
        sign_and_tell(Keys(page))
        void(Keys(page), VOID_BY_KEYS)
        assert used(page) == {"keys"}
    look_at_the_day(device, samples)


def count_by_api(url: str, device: Device, samples: list[str]) -> None:
    """Count the slides of the day but two; two people read and sign every fourth."""
    data = device.store.folder
    with (
        at_the_api(url, data, NAME, PIN) as first,
        at_the_api(url, data, SECOND, SECONDS_PIN) as second,
    ):
        for n, sample in enumerate(samples, start=1):
            slide = second.count(sample)
            if n % SIGNED_EVERY == 0:
                second.read(slide)
                first.read(slide)
                first.sign(slide)


@contextmanager
def screen(
    chromium: Browser, *, width: int, height: int, **options: Any
) -> Iterator[Page]:
    """Open a screen that remembers what touched it, and yield its page."""
    size: Any = {"width": width, "height": height}
    context = chromium.new_context(viewport=size, **options)
    context.add_init_script(f"({REMEMBER})()")
    page = context.new_page()
    without_rest(page)
    page.set_default_timeout(PATIENCE_S * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def used(page: Page) -> set[str]:
    """Return what the pages of this screen were touched with."""
    return set(page.evaluate("() => Object.keys(sessionStorage)"))


def go(hands: Hands, selector: str, to: str) -> None:
    """Press what leads to another screen, or to the same anew, and wait for all of it.

    A page that is still being made moves the focus when it is ready.
    """
    with hands.page.expect_navigation(url=to):
        hands.press(selector)


def walk(hands: Hands, sample: str) -> None:
    """Count a slide, read it by two people; end at its result."""
    sign_in(hands, SECOND, SECONDS_PIN)
    count(hands, sample)
    read(hands)
    go(hands, "#to-result", "**/result")
    assert "A second person must read these cells" in hands.page.inner_text("main")
    go(hands, SIGN_OUT, "**/sign-in*")
    sign_in(hands, NAME, PIN)
    search(hands, sample)
    go(hands, "#rows a.button:has-text('Open')", "**/review")
    read(hands)
    go(hands, "#to-result", "**/result")
    assert "People named the kind of" in hands.page.inner_text("main")


def sign_in(hands: Hands, name: str, pin: str) -> None:
    hands.choose(f"[name=name][value='{name}']")
    hands.write_pin(pin)
    go(hands, SEND, "**/*")
    go(hands, "a.brand", "**/")  # a sign-in leads back to where the one before was


def count(hands: Hands, sample: str) -> None:
    page = hands.page
    go(hands, "a.huge", "**/slides/new")
    hands.write("[name=sample]", sample)
    hands.choose("[name=sample_type][value=blood]")
    hands.choose("[name=age][value=child]")
    go(hands, SEND, "**/ready")
    page.wait_for_selector("#start:not([disabled])")
    go(hands, "#start", "**/count")
    page.wait_for_selector(ENDED)
    assert number(page, "n-cells") == N_CELLS
    hands.press("#finish")
    go(hands, "#end", "**/review")


def read(hands: Hands) -> None:
    """Name every cell of the first look."""
    page = hands.page
    for left, word in zip(range(N_CELLS, 0, -1), WORDS, strict=True):
        wait_for(lambda left=left: number(page, "n-left") == left)
        page.wait_for_selector("#review:not([data-fresh])")
        hands.call(word)
    page.wait_for_selector("#to-result:not([hidden])")


def search(hands: Hands, sample: str) -> None:
    """Find a slide in the worklist, from any screen."""
    go(hands, "a.brand", "**/")
    go(hands, "a[href='/slides']", "**/slides")
    hands.write("[name=sample]", sample)
    hands.press("#search button.primary")
    hands.page.wait_for_selector(".n-found b:text-is('1')")
    assert hands.page.inner_text("#rows .whose-sample bdi") == sample


def correct_white_cells(hands: Hands) -> None:
    """Say a white cell count that was forgotten."""
    hands.press("#correct summary")
    hands.write("#correct [name=wbc]", "42.5")
    hands.write("#correct [name=why]", WHY)
    go(hands, "#correct button", "**/result")


def correct_age(hands: Hands) -> None:
    """Say another age: a list opens outside of the page, where no finger is tested."""
    hands.press("#correct summary")
    tab_to(hands.page, "#correct [name=age]")
    hands.page.keyboard.press("ArrowDown")
    hands.write("#correct [name=why]", WHY)
    go(hands, "#correct button", "**/result")


def sign_and_tell(hands: Hands) -> None:
    """Sign the result, and keep that a physician was told."""
    hands.write_pin(PIN)
    go(hands, "form[data-post$='/sign'] button.primary", "**/share")
    hands.write("[name=who]", TOLD)
    hands.choose("[name=is_read_back]")
    go(hands, "form[data-post$='/told'] button.primary", "**/share")
    assert TOLD in hands.page.inner_text("#critical li")


def void(hands: Hands, sample: str) -> None:
    """Take another slide out of use, from the worklist."""
    search(hands, sample)
    go(hands, "#rows a[href$='#void']", "**/result#void")
    hands.write("#void [name=why]", WHY)
    go(hands, "#void button", "**/result*")
    assert "VOID" in hands.page.inner_text(".verdict.void")


def look_at_the_day(device: Device, samples: list[str]) -> None:
    """See in the records that all of it happened."""
    slides = [of_sample(device, s) for s in (*samples, BY_TOUCH, BY_KEYS)]
    assert all(len(s.counted) == N_CELLS and s.machine for s in slides)
    signed = [s for s in slides if s.state is SlideState.SIGNED]
    assert len(signed) == len(samples) // SIGNED_EVERY + 2
    assert all(s.readers == (SECOND, NAME) for s in signed)
    voided = {s.id for s in slides if s.state is SlideState.VOIDED}
    assert voided == {of_sample(device, s).id for s in (VOID_BY_TOUCH, VOID_BY_KEYS)}
    touched, keyed = (of_sample(device, s) for s in (BY_TOUCH, BY_KEYS))
    assert touched.facts.wbc_10e9_per_l == 42.5
    assert (touched.facts.age, keyed.facts.age) == (AgeGroup.CHILD, AgeGroup.ADULT)
    for slide in (touched, keyed):
        assert sorted(c.named_kind for c in slide.cells if c.named_kind) == [
            "lymphocyte",
            "monocyte",
        ]
        assert [t.is_read_back for t in slide.told] == [True]


def of_sample(device: Device, sample: str) -> SlideRecord:
    [slide] = device.store.worklist.slides_of(sample)
    return device.store.reader.slide(slide)
