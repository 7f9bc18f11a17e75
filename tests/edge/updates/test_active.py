"""Which model is in use, and what a person is told of it."""

from pathlib import Path
from typing import Any

from tests.edge.updates.outcomes import active_of, code_of

from leukoscope_edge.updates import (
    SHIPPED,
    UpdateContext,
    active_bundle,
    history,
    in_use,
    install,
    recover,
    roll_back,
    slots,
    state,
)
from leukoscope_edge.updates.active import banners


def test_a_device_without_updates_uses_the_shipped_model(tmp_path: Path) -> None:
    assert active_bundle(tmp_path, "real") is None
    assert in_use(tmp_path, "real").slot == SHIPPED
    assert history(tmp_path) == ()
    assert not (tmp_path / "models").exists()


def damage(folder: Path) -> None:
    model = folder / "model.cpu.onnx"
    model.chmod(0o644)
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)


def test_a_damaged_model_gives_way_to_the_one_before_and_says_so(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2).stick)
    damage(slots.slot_folder(device.models, str(in_use(device.data, "real").slot)))
    used = in_use(device.data, "real")
    assert used.fallback
    assert used.previous is None
    assert "damaged" in banners(device)[0].said()
    assert str(used.slot).startswith("0.1-")
    recover(device)
    assert active_of(device) == "0.1"
    assert history(device.data)[-1].what == "damaged"


def test_to_go_back_twice_is_to_stay(device: UpdateContext, publisher: Any) -> None:
    install(device, publisher.release(1).stick)
    assert roll_back(device, "real").slot == SHIPPED
    roll_back(device, "real")
    assert active_of(device) == "0.1"


def test_no_whole_model_is_s01_and_the_shipped_one_only_by_hand(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    damage(slots.slot_folder(device.models, str(in_use(device.data, "real").slot)))
    lane = state.load(device.models).lanes["real"]
    assert lane.previous == SHIPPED
    assert in_use(device.data, "real").slot == SHIPPED
    for name in ("state.json", "state.json.bak"):
        (device.models / name).unlink()
    assert code_of(lambda: active_bundle(device.data, "real")) == "S01"
    assert banners(device)[0].said().startswith("S01")
    recover(device)
    assert code_of(lambda: active_bundle(device.data, "real")) == "S01"
    assert roll_back(device, "real").slot == SHIPPED
