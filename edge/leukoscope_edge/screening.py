"""The road of a frame, from the camera to the verdict, and nothing else.

    camera -> quality -> segmentation -> motion -> crop -> cells -> calls -> verdict

Two ways to walk it. In a *sequence* the frames show one slide under a hand-moved
stage, overlap, and each cell is counted once by its place on the slide. In *separate
fields* no two images overlap: every whole cell counts, and a cell cut off by the edge,
which has no second chance here, is listed but not counted.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tqdm import tqdm

from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.counting.cells import Album, separate_cells
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.counting.verdict import decide
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.card import Card
from leukoscope_edge.inference.classifier import classify, vote
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.types import (
    Call,
    CallName,
    Cell,
    CellKind,
    Fault,
    Frame,
    ImageReport,
    ModelUsed,
    Refusal,
    Screening,
    Segmentation,
    Sighting,
    Verdict,
)
from leukoscope_edge.vision.crop import CropSpec, cut, cut_view
from leukoscope_edge.vision.motion import Placement, StageTracker, TrackingState
from leukoscope_edge.vision.quality import assess, sharpness
from leukoscope_edge.vision.segmentation import segment

VIEW_SIDE_PX = 96
"""Side of the pictures for people; the model's crop has the card's own side."""
GUIDANCE = {
    TrackingState.TOO_FAST: "moved too fast: hold still",
    TrackingState.LOST: "lost the place: go back slowly to where you were",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The white cells that one frame shows."""

    whole: tuple[Sighting, ...] = ()
    cut_off: tuple[Sighting, ...] = ()
    smudges: tuple[Sighting, ...] = ()


NOTHING_SEEN = Seen()


def screen(
    camera: Camera,
    engine: Engine,
    bundle: Bundle,
    *,
    source: str,
    is_sequence: bool,
    show_progress: bool = False,
) -> Screening:
    """Screen everything that a camera shows.

    Args:
        camera: An opened source.
        engine: The bundle's model on some backend.
        bundle: A model made for the same domain as the source.
        source: What the user named, for the record.
        is_sequence: The frames overlap on one slide, as under a moving stage.
        show_progress: Show a bar on stderr.

    Raises:
        BundleError: The model was made for another domain, or fails.
    """
    card = bundle.card
    _check_domain(camera, card)
    spec = crop_spec(card)
    images, seen = [], []
    tracker = StageTracker() if is_sequence else None
    bar = tqdm(total=camera.n_frames, disable=not show_progress, unit="frame")
    with bar:
        for item in _items(camera):
            report, shown = look(item, camera.scale_um_per_px, spec, tracker)
            images.append(report)
            seen.append(shown)
            bar.update()
    counted, cut_off, n_smudges = _gather(seen, is_sequence=is_sequence)
    cells = call_cells(counted, engine, card)
    return Screening(
        source=source,
        domain=card.domain,
        is_sequence=is_sequence,
        verdict=_verdict(cells, card, camera.scale_um_per_px),
        cells=cells,
        cut_off_cells=_never_counted(call_cells(cut_off, engine, card)),
        n_smudges=n_smudges,
        images=tuple(images),
        model=ModelUsed(
            id=card.id,
            sha256=card.model_cpu.sha256,
            engine=engine.name,
            fallback=engine.fallback,
        ),
        scale_um_per_px=camera.scale_um_per_px,
        view_um=spec.side_px * spec.scale_um_per_px,
    )


def look(
    item: Frame | Fault,
    scale_um_per_px: float | None,
    spec: CropSpec,
    tracker: StageTracker | None,
) -> tuple[ImageReport, Seen]:
    """Look at one frame: gate it, place it, find its cells and cut them out.

    Args:
        item: A frame, or the fault that stands in its place.
        scale_um_per_px: The calibration; None lets segmentation estimate one.
        spec: How the model wants its crops.
        tracker: Places the frame on the slide; None for separate fields.
    """
    if isinstance(item, Fault):
        return ImageReport(
            name=item.name, status="skipped", reason=item.reason
        ), NOTHING_SEEN
    placement = tracker.update(item.pixels) if tracker else None
    why_not = _why_not(item, placement)
    if why_not is not None:
        return _image_report(item, why_not), NOTHING_SEEN
    segmentation = segment(item.pixels, scale_um_per_px)
    origin = (placement.x_px, placement.y_px) if placement else (0.0, 0.0)
    return _image_report(item, None), sightings(item, segmentation, origin, spec)


def sightings(
    frame: Frame,
    segmentation: Segmentation,
    origin_px: tuple[float, float],
    spec: CropSpec,
) -> Seen:
    """Cut out every white cell of a frame.

    Args:
        frame: The frame.
        segmentation: What stands in it.
        origin_px: Slide coordinates of the frame's top-left corner.
        spec: How the model wants its crops.
    """

    def of(kind: CellKind) -> tuple[Sighting, ...]:
        return tuple(
            _sighting(frame, segmentation, i, origin_px, spec)
            for i in segmentation.indices(kind)
        )

    return Seen(
        whole=of(CellKind.WBC),
        cut_off=of(CellKind.BORDER),
        smudges=of(CellKind.SMUDGE),
    )


def call_cells(cells: Sequence[Cell], engine: Engine, card: Card) -> tuple[Cell, ...]:
    """Return the cells, each with the call that its kept sightings vote for."""
    crops = [s.crop for c in cells for s in c.sightings]
    calls = iter(classify(engine, crops, card))
    voted = (vote([next(calls) for _ in c.sightings], card.decision) for c in cells)
    return tuple(replace(c, call=v) for c, v in zip(cells, voted, strict=True))


def crop_spec(card: Card) -> CropSpec:
    """Return how a card's model wants its crops."""
    return CropSpec(
        side_px=card.input.side_px,
        scale_um_per_px=card.input.scale_um_per_px,
        colour=card.input.colour,
    )


def _check_domain(camera: Camera, card: Card) -> None:
    if camera.domain != card.domain:
        raise BundleError(
            f"{card.id} was made for {card.domain} slides, and this source is "
            f"{camera.domain}: name another model with --bundle, or none"
        )


def _items(camera: Camera) -> Iterator[Frame | Fault]:
    while (item := camera.read()) is not None:
        yield item


def _why_not(frame: Frame, placement: Placement | None) -> str | None:
    """Return why a frame is not judged, None where it is."""
    instruction = assess(frame.pixels).instruction
    if instruction is None and placement is not None:
        return GUIDANCE.get(placement.state)
    return instruction


def _image_report(frame: Frame, why_not: str | None) -> ImageReport:
    height, width = frame.pixels.shape[:2]
    return ImageReport(
        name=frame.name,
        status="screened" if why_not is None else "refused",
        reason=why_not or "",
        width_px=width,
        height_px=height,
    )


def _sighting(
    frame: Frame,
    segmentation: Segmentation,
    index: int,
    origin_px: tuple[float, float],
    spec: CropSpec,
) -> Sighting:
    x, y = (float(v) for v in segmentation.centres_px[index])
    x0, y0, x1, y1 = (int(v) for v in segmentation.boxes_px[index])
    box = segmentation.nucleus_labels[y0:y1, x0:x1]
    area_px = int((box == index + 1).sum())
    scale = segmentation.scale_um_per_px
    mask = segmentation.cell_labels == index + 1
    view = replace(
        spec,
        side_px=VIEW_SIDE_PX,
        scale_um_per_px=spec.side_px * spec.scale_um_per_px / VIEW_SIDE_PX,
    )
    return Sighting(
        frame=frame.name,
        box_px=(x0, y0, x1, y1),
        centre_px=(x, y),
        slide_px=(x + origin_px[0], y + origin_px[1]),
        sharpness=sharpness(frame.pixels[y0:y1, x0:x1]),
        crop=cut(frame.pixels, mask, (x, y), scale, spec),
        view=cut_view(frame.pixels, (x, y), scale, view),
        radius_px=math.sqrt(area_px / math.pi),
    )


def _gather(
    seen: list[Seen], *, is_sequence: bool
) -> tuple[tuple[Cell, ...], tuple[Cell, ...], int]:
    """Return the cells that count, those cut off, and how many smudges there are."""
    if not is_sequence:
        whole = separate_cells(s for shown in seen for s in shown.whole)
        cut_off = separate_cells(
            (s for shown in seen for s in shown.cut_off), first_id=len(whole) + 1
        )
        return whole, cut_off, sum(len(shown.smudges) for shown in seen)
    cells, smudges = Album(), Album()
    for shown in seen:
        cells.add(shown.whole)
        smudges.add(shown.smudges)
    return cells.cells(), (), len(smudges.cells())


def _never_counted(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Make cut-off cells unclear: half a cell is not judged."""
    return tuple(
        replace(
            c, call=Call(name=CallName.UNCLEAR, p_blast=c.call.p_blast if c.call else 0)
        )
        for c in cells
    )


def _verdict(
    cells: tuple[Cell, ...], card: Card, scale_um_per_px: float | None
) -> Verdict | Refusal:
    calls = [c.call for c in cells if c.call is not None]
    spread = BetaSpread(alpha=card.false_calls.alpha, beta=card.false_calls.beta)
    outcome = decide(calls, false_calls=spread)
    if scale_um_per_px is not None:
        return outcome
    return Refusal(
        reason="nobody said what a pixel of these images measures, and the model "
        "judges size",
        cure="Calibrate, or give --um-per-px.",
        n_cells=outcome.n_cells,
        n_blast=outcome.n_blast,
        n_unclear=outcome.n_unclear,
    )
