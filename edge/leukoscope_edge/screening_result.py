"""What a screening comes to: the report of its pictures, its cells, its verdict."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from leukoscope_edge.messages import NOT_FOR_CARE, Message, message
from leukoscope_edge.outcome import Doubt, Refusal, Verdict, marked
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.types import (
    RESEARCH,
    THRESHOLDS,
    Cell,
    Domain,
    Fault,
    Frame,
    Tally,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """What became of one image or frame.

    Attributes:
        name: Of the frame.
        status: Judged; not usable; could not be read.
        reason: Why it was not judged, None where it was.
        width_px: Of its pixels, 0 where there are none.
        height_px: Of its pixels.
        is_searched: Whether its cells were sought; in a judged frame without a search
            known ones were followed.
        notes: What else a reader must know.
        copy_of: The image that shows the same field, and was counted; "" mostly.
        n_lost: Frames behind it that are missing from a video.
    """

    name: str
    status: Literal["screened", "refused", "skipped"]
    reason: Message | None = None
    width_px: int = 0
    height_px: int = 0
    is_searched: bool = False
    copy_of: str = ""
    n_lost: int = 0
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsed:
    """Which model judged, and on what it ran.

    `fallback` says why a slower backend served in the place of a faster one,
    `validation` what the card says: "research" or "clinical"; `limits` are its limits
    of use, one sentence each.
    """

    id: str
    sha256: str
    engine: str
    fallback: str = ""
    validation: str = RESEARCH
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleByCells:
    """What the cells of a source say of its scale; all None where they do not say.

    Attributes:
        um_per_px: Micrometres per pixel.
        low: Lower end of the 95 % interval.
        high: Its upper end.
    """

    um_per_px: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One run over one source: all that the results show.

    Attributes:
        source: What the user named.
        facts: What a person said of the slide.
        domain: Whether it shows real blood or a simulation.
        is_sequence: True where the frames overlap on one slide.
        verdict: The sentence, or why there is none.
        cells: Counted cells, each with its call.
        cut_off_cells: WBC that no frame showed whole; not counted.
        tally: What else was counted.
        images: What became of each image, in order.
        model: The model that judged.
        scale_um_per_px: Calibrated micrometres per pixel, None where unknown.
        view_um: Side of every view in micrometres, where the scale was given.
        background_from: Whose normal slides the background comes from: the bundle's,
            or this site's own.
        segmenter: How cells were found, at the end: "thresholds", or the name of a
            network.
        segmenter_fallback: Why thresholds served in the place of a network, and after
            how many frames; "" where they did not.
        scale_estimate: What the cells say where nobody gave a scale; else None.
        doubts: What is wrong with the pictures.
        remarks: What of them a reader must know that forbids nothing.
    """

    source: str
    facts: SlideFacts
    domain: Domain
    is_sequence: bool
    verdict: Verdict | Refusal
    cells: tuple[Cell, ...]
    cut_off_cells: tuple[Cell, ...]
    tally: Tally
    images: tuple[ImageReport, ...]
    model: ModelUsed
    scale_um_per_px: float | None
    view_um: float
    background_from: Literal["bundle", "site"] = "bundle"
    segmenter: str = THRESHOLDS
    segmenter_fallback: str = ""
    scale_estimate: ScaleByCells | None = None
    doubts: tuple[Doubt, ...] = ()
    remarks: tuple[Message, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the count must know beside the sentence."""
        n_islands = self.tally.n_islands
        joins = message("areas-apart", n=n_islands).said()
        found_by = found_by_note(self.segmenter, self.segmenter_fallback)
        made_from = self._made_from
        is_research = self.model.validation == RESEARCH
        return (
            *([NOT_FOR_CARE.said()] if is_research else []),
            *([made_from] if made_from else []),
            *(remark.said() for remark in self.remarks),
            *([joins] if n_islands > 1 else []),
            *found_by,
        )

    @property
    def _made_from(self) -> str:
        """What was counted of all, "" where it was everything.

        Frames of a sequence that were refused were moved past: another shows the place.
        """
        count = Counter(i.status for i in self.images)
        n, k, n_copies = len(self.images), count["screened"], self.n_copies
        if k == n or (self.is_sequence and not count["skipped"]):
            return ""
        return message(
            "made-from",
            k=k,
            n=n,
            skipped=count["skipped"],
            refused=count["refused"] - n_copies,
            copies=n_copies,
        ).said()

    @property
    def n_copies(self) -> int:
        """Images that show a field which another showed before."""
        return sum(bool(i.copy_of) for i in self.images)

    @property
    def sentence(self) -> str:
        """The verdict's sentence, marked where nothing of it is real."""
        return marked(self.verdict.sentence, self.domain)


def found_by_note(segmenter: str, fallback: str) -> tuple[str, ...]:
    """Return what a reader must know of how cells are found, nothing where all is well.

    Args:
        segmenter: What finds them now.
        fallback: Why it is not what was asked for, "" where it is.
    """
    if not fallback:
        return ()
    return (message("found-by", name=segmenter, why=fallback).said(),)


def report_of_frame(frame: Frame, why_not: Message | None) -> ImageReport:
    """Return what became of a frame; None: it was judged."""
    height, width = frame.pixels.shape[:2]
    return ImageReport(
        name=frame.name,
        status="screened" if why_not is None else "refused",
        reason=why_not,
        width_px=width,
        height_px=height,
    )


def note_late_search(images: list[ImageReport], name: str) -> None:
    """Note that the last image of a name was searched after all."""
    for index in reversed(range(len(images))):
        if images[index].name == name:
            images[index] = replace(images[index], is_searched=True)
            return


def report_of_copy(frame: Frame, copy_of: str) -> ImageReport:
    """Return what became of a frame that shows what another showed before."""
    reason = message("same-field-as", copy_of=copy_of)
    return replace(report_of_frame(frame, reason), copy_of=copy_of)


def report_of_fault(fault: Fault) -> ImageReport:
    """Return what became of a frame that could not be read."""
    return ImageReport(
        name=fault.name, status="skipped", reason=fault.reason, n_lost=fault.n_lost
    )
