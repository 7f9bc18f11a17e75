"""What a way of segmenting found on a view: nuclei, bodies, and their levels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import U8, BoolArray

Window = tuple[slice, slice]
EVERYWHERE: Window = (slice(None), slice(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tints:
    """The body of a view's cells by colour alone: what lacks green beside red and blue.

    Bodies are made in windows of the view, for most cells need none.

    Attributes:
        lack: (h, w) uint8, the lack of green.
        nuclei: (h, w) bool.
        red: (h, w) bool, red cells.
        low: Level of the loose body.
        high: Level of the strict one.
    """

    lack: U8
    nuclei: BoolArray
    red: BoolArray
    low: int
    high: int

    def held(self, window: Window = EVERYWHERE) -> BoolArray:
        """Return what holds the lobes of a nucleus together."""
        return _with(self.nuclei[window], self.lack[window] > self.low)

    def loose(self, window: Window) -> BoolArray:
        """Return what is not red cell, by a loose level."""
        held = self.held(window) & ~self.red[window]
        return _with(self.nuclei[window], held)

    def strict(self, window: Window) -> BoolArray:
        """Return the same by a strict level."""
        strict = (self.lack[window] > self.high) & ~self.red[window]
        return _with(self.nuclei[window], strict)


def _with(nuclei: BoolArray, body: BoolArray) -> BoolArray:
    return np.asarray(body | nuclei, np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What a way of segmenting found on a view.

    Attributes:
        nuclei: (h, w) bool.
        body: (h, w) bool, nuclei and cytoplasm.
        other_bodies: The same by other rules; a cell takes the one that makes it round.
        tints: The body by colour alone, found when it is first asked for; None where
            the way of segmenting knows none.
        ragged: A cell that is less round is drawn anew (`outline`); 0: none is.
        scale_um_per_px: Of the view's pixel.
        low: Violet that parts plasma from cells.
        high: Violet that parts cells from nuclei; smudges are little above it. Both 0
            where the nuclei were not found by violet: no smudges are told apart then.
        min_violet: Mean violet that is nuclear beside this view's red cells; what has
            less is a nucleus only where it `is_nuclear` in any view.
        is_coarse: The nuclei's edges are to be set again, each inside its cell.
    """

    nuclei: BoolArray
    body: BoolArray
    scale_um_per_px: float
    low: int
    high: int
    min_violet: float
    is_coarse: bool
    other_bodies: tuple[BoolArray, ...] = ()
    tints: Callable[[], Tints] | None = None
    ragged: float = 0.0
