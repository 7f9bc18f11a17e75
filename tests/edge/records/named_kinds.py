"""People who name the kind of a cell."""

from typing import Any

from tests.edge.records.bench import BLAST_OF_KINDS

from leukoscope_edge.types import Reading


def judge(bench: Any, slide: str, cell: str, kind: str, by: str = "ann") -> None:
    """Call a cell normal, and of a kind."""
    key = f"{slide}-{cell}-{by}-{kind}"
    bench.store.review.judge_cell(slide, cell, Reading.NORMAL, by, key=key, kind=kind)


def confirm(bench: Any, slide: str, by: str = "ann") -> None:
    """Read every cell of `Bench.of_kinds` as the model called it; name no kind."""
    for cell in bench.store.reader.slide(slide).cells:
        is_blast = cell.id == f"{BLAST_OF_KINDS}"
        word = Reading.BLAST if is_blast else Reading.NORMAL
        bench.store.review.judge_cell(slide, cell.id, word, by, key=f"{cell.id}-{by}")


def name_all(bench: Any, slide: str, by: str = "ann") -> str:
    """Read every cell of `Bench.of_kinds`, of the kind that the model gave it."""
    for cell in bench.store.reader.slide(slide).cells:
        if cell.id == f"{BLAST_OF_KINDS}":
            key = f"{slide}-{cell.id}-{by}-blast"
            bench.store.review.judge_cell(slide, cell.id, Reading.BLAST, by, key=key)
        else:
            judge(bench, slide, cell.id, cell.kind, by)
    return slide
