"""Every screen of the page at once: records in each state, one server in this process.

What is looked at here is how the page is laid out, so nothing counts: the counting
process is a stand-in that tells the same news again.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import cv2
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from tests.edge.web.stand_ins import (
    IDLE,
    PIN,
    StillCounter,
    fill_slide,
    look_at_all,
    new_slide_of,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.i18n import languages
from leukoscope_edge.live import Mode, News
from leukoscope_edge.quality import note_light
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.types import Reading
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import LANGUAGE_COOKIE, Device
from leukoscope_edge.web.security import COOKIE

LONG = "Wolfeschlegelsteinhausenbergerdorffwille"
"""A name of 40 letters, the longest that is taken, and no place to break it."""
SPOKEN = "Amina Fatoumata Bennani Diallo de la Cru"
ALWAYS = ("fr", "ar")
"""Languages, one from either side, in which every screen is always looked at."""
EACH_LANGUAGE = pytest.mark.parametrize(
    "language",
    [
        code if code in ALWAYS else pytest.param(code, marks=pytest.mark.nightly)
        for code in languages()
    ],
)
PATIENCE_MS = 40_000
N_DAYS = 25
LIGHTS = [
    {"name": name, "value": 1.0, "low": 0.5, "high": 2.0, "is_good": good}
    | {"instruction": "" if good else "Turn the fine focus until the cells are sharp."}
    for name, good in (("focus", False), ("plasma_level", True), ("stain_levels", True))
]
COUNTED: dict[str, Any] = {
    "tracking": "lost",
    "count": {
        "n_cells": 187,
        "n_unclear": 12,
        "n_blast": 31,
        "next_look": 200,
        "look": 100,
        "interval": [0.11, 0.23],
        "advice": None,
    },
    "place": [0, 0, 1],
    "last": [["1", "seen"], ["2", "new"]],
    "found_by": "thresholds",
}


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: where it is, and what the count tells meanwhile."""

    path: str
    news: News = IDLE


@dataclass(frozen=True, slots=True)
class Shown:
    """A device that is served from this process.

    Attributes:
        device: With a slide of each state in its records.
        url: Where it answers.
        screens: All that it has.
    """

    device: Device
    url: str
    screens: list[Screen]


@contextmanager
def served(device: Device) -> Iterator[str]:
    """Serve a device's page from this process and yield its address."""
    config = uvicorn.Config(
        create_app(device), port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def fill_records(device: Device) -> list[Screen]:
    """Put a slide of each state into the records; return every screen of them."""
    device.people.add_first(LONG, PIN)
    device.people.add(SPOKEN, Role.OPERATOR, PIN)
    fill = partial(fill_slide, device, sample=LONG, name=SPOKEN)
    for day in range(N_DAYS):
        note_light(device.store, {"plasma_level": 212.0 + day % 3 + 9 * (day > 23)})
    new = device.store.start_slide(new_slide_of(device, sample=LONG), LONG)
    counting = fill(n_blast=1, n_normal=2, is_finished=False)
    first = fill(n_blast=2, n_unclear=1, n_normal=3)
    refused = look_at_all(device, fill(n_blast=2, n_unclear=1, is_refused=True))
    disputed = dispute(device, fill(n_blast=2, n_normal=3, n_readers=2))
    signed = sign(device, look_at_all(device, fill(n_blast=9, n_normal=40)))
    paths = ["", "slides", "slides/new", "device", "update", "people", "no-such-page"]
    paths += [f"slides/{first}/{s}" for s in ("review", "result", "share")]
    paths += [f"slides/{refused}/{s}" for s in ("review", "result", "share", "print")]
    paths += [f"slides/{disputed}/result"]
    paths += [f"slides/{signed}/{s}" for s in ("review", "result", "share", "print")]
    preview = news(Mode.PREVIEW, new, lights=LIGHTS)
    return [
        Screen(f"slides/{new}/ready", preview),
        Screen(f"slides/{counting}/count", news(Mode.COUNTING, counting, **COUNTED)),
        *map(Screen, paths),
    ]


def news(mode: Mode, slide: str, **facts: Any) -> News:
    """Return what the count tells, with a grey picture."""
    _, jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 200, np.uint8))
    facts = {"seq": 1, "at_unix_s": 0, "boxes": [], "frame": "1", **facts}
    return News(mode=mode, slide=slide, facts=facts, jpeg=jpeg.tobytes())


def dispute(device: Device, slide: str) -> str:
    """Let two readers call every cell otherwise; return the slide."""
    for reader, word in ((SPOKEN, Reading.BLAST), (LONG[::-1], Reading.NOT_A_CELL)):
        for cell in device.store.reader.slide(slide).cells:
            key = f"{reader}-{cell.id}"
            device.store.review.judge_cell(slide, cell.id, word, reader, key=key)
    return slide


def sign(device: Device, slide: str) -> str:
    """Sign a slide that was read; return it."""
    conclude = partial(verdict_of, card=device.bundle.card)
    device.store.review.sign(slide, conclude, LONG, comment=LONG, key=f"sign-{slide}")
    return slide


@contextmanager
def looking(
    chromium: Browser, device: Device, url: str, language: str, **options: Any
) -> Iterator[Page]:
    """Open the page in a language, signed in under a long name where there is one."""
    context = chromium.new_context(reduced_motion="reduce", **options)
    cookies = {LANGUAGE_COOKIE: language}
    if device.people.everybody:
        cookies[COOKIE] = device.sessions.sign_in(LONG)
    context.add_cookies(
        [{"name": n, "value": v, "url": url} for n, v in cookies.items()]
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    try:
        yield page
    finally:
        context.close()


def show(page: Page, device: Device, url: str, screen: Screen) -> None:
    """Open a screen and wait until it has its fonts and the news."""
    cast("StillCounter", device.counter).newest = screen.news
    page.goto(f"{url}/{screen.path}")
    page.wait_for_selector("main:not([inert])")
    if screen.news.mode is Mode.PREVIEW:
        page.wait_for_selector("#lights li")
    if screen.news.mode is Mode.COUNTING:
        page.wait_for_selector("#banner:not([hidden])")
    page.evaluate("() => document.fonts.ready.then(() => true)")
