from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on, first_frames, simulated_bundle

from leukoscope_edge import search_ahead
from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.counting import (
    NOTHING_GATHERED,
    NormalSlide,
    SiteBackground,
    gather,
    together,
)
from leukoscope_edge.errors import BundleError, ConfigError
from leukoscope_edge.inference import (
    Engine,
    OnnxCpuEngine,
    ServingSegmenter,
    new_context,
    open_bundle,
    shipped_bundle_for,
)
from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.outcome import Refusal, VerdictName
from leukoscope_edge.records.exports.result_json import result_object
from leukoscope_edge.sample import SIMULATED_SAMPLE, SampleType
from leukoscope_edge.screening import SlideRun, screen
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.search_ahead import MAX_AHEAD_SIZE, look_at_all
from leukoscope_edge.types import CallName, Fault, Frame, Segmentation, Tally

TORN = message("picture-torn")
PLASMA_OF_CROWDED_NUCLEI = (1.0, 0.37, 1.0)
"""Violet: what marrow's plasma looks like where hardly any is to be seen."""


@contextmanager
def slide_run(**settings: object) -> Iterator[SlideRun]:
    bundle = simulated_bundle()
    said = {
        name: settings.pop(name) for name in ("mode", "sample_type") if name in settings
    }
    facts = replace(SIMULATED_SAMPLE, **said)  # type: ignore[arg-type]
    options = {"scale_um_per_px": 0.1, "is_sequence": True, **settings}
    site, scale = options.pop("site", None), options["scale_um_per_px"]
    options["context"] = new_context(facts, bundle.card, site, scale)  # type: ignore[arg-type]
    with OnnxCpuEngine(bundle) as engine:
        yield SlideRun(engine, bundle, **options)  # type: ignore[arg-type]


def screened(
    source: str, bundle_folder: Path | None = None, *, only_new: bool = True
) -> Screening:
    bundle = open_bundle(bundle_folder or shipped_bundle_for("simulated"))
    with camera_on(source) as camera, OnnxCpuEngine(bundle) as engine:
        return screen(
            camera,
            engine,
            bundle,
            source=source,
            is_sequence=True,
            facts=SIMULATED_SAMPLE,
            only_new=only_new,
        )


EVERY_FRAME = pytest.param(60, False, marks=pytest.mark.nightly)
"""Of a larger slide every frame is searched, and not what is new alone."""


@pytest.mark.slow
@pytest.mark.parametrize(("n", "only_new"), [(24, True), EVERY_FRAME])
def test_a_slide_with_many_blasts_is_flagged_and_counted_once(
    n: int, *, only_new: bool
) -> None:
    found = screened(f"simulated:cells={n},blasts=0.5,seed=11", only_new=only_new)
    assert found.verdict.name is VerdictName.BLASTS
    assert n - 5 <= len(found.cells) <= n + 2
    assert found.verdict.interval.low < 0.5 < found.verdict.interval.high
    assert found.sentence.startswith("SIMULATION")


@pytest.mark.parametrize("is_sequence", [False, True])
def test_fields_that_overlap_are_said_to_count_twice(is_sequence: bool) -> None:
    (field,) = first_frames(1)
    darker = field.pixels - field.pixels // 9
    moved = replace(field, name="again", pixels=darker[8:, 12:])
    first = replace(field, pixels=field.pixels[:-8, :-12])
    with slide_run(is_sequence=is_sequence) as run:
        run.look(first)
        run.look(moved)
        found = run.finish("two")
    doubts = [doubt.reason.id for doubt in found.doubts]
    assert ("seen-twice" in doubts) == (not is_sequence)


@pytest.mark.parametrize(
    ("n", "only_new", "why"),
    [
        (24, True, "at least 50 are needed"),
        pytest.param(60, False, "rule asks for 100", marks=pytest.mark.nightly),
    ],
)
def test_a_healthy_slide_is_not_flagged(n: int, why: str, *, only_new: bool) -> None:
    found = screened(f"simulated:cells={n},blasts=0,seed=12", only_new=only_new)
    assert len(found.cells) >= n - 5
    called = [c.call.name for c in found.cells if c.call]
    assert called.count(CallName.NORMAL) >= len(called) - 2
    assert isinstance(found.verdict, Refusal)
    assert why in found.sentence


def test_few_cells_give_no_negative() -> None:
    found = screened("simulated:cells=8,blasts=0,seed=3,frames=12")
    assert isinstance(found.verdict, Refusal)


def test_a_slide_without_white_cells_gives_no_result() -> None:
    found = screened("simulated:cells=0,frames=3")
    assert isinstance(found.verdict, Refusal)
    assert found.cells == ()


def test_every_sighting_has_a_crop_of_the_card() -> None:
    bundle = simulated_bundle()
    found = screened("simulated:cells=12,frames=8,seed=4")
    side = bundle.card.input.side_px
    assert found.cells
    for cell in found.cells:
        assert 1 <= len(cell.sightings) <= 3
        assert all(s.crop.shape == (side, side, 3) for s in cell.sightings)


def test_a_fault_is_listed_as_skipped() -> None:
    with slide_run() as run:
        looked = run.look(Fault(name="a.jpg", reason=TORN))
    assert (looked.report.status, looked.report.reason) == ("skipped", TORN)
    assert looked.seen.whole == ()


@pytest.mark.parametrize("only_new", [False, True])
@pytest.mark.parametrize("largest", [MAX_AHEAD_SIZE, 1000])
def test_several_frames_at_once_give_what_one_after_another_gives(
    largest: int, monkeypatch: pytest.MonkeyPatch, *, only_new: bool
) -> None:
    monkeypatch.setattr(search_ahead, "MAX_AHEAD_SIZE", largest)
    with camera_on("simulated:cells=12,frames=10,seed=4") as camera:
        items: list[Frame | Fault] = [f for _ in range(10) if (f := camera.read())]
    items.insert(5, Fault(name="torn", reason=TORN))
    how = {"only_new": only_new}
    with slide_run(**how) as run, slide_run(**how) as other:
        apart = [run.look(item) for item in items]
        at_once = list(look_at_all(other, items, 3))
        assert [a.report for a in apart] == [b.report for b in at_once]
        assert [a.place for a in apart] == [b.place for b in at_once]
        assert facts(run) == facts(other)


def counted(frames: list[Frame], **how: object) -> tuple[Screening, int]:
    """Return what a run gives, and how many searches it took."""
    n_searched = 0

    class Counting(ServingSegmenter):
        def segment(self, *given: object, **more: object) -> tuple[Segmentation, str]:
            nonlocal n_searched
            n_searched += 1
            return super().segment(*given, **more)  # type: ignore[arg-type]

    with slide_run(segmenter=Counting(), **how) as run:
        for frame in frames:
            run.look(frame)
        return run.finish("test"), n_searched


def places(found: Screening) -> list[tuple[float, float]]:
    return sorted(c.best.slide_px for c in found.cells)


def test_searching_only_what_is_new_counts_the_same_cells() -> None:
    with camera_on("simulated:cells=12,frames=30,seed=4,jerks=1") as camera:
        frames = [f for _ in range(30) if isinstance(f := camera.read(), Frame)]
    every, n_every = counted(frames)
    found, n_searched = counted(frames, only_new=True)
    assert n_searched < 0.8 * n_every
    assert len(found.cells) == len(every.cells) > 5
    assert np.allclose(places(found), places(every), atol=10)
    assert [c.call and c.call.name for c in found.cells] == [
        c.call and c.call.name for c in every.cells
    ]


@pytest.mark.parametrize(
    "how",
    [{"sample_type": SampleType.MARROW}, {"scale_um_per_px": None}],
    ids=["marrow", "scale unknown"],
)
def test_where_it_is_not_sure_every_frame_is_searched(how: dict[str, object]) -> None:
    camera = camera_on("simulated:cells=12,seed=4,jerks=0")
    still = [Frame(name=str(i), pixels=camera.render(8), time_s=0.0) for i in range(5)]
    assert counted(still, only_new=True)[1] < len(still)
    assert counted(still, only_new=True, **how)[1] >= len(still)


def frames_to_a_last_strip(camera: SimulatedCamera) -> list[Frame]:
    """Return frames of which the last alone shows a strip, and none is due."""
    pixels = camera.render(8)
    around = np.pad(pixels, ((0, 0), (0, 60), (0, 0)), mode="reflect")
    steps = (0, 0, 0, 60)
    return [
        Frame(name=str(i), pixels=around[:, x : x + pixels.shape[1]].copy(), time_s=0.0)
        for i, x in enumerate(steps)
    ]


def test_a_frame_that_was_held_back_is_searched_at_a_pause_and_in_the_end() -> None:
    frames = frames_to_a_last_strip(camera_on("simulated:cells=12,seed=4"))
    with slide_run(only_new=True) as run:
        looks = [run.look(frame) for frame in frames]
        assert looks[-1].found_by == ""
        before = sum(c.n_sightings for c in run.cells())
        [late] = run.catch_up()
        assert (late.frame.name, late.found_by) == ("3", "thresholds")
        assert sum(c.n_sightings for c in run.cells()) > before
        assert run.catch_up() == ()
    with slide_run(only_new=True) as run:
        for frame in frames:
            run.look(frame)
        images = run.finish("test").images
        assert run.catch_up() == ()
    was_sought = [bool(look.found_by) for look in looks]
    assert not all(was_sought)
    assert [i.is_searched for i in images] == [*was_sought[:-1], True]


def test_the_sentence_is_worked_out_anew_only_where_a_call_has_changed() -> None:
    with camera_on("simulated:cells=12,frames=16,seed=4") as camera:
        first, *others = [f for _ in range(16) if (f := camera.read())]
    with slide_run() as run:
        run.look(first)
        before = run.outcome()
        assert run.outcome() is before
        for frame in others:
            run.look(frame)
        n_calls = [o.n_cells + o.n_unclear for o in (before, run.outcome())]
        assert n_calls[1] == len(run.cells()) > n_calls[0]


def facts(run: SlideRun) -> list[tuple[object, ...]]:
    return [
        (
            c.id,
            c.n_sightings,
            c.call,
            [(s.frame, s.crop.tobytes()) for s in c.sightings],
        )
        for c in run.finish("test").cells
    ]


def test_a_model_for_real_blood_does_not_judge_a_simulation() -> None:
    with pytest.raises(BundleError, match="simulated"):
        screened("simulated:cells=4,frames=1", shipped_bundle_for("real"))


class CountingEngine:
    """The engine of a bundle that remembers how many crops it has judged."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.n_crops = 0

    def run(self, crops: np.ndarray) -> np.ndarray:
        self.n_crops += len(crops)
        return self._engine.run(crops)


def test_asking_again_classifies_nothing_twice() -> None:
    bundle = simulated_bundle()
    camera = camera_on("simulated:cells=12,frames=8,seed=4")
    with OnnxCpuEngine(bundle) as inner:
        engine = CountingEngine(inner)
        run = SlideRun(
            engine,  # type: ignore[arg-type]
            bundle,
            context=new_context(SIMULATED_SAMPLE, bundle.card, None, 0.1),
            scale_um_per_px=0.1,
            is_sequence=True,
        )
        for number in range(8):
            run.look(Frame(name=str(number), pixels=camera.render(number), time_s=0.0))
            cells = run.cells()
        asked = engine.n_crops
        assert run.cells() == cells
        run.look(Fault(name="9", reason=message("test")))
        assert run.cells() == cells
        assert engine.n_crops == asked
    assert cells
    assert all(c.call is not None for c in cells)


def test_a_count_goes_on_after_an_interruption_as_an_island_of_its_own() -> None:
    camera = camera_on("simulated:cells=12,frames=4,seed=4")
    frames = [Frame(name=str(i), pixels=camera.render(i), time_s=0.0) for i in range(4)]
    with slide_run() as first:
        for frame in frames:
            first.look(frame)
        before = first.cells()
    with slide_run(earlier=before) as second:
        for frame in frames:
            second.look(frame)
        found = second.finish("the second half")
    assert found.cells[: len(before)] == before
    assert len(found.cells) == 2 * len(before)
    assert found.tally.n_islands == 2
    assert "counted twice" in found.notes[1]


def test_a_new_area_that_overlaps_counts_no_cell_twice() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=40")
    with slide_run() as run:
        for i, number in enumerate([*range(0, 20, 2), *range(39, 10, -2)]):
            if i == 10:
                run.new_area()
            run.look(Frame(name=str(i), pixels=camera.render(number), time_s=0.0))
        found = run.finish("two areas")
    with slide_run() as steady:
        for number in [*range(0, 20, 2), *range(20, 40)]:
            name = str(number)
            steady.look(Frame(name=name, pixels=camera.render(number), time_s=0.0))
        n_cells = len(steady.cells())
    assert found.tally.n_islands == 1
    assert found.notes == (NOT_FOR_CARE.said(),)
    assert len(found.cells) == n_cells


@pytest.mark.slow
def test_a_slow_network_that_sees_every_third_frame_counts_the_same_cells() -> None:
    camera = camera_on("simulated:seed=1,cells=20,jerks=0")
    scale, segmenter = camera.scale_um_per_px, ServingSegmenter("unet-nuclei-1")
    with slide_run(scale_um_per_px=scale, segmenter=segmenter) as run:
        for number in range(0, len(camera.places_px), 3):
            pixels = camera.render(number)
            run.look(Frame(name=str(number), pixels=pixels, time_s=number / 10))
        found = run.finish("every third frame")
    assert (found.segmenter, found.segmenter_fallback) == ("unet-nuclei-1", "")
    assert found.tally.n_islands == 1
    assert len(found.cells) == len(camera.truth)


@pytest.mark.parametrize("sample_type", [None, *SampleType])
def test_gate_and_segmentation_know_whether_it_is_marrow(
    sample_type: SampleType | None,
) -> None:
    class Noting(ServingSegmenter):
        """Says to a list what it was told of each frame."""

        def segment(
            self, pixels: U8, scale_um_per_px: float | None, *, in_marrow: bool = False
        ) -> tuple[Segmentation, str]:
            told.append(in_marrow)
            return super().segment(pixels, scale_um_per_px, in_marrow=in_marrow)

    told: list[bool] = []
    field = camera_on("simulated:seed=2,cells=30").render(40)
    with_little_plasma = (field * PLASMA_OF_CROWDED_NUCLEI).astype(np.uint8)
    is_marrow = sample_type is SampleType.MARROW
    with slide_run(sample_type=sample_type, segmenter=Noting()) as run:
        status = [
            run.look(Frame(name=str(n), pixels=p, time_s=0.0)).report.status
            for n, p in enumerate((field, with_little_plasma))
        ]
    assert status == ["screened", "screened" if is_marrow else "refused"]
    assert told == [is_marrow] * status.count("screened")


def test_without_a_scale_there_is_no_verdict() -> None:
    with slide_run(scale_um_per_px=None) as run:
        found = run.outcome()
    assert isinstance(found, Refusal)
    assert "what a pixel" in found.sentence


def test_without_a_scale_the_cells_of_earlier_frames_say_one() -> None:
    camera = camera_on("simulated:seed=1,cells=20,jerks=0")
    frames = [
        Frame(name=str(n), pixels=camera.render(n), time_s=n / 10)
        for n in range(0, 9, 3)
    ]
    n_whole = []
    for scale in (camera.scale_um_per_px, None):
        with slide_run(scale_um_per_px=scale) as run:
            n_whole.append([len(run.look(frame).seen.whole) for frame in frames])
    assert n_whole[0] == n_whole[1]
    assert sum(n_whole[0]) > 0


def test_a_call_by_an_early_scale_that_more_cells_contradict_does_not_stand() -> None:
    """The first field is half as fine as the rest, and says a scale of its own."""
    camera = camera_on("simulated:seed=1,cells=20,jerks=0")
    fields = [
        Frame(name=str(n), pixels=camera.render(3 * n), time_s=0.0) for n in range(5)
    ]
    coarse = np.ascontiguousarray(fields[0].pixels[::2, ::2])
    with slide_run(scale_um_per_px=None, is_sequence=False) as run:
        run.look(replace(fields[0], pixels=coarse))
        first = {c.id: c.call for c in run.cells()}
        for field in fields[1:]:
            run.look(field)
        found = run.finish("a folder")
    assert found.scale_estimate is not None
    early = [c for c in found.cells if c.id in first]
    assert {c.best.by_cells_um_per_px for c in early} != {None}
    assert {call.name for call in first.values() if call} & {
        CallName.BLAST,
        CallName.NORMAL,
    }
    assert {c.call.name for c in early if c.call} == {CallName.UNCLEAR}
    later = {c.call.name for c in found.cells if c.call and c.id not in first}
    assert later & {CallName.BLAST, CallName.NORMAL}


TWO_SCALES = "simulated:seed=1,cells=40,blasts=0,jerks=0"


def fields_at(factor: int) -> list[Frame]:
    """Fields of the simulated slide, magnified, numbered from 0 as a camera's are."""
    camera = camera_on(TWO_SCALES)
    found = []
    for number in range(6):
        pixels = camera.render(3 * number)
        height, width = (side // factor for side in pixels.shape[:2])
        shown = cv2.resize(pixels[:height, :width], pixels.shape[1::-1])
        shown = np.asarray(shown, np.uint8)
        found.append(Frame(name=f"frame {number:06d}", pixels=shown, time_s=0.0))
    return found


def test_fields_of_two_objectives_give_no_negative_and_unclear_cells() -> None:
    twice = [replace(f, name=f"twice {f.name}") for f in fields_at(2)]
    with slide_run(is_sequence=False) as run:
        for field in (*fields_at(1), *twice):
            run.look(field)
        found = run.finish("a folder")
    assert "scale-mixed" in [doubt.reason.id for doubt in found.doubts]
    assert isinstance(found.verdict, Refusal)
    cells = [c for c in result_object(found)["cells"] if c["counted"]]
    off = [c for c in cells if c["image"].startswith("twice")]
    assert off
    assert {(c["call"], c["is_off_scale"]) for c in off} == {("unclear", True)}
    own = [c for c in cells if c not in off]
    assert own
    assert {c["is_off_scale"] for c in own} == {False}


def test_an_objective_turned_after_an_interruption_takes_no_call_from_before() -> None:
    """A camera numbers its frames anew, so that their names recur."""
    gathered = NOTHING_GATHERED
    with slide_run(is_sequence=False) as first:
        for number, field in enumerate(fields_at(1)):
            looked = first.look(field)
            one = gather(looked.report, looked.bearing, number)
            gathered = together(gathered, one)
        before = first.cells()
    how = {"earlier": before, "gathered": gathered, "is_sequence": False}
    with slide_run(**how) as second:
        for field in fields_at(2):
            second.look(field)
        found = second.finish("the second half")
    assert "scale-mixed" in [doubt.reason.id for doubt in found.doubts]
    assert found.cells[: len(before)] == before
    since = [c.call for c in found.cells[len(before) :]]
    assert since
    assert all(call and call.is_off_scale for call in since)


def test_a_passive_watch_gives_no_negative() -> None:
    with slide_run(mode="passive") as run:
        found = run.finish("a malaria film").verdict
    assert isinstance(found, Refusal)
    assert "passive watch" in found.sentence


def test_another_bundles_normal_slides_are_refused() -> None:
    slides = (NormalSlide(n_cells=200, n_blast=3),) * 5
    site = SiteBackground(bundle="another", slides=slides)
    with pytest.raises(ConfigError, match="counted with another"), slide_run(site=site):
        pass


def test_a_sites_own_background_is_told() -> None:
    slides = (NormalSlide(n_cells=200, n_blast=3),) * 5
    site = SiteBackground(bundle="simulated-1", slides=slides)
    with slide_run(site=site) as run:
        assert run.finish("a slide").background_from == "site"


def test_blood_of_healthy_people_is_no_background_of_marrow() -> None:
    slides = (NormalSlide(n_cells=200, n_blast=3),) * 5
    site = SiteBackground(bundle="simulated-1", slides=slides)
    card = simulated_bundle().card
    marrow = replace(SIMULATED_SAMPLE, sample_type=SampleType.MARROW)
    measured = [
        new_context(facts, card, site, 0.1).background.measured_by
        for facts in (SIMULATED_SAMPLE, marrow)
    ]
    assert measured == ["site", "bundle"]


@pytest.mark.parametrize("only_new", [False, True])
def test_a_dark_frame_silences_no_bright_one_at_the_same_place(
    *, only_new: bool
) -> None:
    (bright,) = first_frames(1)
    frames = [replace(bright, name=name) for name in ("dark", "first", "second")]
    frames[0] = replace(frames[0], pixels=bright.pixels // 5)
    with slide_run(only_new=only_new) as run:
        looked = [run.look(frame) for frame in frames]
    assert [r.report.status for r in looked] == ["refused", "screened", "screened"]
    said = [r.bearing is not None and r.bearing.frame_scale for r in looked]
    assert [bool(one) for one in said[1:]] == [True, False]


def test_parts_that_were_counted_before_are_counted_on() -> None:
    with slide_run(tally=Tally(n_smudges=2, n_islands=3)) as run:
        assert run.tally() == Tally(n_smudges=2, n_islands=3)
