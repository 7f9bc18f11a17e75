"""From sightings to cells: each white cell of the slide once.

Two sightings are the same cell where their slide coordinates agree to within a nucleus.
Sightings of one frame are never the same cell, so two touching cells stay two.

Slide coordinates hold within an *island*: a stretch of the slide over which the stage
was followed without a break. Cells of two islands are compared only once the islands
have been joined. Separate fields are islands of one frame each.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product, zip_longest
from operator import itemgetter

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import Cell, Detection, LazyDetection, Sighting

MERGE_RADII = 0.9
"""In nucleus radii: closer is the same cell. Touching nuclei are two radii apart."""
MAX_KEPT = 3
"""Sightings kept of each cell, the sharpest first."""
N_FOLLOWED = 32
"""Frames in which a cell was followed that are remembered: they may be searched late,
after at most 21 others (`search_plan.MAX_FOLLOWED`)."""
BIN_PX = 64.0
"""Side of a bin of the grid in which neighbours are looked up."""


Bin = tuple[int, int, int]
"""An island, and the place of a bin in it."""


@dataclass(slots=True)
class _Group:
    """The sightings that are taken for one cell."""

    cell: Cell
    place_px: tuple[float, float]
    last_frame: str = ""
    followed_in: deque[str] = field(default_factory=lambda: deque(maxlen=N_FOLLOWED))
    home: Bin = field(init=False)

    def add(self, detection: LazyDetection) -> None:
        self.last_frame = detection.frame
        kept = self.cell.sightings
        is_kept = len(kept) < MAX_KEPT or detection.sharpness > kept[-1].sharpness
        more = (detection.sighting(),) if is_kept else ()
        is_counted = detection.frame in self.followed_in
        n_more = 0 if is_counted else 1
        self._gather(more, n_more, detection.slide_px, detection.cut_view)

    def follow(self, frame: str) -> None:
        """Count a frame in which the cell was seen without being searched for.

        Should that frame be searched after all, it is not counted again.
        """
        self.followed_in.append(frame)
        self.cell = replace(self.cell, n_sightings=self.cell.n_sightings + 1)

    def absorb(self, other: "_Group") -> None:
        cell = other.cell
        self._gather(
            cell.sightings, cell.n_sightings, other.place_px, lambda: cell.view
        )

    def _gather(
        self,
        more: tuple[Sighting, ...],
        n_more: int,
        place_px: tuple[float, float],
        view: Callable[[], U8],
    ) -> None:
        """Add sightings; `view` gives the picture of the sharpest of them."""
        n = self.cell.n_sightings + n_more
        (x, y), (to_x, to_y) = self.place_px, place_px
        share = n_more / n
        self.place_px = (x + share * (to_x - x), y + share * (to_y - y))
        kept = sorted(self.cell.sightings + more, key=lambda s: -s.sharpness)[:MAX_KEPT]
        is_new = any(s is not k for s, k in zip_longest(kept, self.cell.sightings))
        self.cell = replace(
            self.cell,
            sightings=tuple(kept),
            n_sightings=n,
            view=self.cell.view if kept[0] is self.cell.best else view(),
            call=None if is_new else self.cell.call,
        )


class CellRegistry:
    """All cells of one slide so far. A cell keeps its number for good."""

    def __init__(self, earlier: Sequence[Cell] = ()) -> None:
        """Start with the cells counted before an interruption, or with none."""
        self._groups: dict[int, _Group] = {}
        self._bins: dict[Bin, list[_Group]] = defaultdict(list)
        # Bins that took a cell, and those around them: elsewhere nothing is near.
        self._beside: set[Bin] = set()
        for cell in earlier:
            self._insert(_Group(cell, cell.best.slide_px))
        self._next_id = 1 + max((c.id for c in earlier), default=0)

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, detections: Iterable[LazyDetection], island: int = 0) -> None:
        """Add what one frame shows; only what is kept is cut out."""
        for detection in detections:
            group = self._same(detection, island)
            if group is not None:
                group.add(detection)
                continue
            cell = Cell(
                id=self._next_id,
                sightings=(detection.sighting(),),
                n_sightings=1,
                view=detection.cut_view(),
                island=island,
            )
            self._next_id += 1
            self._insert(_Group(cell, detection.slide_px, detection.frame))

    def see_again(self, detections: Iterable[Detection], island: int = 0) -> None:
        """Count that cells were seen in one more frame, of which no picture is kept."""
        for detection in detections:
            group = self._same(detection, island)
            if group is not None:
                group.follow(detection.frame)

    def keep_calls(self, called: Iterable[Cell]) -> None:
        """Take over the calls on cells that this album has given out."""
        for cell in called:
            self._groups[cell.id].cell = cell

    def join(self, island: int, into: int, shift_px: tuple[float, float]) -> None:
        """Move an island's cells into another's coordinates, and merge what meets.

        Args:
            island: The island that ends.
            into: The one that takes its cells.
            shift_px: Added to a place of the first, gives its place in the second.
        """
        moving = [g for g in self._groups.values() if g.cell.island == island]
        self.remove(lambda cell: cell.island == island)
        hosts = [
            self._nearest(_moved(g.place_px, shift_px), into, g.cell.best.radius_px)
            for g in moving
        ]
        for group, host in zip(moving, hosts, strict=True):
            group.place_px = _moved(group.place_px, shift_px)
            group.cell = _moved_cell(group.cell, into, shift_px)
            if host is None:
                self._insert(group)
            else:
                host.absorb(group)

    def remove(self, is_gone: Callable[[Cell], bool]) -> None:
        """Let cells go; their numbers are not given again."""
        for group in [g for g in self._groups.values() if is_gone(g.cell)]:
            self._bins[group.home].remove(group)
            del self._groups[group.cell.id]

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell in the order of its number."""
        return tuple(self._groups[i].cell for i in sorted(self._groups))

    def beside(self, cells: Iterable[Cell], reach_radii: float) -> list[Cell]:
        """Return those of other cells that may lie within reach of one of these.

        Cheap, as it is asked of every cell of a slide after every frame.

        Args:
            cells: The others.
            reach_radii: In nucleus radii of each.
        """
        near, far_px = self._beside, BIN_PX / reach_radii
        if not self._groups:
            return []
        return [
            c
            for c in cells
            if (best := c.sightings[0]).radius_px >= far_px
            or _bin(best.slide_px, c.island) in near
        ]

    def has_near(
        self, place_px: tuple[float, float], island: int, reach_px: float
    ) -> bool:
        """Say whether a cell lies within reach of a place."""
        return self.n_sightings_near(place_px, island, reach_px) > 0

    def n_sightings_near(
        self, place_px: tuple[float, float], island: int, reach_px: float
    ) -> int:
        """Return how often the cell nearest to a place was seen, 0 out of reach."""
        group = self._nearest(place_px, island, reach_px / MERGE_RADII)
        return 0 if group is None else group.cell.n_sightings

    def _same(self, detection: Detection, island: int) -> _Group | None:
        return self._nearest(
            detection.slide_px, island, detection.radius_px, detection.frame
        )

    def _nearest(
        self,
        place_px: tuple[float, float],
        island: int,
        radius_px: float,
        not_in_frame: str | None = None,
    ) -> _Group | None:
        """Return the nearest cell closer than a nucleus, None where there is none."""
        reach_px = MERGE_RADII * radius_px
        at = _, bx, by = _bin(place_px, island)
        if reach_px < BIN_PX and at not in self._beside:
            return None
        span = range(-1 - int(reach_px // BIN_PX), 2 + int(reach_px // BIN_PX))
        near = (
            (math.dist(g.place_px, place_px), g)
            for dx in span
            for dy in span
            for g in self._bins.get((island, bx + dx, by + dy), ())
            if g.last_frame != not_in_frame
        )
        distance_px, group = min(near, key=itemgetter(0), default=(math.inf, None))
        return group if distance_px <= reach_px else None

    def _insert(self, group: _Group) -> None:
        group.home = _bin(group.place_px, group.cell.island)
        self._groups[group.cell.id] = group
        self._bins[group.home].append(group)
        island, bx, by = group.home
        around = product((island,), range(bx - 1, bx + 2), range(by - 1, by + 2))
        self._beside.update(around)


def _bin(place_px: tuple[float, float], island: int) -> Bin:
    return island, int(place_px[0] // BIN_PX), int(place_px[1] // BIN_PX)


def _moved(
    place_px: tuple[float, float], shift_px: tuple[float, float]
) -> tuple[float, float]:
    return place_px[0] + shift_px[0], place_px[1] + shift_px[1]


def _moved_cell(cell: Cell, island: int, shift_px: tuple[float, float]) -> Cell:
    """Return a cell of another island, each of its sightings at its place there."""
    moved = (replace(s, slide_px=_moved(s.slide_px, shift_px)) for s in cell.sightings)
    return replace(cell, island=island, sightings=tuple(moved))
