"""The order of writing, syncing and renaming, seen from below.

A recorder stands between the room and the system: without root and without a disk image
it shows that nothing is renamed into place before its bytes, nor relied on before its
folder, were synced.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.durable import remove
from leukoscope_edge.updates import UpdateContext, install
from leukoscope_edge.updates.own_disk import replace_file
from leukoscope_edge.updates.state import STATE_NAME


class Recorder:
    """Writes down fsyncs and renames, by path, and lets them happen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[tuple[str, str]] = []
        fsync, replace, rename = os.fsync, Path.replace, Path.rename

        def record_sync(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            self.log.append(("sync", str(path)))
            fsync(descriptor)

        def record(move: Callable[..., Any]) -> Callable[..., Any]:
            def moved(source: Path, target: Path) -> Any:
                self.log.append(("rename", f"{source} {target}"))
                return move(source, target)

            return moved

        monkeypatch.setattr(os, "fsync", record_sync)
        monkeypatch.setattr(Path, "replace", record(replace))
        monkeypatch.setattr(Path, "rename", record(rename))

    def synced(self, path: str, where: slice) -> bool:
        return ("sync", path) in self.log[where]


def test_every_rename_is_between_the_syncs_that_it_needs(
    device: UpdateContext, publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = publisher.release(1).stick
    recorder = Recorder(monkeypatch)
    install(device, stick)
    # python-tuf's own renames are within staging, which is synced whole before it moves
    renames = [
        (at, *what.split(" "))
        for at, (kind, what) in enumerate(recorder.log)
        if kind == "rename" and "staging" not in what.split(" ")[1]
    ]
    assert len(renames) >= 2 + 3 * 3  # two folders, then three saves of three files
    for at, source, target in renames:
        assert recorder.synced(source, slice(0, at)), source
        assert recorder.synced(str(Path(target).parent), slice(at, None)), target


def test_every_file_of_a_slot_is_synced_before_the_slot_appears(
    device: UpdateContext, publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = publisher.release(1).stick
    recorder = Recorder(monkeypatch)
    install(device, stick)
    (at,) = (
        n
        for n, (kind, what) in enumerate(recorder.log)
        if kind == "rename" and "/slots/" in what.split(" ")[1]
    )
    staged = str(device.models / "staging" / "bundle")
    for name in ("manifest.toml", "card.toml", "model.cpu.onnx", "golden.npz"):
        assert recorder.synced(f"{staged}/{name}", slice(0, at)), name
    state = device.models / STATE_NAME
    commit = ("rename", f"{state.with_name(f'.{STATE_NAME}.part')} {state}")
    assert recorder.log[at:].count(commit) == 3  # on trial, tried once, in use


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")
    (tmp_path / ".file.part").mkdir()  # the next write cannot begin
    with pytest.raises(OSError, match="Is a directory"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("what", ["nothing", "file", "folder", "link"])
def test_removing_takes_away_whatever_is_there(tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "path", tmp_path / "other"
    (other / "inside").mkdir(parents=True)
    match what:
        case "file":
            path.write_text("x")
        case "folder":
            (path / "deep").mkdir(parents=True)
        case "link":
            path.symlink_to(other)
    remove(path)
    assert not path.exists()
    assert (other / "inside").is_dir()
