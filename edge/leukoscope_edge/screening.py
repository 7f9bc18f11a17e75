"""The road of a frame, from the camera to the verdict, and nothing else.

    camera -> quality -> segmentation -> motion -> crop -> cells -> calls -> verdict

Two ways to walk it. In a *sequence* the frames show one slide under a hand-moved
stage, overlap, and each cell is counted once by its place on the slide. In *separate
fields* no two images overlap: every whole cell counts, and a cell cut off by the edge,
which has no second chance here, is listed but not counted.

A `SlideRun` walks it frame by frame and can be asked at any time what it holds; the
live device does that. `screen` is a loop over it.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial

from tqdm import tqdm

from leukoscope_edge.capture import Camera, items_of
from leukoscope_edge.counting import (
    Bearing,
    EarlierFrames,
    Evidence,
    SiteBackground,
    SlideCells,
    SlideContext,
    Turn,
    bearing_of,
    by_model,
    conclude,
    never_counted,
)
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    ServingSegmenter,
    classify,
    new_context,
    vote,
)
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.screening_result import (
    ImageReport,
    ModelUsed,
    Screening,
    report_of_copy,
    report_of_fault,
    report_of_frame,
)
from leukoscope_edge.search_ahead import look_at_all
from leukoscope_edge.types import (
    THRESHOLDS,
    Call,
    Cell,
    Domain,
    Fault,
    Frame,
    Sighting,
    Tally,
)
from leukoscope_edge.vision import (
    NOTHING_SEEN,
    FrameDetections,
    Placement,
    TrackingState,
    Visited,
    assess,
    search,
)
from leukoscope_edge.vision.scale import filled

GUIDANCE = {
    TrackingState.TOO_FAST: message("moved-too-fast"),
    TrackingState.LOST: message("lost-place"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameResult:
    """What one look at a frame gave.

    Attributes:
        report: Whether the frame was judged, and if not what to do.
        seen: Its white cells; none where it was not judged.
        place: Where it lies on the slide; None for separate fields and faults.
        found_by: What found the cells; "" where the frame was not judged.
        bearing: What it bears witness of, judged or not; None for faults and copies.
    """

    report: ImageReport
    seen: FrameDetections = NOTHING_SEEN
    place: Placement | None = None
    found_by: str = ""
    bearing: Bearing | None = None


class SlideRun:
    """One slide under way: give it frames, ask it at any time what it holds."""

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        *,
        context: SlideContext,
        scale_um_per_px: float | None,
        is_sequence: bool,
        earlier: Sequence[Cell] = (),
        segmenter: ServingSegmenter | None = None,
    ) -> None:
        """Start a slide, or go on with one after an interruption.

        Args:
            engine: The bundle's model on some backend.
            bundle: The model, and how well it does.
            context: All that decides over the verdict beside the calls.
            scale_um_per_px: The calibration; None lets the cells of all frames so far
                say one.
            is_sequence: The frames overlap on one slide, as under a moving stage.
            earlier: Cells with their calls, counted before an interruption. Their
                place is not found again, so they are islands of their own.
            segmenter: Finds the cells; None: thresholds do.
        """
        self._segmenter = segmenter or ServingSegmenter()
        self._engine = engine
        self._card = bundle.card
        self._context = context
        self._scale_um_per_px = scale_um_per_px
        self._spec = bundle.card.input.crop_spec
        self._is_sequence = is_sequence
        self._first_island = 1 + max((c.island for c in earlier), default=-1)
        self._frames = EarlierFrames(
            scale_um_per_px, is_sequence=is_sequence, first_island=self._first_island
        )
        self._cells = SlideCells(earlier, is_sequence=is_sequence)
        self._earlier_islands = {c.island for c in earlier}
        self._islands: set[int] = set()
        self._calls: dict[Sighting, Call] = {}
        self._images: list[ImageReport] = []
        self._evidence = Evidence(scale_um_per_px, is_sequence=is_sequence)
        self._last_concluded: tuple[object, Verdict | Refusal] | None = None

    def look(self, item: Frame | Fault) -> FrameResult:
        """Look at one frame: gate it, place it, find its cells and count them."""
        return self.take_in(self._find(item, self._frames.turn(item)))

    def seek(self, item: Frame | Fault, pool: Executor) -> Future[FrameResult]:
        """Place a frame and have its cells sought; `take_in` counts them.

        Frames are placed and taken in in their order. Only the search, which needs
        nothing but the frame, may run beside the work on others, so that the result is
        the same to the last bit.

        Args:
            item: What the camera shows.
            pool: Its threads search.
        """
        return pool.submit(self._find, item, self._frames.turn(item))

    def new_area(self) -> None:
        """Count on from a place that need not touch where the lens has been.

        For a technician who cannot find the last place again. The cells there are an
        island until a frame shows that it overlaps with another.
        """
        self._frames.new_area()

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell counted so far with its call.

        A sighting is classified at most once, and only if it is among the kept.
        """
        cells = self._cells.whole()
        uncalled = [c for c in cells if c.call is None]
        if not uncalled:
            return cells
        called = {c.id: c for c in self._call(uncalled)}
        self._cells.keep_calls(called.values())
        kept = {s for c in cells for s in c.sightings}
        self._calls = {s: call for s, call in self._calls.items() if s in kept}
        return tuple(called.get(c.id, c) for c in cells)

    def outcome(self) -> Verdict | Refusal:
        """Say what the slide shows so far."""
        return self._outcome(is_over=False)

    def visited(self) -> tuple[Visited, ...]:
        """Return the map of where the lens has been."""
        return self._frames.visited()

    def finish(self, source: str, *, quality: Sequence[Message] = ()) -> Screening:
        """Return all that the results show.

        Args:
            source: What the user named, for the record.
            quality: What of the device's quality is out of control.
        """
        held = (*self._context.quality, *quality)
        self._context = replace(self._context, quality=tuple(dict.fromkeys(held)))
        self._last_concluded = None
        card, spec = self._card, self._spec
        never = self._cells.never_whole()
        return Screening(
            source=source,
            facts=self._context.facts,
            domain=card.domain,
            is_sequence=self._is_sequence,
            verdict=self._outcome(is_over=True),
            cells=self.cells(),
            cut_off_cells=never_counted(self._call(never)),
            tally=self._tally(),
            images=tuple(self._images),
            model=ModelUsed(
                id=card.id,
                sha256=card.model_cpu.sha256,
                engine=self._engine.name,
                fallback=self._engine.fallback,
                validation=card.validation,
                limits=card.limits,
            ),
            scale_um_per_px=self._scale_um_per_px,
            view_um=spec.side_px * spec.scale_um_per_px,
            background_from=self._context.background.measured_by,
            segmenter=self._segmenter.name,
            segmenter_fallback=self._segmenter.fallback,
            scale_estimate=self._frames.scale_estimate(),
            doubts=self._evidence.doubts(self._images),
            remarks=self._evidence.remarks(),
        )

    def _tally(self) -> Tally:
        islands = self._islands | self._earlier_islands
        return Tally(
            frames=dict(Counter(i.status for i in self._images)),
            n_smudges=self._cells.n_smudges,
            n_islands=len(islands) if self._is_sequence else 0,
        )

    def _outcome(self, *, is_over: bool) -> Verdict | Refusal:
        """Conclude anew only where a call has changed: most frames change none."""
        calls = [by_model(c.call) for c in self.cells() if c.call is not None]
        doubts = (*self._context.doubts, *self._evidence.doubts(self._images))
        context = replace(self._context, is_over=is_over, doubts=doubts)
        asked = calls, is_over, doubts
        if self._last_concluded is None or self._last_concluded[0] != asked:
            self._last_concluded = asked, conclude(calls, context)
        return self._last_concluded[1]

    def _find(self, item: Frame | Fault, turn: Turn) -> FrameResult:
        """Gate a frame and find its cells; knows nothing of other frames."""
        if isinstance(item, Fault):
            return FrameResult(report=report_of_fault(item))
        if turn.copy_of:
            return FrameResult(report=report_of_copy(item, turn.copy_of))
        place = turn.place
        why_not = _why_not(item, place, in_marrow=self._context.is_marrow)
        report = report_of_frame(item, why_not)
        item = replace(item, pixels=filled(item.pixels, turn.outside))
        bearing = bearing_of(item, measures=turn.measures)
        if why_not is not None:
            return FrameResult(report=report, place=place, bearing=bearing)
        scale = turn.scale_um_per_px
        seen, found_by = search(
            item,
            partial(
                self._segmenter.segment,
                scale_um_per_px=scale,
                in_marrow=self._context.is_marrow,
            ),
            (place.x_px, place.y_px) if place else (0.0, 0.0),
            self._spec,
            scale_um_per_px=scale,
            outside=turn.outside,
        )
        return FrameResult(
            report=report, seen=seen, place=place, found_by=found_by, bearing=bearing
        )

    def take_in(self, looked: FrameResult) -> FrameResult:
        """Count what a frame showed; in the order of the frames."""
        island = self._first_island + len(self._images)
        if looked.place is not None:
            island = looked.place.island
            self._join(looked.place)
        self._images.append(looked.report)
        self._evidence.add(looked.bearing)
        if looked.report.status == "screened":
            self._islands.add(island)
        self._cells.add(looked.seen, island)
        return looked

    def _join(self, place: Placement) -> None:
        if place.joined is None:
            return
        self._islands.discard(place.joined.island)
        self._cells.join(place.joined)

    def _call(self, cells: Sequence[Cell]) -> list[Cell]:
        kept = [s for c in cells for s in c.sightings]
        fresh = [s for s in kept if s not in self._calls]
        calls = classify(
            self._engine,
            [s.crop for s in fresh],
            self._card,
            in_marrow=self._context.is_marrow,
        )
        self._calls.update(zip(fresh, calls, strict=True))
        return [
            replace(
                c, call=vote([self._calls[s] for s in c.sightings], self._card.decision)
            )
            for c in cells
        ]


def screen(
    camera: Camera,
    engine: Engine,
    bundle: Bundle,
    *,
    source: str,
    is_sequence: bool,
    facts: SlideFacts,
    site: SiteBackground | None = None,
    segmenter: str = THRESHOLDS,
    n_threads: int = 1,
    show_progress: bool = False,
) -> Screening:
    """Screen everything that a camera shows.

    Args:
        camera: An opened source.
        engine: The bundle's model on some backend.
        bundle: A model made for the same domain as the source.
        source: What the user named, for the record.
        is_sequence: The frames overlap on one slide, as under a moving stage.
        facts: What a person says of the slide.
        site: This site's own normal slides; None takes the bundle's background.
        segmenter: How cells are found: "thresholds", or a shipped network; where it
            does not serve, thresholds do, and the result says why.
        n_threads: Frames in which cells are sought at once.
        show_progress: Show a bar on stderr.

    Raises:
        BundleError: The model was made for another domain, or fails.
        ConfigError: The site's slides were counted with another bundle.
    """
    require_domain(camera.domain, bundle)
    run = SlideRun(
        engine,
        bundle,
        context=new_context(facts, bundle.card, site, camera.scale_um_per_px),
        scale_um_per_px=camera.scale_um_per_px,
        is_sequence=is_sequence,
        segmenter=ServingSegmenter(segmenter),
    )
    bar = tqdm(total=camera.n_frames, disable=not show_progress, unit="frame")
    with bar:
        for _ in look_at_all(run, items_of(camera), n_threads):
            bar.update()
    return run.finish(source)


def require_domain(domain: Domain, bundle: Bundle) -> None:
    """Let no model judge what it was not made for.

    Raises:
        BundleError: The source shows another domain than the model's.
    """
    card = bundle.card
    if domain != card.domain:
        raise BundleError(
            f"{card.id} was made for {card.domain} slides, and this source is "
            f"{domain}: name another model with --bundle, or none"
        )


def _why_not(
    frame: Frame, placement: Placement | None, *, in_marrow: bool
) -> Message | None:
    """Return why a frame is not judged, None where it is."""
    instruction = assess(frame.pixels, in_marrow=in_marrow).instruction
    if instruction is None and placement is not None:
        return GUIDANCE.get(placement.state)
    return instruction
