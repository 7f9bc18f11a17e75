"""The plain values that pass between the rooms of the device.

Arrays in these values are never written to after construction. Coordinates are
pixels of the frame unless the name says `_um` or `slide`; x grows to the right,
y downwards; boxes are `[x0, y0, x1, y1]` with x1 and y1 exclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from leukoscope_edge.messages import Message

if TYPE_CHECKING:
    from leukoscope_edge.arrays import F32, I32, U8

Domain = Literal["real", "simulated"]
"""What a source shows and what a bundle was made for. They must be the same."""

RESEARCH = "research"
"""What a card says of a model that was never validated for care."""
THRESHOLDS = "thresholds"
"""In the place of a segmenter's name: `vision.segmentation`, which needs no file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What a file says of its picture; a camera says nothing.

    Attributes:
        um_per_px: What a pixel measures by its resolution tags, None where they say
            nothing.
        jpeg_quality: As libjpeg counts it, 1..100, None for other formats.
        bits_per_px: That a video's key frame was recorded with, None for other frames
            and for Motion JPEG.
    """

    um_per_px: float | None = None
    jpeg_quality: int | None = None
    bits_per_px: float | None = None


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
        reason: With the cure.
        n_lost: Frames behind it that are missing: the rest of a video is one fault.
    """

    name: str
    reason: Message
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


class Reading(str, Enum):
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
        is_off_scale: Unclear since it was seen at another scale than the slide's.
        kinds: Every kind that the model tells apart, with its calibrated probability,
            in the card's order; they sum to 1. Empty where it tells none apart.
    """

    name: CallName
    p_blast: float
    is_unlike: bool = False
    is_off_scale: bool = False
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
        by_cells_um_per_px: Micrometres per pixel by which it was found and is cut,
            where only cells said it; None where the scale was given.
    """

    frame: str
    box_px: tuple[int, int, int, int]
    centre_px: tuple[float, float]
    slide_px: tuple[float, float]
    sharpness: float
    radius_px: float
    by_cells_um_per_px: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting(Detection):
    """A detection with its crop.

    Attributes:
        crop: (side, side, 3) uint8 RGB at the card's fixed physical scale, the
            model's input.
    """

    crop: U8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LazyDetection(Detection):
    """A detection before its pictures are cut out: most cells have sharper ones.

    Attributes:
        cut: Cuts out the crop.
        cut_view: Cuts out the view (`Cell.view`).
    """

    cut: Callable[[], U8]
    cut_view: Callable[[], U8]

    def sighting(self) -> Sighting:
        """Return it with its crop."""
        return Sighting(
            frame=self.frame,
            box_px=self.box_px,
            centre_px=self.centre_px,
            slide_px=self.slide_px,
            sharpness=self.sharpness,
            crop=self.cut(),
            radius_px=self.radius_px,
            by_cells_um_per_px=self.by_cells_um_per_px,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One WBC on the slide, counted once.

    Attributes:
        id: Its number, which it keeps for good.
        sightings: The sharpest, up to three, sharpest first.
        n_sightings: In how many frames it was seen.
        view: (side, side, 3) uint8 RGB, where it was seen sharpest, with its
            surroundings, for people.
        call: The classifier's word, None before it was asked.
        island: The stretch of the slide, followed without a break, that its slide
            coordinates belong to; for separate fields the number of the field.
    """

    id: int
    sightings: tuple[Sighting, ...]
    n_sightings: int
    view: U8 = field(compare=False)
    call: Call | None = None
    island: int = 0

    @property
    def best(self) -> Sighting:
        """The sharpest whole sighting."""
        return self.sightings[0]


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


def hardware_of(engine: str) -> str:
    """Return what an engine runs on, for people; its name is for programs."""
    is_accelerated = "tensorrt" in engine.lower() and "cpu" not in engine
    return "the accelerator" if is_accelerated else "the processor"
