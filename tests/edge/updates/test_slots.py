"""The folders of models on this disk: who may write there, and what stays."""

from collections.abc import Callable
from typing import Any

from leukoscope_edge.updates import (
    UpdateContext,
    install,
    recover,
    slots,
)


def test_two_updaters_do_not_meet(
    device: UpdateContext, publisher: Any, code_of: Callable[..., str]
) -> None:
    stick = publisher.release(1).stick
    with slots.locked(device.models):
        assert code_of(lambda: install(device, stick)) == "U16"
        assert code_of(lambda: recover(device)) == "U16"
    assert code_of(lambda: install(device, stick)) == ""


def test_nothing_but_the_slots_in_use_stays_on_the_disk(
    device: UpdateContext, publisher: Any
) -> None:
    for sequence in range(1, 5):
        install(device, publisher.release(sequence).stick)
    names = sorted(p.name.split("-")[0] for p in (device.models / "slots").iterdir())
    assert names == ["0.3", "0.4"]
    assert not (device.models / "staging").exists()
