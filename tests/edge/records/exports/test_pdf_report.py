"""The report on paper: what stands on it, in which language, and with what font."""

import io
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.edge.records.bench import make_cell
from tests.edge.records.exports.reading import text_of

from leukoscope_edge.errors import StepError
from leukoscope_edge.i18n import Language, languages
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.exports import INTENDED_USE, open_version
from leukoscope_edge.records.exports.fonts import find_fonts
from leukoscope_edge.records.exports.pdf_page import PdfPage
from leukoscope_edge.records.exports.pdf_report import _pictures, pdf_bytes, write_pdf
from leukoscope_edge.records.exports.slide_version import MAX_SHOWN
from leukoscope_edge.types import CallName, Tally


def test_paper_says_what_was_found_by_whom_and_with_what(bench: Any) -> None:
    slide = bench.signed(name="Ann Other", comment="send on")
    version = open_version(bench.store, slide)
    text = text_of(pdf_bytes(version))
    for part in (
        "it is a test",
        "S-1",
        "Ann Other",
        "send on",
        "95 % interval 0.2 to 38.5 %",
        "Of no medical use.",
        version.code,
        f"Checksum {'cd' * 6}…",
        "Unclear, now normal cells 2 (ann)",
        "Page 1 of",
    ):
        assert part in text
    assert "PRELIMINARY" not in text
    assert "SIMULATION" not in text


def test_paper_of_the_machine_alone_says_that_nobody_signed(bench: Any) -> None:
    text = text_of(pdf_bytes(open_version(bench.store, bench.finished())))
    assert "PRELIMINARY: the machine alone; no person has signed" in text


def test_every_suspects_picture_is_on_paper(bench: Any) -> None:
    slide = bench.signed(n=40)
    version = open_version(bench.store, slide)
    assert [c.id for c in version.shown] == ["1", "2"]
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(version)))
    n_pictures = sum(len(page.images) for page in reader.pages)
    assert n_pictures == 2 + 1  # and the QR code


def test_paper_holds_the_most_suspicious_pictures_and_says_of_how_many(
    bench: Any,
) -> None:
    slide, n = bench.counted(n=2), MAX_SHOWN + 11
    suspects = [make_cell(i, CallName.BLAST, 0.9 + i / 1e4) for i in range(n)]
    bench.store.count.add_cells(slide, suspects, frames={})
    refusal = Refusal(reason=message("test"))
    bench.store.count.finish_count(slide, refusal, "ann", tally=Tally())
    version = open_version(bench.store, slide)
    data = pdf_bytes(version)
    assert set(version.views) == {c.id for c in version.shown}
    chances = [c.p_blast for c in version.shown]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 0.9 + (n - 1) / 1e4
    n_pictures = sum(len(p.images) for p in pypdf.PdfReader(io.BytesIO(data)).pages)
    assert n_pictures == MAX_SHOWN + 1  # and the QR code
    heading = f"Cells that a person should see: {MAX_SHOWN} / {version.n_suspects}"
    assert heading in text_of(data)
    assert version.n_suspects > MAX_SHOWN + 10


@pytest.mark.parametrize(("left_mm", "n_pages"), [(60.0, 1), (45.0, 2)])
def test_the_heading_of_the_pictures_stays_with_the_first_of_them(
    bench: Any, left_mm: float, n_pages: int
) -> None:
    version = open_version(bench.store, bench.signed(n=40))
    sheet = PdfPage(title="", foot=("",), fonts=find_fonts([]))
    sheet.set_y(sheet.page_break_trigger - left_mm)
    _pictures(sheet, version, str)
    assert sheet.page_no() == n_pages
    last = pypdf.PdfReader(io.BytesIO(bytes(sheet.output()))).pages[-1]
    assert "Cells that a person should see" in last.extract_text()
    assert len(last.images) == len(version.shown)


def test_intended_use_is_at_the_foot_of_every_page(bench: Any) -> None:
    slide = bench.counted(n=2)
    suspects = [make_cell(i, CallName.BLAST, 0.9) for i in range(60)]
    bench.store.count.add_cells(slide, suspects, frames={})
    bench.store.count.finish_count(
        slide, Refusal(reason=message("test")), "ann", tally=Tally()
    )
    data = pdf_bytes(open_version(bench.store, slide))
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    assert len(pages) > 2
    for page in pages:
        assert INTENDED_USE in " ".join(page.extract_text().split())


def test_a_script_without_a_font_is_said(bench: Any, tmp_path: Path) -> None:
    fonts = find_fonts(["ગીતા"], folders=[tmp_path])
    assert fonts.scripts == {}
    version = open_version(bench.store, bench.signed(name="ગીતા"))
    text = text_of(pdf_bytes(version, fonts=fonts))
    assert (
        "4 characters cannot be printed here (U+0A97, U+0AA4, U+0ABE, U+0AC0)" in text
    )


@pytest.mark.parametrize(
    "name", ["Ann", "Łucja Đặng", "Σοφία", "Мария", "आशा", "فاطمة"]
)
def test_the_devices_own_fonts_print_a_name(
    bench: Any, tmp_path: Path, name: str
) -> None:
    fonts = find_fonts([name], folders=[tmp_path])
    assert fonts.covers(name)
    version = open_version(bench.store, bench.signed(name=name))
    assert "cannot be printed" not in text_of(pdf_bytes(version, fonts=fonts))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("fr", ("Rapport Leukoscope", "Limites de ce modèle", "type blaste")),
        ("ar", ("تقرير", "حدود هذا النموذج")),
        ("hi", ("रिपोर्ट", "इस मॉडल की सीमाएँ")),
    ],
)
def test_paper_is_in_the_language_asked_for_and_the_verdict_in_english_too(
    bench: Any, code: str, said: tuple[str, ...]
) -> None:
    language = languages()[code]
    version = open_version(bench.store, bench.signed())
    text = text_of(pdf_bytes(version, say=language))
    assert INTENDED_USE in text
    assert version.sentence in text
    assert "Limits of this model" not in text
    assert "Cells that a person should see" not in text
    if code == "fr":  # of shaped scripts a PDF keeps glyphs, not always the letters
        assert all(s in text for s in said)
        assert language(INTENDED_USE) in text


def test_without_a_font_for_the_language_paper_is_in_english_and_says_so(
    bench: Any, tmp_path: Path
) -> None:
    version = open_version(bench.store, bench.signed())
    gujarati = Language(code="gu", name="ગુજરાતી", words={INTENDED_USE: "ગુજરાતી"})
    fonts = find_fonts([], folders=[tmp_path])
    text = text_of(pdf_bytes(version, fonts=fonts, say=gujarati))
    assert "IN ENGLISH: no font for the chosen language" in text
    assert "Limits of this model" in text


def test_the_written_report_is_whole_and_noted(bench: Any) -> None:
    slide = bench.signed()
    path = write_pdf(bench.store, slide, "ann")
    assert path.name == f"{slide}-v1.pdf"
    assert text_of(path.read_bytes())
    (export,) = [e for e in bench.store.reader.events(slide) if e.kind == "export"]
    assert export.body["what"] == path.name
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_running_count_has_no_report(bench: Any) -> None:
    slide = bench.counted()
    with pytest.raises(StepError, match="still being counted"):
        write_pdf(bench.store, slide, "ann")
    assert bench.store.reports(slide) == []
