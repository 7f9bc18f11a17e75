"""A count that stopped, whatever stopped it, is concluded as if it had not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from tests.edge.live.whole_count import KeptBox, order
from tests.edge.web.stand_ins import NAME, PROFILE, fill_slide
from tests.simulated import camera_on

from leukoscope_edge.capture import Camera
from leukoscope_edge.counting import NOTHING_GATHERED, FrameResult
from leukoscope_edge.inference import open_engine
from leukoscope_edge.live import Command, Recorder, equipment
from leukoscope_edge.live.recorder import KEEP_AFTER_FRAMES
from leukoscope_edge.live.running_count import _skip_seen
from leukoscope_edge.live.states import start_count
from leukoscope_edge.messages import message
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.records.slides import Kind, SlideRecord, context_of, verdict_of
from leukoscope_edge.records.slides.slide_fold import NOT_GATHERED
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import NOTHING_COUNTED, Fault, Frame
from leukoscope_edge.web.device import Device

N_FRAMES = 4
CAMERA = CameraEntry(
    source="simulated:seed=4,cells=12,blasts=0.3", frames_per_second=1000.0
)
Spoil = Callable[[Frame], Frame | Fault]


def clean(frame: Frame) -> Frame:
    """What a sound camera does to a frame."""
    return frame


class SpoiltCamera:
    """A camera between whose lens and cable something goes wrong."""

    def __init__(
        self, camera: Camera, spoil: Spoil, scale_um_per_px: float | None
    ) -> None:
        self._camera, self._spoil = camera, spoil
        self.scale_um_per_px = scale_um_per_px or camera.scale_um_per_px
        self.domain, self.n_frames = camera.domain, camera.n_frames

    def __enter__(self) -> "SpoiltCamera":
        self._camera.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._camera.__exit__(None, None, None)

    def read(self) -> Frame | Fault | None:
        item = self._camera.read()
        return self._spoil(item) if isinstance(item, Frame) else item


@dataclass(slots=True, kw_only=True)
class Bench(equipment.Equipment):
    """Equipment whose camera can be spoilt, or calibrated anew."""

    spoil: Spoil = clean
    new_scale_um_per_px: float | None = None

    def open_camera(self, slide: str) -> SpoiltCamera:
        camera = camera_on(self.profile.camera.source)
        return SpoiltCamera(camera, self.spoil, self.new_scale_um_per_px)


@pytest.fixture
def gear(device: Device) -> Iterator[Bench]:
    profile = replace(PROFILE, camera=CAMERA, n_threads=1)
    box: Any = KeptBox()
    with open_engine(device.bundle, backend="cpu", n_threads=1) as engine:
        bench = Bench(
            profile=profile,
            store=device.store,
            bundle=device.bundle,
            engine=engine,
            outbox=box,
        )
        with bench.pool:
            yield bench


def cut_off(gear: Bench, slide: str) -> SlideRecord:
    """Count some frames, until the power is cut: nobody keeps what is not kept yet."""
    state = start_count(gear, order(Command.COUNT, slide))
    for _ in range(N_FRAMES):
        state = state.step()
    state.close()
    return gear.store.reader.slide(slide)


def stopped(gear: Bench, slide: str) -> SlideRecord:
    """Count some frames, until the program is told to leave."""
    state = start_count(gear, order(Command.COUNT, slide))
    for _ in range(N_FRAMES):
        state = state.step()
    assert state.count is not None
    state.count.keep_all()
    state.close()
    return gear.store.reader.slide(slide)


def go_on(gear: Bench, slide: str, do: Command = Command.COUNT) -> SlideRecord:
    """Go on with a slide, and finish it."""
    state = start_count(gear, order(do, slide))
    state = state.on(order(Command.GO_ON, slide))
    for _ in range(N_FRAMES):
        state = state.step()
    state.on(order(Command.FINISH, slide))
    return gear.store.reader.slide(slide)


def _lose(frame: Frame) -> Frame | Fault:
    """Every third frame from the first on, and those behind it."""
    reason = message("test")
    is_third = int(frame.name[-1]) % 3 == 0
    return Fault(name=frame.name, reason=reason, n_lost=2) if is_third else frame


def _compress(frame: Frame) -> Frame:
    return replace(frame, facts=replace(frame.facts, jpeg_quality=30))


def _say_another_scale(frame: Frame) -> Frame:
    return replace(frame, facts=replace(frame.facts, um_per_px=0.31))


KINDS_OF_HARM = {
    "frames-lost": _lose,
    "compressed": _compress,
    "tags": _say_another_scale,
}


@pytest.mark.parametrize(
    ("id_", "stop"),
    [*((id_, cut_off) for id_ in KINDS_OF_HARM), ("compressed", stopped)],
)
def test_a_doubt_of_the_frames_before_a_stop_forbids_a_negative_after_it(
    device: Device, gear: Bench, id_: str, stop: Callable[[Bench, str], SlideRecord]
) -> None:
    slide = fill_slide(device, is_finished=False)
    gear.spoil = KINDS_OF_HARM[id_]
    before = stop(gear, slide)
    assert before.machine_cells
    gear.spoil = clean
    record = go_on(gear, slide)
    assert record.run == 2
    assert id_ in [d.reason.id for d in record.doubts]
    assert record.gathered.n_frames > before.gathered.n_frames > 0
    assert sum(record.tally.frames.values()) == record.gathered.n_frames


def test_clean_frames_before_and_after_a_stop_raise_no_doubt(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    cut_off(gear, slide)
    record = go_on(gear, slide)
    assert record.doubts == ()
    assert record.run == 2
    assert device.store.verify_audit() == []


def test_who_counts_more_does_not_forget_what_the_first_count_was_like(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    gear.spoil = _compress
    cut_off(gear, slide)
    go_on(gear, slide)
    gear.spoil = clean
    record = go_on(gear, slide, Command.COUNT_MORE)
    assert record.run == 3
    assert [d.reason.id for d in record.doubts] == ["compressed"]


def test_quality_that_was_out_of_control_at_the_first_end_stays_so(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    record, bad = device.store.reader.slide(slide), message("quality-cure")
    verdict = verdict_of(record, device.bundle.card)
    device.store.count.finish_count(
        slide, verdict, NAME, tally=record.tally, quality=[bad]
    )
    assert bad in go_on(gear, slide, Command.COUNT_MORE).quality


def test_what_an_older_program_saw_is_not_taken_for_nothing_wrong(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, n_normal=3, is_finished=False)  # cells alone
    record = go_on(gear, slide)
    assert NOT_GATHERED in record.doubts
    assert record.gathered.n_frames > 0
    again = go_on(gear, slide, Command.COUNT_MORE)
    assert again.doubts.count(NOT_GATHERED) == 1


def test_cells_judged_at_another_scale_than_the_slide_s_are_doubted(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    cut_off(gear, slide)
    gear.new_scale_um_per_px = 0.13
    record = go_on(gear, slide)
    assert record.is_rescaled
    doubts = context_of(record, device.bundle.card).doubts
    assert ("rescaled", True) in [(d.reason.id, d.spoils_calls) for d in doubts]


def test_the_kinds_of_earlier_cells_stand_in_the_machine_s_verdict_too(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    cut_off(gear, slide)
    record = device.store.reader.slide(slide)
    cells = Recorder(device.store, slide, device.bundle.card).go_on(NAME)
    kept = [c.kind for c in record.machine_cells.values()]
    assert [c.call.kind_beside_blast for c in cells if c.call] == kept


def test_lamp_and_stain_before_a_stop_count(device: Device, gear: Bench) -> None:
    slide = fill_slide(device, is_finished=False)
    cut_off(gear, slide)
    before = device.store.reader.slide(slide).gathered.light
    record = go_on(gear, slide)
    assert before
    for name, values in before.items():
        assert record.gathered.light[name][: len(values)] == values
        assert len(record.gathered.light[name]) > len(values)


def test_frames_without_a_new_cell_are_kept_before_many_are_lost(
    device: Device, gear: Bench
) -> None:
    slide = fill_slide(device, is_finished=False)
    cut_off(gear, slide)
    recorder = Recorder(device.store, slide, device.bundle.card)
    cells = recorder.go_on(NAME)
    record = device.store.reader.slide(slide)
    n_before = record.gathered.n_frames
    torn = FrameResult(report=ImageReport(name="f", status="skipped", n_lost=1))
    fault = Fault(name="f", reason=message("test"), n_lost=1)
    for n_seen in range(1, KEEP_AFTER_FRAMES + 1):
        recorder.saw(fault, torn)
        recorder.keep(cells, record.tally)
        kept = device.store.reader.slide(slide).gathered
        n_kept = n_seen if n_seen == KEEP_AFTER_FRAMES else 0
        assert (kept.n_frames - n_before, kept.n_lost) == (n_kept, n_kept)


def test_a_slide_without_a_cell_stays_new(device: Device) -> None:
    slide = fill_slide(device, is_finished=False)
    recorder = Recorder(device.store, slide, device.bundle.card)
    torn = FrameResult(report=ImageReport(name="f", status="refused"))
    for _ in range(2 * KEEP_AFTER_FRAMES):
        recorder.saw(Fault(name="f", reason=message("test")), torn)
        recorder.keep((), NOTHING_COUNTED)
    recorder.keep((), NOTHING_COUNTED, everything=True)
    assert device.store.reader.slide(slide).gathered == NOTHING_GATHERED
    assert [e.kind for e in device.store.reader.events(slide)] == [Kind.START.value]


class Shelf:
    """Stored fields, read one after the other."""

    n_frames, scale_um_per_px, domain = 5, None, "real"

    def __init__(self) -> None:
        names = (f"{i}.png" for i in range(self.n_frames))
        self._left = iter([Fault(name=n, reason=message("test")) for n in names])

    def read(self) -> Fault | None:
        return next(self._left, None)


@pytest.mark.parametrize(
    ("last", "n_moved_on", "passed", "next_"),
    [
        ("", 2, [], "0.png"),
        ("1.png", 0, ["0.png", "1.png"], "2.png"),
        ("1.png", 2, ["0.png", "1.png"], "4.png"),
    ],
)
def test_stored_fields_are_passed_over_and_none_is_left_out(
    last: str, n_moved_on: int, passed: list[str], next_: str
) -> None:
    class Run:
        passed: ClassVar[list[str]] = []

        def pass_over(self, item: Fault) -> None:
            self.passed.append(item.name)

    shelf, told = Shelf(), Run()
    told.passed.clear()
    camera: Any = shelf
    counted: Any = told
    _skip_seen(camera, last, counted, n_moved_on)
    assert told.passed == passed
    following = shelf.read()
    assert following is not None
    assert following.name == next_
