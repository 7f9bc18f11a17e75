"""Which order leads from which state where: one table, over a simulated slide."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.live.whole_count import KeptBox
from tests.edge.records.bench import make_set_up
from tests.simulated import simulated_bundle

from leukoscope_edge.capture import Camera, items_of
from leukoscope_edge.errors import SourceError, StepError
from leukoscope_edge.inference import OnnxCpuEngine
from leukoscope_edge.live import Command, Mode, Order
from leukoscope_edge.live.equipment import Equipment
from leukoscope_edge.live.states import Idle, ProcessState
from leukoscope_edge.profile import CameraEntry, PageEntry, Profile
from leukoscope_edge.records import open_store
from leukoscope_edge.types import Domain, Fault, Frame

NAME = "Amina"
N_FRAMES = 4
SOURCE = f"simulated:seed=4,cells=12,frames={N_FRAMES}"
PROFILE = Profile(
    name="test",
    camera=CameraEntry(source=SOURCE, frames_per_second=100.0),
    page=PageEntry(),
    data_dir="unused",
    n_threads=1,
)
ORDERS = ("preview", "count", "pause", "go-on", "new-area", "finish", "rest")
OF_THIS_SLIDE = """
            preview  count     pause     go-on     new-area  finish    rest
idle        preview  counting  idle      idle      idle      idle      idle
finished    preview  refused   finished  finished  finished  finished  idle
failed      preview  counting  failed    failed    failed    failed    idle
preview     preview  counting  preview   preview   preview   finished  idle
counting    preview  counting  paused    counting  counting  finished  idle
paused      preview  paused    paused    counting  paused    finished  idle
ended       preview  ended     ended     ended     ended     finished  idle
"""
OF_ANOTHER_SLIDE = """
            preview  count     pause     go-on     new-area  finish    rest
idle        preview  counting  idle      idle      idle      idle      idle
finished    preview  counting  finished  finished  finished  finished  finished
failed      preview  counting  failed    failed    failed    failed    failed
preview     preview  counting  preview   preview   preview   preview   preview
counting    preview  counting  paused    counting  counting  counting  counting
paused      preview  counting  paused    counting  paused    paused    paused
ended       preview  counting  ended     ended     ended     ended     ended
"""
"""Only what begins something looks at which slide it is for, and what ends it."""


def cases() -> list[tuple[str, str, bool, str]]:
    """Return state, order, whether it is of this slide, and the mode that follows."""
    found = []
    for table, is_same in ((OF_THIS_SLIDE, True), (OF_ANOTHER_SLIDE, False)):
        for line in table.strip().splitlines()[1:]:
            state, *modes = line.split()
            pairs = zip(ORDERS, modes, strict=True)
            found += [(state, order, is_same, mode) for order, mode in pairs]
    return found


CASES = cases()


class ShownAgain:
    """A camera that shows kept frames, and notes while it is open."""

    domain: Domain = "simulated"

    def __init__(
        self, frames: list[Frame], scale_um_per_px: float | None, opened: list[Camera]
    ) -> None:
        self._left, self._opened = iter(frames), opened
        self.n_frames: int | None = len(frames)
        self.scale_um_per_px = scale_um_per_px

    def read(self) -> Frame | Fault | None:
        return next(self._left, None)

    def __enter__(self) -> Camera:
        self._opened.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.remove(self)


class Rig(Equipment):
    """The real equipment, over a slide that is painted once; knows what is open."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.opened: list[Camera] = []
        self.has_camera = True
        self.n_asked = 0
        with super().open_camera("") as camera:
            self._scale_um_per_px = camera.scale_um_per_px
            self._frames = [f for f in items_of(camera) if isinstance(f, Frame)]

    def open_camera(self, slide: str) -> Camera:
        if not self.has_camera:
            raise SourceError("there is no camera")
        self.n_asked += 1
        return ShownAgain(self._frames, self._scale_um_per_px, self.opened)

    def start_slide(self) -> str:
        card = self.bundle.card
        new = make_set_up(domain="simulated")
        origin = replace(
            new.origin,
            bundle=card.id,
            bundle_sha256=card.model_cpu.sha256,
            scale_um_per_px=None,
            view_um=card.input.side_px * card.input.scale_um_per_px,
        )
        return self.store.start_slide(replace(new, origin=origin), NAME)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("data")
    bundle = simulated_bundle()
    with open_store(folder) as store, OnnxCpuEngine(bundle, n_threads=1) as engine:
        rig = Rig(
            profile=PROFILE,
            store=store,
            bundle=bundle,
            engine=engine,
            outbox=KeptBox(),  # type: ignore[arg-type]
        )
        yield rig
        rig.pool.shutdown()


def order(do: str, slide: str) -> Order:
    return Order(do=Command(do), slide=slide, by=NAME)


def at(rig: Rig, name: str, slide: str) -> ProcessState:
    """Bring the process into a state, with a slide under the lens."""
    idle = Idle(rig)
    match name:
        case "idle":
            return idle
        case "failed":
            return Idle(rig, Mode.FAILED, slide, "why")
        case "preview":
            return idle.on(order("preview", slide))
    counting = idle.on(order("count", slide))
    match name:
        case "counting":
            return counting
        case "paused":
            return counting.on(order("pause", slide))
        case "finished":
            return counting.on(order("finish", slide))
    return to_the_end(counting)


def to_the_end(state: ProcessState) -> ProcessState:
    """Count until the source has no further frame."""
    while state.mode is Mode.COUNTING:
        state = state.step()
    return state


@pytest.mark.parametrize(
    ("name", "do", "is_same", "expected"),
    CASES,
    ids=[f"{s}-{d}-{'this' if same else 'another'}" for s, d, same, _ in CASES],
)
def test_which_order_leads_where(
    rig: Rig, name: str, do: str, is_same: bool, expected: str
) -> None:
    slide, another = rig.start_slide(), rig.start_slide()
    state = at(rig, name, slide)
    assert state.mode.value == name
    asked = order(do, slide if is_same else another)
    if expected == "refused":
        with pytest.raises(StepError):
            state.on(asked)
        assert state.slide == ""  # what was left is left
    else:
        after = state.on(asked)
        assert after.mode.value == expected
        begins = expected in {"preview", "counting"} and do in {"preview", "count"}
        assert after.slide == (
            asked.slide if begins else "" if expected == "idle" else slide
        )
        assert len(rig.opened) == (
            expected in {"preview", "counting", "paused", "ended"}
        )
        after.close()
    assert rig.opened == []


@pytest.mark.parametrize("name", ["idle", "finished", "failed", "paused", "ended"])
def test_a_state_that_waits_does_nothing_in_its_turn(rig: Rig, name: str) -> None:
    state = at(rig, name, rig.start_slide())
    assert not state.looks
    assert state.step() is state
    state.close()


def test_a_preview_shows_a_stored_slide_again_from_its_beginning(rig: Rig) -> None:
    state = at(rig, "preview", rig.start_slide())
    for _ in range(N_FRAMES + 2):
        state = state.step()
        assert (state.mode, len(rig.opened)) == (Mode.PREVIEW, 1)
    state.close()


@pytest.mark.parametrize("do", ["preview", "count"])
def test_the_camera_is_asked_for_once(rig: Rig, do: str) -> None:
    n_before = rig.n_asked
    state = Idle(rig).on(order(do, rig.start_slide()))
    assert rig.n_asked == n_before + 1
    state.close()


def test_a_count_that_is_over_goes_on_only_where_more_is_asked_for(rig: Rig) -> None:
    slide = rig.start_slide()
    ended = at(rig, "ended", slide)
    finished = ended.on(order("finish", slide))
    cells = rig.store.reader.slide(slide).machine_cells.values()
    n_cells = sum(c.is_counted for c in cells)
    assert n_cells
    more = finished.on(order("count-more", slide))
    assert more.mode is Mode.PAUSED  # a person moves on first
    assert more.count is not None
    assert more.count.facts["interrupted_at"] == n_cells
    more.close()


def test_a_count_is_told_and_kept_when_its_source_ends(rig: Rig) -> None:
    slide = rig.start_slide()
    box = rig.outbox
    assert isinstance(box, KeptBox)
    at(rig, "ended", slide).close()
    news = [d.news for d in box.drafts if d.news.slide == slide]
    assert [n.mode for n in news] == [*[Mode.COUNTING] * N_FRAMES, Mode.ENDED]
    assert news[-1].facts["by"] == NAME
    assert news[-1].facts["count"]["n_cells"] == len(
        rig.store.reader.slide(slide).machine_cells
    )


@pytest.mark.parametrize("do", ["preview", "count"])
def test_without_a_camera_nothing_begins_and_what_went_on_is_closed(
    rig: Rig, do: str
) -> None:
    state = at(rig, "counting", rig.start_slide())
    rig.has_camera = False
    try:
        with pytest.raises(SourceError, match="no camera"):
            state.on(order(do, rig.start_slide()))
    finally:
        rig.has_camera = True
    assert (rig.opened, state.slide) == ([], "")
