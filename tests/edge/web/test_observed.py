"""Slides that once became a negative, judged through the page's own road."""

from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide, shown_of

from leukoscope_edge.outcome import Refusal, Verdict, VerdictName
from leukoscope_edge.records.exports import open_version
from leukoscope_edge.records.exports.fhir import fhir_object
from leukoscope_edge.records.slides import Kind, SlideRecord, verdict_of
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device


def judge_shown(device: Device, slide: str, word: Reading) -> SlideRecord:
    """Let a person say one word of all cells that the first look shows."""
    for cell in first_pass(device.store.reader.slide(slide)):
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"key-{cell.id:0>8}"
        )
    return device.store.reader.slide(slide)


def test_thirty_blasts_that_a_person_called_are_no_background(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_unclear=30, n_normal=61)
    for cell in first_pass(device.store.reader.slide(slide)):
        word = Reading.BLAST if cell.is_suspect else Reading.NORMAL
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"key-{cell.id:0>8}"
        )
    verdict = verdict_of(device.store.reader.slide(slide), device.bundle.card)
    assert isinstance(verdict, Verdict)
    assert verdict.name is VerdictName.BLASTS
    assert (verdict.n_confirmed, verdict.n_read) == (30, 40)
    body = {"pin": PIN, "key": "sign-0000001", "shown": shown_of(device, slide)}
    answer = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert answer.status_code == 200, answer.text
    bundle = fhir_object(open_version(device.store, slide))
    assert "No blast-like cells" not in str(bundle)
    assert "709-6" not in str(bundle)  # 40 of 91 cells were read
    assert "A person read 40 of 91 cells." in str(bundle)


@pytest.mark.parametrize(
    ("case", "reason"),
    [("uncalibrated", "uncalibrated"), ("unclear", "unclear"), ("passive", "passive")],
)
def test_to_call_the_shown_cells_normal_turns_no_refusal_into_a_negative(
    device: Device, case: str, reason: str
) -> None:
    facts = SIMULATED_SAMPLE
    if case == "passive":
        facts = replace(facts, mode="passive")
    n_unclear = 46 if case == "unclear" else 0
    slide = fill_slide(
        device, n_unclear=n_unclear, n_normal=91 - n_unclear, facts=facts
    )
    if case == "unclear":  # the suspects are shown first; one is left
        *shown, last = [
            c for c in device.store.reader.slide(slide).cells if c.is_suspect
        ]
        assert last
        for cell in shown:
            key = f"key-{cell.id:0>8}"
            device.store.review.judge_cell(
                slide, cell.id, Reading.NORMAL, NAME, key=key
            )
        record = device.store.reader.slide(slide)
    else:
        record = judge_shown(device, slide, Reading.NORMAL)
    if case == "uncalibrated":
        origin = replace(record.origin, scale_um_per_px=None)
        record = replace(record, origin=origin, scales_um_per_px=(None,))
    verdict = verdict_of(record, device.bundle.card)
    assert isinstance(verdict, Refusal)
    assert verdict.reason.id == reason


def test_a_childs_single_blast_survives_every_export(
    browser: Browser, device: Device
) -> None:
    facts = replace(SIMULATED_SAMPLE, age=AgeGroup.UNKNOWN)
    slide = fill_slide(device, n_normal=60, facts=facts)
    record = judge_shown(device, slide, Reading.NORMAL)
    device.store.review.judge_cell(
        slide, first_pass(record)[0].id, Reading.BLAST, NAME, key="blast-0001"
    )
    body = {"pin": PIN, "key": "sign-0000001", "shown": shown_of(device, slide)}
    assert browser.post(f"/api/slides/{slide}/sign", json=body).status_code == 200
    said = "Few blasts, confirmed by a person: 1 of 60 cells"
    assert said in str(fhir_object(open_version(device.store, slide)))
    assert said in browser.get(f"/slides/{slide}/print").text
    [signed] = [
        e for e in device.store.reader.events(slide) if e.kind == Kind.SIGN.value
    ]
    assert signed.body["outcome"]["messages"][0]["id"] == "few-confirmed-today"
