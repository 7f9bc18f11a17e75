"""The counting process for real: orders, news, and a kill in the middle."""

import os
import signal
from collections.abc import Iterator

import pytest
from tests.edge.web.stand_ins import NAME, Counting, fill_slide
from tests.waiting import wait_for

from leukoscope_edge.live import Command, Mode, News, Order
from leukoscope_edge.live.client import Counter
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.web.device import Device

"""On a busy machine a process needs seconds to start."""


@pytest.fixture
def counting(device: Device) -> Iterator[Counting]:
    with Counting(device.store.folder, "simulated:seed=4,cells=12,jerks=0") as process:
        yield process


@pytest.fixture
def counter(counting: Counting) -> Iterator[Counter]:
    with Counter(counting.folder) as counter:
        yield counter


def n_cells(store: Store, slide: str) -> int:
    return len(store.reader.slide(slide).machine_cells)


@pytest.mark.slow
def test_counts_a_slide_and_a_kill_loses_nothing(
    device: Device, counter: Counter, counting: Counting
) -> None:
    store, slide = device.store, fill_slide(device, is_finished=False)
    heard: list[News] = []
    counter.listen(heard.append)
    counter.order(Order(do=Command.COUNT, slide=slide, by=NAME))
    wait_for(lambda: n_cells(store, slide) >= 3)
    os.kill(counting.pid, signal.SIGKILL)
    kept = store.reader.slide(slide).machine_cells
    wait_for(lambda: counter.newest.mode is Mode.PAUSED)
    assert counter.n_restarts == 1
    assert counter.newest.facts["interrupted_at"] == len(kept)
    shown = [n.facts["count"] for n in heard if "count" in n.facts]
    assert max(c["n_cells"] + c["n_unclear"] for c in shown) <= len(kept)

    counter.order(Order(do=Command.GO_ON, slide=slide, by=NAME))
    wait_for(lambda: counter.newest.mode is Mode.ENDED)
    counter.order(Order(do=Command.FINISH, slide=slide, by=NAME))
    wait_for(lambda: store.reader.slide(slide).state is SlideState.REVIEW)
    record = store.reader.slide(slide)
    assert kept.keys() <= record.machine_cells.keys()
    assert record.run == 2
    assert any("counting stopped at" in note for note in record.notes)
    assert store.verify_audit() == []


@pytest.mark.slow
def test_a_cell_on_the_page_is_in_the_records(device: Device, counter: Counter) -> None:
    store, slide = device.store, fill_slide(device, is_finished=False)
    lacking: list[str] = []

    def check(news: News) -> None:
        for cell, _ in news.facts.get("last", []):
            if cell not in store.reader.slide(slide).machine_cells:
                lacking.append(cell)

    counter.listen(check)
    counter.order(Order(do=Command.COUNT, slide=slide, by=NAME))
    wait_for(lambda: n_cells(store, slide) >= 5)
    assert lacking == []


@pytest.mark.slow
def test_shows_the_lights_before_the_count(device: Device, counter: Counter) -> None:
    slide = fill_slide(device, is_finished=False)
    counter.order(Order(do=Command.PREVIEW, slide=slide, by=NAME))
    wait_for(lambda: counter.newest.mode is Mode.PREVIEW and counter.newest.jpeg)
    assert counter.newest.jpeg.startswith(b"\xff\xd8")
    assert {light["name"] for light in counter.newest.facts["lights"]}
    assert counter.picture(counter.newest.facts["frame"]) is not None
    assert counter.picture("no such frame") is None


@pytest.mark.slow
def test_a_page_that_comes_back_finds_the_count_going_on(
    device: Device, counting: Counting
) -> None:
    store, slide = device.store, fill_slide(device, is_finished=False)
    with Counter(counting.folder) as first:
        first.order(Order(do=Command.COUNT, slide=slide, by=NAME))
        wait_for(lambda: n_cells(store, slide) >= 2)
    with Counter(counting.folder) as second:
        wait_for(lambda: second.newest.mode is Mode.COUNTING)
        assert second.newest.slide == slide
        os.kill(counting.pid, signal.SIGKILL)  # what it adopted it asks for again
        wait_for(lambda: second.newest.mode is Mode.PAUSED)
        assert second.newest.facts["interrupted_at"] == n_cells(store, slide)


def test_a_camera_that_cannot_be_opened_is_told_in_words(device: Device) -> None:
    with (
        Counting(device.store.folder, "simulated:colour=red") as process,
        Counter(process.folder) as counter,
    ):
        slide = fill_slide(device, is_finished=False)
        counter.order(Order(do=Command.PREVIEW, slide=slide, by=NAME))
        wait_for(lambda: counter.newest.mode is Mode.FAILED)
        assert "unknown setting 'colour'" in counter.newest.facts["instruction"]
