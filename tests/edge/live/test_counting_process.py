"""An engine that answers wrongly switches screening off, in the process that counts."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.edge.web.stand_ins import NAME, Browser, fill_slide
from tests.waiting import wait_for

from leukoscope_edge.live import Command, Counter, Mode, Order
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import make_run_folder, read_beat
from leukoscope_edge.web.device import Device

SPOILT = Path(__file__).with_name("spoilt_engine.py")
WHY = "its stored cells give other answers on spoilt"


@contextmanager
def counting(data: Path, mark: Path) -> Iterator[Counter]:
    """Run the counting process over an engine that the mark spoils."""
    folder = run_folder(data)
    make_run_folder(folder)
    command = [sys.executable, str(SPOILT), str(data), str(mark)]
    with subprocess.Popen(command) as process, Counter(folder) as counter:
        try:
            yield counter
        finally:
            process.kill()


def is_off(counter: Counter) -> bool:
    news = counter.newest
    return news.mode is Mode.FAILED and WHY in str(news.facts.get("instruction"))


def test_an_engine_that_answers_wrongly_at_its_start_counts_nothing(
    device: Device, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    slide = fill_slide(device, is_finished=False)
    with counting(device.store.folder, mark) as counter:
        wait_for(lambda: is_off(counter))
        counter.order(Order(do=Command.COUNT, slide=slide, by=NAME))
        seen = counter.newest.facts["seq"]
        wait_for(lambda: counter.newest.facts["seq"] > seen)
        assert is_off(counter)
        beat = read_beat(run_folder(device.store.folder), "count")
    assert beat is not None
    assert beat.facts["mode"] == "failed"
    assert device.store.reader.slide(slide).machine_cells == {}


@pytest.mark.parametrize("first", ["at rest", "before a slide"])
def test_an_engine_that_turns_wrong_is_found_a_day_later(
    device: Device, browser: Browser, tmp_path: Path, first: str
) -> None:
    mark, slide = tmp_path / "mark", fill_slide(device, is_finished=False)
    with counting(device.store.folder, mark) as counter:
        if first == "before a slide":
            counter.order(Order(do=Command.PREVIEW, slide=slide, by=NAME))
            wait_for(lambda: counter.newest.mode is Mode.PREVIEW)
            mark.touch()
            counter.order(Order(do=Command.COUNT, slide=slide, by=NAME))
        else:
            wait_for(lambda: counter.newest.mode is Mode.IDLE)
            mark.touch()
        wait_for(lambda: is_off(counter))
        device.counter.tell(counter.newest)  # type: ignore[attr-defined]
    assert device.store.reader.slide(slide).machine_cells == {}
    assert WHY in browser.get("/").text
