"""The kinds of a slide's cells: who named them, what counts, and where it stands."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle as FhirBundle

from leukoscope_edge.counting.differential import NAMED
from leukoscope_edge.errors import StepError
from leukoscope_edge.outcome import Verdict
from leukoscope_edge.records.exports.differential_table import table
from leukoscope_edge.records.exports.facts import facts
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.formats import file_of
from leukoscope_edge.records.exports.slide_version import Dossier, open_dossier
from leukoscope_edge.records.slides.first_look import is_first_look_over, left_for
from leukoscope_edge.records.slides.kinds import comparison, own_cells
from leukoscope_edge.records.slides.site_ranges import RANGES_NAME
from leukoscope_edge.sample import SIMULATED_SAMPLE, SampleType
from leukoscope_edge.types import CallName, Cell, Tally, Word
from leukoscope_edge.web.forms import NamedKind

COUNTS = {"neutrophil": 6, "lymphocyte": 3, "eosinophil": 1, "erythroblast": 2}


@pytest.fixture
def kinds_slide(
    bench: Any, make_set_up: Callable[..., Any], make_cell: Callable[..., Cell]
) -> Callable[..., str]:
    """A finished slide whose cells the model told apart; more of its set-up by name."""

    def make(
        verdict: Any, sample_type: SampleType = SampleType.BLOOD, **more: Any
    ) -> str:
        wbc = more.pop("wbc", None)
        asked = replace(SIMULATED_SAMPLE, sample_type=sample_type, wbc_10e9_per_l=wbc)
        set_up = replace(make_set_up(), facts=asked, **more)
        slide: str = bench.store.start_slide(set_up, "ann")
        names = [kind for kind, n in COUNTS.items() for _ in range(n)]
        cells = [make_cell(i, kind=k) for i, k in enumerate(names, start=1)]
        bench.store.count.add_cells(slide, cells, frames={})
        bench.store.count.finish_count(slide, verdict, "ann", tally=Tally(n_smudges=1))
        return slide

    return make


def judge(bench: Any, slide: str, cell: str, kind: str, by: str = "ann") -> None:
    key = f"{slide}-{cell}-{by}-{kind}"
    bench.store.review.judge_cell(slide, cell, Word.NORMAL, by, key=key, kind=kind)


def observations(dossier: Dossier) -> dict[str, Any]:
    data = fhir_bytes(dossier)
    FhirBundle.model_validate_json(data)
    found = [e["resource"] for e in json.loads(data)["entry"]]
    observed = [r for r in found if r["resourceType"] == "Observation"]
    return {
        o["code"].get("coding", [{"code": o["code"].get("text")}])[0]["code"]: o
        for o in observed
    }


def test_the_page_names_the_kinds_that_the_differential_knows() -> None:
    assert set(NamedKind.__args__) == {"", *NAMED}  # type: ignore[attr-defined]


def test_the_kind_of_the_model_is_kept_and_read_again(
    bench: Any, kinds_slide: Any, verdict: Verdict
) -> None:
    slide = kinds_slide(verdict)
    kinds = [c.kind for c in bench.reopen().reader.slide(slide).cells]
    assert kinds == [k for k, n in COUNTS.items() for _ in range(n)]


def test_a_persons_kind_counts_before_the_models_and_says_who_and_when(
    bench: Any, kinds_slide: Any, verdict: Verdict
) -> None:
    slide = kinds_slide(verdict)
    judge(bench, slide, "1", "monocyte")
    cell = bench.store.reader.slide(slide).cells[0]
    assert (cell.kind, cell.named_kind, cell.final_kind) == (
        "neutrophil",
        "monocyte",
        "monocyte",
    )
    event = bench.store.reader.events(slide)[-1]
    assert (event.by, event.body["kind"]) == ("ann", "monocyte")
    assert event.at


def test_no_kind_takes_a_blast_away(bench: Any, kinds_slide: Any, verdict: Any) -> None:
    slide = kinds_slide(verdict)
    bench.store.review.judge_cell(slide, "1", Word.BLAST, "ann", key="a" * 8)
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"
    with pytest.raises(StepError, match="only a normal cell has a kind"):
        bench.store.review.judge_cell(
            slide, "1", Word.BLAST, "ann", key="b" * 8, kind="lymphocyte"
        )
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"


def test_a_kind_named_by_a_person_and_taken_back_is_the_models_again(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    judge(bench, slide, "1", "monocyte")
    bench.store.review.undo(slide, "ann", key="u" * 8)
    assert bench.store.reader.slide(slide).cells[0].final_kind == "neutrophil"


def test_shares_limits_and_numbers_stand_in_the_table(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    dossier = open_dossier(bench.store, kinds_slide(verdict, wbc=5.0))
    rows = {r.kind: r for r in table(dossier)}
    assert rows["neutrophil"].cells()[1:] == (
        "6",
        "60.0",
        "26.2–87.8",
        "40–75",
        "3.00",
    )
    assert rows["eosinophil"].mark == "+"
    assert rows["erythroblast"].share == "20.0 / 100"
    assert rows["smudge"].share == "10.0 / 100"


def test_a_refusal_has_no_differential(
    bench: Any, kinds_slide: Any, refusal: Any
) -> None:
    dossier = open_dossier(bench.store, kinds_slide(refusal))
    assert table(dossier) == ()
    assert not any(f.group for f in facts(dossier))
    assert list(observations(dossier)) == ["26446-5"]


def test_fhir_has_percent_and_number_of_each_kind_labelled_as_the_machines(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    found = observations(open_dossier(bench.store, kinds_slide(verdict, wbc=5.0)))
    neutrophils = found["26511-6"]
    assert neutrophils["valueQuantity"]["value"] == 60.0
    assert neutrophils["status"] == "preliminary"
    assert neutrophils["meta"]["security"][0]["code"] == "AIAST"
    assert found["26499-4"]["valueQuantity"] == {
        "value": 3.0,
        "unit": "10*9/L",
        "system": "http://unitsofmeasure.org",
        "code": "10*9/L",
    }
    assert found["19048-8"]["valueQuantity"]["value"] == 20.0
    assert found["34992-8"]["valueQuantity"]["code"] == "/100{WBCs}"


def test_a_manual_differential_is_one_whose_every_kind_a_person_named(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    for cell in bench.store.reader.slide(slide).cells:
        judge(bench, slide, cell.id, cell.kind)
    bench.store.review.sign(slide, lambda _: verdict, "ann", key="s" * 8)
    found = observations(open_dossier(bench.store, slide))
    assert found["23761-0"]["status"] == "final"
    assert "meta" not in found["23761-0"]


def test_no_code_of_blood_is_said_of_the_kinds_of_marrow(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict, SampleType.MARROW)
    dossier = open_dossier(bench.store, slide)
    assert "loinc" not in fhir_bytes(dossier).decode()
    rows = {r.kind: r for r in table(dossier)}
    assert rows["erythroblast"].n == 2
    assert rows["erythroblast"].share == "16.7"
    assert not any(r.usual for r in rows.values())


def test_the_table_of_cells_says_each_kind_and_whose_word_it_is(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    judge(bench, slide, "1", "monocyte")
    text = file_of(open_dossier(bench.store, slide), "csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["kind"], r["kind_by"]) for r in rows[:2]] == [
        ("monocyte", "person"),
        ("neutrophil", "model"),
    ]


def test_a_sites_own_ranges_count_and_a_broken_file_keeps_no_result_back(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    (bench.folder / RANGES_NAME).write_text("[adult]\n")
    dossier = open_dossier(bench.store, slide)
    assert dossier.ranges is None
    said = " ".join(f.said(str) for f in facts(dossier))
    assert "No usual ranges: reference_ranges.toml: missing key" in said


def test_a_note_on_a_cell_is_sealed_and_goes_with_the_name(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    bench.store.review.remark(slide, "1", "like Ann's last one", "eve", key="n" * 8)
    bench.store.review.remark(slide, "1", "like Ann's last one", "eve", key="n" * 8)
    cell = bench.store.reader.slide(slide).cells[0]
    assert bench.store.reader.remarks(slide, cell) == [("eve", "like Ann's last one")]
    assert "Ann" not in str(bench.store.reader.events(slide))
    bench.store.erase(slide, "request", "ann")
    assert (
        bench.store.reader.remarks(slide, bench.store.reader.slide(slide).cells[0])
        == []
    )


def test_two_readers_read_halves_of_their_own_and_neither_sees_the_others(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict, n_readers=2, n_differential=400)
    record = bench.store.reader.slide(slide)
    for person in ("ann", "eve"):
        for cell in left_for(bench.store.reader.slide(slide), person):
            judge(bench, slide, cell.id, cell.kind, by=person)
            assert comparison(bench.store.reader.slide(slide)) == () or person == "eve"
    record = bench.store.reader.slide(slide)
    first, second = (own_cells(record, p) for p in record.readers)
    assert not {c.id for c in first} & {c.id for c in second}
    assert len(first) + len(second) == sum(COUNTS.values())
    assert is_first_look_over(record)
    rows = comparison(record)
    assert sum(r.first.n for r in rows) + sum(r.second.n for r in rows) == 10
    assert own_cells(record, "third") == ()


def test_nobody_signs_before_both_have_read_their_halves(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict, n_readers=2, n_differential=400)
    cells = bench.store.reader.slide(slide).cells
    for person in ("ann", "eve"):
        for cell in cells[:10]:
            judge(bench, slide, cell.id, cell.kind, by=person)
    record = bench.store.reader.slide(slide)
    assert record.n_others_left == 0
    assert any(left_for(record, p) for p in record.readers)
    with pytest.raises(StepError, match="2 cells are still to be judged"):
        bench.store.review.sign(slide, lambda _: verdict, "ann", key="s" * 8)


def test_readers_who_name_other_kinds_leave_it_open_until_a_supervisor_settles_it(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict, n_readers=2)
    judge(bench, slide, "1", "monocyte", by="ann")
    judge(bench, slide, "1", "lymphocyte", by="eve")
    cell = bench.store.reader.slide(slide).cells[0]
    assert cell.is_kind_disputed
    assert not cell.is_disputed
    assert cell.final_kind == ""
    assert bench.store.reader.slide(slide).kind_disputed == (cell,)
    bench.store.review.settle_cell(
        slide, "1", Word.NORMAL, "sue", key="t" * 8, kind="monocyte"
    )
    assert bench.store.reader.slide(slide).cells[0].final_kind == "monocyte"
    assert bench.store.reader.slide(slide).kind_disputed == ()


def test_a_cell_that_only_people_know_has_the_kind_that_they_name(bench: Any) -> None:
    slide = bench.finished()
    assert bench.store.reader.slide(slide).cells[0].call is CallName.BLAST
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"
    assert bench.store.reader.slide(slide).cells[3].final_kind == ""
