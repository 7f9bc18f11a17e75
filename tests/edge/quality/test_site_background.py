"""This site's own background: gathered slide by slide, taken out by itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.web.stand_ins import FACTS, NAME, PIN, Browser, fill_slide

from leukoscope_edge.accounts import Role
from leukoscope_edge.cli import main
from leukoscope_edge.counting import MIN_SLIDES, NormalSlide
from leukoscope_edge.quality.site_background import (
    FOR_BACKGROUND,
    PURPOSE,
    keep_normal_slide,
    n_by_model,
    normal_slides,
    normals_said,
    site_background,
)
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device

BODY = FACTS | {"sample": "S-1", "is_normal": True, "key": "key-00000001"}


def sign_normal(
    device: Device, number: int, *, n_blast: int = 0, n_normal: int = 110
) -> str:
    """Put a healthy person's signed slide there, its blast calls put right."""
    slide = fill_slide(
        device,
        n_blast=n_blast,
        n_normal=n_normal,
        sample=f"N-{number}",
        details={PURPOSE: FOR_BACKGROUND},
    )
    for cell in first_pass(device.store.reader.slide(slide)):
        key = f"read-{slide}-{cell.id}"
        device.store.review.judge_cell(slide, cell.id, Reading.NORMAL, NAME, key=key)
    card = device.bundle.card
    device.store.review.sign(
        slide, lambda r: verdict_of(r, card), NAME, key=f"sign-{slide}"
    )
    keep_normal_slide(device.store, device.store.reader.slide(slide), NAME)
    return slide


def test_without_normal_slides_there_is_no_background(device: Device) -> None:
    card = device.bundle.card
    assert site_background(device.store, card) is None
    assert n_by_model(device.store, card) == {card.id: 0}
    assert normals_said(0).said().startswith(f"0 of {MIN_SLIDES} normal slides")


def test_five_signed_normal_slides_are_the_background_of_blood(device: Device) -> None:
    store, card = device.store, device.bundle.card
    for number in range(MIN_SLIDES - 1):
        sign_normal(device, number)
    assert site_background(store, card) is None
    sign_normal(device, MIN_SLIDES, n_blast=1, n_normal=400)
    found = site_background(store, card)
    assert found is not None
    assert (found.bundle, len(found.slides)) == (card.id, MIN_SLIDES)
    assert found.slides[-1] == NormalSlide(n_cells=401, n_blast=1)  # the model's calls
    assert site_background(store, card, SampleType.MARROW) is None
    assert site_background(store, card, None) is None
    assert "in use" in normals_said(MIN_SLIDES).said()


def test_a_slide_that_the_stop_rule_would_count_on_counts_all_the_same(
    device: Device,
) -> None:
    slide = sign_normal(device, 1, n_blast=3, n_normal=197)
    outcome = device.store.reader.slide(slide).signatures[-1].outcome
    assert outcome.result == "none-possible"
    assert outcome.messages[0].holds("stopped-early")
    [kept] = normal_slides(device.store)
    assert (kept.is_valid, kept.counts) == (
        True,
        NormalSlide(n_cells=200, n_blast=3),
    )


def test_another_model_begins_anew(device: Device) -> None:
    for number in range(MIN_SLIDES):
        sign_normal(device, number)
    other = replace(device.bundle.card, id="other-1")
    assert site_background(device.store, other) is None
    assert n_by_model(device.store, other) == {
        "other-1": 0,
        device.bundle.card.id: MIN_SLIDES,
    }


@pytest.mark.parametrize("how", ["void", "amend"])
def test_what_is_voided_or_opened_again_drops_out(device: Device, how: str) -> None:
    slides = [sign_normal(device, number) for number in range(MIN_SLIDES)]
    device.store.review.amend(slides[0], "looked again", NAME)
    if how == "void":
        device.store.review.void(slides[0], "a wrong slide", NAME)
    assert site_background(device.store, device.bundle.card) is None
    assert [k.is_valid for k in normal_slides(device.store)].count(False) == 1


def test_any_other_slide_is_left_alone(device: Device) -> None:
    slide = fill_slide(device, n_normal=10)
    keep_normal_slide(device.store, device.store.reader.slide(slide), NAME)
    assert normal_slides(device.store) == []


def test_a_supervisor_starts_it_on_the_page_and_each_person_once(
    browser: Browser, device: Device
) -> None:
    assert "normal slides" in browser.get("/slides/new").text
    assert browser.post("/api/slides", json=BODY).is_success
    assert device.store.reader.slide("0001").details[PURPOSE] == FOR_BACKGROUND
    again = BODY | {"is_second": True, "key": "key-00000002"}
    answer = browser.post("/api/slides", json=again)
    assert answer.status_code == 409
    assert "another healthy person" in answer.json()["detail"]


def test_marrow_and_a_passive_watch_measure_no_background(browser: Browser) -> None:
    for other in ({"sample_type": "marrow"}, {"mode": "passive"}):
        assert browser.post("/api/slides", json=BODY | other).status_code == 409


def test_an_operator_may_not_start_it(stranger: Browser, device: Device) -> None:
    device.people.add("Olu", Role.OPERATOR, PIN)
    stranger.sign_in("Olu")
    assert "is_normal" not in stranger.get("/slides/new").text
    assert stranger.post("/api/slides", json=BODY).status_code == 403


def test_a_slide_starts_with_the_background_and_the_device_page_shows_it(
    browser: Browser, device: Device
) -> None:
    for number in range(MIN_SLIDES):
        sign_normal(device, number)
    body = FACTS | {"sample": "S-1", "key": "key-00000001"}
    slide = browser.post("/api/slides", json=body).json()["next"].split("/")[2]
    assert device.store.reader.slide(slide).site == site_background(
        device.store, device.bundle.card
    )
    text = browser.get("/device").text
    assert "background is in use" in text
    assert "0 / 110" in text


def test_a_batch_takes_the_background_of_the_records_and_says_so(
    device: Device, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for number in range(MIN_SLIDES):
        sign_normal(device, number)
    source = "simulated:seed=1,cells=2,jerks=0"
    for data, says in ((device.store.folder, True), (tmp_path / "none", False)):
        assert main(["screen", source, "--data", str(data)]) == 0
        assert (f"{MIN_SLIDES} normal slides in" in capsys.readouterr().err) is says
