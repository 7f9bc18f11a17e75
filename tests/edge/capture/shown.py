"""A camera that shows a list of frames and faults, and notes whether it is open."""

from collections.abc import Sequence

import numpy as np

from leukoscope_edge.types import Domain, Fault, Frame


def grey(name: str, level: int = 100, shape: tuple[int, int] = (6, 8)) -> Frame:
    """A frame of one grey."""
    return Frame(
        name=name, pixels=np.full((*shape, 3), level, np.uint8), time_s=float(level)
    )


class ShownCamera:
    domain: Domain = "real"
    scale_um_per_px: float | None = None

    def __init__(self, items: Sequence[Frame | Fault]) -> None:
        self._left = iter(items)
        self.n_frames: int | None = len(items)
        self.is_open = False

    def read(self) -> Frame | Fault | None:
        return next(self._left, None)

    def __enter__(self) -> "ShownCamera":
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
