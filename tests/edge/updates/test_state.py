"""What the device keeps of its models: two copies, the newer whole one counts."""

import json
from dataclasses import replace
from typing import Any

import pytest

from leukoscope_edge.updates import (
    UpdateContext,
    install,
    recover,
    state,
)


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


def test_what_is_kept_says_its_format(device: UpdateContext) -> None:
    """Devices in use have files of it, which a later program must read."""
    state.save(device.models, state.State())
    for name in (state.STATE_NAME, state.BACKUP_NAME, state.FLOOR_NAME):
        assert json.loads((device.models / name).read_bytes())["format"] == 1
