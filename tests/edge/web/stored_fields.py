"""Pictures of real blood with a dozen cells each, put together from stored fields.

A stored field holds one white cell, and a normal slide asks for fifty: sixty fields
cost the count ten times as much as five pictures of their cells. The seams fade into
each other, since a camera's torn picture is refused.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import F32

SIDE_PX, SEAM_PX = 256, 24
COLUMNS, ROWS = 4, 3
STEP_PX = SIDE_PX - SEAM_PX
WIDTH_PX = COLUMNS * STEP_PX + SEAM_PX
LEAST_CELL_PX = 3000
"""A smaller spot of the masks is a platelet."""


def write_fields(real_data: Path, folder: Path, n_pictures: int) -> Path:
    """Write so many pictures and return their folder."""
    folder.mkdir()
    tiles = _tiles(real_data / "wbc-fields")
    for number in range(n_pictures):
        picture = _put_together(list(islice(tiles, COLUMNS * ROWS)))
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


def _tiles(fields: Path) -> Iterator[F32]:
    """Yield the surroundings of each lonely cell that lies clear of the seams."""
    for path in sorted((fields / "masks").iterdir()):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        place = None if mask is None else _place(mask > 0)
        if place is not None:
            x, y = place
            field = cv2.imread(str(fields / "images" / f"{path.stem}.jpg"))
            yield field[y : y + SIDE_PX, x : x + SIDE_PX].astype(np.float32)


def _place(
    is_cell: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]",
) -> tuple[int, int] | None:
    """Return a tile's corner around the only cell, None where it would be cut."""
    _, _, found, centres = cv2.connectedComponentsWithStats(is_cell.astype(np.uint8))
    cells = [
        i for i in range(1, len(found)) if found[i, cv2.CC_STAT_AREA] > LEAST_CELL_PX
    ]
    if len(cells) != 1:
        return None
    height, width = is_cell.shape
    x = int(np.clip(centres[cells[0]][0] - SIDE_PX / 2, 0, width - SIDE_PX))
    y = int(np.clip(centres[cells[0]][1] - SIDE_PX / 2, 0, height - SIDE_PX))
    left, top, wide, high, _ = found[cells[0]]
    is_clear = (
        min(left - x, top - y) >= SEAM_PX
        and max(left + wide - x, top + high - y) <= SIDE_PX - SEAM_PX
    )
    return (x, y) if is_clear else None


def _put_together(tiles: list[F32]) -> F32:
    """Lay tiles side by side, each fading into the next."""
    ramp = np.minimum(1, (np.arange(SIDE_PX) + 0.5) / SEAM_PX)
    ramp = np.minimum(ramp, ramp[::-1]).astype(np.float32)
    weight = np.outer(ramp, ramp)[..., None]
    picture = np.zeros((ROWS * STEP_PX + SEAM_PX, WIDTH_PX, 3), np.float32)
    total = np.zeros_like(picture)
    for number, tile in enumerate(tiles):
        y, x = (STEP_PX * i for i in divmod(number, COLUMNS))
        picture[y : y + SIDE_PX, x : x + SIDE_PX] += tile * weight
        total[y : y + SIDE_PX, x : x + SIDE_PX] += weight
    return (picture / total).round()
