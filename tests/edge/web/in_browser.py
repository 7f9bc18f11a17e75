"""A real browser and the device's own server for the tests of the page."""

import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE
from playwright.sync_api import Browser, Error, Page, sync_playwright
from tests.edge.web.stand_ins import NAME, PIN, QUICK
from tests.rigs.running_service import free_port
from tests.waiting import PATIENCE_S, wait_for

import leukoscope_edge
from leukoscope_edge.accounts import People
from leukoscope_edge.web.device import Device

STATIC = Path(leukoscope_edge.__file__).parent / "web" / "static"
REST = "const FRESH_MS = 350;"
WITH_WINDOWS = Path("/usr/bin/chromium")
"""The browser of a device's screen."""
WITHOUT_WINDOWS = Path("/usr/bin/chromium-headless-shell")
"""The same engine, and two thirds of the work: it draws no window around a page."""
CHROMIUM = WITHOUT_WINDOWS if WITHOUT_WINDOWS.exists() else WITH_WINDOWS
PROFILE = """
name = "browser test"
n_threads = 1
data_dir = "unused"
[camera]
source = "{source}"
frames_per_second = 30.0
[page]
address = "{address}"
"""
SIMULATED = "simulated:seed=3,cells=40,blasts=0.5,jerks=0"
BARRIERS = ("moderate", "serious", "critical")
VIOLATIONS = """within => axe.run(within, {resultTypes: ["violations"]})
  .then(({violations}) => violations)"""
NEEDS_BROWSER = pytest.mark.skipif(
    not CHROMIUM.exists(),
    reason=f"NO BROWSER at {CHROMIUM}: the page is NOT tested; run `make browser`",
)


pytestmark = [pytest.mark.slow, NEEDS_BROWSER]
"""For the files whose every test needs it."""


class Serve(Protocol):
    """Starts the device's page on its own records and returns its address."""

    def __call__(
        self, address: str = "127.0.0.1", source: str = SIMULATED, tables: str = ""
    ) -> str: ...


@contextmanager
def launched(program: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(program), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched(CHROMIUM) as browser:
        yield browser


def answers(url: str) -> bool:
    context = ssl._create_unverified_context()  # noqa: S323 - its own certificate
    try:
        urllib.request.urlopen(url, timeout=1, context=context)  # noqa: S310 - ours
    except OSError:
        return False
    return True


@pytest.fixture
def serve(device: Device, tmp_path: Path) -> Iterator[Serve]:
    """Start the device's page on its own records and return its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(
        address: str = "127.0.0.1", source: str = SIMULATED, tables: str = ""
    ) -> str:
        profile = PROFILE.format(address=address, source=source) + tables
        (tmp_path / "profile.toml").write_text(profile)
        port = free_port(address)
        command = [sys.executable, "-m", "leukoscope_edge", "serve"]
        command += ["--profile", str(tmp_path / "profile.toml"), "--port", str(port)]
        command += ["--data", str(device.store.folder)]
        running.append(subprocess.Popen(command))
        scheme = "http" if address == "127.0.0.1" else "https"
        url = f"{scheme}://{address}:{port}"
        wait_for(lambda: answers(f"{url}/sign-in"))
        return url

    yield start
    for process in running:
        process.terminate()
        process.wait(PATIENCE_S)


def add_person(device: Device) -> None:
    People(device.store.folder / "people", hasher=QUICK).add_first(NAME, PIN)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1024, "height": 600})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def choose_name(page: Page, name: str = NAME) -> None:
    """Say who signs in: nobody is chosen beforehand."""
    assert page.locator("[name=name]:checked").count() == 0
    page.check(f"[name=name][value='{name}']")


def arrive(page: Page, url: str | Callable[[str], bool]) -> None:
    """Wait until the page is there, also where a second way overtakes the first."""
    try:
        page.wait_for_url(url)
    except Error as err:
        if "ERR_ABORTED" not in str(err):
            raise
        page.wait_for_url(url)


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    choose_name(page)
    page.fill("[name=pin]", PIN)
    page.keyboard.press("Enter")
    arrive(page, f"{url}/")


def number(page: Page, id_: str) -> int:
    return int(page.inner_text(f"#{id_}"))


def focus_is(page: Page, selector: str) -> bool:
    return page.locator(f"{selector}:focus").count() == 1


def tab_to(page: Page, selector: str) -> None:
    """Reach something with the key Tab alone, once the screen takes keys at all."""
    page.wait_for_selector("main:not([inert])")
    for _ in range(60):
        if focus_is(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def say_facts(page: Page) -> None:
    """Answer the questions of a new slide that have no default."""
    page.check("[name=sample_type][value=blood]")
    page.check("[name=age][value=child]")


def new_slide(page: Page, url: str) -> None:
    """Begin a slide S-1 by its form, up to the page before the count."""
    page.goto(f"{url}/slides/new")
    page.fill("[name=sample]", "S-1")
    say_facts(page)
    page.click("form button.primary")
    arrive(page, "**/ready")


def begin_count(page: Page, device: Device, serve: Serve) -> None:
    """Sign somebody new in, begin a slide and its count."""
    add_person(device)
    url = serve()
    sign_in(page, url)
    new_slide(page, url)
    page.click("#start:not([disabled])")
    arrive(page, "**/count")


def without_rest(page: Page) -> None:
    """Take a word as soon as the picture is there: for tests that call many cells.

    A person's word counts after a third of a second (`test_a_double_tap_...`).
    """
    text = (STATIC / "review.js").read_text()
    assert text.count(REST) == 1
    quick = text.replace(REST, "const FRESH_MS = 0;")
    page.route(
        "**/static/review.js",
        lambda route: route.fulfill(body=quick, content_type="text/javascript"),
    )


def judge_all(page: Page, press: Callable[[], None]) -> None:
    page.wait_for_selector("#gallery")
    while page.locator("#n-left").count() and (left := number(page, "n-left")):
        page.wait_for_selector("#review:not([data-fresh])")
        press()
        wait_for(lambda n=left: number(page, "n-left") < n)


def barriers(page: Page, within: str = "html") -> Iterator[str]:
    """Yield what axe finds moderate or worse on a screen, or within a part of it."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for violation in page.evaluate(VIOLATIONS, within):
        if violation["impact"] in BARRIERS:
            nodes = [n["html"][:120] for n in violation["nodes"][:3]]
            yield f"{page.url} {page.viewport_size}: {violation['id']}: {nodes}"
