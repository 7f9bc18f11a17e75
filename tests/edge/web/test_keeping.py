"""Backup, restore, log and power-off from the page."""

import html
import re
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.test_maintenance import spoil_a_leaf
from tests.edge.web.in_browser import Serve
from tests.edge.web.stand_ins import (
    FACTS,
    NAME,
    PIN,
    Browser,
    Counting,
    fill_slide,
)
from tests.edge.web.sticks import with_sticks
from tests.waiting import wait_for

from leukoscope_edge.accounts import Role
from leukoscope_edge.errors import OutputError
from leukoscope_edge.live import Mode, News
from leukoscope_edge.media import removable_disks as on_sticks
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records import DAMAGED, DATABASE_NAME, LOOKING, open_store
from leukoscope_edge.records.integrity import Integrity, IntegrityCheck
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.maintenance import MaintenanceThread
from leukoscope_edge.web.server.lifecycle import Lifecycle
from leukoscope_edge.web.update_session import Progress, Stage

TOLD = "The backup is on the stick"
PASSPHRASE = "correct horse battery"  # noqa: S105


@pytest.fixture
def device(device: Device, tmp_path: Path) -> Device:
    (tmp_path / "stick").mkdir()
    stays = Lifecycle(notice_s=0.0)  # no server is there to end
    return replace(with_sticks(device, tmp_path / "stick"), lifecycle=stays)


def test_a_backup_goes_to_a_stick_and_comes_back(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    slide = fill_slide(device, n_normal=1, name="Ann Canary")
    stick = str(tmp_path / "stick")
    body: dict[str, Any] = {"stick": stick, "passphrase": "short"}
    assert browser.post("/api/records/backup", json=body).status_code == 422
    body["passphrase"] = PASSPHRASE
    assert browser.post("/api/records/backup", json=body).is_success
    [file] = (tmp_path / "stick" / "leukoscope").iterdir()
    text = browser.get("/device").text
    assert file.name in text
    assert TOLD in text
    assert TOLD not in browser.get("/update").text
    fill_slide(device, n_normal=2)
    body |= {"file": f"leukoscope/{file.name}", "pin": "111222"}
    assert browser.post("/api/records/restore", json=body).status_code == 401
    body["pin"] = PIN
    assert browser.post("/api/records/restore", json=body).is_success
    assert "opens anew" in browser.get("/device").text
    assert len(device.store.reader.slides()) == 2  # nothing changes while it is open
    assert device.lifecycle.after is not None
    device.store.close()
    told = device.lifecycle.after()
    assert isinstance(told, Message)
    assert "before-restore-1" in told.said()
    with open_store(device.store.folder) as store:
        assert [s.id for s in store.reader.slides()] == [slide]


def test_who_wrote_a_backup_is_told_of_it_and_nobody_after_her(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    device.people.add("Olu", Role.SUPERVISOR, PIN)
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    assert browser.post("/api/records/backup", json=body).is_success
    told = []
    for name in ("Olu", NAME, NAME):
        browser.sign_in(name)
        told.append(TOLD in browser.get("/device").text)
        assert browser.post("/api/sign-out", json={}).is_success
    assert told == [False, True, False]


@pytest.mark.parametrize("stage", [Stage.OFFER, Stage.REFUSED, Stage.DONE])
def test_a_backup_hides_nothing_that_an_update_has_to_say(
    browser: Browser, device: Device, tmp_path: Path, stage: Stage
) -> None:
    before = Progress(stage=stage, told="of the update")
    device.update_session.progress = before
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    assert browser.post("/api/records/backup", json=body).is_success
    assert device.update_session.progress == before
    text = browser.get("/device").text
    assert TOLD in text
    assert ("of the update" in text) == (stage is Stage.DONE)


@pytest.mark.parametrize("path", ["/device", "/update"])
def test_a_page_that_waits_is_at_the_stage_that_it_asks_for(
    browser: Browser, device: Device, tmp_path: Path, path: str
) -> None:
    device.people.add("Olu", Role.SUPERVISOR, PIN)
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    assert browser.post("/api/records/backup", json=body).is_success
    IntegrityCheck(device.store.folder).say(Integrity.DAMAGED)
    for name in (NAME, "Olu"):
        browser.sign_in(name)
        stage = browser.get("/api/update").json()["stage"]
        assert re.findall(r'data-stage="(\w+)"', browser.get(path).text) == [stage]


def test_a_restore_that_failed_is_told_as_trouble(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    assert browser.post("/api/records/backup", json=body).is_success
    [file] = (tmp_path / "stick" / "leukoscope").iterdir()
    body |= {
        "file": f"leukoscope/{file.name}",
        "passphrase": "not that one",
        "pin": PIN,
    }
    assert browser.post("/api/records/restore", json=body).is_success
    device.store.close()
    device.lifecycle.do_after()
    told = device.update_session.progress.told
    assert isinstance(told, Message)
    assert told.id == "wrong-passphrase"
    assert device.update_session.progress.is_trouble


@pytest.mark.parametrize("path", ["/device", "/update"])
def test_before_what_failed_stands_no_check(
    browser: Browser, device: Device, path: str
) -> None:
    for tell, kind in (("say", "note good"), ("say_trouble", "note")):
        getattr(device.update_session, tell)("this was told")
        text = browser.get(path).text
        before = text[: text.index("this was told")]
        assert re.findall(r'class="(note[^"]*)"', before)[-1] == kind
        assert ("#check" in before.rpartition("<svg")[2]) == (kind == "note good")


@pytest.mark.parametrize(
    "file", ["../evil", "/etc/passwd", "a/b", "leukoscope/../x/y", "leukoscope/a/b"]
)
def test_a_restore_reads_only_what_lies_on_the_stick(
    browser: Browser, tmp_path: Path, file: str
) -> None:
    body = {
        "stick": str(tmp_path / "stick"),
        "file": file,
        "passphrase": PASSPHRASE,
        "pin": PIN,
    }
    assert browser.post("/api/records/restore", json=body).status_code == 422


def test_only_a_supervisor_takes_the_records_away(
    stranger: Browser, device: Device, tmp_path: Path
) -> None:
    device.people.add("Sam", Role.SERVICE, PIN)
    stranger.sign_in("Sam")
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    assert stranger.post("/api/records/backup", json=body).status_code == 403
    assert "Write the backup" not in stranger.get("/device").text


def test_the_log_goes_to_a_stick(browser: Browser, tmp_path: Path) -> None:
    body = {"stick": str(tmp_path / "stick")}
    answer = browser.post("/api/device/log-to-stick", json=body)
    assert answer.json() == {"place": "leukoscope/leukoscope-log.txt"}
    text = (tmp_path / "stick" / "leukoscope" / "leukoscope-log.txt").read_text()
    assert "audit code" in text
    answer = browser.post("/api/device/log-to-stick", json={"stick": "/etc"})
    assert answer.status_code == 409


def test_the_log_names_nobody(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_normal=1, sample="S-CANARY", name="Ann Canary")
    device.store.log.note("model installed", {"accepted_by": NAME}, NAME)
    answer = browser.get("/device/log.txt")
    assert "attachment" in answer.headers["content-disposition"]
    for word in ("Canary", "S-CANARY", NAME):
        assert word not in answer.text
    assert "model installed" in answer.text
    assert "simulated-1 1" in answer.text
    assert slide


def test_power_off_is_refused_in_words_where_it_is_not_permitted(
    browser: Browser, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []

    def run(command: Any, **_: Any) -> None:
        ran.append(command)
        if len(ran) == 1:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    assert "use its switch" in browser.post("/api/device/power-off", json={}).text
    assert ran == []
    profile = replace(device.profile, may_power_off=True)
    browser.app.state.device = replace(device, profile=profile)  # type: ignore[attr-defined]
    assert "use its switch" in browser.post("/api/device/power-off", json={}).text
    assert browser.post("/api/device/power-off", json={}).is_success
    assert ran == [("systemctl", "poweroff")] * 2
    news = News(mode=Mode.COUNTING, slide="0001", facts={"seq": 1})
    device.counter.tell(news)  # type: ignore[attr-defined]
    assert "finish it first" in browser.post("/api/device/power-off", json={}).text
    assert len(ran) == 2
    assert [e.by for e in device.store.log.notes("power off")] == [NAME] * 2


def test_no_record_leaves_or_comes_back_beside_a_count(
    browser: Browser, device: Device, tmp_path: Path
) -> None:
    news = News(mode=Mode.COUNTING, slide="0001", facts={"seq": 1})
    device.counter.tell(news)  # type: ignore[attr-defined]
    body = {"stick": str(tmp_path / "stick"), "passphrase": PASSPHRASE}
    back = body | {"file": "leukoscope/leukoscope-1.backup", "pin": PIN}
    for path, asked in (("backup", body), ("restore", back)):
        answer = browser.post(f"/api/records/{path}", json=asked)
        assert (answer.status_code, "finish it first" in answer.text) == (409, True)
    assert not device.lifecycle.is_ending


def test_what_was_lost_of_the_records_is_said_on_home_and_device(
    browser: Browser, device: Device
) -> None:
    device.store.reader.damaged["0007"] = "event 12 is not what it was"
    for path in ("/", "/device"):
        text = browser.get(path).text
        assert "Slide 0007 is left out: event 12" in text


def test_a_stick_of_our_own_rule_is_written_by_the_helper_or_not_at_all(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "run" / "sdb1"
    own.mkdir(parents=True)
    profile = with_sticks(device, own).profile
    monkeypatch.setattr(on_sticks, "STICKS", own.parent)
    monkeypatch.setattr(on_sticks, "SOCKET", tmp_path / "to-stick")
    assert on_sticks.writable_sticks_of(profile) == []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "to-stick"))
        assert on_sticks.writable_sticks_of(profile) == [own]
    with pytest.raises(OutputError, match="does not answer"):  # nobody listens there
        on_sticks.new_file_on(profile, str(own), "a.pdf")
    assert list(own.iterdir()) == []


def test_while_records_are_looked_through_home_says_so_and_no_round_is_made(
    browser: Browser, device: Device
) -> None:
    device.store.end_copy()  # or its own look may come between
    IntegrityCheck(device.store.folder).say(Integrity.NOTHING)
    assert LOOKING.said() in html.unescape(browser.get("/").text)
    device.banners[:] = [message("test")]
    MaintenanceThread(device).go()
    assert device.banners == [message("test")]
    assert not device.lifecycle.is_ending


def test_damaged_records_show_no_slide_and_take_none_until_they_are_mended(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=1)
    n = device.store.log.head().seq
    IntegrityCheck(device.store.folder).say(Integrity.DAMAGED)
    for screen in ("result", "review", "share", "print", "count", "ready"):
        assert browser.get(f"/slides/{slide}/{screen}").status_code == 409
    new = FACTS | {"sample": "S-2", "key": "key-0000-new"}
    refused = browser.post("/api/slides", json=new)
    assert (refused.status_code, refused.json()["detail"]) == (409, DAMAGED.said())
    assert browser.get(f"/api/slides/{slide}/cells/1").status_code == 409
    assert device.store.log.head().seq == n
    assert DAMAGED.said() in html.unescape(browser.get("/").text)
    MaintenanceThread(device).go()
    assert device.lifecycle.is_ending


def test_a_service_on_damaged_records_mends_them_and_goes_on(
    device: Device, serve: Serve
) -> None:
    for _ in range(4):
        slide = fill_slide(device, n_normal=8)
    folder = device.store.folder
    device.store.keep_copy()
    device.store.close()
    spoil_a_leaf(folder / DATABASE_NAME)
    serve()
    wait_for(lambda: (folder / "damaged-1").exists())

    def count_is_idle() -> bool:
        beat = read_beat(run_folder(folder), "count")
        return beat is not None and beat.facts.get("mode") == "idle"

    wait_for(count_is_idle)
    with open_store(folder, waits=False) as store:
        store.require_sound()
        assert store.recovery is None  # the page did it
        (said,) = store.log.notes("recovered")
        assert "nothing is known to be lost" in said.body["facts"]["what"]
        assert store.reader.slide(slide).counted
        assert store.verify_audit() == []


def test_a_count_lets_go_of_damaged_records(device: Device) -> None:
    folder = device.store.folder
    device.store.close()
    with Counting(folder, "simulated:cells=4") as counting:

        def mode() -> str:
            beat = read_beat(counting.folder, "count")
            return str(beat.facts.get("mode")) if beat else ""

        wait_for(lambda: mode() == "idle")
        IntegrityCheck(folder).say(Integrity.DAMAGED)
        wait_for(lambda: mode() == "failed")
        with open_store(folder, waits=False) as store:  # alone with them
            assert store.is_sound
