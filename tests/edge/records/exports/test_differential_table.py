"""The differential of a version of a slide as a table."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.edge.records.bench import BLAST_OF_KINDS, REFUSAL
from tests.edge.records.exports.reading import observations
from tests.edge.records.named_kinds import confirm, judge

from leukoscope_edge.inference import Card
from leukoscope_edge.messages import message
from leukoscope_edge.records.exports import list_facts, open_version, shown_version
from leukoscope_edge.records.exports.differential_table import said_flags, table
from leukoscope_edge.records.slides import outcome_of, verdict_of
from leukoscope_edge.records.slides.conclusion import RESCALED
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import CallName, Reading


def test_shares_limits_and_numbers_stand_in_the_table(bench: Any) -> None:
    version = open_version(bench.store, bench.of_kinds(wbc=5.0))
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
    version = open_version(bench.store, bench.of_kinds(REFUSAL))
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
    version = open_version(bench.store, bench.of_kinds())
    assert version.ranges is not None
    ranges = replace(version.ranges, neutrophil=(low, high))
    rows = {r.kind: r for r in table(replace(version, ranges=ranges))}
    assert rows["neutrophil"].mark == mark


def test_where_the_age_is_not_known_nothing_is_usual(bench: Any) -> None:
    version = open_version(bench.store, bench.of_kinds())
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
        assert not any(r.absolute for r in table(open_version(bench.store, slide)))


def test_it_says_who_named_the_kinds(bench: Any) -> None:
    slide = bench.of_kinds()
    ids = [m.id for m in said_flags(open_version(bench.store, slide))]
    assert ids[-1] == "kinds-by-model"
    judge(bench, slide, "1", "monocyte")
    *_, said = said_flags(open_version(bench.store, slide))
    assert (said.id, dict(said.params)) == ("kinds-by", {"k": 1, "n": 12})


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"quality": (message("test"),)}, False),
        ({"doubts": (replace(RESCALED, spoils_calls=False),)}, True),
        ({"doubts": (RESCALED,)}, False),
        ({"scales_um_per_px": (0.2,)}, False),
    ],
)
def test_kinds_that_the_model_names_on_a_slide_it_must_not_judge_count_for_nothing(
    bench: Any, changes: dict[str, Any], is_told: bool
) -> None:
    version = open_version(bench.store, bench.of_kinds())
    record = replace(version.record, **changes)
    assert bool(table(replace(version, record=record))) == is_told
    unknown = replace(record.origin, scale_um_per_px=None)
    assert not table(replace(version, record=replace(record, origin=unknown)))


def test_nor_do_they_where_the_device_was_out_of_control_only_at_the_signing(
    bench: Any, card: Card
) -> None:
    """A blast that a person confirmed is told all the same; so is what forbade more."""
    slide, review = bench.of_kinds(), bench.store.review
    confirm(bench, slide)
    for quality, is_told in (((), True), ((message("void"),), False)):
        now = partial(verdict_of, card=card, quality=quality)
        record = bench.store.reader.slide(slide)
        shown = shown_version(bench.store, record, outcome_of(now(record)))
        assert bool(table(shown)) == is_told
        review.sign(slide, now, "ann", key=f"{is_told}-sign")
        signed = open_version(bench.store, slide)
        assert signed.outcome.blast_fraction_95
        assert bool(table(signed)) == is_told
        assert ("26450-7" in observations(signed)) == is_told
        review.amend(slide, "", "ann", key=f"{is_told}-amend")


@pytest.mark.parametrize(("n_unclear", "is_told"), [(2, True), (3, False)])
def test_so_do_they_where_the_model_does_not_know_too_many_cells(
    bench: Any, n_unclear: int, is_told: bool
) -> None:
    """Of twelve cells; a person's word on them changes nothing of that."""
    version = open_version(bench.store, bench.of_kinds())
    cells = dict(version.record.machine_cells)
    for id_ in list(cells)[:n_unclear]:
        unclear = {"call": CallName.UNCLEAR, "word": Reading.NORMAL}
        cells[id_] = replace(cells[id_], **unclear)
    record = replace(version.record, machine_cells=cells)
    assert bool(table(replace(version, record=record))) == is_told


def test_people_who_name_every_kind_need_no_model(bench: Any) -> None:
    slide, blast = bench.of_kinds(), f"{BLAST_OF_KINDS}"
    bench.store.review.judge_cell(slide, blast, Reading.BLAST, "ann", key="b" * 8)
    for cell in bench.store.reader.slide(slide).cells:
        if cell.id != blast:
            judge(bench, slide, cell.id, "monocyte")
    version = open_version(bench.store, slide)
    record = replace(version.record, quality=(message("test"),))
    assert table(replace(version, record=record))
