"""The folders of models on this disk: who may write there, and what stays."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.edge.updates.outcomes import code_of

from leukoscope_edge.updates import (
    UpdateContext,
    install,
    recover,
    slots,
    state,
)


def first_slot(device: UpdateContext, publisher: Any) -> Path:
    install(device, publisher.release(1).stick)
    (folder,) = (device.models / "slots").iterdir()
    return folder


def test_two_updaters_do_not_meet(device: UpdateContext, publisher: Any) -> None:
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


def test_a_slot_under_another_name_is_not_whole(
    device: UpdateContext, publisher: Any
) -> None:
    folder = first_slot(device, publisher)
    assert slots.read_slot(device.models, folder.name) is not None
    other = "0.9-" + folder.name.split("-")[1]
    shutil.copytree(folder, folder.with_name(other))
    assert slots.read_slot(device.models, other) is None


def test_a_link_to_the_same_bytes_is_no_file_of_a_slot(
    device: UpdateContext, publisher: Any, tmp_path: Path
) -> None:
    folder = first_slot(device, publisher)
    file = folder / "card.toml"
    shutil.copy(file, tmp_path / "card.toml")
    file.unlink()
    file.symlink_to(tmp_path / "card.toml")
    assert slots.read_slot(device.models, folder.name) is None


def test_what_was_placed_may_only_be_read(
    device: UpdateContext, publisher: Any
) -> None:
    files = list(first_slot(device, publisher).iterdir())
    assert {p.stat().st_mode & 0o777 for p in files} == {0o444}


def test_the_trusted_metadata_stay_though_no_slot_has_their_name(
    device: UpdateContext, publisher: Any
) -> None:
    folder = first_slot(device, publisher)
    trust = device.models / "trust"
    for name in ("trusted", "old"):
        shutil.copytree(trust / folder.name, trust / name)
    slots.sweep(device.models, replace(state.load(device.models), trust="trusted"))
    assert sorted(p.name for p in trust.iterdir() if p.is_dir()) == sorted(
        [folder.name, "trusted"]
    )
