"""The result of a screening as one JSON object, format 1.

`docs/result.md` describes every key. Keys are only ever added within a format.
"""

import json
from dataclasses import asdict
from typing import Any

from leukoscope_edge import __version__
from leukoscope_edge.messages import in_english, plain
from leukoscope_edge.outcome import Interval, Posterior, Refusal, StopState, Verdict
from leukoscope_edge.records.exports.facts import facts_object
from leukoscope_edge.records.exports.report_words import said_marks
from leukoscope_edge.records.exports.screening_version import version_of
from leukoscope_edge.screening_result import ImageReport, Screening
from leukoscope_edge.types import Cell, Tally

FORMAT = 1
INTENDED_USE = (
    "Flags blood smears for review by a specialist. Not a diagnosis; "
    "a negative result does not exclude leukemia."
)


def result_object(screening: Screening) -> dict[str, Any]:
    """Return a screening as plain JSON values."""
    facts, estimate = screening.facts, screening.scale_estimate
    listed = [(c, True) for c in screening.cells]
    listed += [(c, False) for c in screening.cut_off_cells]
    version = version_of(screening)
    return {
        "format": FORMAT,
        "software": f"leukoscope {__version__}",
        "intended_use": INTENDED_USE,
        "source": screening.source,
        "simulation": screening.domain == "simulated",
        "sequence": screening.is_sequence,
        "sample_type": facts.sample_type.value if facts.sample_type else None,
        "age": facts.age.value,
        "leukopenic": facts.is_leukopenic,
        "mode": facts.mode,
        "scale_um_per_px": screening.scale_um_per_px,
        "scale_estimate": estimate and asdict(estimate),
        "verdict": screening.sentence,
        "marks": list(said_marks(version)),
        "notes": list(screening.notes),
        "islands": screening.tally.n_islands,
        "background_from": screening.background_from,
        "segmenter": screening.segmenter,
        "segmenter_fallback": screening.segmenter_fallback,
        "count": _count_object(screening.verdict, screening.tally),
        "facts": facts_object(version),
        "images": [_image_object(i) for i in screening.images],
        "cells": [_cell_object(c, is_counted=counted) for c, counted in listed],
        "model": {
            "id": screening.model.id,
            "sha256": screening.model.sha256,
            "engine": screening.model.engine,
            "fallback": screening.model.fallback,
            "validation": screening.model.validation,
        },
    }


def result_bytes(screening: Screening) -> bytes:
    """Return a screening as UTF-8 JSON with a newline at the end."""
    text = json.dumps(result_object(screening), indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def _count_object(verdict: Verdict | Refusal, tally: Tally) -> dict[str, Any]:
    common = {
        "n_cells": verdict.n_cells,
        "n_blast": verdict.n_blast,
        "n_unclear": verdict.n_unclear,
        "n_smudges": tally.n_smudges,
        "n_read": verdict.n_read,
        "n_confirmed": verdict.n_confirmed,
        "stop_rule": _stop_object(verdict.stop) if verdict.stop else None,
    }
    if isinstance(verdict, Refusal):
        # a 0 would read as a negative where nothing was concluded
        seen = {k: common[k] or None for k in ("n_blast", "n_confirmed")}
        return {"result": "none-possible", **common, **seen}
    return {
        "result": verdict.name.value,
        **common,
        "blast_fraction_95": _pair(verdict.interval),
        "background": verdict.background,
        "true_blast_fraction_95": _pair(verdict.true_fraction),
        "posterior": _posterior_object(verdict.posterior),
    }


def _stop_object(stop: StopState) -> dict[str, Any]:
    return {
        "look": stop.look,
        "next_look": stop.next_look,
        "keep_going": stop.keep_going,
        "advice": stop.advice,
        "claim": stop.claim,
    }


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _posterior_object(posterior: Posterior | None) -> dict[str, Any] | None:
    if posterior is None:
        return None
    return {**asdict(posterior), "interval": _pair(posterior.interval)}


def _image_object(image: ImageReport) -> dict[str, Any]:
    return {
        "name": image.name,
        "status": image.status,
        "reason": in_english(image.reason or ""),
        "message": plain(image.reason) if image.reason else None,
        "searched": image.is_searched,
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
        "island": cell.island,
        "counted": is_counted,
        "call": cell.call.name.value,
        "p_blast": round(cell.call.p_blast, 4),
        "is_unlike": cell.call.is_unlike,
        "is_off_scale": cell.call.is_off_scale,
        "kind": cell.call.kind,
        "kinds": {name: round(p, 4) for name, p in cell.call.kinds},
    }
