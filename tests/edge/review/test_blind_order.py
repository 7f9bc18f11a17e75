"""What is hidden, what a reader is told, and in which order, by table."""

from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.profile import ReviewEntry
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.review.blind_order import (
    Agreement,
    agreement,
    by_suspicion,
    differences,
    hides_model,
    renamed,
    tab_of,
    tells_word,
    why_files_wait,
)
from leukoscope_edge.types import CallName, Reading

LOOK, OFF = ReviewEntry(blind="first-look"), ReviewEntry(blind="off")


def slide(*cells: Any, **parts: Any) -> Any:
    usual = {"id": "0001", "n_readers": 1, "state": SlideState.REVIEW, "readers": ()}
    return SimpleNamespace(**(usual | parts), cells=cells)


def cell(**parts: Any) -> Any:
    usual = {
        "word": None,
        "p_blast": 0.5,
        "is_counted": True,
        "final": Reading.NORMAL,
        "call": CallName.NORMAL,
        "kind": "",
        "named_kind": "",
        "words": (),
    }
    return SimpleNamespace(**(usual | parts))


def unread() -> Any:
    """A suspect cell that nobody has judged: the first look is not over."""
    return cell(id="a", is_suspect=True, added_by=None)


@pytest.mark.parametrize(
    ("entry", "n_readers", "is_over", "hides"),
    [
        (LOOK, 1, False, True),
        (LOOK, 1, True, False),
        (LOOK, 2, False, True),
        (OFF, 1, False, False),
        (OFF, 2, False, True),  # two readers never see each other's words
        (OFF, 2, True, False),
    ],
)
def test_the_model_is_hidden_until_the_first_look_is_over(
    entry: ReviewEntry,
    n_readers: int,
    is_over: bool,
    hides: bool,
) -> None:
    record = slide(unread(), n_readers=n_readers, signatures=("ann",) * is_over)
    assert hides_model(record, entry) is hides
    why = why_files_wait(record, entry)
    assert bool(why) is hides
    assert (why is not None and why.id == "files-wait-two") is (hides and n_readers > 1)


@pytest.mark.parametrize(
    ("state", "n_readers", "is_over", "tells"),
    [
        (SlideState.NEW, 1, False, False),
        (SlideState.COUNTING, 1, False, False),
        (SlideState.REVIEW, 1, False, True),
        (SlideState.REVIEW, 2, False, False),
        (SlideState.REVIEW, 2, True, True),
        (SlideState.COUNTING, 1, True, True),
    ],
)
def test_a_reader_is_told_the_models_word_once_she_said_hers(
    state: SlideState,
    n_readers: int,
    is_over: bool,
    tells: bool,
) -> None:
    signed = ("ann",) * is_over
    record = slide(unread(), state=state, n_readers=n_readers, signatures=signed)
    assert tells_word(record, LOOK) is tells


def test_two_readers_agree_on_what_both_judged_alike() -> None:
    a, b = ("ann", Reading.BLAST), ("ben", Reading.BLAST)
    words = [(), (a,), (a, b), (a, b), (a, ("ben", Reading.NORMAL))]
    record = slide(*(cell(words=w) for w in words), readers=("ann", "ben"))
    assert agreement(record) == Agreement(readers=("ann", "ben"), n_both=3, n_same=2)


def test_a_persons_blasts_come_first_then_what_nobody_called() -> None:
    normal, suspect, missed = cell(p_blast=0.1), cell(p_blast=0.9), cell(p_blast=None)
    blast = cell(p_blast=0.2, word=Reading.BLAST)
    cut = cell(p_blast=1.0, is_counted=False)
    cells = [normal, suspect, missed, cut, blast]
    assert by_suspicion(cells) == [blast, missed, suspect, normal]


@pytest.mark.parametrize(
    ("final", "word", "named", "tab"),
    [
        (Reading.NORMAL, None, "", "eosinophil"),
        (Reading.NORMAL, Reading.NORMAL, "", "others"),
        (Reading.NORMAL, Reading.NORMAL, "monocyte", "monocyte"),
        (Reading.BLAST, None, "", "suspected"),
        (Reading.BLAST, Reading.BLAST, "", "suspected"),
        (Reading.UNCLEAR, None, "", "unclear"),
        (Reading.NOT_A_CELL, Reading.NOT_A_CELL, "", "not-cells"),
    ],
)
def test_each_cell_stands_in_one_tab(
    final: Reading, word: Reading | None, named: str, tab: str
) -> None:
    """The model takes it for an eosinophil; who read it need not have said so."""
    shown = cell(final=final, word=word, named_kind=named, kind="eosinophil")
    assert tab_of(shown) == tab
    nameless = cell(final=Reading.NORMAL)
    assert tab_of(nameless) == "others"


def test_person_and_machine_differ_only_where_a_person_spoke() -> None:
    silent = cell()
    alike = cell(word=Reading.NORMAL)
    other = cell(word=Reading.BLAST)
    missed = cell(word=Reading.BLAST, call=None)
    unseen = cell(call=None)
    assert differences(slide(silent, alike, other, missed, unseen)) == [other, missed]


def test_a_kind_is_renamed_only_where_a_person_named_another() -> None:
    other = cell(kind="monocyte", named_kind="lymphocyte")
    cells = [
        cell(kind="monocyte"),
        cell(kind="monocyte", named_kind="monocyte"),
        cell(named_kind="lymphocyte"),
        cell(kind="monocyte", named_kind="lymphocyte", final=Reading.BLAST),
    ]
    assert renamed(slide(*cells, other)) == [other]
