"""Which frames a running count keeps, so that a person sees a cell where it lay.

For each suspect cell one frame, the sharpest that showed it; and for those others that
the first look mixes in, or else a kept frame would tell what the model thinks. Frames
are kept at their own scale as JPEG; of one larger than `MAX_SIDE_PX` the part around
the cell. Beyond `BUDGET_BYTES` a slide keeps those of suspects alone, to a hard limit;
the page says where one lacks.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.records import Pictures, jpeg_bytes
from leukoscope_edge.records.slides import FieldPicture
from leukoscope_edge.types import CallName, Cell, Frame, Sighting

JPEG_QUALITY = 92
"""What it changes: `leukoscope records reproduce`, and docs/records.md."""
MAX_SIDE_PX = 2048
BUDGET_BYTES = 40_000_000
"""A slide, for cells that the model does not suspect. 51 frames of 640 x 480 took 2.4
MB (docs/records.md); as many of 2048 x 2048 would take some 33."""
N_SHOWN = 2
"""Frames that may show new cells at once: the last one, and one that was held."""
SUSPECTS_BUDGET_BYTES = 150_000_000
"""A slide, where suspects need it: below the room that a slide is started with."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture that is worth keeping and not on the disk yet."""

    frame: str
    box_px: tuple[int, int, int, int]
    found_by: str
    jpeg: bytes


class Fields:
    """Keeps frames of one slide."""

    def __init__(self, pictures: Pictures, slide: str) -> None:
        """Begin with what the slide's folder holds.

        Args:
            pictures: Where pictures go.
            slide: The slide.
        """
        self._pictures, self._slide = pictures, slide
        self._kept: dict[int, FieldPicture] = {}
        self._ready: dict[int, _Ready] = {}
        self._shown: deque[tuple[Frame, str]] = deque(maxlen=N_SHOWN)
        self._n_bytes = pictures.n_jpeg_bytes(slide)

    def saw(self, frame: Frame, found_by: str) -> None:
        """Take a frame; what it shows is said by the cells that come next.

        Args:
            frame: The frame.
            found_by: What found its cells.
        """
        self._shown.append((frame, found_by))

    def keep(
        self, wanted: Iterable[Cell], *, everything: bool
    ) -> Mapping[int, FieldPicture]:
        """Keep the last frames for those cells that they show well.

        Args:
            wanted: Cells for which a frame is to be kept.
            everything: Sharper frames as well, not only each cell's first.

        Returns:
            What is new on the disk, by the cell's number.
        """
        cells = list(wanted)
        for frame, found_by in self._shown:
            for cell in cells:
                self._look_at(cell, frame, found_by)
        due = [c.id for c in cells if c.id in self._ready]
        suspects = {c.id for c in cells if is_suspect(c)}
        new = {
            i: self._write(i, SUSPECTS_BUDGET_BYTES if i in suspects else BUDGET_BYTES)
            for i in due
            if everything or i not in self._kept
        }
        found = {i: field for i, field in new.items() if field is not None}
        self._kept |= found
        return found

    def _look_at(self, cell: Cell, frame: Frame, found_by: str) -> None:
        here = [s for s in cell.sightings if s.frame == frame.name]
        if not here:
            return
        ready, kept = self._ready.get(cell.id), self._kept.get(cell.id)
        shown_in = ready.frame if ready else kept.frame if kept else ""
        is_better = here[0] is cell.best and shown_in != frame.name
        if not shown_in or is_better:
            self._ready[cell.id] = _ready(frame, here[0], found_by)

    def _write(self, cell: int, budget_bytes: int) -> FieldPicture | None:
        ready = self._ready.pop(cell)
        if self._n_bytes + len(ready.jpeg) > budget_bytes:
            return None
        file, is_new = self._pictures.keep_jpeg(self._slide, ready.jpeg)
        self._n_bytes += len(ready.jpeg) if is_new else 0
        return FieldPicture(
            file=file,
            frame=ready.frame,
            box_px=ready.box_px,
            found_by=ready.found_by,
        )


def is_suspect(cell: Cell) -> bool:
    """Say whether the model wants a person to look at a cell."""
    return cell.call is None or cell.call.name is not CallName.NORMAL


def _ready(frame: Frame, sighting: Sighting, found_by: str) -> _Ready:
    (x, y), pixels = part_around(frame.pixels, sighting.box_px)
    x0, y0, x1, y1 = sighting.box_px
    box_px = (x0 - x, y0 - y, x1 - x, y1 - y)
    jpeg = jpeg_bytes(pixels, JPEG_QUALITY)
    return _Ready(frame=frame.name, box_px=box_px, found_by=found_by, jpeg=jpeg)


def part_around(
    pixels: U8, box_px: tuple[int, int, int, int], max_side_px: int = MAX_SIDE_PX
) -> tuple[tuple[int, int], U8]:
    """Return where the part of a frame around a cell begins, (x, y), and that part.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        box_px: The cell, in the frame.
        max_side_px: A frame that is no larger is returned whole.
    """
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = box_px
    x = _start((x0 + x1) // 2, width, max_side_px)
    y = _start((y0 + y1) // 2, height, max_side_px)
    part = pixels[y : y + max_side_px, x : x + max_side_px]
    return (x, y), np.ascontiguousarray(part)


def _start(centre: int, length: int, side: int) -> int:
    return max(0, min(centre - side // 2, length - side))
