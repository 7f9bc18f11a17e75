"""The first look, the gallery, and the words that make a result."""

from dataclasses import replace
from typing import Any, cast

import pytest
from tests.edge.web.stand_ins import (
    FACTS,
    NAME,
    PIN,
    Browser,
    StillCounter,
    fill_slide,
    look_at_all,
    new_slide_of,
    shown_of,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.live.commands import Do, Mode, News
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.slides.conclusion import verdict_of
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.slide import MIN_OTHERS_REVIEWED
from leukoscope_edge.review.blind_order import (
    by_suspicion,
    differences,
    tab_of,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.types import Word
from leukoscope_edge.web.device import Device


def judge_all(device: Device, slide: str, word: Word) -> None:
    for cell in first_pass(device.store.reader.slide(slide)):
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"key-{cell.id:0>8}"
        )


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
    judge_all(device, slide, Word.NORMAL)
    again = first_pass(device.store.reader.slide(slide))
    assert [c.id for c in again] == [c.id for c in shown]


def test_the_page_of_the_first_look_does_not_hold_the_models_word(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=4, n_unclear=3, n_normal=30)
    text = browser.get(f"/slides/{slide}/review").text
    figures = text[text.index('id="gallery"') : text.index('class="loupe"')]
    assert "data-call" not in figures
    assert "blast" not in figures
    assert "0.97" not in figures


def test_the_answer_tells_the_models_word_after_the_persons(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    body = {"cell": "1", "word": "normal", "key": "key-00000001", "seen": 0}
    answer = browser.post(f"/api/slides/{slide}/judge", json=body).json()
    assert answer["call"] == "blast"
    assert answer["n_left"] == 1
    undone = browser.post(f"/api/slides/{slide}/undo", json={"key": "key-00000002"})
    assert undone.json() == {"cell": "1", "word": None, "n_left": 2, "seen": 0}


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
    judge_all(device, slide, Word.NORMAL)
    after = device.store.reader.slide(slide)
    assert verdict_of(after, card).n_blast == 0
    assert len(differences(after)) == 20


def test_signing_needs_every_suspect_judged_and_the_pin(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=12)
    body = {"pin": PIN, "comment": "", "key": "key-sign-0001"}
    body["shown"] = shown_of(device, slide)
    refused = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert refused.status_code == 409
    assert "still to be judged" in refused.json()["detail"]
    judge_all(device, slide, Word.BLAST)
    body["shown"] = shown_of(device, slide)
    wrong = browser.post(f"/api/slides/{slide}/sign", json=body | {"pin": "999999"})
    assert wrong.status_code == 401
    signed = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert signed.status_code == 200, signed.text
    [report] = device.store.reports(slide)
    assert report.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("what", "start"), [("pdf", b"%PDF"), ("csv", b"id,"), ("fhir.json", b"{")]
)
def test_every_file_that_leaves_is_kept_in_the_records(
    browser: Browser, device: Device, what: str, start: bytes
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    early = browser.post(f"/api/slides/{slide}/files/{what}", json={})
    assert early.status_code == 409
    assert "wait until somebody has looked" in early.json()["detail"]
    look_at_all(device, slide)
    answer = browser.post(f"/api/slides/{slide}/files/{what}", json={})
    assert answer.status_code == 200, answer.text
    assert answer.content.lstrip().startswith(start) or what == "csv"
    assert device.store.reader.events(slide)[-1].kind == "export"
    assert "S-1" not in answer.headers["content-disposition"]


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c"])
@pytest.mark.parametrize("field", ["sample", "name"])
def test_a_label_that_turns_writing_around_is_refused(
    browser: Browser, field: str, sign: str
) -> None:
    body = FACTS | {"sample": "S-1", "key": "key-00000001"} | {field: f"S{sign}21"}
    answer = browser.post("/api/slides", json=body)
    assert answer.status_code == 422
    [detail] = answer.json()["detail"]
    assert (detail["loc"][-1], detail["type"]) == (field, "hidden_signs")


def test_a_second_slide_of_a_sample_is_asked_about(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, sample="S-7")
    body = FACTS | {"sample": "S-7", "key": "key-00000001"}
    assert browser.post("/api/slides", json=body).json() == {"earlier": [slide]}
    answer = browser.post("/api/slides", json=body | {"is_second": True}).json()
    assert browser.get(answer["next"]).status_code == 200


def test_an_explanation_measures_and_compares(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_blast=1)
    unasked = browser.get(f"/api/slides/{slide}/cells/1")
    assert unasked.status_code == 409  # the first look is blind by the API, too
    assert "blast" not in unasked.text
    judge_all(device, slide, Word.NORMAL)
    facts = browser.get(f"/api/slides/{slide}/cells/1").json()
    assert facts["n_sightings"] == 3
    assert 0 < facts["features"]["nucleus_um"] <= facts["features"]["cell_um"]
    assert 0 < facts["features"]["nucleus_share"] <= 1
    assert len(facts["alike"]) == 4
    for picture in ("view.png", "crop.png", "heat.png"):
        answer = browser.get(f"/api/slides/{slide}/cells/1/{picture}")
        assert answer.content.startswith(b"\x89PNG")
    assert browser.get(f"/api/slides/{slide}/cells/9").status_code == 404


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
    device.store.review.judge_cell(slide, cell.id, Word.BLAST, NAME, key="key-00000001")
    outcome = verdict_of(device.store.reader.slide(slide), device.bundle.card)
    assert outcome.messages[0].id == id_


def test_a_second_reader_sees_nothing_of_the_first(
    stranger: Browser, device: Device
) -> None:
    for name in ("Binta", "Chief"):
        role = Role.SUPERVISOR if name == "Chief" else Role.OPERATOR
        device.people.add(name, role, PIN)
    slide = fill_slide(device, n_blast=2, n_normal=2, n_readers=2)
    stranger.sign_in("Amina")
    for number in "1234":
        body = {"cell": number, "word": "blast", "key": f"amina-00{number}", "seen": 0}
        stranger.post(f"/api/slides/{slide}/judge", json=body)
    stranger.sign_in("Binta")
    page = stranger.get(f"/slides/{slide}/review").text
    figures = page[page.index('id="gallery"') : page.index('class="loupe"')]
    assert "blast" not in figures
    assert "Amina" not in figures
    result = stranger.get(f"/slides/{slide}/result").text
    assert "Amina" not in result.split("<main")[1]
    assert "People and model together" not in result
    for what in ("csv", "pdf", "fhir.json"):
        answer = stranger.post(f"/api/slides/{slide}/files/{what}", json={})
        assert answer.status_code == 409
        assert "until both have looked" in answer.text
    assert stranger.get(f"/slides/{slide}/paper").status_code == 409
    for number, word in zip("1234", ("blast", "normal", "blast", "blast"), strict=True):
        body = {"cell": number, "word": word, "key": f"binta-00{number}", "seen": 0}
        answer = stranger.post(f"/api/slides/{slide}/judge", json=body).json()
        assert answer["word"] == word
    result = stranger.get(f"/slides/{slide}/result").text
    assert "Judged alike: 3 / 4" in " ".join(result.split())
    answer = stranger.post(f"/api/slides/{slide}/files/csv", json={})
    assert answer.status_code == 200
    assert "/settle" not in result  # an operator does not settle
    settle = {"cell": "2", "word": "normal", "key": "settle-01"}
    path = f"/api/slides/{slide}/settle"
    assert stranger.post(path, json=settle).status_code == 403
    stranger.sign_in("Chief")
    assert "/settle" in stranger.get(f"/slides/{slide}/result").text
    assert stranger.post(path, json=settle).status_code == 200
    body = {"pin": PIN, "comment": "", "key": "sign-0001"}
    body["shown"] = shown_of(device, slide)
    assert stranger.post(f"/api/slides/{slide}/sign", json=body).status_code == 200


def test_two_people_on_one_slide_do_not_overwrite_each_other_unseen(
    stranger: Browser, device: Device
) -> None:
    device.people.add("Binta", Role.OPERATOR, PIN)
    slide = fill_slide(device, n_blast=1, n_normal=1)
    path = f"/api/slides/{slide}"

    def judge(name: str, word: str, seen: int) -> tuple[int, dict[str, Any]]:
        key = f"key-{name}-{word}-{seen}"
        stranger.sign_in(name)
        body = {"cell": "1", "word": word, "seen": seen, "key": key}
        answer = stranger.post(f"{path}/judge", json=body)
        return answer.status_code, answer.json()

    status, first = judge("Amina", "blast", 0)
    assert status == 200
    stale, refused = judge("Binta", "normal", 0)
    assert (stale, refused["detail"]) == (409, "somebody has just called this cell")
    undo = stranger.post(f"{path}/undo", json={"key": "key-undo-0001"})
    assert undo.status_code == 409  # Amina's word is not Binta's to take back
    assert dict(device.store.reader.slide(slide).cells[0].words) == {
        "Amina": Word.BLAST
    }
    status, _ = judge("Binta", "normal", first["seen"])  # she has seen Amina's
    assert status == 200
    again, _ = judge("Amina", "blast", 0)  # the same step, sent twice
    assert again == 200
    assert device.store.reader.slide(slide).cells[0].word is Word.NORMAL


def test_a_judgement_without_the_version_that_was_seen_is_refused(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=1)
    body = {"cell": "1", "word": "blast", "key": "key-00000001"}
    assert browser.post(f"/api/slides/{slide}/judge", json=body).status_code == 422


def test_a_reader_does_not_settle_her_own_dispute(
    stranger: Browser, device: Device
) -> None:
    """Amina, the first person, is a supervisor and reads with Binta."""
    device.people.add("Binta", Role.OPERATOR, PIN)
    slide = fill_slide(device, n_blast=1, n_readers=2)
    for name, word in (("Amina", Word.BLAST), ("Binta", Word.NORMAL)):
        device.store.review.judge_cell(slide, "1", word, name, key=f"key-0000-{name}")
    stranger.sign_in("Amina")
    assert "/settle" not in stranger.get(f"/slides/{slide}/result").text
    body = {"cell": "1", "word": "blast", "key": "key-settle-01"}
    refused = stranger.post(f"/api/slides/{slide}/settle", json=body)
    assert (refused.status_code, "own dispute" in refused.text) == (409, True)
    assert device.store.reader.slide(slide).disputed


def test_no_count_begins_whose_lights_nobody_was_shown(
    browser: Browser, device: Device
) -> None:
    counter = cast("StillCounter", device.counter)
    [slide, other] = [
        device.store.start_slide(new_slide_of(device), NAME) for _ in range(2)
    ]
    lights = {"seq": 1, "lights": [{"name": "focus", "is_good": False}]}

    def status(*, anyway: bool = False) -> int:
        body = {"do": "count", "anyway": anyway}
        return browser.post(f"/api/slides/{slide}/orders", json=body).status_code

    assert status() == 409
    counter.tell(News(mode=Mode.PREVIEW, slide=slide, facts={"seq": 1, "lights": []}))
    assert status() == 409
    counter.tell(News(mode=Mode.PREVIEW, slide=other, facts=lights))
    assert status() == 409
    assert status(anyway=True) == 200
    assert slide in str(device.store.log.notes("started anyway")[-1].body)
    counter.tell(News(mode=Mode.PREVIEW, slide=slide, facts=lights))
    assert status() == 200
    assert [o.do for o in counter.orders] == [Do.COUNT, Do.COUNT]


def test_a_count_that_failed_is_not_finished_to_a_review_of_a_part(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=6, is_finished=False)
    device.counter.tell(  # type: ignore[attr-defined]
        News(mode=Mode.FAILED, slide=slide, facts={"seq": 1, "instruction": "gone"})
    )
    answer = browser.post(f"/api/slides/{slide}/orders", json={"do": "finish"})
    assert answer.status_code == 409
    assert "has failed" in answer.text
    assert device.counter.orders == []  # type: ignore[attr-defined]
    assert device.store.reader.slide(slide).machine is None
