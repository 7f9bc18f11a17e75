"""The edges of an update: what is just enough, and what fails between two steps."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.edge.updates.outcomes import MakeDevice, code_of

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.updates import (
    Shadow,
    UpdateContext,
    history,
    install,
    keep_time,
    preview,
    recover,
    state,
    trust_root,
)
from leukoscope_edge.updates.install import is_usable
from leukoscope_edge.updates.manifest import Floor


def test_a_look_at_a_card_that_is_none_is_refused(
    device: UpdateContext, publisher: Any
) -> None:
    stick = publisher.release(1, card=lambda card: card[:-3]).stick
    assert code_of(lambda: preview(device, stick)) == "U10"


def test_where_no_model_is_in_use_there_is_nothing_to_compare_with(
    make_device: MakeDevice, publisher: Any
) -> None:
    device = make_device()
    stick = publisher.release(1).stick
    install(device, stick)
    for name in ("state.json", "state.json.bak"):
        (device.models / name).unlink()
    again = install(make_device(cells=("a cell",)), stick)
    assert again.shadow == Shadow()


def test_a_model_that_spoils_while_it_is_tried_is_not_used(
    make_device: MakeDevice, publisher: Any
) -> None:
    def spoil(folder: Path) -> None:
        (folder / "model.cpu.onnx").unlink()

    device = make_device(try_model=spoil, cells=("a cell",))
    assert code_of(lambda: install(device, publisher.release(1).stick)) == "U11"
    assert [e.what for e in history(device.data)] == ["failed"]


@pytest.mark.parametrize(("known", "floor"), [(None, "2026-12-01"), (2030, "2030-05")])
def test_an_update_tells_a_device_without_a_clock_what_time_it_is_at_least(
    make_device: MakeDevice, publisher: Any, known: int | None, floor: str
) -> None:
    if known is not None:
        then = datetime(known, 5, 1, tzinfo=timezone.utc)
        keep_time(make_device(now=lambda: then))
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    device = make_device(now=lambda: epoch)
    install(device, publisher.release(1).stick)
    assert state.load(device.models).time_floor.startswith(floor)


def test_a_floor_is_kept_apart_once(make_device: MakeDevice, publisher: Any) -> None:
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
    make_device: MakeDevice, publisher: Any
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
