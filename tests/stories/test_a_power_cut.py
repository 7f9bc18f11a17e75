"""The power goes in the middle of a slide; the device starts anew and ends it well."""

import os
import signal
from pathlib import Path

from playwright.sync_api import Page
from tests.edge.web import in_browser
from tests.edge.web.in_browser import (
    Serve,
    begin_count,
    number,
    sign_in,
    wait_for,
)

from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def cut_the_power(data_dir: Path) -> None:
    """End all of the device at once: first who would start the others anew."""
    beats = [read_beat(run_folder(data_dir), part) for part in ("page", "count")]
    pids = [beat.pid for beat in beats if beat is not None]
    assert len(pids) == 2
    assert parent_of(pids[0]) == parent_of(pids[1])
    for pid in (parent_of(pids[0]), *pids):
        os.kill(pid, signal.SIGKILL)


def test_a_slide_that_a_power_cut_halved_ends_with_its_verdict(
    page: Page, device: Device, serve: Serve
) -> None:
    begin_count(page, device, serve)
    wait_for(lambda: number(page, "n-cells") >= 5)
    cut_the_power(device.store.folder)
    before = device.store.reader.slide("0001")
    assert before.state is SlideState.COUNTING
    assert len(before.machine_cells) >= 5
    assert before.gathered.n_frames > 0

    url = serve()
    sign_in(page, url)
    page.goto(f"{url}/slides/0001/count")
    page.click("#pause[aria-pressed=true]")
    n_before = number(page, "n-cells")
    assert n_before >= 5
    wait_for(lambda: number(page, "n-cells") >= n_before + 3)
    page.keyboard.press("f")
    page.click("#end")
    in_browser.arrive(page, "**/review")
    record = device.store.reader.slide("0001")
    assert record.machine is not None
    assert record.machine.result == "blasts"
    assert record.machine.n_cells >= n_before + 3
    assert record.run == 2
    assert record.notes[0].endswith("cells and went on")
    assert record.doubts == ()
    assert sum(record.tally.frames.values()) == record.gathered.n_frames
    assert record.gathered.n_frames > before.gathered.n_frames
    assert device.store.verify_audit() == []
