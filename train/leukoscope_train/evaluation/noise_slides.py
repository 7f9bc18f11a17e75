"""A slide of noise: its pictures compress worst, its cells mean nothing.

For programs that measure the records, the page and what leaves, or kill what writes.
"""

import numpy as np

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Verdict, VerdictName
from leukoscope_edge.records.slides import Identity, Origin, SlideSetUp
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Call, CallName, Cell, Sighting

MEASURED = "measured"
"""What stands in the place of model and program."""
STEP_PX = 100.0
"""From one cell of the slide to the next."""


def noise_set_up(sample: str, *, name: str = "") -> SlideSetUp:
    """Return what is known of a slide of noise before its first frame.

    Args:
        sample: Its label.
        name: Whose it is, "" where nobody asked.
    """
    return SlideSetUp(
        identity=Identity(sample=sample, name=name),
        facts=SIMULATED_SAMPLE,
        mode="slide",
        domain="simulated",
        origin=Origin(
            bundle=MEASURED,
            bundle_sha256="0" * 64,
            engine="none",
            software=MEASURED,
            calibration="none",
            camera="none",
            scale_um_per_px=0.1,
            view_um=20.0,
            limits=("None: this is a measurement.",),
        ),
    )


def noise_verdict(n_cells: int, n_blast: int) -> Verdict:
    """Return a verdict to end a count with."""
    return Verdict(
        name=VerdictName.FEW,
        messages=(message("test"),),
        n_cells=n_cells,
        n_blast=n_blast,
        n_unclear=0,
        interval=Interval(low=0.1, high=0.3),
    )


def noise_cell(
    number: int,
    *,
    side_px: int,
    view_px: int | None = None,
    is_blast: bool = False,
    n_sightings: int = 1,
    kinds: tuple[tuple[str, float], ...] = (),
) -> Cell:
    """Return a cell whose pictures are noise, the same for the same number.

    Args:
        number: Of the cell.
        side_px: Of its crops.
        view_px: Of its picture for people; None: as its crops.
        is_blast: The model calls it blast, else normal.
        n_sightings: How many are kept of it, each with a crop of its own.
        kinds: Every kind with its probability.
    """
    random = np.random.default_rng(number)
    side = view_px or side_px
    view = random.integers(0, 255, (side, side, 3), np.uint8)
    crops = (
        random.integers(0, 255, (side_px, side_px, 3), np.uint8)
        for _ in range(n_sightings)
    )
    sightings = tuple(
        Sighting(
            frame=f"frame {number:06d}",
            box_px=(0, 0, side_px, side_px),
            centre_px=(side_px / 2, side_px / 2),
            slide_px=(STEP_PX * number, 0.0),
            sharpness=1.0,
            crop=crop,
            radius_px=side_px / 2.5,
        )
        for crop in crops
    )
    name = CallName.BLAST if is_blast else CallName.NORMAL
    call = Call(name=name, p_blast=0.9 if is_blast else 0.1, kinds=kinds)
    return Cell(id=number, sightings=sightings, n_sightings=9, view=view, call=call)
