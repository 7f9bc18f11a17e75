"""The update page: a new model by stick, as technician and supervisor meet it."""

import html
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.updates.conftest import Publisher
from tests.edge.web.stand_ins import (
    FACTS,
    NAME,
    PIN,
    Browser,
    fill_slide,
    new_slide_of,
)
from tests.edge.web.sticks import (
    break_stick,
    make_publisher,
    trust,
    with_sticks,
    write_release,
)
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge import updates
from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Mode, News
from leukoscope_edge.records.slides import Identity, SlideSetUp
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.updates import UNCHANGED, Code, refused, slots
from leukoscope_edge.web import update_session
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device, judged_by
from leukoscope_edge.web.maintenance import DAY_S, HOUR_S, MaintenanceThread
from leukoscope_edge.web.server.lifecycle import Lifecycle

DOMAIN = "simulated"


@pytest.fixture(scope="module")
def publisher() -> Publisher:
    return make_publisher()


@pytest.fixture
def stick(tmp_path: Path, publisher: Publisher) -> Path:
    return write_release(publisher.clone(), 1, tmp_path / "stick")


@pytest.fixture
def device(device: Device, stick: Path, publisher: Publisher, tmp_path: Path) -> Device:
    trust(device.store.folder, publisher, tmp_path)
    return replace(with_sticks(device, stick), lifecycle=Lifecycle(notice_s=0.0))


@pytest.fixture
def ended(device: Device) -> Iterator[list[str]]:
    """The restarts that were asked for; each at once."""
    found: list[str] = []
    device.lifecycle.serve(lambda: found.append("restart"))
    yield found
    assert device.update_session.wait(PATIENCE_S)


def active(device: Device) -> str:
    slot = updates.in_use(device.store.folder, DOMAIN).slot
    return updates.name_of(device.store.folder, slot, DOMAIN)


def accepting(device: Device) -> updates.UpdateContext:
    """The device with a supervisor who accepts what is compared with nothing."""
    return updates.device_with(device.store, accept=lambda _: NAME)


def ask(browser: Browser, what: str, stick: Path, status: int = 200) -> str:
    answer = browser.post(f"/api/update/{what}", json={"stick": str(stick)})
    assert answer.status_code == status, answer.text
    return answer.text


def wait_until(device: Device, stage: update_session.Stage) -> None:
    end = time.monotonic() + PATIENCE_S
    while device.update_session.progress.stage is not stage:
        assert time.monotonic() < end, device.update_session.progress
        assert (
            not device.update_session.wait(0.02)
            or device.update_session.progress.stage is stage
        ), device.update_session.progress


def test_a_stick_is_looked_at_installed_and_accepted_by_a_supervisor(
    browser: Browser, device: Device, stick: Path, ended: list[str]
) -> None:
    fill_slide(device, n_blast=3, n_normal=3)
    device.people.add("Olu", Role.OPERATOR, PIN)
    ask(browser, "install", stick, 409)  # unseen
    ask(browser, "look", stick)
    text = browser.get("/update").text
    assert "simulated-2" in text
    assert "a test&#39;s release" in text
    assert active(device) == "simulated-1"
    ask(browser, "install", stick)
    wait_until(device, update_session.Stage.ASKING)
    assert "old cells change call" in browser.get("/update").text
    assert (
        "being installed"
        in browser.post(
            "/api/slides", json=FACTS | {"sample": "S-2", "key": "key-00000001"}
        ).text
    )
    for name, pin, status in (("Olu", PIN, 403), ("Eve", PIN, 403), (NAME, "1", 401)):
        answer = browser.post("/api/update/accept", json={"name": name, "pin": pin})
        assert answer.status_code == status
    assert active(device) == "simulated-1"
    assert browser.post(
        "/api/update/accept", json={"name": NAME, "pin": PIN}
    ).is_success
    wait_until(device, update_session.Stage.DONE)
    assert device.update_session.wait(PATIENCE_S)
    assert active(device) == "simulated-2"
    [note] = device.store.log.notes("model installed")
    assert note.body["facts"] == {"model": "simulated-2", "accepted_by": NAME}
    wait_for(lambda: ended)
    assert "simulated-2 is in use now" in browser.get("/update").text


def test_what_nobody_accepts_is_not_used(
    browser: Browser, device: Device, stick: Path, ended: list[str]
) -> None:
    fill_slide(device, n_blast=3, n_normal=3)
    ask(browser, "look", stick)
    ask(browser, "install", stick)
    wait_until(device, update_session.Stage.ASKING)
    assert browser.post("/api/update/decline", json={}).is_success
    wait_until(device, update_session.Stage.REFUSED)
    text = browser.get("/update").text
    assert "U17" in text
    assert UNCHANGED.said() in text
    assert active(device) == "simulated-1"
    assert ended == []


def test_a_power_cut_while_somebody_is_asked_accepts_nothing(
    browser: Browser, device: Device, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutError(BaseException):
        pass

    def cut(_: object) -> None:
        raise CutError

    fill_slide(device, n_blast=3, n_normal=3)
    about = updates.device_with(device.store, accept=cut)
    with pytest.raises(CutError), updates.open_stick(stick) as opened:
        updates.install(about, opened)
    updates.recover(updates.device_with(device.store))
    assert active(device) == "simulated-1"
    assert [e.what for e in updates.history(device.store.folder)] == ["dropped"]


def test_a_broken_stick_shows_its_code_and_the_cure(
    browser: Browser, device: Device, stick: Path
) -> None:
    break_stick(stick)
    ask(browser, "look", stick)
    ask(browser, "install", stick)
    wait_until(device, update_session.Stage.REFUSED)
    text = browser.get("/update").text
    assert "U02" in text
    assert Code.INCOMPLETE.next_step.said() in text
    assert UNCHANGED.said() in text
    assert active(device) == "simulated-1"


def test_why_a_stick_is_refused_is_said_in_the_language_of_the_page(
    browser: Browser, device: Device, stick: Path
) -> None:
    (target,) = (stick / "LEUKOSCOPE-UPDATE" / "targets").glob("*manifest.toml")
    target.unlink()
    browser.post("/api/language", json={"language": "fr"})
    ask(browser, "look", stick)
    text = html.unescape(browser.get("/update").text)
    assert Code.INCOMPLETE.next_step.said(device.languages["fr"]) in text
    assert f"targets/{target.name} manque" in text


def test_a_forged_stick_is_refused_at_the_first_look(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    forged = write_release(make_publisher(), 1, tmp_path / "forged")
    device = replace(device, profile=with_sticks(device, forged).profile)
    browser.app.state.device = device  # type: ignore[attr-defined]
    ask(browser, "look", forged)
    assert "U04" in browser.get("/update").text


def test_no_folder_is_read_that_is_no_stick(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    write_release(make_publisher(), 1, tmp_path / "elsewhere")
    assert "no such stick" in ask(browser, "look", tmp_path / "elsewhere", 409)
    assert "no such stick" in ask(browser, "look", Path("/etc"), 409)


def test_an_operator_reads_and_changes_nothing(
    stranger: Browser, device: Device, stick: Path
) -> None:
    device.people.add("Olu", Role.OPERATOR, PIN)
    stranger.sign_in("Olu")
    text = stranger.get("/update").text
    assert "simulated-1" in text
    assert "Look at it" not in text
    for what in ("look", "install"):
        ask(stranger, what, stick, 403)
    for what in ("clear", "decline", "roll-back"):
        answer = stranger.post(f"/api/update/{what}", json={})
        assert answer.status_code == 403


def test_no_model_changes_while_a_slide_is_open(
    browser: Browser, device: Device, stick: Path
) -> None:
    slide = fill_slide(device, n_normal=1, is_finished=False)
    ask(browser, "look", stick)
    assert f"finish {slide} first" in ask(browser, "install", stick, 409)
    new = device.store.start_slide(new_slide_of(device), NAME)
    text = browser.get("/update").text
    assert f'Slide {slide} <a class="button" href="/slides/{slide}/count">' in text
    out = f'<a class="button" href="/slides/{new}/result#void">Take this slide out'
    assert f"Slide {new} (never counted) {out}" in text
    never = browser.get(f"/slides/{new}/result").text
    assert "This slide was never counted. It says nothing" in never
    assert "still being counted" not in never + browser.get(f"/slides/{new}/share").text
    device.store.review.void(new, "put aside", NAME)
    assert "never counted" not in browser.get("/update").text
    news = News(mode=Mode.PAUSED, slide=slide, facts={"seq": 1})
    device.counter.tell(news)  # type: ignore[attr-defined]
    assert "is being counted" in ask(browser, "install", stick, 409)
    answer = browser.post("/api/update/roll-back", json={})
    assert answer.status_code == 409
    assert device.update_session.progress.stage is update_session.Stage.OFFER


def test_service_is_told_who_finishes_a_slide(
    stranger: Browser, device: Device, stick: Path
) -> None:
    device.people.add("Sam", Role.SERVICE, "739105")
    new = device.store.start_slide(new_slide_of(device), NAME)
    stranger.sign_in("Sam", "739105")
    ask(stranger, "look", stick)
    text = stranger.get("/update").text
    assert f"Slide {new} (never counted)</li>" in text
    assert "An operator or a supervisor does that." in text
    assert f"/slides/{new}" not in text  # service sees no slides


def test_going_back_takes_the_model_before(
    browser: Browser, device: Device, stick: Path, ended: list[str]
) -> None:
    answer = browser.post("/api/update/roll-back", json={})
    assert "U18" in answer.text
    with updates.open_stick(stick) as opened:
        updates.install(accepting(device), opened)
    serving = replace(device, bundle=replace(device.bundle, folder=folder_of(device)))
    browser.app.state.device = serving  # type: ignore[attr-defined]
    assert browser.post("/api/update/roll-back", json={}).is_success
    assert active(device) == "simulated-1"
    wait_for(lambda: ended)
    [note] = device.store.log.notes("model rolled back")
    assert (note.by, note.body["facts"]) == (NAME, {"model": "simulated-1"})


def folder_of(device: Device) -> Path:
    folder = updates.active_bundle(device.store.folder, DOMAIN)
    assert folder is not None
    return folder


def test_a_slide_is_not_counted_on_by_another_model(
    browser: Browser, device: Device
) -> None:
    set_up = SlideSetUp(
        identity=Identity(sample="S-9"),
        facts=SIMULATED_SAMPLE,
        mode="slide",
        domain=DOMAIN,
        origin=replace(device.origin(), bundle="older-1", bundle_sha256="0" * 64),
    )
    slide = device.store.start_slide(set_up, NAME)
    answer = browser.post(f"/api/slides/{slide}/orders", json={"do": "count"})
    assert answer.status_code == 409
    assert "was begun with older-1" in answer.text
    assert device.counter.orders == []  # type: ignore[attr-defined]


def test_a_slide_is_signed_by_the_card_that_judged_it_or_not_at_all(
    browser: Browser, device: Device, stick: Path
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    with updates.open_stick(stick) as opened:
        updates.install(accepting(device), opened)
    newer = replace(device.bundle.card, id="simulated-2")
    served = replace(device, bundle=replace(device.bundle, card=newer))
    record = device.store.reader.slide(slide)
    assert served.card_of(record).id == "simulated-1"
    decision = replace(device.bundle.card.decision, blast_from=0.9)
    other = replace(device.bundle.card, decision=decision)
    swapped = replace(device, bundle=replace(device.bundle, card=other))
    assert not judged_by(record, other)  # the same id and weights, another meaning
    assert swapped.card_of(record).digest == device.bundle.card.digest
    lost = replace(record, origin=replace(record.origin, bundle="gone-1"))
    with pytest.raises(Exception, match="no longer on this device"):
        served.card_of(lost)


def test_a_damaged_model_is_found_without_a_restart(
    browser: Browser, device: Device, stick: Path, ended: list[str]
) -> None:
    with updates.open_stick(stick) as opened:
        updates.install(accepting(device), opened)
    folder = folder_of(device)
    device = replace(device, bundle=replace(device.bundle, folder=folder))
    browser.app.state.device = device  # type: ignore[attr-defined]
    now = [0.0]
    rounds = MaintenanceThread(device, clock=lambda: now[0])
    rounds.go()
    assert ended == []
    model = folder / "model.cpu.onnx"
    model.chmod(0o644)
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    rounds.go()
    assert ended == []  # nothing is due
    now[0] = HOUR_S
    rounds.go()
    wait_for(lambda: ended)
    assert "is damaged" in browser.get("/update").text
    assert "is damaged" in browser.get("/").text
    updates.recover(updates.device_with(device.store))
    assert active(device) == "simulated-1"


def test_the_stored_cells_are_run_every_day_but_not_beside_a_count(
    device: Device,
) -> None:
    now = [0.0]
    rounds = MaintenanceThread(device, clock=lambda: now[0])
    rounds.go()
    assert device.store.log.notes("golden cells") == []
    now[0] = DAY_S
    device.counter.tell(News(mode=Mode.COUNTING, slide="0001", facts={"seq": 1}))  # type: ignore[attr-defined]
    rounds.go()
    assert device.store.log.notes("golden cells") == []
    device.counter.tell(News(mode=Mode.IDLE, slide="", facts={"seq": 2}))  # type: ignore[attr-defined]
    rounds.go()
    rounds.go()
    [note] = device.store.log.notes("golden cells")
    assert note.by == "device"


def test_a_model_that_fails_its_daily_cells_is_given_up_and_it_is_said(
    browser: Browser,
    device: Device,
    stick: Path,
    ended: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with updates.open_stick(stick) as opened:
        updates.install(accepting(device), opened)
    device = replace(device, bundle=replace(device.bundle, folder=folder_of(device)))
    browser.app.state.device = device  # type: ignore[attr-defined]
    now = [0.0]
    rounds = MaintenanceThread(device, clock=lambda: now[0])
    now[0] = DAY_S

    def fails(_: Path) -> None:
        raise refused(Code.SELF_TEST, "other answers")

    whole = updates.device_with
    monkeypatch.setattr(
        updates, "device_with", lambda store: whole(store, try_model=fails)
    )
    rounds.go()
    wait_for(lambda: ended)
    assert active(device) == "simulated-1"
    assert "other answers" in browser.get("/update").text
    assert device.update_session.progress.is_trouble
    [note] = device.store.log.notes("model given up")
    assert "other answers" in note.body["facts"]["why"]


def test_without_a_whole_model_screening_is_off_and_records_are_read(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1)
    off = replace(device, why_off=Code.NO_MODEL.told("for simulated slides"))
    browser.app.state.device = off  # type: ignore[attr-defined]
    assert "S01" in browser.get("/").text
    assert browser.get(f"/slides/{slide}/result").status_code == 200
    body = FACTS | {"sample": "S-2", "key": "key-00000001"}
    assert "S01" in browser.post("/api/slides", json=body).text
    open_slide = fill_slide(device, n_normal=1, sample="S-3", is_finished=False)
    answer = browser.post(f"/api/slides/{open_slide}/orders", json={"do": "count"})
    assert "S01" in answer.text


def test_the_records_hold_a_copy_of_the_floor(device: Device, stick: Path) -> None:
    with updates.open_stick(stick) as opened:
        updates.install(accepting(device), opened)
    models = slots.models_folder(device.store.folder)
    for name in ("state.json", "state.json.bak", "floor.json"):
        (models / name).unlink()
    state = updates.recover(updates.device_with(device.store))
    assert (state.floor.epoch, state.floor.sequence) == (0, 1)
    assert state.lanes[DOMAIN].active is None  # lost, and not replaced by an older
    with updates.open_stick(stick) as opened:  # the newest may come again
        updates.install(accepting(device), opened)
    assert active(device) == "simulated-2"


def test_the_page_is_served_again_after_the_desk_is_cleared(
    device: Device, browser: Browser, stick: Path
) -> None:
    ask(browser, "look", stick)
    assert browser.post("/api/update/clear", json={}).is_success
    assert device.update_session.progress.stage is update_session.Stage.IDLE
    assert create_app(device)
