"""What leaves: paper, FHIR, CSV and labelled crops."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fhir.resources.R4B.bundle import Bundle as FhirBundle
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leukoscope_edge.errors import StepError
from leukoscope_edge.i18n import Language, languages
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.records.exports.cells_csv import dossier_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.fonts import find_fonts, is_right_to_left
from leukoscope_edge.records.exports.pdf_report import paper_bytes, write_paper
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import (
    MAX_SHOWN,
    Dossier,
    open_dossier,
)
from leukoscope_edge.records.exports.training_export import export_labelled
from leukoscope_edge.types import CallName, Tally, Word


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(p.extract_text() for p in pages).split())


def resources(dossier: Dossier, pdf: bytes | None = None) -> dict[str, list[Any]]:
    """The bundle's resources by kind, after the FHIR library accepted all of them."""
    data = fhir_bytes(dossier, pdf)
    FhirBundle.model_validate_json(data)
    found: dict[str, list[Any]] = {}
    for entry in json.loads(data)["entry"]:
        resource = entry["resource"]
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


def codes(observations: list[Any]) -> list[tuple[str, str]]:
    return [(o["code"]["coding"][0]["code"], o["status"]) for o in observations]


def test_the_machine_alone_is_preliminary_and_labelled(bench: Any) -> None:
    found = resources(open_dossier(bench.store, bench.finished()))
    assert codes(found["Observation"]) == [("26446-5", "preliminary")]
    (machine,) = found["Observation"]
    assert machine["meta"]["security"][0]["code"] == "AIAST"
    assert machine["valueQuantity"]["value"] == pytest.approx(8.33)
    assert found["DiagnosticReport"][0]["status"] == "preliminary"
    assert len(found["Provenance"][0]["agent"]) == 1


def test_what_a_person_signed_is_final_and_by_manual_count(bench: Any) -> None:
    found = resources(open_dossier(bench.store, bench.signed()), b"%PDF-")
    assert codes(found["Observation"]) == [
        ("26446-5", "preliminary"),
        ("709-6", "final"),
    ]
    (report,) = found["DiagnosticReport"]
    assert report["status"] == "final"
    assert report["presentedForm"][0]["contentType"] == "application/pdf"
    assert [a["who"].get("display") for a in found["Provenance"][0]["agent"]] == [
        None,
        "ann",
    ]


def test_an_amended_version_is_amended(bench: Any, verdict: Verdict) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.sign(slide, lambda _: verdict, "ann", key="2")
    found = resources(open_dossier(bench.store, slide))
    assert codes(found["Observation"])[1] == ("709-6", "amended")


def test_a_refusal_has_a_reason_and_no_number(bench: Any, refusal: Refusal) -> None:
    found = resources(open_dossier(bench.store, bench.finished(verdict=refusal)))
    (machine,) = found["Observation"]
    assert "valueQuantity" not in machine
    assert "it is a test" in machine["dataAbsentReason"]["text"]


def test_no_code_names_a_lineage_or_a_disease(bench: Any) -> None:
    data = fhir_bytes(open_dossier(bench.store, bench.signed()))
    assert b"34922-5" not in data
    assert b"91857003" not in data


def test_the_device_names_its_model_by_hash(bench: Any) -> None:
    found = resources(open_dossier(bench.store, bench.signed()))
    versions = {v["type"]["text"]: v["value"] for v in found["Device"][0]["version"]}
    assert versions["model sha256"] == "cd" * 32


def test_every_reference_points_into_the_bundle_and_ids_do_not_change(
    bench: Any,
) -> None:
    slide = bench.signed()
    data = fhir_bytes(open_dossier(bench.store, slide))
    assert fhir_bytes(open_dossier(bench.store, slide)) == data
    urls = {e["fullUrl"] for e in json.loads(data)["entry"]}
    references = data.decode().split('"reference": "')[1:]
    assert references
    assert {r.split('"')[0] for r in references} <= urls


def test_a_simulation_is_labelled_as_test_data(bench: Any) -> None:
    found = resources(open_dossier(bench.store, bench.finished(domain="simulated")))
    for resource in (r for group in found.values() for r in group):
        labels = [s["code"] for s in resource["meta"]["security"]]
        assert "HTEST" in labels
    assert "SIMULATION" in found["DiagnosticReport"][0]["conclusion"]


def test_paper_says_what_was_found_by_whom_and_with_what(bench: Any) -> None:
    slide = bench.signed(name="Ann Other", comment="send on")
    dossier = open_dossier(bench.store, slide)
    text = text_of(paper_bytes(dossier))
    for part in (
        "it is a test",
        "S-1",
        "Ann Other",
        "send on",
        "95 % interval 0.2 to 38.5 %",
        "Of no medical use.",
        dossier.code,
        f"Checksum {'cd' * 6}…",
        "Unclear, now normal cells 2 (ann)",
        "Page 1 of",
    ):
        assert part in text
    assert "PRELIMINARY" not in text
    assert "SIMULATION" not in text


def test_paper_of_the_machine_alone_says_that_nobody_signed(bench: Any) -> None:
    text = text_of(paper_bytes(open_dossier(bench.store, bench.finished())))
    assert "PRELIMINARY: the machine alone; no person has signed" in text


def test_every_suspects_picture_is_on_paper(bench: Any) -> None:
    slide = bench.signed(n=40)
    dossier = open_dossier(bench.store, slide)
    assert [c.id for c in dossier.shown] == ["1", "2"]
    reader = pypdf.PdfReader(io.BytesIO(paper_bytes(dossier)))
    n_pictures = sum(len(page.images) for page in reader.pages)
    assert n_pictures == 2 + 1  # and the QR code


def test_paper_holds_the_most_suspicious_pictures_and_says_of_how_many(
    bench: Any, make_cell: Callable[..., Any]
) -> None:
    slide, n = bench.counted(n=2), MAX_SHOWN + 11
    suspects = [make_cell(i, CallName.BLAST, 0.9 + i / 1e4) for i in range(n)]
    bench.store.count.add_cells(slide, suspects, frames={})
    refusal = Refusal(reason=message("test"))
    bench.store.count.finish_count(slide, refusal, "ann", tally=Tally())
    dossier = open_dossier(bench.store, slide)
    data = paper_bytes(dossier)
    assert set(dossier.views) == {c.id for c in dossier.shown}
    chances = [c.p_blast for c in dossier.shown]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 0.9 + (n - 1) / 1e4
    n_pictures = sum(len(p.images) for p in pypdf.PdfReader(io.BytesIO(data)).pages)
    assert n_pictures == MAX_SHOWN + 1  # and the QR code
    heading = f"Cells that a person should see: {MAX_SHOWN} / {dossier.n_suspects}"
    assert heading in text_of(data)
    assert dossier.n_suspects > MAX_SHOWN + 10


def test_intended_use_is_at_the_foot_of_every_page(
    bench: Any, make_cell: Callable[..., Any]
) -> None:
    slide = bench.counted(n=2)
    suspects = [make_cell(i, CallName.BLAST, 0.9) for i in range(60)]
    bench.store.count.add_cells(slide, suspects, frames={})
    bench.store.count.finish_count(
        slide, Refusal(reason=message("test")), "ann", tally=Tally()
    )
    data = paper_bytes(open_dossier(bench.store, slide))
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    assert len(pages) > 2
    for page in pages:
        assert INTENDED_USE in " ".join(page.extract_text().split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", False), ("Ann", False), ("فاطمة", True), ("שרה", True), ("12 فاطمة", True)],
)
def test_knows_which_way_a_text_runs(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_a_script_without_a_font_is_said(bench: Any, tmp_path: Path) -> None:
    fonts = find_fonts(["ગીતા"], folders=[tmp_path])
    assert fonts.scripts == {}
    dossier = open_dossier(bench.store, bench.signed(name="ગીતા"))
    text = text_of(paper_bytes(dossier, fonts=fonts))
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
    dossier = open_dossier(bench.store, bench.signed(name=name))
    assert "cannot be printed" not in text_of(paper_bytes(dossier, fonts=fonts))


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
    dossier = open_dossier(bench.store, bench.signed())
    text = text_of(paper_bytes(dossier, say=language))
    assert INTENDED_USE in text
    assert dossier.sentence in text
    assert "Limits of this model" not in text
    assert "Cells that a person should see" not in text
    if code == "fr":  # of shaped scripts a PDF keeps glyphs, not always the letters
        assert all(s in text for s in said)
        assert language(INTENDED_USE) in text


def test_without_a_font_for_the_language_paper_is_in_english_and_says_so(
    bench: Any, tmp_path: Path
) -> None:
    dossier = open_dossier(bench.store, bench.signed())
    gujarati = Language(code="gu", name="ગુજરાતી", words={INTENDED_USE: "ગુજરાતી"})
    fonts = find_fonts([], folders=[tmp_path])
    text = text_of(paper_bytes(dossier, fonts=fonts, say=gujarati))
    assert "IN ENGLISH: no font for the chosen language" in text
    assert "Limits of this model" in text


def test_the_written_report_is_whole_and_noted(bench: Any) -> None:
    slide = bench.signed()
    path = write_paper(bench.store, slide, "ann")
    assert path.name == f"{slide}-v1.pdf"
    assert text_of(path.read_bytes())
    (export,) = [e for e in bench.store.reader.events(slide) if e.kind == "export"]
    assert export.body["what"] == path.name
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_running_count_has_no_report(bench: Any) -> None:
    slide = bench.counted()
    with pytest.raises(StepError, match="still being counted"):
        write_paper(bench.store, slide, "ann")
    assert bench.store.reports(slide) == []


def test_a_report_during_an_amendment_is_of_the_signed_version(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.judge_cell(slide, "1", Word.NOT_A_CELL, "ann", key="x")
    dossier = open_dossier(bench.store, slide)
    assert dossier.version == 1
    assert dossier.record.cells[0].word is Word.BLAST


def test_a_table_is_harmless_in_a_spreadsheet(
    bench: Any, make_cell: Callable[..., Any]
) -> None:
    slide = bench.finished()
    for c in bench.store.reader.slide(slide).to_review:
        bench.store.review.judge_cell(slide, c.id, Word.NORMAL, "=cmd()", key=c.id)
    data = dossier_csv_bytes(open_dossier(bench.store, slide))
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert rows[0]["judged_by"] == "'=cmd()"
    assert rows[0]["word"] == "normal"
    assert rows[2]["word"] == ""
    assert (rows[0]["counted"], rows[0]["x0_px"], rows[0]["y1_px"]) == (
        "True",
        "1",
        "40",
    )


MAKERS: list[Callable[[Dossier], str]] = [
    lambda d: text_of(paper_bytes(d)),
    lambda d: dossier_csv_bytes(d).decode(),
    lambda d: fhir_bytes(d).decode(),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_intended_use_stands_on_everything_that_leaves(
    bench: Any, make: Callable[[Dossier], str]
) -> None:
    assert INTENDED_USE in make(open_dossier(bench.store, bench.signed()))


@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_that_names_nobody_names_nobody(
    bench: Any, make: Callable[[Dossier], str]
) -> None:
    slide = bench.signed(sample="CANARY-1", name="Canary", comment="of Canary")
    assert (
        "canary" not in make(open_dossier(bench.store, slide, identified=False)).lower()
    )


def test_only_consented_signed_and_real_cells_leave_for_training(
    bench: Any, tmp_path: Path
) -> None:
    chosen = bench.signed(consents=True, sample="CANARY")
    again = bench.signed(consents=True, sample="CANARY")
    bench.signed(consents=False)
    bench.finished(consents=True)
    bench.signed(consents=True, domain="simulated")
    withdrawn = bench.signed(consents=True)
    bench.store.review.set_consent(withdrawn, "ann", consents=False)
    erased = bench.signed(consents=True)
    bench.store.erase(erased, "request", "ann")
    folder = tmp_path / "crops"
    n = export_labelled(bench.store, folder, "ann")
    rows = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    assert n == len(rows) == 2 * 4 * 2
    assert {r["slide"] for r in rows} == {chosen, again}
    assert len({r["subject"] for r in rows}) == 1
    assert {r["label"] for r in rows} == {"blast", "normal"}
    assert sorted(r["file"] for r in rows) == sorted(
        p.name for p in folder.glob("*.png")
    )
    assert INTENDED_USE in (folder / "README.txt").read_text()
    assert INTENDED_USE in (folder / "labels.csv").read_text()
    assert b"CANARY" not in b"".join(p.read_bytes() for p in folder.iterdir())


def test_no_slide_gives_an_empty_table(bench: Any, tmp_path: Path) -> None:
    assert export_labelled(bench.store, tmp_path / "out", "ann") == 0
    assert INTENDED_USE in (tmp_path / "out" / "labels.csv").read_text()


@given(text=st.text(max_size=60))
@example(text="\x00\x07\n\t")
@example(text="x" * 400)
@example(text="\ud83e\ude78 \U0001f9ec 血液 ក្រុម \u202e\u200f")
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_can_be_kept_printed_and_exchanged(bench: Any, text: str) -> None:
    slide = bench.signed(n=2, sample=text, name=text, comment=text)
    dossier = open_dossier(bench.store, slide)
    assert slide in bench.store.worklist.slides_of(text)
    assert dossier.comment == dossier.identity.sample if text else True
    assert INTENDED_USE in text_of(paper_bytes(dossier))
    resources(dossier)
