"""A release on its way from the stick to this disk."""

import shutil
from types import SimpleNamespace
from typing import Any

import pytest
from tests.edge.updates.outcomes import MakeDevice, code_of

from leukoscope_edge.updates import (
    Step,
    UpdateContext,
    install,
    recover,
    slots,
)
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
    make_device: MakeDevice, publisher: Any
) -> None:
    def spoil(step: Step, n_bytes: int) -> None:
        if step is Step.CHECK:
            staged = slots.staging_folder(device.models) / "bundle"
            (staged / "model.cpu.onnx").write_bytes(b"")

    device = make_device(tell=spoil)
    assert code_of(lambda: install(device, publisher.release(1).stick)) == "U03"


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
