"""Two people read each suspect cell; where they differ a supervisor settles it."""

from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import VERDICT

from leukoscope_edge.cli import main
from leukoscope_edge.errors import StepError
from leukoscope_edge.records.exports import list_facts, open_version
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.types import Reading

BLAST, NORMAL, UNCLEAR = Reading.BLAST, Reading.NORMAL, Reading.UNCLEAR


def read(bench: Any, slide: str, by: str, words: str) -> None:
    """Let somebody say B, N or U of the cells 1, 2, ... in their order."""
    known = {"B": BLAST, "N": NORMAL, "U": UNCLEAR}
    for number, letter in enumerate(words, start=1):
        key = f"{slide}-{by}-{number}"
        bench.store.review.judge_cell(slide, str(number), known[letter], by, key=key)


def words_of(bench: Any, slide: str) -> str:
    """The words that count, X where readers differ and - where nobody spoke."""
    return "".join(
        "X" if c.is_disputed else c.word.value[0].upper() if c.word else "-"
        for c in bench.store.reader.slide(slide).cells
    )


@pytest.mark.parametrize(
    ("ann", "ben", "expected"),
    [
        ("", "", "----"),
        ("B", "", "B---"),
        ("B", "B", "B---"),
        ("B", "N", "X---"),
        ("BNNN", "BNNN", "BNNN"),
        ("BNNN", "BUNB", "BXNX"),
    ],
)
def test_a_word_counts_where_both_say_it(
    bench: Any, ann: str, ben: str, expected: str
) -> None:
    slide = bench.finished(n_readers=2)
    read(bench, slide, "ann", ann)
    read(bench, slide, "ben", ben)
    assert words_of(bench, slide) == expected
    bench.reopen()
    assert words_of(bench, slide) == expected


def test_nobody_signs_before_two_have_read_and_a_dispute_is_settled(bench: Any) -> None:
    slide = bench.finished(n_readers=2)

    def sign() -> None:
        bench.store.review.sign(
            slide, lambda _: VERDICT, "ann", key=f"sign-{bench.store.log.head().seq}"
        )

    read(bench, slide, "ann", "BNNN")
    with pytest.raises(StepError, match="4 cells are still to be judged"):
        sign()
    read(bench, slide, "ben", "NNN")
    with pytest.raises(StepError, match="readers differ on 1 cells"):
        sign()
    bench.store.review.settle_cell(slide, "1", BLAST, "chief", key="settle-1")
    with pytest.raises(StepError, match="1 cells are still to be judged"):
        sign()
    bench.store.review.judge_cell(slide, "4", NORMAL, "ben", key="ben-last")
    sign()
    record = bench.store.reader.slide(slide)
    assert record.state is SlideState.SIGNED
    (first, *_) = record.cells
    assert (first.word, first.judged_by) == (BLAST, "chief")
    assert dict(first.words) == {"ann": BLAST, "ben": NORMAL}
    assert bench.store.verify_audit() == []
    rows = dict(f.row() for f in list_facts(open_version(bench.store, slide)))
    expected = "ann, ben: judged alike 3 of 4 cells; 1 settled by a supervisor"
    assert rows["Readers"] == expected


def test_a_cell_that_two_have_read_is_for_a_supervisor_alone(bench: Any) -> None:
    slide = bench.finished(n_readers=2)
    read(bench, slide, "ann", "B")
    with pytest.raises(StepError, match="two people must read cell 1"):
        bench.store.review.settle_cell(slide, "1", BLAST, "chief", key="too-early")
    read(bench, slide, "ben", "N")
    for by in ("ann", "ben", "eve"):
        with pytest.raises(StepError, match="two people have read cell 1"):
            bench.store.review.judge_cell(slide, "1", BLAST, by, key=f"again-{by}")
    with pytest.raises(StepError, match="is read by ann and ben already"):
        bench.store.review.judge_cell(slide, "2", BLAST, "eve", key="third")


def test_each_takes_back_only_what_they_said(bench: Any) -> None:
    slide = bench.finished(n_readers=2)
    read(bench, slide, "ann", "NB")
    read(bench, slide, "ben", "N")
    bench.store.review.undo(slide, "ann", key="undo-1")
    assert words_of(bench, slide) == "N---"
    bench.store.review.undo(slide, "ann", key="undo-2")
    assert words_of(bench, slide) == "N---"
    with pytest.raises(StepError, match="nothing to take back"):
        bench.store.review.undo(slide, "ann", key="undo-3")


@pytest.mark.parametrize("words", ["BN", "NB", "BU", "UB", "BB"])
def test_a_blast_that_two_have_read_is_taken_back_by_nobody(
    bench: Any, words: str
) -> None:
    """A dispute over it would end without a supervisor, and nobody would be told."""
    slide = bench.finished(n_readers=2)
    ann, ben = words
    read(bench, slide, "ann", ann)
    read(bench, slide, "ben", ben)
    before = words_of(bench, slide)
    for by in ("ann", "ben"):
        with pytest.raises(StepError, match="two people have read cell 1"):
            bench.store.review.undo(slide, by, key=f"undo-{by}")
    if ann != ben:
        bench.store.review.settle_cell(slide, "1", NORMAL, "chief", key="settle-1")
        for by in ("ann", "ben"):
            with pytest.raises(StepError, match="two people have read cell 1"):
                bench.store.review.undo(slide, by, key=f"undo-{by}")
        bench.store.review.undo(slide, "chief", key="undo-chief")
    assert words_of(bench, slide) == before


def test_one_reader_is_as_before(bench: Any) -> None:
    slide = bench.finished()
    read(bench, slide, "ann", "B")
    bench.store.review.judge_cell(slide, "1", NORMAL, "ben", key="ben-1")
    assert words_of(bench, slide) == "N---"
    assert bench.store.reader.slide(slide).disputed == ()
    with pytest.raises(StepError, match="two people must read cell 2"):
        bench.store.review.settle_cell(slide, "2", BLAST, "chief", key="settle-1")


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("show", 0, ""),
        ("export", 0, ""),
        ("reproduce", 1, "judged by red-test, which is not installed"),
    ],
)
def test_the_command_line_waits_until_both_have_read(
    bench: Any,
    command: str,
    status: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    slide = bench.finished(n_readers=2)
    bench.store.end_copy()
    out = ["--out", str(tmp_path / "out")] if command == "export" else []
    run = ["records", command, slide, "--data", str(bench.folder), *out]
    read(bench, slide, "ann", "BNNN")
    assert main(run) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "wait until both have looked" in printed.err
    assert not (tmp_path / "out").exists()
    read(bench, slide, "ben", "BNNN")
    assert main(run) == status
    assert said in capsys.readouterr().err


def test_the_list_says_no_result_until_both_have_read(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    slide = bench.finished(n_readers=2)
    listed = ["records", "list", "--data", str(bench.folder)]
    main(listed)
    first = capsys.readouterr().out
    assert "being read by two people" in first
    assert VERDICT.sentence not in first
    read(bench, slide, "ann", "BNNN")
    read(bench, slide, "ben", "BNNN")
    main(listed)
    assert VERDICT.sentence in capsys.readouterr().out
