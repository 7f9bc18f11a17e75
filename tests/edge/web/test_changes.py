"""Amend, void, correct, count on: what the pages show, and what the API refuses."""

import html
import re
from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import (
    NAME,
    PIN,
    Browser,
    StillCounter,
    fill_slide,
    look_at_all,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.live.commands import Do, Mode, News
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.types import Word
from leukoscope_edge.web.device import Device

CHANGED = "the result has changed: look again"


def text_of(browser: Browser, path: str) -> str:
    """A page's words, without its tags."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    main = page.text.split("<main")[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def shown_on(browser: Browser, slide: str) -> str:
    """The digest that the page would send."""
    page = browser.get(f"/slides/{slide}/result").text
    [digest] = re.findall(r'name="shown" value="([0-9a-f]{64})"', page)
    return str(digest)


def judge(device: Device, slide: str, word: Word, key: str = "key") -> None:
    for cell in device.store.reader.slide(slide).cells:
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"{key}-{cell.id:0>8}"
        )


def sign(browser: Browser, slide: str, *, shown: str, comment: str = "") -> int:
    body = {"pin": PIN, "comment": comment, "shown": shown}
    body["key"] = f"sign-{abs(hash((slide, shown, comment)))}"
    answer = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert answer.status_code == 200 or answer.json()["detail"] == CHANGED
    return answer.status_code


def amended(browser: Browser, device: Device) -> str:
    """A slide of 200 normal cells, signed, amended, and 16 of them called blast."""
    slide = fill_slide(device, n_normal=200)
    judge(device, slide, Word.NORMAL)
    shown = shown_on(browser, slide)
    assert sign(browser, slide, shown=shown, comment="mother came along") == 200
    body = {"why": "cells were read wrongly", "key": "amend-00001"}
    assert browser.post(f"/api/slides/{slide}/amend", json=body).status_code == 200
    for number in range(1, 17):
        device.store.review.judge_cell(
            slide, str(number), Word.BLAST, NAME, key=f"again-{number:0>8}"
        )
    return slide


def test_the_page_shows_what_would_be_signed_and_the_signed_version_marked(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    page = text_of(browser, f"/slides/{slide}/result")
    signed, fresh = page.split("Version 2, as it would be signed now")
    assert "Version 1 is signed and being amended: SIM" not in page
    assert "Version 1 is signed and being amended: No blasts" in signed
    assert "Few blasts, confirmed by a person: 16 of 200" in fresh
    assert "16 of 200" not in signed


def test_another_result_than_the_one_shown_is_not_signed(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    shown = shown_on(browser, slide)
    device.store.review.judge_cell(slide, "17", Word.BLAST, NAME, key="beside-0001")
    assert sign(browser, slide, shown=shown) == 409
    assert len(device.store.reader.slide(slide).signatures) == 1
    assert sign(browser, slide, shown=shown_on(browser, slide)) == 200
    newest = device.store.reader.slide(slide).signatures[-1]
    assert (newest.version, newest.outcome.n_blast) == (2, 17)


def test_a_signature_without_what_was_shown_is_none(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=2)
    judge(device, slide, Word.NORMAL)
    body = {"pin": PIN, "key": "sign-0000001"}
    assert browser.post(f"/api/slides/{slide}/sign", json=body).status_code == 422
    assert device.store.reader.slide(slide).signatures == ()


def test_the_comment_is_carried_into_the_next_version(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    page = browser.get(f"/slides/{slide}/result").text
    assert 'name="comment" maxlength="1000" value="mother came along"' in page


def test_what_leaves_meanwhile_is_version_1_and_says_so(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    share = text_of(browser, f"/slides/{slide}/share")
    assert "Version 1 leaves, marked as being amended" in share
    assert "preliminary" not in share
    paper = text_of(browser, f"/slides/{slide}/paper")
    assert "Version 1, being amended" in paper
    assert "16 of 200" not in paper
    sign(browser, slide, shown=shown_on(browser, slide))
    paper = text_of(browser, f"/slides/{slide}/paper")
    assert f"Version 1 was amended by {NAME}: cells were read wrongly" in paper
    assert "16 of 200" in paper


def test_paper_says_what_was_smeared_and_who_read_what(
    browser: Browser, device: Device
) -> None:
    facts = replace(SIMULATED_SAMPLE, age=AgeGroup.CHILD)
    slide = fill_slide(device, n_blast=2, n_normal=38, facts=facts)
    for cell in first_pass(device.store.reader.slide(slide)):
        device.store.review.judge_cell(
            slide, cell.id, Word.NORMAL, NAME, key=f"k{cell.id:0>9}"
        )
    paper = text_of(browser, f"/slides/{slide}/paper?identified=true")
    head = paper.split("Audit code")[1]
    assert "S-1, Blood, Child" in head
    assert "A person read 12 of 40 cells." in paper
    assert "The model's normal slides" in paper


def test_a_file_with_names_is_called_otherwise(
    browser: Browser, device: Device
) -> None:
    slide = look_at_all(device, fill_slide(device, n_normal=1, sample="S-77"))
    for what in ("pdf", "csv", "fhir.json"):
        path = f"/api/slides/{slide}/files/{what}"
        with_names = browser.post(path, json={"identified": True})
        without = browser.post(path, json={})
        names = [a.headers["content-disposition"] for a in (with_names, without)]
        assert f"-v1-identified.{what}" in names[0]
        assert f"-v1-deidentified.{what}" in names[1]
        assert with_names.content != without.content
    assert b"S-77" not in without.content
    assert b"S-77" in with_names.content


def test_an_operator_voids_a_slide_until_it_is_signed(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=30, n_normal=30)
    page = text_of(browser, f"/slides/{slide}/result")
    assert "Void this slide" in page
    path, body = f"/api/slides/{slide}/void", {"why": "wrong slide", "key": "void-0001"}
    answer = browser.post(path, json=body)
    assert answer.json() == {"next": f"/slides/{slide}/result"}
    page = text_of(browser, f"/slides/{slide}/result")
    assert "VOID" in page
    assert "wrong slide" in page
    assert "Blast" not in page
    assert "Void" in text_of(browser, "/")
    again = browser.post(path, json=body | {"key": "void-0002"})
    assert again.status_code == 409


def test_a_supervisor_alone_withdraws_what_was_signed(
    browser: Browser, stranger: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    device.people.add("Binta", Role.OPERATOR, PIN)
    body = {"why": "another person's blood", "key": "void-0001"}
    stranger.sign_in("Binta")
    assert "Void this slide" not in text_of(stranger, f"/slides/{slide}/result")
    path = f"/api/slides/{slide}/void"
    assert stranger.post(path, json=body).status_code == 403
    browser.sign_in()
    assert browser.post(path, json=body).status_code == 200
    assert device.store.reader.slide(slide).state is SlideState.VOIDED


def test_a_correction_changes_the_verdict_and_keeps_what_was(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=60)
    judge(device, slide, Word.NORMAL)
    device.store.review.judge_cell(slide, "1", Word.BLAST, NAME, key="blast-00001")
    before = text_of(browser, f"/slides/{slide}/result")
    assert "Senior review." in before
    body = {"age": "child", "sample": "S-1", "why": "misread", "key": "right-0001"}
    answer = browser.post(f"/api/slides/{slide}/correct", json=body)
    assert answer.status_code == 200, answer.text
    assert "Senior review today." in text_of(browser, f"/slides/{slide}/result")
    [correction] = device.store.reader.slide(slide).corrections
    assert [(c.was, c.now) for c in correction.changes] == [("adult", "child")]


@pytest.mark.parametrize("field", [{"sample_type": ""}, {"age": "old"}, {"why": ""}])
def test_a_correction_says_what_and_why(
    browser: Browser, device: Device, field: dict[str, str]
) -> None:
    slide = fill_slide(device, n_normal=2)
    body = {"age": "child", "why": "misread", "key": "right-0001"} | field
    answer = browser.post(f"/api/slides/{slide}/correct", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("do", [Do.PREVIEW, Do.COUNT, Do.PAUSE, Do.GO_ON, Do.FINISH])
def test_no_order_reopens_a_count_that_is_over(
    browser: Browser, device: Device, do: Do
) -> None:
    slide = fill_slide(device, n_normal=2)
    answer = browser.post(f"/api/slides/{slide}/orders", json={"do": do.value})
    assert answer.status_code == 409
    assert "while it is review" in answer.json()["detail"]
    assert device.counter.orders == []  # type: ignore[attr-defined]


def test_more_cells_are_counted_where_somebody_asks(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=2)
    assert "Count more cells" in text_of(browser, f"/slides/{slide}/result")
    path = f"/api/slides/{slide}/orders"
    answer = browser.post(path, json={"do": "count-more"})
    assert answer.json() == {"next": f"/slides/{slide}/count"}
    [order] = device.counter.orders  # type: ignore[attr-defined]
    assert order.do is Do.COUNT_MORE


@pytest.mark.parametrize(
    ("mode", "step", "to"),
    [
        (None, "ready", "/slides/{}/review"),
        (None, "count", "/slides/{}/review"),
        (Mode.COUNTING, "ready", "/slides/{}/count"),
        (Mode.PAUSED, "ready", "/slides/{}/count"),
        (Mode.ENDED, "ready", "/slides/{}/count"),
    ],
)
def test_back_leads_to_where_the_slide_stands(
    browser: Browser, device: Device, mode: Mode | None, step: str, to: str
) -> None:
    slide = fill_slide(device, n_normal=2, is_finished=mode is None)
    if mode:
        counter = device.counter
        assert isinstance(counter, StillCounter)
        counter.tell(News(mode=mode, slide=slide, facts={"seq": 1}))
    answer = browser.get(f"/slides/{slide}/{step}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == to.format(slide)


def test_a_slide_under_the_lens_is_paused_before_it_is_voided(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=2, is_finished=False)
    counter = device.counter
    assert isinstance(counter, StillCounter)
    path, body = f"/api/slides/{slide}/void", {"why": "wrong slide", "key": "void-0001"}
    counter.tell(News(mode=Mode.COUNTING, slide=slide, facts={"seq": 1}))
    assert browser.post(path, json=body).status_code == 409
    counter.tell(News(mode=Mode.PAUSED, slide=slide, facts={"seq": 2}))
    assert browser.post(path, json=body).status_code == 200
    assert [o.do for o in counter.orders] == [Do.REST]  # the camera is given back
