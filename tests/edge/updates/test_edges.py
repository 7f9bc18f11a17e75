"""The edges of an update: what is just enough, and what fails between two steps."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.updates import (
    Step,
    UpdateContext,
    history,
    install,
    keep_time,
    preview,
    recover,
    slots,
    state,
    trust_root,
)
from leukoscope_edge.updates.comparison import Shadow
from leukoscope_edge.updates.install import is_usable
from leukoscope_edge.updates.manifest import Floor
from leukoscope_edge.updates.stage import SPARE_BYTES


@pytest.mark.parametrize(
    ("n_missing", "of_update", "code", "is_asked"),
    [
        (0, True, "", True),
        (1, True, "U08", True),
        (0, False, "U08", True),
        (1, False, "U08", False),
    ],
)
def test_an_update_needs_room_for_itself_and_the_records(
    device: UpdateContext,
    publisher: Any,
    code_of: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    n_missing: int,
    of_update: bool,
    code: str,
    is_asked: bool,
) -> None:
    total = sum(map(len, publisher.bundle.values()))  # an id as long as the bundle's
    stick = publisher.release(1, id="red-0001").stick
    free = SPARE_BYTES + total * of_update - n_missing
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert code_of(lambda: install(device, stick)) == code
    assert bool(stick.asked) is is_asked


def test_a_copy_that_changed_on_this_disk_is_not_taken(
    make_device: Callable[..., UpdateContext],
    publisher: Any,
    code_of: Callable[..., str],
) -> None:
    def spoil(step: Step, n_bytes: int) -> None:
        if step is Step.CHECK:
            staged = slots.staging_folder(device.models) / "bundle"
            (staged / "model.cpu.onnx").write_bytes(b"")

    device = make_device(tell=spoil)
    assert code_of(lambda: install(device, publisher.release(1).stick)) == "U03"


def test_a_look_at_a_card_that_is_none_is_refused(
    device: UpdateContext, publisher: Any, code_of: Callable[..., str]
) -> None:
    stick = publisher.release(1, card=lambda card: card[:-3]).stick
    assert code_of(lambda: preview(device, stick)) == "U10"


def test_where_no_model_is_in_use_there_is_nothing_to_compare_with(
    make_device: Callable[..., UpdateContext], publisher: Any
) -> None:
    device = make_device()
    stick = publisher.release(1).stick
    install(device, stick)
    for name in ("state.json", "state.json.bak"):
        (device.models / name).unlink()
    again = install(make_device(cells=("a cell",)), stick)
    assert again.shadow == Shadow()


def test_a_model_that_spoils_while_it_is_tried_is_not_used(
    make_device: Callable[..., UpdateContext],
    publisher: Any,
    code_of: Callable[..., str],
) -> None:
    def spoil(folder: Path) -> None:
        (folder / "model.cpu.onnx").unlink()

    device = make_device(try_model=spoil, cells=("a cell",))
    assert code_of(lambda: install(device, publisher.release(1).stick)) == "U11"
    assert [e.what for e in history(device.data)] == ["failed"]


@pytest.mark.parametrize(("known", "floor"), [(None, "2026-12-01"), (2030, "2030-05")])
def test_an_update_tells_a_device_without_a_clock_what_time_it_is_at_least(
    make_device: Callable[..., UpdateContext],
    publisher: Any,
    known: int | None,
    floor: str,
) -> None:
    if known is not None:
        then = datetime(known, 5, 1, tzinfo=timezone.utc)
        keep_time(make_device(now=lambda: then))
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    device = make_device(now=lambda: epoch)
    install(device, publisher.release(1).stick)
    assert state.load(device.models).time_floor.startswith(floor)


def test_a_floor_is_kept_apart_once(
    make_device: Callable[..., UpdateContext], publisher: Any
) -> None:
    kept: list[Floor] = []
    recover(make_device(keep_floor=kept.append))
    assert kept == []
    install(make_device(keep_floor=kept.append), publisher.release(1).stick)
    assert kept == [Floor(epoch=0, sequence=1, root_version=1)]
    recover(make_device(keep_floor=kept.append, kept_floor=kept[0]))
    assert len(kept) == 1


def test_no_slot_is_no_whole_model(device: UpdateContext) -> None:
    assert not is_usable(device.models, None)
    assert not is_usable(device.models, "0.1-0123456789abcdef")
    assert is_usable(device.models, state.SHIPPED)


def test_a_root_that_cannot_be_read_is_a_name_that_was_mistyped(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        trust_root(tmp_path / "data", tmp_path / "misnamed.json")


def test_a_try_that_is_cut_twice_is_not_begun_a_third_time(
    make_device: Callable[..., UpdateContext], publisher: Any
) -> None:
    tried: list[Path] = []

    def cut(folder: Path) -> None:
        tried.append(folder)
        raise KeyboardInterrupt

    device = make_device(try_model=cut)
    with pytest.raises(KeyboardInterrupt):
        install(device, publisher.release(1).stick)
    with pytest.raises(KeyboardInterrupt):
        recover(device)
    after = recover(device)
    assert len(tried) == 2
    assert after.trial is None
    assert [e.what for e in history(device.data)] == ["failed"]


def test_an_installed_model_has_not_failed_yet(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    lanes = state.load(device.models).lanes.values()
    assert [lane.n_failures for lane in lanes] == [0, 0]


@pytest.mark.parametrize("stale", [state.STATE_NAME, state.BACKUP_NAME])
def test_the_newer_of_two_whole_copies_counts_wherever_it_lies(
    device: UpdateContext, stale: str
) -> None:
    before = state.save(device.models, state.State(bad=("red-1",)))
    older = (device.models / stale).read_bytes()
    state.save(device.models, replace(before, bad=("red-1", "red-2")))
    (device.models / stale).write_bytes(older)
    assert state.load(device.models).bad == ("red-1", "red-2")
    assert recover(device).bad == ("red-1", "red-2")
    assert state.is_settled(device.models)


def test_the_metadata_that_was_verified_last_is_kept_and_no_other(
    device: UpdateContext, publisher: Any
) -> None:
    for sequence in (1, 2, 3):
        install(device, publisher.release(sequence).stick)
    now = recover(device)
    assert now.trust is not None
    kept = {p.name for p in (device.models / "trust").iterdir() if p.is_dir()}
    assert now.trust in kept
    assert kept <= now.slots_in_use() | {now.trust}


def test_what_is_kept_says_its_format(device: UpdateContext) -> None:
    """Devices in use have files of it, which a later program must read."""
    state.save(device.models, state.State())
    for name in (state.STATE_NAME, state.BACKUP_NAME, state.FLOOR_NAME):
        assert json.loads((device.models / name).read_bytes())["format"] == 1
