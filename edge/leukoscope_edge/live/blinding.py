"""What a running count tells people who are still to look: cells, not what they are.

Pure: facts in, facts out. Boxes, tiles and numbers lose what the model calls a cell,
and advice loses on which side the blasts are. What remains is what eyes see as well:
that a cell was counted, one that is cut off, one that burst.
"""

from typing import Any

from leukoscope_edge.messages import from_plain, message, plain

SEEN = "seen"
"""The kind of every cell that the model has called or is about to call."""
BY_EYE = frozenset({"cut-off", "smudge"})
"""Kinds of boxes that are no word of the model."""
HARMLESS = frozenset({"first-look", "leukopenic"})
"""Why one is to go on: reasons that say nothing of the cells."""


def blinded(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a picture without the model's word.

    Args:
        facts: As the counting process tells them (`live/snapshot.py`).
    """
    hidden = dict(facts)
    if "boxes" in facts:
        hidden["boxes"] = [_box(b) for b in facts["boxes"]]
    if "last" in facts:
        hidden["last"] = [[cell, SEEN] for cell, _ in facts["last"]]
    if "count" in facts:
        hidden["count"] = _count(facts["count"])
    return hidden


def _box(box: dict[str, Any]) -> dict[str, Any]:
    return box if box.get("kind") in BY_EYE else box | {"kind": SEEN}


def _count(count: dict[str, Any]) -> dict[str, Any]:
    """Return how many cells there are, and nothing of what they are."""
    return {
        "n_cells": count["n_cells"] + count["n_unclear"],
        "n_blast": None,
        "n_unclear": None,
        "interval": None,
        "look": count["look"],
        "next_look": count["next_look"],
        "advice": _advice(count["advice"]),
    }


def _advice(advice: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return whether to go on, and no reason that lies in the cells."""
    if advice is None:
        return None
    found = from_plain(advice)
    if found.id != "go-on":
        return plain(message("enough"))
    held = dict(found.params)
    if getattr(held["why"], "id", "") in HARMLESS:
        return advice
    return plain(message("go-on-to", n=held["n"]))
