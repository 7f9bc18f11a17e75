"""A screening made by hand: three cells, one of them cut off, one image left out."""

import numpy as np

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Verdict, VerdictName
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening_result import ImageReport, ModelUsed, Screening
from leukoscope_edge.types import Call, CallName, Cell, Sighting, Tally


def cell(id_: int, name: CallName, p: float, image: str = "a.png") -> Cell:
    sighting = Sighting(
        frame=image,
        box_px=(1, 2, 30, 40),
        centre_px=(15.04, 20.0),
        slide_px=(15.0, 20.0),
        sharpness=1.0,
        crop=np.zeros((8, 8, 3), np.uint8),
        radius_px=9.0,
    )
    return Cell(
        id=id_,
        sightings=(sighting,),
        n_sightings=1,
        view=np.full((8, 8, 3), 200, np.uint8),
        call=Call(name=name, p_blast=p),
    )


VERDICT = Verdict(
    name=VerdictName.FEW,
    messages=(message("test"),),
    n_cells=2,
    n_blast=1,
    n_unclear=0,
    interval=Interval(low=0.1, high=0.9),
)


SCREENING = Screening(
    source="folder",
    facts=SIMULATED_SAMPLE,
    domain="real",
    is_sequence=False,
    verdict=VERDICT,
    cells=(cell(1, CallName.NORMAL, 0.1), cell(2, CallName.BLAST, 0.91234)),
    cut_off_cells=(cell(3, CallName.UNCLEAR, 0.5),),
    tally=Tally(n_smudges=4),
    images=(
        ImageReport(name="a.png", status="screened", width_px=64, height_px=48),
        ImageReport(name="b.png", status="skipped", reason=message("file-truncated")),
    ),
    model=ModelUsed(id="m", sha256="ab" * 32, engine="cpu"),
    scale_um_per_px=0.1,
    view_um=20.0,
)
