"""The cells of a version of a slide as CSV."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.named_kinds import judge

from leukoscope_edge.records.exports import file_of, open_version
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.types import Reading


def test_a_table_is_harmless_in_a_spreadsheet(bench: Any) -> None:
    slide = bench.finished()
    for c in bench.store.reader.slide(slide).to_review:
        bench.store.review.judge_cell(slide, c.id, Reading.NORMAL, "=cmd()", key=c.id)
    data = version_csv_bytes(open_version(bench.store, slide))
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert rows[0]["judged_by"] == "'=cmd()"
    assert rows[0]["word"] == "normal"
    assert rows[2]["word"] == ""
    assert (rows[0]["counted"], rows[0]["x0_px"], rows[0]["y1_px"]) == (
        "True",
        "1",
        "40",
    )


def test_columns_are_only_ever_added_behind_the_others(bench: Any) -> None:
    version = open_version(bench.store, bench.signed(), identified=False)
    (head, *_) = csv.reader(io.StringIO(version_csv_bytes(version).decode()))
    assert head[:15] == [
        *("slide", "cell", "frame", "call", "p_blast", "word", "judged_by"),
        *("counted", "kind", "kind_by", "x0_px", "y0_px", "x1_px", "y1_px"),
        "unclear_because",
    ]


def test_the_table_of_cells_says_each_kind_and_whose_word_it_is(bench: Any) -> None:
    slide = bench.of_kinds()
    judge(bench, slide, "1", "monocyte")
    text = file_of(open_version(bench.store, slide), "csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["kind"], r["kind_by"]) for r in rows[:2]] == [
        ("monocyte", "person"),
        ("neutrophil", "model"),
    ]


@pytest.mark.parametrize("identified", [True, False])
def test_the_sample_is_a_column_of_a_copy_with_names_alone(
    bench: Any, *, identified: bool
) -> None:
    version = open_version(bench.store, bench.signed(), identified=identified)
    head, *rows = csv.reader(io.StringIO(version_csv_bytes(version).decode()))
    assert (head[0] == "sample") is identified
    assert {row[0] for row in rows} == {"S-1" if identified else version.record.id}


def test_a_cell_that_no_model_saw_has_neither_call_nor_probability(
    bench: Any,
) -> None:
    version = open_version(bench.store, bench.finished())
    cells = dict(version.record.machine_cells)
    cells["1"] = replace(cells["1"], call=None, p_blast=None)
    record = replace(version.record, machine_cells=cells)
    text = version_csv_bytes(replace(version, record=record)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["call"], r["p_blast"]) for r in rows[:2]] == [
        ("", ""),
        ("unclear", "0.3"),
    ]
