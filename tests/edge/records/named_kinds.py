"""People who name the kind of a cell."""

from typing import Any

from leukoscope_edge.types import Reading


def judge(bench: Any, slide: str, cell: str, kind: str, by: str = "ann") -> None:
    """Call a cell normal, and of a kind."""
    key = f"{slide}-{cell}-{by}-{kind}"
    bench.store.review.judge_cell(slide, cell, Reading.NORMAL, by, key=key, kind=kind)
