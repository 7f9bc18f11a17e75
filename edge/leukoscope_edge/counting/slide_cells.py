"""The cells of a slide under way: whole ones, smudges, and those that an edge cuts off.

A smudge at the limit of darkness reads as a cell in some frames; what most frames show
as a smudge is one. A cell cut off by the edge of one frame counts once another frame
shows it whole, and its pieces are let go then: at a moving stage every cell is cut off
on its way in and on its way out.
"""

import math
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.counting.cells import CellRegistry
from leukoscope_edge.screening_result import ScaleByCells
from leukoscope_edge.types import Call, CallName, Cell, Detection, LazyDetection
from leukoscope_edge.vision import Followed, FrameDetections, Joined
from leukoscope_edge.vision.scale import MAX_MISMATCH

SMUDGE_RADII = 1.5
"""In nucleus radii: a part of a smudge that reads as a nucleus lies so near to it."""
SMUDGE_MAJORITY = 2
"""A smudge at the limit of darkness reads as a cell in some frames. Where it reads as a
smudge in more than twice as many, it is one; a cell beside a smudge is seen as often as
the smudge, and stays."""


class SlideCells:
    """Every cell of one slide so far, each once."""

    def __init__(self, earlier: Sequence[Cell] = (), *, is_sequence: bool) -> None:
        """Start with the cells counted before an interruption, or with none.

        Args:
            earlier: The cells with their calls.
            is_sequence: Frames overlap. In a separate field each cut-off cell is one:
                there is no other frame.
        """
        self._is_sequence = is_sequence
        self._whole, self._smudges, self._cut_off = (
            CellRegistry(earlier),
            CellRegistry(),
            CellRegistry(),
        )

    @property
    def n_smudges(self) -> int:
        """Smudges, each once."""
        return len(self._smudges)

    def add(self, seen: FrameDetections, island: int) -> None:
        """Add what one frame shows; its coordinates hold within an island."""
        n_before = len(self._whole)
        self._whole.add(seen.whole, island)
        self._smudges.add(map(_without_pictures, seen.smudges), island)
        if len(self._whole) > n_before:
            self._let_pieces_go()
        pieces = (g for g in seen.cut_off if not self._was_seen_whole(g, island))
        self._cut_off.add(pieces, island)

    def see_again(self, followed: Followed, island: int) -> None:
        """Count that known cells were seen once more, without a picture."""
        self._whole.see_again(followed.whole, island)
        self._smudges.see_again(followed.smudges, island)

    def join(self, joined: Joined) -> None:
        """Move an island's cells into another's coordinates, and merge what meets."""
        for registry in (self._whole, self._smudges, self._cut_off):
            registry.join(joined.island, joined.into, joined.shift_px)

    def keep_calls(self, called: Iterable[Cell]) -> None:
        """Take over the calls on cells that were given out."""
        self._whole.keep_calls(called)

    def whole(self) -> tuple[Cell, ...]:
        """Return what was seen as a cell, without what most frames show as a smudge."""
        cells = self._whole.cells()
        near = self._smudges.beside(cells, SMUDGE_RADII)
        smudges = {c.id for c in near if self._is_smudge(c)}
        return tuple(c for c in cells if c.id not in smudges) if smudges else cells

    def never_whole(self) -> list[Cell]:
        """Return the cut-off cells that no frame showed whole, numbered after the rest.

        Where frames overlap, what lies at a counted cell is no cell of its own.
        """
        first_id = 1 + max((c.id for c in self._whole.cells()), default=0)
        self._let_pieces_go()
        never = self._cut_off.cells()
        return [replace(c, id=i) for i, c in enumerate(never, start=first_id)]

    def _let_pieces_go(self) -> None:
        self._cut_off.remove(lambda c: self._was_seen_whole(c.best, c.island))

    def _is_smudge(self, cell: Cell) -> bool:
        best = cell.best
        n_as_smudge = self._smudges.n_sightings_near(
            best.slide_px, cell.island, SMUDGE_RADII * best.radius_px
        )
        return n_as_smudge > SMUDGE_MAJORITY * cell.n_sightings

    def _was_seen_whole(self, piece: Detection, island: int) -> bool:
        """Say whether a counted cell lies where the rest of a cut one would be."""
        x0, y0, x1, y1 = piece.box_px
        reach_px = float(max(x1 - x0, y1 - y0))
        return self._is_sequence and self._whole.has_near(
            piece.slide_px, island, reach_px
        )


def _no_picture() -> U8:
    return np.zeros((0, 0, 3), np.uint8)


def _without_pictures(smudge: LazyDetection) -> LazyDetection:
    """Return a smudge that cuts nothing out: only its place is asked for."""
    return replace(smudge, cut=_no_picture, cut_view=_no_picture)


def never_counted(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Make cut-off cells unclear: half a cell is not judged."""
    return tuple(map(_unclear, cells))


def keep_calls_to_scale(
    cells: Sequence[Cell],
    said: ScaleByCells | None,
    off_scale: Collection[str] = frozenset(),
    first_island: int = 0,
    off_islands: Collection[int] = frozenset(),
) -> tuple[Cell, ...]:
    """Make cells unclear that were cut at another scale than the slide's.

    The first cells of a slide that nobody calibrated are found and cut by what few
    cells say of its scale. The model judges size: once more cells say otherwise, a call
    on such a picture does not stand.

    Args:
        cells: With their calls.
        said: What the cells of all frames say; where that is nothing, the middle of
            what they were cut at is the slide's scale. A given scale holds for all.
        off_scale: Names of frames that were taken at another scale, whatever was given
            or cut at.
        first_island: Of the frames that these names mean. Before it lie cells counted
            before an interruption, whose frames may have had the same names: they keep
            what was said of them then.
        off_islands: Stretches of the slide that were seen through another objective.
    """
    if off_scale or off_islands:
        cells = [
            _off_scale(c)
            if c.island in off_islands
            or (c.island >= first_island and _is_in(c, off_scale))
            else c
            for c in cells
        ]
    cut_at = [s for c in cells if (s := c.best.by_cells_um_per_px) is not None]
    if not cut_at:
        return tuple(cells)
    um_per_px = (said and said.um_per_px) or median(cut_at)
    return tuple(c if _is_to_scale(c, um_per_px) else _off_scale(c) for c in cells)


def _is_in(cell: Cell, frames: Container[str]) -> bool:
    return any(sighting.frame in frames for sighting in cell.sightings)


def _is_to_scale(cell: Cell, um_per_px: float) -> bool:
    cut_at = (s.by_cells_um_per_px or um_per_px for s in cell.sightings)
    most = math.log1p(MAX_MISMATCH)
    return all(abs(math.log(scale / um_per_px)) <= most for scale in cut_at)


def _off_scale(cell: Cell) -> Cell:
    unclear = _unclear(cell)
    call = unclear.call and replace(unclear.call, is_off_scale=True)
    return replace(unclear, call=call)


def _unclear(cell: Cell) -> Cell:
    p_blast = cell.call.p_blast if cell.call else 0
    return replace(cell, call=Call(name=CallName.UNCLEAR, p_blast=p_blast))
