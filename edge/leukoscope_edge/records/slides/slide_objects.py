"""Slides' values as the plain JSON objects of the events, and back."""

from dataclasses import asdict
from typing import Any

from leukoscope_edge.counting import Gathered
from leukoscope_edge.messages import from_plain, plain
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.records.slides.cell_record import (
    OF_PEOPLE,
    CellRecord,
    FieldPicture,
)
from leukoscope_edge.records.slides.slide import Outcome
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import CallName
from leukoscope_edge.vision import FrameColours
from leukoscope_edge.vision.scale import FrameScale, FrameSizes


def cell_object(cell: CellRecord) -> dict[str, Any]:
    """Return a cell as plain JSON values, without a person's word."""
    found = asdict(cell)
    for of_people in OF_PEOPLE:
        del found[of_people]
    if cell.field is None:
        del found["field"]
    if not cell.is_unlike:
        del found["is_unlike"]
    if not cell.is_off_scale:
        del found["is_off_scale"]
    if not cell.kind:
        del found["kind"]
    return found | {"call": cell.call.value if cell.call else None}


def cell_from(found: dict[str, Any]) -> CellRecord:
    """Return the cell that `cell_object` made plain."""
    x0, y0, x1, y1 = found["box_px"]
    x, y = found["slide_px"]
    call = CallName(found["call"]) if found["call"] else None
    typed: dict[str, Any] = {
        "box_px": (x0, y0, x1, y1),
        "slide_px": (x, y),
        "call": call,
    }
    if kept := found.get("field"):
        a, b, c, d = kept["box_px"]
        typed["field"] = FieldPicture(**kept | {"box_px": (a, b, c, d)})
    return CellRecord(**found | typed)


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain JSON values."""
    return asdict(outcome) | {"messages": [plain(m) for m in outcome.messages]}


def outcome_from(found: dict[str, Any]) -> Outcome:
    """Return the outcome that `outcome_object` made plain."""
    interval = found["blast_fraction_95"]
    typed = {
        "blast_fraction_95": tuple(interval) if interval else None,
        "messages": tuple(from_plain(m) for m in found.get("messages", ())),
    }
    return Outcome(**found | typed)


def facts_object(facts: SlideFacts) -> dict[str, Any]:
    """Return the facts of a slide as plain JSON values."""
    type_ = facts.sample_type
    return asdict(facts) | {
        "sample_type": type_.value if type_ else None,
        "age": facts.age.value,
    }


def facts_from(found: dict[str, Any]) -> SlideFacts:
    """Return the facts that `facts_object` made plain."""
    named = found["sample_type"]
    typed = {
        "sample_type": SampleType(named) if named else None,
        "age": AgeGroup(found["age"]),
    }
    return SlideFacts(**found | typed)


def doubt_object(doubt: Doubt) -> dict[str, Any]:
    """Return a doubt as plain JSON values."""
    return {
        "reason": plain(doubt.reason),
        "cure": plain(doubt.cure) if doubt.cure else None,
        "spoils_calls": doubt.spoils_calls,
    }


def doubt_from(found: dict[str, Any]) -> Doubt:
    """Return the doubt that `doubt_object` made plain."""
    return Doubt(
        reason=from_plain(found["reason"]),
        cure=from_plain(found["cure"]) if found["cure"] else None,
        spoils_calls=found["spoils_calls"],
    )


def gathered_object(gathered: Gathered) -> dict[str, Any]:
    """Return what frames bear witness of as plain JSON values, short."""
    return {
        "n_frames": gathered.n_frames,
        "statuses": dict(gathered.statuses),
        "n_lost": gathered.n_lost,
        "colours": [
            [n, c.mode, c.above, c.below, c.density, c.negative]
            for n, c in gathered.colours.items()
        ],
        "sizes": [
            [s.red_px, s.nuclei_px, s.body_um_per_px, s.stretches]
            for s in gathered.sizes
        ],
        "shapes_px": gathered.shapes_px,
        "jpeg_quality": gathered.jpeg_quality,
        "bits_per_px": gathered.bits_per_px,
        "um_per_px": gathered.um_per_px,
        "light": dict(gathered.light),
        "frame_scales": [
            [s.witness, s.diameter_px, s.n] for s in gathered.frame_scales
        ],
    }


def gathered_from(found: dict[str, Any]) -> Gathered:
    """Return what `gathered_object` made plain."""
    typed: dict[str, Any] = {
        "colours": {n: _colours(*values) for n, *values in found["colours"]},
        "sizes": tuple(
            FrameSizes(
                red_px=tuple(red),
                nuclei_px=tuple(nuclei),
                body_um_per_px=body,
                # An older program kept none.
                stretches=tuple(*stretches),
            )
            for red, nuclei, body, *stretches in found["sizes"]
        ),
        "shapes_px": tuple((w, h) for w, h in found["shapes_px"]),
        "um_per_px": tuple(found["um_per_px"]),
        "light": {name: tuple(values) for name, values in found["light"].items()},
        "frame_scales": tuple(FrameScale(*s) for s in found.get("frame_scales", ())),
    }
    return Gathered(**found | typed)


def _colours(
    mode: float,
    above: float,
    below: float,
    density: list[float] | None,
    negative: list[float] | None,
) -> FrameColours:
    def three(values: list[float] | None) -> tuple[float, float, float] | None:
        return (values[0], values[1], values[2]) if values else None

    return FrameColours(
        mode=mode,
        above=above,
        below=below,
        density=three(density),
        negative=three(negative),
    )
