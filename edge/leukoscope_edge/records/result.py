"""The result of a screening as one JSON object, format 1.

`docs/result.md` describes every key. Keys are only ever added within a format.
"""

import json
from typing import Any

from leukoscope_edge import __version__
from leukoscope_edge.types import Cell, ImageReport, Refusal, Screening, Verdict

FORMAT = 1
INTENDED_USE = (
    "Flags blood smears for review by a specialist. Not a diagnosis; "
    "a negative result does not exclude leukemia."
)


def result_object(screening: Screening) -> dict[str, Any]:
    """Return a screening as plain JSON values."""
    listed = [(c, True) for c in screening.cells]
    listed += [(c, False) for c in screening.cut_off_cells]
    return {
        "format": FORMAT,
        "software": f"leukoscope {__version__}",
        "intended_use": INTENDED_USE,
        "source": screening.source,
        "simulation": screening.domain == "simulated",
        "sequence": screening.is_sequence,
        "scale_um_per_px": screening.scale_um_per_px,
        "verdict": screening.sentence,
        "count": _count_object(screening.verdict, screening.n_smudges),
        "images": [_image_object(i) for i in screening.images],
        "cells": [_cell_object(c, is_counted=counted) for c, counted in listed],
        "model": {
            "id": screening.model.id,
            "sha256": screening.model.sha256,
            "engine": screening.model.engine,
            "fallback": screening.model.fallback,
        },
    }


def result_bytes(screening: Screening) -> bytes:
    """Return a screening as UTF-8 JSON with a newline at the end."""
    text = json.dumps(result_object(screening), indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def _count_object(verdict: Verdict | Refusal, n_smudges: int) -> dict[str, Any]:
    common = {
        "n_cells": verdict.n_cells,
        "n_blast": verdict.n_blast,
        "n_unclear": verdict.n_unclear,
        "n_smudges": n_smudges,
    }
    if isinstance(verdict, Refusal):
        return {"result": "none-possible", **common}
    interval = [verdict.interval.low, verdict.interval.high]
    return {"result": verdict.name.value, **common, "blast_fraction_95": interval}


def _image_object(image: ImageReport) -> dict[str, Any]:
    return {
        "name": image.name,
        "status": image.status,
        "reason": image.reason,
        "width_px": image.width_px,
        "height_px": image.height_px,
    }


def _cell_object(cell: Cell, *, is_counted: bool) -> dict[str, Any]:
    if cell.call is None:
        raise ValueError(f"cell {cell.id} has no call yet")
    best = cell.best
    return {
        "id": cell.id,
        "image": best.frame,
        "box_px": list(best.box_px),
        "centre_px": [round(v, 1) for v in best.centre_px],
        "slide_px": [round(v, 1) for v in best.slide_px],
        "n_sightings": cell.n_sightings,
        "counted": is_counted,
        "call": cell.call.name.value,
        "p_blast": round(cell.call.p_blast, 4),
    }
