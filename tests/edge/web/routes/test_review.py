"""The API of a review: a word on a cell, settled, taken back, a cell added."""

from typing import Any

import cv2
import numpy as np
from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide, shown_of

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Mode, News, cut_missed
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device


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
    assert stranger.get(f"/slides/{slide}/print").status_code == 409
    for number, word in zip("1234", ("blast", "normal", "blast", "blast"), strict=True):
        body = {"cell": number, "word": word, "key": f"binta-00{number}", "seen": 0}
        answer = stranger.post(f"/api/slides/{slide}/judge", json=body).json()
        assert answer["word"] == word
    result = stranger.get(f"/slides/{slide}/result").text
    assert "Judged alike: 3 / 4" in " ".join(result.split())
    answer = stranger.post(f"/api/slides/{slide}/files/csv", json={})
    assert answer.status_code == 200
    assert "/settle" not in result  # an operator does not settle
    assert "another supervisor" not in result
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
    assert "the last step is by Amina" in undo.json()["detail"]
    assert dict(device.store.reader.slide(slide).cells[0].words) == {
        "Amina": Reading.BLAST
    }
    status, _ = judge("Binta", "normal", first["seen"])  # she has seen Amina's
    assert status == 200
    again, _ = judge("Amina", "blast", 0)  # the same step, sent twice
    assert again == 200
    assert device.store.reader.slide(slide).cells[0].word is Reading.NORMAL


def test_taking_back_again_after_a_lost_answer_is_answered_alike(
    stranger: Browser, device: Device
) -> None:
    device.people.add("Binta", Role.OPERATOR, PIN)
    path = f"/api/slides/{fill_slide(device, n_blast=2)}"
    for name, cell in (("Amina", "1"), ("Binta", "2")):
        stranger.sign_in(name)
        body = {"cell": cell, "word": "blast", "seen": 0, "key": f"key-{name}-01"}
        stranger.post(f"{path}/judge", json=body)
        if name == "Amina":
            first = stranger.post(f"{path}/undo", json={"key": "key-undo-0001"})
    stranger.sign_in("Amina")
    again = stranger.post(f"{path}/undo", json={"key": "key-undo-0001"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["cell"] == again.json()["cell"] == "1"


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
    for name, word in (("Amina", Reading.BLAST), ("Binta", Reading.NORMAL)):
        device.store.review.judge_cell(slide, "1", word, name, key=f"key-0000-{name}")
    stranger.sign_in("Amina")
    page = stranger.get(f"/slides/{slide}/result").text
    assert "/settle" not in page
    assert "another supervisor settles it" in page
    body = {"cell": "1", "word": "blast", "key": "key-settle-01"}
    refused = stranger.post(f"/api/slides/{slide}/settle", json=body)
    assert (refused.status_code, "own dispute" in refused.text) == (409, True)
    assert device.store.reader.slide(slide).disputed


def test_a_tapped_cell_is_cut_out_of_its_picture(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, is_finished=False)
    body = {"frame": "f", "x": 0.5, "y": 0.5, "key": "key-00000001"}
    gone = browser.post(f"/api/slides/{slide}/missed", json=body)
    assert gone.status_code == 409
    _, jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 99, np.uint8))
    facts = {"seq": 1, "frame": "f", "place": [1000, 0, 0]}
    news = News(mode=Mode.PAUSED, slide=slide, facts=facts, jpeg=jpeg.tobytes())
    device.counter.tell(news)  # type: ignore[attr-defined]
    answer = browser.post(f"/api/slides/{slide}/missed", json=body)
    assert answer.json() == {"cell": "m1", "box": [260, 180, 380, 300]}
    record = device.store.reader.slide(slide)
    [cell] = record.cells
    assert (cell.added_by, cell.word) == (NAME, None)
    assert [c.id for c in first_pass(record)] == ["m1"]
    assert record.to_review == (cell,)
    assert cell.box_px == (260, 180, 380, 300)
    assert cell.slide_px == (1320.0, 240.0)
    corner = cut_missed(news, (0.0, 1.0), device.bundle.card, 0.1)
    assert corner.box_px == (0, 420, 60, 480)
