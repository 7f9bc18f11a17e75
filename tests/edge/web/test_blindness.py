"""Nobody learns what the model thinks before they have looked themselves."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, cast

import pytest
from tests.edge.live.told import FACTS, KINDS, facts_in
from tests.edge.web.stand_ins import (
    NAME,
    PIN,
    Browser,
    StillCounter,
    fill_slide,
    make_cell,
    new_slide_of,
)

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Mode, News
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.profile import ReviewEntry
from leukoscope_edge.records.slides import MIN_OTHERS_REVIEWED
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.review import hides_model
from leukoscope_edge.types import CallName, Reading, Tally
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device

Blind = Literal["first-look", "off"]


def seeing(device: Device, blind: Blind, readers: Literal[1, 2] = 1) -> Device:
    review = ReviewEntry(blind=blind, readers=readers)
    return replace(device, profile=replace(device.profile, review=review))


@pytest.fixture
def people(device: Device) -> Device:
    device.people.add_first(NAME, PIN)
    device.people.add("Binta", Role.OPERATOR, PIN)
    return device


def client(device: Device, blind: Blind, readers: Literal[1, 2] = 1) -> Browser:
    app = create_app(seeing(device, blind, readers))
    return Browser(app, base_url="http://localhost:8000")


@pytest.fixture
def open_browser(people: Device) -> Iterator[Browser]:
    with client(people, "off") as found:
        found.sign_in()
        yield found


@pytest.mark.parametrize(
    ("blind", "readers", "kinds"),
    [
        ("first-look", 1, {"seen", "cut-off", "smudge"}),
        ("off", 2, {"seen", "cut-off", "smudge"}),
        ("off", 1, set(KINDS)),
    ],
)
def test_the_live_channel_itself_is_blind(
    people: Device, blind: Blind, readers: Literal[1, 2], kinds: set[str]
) -> None:
    counter = cast("StillCounter", people.counter)
    slide = people.store.start_slide(new_slide_of(people), NAME)
    counter.newest = News(mode=Mode.COUNTING, slide=slide, facts=FACTS)
    with client(people, blind, readers) as browser:
        browser.sign_in()
        with browser.watch() as socket:
            data = socket.receive_bytes()
        page = browser.get(f"/slides/{slide}/count").text
    facts = facts_in(data)
    assert {b["kind"] for b in facts["boxes"]} == kinds
    is_open = kinds == set(KINDS)
    assert (facts["count"]["n_blast"] == 18) is is_open
    assert (b"5 %" in data) is is_open
    assert ('id="n-blast"' in page) is is_open


def look(
    device: Device, slide: str, name: str = NAME, word: Reading = Reading.BLAST
) -> None:
    for cell in first_pass(device.store.reader.slide(slide)):
        key = f"key-{name}-{cell.id:0>4}"
        device.store.review.judge_cell(slide, cell.id, word, name, key=key)


def main_of(browser: Browser, path: str) -> str:
    return browser.get(path).text.split("<main")[1].split("</main>")[0]


def test_the_result_shows_nothing_of_the_model_before_somebody_has_looked(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=20, n_normal=31)
    before = main_of(browser, f"/slides/{slide}/result")
    for told in ("The model alone", "together", "Send today", ">20<", "tally"):
        assert told not in before
    assert "after the first look" in before
    assert browser.get(f"/api/slides/{slide}/cells/1/heat.png").status_code == 409
    look(device, slide)
    after = main_of(browser, f"/slides/{slide}/result")
    assert "The model alone" in after
    assert "Send today" in after


def test_a_refusal_by_the_machine_is_no_hint_on_the_list(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_unclear=9, is_refused=True)
    assert "No result" not in main_of(browser, "/")
    assert "The model alone" not in main_of(browser, "/slides")
    look(device, slide)  # and blasts are what they see
    assert "No result" not in main_of(browser, "/")
    assert "The model alone" not in main_of(browser, "/slides")


def test_where_the_site_says_so_the_result_is_open(
    open_browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=20, n_normal=31)
    assert "The model alone" in main_of(open_browser, f"/slides/{slide}/result")


@pytest.mark.parametrize("blind", ["first-look", "off"])
def test_of_two_readers_none_sees_totals_before_both_are_done(
    people: Device, blind: Blind
) -> None:
    slide = fill_slide(people, n_blast=20, n_normal=31, n_readers=2)
    entry = ReviewEntry(blind=blind, readers=2)
    first = first_pass(people.store.reader.slide(slide))[0]
    with client(people, blind, 2) as browser:
        browser.sign_in()
        body = {"cell": first.id, "word": "blast", "seen": 0, "key": "key-00000001"}
        told = browser.post(f"/api/slides/{slide}/judge", json=body).json()
        assert (told["word"], told["call"], told["said"]) == ("blast", None, "")
        look(people, slide)
        assert hides_model(people.store.reader.slide(slide), entry)
        result = main_of(browser, f"/slides/{slide}/result")
        assert "The model alone" not in result
        assert "A second person must read these cells" in result
        gallery = main_of(browser, f"/slides/{slide}/review")
        assert 'class="cell"' not in gallery
        assert browser.get(f"/api/slides/{slide}/cells/1").status_code == 409
        look(people, slide, "Binta")
        assert not hides_model(people.store.reader.slide(slide), entry)
        assert "The model alone" in main_of(browser, f"/slides/{slide}/result")
        assert 'class="cell"' in main_of(browser, f"/slides/{slide}/review")


def test_a_cell_judged_while_the_slide_is_counted_tells_nothing(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1, is_finished=False)
    body = {"cell": "1", "word": "normal", "seen": 0, "key": "key-00000001"}
    counter = cast("StillCounter", device.counter)
    counter.tell(News(mode=Mode.PAUSED, slide=slide, facts={"seq": 1}))
    told = browser.post(f"/api/slides/{slide}/judge", json=body).json()
    assert (told["word"], told["call"], told["p_blast"]) == ("normal", None, None)


def of_kinds(device: Device, n_readers: Literal[1, 2] = 1) -> str:
    """A finished slide whose normal cells the model told apart."""
    slide = fill_slide(device, is_finished=False, n_readers=n_readers)
    cells = [make_cell(i, CallName.NORMAL) for i in range(1, 13)]
    told = [
        replace(c, call=replace(c.call, kinds=(("eosinophil", 1.0),)))
        for c in cells
        if c.call is not None
    ]
    device.store.count.add_cells(slide, told, frames={})
    verdict = Refusal(reason=message("test"))
    device.store.count.finish_count(slide, verdict, NAME, tally=Tally())
    return slide


def test_the_first_look_holds_no_kind_of_a_cell(people: Device) -> None:
    slide = of_kinds(people)
    with client(people, "first-look") as browser:
        browser.sign_in()
        page = browser.get(f"/slides/{slide}/review").text
        figures = re.findall("<figure class=.cell.*?</figure>", page, re.DOTALL)
        assert len(figures) == MIN_OTHERS_REVIEWED
        assert not any("eosinophil" in f.lower() for f in figures)
        result = browser.get(f"/slides/{slide}/result").text
        assert "eosinophil" not in result.lower()


def test_of_two_readers_none_sees_the_others_kind_or_note_before_both_are_done(
    people: Device,
) -> None:
    slide = of_kinds(people, n_readers=2)
    cell = first_pass(people.store.reader.slide(slide))[0].id
    people.store.review.judge_cell(
        slide, cell, Reading.NORMAL, "Binta", key="k" * 8, kind="basophil"
    )
    people.store.review.remark(slide, cell, "large granules", "Binta", key="n" * 8)
    with client(people, "off", readers=2) as browser:
        browser.sign_in()
        notes = browser.get(f"/api/slides/{slide}/cells/{cell}/remarks").json()
        assert notes == []
        page = browser.get(f"/slides/{slide}/review").text
        figures = re.findall("<figure class=.cell.*?</figure>", page, re.DOTALL)
        assert not any("basophil" in f.lower() for f in figures)
        body = {"cell": cell, "word": "normal", "kind": "monocyte", "seen": 0}
        answer = browser.post(
            f"/api/slides/{slide}/judge", json=body | {"key": "j" * 8}
        )
        assert answer.status_code == 200, answer.text
        assert "basophil" not in answer.text
        own = {"text": "folded", "key": "o" * 8}
        browser.post(f"/api/slides/{slide}/cells/{cell}/remarks", json=own)
        notes = browser.get(f"/api/slides/{slide}/cells/{cell}/remarks").json()
        assert notes == [{"by": NAME, "text": "folded"}]


def test_a_kind_stands_beside_a_normal_word_alone(people: Device) -> None:
    slide = of_kinds(people)
    with client(people, "first-look") as browser:
        browser.sign_in()
        body = {"cell": "1", "word": "blast", "kind": "monocyte", "seen": 0}
        answer = browser.post(
            f"/api/slides/{slide}/judge", json=body | {"key": "j" * 8}
        )
        assert answer.status_code == 422
    assert people.store.reader.slide(slide).cells[0].word is None
