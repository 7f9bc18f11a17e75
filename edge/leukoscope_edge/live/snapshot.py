"""What the page is told of a frame and of the count, as plain JSON values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leukoscope_edge.counting import OTHER_OBJECTIVE, FrameResult, binomial_interval
from leukoscope_edge.live.recorder import Recorder
from leukoscope_edge.messages import Message, message, plain
from leukoscope_edge.outcome import Doubt, Refusal, Verdict
from leukoscope_edge.screening import SlideRun
from leukoscope_edge.types import Cell, Detection, Fault, Frame
from leukoscope_edge.vision import QualityReport

N_LAST_CELLS = 12
SAME_RADII = 1.5
"""In nucleus radii: a sighting so near to a cell's place is that cell."""
WHOLE = ("camera-says", "picture", "video-lost", "video-undecoded")
"""Why a frame is missing: messages that have a subject."""
OF_THE_VIDEO = ("video-cut", "video-interlaced")
"""What is said of a frame, and is so of its file."""


def boxes_of(
    looked: FrameResult, cells: Sequence[Cell], recorder: Recorder
) -> list[dict[str, Any]]:
    """Return a box for every white cell of a frame, with what it is taken for.

    Args:
        looked: What the frame showed.
        cells: All cells of the count, each with its call.
        recorder: Knows the cells' ids in the records.
    """
    island = looked.place.island if looked.place else 0
    here = [c for c in cells if c.island == island]
    places = np.array([c.best.slide_px for c in here]).reshape(-1, 2)
    boxes = []
    for sighting in (*looked.seen.whole, *looked.followed.whole):
        cell = _cell_at(sighting, here, places)
        kind = cell.call.name.value if cell and cell.call else "new"
        boxes.append(_box(sighting, kind, recorder.record_id(cell.id) if cell else ""))
    boxes += [_box(s, "cut-off", "") for s in looked.seen.cut_off]
    smudges = (*looked.seen.smudges, *looked.followed.smudges)
    boxes += [_box(s, "smudge", "") for s in smudges]
    return boxes


def _cell_at(
    sighting: Detection, cells: Sequence[Cell], places: np.ndarray
) -> Cell | None:
    if not cells:
        return None
    distances = np.hypot(*(places - np.array(sighting.slide_px)).T)
    nearest = int(np.argmin(distances))
    is_same = distances[nearest] <= SAME_RADII * sighting.radius_px
    return cells[nearest] if is_same else None


def _box(sighting: Detection, kind: str, cell: str) -> dict[str, Any]:
    return {"box": list(sighting.box_px), "kind": kind, "cell": cell}


def place_facts(looked: FrameResult) -> dict[str, Any]:
    """Return where the lens is and whether that is known.

    Through another objective the way back to the place is not what is asked for.
    """
    if looked.place is None:
        return {"tracking": "", "place": None}
    place, reason = looked.place, looked.report.reason
    return {
        "tracking": "" if reason == OTHER_OBJECTIVE else place.state.value,
        "place": [round(place.x_px), round(place.y_px), place.island],
    }


def count_facts(
    run: SlideRun, cells: Sequence[Cell], recorder: Recorder
) -> dict[str, Any]:
    """Return the count so far."""
    outcome = run.outcome()
    stop, doubts = outcome.stop, run.doubts()
    newest = sorted(cells, key=lambda c: -c.id)[:N_LAST_CELLS]
    return {
        "count": {
            "n_cells": outcome.n_cells,
            "n_blast": outcome.n_blast,
            "n_unclear": outcome.n_unclear,
            "interval": _interval(outcome),
            "look": stop.look if stop else 0,
            "next_look": stop.next_look if stop else None,
            "advice": plain(stop.why) if stop else None,
        },
        "doubt": _doubted(doubts[0]) if doubts else "",
        "frames": dict(recorder.statuses),
        "last": [
            [recorder.record_id(c.id), c.call.name.value if c.call else "new"]
            for c in newest
        ],
    }


def _doubted(doubt: Doubt) -> dict[str, Any]:
    reason, cure = doubt.reason, doubt.cure
    if cure is None:
        return plain(message("no-negative", reason=reason))
    return plain(message("no-negative-until", reason=reason, cure=cure))


def _interval(outcome: Verdict | Refusal) -> list[float] | None:
    if outcome.n_cells == 0:
        return None
    interval = binomial_interval(outcome.n_blast, outcome.n_cells)
    return [interval.low, interval.high]


def instruction_facts(
    reason: Message | None, item: Frame | Fault
) -> dict[str, Any] | str:
    """Return why a frame is not looked at, "" where it is; a stored one has a subject.

    What is said of a file stands behind its name in a list, and alone on a live screen.
    """
    if reason is None:
        return ""
    if not isinstance(item, Fault) or reason.id in WHOLE:
        return plain(reason)
    subject = "video" if reason.id in OF_THE_VIDEO else "picture"
    return plain(message(subject, why=reason))


def light_facts(report: QualityReport) -> list[dict[str, Any]]:
    """Return every measure of a frame with its band."""
    return [
        {
            "name": m.name,
            "value": m.value,
            "low": m.low if np.isfinite(m.low) else None,
            "high": m.high if np.isfinite(m.high) else None,
            "is_good": m.is_good,
            "instruction": plain(m.instruction),
        }
        for m in report.measures
    ]
