"""The report of a screening as HTML: whole in itself, and in a language."""

from dataclasses import replace

import pytest
from tests.edge.records.one_screening import SCREENING, cell

from leukoscope_edge.i18n import languages
from leukoscope_edge.messages import message
from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.records.exports.html_report import report_bytes
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import CallName


def test_the_report_shows_every_cell_suspects_first_and_what_was_left_out() -> None:
    html = report_bytes(SCREENING).decode()
    assert html.count("<figure") == 3
    assert html.index("cell 2 ") < html.index("cell 1 ")
    assert "is truncated" in html
    assert '<rect width="50.0"' in html  # a bar of 10 µm in a view of 20 µm


def test_the_report_speaks_another_language_and_keeps_what_must_be_english() -> None:
    arabic = languages()["ar"]
    html = report_bytes(replace(SCREENING, domain="simulated"), arabic).decode()
    assert "<html lang=ar dir=rtl>" in html
    for text in (INTENDED_USE, "Leukoscope report", "Smudge cells", "Why"):
        assert languages()["ar"](text) in html
    assert f"<p class=intended-use lang=en dir=ltr>{INTENDED_USE}</p>" in html
    assert "SIMULATION: it is a test" in html
    for text in ("Leukoscope report", "Smudge", "BLAST-LIKE", "Images"):
        assert text not in html
    assert "dir=ltr" in report_bytes(SCREENING).decode().partition("<meta")[0]


def test_no_scale_bar_where_the_scale_is_not_known() -> None:
    html = report_bytes(replace(SCREENING, scale_um_per_px=None)).decode()
    assert "class=scale-bar" not in html
    assert "not known" in html


@pytest.mark.parametrize("code", [c for c in languages() if c != "en"])
def test_why_an_image_was_left_out_is_said_in_the_language(code: str) -> None:
    language = languages()[code]
    (left_out,) = (i.reason for i in SCREENING.images if i.reason)
    html = report_bytes(SCREENING, language).decode()
    assert left_out.said(language) in html
    assert left_out.said() not in html


def test_the_report_runs_nothing_and_fetches_nothing() -> None:
    evil = "<script>alert(1)</script>'onload=x"
    damage = message("file-damaged", why=evil)
    html = report_bytes(
        replace(
            SCREENING,
            source=evil,
            cells=(cell(1, CallName.BLAST, 0.9, evil),),
            images=(ImageReport(name=evil, status="skipped", reason=damage),),
        )
    ).decode()
    assert "<script" not in html
    assert "http" not in html
    assert "'onload" not in html
