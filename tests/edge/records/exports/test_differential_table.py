"""The differential of a version of a slide as a table."""

from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import BLAST_OF_KINDS, REFUSAL
from tests.edge.records.exports.reading import observations
from tests.edge.records.named_kinds import confirm, judge, name_all

from leukoscope_edge.messages import message
from leukoscope_edge.records.exports import list_facts, open_version
from leukoscope_edge.records.exports.differential_table import said_flags, table
from leukoscope_edge.records.slides.conclusion import RESCALED
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading


def test_shares_limits_and_numbers_stand_in_the_table(bench: Any) -> None:
    version = open_version(bench.store, name_all(bench, bench.of_kinds(wbc=5.0)))
    rows = {r.kind: r for r in table(version)}
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


def test_a_refusal_has_no_differential(bench: Any) -> None:
    version = open_version(bench.store, name_all(bench, bench.of_kinds(REFUSAL)))
    assert table(version) == ()
    assert not any(f.group for f in list_facts(version))
    assert list(observations(version)) == ["26446-5"]


@pytest.mark.parametrize(
    ("low", "high", "mark"),
    [
        (50.0, 70.0, ""),
        (60.0, 70.0, ""),
        (60.1, 70.0, "-"),
        (50.0, 60.0, ""),
        (50.0, 59.9, "+"),
    ],
)
def test_what_lies_on_an_end_of_the_usual_is_usual(
    bench: Any, low: float, high: float, mark: str
) -> None:
    """Neutrophils are 60 % of the cells."""
    version = open_version(bench.store, name_all(bench, bench.of_kinds()))
    assert version.ranges is not None
    ranges = replace(version.ranges, neutrophil=(low, high))
    rows = {r.kind: r for r in table(replace(version, ranges=ranges))}
    assert rows["neutrophil"].mark == mark


def test_where_the_age_is_not_known_nothing_is_usual(bench: Any) -> None:
    version = open_version(bench.store, name_all(bench, bench.of_kinds()))
    rows = table(replace(version, ranges=None))
    assert rows
    assert not any(r.usual or r.mark for r in rows)


def test_without_a_count_of_blood_and_in_marrow_there_is_no_number_a_litre(
    bench: Any,
) -> None:
    for slide in (
        bench.of_kinds(),
        bench.of_kinds(sample_type=SampleType.MARROW, wbc=5.0),
    ):
        rows = table(open_version(bench.store, name_all(bench, slide)))
        assert rows
        assert not any(r.absolute for r in rows)


def test_the_models_kinds_are_no_differential(bench: Any) -> None:
    """In a laboratory that never taught it every second is wrong."""
    slide = bench.of_kinds()
    confirm(bench, slide)
    version = open_version(bench.store, slide)
    assert (table(version), said_flags(version)) == ((), ())
    assert list(observations(version)) == ["26446-5"]


def test_one_cell_that_nobody_named_is_waited_for(bench: Any) -> None:
    slide = name_all(bench, bench.of_kinds())
    [*_, said] = said_flags(open_version(bench.store, slide))
    assert said.id == "kinds-by-people"
    bench.store.review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="o" * 8)
    version = open_version(bench.store, slide)
    [said] = said_flags(version)
    assert (said.id, dict(said.params)) == ("kinds-to-name", {"k": 11, "n": 12})
    assert table(version) == ()
    [fact] = [f for f in list_facts(version) if f.label == "Differential"]
    assert fact.said(str) == said.said()


def test_of_a_refusal_no_differential_is_promised(bench: Any) -> None:
    slide = bench.of_kinds(REFUSAL)
    judge(bench, slide, "1", "monocyte")
    assert said_flags(open_version(bench.store, slide)) == ()


def test_a_blast_that_only_the_model_called_is_waited_for(bench: Any) -> None:
    slide = bench.of_kinds()
    for cell in bench.store.reader.slide(slide).cells:
        if cell.id != f"{BLAST_OF_KINDS}":
            judge(bench, slide, cell.id, "monocyte")
    assert table(open_version(bench.store, slide)) == ()


def test_unclear_cells_have_no_kind_to_be_named(bench: Any) -> None:
    slide = name_all(bench, bench.of_kinds())
    bench.store.review.judge_cell(slide, "1", Reading.UNCLEAR, "ann", key="u" * 8)
    rows = {r.kind: r for r in table(open_version(bench.store, slide))}
    assert (rows["neutrophil"].n, rows["blast"].n) == (5, 1)


def test_people_who_name_every_kind_need_no_model(bench: Any) -> None:
    version = open_version(bench.store, name_all(bench, bench.of_kinds()))
    record = replace(version.record, quality=(message("test"),), doubts=(RESCALED,))
    assert table(replace(version, record=record))
