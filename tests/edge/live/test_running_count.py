"""A frame may wait while the next one is sought: same count, same order, none lost."""

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.live.told import instruction_in
from tests.edge.live.whole_count import KeptBox, Orders, obeyed, order
from tests.edge.web.stand_ins import PROFILE, fill_slide

from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.counting import FrameSearch
from leukoscope_edge.errors import RecordError, SourceError
from leukoscope_edge.inference import ServingSegmenter
from leukoscope_edge.live import Command, Mode, Order, equipment, running_count
from leukoscope_edge.live.states import Counting, ProcessState
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import Kind, SlideRecord
from leukoscope_edge.types import THRESHOLDS, Fault, Frame, Segmentation
from leukoscope_edge.web.device import Device

N_FRAMES = 6
SOURCE = "simulated:seed=4,cells=12,blasts=0.3"


def run(
    device: Device,
    orders: Orders,
    *,
    fps: float = 1000.0,
    n_threads: int = 2,
    **how: Any,
) -> KeptBox:
    camera = CameraEntry(source=SOURCE, frames_per_second=fps)
    profile = replace(PROFILE, camera=camera, n_threads=n_threads)
    return obeyed(device, profile, orders, **how)


def counted(box: KeptBox) -> list[dict[str, Any]]:
    """What was told of each frame as it was counted, in order."""
    told = (d.news.facts for d in box.drafts if d.news.mode is Mode.COUNTING)
    return [facts for facts in told if facts["frame"]]


def count(slide: str) -> tuple[Order, int]:
    return order(Command.COUNT, slide), N_FRAMES


def finish(slide: str) -> tuple[Order, int]:
    return order(Command.FINISH, slide), 0


def whole(
    device: Device, *, between: Sequence[Command] = (), **how: Any
) -> tuple[KeptBox, SlideRecord]:
    """Count some frames, obey, count some more, and finish."""
    slide = fill_slide(device, is_finished=False)
    orders = [count(slide)]
    orders += [(order(do, slide), 2) for do in between]
    box = run(device, Orders(*orders, finish(slide)), **how)
    assert box.drafts[-1].news.mode is Mode.FINISHED
    return box, device.store.reader.slide(slide)


def what_happened(store: Store, slide: str) -> list[tuple[str, dict[str, Any]]]:
    return [(e.kind, e.body) for e in store.reader.events(slide)[1:]]


def told(box: KeptBox) -> list[dict[str, Any]]:
    """What the page was told of each frame, but for when."""
    return [
        {k: v for k, v in facts.items() if k not in {"seq", "at_unix_s"}}
        for facts in counted(box)
    ]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a frame waited at the end of each step."""
    noted: list[bool] = []
    step = Counting.step

    def noting(self: Counting) -> ProcessState:
        after = step(self)
        noted.append(self.count.sought is not None)
        return after

    monkeypatch.setattr(Counting, "step", noting)
    return noted


@pytest.fixture
def slow_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no search end in its turn, but on one thread, where it is waited for."""

    def wait(found: list[Future[Any]], timeout_s: float | None) -> Any:
        done = wait_for(found, timeout_s)
        return done if timeout_s is None else done._replace(done=set())

    monkeypatch.setattr(running_count, "wait", wait)


@pytest.mark.usefixtures("slow_search")
@pytest.mark.parametrize(
    "between",
    [(), (Command.PAUSE, Command.GO_ON, Command.NEW_AREA)],
    ids=["straight on", "stops"],
)
def test_the_same_is_counted_kept_and_told_as_one_by_one(
    device: Device, waiting: list[bool], between: Sequence[Command]
) -> None:
    plain, expected = whole(device, between=between, n_threads=1)
    assert not any(waiting)
    waiting.clear()
    ahead, record = whole(device, between=between)
    assert all(waiting)
    assert told(ahead) == told(plain)
    assert what_happened(device.store, record.id) == what_happened(
        device.store, expected.id
    )
    assert record.machine_cells == expected.machine_cells
    assert len(record.machine_cells) > 1
    assert record.machine == expected.machine


def test_no_frame_is_told_twice_or_after_a_later_one(device: Device) -> None:
    box, record = whole(device)
    frames = [facts["frame"] for facts in counted(box)]
    assert frames == [
        f"frame {i:06d}" for i in range(sum(record.tally.frames.values()))
    ]
    read = [facts["at_unix_s"] for facts in counted(box)]
    assert read == sorted(set(read))


def test_where_the_search_ends_in_its_turn_no_frame_waits(
    device: Device, waiting: list[bool]
) -> None:
    whole(device, fps=0.5)
    assert waiting
    assert not any(waiting)


@pytest.mark.usefixtures("slow_search")
def test_a_frame_that_waits_is_counted_before_the_worker_leaves(
    device: Device, waiting: list[bool]
) -> None:
    slide = fill_slide(device, is_finished=False)
    box = run(device, Orders(count(slide)))
    assert waiting[-1]
    assert len(counted(box)) == len(waiting)


@pytest.mark.usefixtures("slow_search")
def test_a_camera_that_fails_takes_no_frame_with_it(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, left = SimulatedCamera.read, iter(range(4))

    def fail_soon(self: SimulatedCamera) -> Frame | Fault | None:
        if next(left, None) is None:
            raise SourceError("the camera was pulled out")
        return read(self)

    monkeypatch.setattr(SimulatedCamera, "read", fail_soon)
    slide = fill_slide(device, is_finished=False)
    box = run(device, Orders(count(slide)))
    assert [facts["frame"] for facts in counted(box)][-1] == "frame 000003"
    failed = box.drafts[-1].news
    assert failed.mode is Mode.FAILED
    assert failed.facts["instruction"] == "the camera was pulled out"


def test_what_fails_in_the_search_or_the_records_ends_the_count_as_before(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RecordError("the disk is full")

    for owner, name in ((FrameSearch, "find"), (device.store.count, "add_cells")):
        slide = fill_slide(device, is_finished=False)
        with monkeypatch.context() as broken:
            broken.setattr(owner, name, full)
            box = run(device, Orders(count(slide)))
        assert counted(box) == []
        assert box.drafts[-1].news.mode is Mode.FAILED
        assert box.drafts[-1].news.facts["instruction"] == "the disk is full"


@pytest.mark.usefixtures("slow_search")
def test_a_chip_that_gets_too_hot_keeps_no_frame_waiting(
    device: Device, waiting: list[bool]
) -> None:
    temps_c = iter([40.0, 40.0])
    slide = fill_slide(device, is_finished=False)
    box = run(
        device,
        Orders(count(slide)),
        thermometer=lambda: next(temps_c, 120.0),
        feel_every_s=0.0,
    )
    assert waiting == [True]
    modes = [d.news.facts for d in box.drafts if d.news.mode is Mode.COUNTING]
    hot = next(i for i, f in enumerate(modes) if "too hot" in instruction_in(f))
    assert [f["frame"] for f in modes[:hot] if f["frame"]] == ["frame 000000"]
    assert not [f for f in modes[hot:] if f["frame"]]


def test_the_slide_keeps_what_found_each_frame_not_what_would_find_the_next(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(ServingSegmenter):
        """Has failed in the next frame already, whenever it is asked for its name."""

        left = iter(["a network"] * 3)
        name = THRESHOLDS

        def segment(self, *given: Any, **more: Any) -> tuple[Segmentation, str]:
            return super().segment(*given, **more)[0], next(self.left, THRESHOLDS)

    monkeypatch.setattr(equipment, "segmenter_of", lambda _: Failing())
    _, record = whole(device, n_threads=1)
    changes = [
        body["segmenter"]
        for kind, body in what_happened(device.store, record.id)
        if kind == Kind.SEGMENTER.value
    ]
    assert changes == ["a network", THRESHOLDS]
