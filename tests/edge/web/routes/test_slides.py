"""The API about a slide: started, counted, signed, corrected, voided and sent."""

import re
import shutil
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from tests.edge.web.reading_results import (
    amended,
    judge,
    judge_all,
    shown_on,
    sign,
    text_of,
)
from tests.edge.web.stand_ins import (
    FACTS,
    NAME,
    PIN,
    Browser,
    StillCounter,
    fill_slide,
    look_at_all,
    make_cell,
    new_slide_of,
    shown_of,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Command, Mode, News
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.quality import Scale, keep_scale
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.service import HEALTH, run_folder
from leukoscope_edge.service.heartbeat import make_run_folder, write_json
from leukoscope_edge.types import CallName, Reading
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device


def test_signing_needs_every_suspect_judged_and_the_pin(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=2, n_normal=12)
    body = {"pin": PIN, "comment": "", "key": "key-sign-0001"}
    body["shown"] = shown_of(device, slide)
    refused = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert refused.status_code == 409
    assert "still to be judged" in refused.json()["detail"]
    judge_all(device, slide, Reading.BLAST)
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


@pytest.mark.parametrize("sign", ["\u202e", "\u202d"])
@pytest.mark.parametrize("field", ["sample", "name"])
def test_a_label_that_turns_writing_around_is_refused(
    browser: Browser, field: str, sign: str
) -> None:
    body = FACTS | {"sample": "S-1", "key": "key-00000001"} | {field: f"S{sign}21"}
    answer = browser.post("/api/slides", json=body)
    assert answer.status_code == 422
    [detail] = answer.json()["detail"]
    assert (detail["loc"][-1], detail["type"]) == (field, "hidden_signs")


def test_a_label_that_was_copied_from_an_arabic_page_is_the_same_sample(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1, sample="S-12")
    body = FACTS | {"sample": "\u200eS\u2011\u0661\u0662\u200f", "key": "key-00000001"}
    answer = browser.post("/api/slides", json=body)
    assert answer.json() == {"earlier": [slide], "differs": []}


def test_a_second_slide_of_a_sample_is_asked_about(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, sample="S-7")
    body = FACTS | {"sample": "S-7", "key": "key-00000001"}
    asked = {"earlier": [slide], "differs": []}
    assert browser.post("/api/slides", json=body).json() == asked
    answer = browser.post("/api/slides", json=body | {"is_second": True}).json()
    assert browser.get(answer["next"]).status_code == 200


@pytest.mark.parametrize("other", [{"age": "adult"}, {"sex": "male"}])
def test_another_age_or_sex_of_a_sample_is_asked_about_and_told_until_it_is_right(
    browser: Browser, device: Device, other: dict[str, str]
) -> None:
    first = FACTS | {"age": "child", "sex": "female", "sample": "S-7"}
    slide = browser.post("/api/slides", json=first | {"key": "key-00000001"}).json()
    slide = slide["next"].split("/")[2]
    second = first | other | {"key": "key-00000002", "is_second": True}
    asked = {"earlier": [slide], "differs": [slide]}
    assert browser.post("/api/slides", json=second).json() == asked
    for same in ({}, dict.fromkeys(other, "unknown")):
        known = first | same | {"is_second": True, "key": f"key-0000001{len(same)}"}
        assert "next" in browser.post("/api/slides", json=known).json()
    answer = browser.post("/api/slides", json=second | {"is_right": True}).json()
    one = answer["next"].split("/")[2]
    told = "names another age or sex"
    for shown, another in ((one, slide), (slide, one)):
        assert (
            f"Slide {another} of the same"
            in browser.get(f"/slides/{shown}/result").text
        )
    device.store.review.void(one, "another person", NAME)
    for shown in (one, slide):
        assert told not in browser.get(f"/slides/{shown}/result").text


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
    counter.tell(News(mode=Mode.FAILED, slide=slide, facts=lights))
    assert status() == 409
    assert status(anyway=True) == 200
    note = device.store.log.notes("started anyway")[-1].body["facts"]
    assert (note["slide"], note["bad"]) == (slide, ["focus"])
    for mode, facts in ((Mode.PREVIEW, lights), (Mode.COUNTING, {"seq": 1})):
        counter.tell(News(mode=mode, slide=slide, facts=facts))
        assert status() == 200
    assert [o.do for o in counter.orders] == [Command.COUNT] * 3


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


@pytest.mark.parametrize(
    ("do", "mode", "is_same", "why"),
    [
        (Command.FINISH, Mode.FAILED, True, "has failed"),
        (Command.FINISH, Mode.FAILED, False, ""),
        (Command.FINISH, Mode.COUNTING, True, ""),
        (Command.COUNT, Mode.FAILED, True, ""),
        (Command.PAUSE, Mode.COUNTING, True, ""),
        (Command.PAUSE, Mode.COUNTING, False, "is being counted"),
        (Command.REST, Mode.PREVIEW, True, ""),
        (Command.LEAVE, Mode.IDLE, False, "not by order"),
    ],
)
def test_an_order_goes_on_its_way_if_what_is_under_the_lens_allows_it(
    browser: Browser,
    device: Device,
    do: Command,
    mode: Mode,
    why: str,
    *,
    is_same: bool,
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=6, is_finished=False)
    counter = cast("StillCounter", device.counter)
    news = News(mode=mode, slide=slide if is_same else "0099", facts={"seq": 1})
    counter.tell(news)
    answer = browser.post(f"/api/slides/{slide}/orders", json={"do": do.value})
    assert why in answer.text
    assert answer.is_success == (not why), answer.text
    assert [o.do for o in counter.orders] == [do] * (not why)


@pytest.mark.parametrize(
    ("do", "status"),
    [(Command.COUNT, 409), (Command.PREVIEW, 409), (Command.PAUSE, 200)],
)
def test_another_model_goes_on_with_no_count_but_lets_it_pause(
    browser: Browser, device: Device, do: Command, status: int
) -> None:
    new = new_slide_of(device)
    origin = replace(new.origin, bundle="another-1")
    slide = device.store.start_slide(replace(new, origin=origin), NAME)
    device.store.count.add_cells(slide, [make_cell(1, CallName.NORMAL)], frames={})
    answer = browser.post(f"/api/slides/{slide}/orders", json={"do": do.value})
    assert answer.status_code == status, answer.text


def test_a_healthy_person_is_measured_once_unless_the_slide_was_void(
    browser: Browser, device: Device
) -> None:
    healthy = FACTS | {"sample": "S-1", "is_normal": True, "is_second": True}

    def start(key: str, **other: object) -> str:
        return browser.post("/api/slides", json=healthy | {"key": key} | other).text

    start("key-00000001", is_normal=False)
    assert "/ready" in start("key-00000002")
    assert "another healthy person" in start("key-00000003")
    device.store.review.void("0002", "a wrong slide", NAME)
    assert "/ready" in start("key-00000004")


def test_another_result_than_the_one_shown_is_not_signed(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    shown = shown_on(browser, slide)
    device.store.review.judge_cell(slide, "17", Reading.BLAST, NAME, key="beside-0001")
    assert sign(browser, slide, shown=shown) == 409
    assert len(device.store.reader.slide(slide).signatures) == 1
    assert sign(browser, slide, shown=shown_on(browser, slide)) == 200
    newest = device.store.reader.slide(slide).signatures[-1]
    assert (newest.version, newest.outcome.n_blast) == (2, 17)


def test_a_signature_without_what_was_shown_is_none(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=2)
    judge(device, slide, Reading.NORMAL)
    body = {"pin": PIN, "key": "sign-0000001"}
    assert browser.post(f"/api/slides/{slide}/sign", json=body).status_code == 422
    assert device.store.reader.slide(slide).signatures == ()


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
    stranger: Browser, device: Device
) -> None:
    device.people.add("Olu", Role.OPERATOR, PIN)
    stranger.sign_in("Olu")
    slide = fill_slide(device, n_blast=30, n_normal=30)
    page = text_of(stranger, f"/slides/{slide}/result")
    assert "Void this slide" in page
    path, body = f"/api/slides/{slide}/void", {"why": "wrong slide", "key": "void-0001"}
    answer = stranger.post(path, json=body)
    assert answer.json() == {"next": f"/slides/{slide}/result"}
    page = text_of(stranger, f"/slides/{slide}/result")
    assert "VOID" in page
    assert "wrong slide" in page
    assert "Blast" not in page
    assert "Void" in text_of(stranger, "/")
    again = stranger.post(path, json=body | {"key": "void-0002"})
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
    judge(device, slide, Reading.NORMAL)
    device.store.review.judge_cell(slide, "1", Reading.BLAST, NAME, key="blast-00001")
    before = text_of(browser, f"/slides/{slide}/result")
    assert "Senior review." in before
    body = {"age": "child", "sample": "S-1", "why": "misread", "key": "right-0001"}
    answer = browser.post(f"/api/slides/{slide}/correct", json=body)
    assert answer.status_code == 200, answer.text
    assert "Senior review today." in text_of(browser, f"/slides/{slide}/result")
    [correction] = device.store.reader.slide(slide).corrections
    assert [(c.was, c.now) for c in correction.changes] == [("adult", "child")]


def test_consent_to_training_is_given_and_withdrawn_at_any_time(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=2)
    for consents in (True, False):
        body = {"consents": consents}
        assert browser.post(f"/api/slides/{slide}/consent", json=body).is_success
        page = browser.get(f"/slides/{slide}/share").text
        assert ('name="consents" checked' in page) is consents
        assert device.store.reader.slide(slide).consents_to_training is consents


def test_another_age_asks_anew_whether_white_cells_are_few(
    browser: Browser, device: Device
) -> None:
    """4.2 thousand millions a litre are usual for an adult, and few for a child."""
    facts = replace(SIMULATED_SAMPLE, wbc_10e9_per_l=4.2)
    slide = fill_slide(device, n_normal=2, facts=facts)
    path, body = f"/api/slides/{slide}/correct", {"why": "misread"}
    child = body | {"age": "child", "key": "right-0001"}
    assert browser.post(path, json=child).status_code == 200
    assert device.store.reader.slide(slide).facts.is_leukopenic
    text = browser.get(f"/slides/{slide}/result").text
    assert 'name="sex" required' in text
    gone = body | {"wbc": None, "leukopenic": False, "sex": "male", "name": "Eve"}
    assert browser.post(path, json=gone | {"key": "right-0002"}).status_code == 200
    record = device.store.reader.slide(slide)
    assert (record.facts.wbc_10e9_per_l, record.facts.is_leukopenic) == (None, False)
    assert record.details["sex"] == "male"
    assert device.store.reader.identity(slide).name == "Eve"  # type: ignore[union-attr]


FEW = pytest.mark.parametrize(
    ("said", "is_few"),
    [
        ({}, False),
        ({"leukopenic": True}, True),
        ({"wbc": 1.2}, True),
        ({"wbc": 4.2}, False),
        ({"wbc": 4.2, "leukopenic": True}, True),
        ({"wbc": 4.2, "age": "child"}, True),
        ({"wbc": 4.2, "age": "unknown"}, True),
    ],
)
"""Either says that white cells are few: a person, or their number at that age."""


@FEW
def test_a_slide_starts_with_few_white_cells_if_anything_says_so(
    browser: Browser, device: Device, said: dict[str, object], is_few: object
) -> None:
    body = FACTS | {"sample": "S-1", "key": "key-00000001"} | said
    assert browser.post("/api/slides", json=body).is_success
    facts = device.store.reader.slide("0001").facts
    assert (facts.is_leukopenic, facts.wbc_10e9_per_l) == (is_few, said.get("wbc"))


@FEW
def test_a_correction_finds_few_white_cells_if_anything_says_so(
    browser: Browser, device: Device, said: dict[str, object], is_few: object
) -> None:
    slide = fill_slide(device, n_normal=2)
    body = {"why": "misread", "name": "Eve", "key": "right-0001"} | said
    assert browser.post(f"/api/slides/{slide}/correct", json=body).is_success
    facts = device.store.reader.slide(slide).facts
    assert (facts.is_leukopenic, facts.wbc_10e9_per_l) == (is_few, said.get("wbc"))


def test_a_number_alone_is_judged_at_the_age_that_was_said_before(
    browser: Browser, device: Device
) -> None:
    facts = replace(SIMULATED_SAMPLE, age=AgeGroup.CHILD)
    slide = fill_slide(device, n_normal=2, facts=facts)
    body = {"why": "misread", "wbc": 4.2, "key": "right-0001"}
    assert browser.post(f"/api/slides/{slide}/correct", json=body).is_success
    assert device.store.reader.slide(slide).facts.is_leukopenic


@pytest.mark.parametrize("field", [{"sample_type": ""}, {"age": "old"}, {"why": ""}])
def test_a_correction_says_what_and_why(
    browser: Browser, device: Device, field: dict[str, str]
) -> None:
    slide = fill_slide(device, n_normal=2)
    body = {"age": "child", "why": "misread", "key": "right-0001"} | field
    answer = browser.post(f"/api/slides/{slide}/correct", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "do", [Command.PREVIEW, Command.COUNT, Command.PAUSE, Command.GO_ON, Command.FINISH]
)
def test_no_order_reopens_a_count_that_is_over(
    browser: Browser, device: Device, do: Command
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
    assert order.do is Command.COUNT_MORE


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
    assert [o.do for o in counter.orders] == [Command.REST]  # the camera is given back


REAL = CameraEntry(source="camera-1", frames_per_second=10.0)


@pytest.fixture
def real_browser(device: Device) -> Iterator[Browser]:
    """A device whose camera is calibrated under 100x alone."""
    device.people.add_first(NAME, PIN)
    keep_scale(device.store, REAL, "100x", Scale(um_per_px=0.08), NAME)
    own = replace(device, profile=replace(device.profile, camera=REAL))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client


@pytest.mark.parametrize(("objective", "status"), [("100x", 200), ("40x", 409)])
def test_a_slide_under_an_uncalibrated_objective_is_refused(
    real_browser: Browser, device: Device, objective: str, status: int
) -> None:
    body = FACTS | {"sample": "S-1", "objective": objective, "key": "key-00000001"}
    answer = real_browser.post("/api/slides", json=body)
    assert answer.status_code == status
    if status == 409:
        assert "calibrated under 100x, not under 40x" in answer.json()["detail"]
        assert device.store.reader.slides() == []


def test_another_objective_brings_its_scale_and_nothing_else_does(
    real_browser: Browser, device: Device
) -> None:
    keep_scale(device.store, REAL, "40x", Scale(um_per_px=0.2), NAME)
    body = FACTS | {"sample": "S-1", "objective": "100x", "key": "key-00000001"}
    assert real_browser.post("/api/slides", json=body).is_success

    def corrected(key: str, **what: str) -> float | None:
        body = {"why": "misread", "key": key} | what
        assert real_browser.post("/api/slides/0001/correct", json=body).is_success
        return device.store.reader.slide("0001").origin.scale_um_per_px

    assert corrected("right-0001", name="Eve") == 0.08
    assert corrected("right-0002", objective="40x") == 0.2


def test_the_page_marks_the_usual_objective(
    real_browser: Browser, device: Device
) -> None:
    keep_scale(device.store, REAL, "40x", Scale(um_per_px=0.2), NAME)
    text = real_browser.get("/slides/new").text
    assert re.findall(r'name="objective" value="(\w+)" required checked', text) == [
        "40x"
    ]
    body = FACTS | {"sample": "S-1", "key": "key-00000001"}
    assert real_browser.post("/api/slides", json=body).status_code == 200
    assert device.store.reader.slides()[0].details["objective"] == "40x"


def test_nothing_is_written_where_no_stick_is(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    slide = look_at_all(device, fill_slide(device, n_blast=1))
    body = {"stick": str(tmp_path), "whats": ["csv"]}
    answer = browser.post(f"/api/slides/{slide}/stick", json=body)
    assert answer.status_code == 409
    assert "plug it in again" in answer.json()["detail"]
    assert list(tmp_path.glob("*.csv")) == []


Usage = namedtuple("Usage", "total used free")
NEW = FACTS | {"sample": "S-9", "key": "0123456789abcdef"}


def start(browser: Browser) -> tuple[int, str]:
    answer = browser.post("/api/slides", json=NEW)
    return answer.status_code, answer.text


def test_a_full_disk_takes_no_new_slide_and_says_so(
    browser: Browser, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, 79_999_999))
    status, text = start(browser)
    assert status == 503
    assert "the disk is full" in text
    assert device.store.reader.slides() == []


def test_a_device_in_safe_state_takes_no_new_slide(
    browser: Browser, device: Device
) -> None:
    folder = run_folder(device.store.folder)
    make_run_folder(folder)
    parts = {"count": {"facts": {}}}
    write_json(folder / HEALTH, {"at_s": 1e12, "safe": "it died", "parts": parts})
    try:
        status, text = start(browser)
    finally:
        shutil.rmtree(folder)
    assert (status, "it died" in text) == (503, True)
    assert device.store.reader.slides() == []
