"""Page and count die in the middle of a slide; somebody signs in and goes on."""

import os
import signal

from playwright.sync_api import Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    Serve,
    begin_count,
    choose_name,
    number,
    wait_for,
)
from tests.edge.web.stand_ins import PIN

from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark


def test_after_page_and_count_died_one_signs_in_and_goes_on(
    page: Page, device: Device, serve: Serve
) -> None:
    begin_count(page, device, serve)
    wait_for(lambda: number(page, "n-cells") >= 3)
    for part in ("count", "page"):
        beat = read_beat(run_folder(device.store.folder), part)
        assert beat is not None
        os.kill(beat.pid, signal.SIGKILL)
    in_browser.arrive(page, "**/sign-in?next=*")
    choose_name(page)
    page.fill("[name=pin]", PIN)
    page.keyboard.press("Enter")
    in_browser.arrive(page, "**/slides/0001/count")
    page.click("#pause[aria-pressed=true]")
    n_before = number(page, "n-cells")
    assert n_before >= 3
    wait_for(lambda: number(page, "n-cells") > n_before)
