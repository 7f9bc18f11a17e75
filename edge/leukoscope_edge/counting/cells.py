"""From sightings to cells: each white cell of the slide once.

Two sightings are the same cell where their slide coordinates agree to within a nucleus.
Sightings of one frame are never the same cell, so two touching cells stay two.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from leukoscope_edge.types import Cell, Sighting

MERGE_RADII = 0.9
"""In nucleus radii: closer is the same cell. Touching nuclei are two radii apart."""
MAX_KEPT = 3
"""Sightings kept of each cell, the sharpest first."""
BIN_PX = 64.0
"""Side of a bin of the grid in which neighbours are looked up."""


class _Group:
    """The sightings that are taken for one cell."""

    def __init__(self, sighting: Sighting) -> None:
        self.place = np.array(sighting.slide_px, np.float64)
        self.n = 1
        self.kept = [sighting]
        self.frames = {sighting.frame}

    def add(self, sighting: Sighting) -> None:
        self.n += 1
        self.place += (np.array(sighting.slide_px) - self.place) / self.n
        self.frames.add(sighting.frame)
        kept = [*self.kept, sighting]
        self.kept = sorted(kept, key=lambda s: -s.sharpness)[:MAX_KEPT]


class Album:
    """All cells of one slide so far."""

    def __init__(self) -> None:
        """Start with no cell."""
        self._groups: list[_Group] = []
        self._bins: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Add the whole sightings of one frame."""
        for sighting in sightings:
            group = self._same(sighting)
            if group is not None:
                group.add(sighting)
                continue
            self._bins[_bin(sighting.slide_px)].append(len(self._groups))
            self._groups.append(_Group(sighting))

    def cells(self) -> tuple[Cell, ...]:
        """Return every cell, numbered from 1 in the order of first sighting."""
        return tuple(
            Cell(id=i, sightings=tuple(g.kept), n_sightings=g.n)
            for i, g in enumerate(self._groups, start=1)
        )

    def _same(self, sighting: Sighting) -> _Group | None:
        bx, by = _bin(sighting.slide_px)
        near = [
            self._groups[i]
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for i in self._bins.get((bx + dx, by + dy), ())
        ]
        free = [g for g in near if sighting.frame not in g.frames]
        if not free:
            return None
        here = np.array(sighting.slide_px)
        distances = [float(np.hypot(*(g.place - here))) for g in free]
        best = int(np.argmin(distances))
        limit = MERGE_RADII * sighting.radius_px
        return free[best] if distances[best] <= limit else None


def _bin(place_px: tuple[float, float]) -> tuple[int, int]:
    return int(place_px[0] // BIN_PX), int(place_px[1] // BIN_PX)


def separate_cells(
    sightings: Iterable[Sighting], *, first_id: int = 1
) -> tuple[Cell, ...]:
    """Take every sighting for a cell of its own, as separate fields ask for."""
    return tuple(
        Cell(id=i, sightings=(s,), n_sightings=1)
        for i, s in enumerate(sightings, start=first_id)
    )
