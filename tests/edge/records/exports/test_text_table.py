"""The table of a screening: for a terminal, and for a spreadsheet."""

import csv
import io
from dataclasses import replace

import pytest
from tests.edge.records.one_screening import SCREENING, cell

from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.records.exports.text_table import (
    cells_csv_bytes,
    csv_bytes,
    table_text,
)
from leukoscope_edge.types import CallName


def test_csv_is_harmless_in_a_spreadsheet() -> None:
    bad = replace(SCREENING, cells=(cell(1, CallName.BLAST, 0.9, "=cmd()"),))
    rows = list(csv.DictReader(io.StringIO(cells_csv_bytes(bad).decode())))
    assert rows[0]["image"] == "'=cmd()"
    assert rows[0]["x1_px"] == "30"
    assert list(rows[0])[:11] == [
        *("id", "image", "call", "p_blast", "counted", "n_sightings"),
        *("x0_px", "y0_px", "x1_px", "y1_px", "is_off_scale"),
    ]


def test_a_screening_without_a_cell_is_a_table_without_a_row() -> None:
    empty = replace(SCREENING, cells=(), cut_off_cells=())
    lines = table_text(empty).splitlines()
    assert lines[0].split() == ["cell", "image", "call", "p(blast)", "sightings"]
    assert lines[1] == ""
    assert lines[-1] == INTENDED_USE
    assert len(cells_csv_bytes(empty).decode().splitlines()) == 1


def test_every_cell_is_a_line_and_a_cut_off_one_says_so() -> None:
    rows = [line.split() for line in table_text(SCREENING).splitlines()[1:4]]
    assert [row[:4] for row in rows] == [
        ["1", "a.png", "normal", "0.100"],
        ["2", "a.png", "blast", "0.912"],
        ["3", "a.png", "unclear", "0.500"],
    ]
    assert [row[5:] for row in rows] == [[], [], ["cut", "off,", "not", "counted"]]


def test_a_name_from_outside_moves_nothing_on_a_terminal() -> None:
    evil = replace(SCREENING, cells=(cell(1, CallName.BLAST, 0.9, "a\x1b[2J\nb"),))
    text = table_text(evil)
    assert "\x1b" not in text
    assert "blast" in text.splitlines()[1]


@pytest.mark.parametrize(("fallback", "said"), [("", False), ("no accelerator", True)])
def test_what_was_left_out_and_what_it_ran_on_is_said(
    fallback: str, *, said: bool
) -> None:
    model = replace(SCREENING.model, fallback=fallback)
    text = table_text(replace(SCREENING, model=model))
    assert "1 of 2 images were not screened." in text
    assert ("Ran on the CPU: no accelerator." in text) is said
    whole = replace(SCREENING, images=SCREENING.images[:1])
    assert "were not screened" not in table_text(whole)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_value_is_run_by_a_spreadsheet(sign: str) -> None:
    data = csv_bytes(("a", "b"), [(f"{sign}x", -1)], marks=(f"{sign}mark",))
    head, row = csv.reader(io.StringIO(data.decode(), newline=""))
    assert head == ["a", "b", f"'{sign}mark", INTENDED_USE]
    assert row == [f"'{sign}x", "-1", "", ""]


def test_a_row_has_a_value_under_every_heading() -> None:
    with pytest.raises(ValueError, match="1 values under 2 headings"):
        csv_bytes(("a", "b"), [("x",)])


def test_notes_stand_below_the_verdict_and_not_among_the_facts() -> None:
    assert SCREENING.notes
    rows, _, below = table_text(SCREENING).partition(SCREENING.sentence)
    for note in SCREENING.notes:
        assert note in below
        assert note not in rows
