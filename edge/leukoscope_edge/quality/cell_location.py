"""The cell-location test: does the device find the cells that are there?

Two tests. One runs on drawn fields whose cells are known: it tells a program or a
processor that no longer does what it did, and needs nobody. The other is the quality
slide: a real one, whose cells a person counts and the device counts too; it alone tells
of the microscope, the stain and the camera.
"""

import numpy as np

from leukoscope_edge.arrays import F32, I32
from leukoscope_edge.capture import SCALE_UM_PER_PX, SimulatedCamera, SlidePlan
from leukoscope_edge.counting import QualityDay, QualityTrend, quality_trend
from leukoscope_edge.errors import StepError
from leukoscope_edge.messages import message
from leukoscope_edge.records import Store
from leukoscope_edge.service import give_memory_back
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment

DRAWN_NOTE, SLIDE_NOTE = "cell location", "quality slide"
PLAN = SlidePlan(seed=7, cells=60, blasts=0.3, jerks=0)
EVERY_N_FRAMES = 20
"""Frames so far apart hardly overlap."""
N_DAYS = 30


def locate_drawn() -> tuple[int, int, int]:
    """Look for the whole cells of drawn fields.

    Returns:
        Cells present, cells located, and detections where no cell is.
    """
    camera = SimulatedCamera(PLAN)
    fields = []
    for number in range(len(camera.places_px))[::EVERY_N_FRAMES]:
        found = segment(camera.render(number), SCALE_UM_PER_PX)
        centres = found.centres_px[found.indices(CellKind.WBC)]
        fields.append(located_in(*camera.labels(number), centres))
    present, located, extra = (sum(column) for column in zip(*fields, strict=True))
    return present, located, extra


def located_in(nuclei: I32, cells: I32, centres_px: F32) -> tuple[int, int, int]:
    """Return the whole cells of a field, those that were found, and what is none.

    Args:
        nuclei: As `whole_labels` takes them.
        cells: Likewise.
        centres_px: (N, 2) float32, x and y of what was found.
    """
    places = np.rint(centres_px).astype(int).reshape(-1, 2)
    under = [int(cells[y, x]) for x, y in places]
    whole = whole_labels(nuclei, cells)
    return len(whole), len(whole.intersection(under)), under.count(0)


def whole_labels(nuclei: I32, cells: I32) -> set[int]:
    """Return the labels of the cells that no edge of the field cuts.

    Args:
        nuclei: (H, W) int32, 0 outside, a label on each nucleus.
        cells: (H, W) int32, the same labels on the whole cells.
    """
    edge = np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])
    return set(np.unique(nuclei).tolist()) - set(np.unique(edge).tolist()) - {0}


def run_drawn(store: Store, by: str) -> QualityDay:
    """Run the test on drawn fields and keep what came of it."""
    present, located, extra = locate_drawn()
    give_memory_back()
    facts = {"n_present": present, "n_located": located, "n_extra": extra}
    store.log.note(DRAWN_NOTE, facts, by)
    return days(store, DRAWN_NOTE, 1)[-1]


def keep_quality_slide(store: Store, n_present: int, n_located: int, by: str) -> None:
    """Keep what person and device counted on the quality slide.

    Raises:
        StepError: The device cannot have found more than are there.
    """
    if not 0 <= n_located <= n_present or n_present == 0:
        raise StepError(message("same-fields", k=n_located, n=n_present))
    facts = {"n_present": n_present, "n_located": n_located}
    store.log.note(SLIDE_NOTE, facts, by)


def days(store: Store, note: str, n_days: int) -> list[QualityDay]:
    """Return the last runs of a test, the oldest first."""
    return [
        QualityDay(
            day=event.at[:10],
            n_present=event.body["facts"]["n_present"],
            n_located=event.body["facts"]["n_located"],
        )
        for event in store.log.notes(note, newest=n_days)
    ]


def slide_trend(store: Store) -> QualityTrend | None:
    """Compare the newest quality slides with those before."""
    return quality_trend(days(store, SLIDE_NOTE, N_DAYS))
