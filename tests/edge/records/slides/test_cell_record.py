"""How what people said on a cell becomes its word."""

import pytest
from tests.edge.records.bench import KEPT_CELL

from leukoscope_edge.records.slides.cell_record import (
    ReviewStep,
    cell_id,
    with_words,
)
from leukoscope_edge.types import Reading

B, N = Reading.BLAST, Reading.NORMAL


def steps(*said: tuple[str, Reading | None]) -> list[ReviewStep]:
    return [
        ReviewStep(seq=i, cell="1", word=w, by=by) for i, (by, w) in enumerate(said)
    ]


def settled(by: str, word: Reading) -> ReviewStep:
    return ReviewStep(seq=9, cell="1", word=word, by=by, settles=True)


@pytest.mark.parametrize(
    ("said", "n_readers", "word", "is_disputed"),
    [
        ([], 1, None, False),
        (steps(("ann", None)), 1, None, False),
        (steps(("ann", B)), 1, B, False),
        (steps(("ann", B), ("bob", N)), 1, N, False),
        (steps(("ann", B)), 2, B, False),
        (steps(("ann", B), ("bob", B)), 2, B, False),
        (steps(("ann", B), ("bob", N)), 2, Reading.UNCLEAR, True),
        (steps(("ann", B), ("bob", N), ("bob", B)), 2, B, False),
        ([*steps(("ann", B), ("bob", N)), settled("sue", N)], 2, N, False),
    ],
)
def test_of_two_readers_both_words_count_and_a_supervisors_settles(
    said: list[ReviewStep], n_readers: int, word: Reading | None, is_disputed: bool
) -> None:
    cell = with_words(KEPT_CELL, said, n_readers)
    assert (cell.word, cell.is_disputed) == (word, is_disputed)


def test_until_a_person_speaks_the_models_word_counts() -> None:
    assert KEPT_CELL.final is Reading.BLAST
    assert with_words(KEPT_CELL, steps(("ann", N)), 1).final is Reading.NORMAL


@pytest.mark.parametrize(
    ("run", "number", "id_"), [(1, 1, "1"), (1, 12, "12"), (2, 12, "r2.12")]
)
def test_a_resumed_run_numbers_its_cells_apart(run: int, number: int, id_: str) -> None:
    assert cell_id(run, number) == id_
