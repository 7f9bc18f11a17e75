"""Walk a simulated slide by mouse in a real browser and save a picture of every screen.

    python tools/screenshots.py --out docs/screens

The pictures show simulated cells alone, and invented figures of lamp and stain; the
update is one that the tool signs itself. They are reduced to a palette, so that they
stay small in the repository.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from leukoscope_edge.inference import shipped_bundle_for
from leukoscope_edge.isolated import command_of
from leukoscope_edge.quality import note_light
from leukoscope_edge.records import open_store
from leukoscope_edge.updates import trust_root

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.running_service import free_port
from tests.rigs.update_sticks import NOTES, make_rig

CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
PATIENCE_S = 300.0
N_COLOURS = 256
NAME, PIN = "Amina Diallo", "482917"
PROFILE = """
name = "screenshots"
n_threads = 1
data_dir = "unused"
sticks = ["{stick}", "{broken}"]
[camera]
source = "{source}"
frames_per_second = 30.0
[page]
"""
RELEASE = replace(
    NOTES,
    issued="2026-11-01",
    review_by="2028-11-01",
    supersedes="simulated-1",
    note="Asks a person more often instead of calling blast.",
)
STRICTER = (
    "temperature = 0.394\nnormal_to = 0.4166\nblast_from = 0.4166",
    "temperature = 4.0\nnormal_to = 0.4166\nblast_from = 0.95",
)
"""In the card of the model that the update brings: some old cells change call."""
N_DAYS = 32
SCREEN: ViewportSize = {"width": 1024, "height": 600}
TELEPHONE: ViewportSize = {"width": 360, "height": 720}


def main() -> None:
    """Read the options and walk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screens"))
    parser.add_argument("--data", type=Path, help="keep the records here")
    parser.add_argument(
        "--source", default="simulated:seed=3,cells=120,blasts=0.2,jerks=0"
    )
    parser.add_argument("--cells", type=int, default=60, help="count so many")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder) / "data"
        sticks = make_sticks(Path(folder), data)
        fill_trends(data)
        with (
            serve(Path(folder), data, options.source, sticks) as url,
            open_page() as page,
        ):
            Walk(page, url, options.out).whole(options.cells)


def make_sticks(folder: Path, data: Path) -> tuple[Path, Path]:
    """Sign a model, let the device trust us; return a good stick and a broken one."""
    rig = make_rig(folder, stricter_bundle(folder), 1, RELEASE)
    data.mkdir(parents=True, exist_ok=True)
    trust_root(data, rig.root)
    sticks = folder / "media" / "MODELS", folder / "media" / "OLD-STICK"
    [signed] = rig.sticks
    for stick in sticks:
        shutil.copytree(signed, stick / signed.name)
    [model] = sticks[1].glob("*/targets/*.model.cpu.onnx")
    model.write_bytes(model.read_bytes()[:1000])
    return sticks


def stricter_bundle(folder: Path) -> Path:
    """Return the shipped simulated model with another name and threshold."""
    bundle = shutil.copytree(shipped_bundle_for("simulated"), folder / "bundle")
    card = bundle / "card.toml"
    text = card.read_text().replace('"simulated-1"', '"simulated-2"', 1)
    card.write_text(text.replace(*STRICTER))
    return bundle


def fill_trends(data: Path) -> None:
    """Invent a month in which the lamp jumps once and the stain fades for a while."""
    chance = np.random.default_rng(7)
    with open_store(data) as store:
        for day in range(N_DAYS):
            lamp = chance.normal(212, 1.2) + 5 * (day == N_DAYS - 12)
            faded = day - 18 if 18 <= day < 25 else 0  # then stained anew
            figures = {
                "plasma_level": round(lamp, 2),
                "plasma_colour_ratio": round(chance.normal(0.93, 0.004), 4),
                "stain_levels": round(chance.normal(69.5, 2) - faded, 2),
            }
            note_light(store, figures)


@contextmanager
def open_page() -> Iterator[Page]:
    """Open a browser as large as the device's screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SCREEN)
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page
        browser.close()


@contextmanager
def serve(
    folder: Path, data: Path, source: str, sticks: tuple[Path, Path]
) -> Iterator[str]:
    """Run the device and yield the address of its page."""
    profile = folder / "profile.toml"
    profile.write_text(PROFILE.format(source=source, stick=sticks[0], broken=sticks[1]))
    port = free_port()
    command = [*command_of("leukoscope_edge", "serve", "--port", str(port))]
    command += ["--profile", str(profile), "--data", str(data)]
    process = subprocess.Popen(command)  # noqa: S603 - our own program
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/set-up"))
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Say whether a page answers."""
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own page
            return True
    except OSError:
        return False


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It was not in time.
    """
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("a screen did not come")
        time.sleep(0.05)


class Walk:
    """One walk through all screens."""

    def __init__(self, page: Page, url: str, out: Path) -> None:
        """Start in front of the page."""
        self._page, self._url, self._out = page, url, out

    def whole(self, n_cells: int) -> None:
        """Walk from the first start to the signed report, then look around."""
        self._set_up()
        self._count(n_cells)
        self._review()
        self._sign()
        self._look_around()
        self._update()

    def _shoot(self, name: str) -> None:
        self._page.wait_for_load_state("networkidle")
        self._save(name)

    def _save(self, name: str) -> None:
        picture = Image.open(io.BytesIO(self._page.screenshot()))
        small = picture.convert("RGB").quantize(
            N_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        small.save(self._out / f"{name}.png", optimize=True)

    def _set_up(self) -> None:
        page = self._page
        page.goto(self._url)
        self._shoot("01-set-up")
        page.fill("[name=name]", NAME)
        page.fill("[name=pin]", PIN)
        page.fill("[name=again]", PIN)
        page.click("form button.primary")
        page.wait_for_url(f"{self._url}/")
        page.click("#keys-button")
        self._shoot("14-keys")
        page.click("#keys button")

    def _count(self, n_cells: int) -> None:
        page = self._page
        page.click("a.huge")
        page.fill("[name=sample]", "S-2026-0412")
        page.check("[name=sample_type][value=blood]")
        page.check("[name=age][value=child]")
        page.check("[name=reason][value=fever]")
        self._shoot("04-new-slide")
        page.click("form button.primary")
        page.wait_for_selector("#start:not([disabled])")
        self._save("05-get-ready")
        page.click("#start")
        page.wait_for_url("**/count")
        wait_for(lambda: int(page.inner_text("#n-cells")) >= n_cells)
        self._save("06-count")
        page.click("#finish")
        page.click("#end")
        page.wait_for_url("**/review")

    def _review(self) -> None:
        page = self._page
        self._shoot("07-review-first-look")
        while page.locator("#n-left").count():
            left = int(page.inner_text("#n-left"))
            if left == 0:
                break
            page.wait_for_selector("#review:not([data-fresh])")
            page.click(f".judge [data-word={'blast' if left % 4 == 0 else 'normal'}]")
            self._wait_for_fewer(left)
        page.reload()
        self._shoot("08-review-all")
        page.keyboard.press(" ")
        page.wait_for_selector("#ring:visible")
        self._shoot("19-field")
        page.keyboard.press(" ")
        page.click("#why")
        page.wait_for_selector("#explanation[open]")
        heat = page.locator("#heat")
        wait_for(lambda: bool(heat.evaluate("image => image.naturalWidth")))
        self._shoot("09-why")
        page.click("#explanation button")

    def _wait_for_fewer(self, n: int) -> None:
        wait_for(lambda: int(self._page.inner_text("#n-left")) < n)

    def _sign(self) -> None:
        page = self._page
        page.click("#to-result")
        page.wait_for_url("**/result")
        self._shoot("10-result")
        page.fill("[name=pin]", PIN)
        page.click("form button.primary")
        page.wait_for_url("**/share")
        self._shoot("11-share")
        page.click("a[href$='/print']")
        page.wait_for_url("**/print")
        self._shoot("20-print")

    def _look_around(self) -> None:
        page = self._page
        page.goto(f"{self._url}/device")
        with page.expect_navigation():  # the page comes anew with the result
            page.click("text=Run the test")
        page.wait_for_selector(".days li")
        for name, path in (
            ("12-device", "device"),
            ("13-model", "update"),
            ("15-people", "people"),
            ("03-home", ""),
        ):
            page.goto(f"{self._url}/{path}")
            self._shoot(name)
        self._speak("ar")
        self._shoot("16-home-arabic")
        page.set_viewport_size(TELEPHONE)
        page.goto(f"{self._url}/slides/0001/review")
        self._shoot("17-review-telephone-arabic")
        page.set_viewport_size(SCREEN)
        page.goto(self._url)
        self._speak("fr")
        page.goto(f"{self._url}/slides/0001/result")
        self._shoot("21-result-french")
        page.goto(self._url)
        page.set_viewport_size(TELEPHONE)
        self._speak("en")
        page.goto(f"{self._url}/slides/0001/review")
        self._shoot("18-review-telephone")
        page.set_viewport_size(SCREEN)
        page.goto(self._url)
        page.click("header [data-post]")
        page.wait_for_url("**/sign-in")
        self._shoot("02-sign-in")
        page.check("[name=name]")
        page.fill("[name=pin]", PIN)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self._url}/")

    def _speak(self, language: str) -> None:
        """Take another language; the page comes anew by itself."""
        self._page.click(f"button[lang={language}]")
        self._page.wait_for_selector(f"html[lang={language}]")

    def _update(self) -> None:
        """Look at a broken stick and a good one, and be asked."""
        page = self._page
        page.goto(f"{self._url}/device")
        page.locator("figure.trend").last.scroll_into_view_if_needed()
        self._shoot("22-trends")
        page.goto(f"{self._url}/update")
        self._install(1)
        page.wait_for_selector(".refusal")
        self._shoot("25-update-refused")
        self._install(0)
        page.wait_for_selector("text=old cells change call")
        self._shoot("24-update-question")
        page.fill("[name=pin]", PIN)
        page.click("form button.primary")
        page.wait_for_selector("#update[data-serves=simulated-2]")
        self._shoot("26-update-done")

    def _install(self, number: int) -> None:
        page = self._page
        page.click(f"#update .list button >> nth={number}")
        page.wait_for_selector("text=Signed by the publisher")
        if number == 0:
            self._shoot("23-update-found")
        page.click("#update button.primary")


if __name__ == "__main__":
    main()
