"""The road of a frame, from the camera to the verdict, and nothing else.

    camera -> quality -> segmentation -> motion -> crop -> cells -> calls -> verdict

Two ways to walk it. In a *sequence* the frames show one slide under a hand-moved
stage, overlap, and each cell is counted once by its place on the slide. In *separate
fields* no two images overlap: every whole cell counts, and a cell cut off by the edge,
which has no second chance here, is listed but not counted.

A `SlideRun` walks it frame by frame and can be asked at any time what it holds; the
live device does that. `screen` is a loop over it.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace

from tqdm import tqdm

from leukoscope_edge.capture import Camera, items_of
from leukoscope_edge.counting import (
    NOTHING_GATHERED,
    Asked,
    Due,
    EarlierFrames,
    Evidence,
    FrameResult,
    FrameSearch,
    Gathered,
    Searched,
    SearchPlan,
    SeenCells,
    SiteBackground,
    SlideCells,
    SlideContext,
    by_model,
    conclude,
    doubts_of_twice,
    keep_calls_to_scale,
    never_counted,
)
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import (
    Bundle,
    Card,
    Engine,
    ServingSegmenter,
    classify,
    new_context,
    vote,
)
from leukoscope_edge.messages import Message
from leukoscope_edge.outcome import Doubt, Refusal, Verdict
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.screening_result import (
    ImageReport,
    ModelUsed,
    Screening,
    note_late_search,
)
from leukoscope_edge.search_ahead import look_at_all
from leukoscope_edge.types import (
    NOTHING_COUNTED,
    THRESHOLDS,
    Call,
    Cell,
    Domain,
    Fault,
    Frame,
    Sighting,
    Tally,
)


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
        gathered: Gathered = NOTHING_GATHERED,
        tally: Tally = NOTHING_COUNTED,
        segmenter: ServingSegmenter | None = None,
        only_new: bool = False,
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
            gathered: What the frames before it bore witness of.
            tally: What else was counted before it.
            segmenter: Finds the cells; None: thresholds do.
            only_new: Search only frames that show something new (`SearchPlan`). Of
                marrow, of separate fields and where no scale is known, each is.
        """
        self._segmenter = segmenter or ServingSegmenter()
        self._engine, self._card = engine, bundle.card
        self._context = context
        self._scale_um_per_px = scale_um_per_px
        self._spec = bundle.card.input.crop_spec
        in_marrow = context.is_marrow
        self._search = FrameSearch(self._segmenter, self._spec, in_marrow=in_marrow)
        self._plan: SearchPlan | None = None
        if only_new and is_sequence and scale_um_per_px and not in_marrow:
            self._plan = SearchPlan(scale_um_per_px)
        self._seen = SeenCells()
        self._is_sequence = is_sequence
        self._first_island = 1 + max((c.island for c in earlier), default=-1)
        self._frames = EarlierFrames(
            scale_um_per_px,
            is_sequence=is_sequence,
            first_island=self._first_island,
            spoken=gathered.frame_scales,
        )
        self._cells = SlideCells(earlier, is_sequence=is_sequence)
        self._earlier_islands = {c.island for c in earlier}
        self._islands: set[int] = set()
        self._calls: dict[Sighting, Call] = {}
        self._listed: tuple[Cell, ...] | None = None
        self._images: list[ImageReport] = []
        self._evidence = Evidence(
            scale_um_per_px, is_sequence=is_sequence, earlier=gathered
        )
        self._earlier_tally = tally
        self._last_concluded: tuple[object, Verdict | Refusal] | None = None

    def look(self, item: Frame | Fault) -> FrameResult:
        """Look at one frame: gate it, place it, find its cells and count them."""
        return self.take_in(self._search.find(self._ask(item)))

    def seek(self, item: Frame | Fault, pool: Executor) -> Future[FrameResult]:
        """Place a frame and have its cells sought; `take_in` counts them.

        Frames are placed and taken in in their order; only what needs nothing but the
        frame runs beside the work on others: the result is the same to the last bit.

        Args:
            item: What the camera shows.
            pool: Its threads search, and gate where that decides what is searched.
        """
        return pool.submit(self._search.find, self._ask(item, pool))

    def pass_over(self, item: Frame | Fault) -> None:
        """Know a field that was counted before an interruption again."""
        self._frames.pass_over(item)

    def new_area(self) -> None:
        """Count on from a place that need not touch where the lens has been.

        The cells there are an island until a frame shows that it overlaps with another.
        """
        self._frames.new_area()

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell counted so far with its call.

        A sighting is classified at most once, and only if it is among the kept.
        """
        if self._listed is None:
            called = self._with_calls(self._cells.whole())
            known = self._frames.scale_estimate(), self._evidence.off_scale()
            islands = self._first_island, self._frames.off_scale()
            self._listed = keep_calls_to_scale(called, *known, *islands)
        return self._listed

    def _with_calls(self, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        uncalled = [c for c in cells if c.call is None]
        if not uncalled:
            return cells
        called = {c.id: c for c in self._call(uncalled)}
        self._cells.keep_calls(called.values())
        kept = {s for c in cells for s in c.sightings}
        self._calls = {s: call for s, call in self._calls.items() if s in kept}
        return tuple(called.get(c.id, c) for c in cells)

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what forbids a negative so far, beside the calls."""
        return (*self._context.doubts, *self._evidence.doubts())

    def outcome(self) -> Verdict | Refusal:
        """Say what the slide shows so far."""
        return self._outcome(is_over=False)

    def finish(self, source: str, *, quality: Sequence[Message] = ()) -> Screening:
        """Return all that the results show.

        Args:
            source: What the user named, for the record.
            quality: What of the device's quality is out of control.
        """
        self.catch_up()
        twice = () if self._is_sequence else doubts_of_twice(self.cells())
        self._context = self._context.at_the_end(quality, twice)
        self._last_concluded = None
        card, spec = self._card, self._spec
        return Screening(
            source=source,
            facts=self._context.facts,
            domain=card.domain,
            is_sequence=self._is_sequence,
            verdict=self._outcome(is_over=True),
            cells=self.cells(),
            cut_off_cells=never_counted(self._call(self._cells.never_whole())),
            tally=self.tally(),
            images=tuple(self._images),
            model=_model_used(card, self._engine),
            scale_um_per_px=self._scale_um_per_px,
            view_um=spec.side_px * spec.scale_um_per_px,
            background_from=self._context.background.measured_by,
            segmenter=self._segmenter.name,
            segmenter_fallback=self._segmenter.fallback,
            scale_estimate=self._frames.scale_estimate(),
            doubts=(*self._evidence.doubts(), *twice),
            remarks=self._evidence.remarks(),
        )

    def tally(self) -> Tally:
        """Return what else was counted so far."""
        before = self._earlier_tally
        n_before = before.n_islands or len(self._earlier_islands)
        return Tally(
            frames=self._evidence.frames,
            n_smudges=before.n_smudges + self._cells.n_smudges,
            n_islands=n_before + len(self._islands) if self._is_sequence else 0,
        )

    def _outcome(self, *, is_over: bool) -> Verdict | Refusal:
        """Conclude anew only where a call has changed: most frames change none."""
        calls = tuple(c.call for c in self.cells() if c.call is not None)
        doubts = self.doubts()
        context = replace(self._context, is_over=is_over, doubts=doubts)
        asked = calls, is_over, doubts
        if self._last_concluded is None or self._last_concluded[0] != asked:
            self._last_concluded = asked, conclude([*map(by_model, calls)], context)
        return self._last_concluded[1]

    def _ask(self, item: Frame | Fault, pool: Executor | None = None) -> Asked:
        """Say what is to be done with a frame; in the order of the frames."""
        if isinstance(item, Fault):
            return Asked(item=item, turn=self._frames.turn(item))
        plan = self._plan
        gate = self._search.gate_of(item, pool if plan else None)
        turn = self._frames.turn(item)
        if not (plan or turn.speaks):
            return Asked(item=item, turn=turn)
        gated = gate(turn.place)
        turn = self._frames.listen(turn, gated.why_not)
        asked = Asked(item=item, turn=turn, gated=gated)
        if plan is None or turn.place is None:
            return asked
        if turn.reason(gated.why_not) is not None or turn.outside is not None:
            return replace(asked, due=Due(before=plan.interrupt(turn.place)))
        candidate = plan.candidate(item, turn.place, gated.focus)
        return replace(asked, due=plan.due(candidate))

    def take_in(self, looked: FrameResult) -> FrameResult:
        """Count what a frame showed; in the order of the frames.

        Returns:
            The same, with the known cells that were followed where it was not searched.
        """
        self._count_late(looked.late)
        island = self._first_island + len(self._images)
        if looked.place is not None:
            island = looked.place.island
            if (joined := looked.place.joined) is not None:
                self._islands.discard(joined.island)
                self._cells.join(joined)
        if self._plan is not None:
            looked = self._seen.take_in(looked)
        self._listed = None
        self._images.append(looked.report)
        self._evidence.add(looked.report, looked.bearing)
        if looked.report.status == "screened":
            self._islands.add(island)
        self._cells.add(looked.seen, island)
        self._cells.see_again(looked.followed, island)
        return looked

    def catch_up(self) -> tuple[Searched, ...]:
        """Search the frames that are held: each shows what no search showed yet.

        For whoever pauses or ends: no other frame will tell whether it is needed.
        """
        held = self._plan.left() if self._plan is not None else ()
        late = self._search.find_late(held, self._scale_um_per_px)
        self._count_late(late)
        return late

    def _count_late(self, late: tuple[Searched, ...]) -> None:
        for one in late:
            self._listed = None
            note_late_search(self._images, one.frame.name)
            if one.place is not None:
                self._cells.add(one.seen, one.place.island)

    def _call(self, cells: Sequence[Cell]) -> list[Cell]:
        kept = [s for c in cells for s in c.sightings]
        fresh = [s for s in kept if s not in self._calls]
        crops, in_marrow = [s.crop for s in fresh], self._context.is_marrow
        calls = classify(self._engine, crops, self._card, in_marrow=in_marrow)
        self._calls.update(zip(fresh, calls, strict=True))
        return [
            replace(
                c, call=vote([self._calls[s] for s in c.sightings], self._card.decision)
            )
            for c in cells
        ]


def _model_used(card: Card, engine: Engine) -> ModelUsed:
    return ModelUsed(
        id=card.id,
        sha256=card.model_cpu.sha256,
        engine=engine.name,
        fallback=engine.fallback,
        validation=card.validation,
        limits=card.limits,
    )


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
    only_new: bool = False,
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
        only_new: Of a sequence: search only frames that show something new.
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
        only_new=only_new,
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
