"""What a running count tells: facts of a picture, and how a page reads them."""

import json
from typing import Any

from leukoscope_edge.live.commands import HEAD_BYTES
from leukoscope_edge.messages import in_english, message, plain, told_from

KINDS = ("blast", "unclear", "normal", "new", "cut-off", "smudge")
COUNT = {
    "n_cells": 60,
    "n_blast": 18,
    "n_unclear": 4,
    "interval": [0.2, 0.4],
    "look": 50,
    "next_look": None,
    "advice": plain(message("enough-above", level="5 %")),
}
FACTS: dict[str, Any] = {
    "seq": 7,
    "boxes": [{"box": [0, 0, 9, 9], "kind": k, "cell": "1"} for k in KINDS],
    "last": [["1", "blast"], ["2", "normal"]],
    "count": COUNT,
}


def facts_in(data: bytes) -> dict[str, Any]:
    end = HEAD_BYTES + int.from_bytes(data[:HEAD_BYTES], "big")
    found: dict[str, Any] = json.loads(data[HEAD_BYTES:end])
    return found


def instruction_in(facts: dict[str, Any]) -> str:
    """What a technician is told, in English; "" where there is nothing."""
    return in_english(told_from(facts.get("instruction", "")))
