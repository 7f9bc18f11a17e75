"""What the server looks after by itself, and when it leaves that alone."""

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.edge.web.stand_ins import StillCounter
from tests.waiting import Clock, wait_for

from leukoscope_edge import updates
from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import BundleError
from leukoscope_edge.live import BUSY, Mode, News
from leukoscope_edge.messages import message
from leukoscope_edge.quality import GOLDEN_NOTE
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.maintenance import (
    DAY_S,
    HOUR_S,
    SOON_S,
    MaintenanceThread,
    leave_damaged,
    look_at_model,
    run_golden,
)
from leukoscope_edge.web.server.lifecycle import Lifecycle

OLD = message("test")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rounds(device: Device, clock: Clock) -> MaintenanceThread:
    return MaintenanceThread(device, clock=clock)


def has_looked(device: Device, rounds: MaintenanceThread) -> bool:
    """Go, and say whether the banners of the model were made anew."""
    device.banners[:] = [OLD]
    rounds.go()
    return OLD not in device.banners


def n_golden(device: Device) -> int:
    return len(device.store.log.notes(GOLDEN_NOTE))


def test_the_model_is_looked_at_once_an_hour(
    device: Device, rounds: MaintenanceThread, clock: Clock
) -> None:
    assert has_looked(device, rounds)
    for passes_s, looks in ((0.0, False), (HOUR_S - 0.1, False), (0.1, True)):
        clock.now_s += passes_s
        assert has_looked(device, rounds) is looks


def test_the_stored_cells_run_soon_and_then_once_a_day(
    device: Device, rounds: MaintenanceThread, clock: Clock
) -> None:
    found = []
    for passes_s in (0.0, SOON_S - 0.1, 0.1, DAY_S - 0.1, 0.1):
        clock.now_s += passes_s
        rounds.go()
        found.append(n_golden(device))
    assert found == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("mode", sorted(BUSY))
def test_nothing_is_done_while_a_slide_is_under_the_lens(
    device: Device, rounds: MaintenanceThread, clock: Clock, mode: Mode
) -> None:
    counter = device.counter
    assert isinstance(counter, StillCounter)
    clock.now_s += DAY_S
    counter.tell(News(mode=mode, slide="0001", facts={"seq": 1}))
    assert not has_looked(device, rounds)
    assert n_golden(device) == 0
    counter.tell(News(mode=Mode.IDLE, slide="", facts={"seq": 2}))
    assert has_looked(device, rounds)
    assert n_golden(device) == 1


@pytest.mark.parametrize(
    ("is_damaged", "is_ending", "is_busy", "reopens"),
    [
        (True, False, False, True),
        (False, False, False, False),
        (True, True, False, False),
        (True, False, True, False),
    ],
)
def test_damaged_records_are_left_once_and_not_amid_an_update(
    *, is_damaged: bool, is_ending: bool, is_busy: bool, reopens: bool
) -> None:
    asked: list[str] = []
    device: Any = SimpleNamespace(
        store=SimpleNamespace(is_damaged=is_damaged),
        lifecycle=SimpleNamespace(
            is_ending=is_ending, reopen=lambda: asked.append("reopen")
        ),
        update_session=SimpleNamespace(progress=SimpleNamespace(is_busy=is_busy)),
    )
    leave_damaged(device)
    assert bool(asked) is reopens


def test_what_the_stored_cells_come_to_is_kept(device: Device) -> None:
    worst = run_golden(device, "Ann")
    [note] = device.store.log.notes(GOLDEN_NOTE)
    assert 0 <= worst <= device.bundle.card.golden.logit_tolerance
    assert note.by == "Ann"
    assert note.body["facts"] == {
        "bundle": device.bundle.card.id,
        "engine": device.engine.name,
        "largest_logit_difference": worst,
    }


class Drifts:
    """An engine whose every answer is off."""

    def __init__(self, engine: Any) -> None:
        self._engine, self.name = engine, engine.name
        self.fallback, self.is_accelerated = "", False

    def run(self, crops: U8) -> F32:
        answers: F32 = self._engine.run(crops) + 1.0
        return answers


def test_stored_cells_that_come_out_otherwise_are_kept_and_said(
    device: Device,
) -> None:
    own = replace(device, engine=Drifts(device.engine))  # type: ignore[arg-type]
    with pytest.raises(BundleError):
        run_golden(own, "Ann")
    [note] = device.store.log.notes(GOLDEN_NOTE)
    assert note.body["facts"]["failed"]


def test_the_rounds_go_by_themselves_and_end_with_the_server(device: Device) -> None:
    device.banners[:] = [OLD]
    with MaintenanceThread(device, tick_s=0.01):
        wait_for(lambda: OLD not in device.banners)
        assert "rounds" in [t.name for t in threading.enumerate()]
    assert "rounds" not in [t.name for t in threading.enumerate()]


@pytest.mark.parametrize(
    ("in_use", "why_off", "reopens"),
    [
        ("none", "", False),
        ("the one that serves", "", False),
        ("another", "", True),
        ("another", "no model is whole", False),
    ],
)
def test_another_model_in_use_is_served_at_once_but_not_where_none_is(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    in_use: str,
    why_off: str,
    *,
    reopens: bool,
) -> None:
    folders = {"the one that serves": device.bundle.folder, "another": Path("other")}
    used = SimpleNamespace(folder=folders.get(in_use))
    monkeypatch.setattr(updates, "in_use", lambda *_: used)
    own = replace(device, why_off=why_off, lifecycle=Lifecycle(notice_s=0.0))
    look_at_model(own)
    assert own.lifecycle.is_ending is reopens
