"""The plain values that pass between the rooms of the device.

Arrays in these values are never written to after construction. Coordinates are
pixels of the frame unless the name says `_um` or `slide`; x grows to the right,
y downwards; boxes are `[x0, y0, x1, y1]` with x1 and y1 exclusive.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from leukoscope_edge.messages import NOT_FOR_CARE, Message, Say, message, said_all
from leukoscope_edge.sample import SlideFacts

Domain = Literal["real", "simulated"]
"""What a source shows and what a bundle was made for. They must be the same."""

RESEARCH = "research"
"""What a card says of a model that was never validated for care."""
THRESHOLDS = "thresholds"
"""In the place of a segmenter's name: `vision.segmentation`, which needs no file."""

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What a file says of its picture; a camera says nothing.

    Attributes:
        um_per_px: What a pixel measures by its resolution tags, None where they say
            nothing.
        jpeg_quality: As libjpeg counts it, 1..100, None for other formats.
    """

    um_per_px: float | None = None
    jpeg_quality: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One camera image.

    Attributes:
        name: File name, or the frame's number in its video or stream.
        pixels: (H, W, 3) uint8, RGB.
        time_s: Monotonic time of exposure in seconds; for replayed files the
            position in the sequence times the nominal frame interval.
        facts: What its file says of it.
    """

    name: str
    pixels: U8
    time_s: float
    facts: PictureFacts = PictureFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A frame that could not be had: unreadable, truncated, black or frozen.

    Attributes:
        name: As of a frame.
        reason: For a person, with the cure.
        n_lost: Frames behind it that are missing: the rest of a video is one fault.
    """

    name: str
    reason: str
    n_lost: int = 0


class CellKind(str, Enum):
    """What segmentation takes a stained object for."""

    WBC = "wbc"
    BORDER = "border"  # a WBC cut off by the edge of the frame
    SMUDGE = "smudge"  # a burst nucleus, counted apart
    PLATELET = "platelet"
    DEBRIS = "debris"  # stain precipitate and dirt


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """All stained objects of one frame, as parallel arrays of length N.

    Attributes:
        kinds: N kinds.
        boxes_px: (N, 4) int32, `[x0, y0, x1, y1]` around the whole cell.
        centres_px: (N, 2) float32, x and y of the nucleus centroid.
        nucleus_labels: (H, W) int32, 0 outside, i + 1 on the nucleus of object i.
        cell_labels: (H, W) int32, 0 outside, i + 1 on the whole of object i
            (nucleus and cytoplasm).
        scale_um_per_px: Micrometres per pixel that the size gates used.
    """

    kinds: tuple[CellKind, ...]
    boxes_px: I32
    centres_px: F32
    nucleus_labels: I32
    cell_labels: I32
    scale_um_per_px: float

    def __post_init__(self) -> None:
        n = len(self.kinds)
        if self.boxes_px.shape != (n, 4) or self.centres_px.shape != (n, 2):
            raise ValueError(
                f"Segmentation: {n} kinds, but boxes {self.boxes_px.shape} "
                f"and centres {self.centres_px.shape}"
            )
        if self.nucleus_labels.shape != self.cell_labels.shape:
            raise ValueError("Segmentation: the two label images differ in shape")

    def __len__(self) -> int:
        return len(self.kinds)

    def indices(self, kind: CellKind) -> list[int]:
        """Return the indices of all objects of one kind."""
        return [i for i, k in enumerate(self.kinds) if k is kind]


class CallName(str, Enum):
    """The classifier's word on a cell."""

    BLAST = "blast"
    NORMAL = "normal"
    UNCLEAR = "unclear"


class Word(str, Enum):
    """What a person says of a cell."""

    BLAST = "blast"
    NORMAL = "normal"
    UNCLEAR = "unclear"
    NOT_A_CELL = "not-a-cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The classifier's word on a cell with its calibrated probability of blast.

    Attributes:
        name: The word.
        p_blast: The probability.
        is_unlike: Unclear since the cell is unlike all that the model learned from.
        kinds: Every kind that the model tells apart, with its calibrated probability,
            in the card's order; they sum to 1. Empty where it tells none apart.
    """

    name: CallName
    p_blast: float
    is_unlike: bool = False
    kinds: tuple[tuple[str, float], ...] = ()

    @property
    def kind(self) -> str:
        """The likeliest kind, "" where the model tells none apart."""
        return max(self.kinds, key=lambda kind: kind[1])[0] if self.kinds else ""

    @property
    def kind_beside_blast(self) -> str:
        """The likeliest kind if it is no blast, "" where none is told apart."""
        others = [kind for kind in self.kinds if kind[0] != CallName.BLAST.value]
        return max(others, key=lambda kind: kind[1])[0] if others else ""

    @property
    def p_kind(self) -> float:
        """The probability of the likeliest kind, 0 where there is none."""
        return max((p for _, p in self.kinds), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """Where a cell was seen in one frame; equal only to itself.

    Attributes:
        frame: Name of the frame.
        box_px: `(x0, y0, x1, y1)` in that frame.
        centre_px: (x, y) of the nucleus centroid in that frame.
        slide_px: (x, y) in slide coordinates, in pixels of the frame's scale.
            For separate fields each field has its own origin.
        sharpness: Focus measure of the crop; larger is sharper.
        radius_px: Radius of a disc with the nucleus's area.
    """

    frame: str
    box_px: tuple[int, int, int, int]
    centre_px: tuple[float, float]
    slide_px: tuple[float, float]
    sharpness: float
    radius_px: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting(Detection):
    """A detection with its pictures.

    Attributes:
        crop: (side, side, 3) uint8 RGB at the card's fixed physical scale, the
            model's input.
        view: (side, side, 3) uint8 RGB, the same place with its surroundings, for
            people.
    """

    crop: U8
    view: U8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glimpse(Detection):
    """A detection before its pictures are cut out: most cells have sharper ones.

    Attributes:
        cut: Cuts out the crop and the view.
    """

    cut: Callable[[], tuple[U8, U8]]

    def sighting(self) -> Sighting:
        """Return it with its pictures."""
        crop, view = self.cut()
        return Sighting(
            frame=self.frame,
            box_px=self.box_px,
            centre_px=self.centre_px,
            slide_px=self.slide_px,
            sharpness=self.sharpness,
            crop=crop,
            view=view,
            radius_px=self.radius_px,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One WBC on the slide, counted once.

    Attributes:
        id: Its number, which it keeps for good.
        sightings: The sharpest, up to three, sharpest first.
        n_sightings: In how many frames it was seen.
        call: The classifier's word, None before it was asked.
        island: The stretch of the slide, followed without a break, that its slide
            coordinates belong to; for separate fields the number of the field.
    """

    id: int
    sightings: tuple[Sighting, ...]
    n_sightings: int
    call: Call | None = None
    island: int = 0

    @property
    def best(self) -> Sighting:
        """The sharpest whole sighting."""
        return self.sightings[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of fractions, both ends in 0..1."""

    low: float
    high: float


class VerdictName(str, Enum):
    """The three sentences that are results; the fourth, no result, is a Refusal."""

    BLASTS = "blasts"
    FEW = "few"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopState:
    """Where a count stands between the looks of the stop rule.

    Attributes:
        look: Cells at the last look that was reached, 0 before the first.
        next_look: Cells at the next look, None after the last.
        keep_going: Whether more cells would tell more.
        why: What the technician reads of it.
        claim: On which side of the rule's cut-off the true fraction of blasts lies,
            None while that is open.
    """

    look: int
    next_look: int | None
    keep_going: bool
    why: Message
    claim: Literal["above", "below"] | None = None

    @property
    def advice(self) -> str:
        """Why, in English."""
        return self.why.said()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is known of the true fraction of blasts, errors of the model allowed for.

    Attributes:
        median: Of the fraction, 0..1.
        interval: 95 % credible interval.
        cut_off: A fraction that matters.
        p_above: Probability that the true fraction lies above it.
    """

    median: float
    interval: Interval
    cut_off: float
    p_above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the slide shows, in one sentence. Never a diagnosis.

    Attributes:
        name: Which of the three results.
        messages: What the page and the report say, the result first.
        n_cells: Usable cells, unclear ones left out.
        n_blast: Of these, blasts: by a person where one read the cell, else called so.
        n_unclear: Cells on which nobody decided.
        interval: 95 % interval of `n_blast` of `n_cells`.
        n_read: Cells that a person has read.
        n_confirmed: Of these, called blast.
        background: Cells called blast that a healthy person may show in as many as no
            person has read.
        true_fraction: 95 % confidence interval of the true fraction of blasts, errors
            of the model and the spread of people allowed for; None where people read
            the blasts.
        posterior: The same as probability, None where there is too little for it.
        stop: Whether to keep going, None where nobody is moving a slide.
    """

    name: VerdictName
    messages: tuple[Message, ...]
    n_cells: int
    n_blast: int
    n_unclear: int
    interval: Interval
    n_read: int = 0
    n_confirmed: int = 0
    background: int = 0
    true_fraction: Interval | None = None
    posterior: Posterior | None = None
    stop: StopState | None = None

    @property
    def sentence(self) -> str:
        """What the page and the report say, in English."""
        return said_all(self.messages)

    def said(self, say: Say) -> str:
        """Return the sentence in a reader's language."""
        return said_all(self.messages, say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No result, because ...: a normal medical outcome, hence a value.

    Attributes:
        reason: Why.
        cure: What to do about it.
        n_cells: As in `Verdict`, like those below.
    """

    reason: Message
    cure: Message | None = None
    n_cells: int = 0
    n_blast: int = 0
    n_unclear: int = 0
    n_read: int = 0
    n_confirmed: int = 0
    stop: StopState | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the page and the report say, the reason first."""
        head = message("no-result", reason=self.reason)
        return (head, self.cure) if self.cure else (head,)

    @property
    def sentence(self) -> str:
        """What the page and the report say, in English."""
        return said_all(self.messages)

    def said(self, say: Say) -> str:
        """Return the sentence in a reader's language."""
        return said_all(self.messages, say)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """What became of one image or frame.

    Attributes:
        name: Of the frame.
        status: Judged; not usable; could not be read.
        reason: Why it was not judged, for a person.
        width_px: Of its pixels, 0 where there are none.
        height_px: Of its pixels.
        notes: What else a reader must know.
        copy_of: The image that shows the same field, and was counted; "" mostly.
        n_lost: Frames behind it that are missing from a video.
    """

    name: str
    status: Literal["screened", "refused", "skipped"]
    reason: str = ""
    width_px: int = 0
    height_px: int = 0
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
class Doubt:
    """Something about the pictures that forbids a negative.

    Attributes:
        reason: What it is.
        cure: What to do about it.
        spoils_calls: The model's calls cannot be trusted at all, as with exchanged
            colours or a wrong scale; else cells may only be missing or doubled.
    """

    reason: Message
    cure: Message | None
    spoils_calls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a count came to beside its cells; goes whole into the records.

    A new figure is a field with a default and a line in `records/exports/facts.py`.

    Attributes:
        frames: How many frames were `screened`, `refused` and `skipped`.
        n_smudges: Burst cells, counted apart.
        n_islands: Stretches of one slide that were never seen to overlap; above 1,
            a cell on two of them would be counted twice. 0 for separate fields, and
            in records of older programs.
    """

    frames: Mapping[str, int] = field(default_factory=dict)
    n_smudges: int = 0
    n_islands: int = 0


NOTHING_COUNTED = Tally()


def tally_from(found: Mapping[str, Any]) -> Tally:
    """Return the tally that `asdict` made plain; what it lacks has its default."""
    return Tally(**{f.name: found[f.name] for f in fields(Tally) if f.name in found})


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
        view_um: Side of every view in micrometres.
        background_from: Whose normal slides the background comes from: the bundle's,
            or this site's own.
        segmenter: How cells were found, at the end: "thresholds", or the name of a
            network.
        segmenter_fallback: Why thresholds served in the place of a network, and after
            how many frames; "" where they did not.
        doubts: What is wrong with the pictures.
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
    doubts: tuple[Doubt, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the count must know beside the sentence."""
        n_islands = self.tally.n_islands
        joins = (
            f"The count joins {n_islands} areas that were never seen to overlap: "
            "a cell that lies on two of them is counted twice."
        )
        found_by = found_by_note(self.segmenter, self.segmenter_fallback)
        made_from = self._made_from
        is_research = self.model.validation == RESEARCH
        return (
            *([NOT_FOR_CARE.said()] if is_research else []),
            *([made_from] if made_from else []),
            *([joins] if n_islands > 1 else []),
            *found_by,
        )

    @property
    def _made_from(self) -> str:
        """What a count of separate fields was made from, "" where it was everything."""
        count = Counter(i.status for i in self.images)
        n, k, n_copies = len(self.images), count["screened"], self.n_copies
        if k == n or self.is_sequence:
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
        mark = "SIMULATION: " if self.domain == "simulated" else ""
        return mark + self.verdict.sentence


def found_by_note(segmenter: str, fallback: str) -> tuple[str, ...]:
    """Return what a reader must know of how cells are found, nothing where all is well.

    Args:
        segmenter: What finds them now.
        fallback: Why it is not what was asked for, "" where it is.
    """
    return (f"Cells are found by {segmenter}: {fallback}",) if fallback else ()
