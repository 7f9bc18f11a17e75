"""The first look, the gallery, and the words that make a result."""

from dataclasses import replace

import pytest
from tests.edge.web.reading_results import judge_all
from tests.edge.web.stand_ins import NAME, fill_slide

from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.slides import MIN_OTHERS_REVIEWED, verdict_of
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.review import by_suspicion, differences, tab_of
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device


def test_a_slide_without_cells_has_nothing_to_review(device: Device) -> None:
    record = device.store.reader.slide(fill_slide(device))
    assert first_pass(record) == []
    assert by_suspicion(record.cells) == []
    assert isinstance(verdict_of(record, device.bundle.card), Refusal)


def test_the_first_look_has_every_suspect_and_ten_others(device: Device) -> None:
    slide = fill_slide(device, n_blast=4, n_unclear=3, n_normal=30)
    record = device.store.reader.slide(slide)
    shown = first_pass(record)
    assert {c.id for c in record.cells if c.is_suspect} <= {c.id for c in shown}
    assert sum(not c.is_suspect for c in shown) == MIN_OTHERS_REVIEWED


def test_its_order_tells_nothing_and_stays(device: Device) -> None:
    slide = fill_slide(device, n_blast=12, n_normal=30)
    shown = first_pass(device.store.reader.slide(slide))
    kinds = [c.is_suspect for c in shown]
    assert kinds != sorted(kinds)
    assert kinds != sorted(kinds, reverse=True)
    judge_all(device, slide, Reading.NORMAL)
    again = first_pass(device.store.reader.slide(slide))
    assert [c.id for c in again] == [c.id for c in shown]


def test_the_gallery_begins_with_the_most_suspicious(device: Device) -> None:
    record = device.store.reader.slide(
        fill_slide(device, n_blast=2, n_unclear=1, n_normal=2)
    )
    probabilities = [c.p_blast for c in by_suspicion(record.cells)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert [tab_of(c) for c in by_suspicion(record.cells)] == [
        "suspected",
        "suspected",
        "unclear",
        "others",
        "others",
    ]


def test_a_persons_word_outweighs_the_models(device: Device) -> None:
    slide = fill_slide(device, n_blast=20, n_normal=50)
    card = device.bundle.card
    assert verdict_of(device.store.reader.slide(slide), card).n_blast == 20
    judge_all(device, slide, Reading.NORMAL)
    after = device.store.reader.slide(slide)
    assert verdict_of(after, card).n_blast == 0
    assert len(differences(after)) == 20


@pytest.mark.parametrize(
    ("age", "id_"),
    [
        (AgeGroup.CHILD, "few-confirmed-today"),
        (AgeGroup.UNKNOWN, "few-confirmed-today"),
        (AgeGroup.ADULT, "few-confirmed"),
    ],
)
def test_one_confirmed_blast_of_a_child_or_of_somebody_unknown_is_for_today(
    device: Device, age: AgeGroup, id_: str
) -> None:
    slide = fill_slide(device, n_normal=60, facts=replace(SIMULATED_SAMPLE, age=age))
    cell = first_pass(device.store.reader.slide(slide))[0]
    device.store.review.judge_cell(
        slide, cell.id, Reading.BLAST, NAME, key="key-00000001"
    )
    outcome = verdict_of(device.store.reader.slide(slide), device.bundle.card)
    assert outcome.messages[0].id == id_
