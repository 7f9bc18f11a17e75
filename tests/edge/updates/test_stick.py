"""Sticks that are hostile, or gone."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.edge.updates.outcomes import MakeDevice, active_of, code_of

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates import FolderStick, UpdateContext, install
from leukoscope_edge.updates.stick import METADATA, TARGETS

N_STRANGE_FILES = 20_000


@pytest.fixture
def mount(tmp_path: Path, publisher: Any) -> Path:
    return Path(publisher.release(1).write(tmp_path / "mount"))


def take(device: UpdateContext, mount: Path) -> None:
    with FolderStick(mount) as stick:
        install(device, stick)


@pytest.mark.parametrize("what", ["nothing", "file", "half", "link", "nul"])
def test_what_is_no_update_is_u01(
    tmp_path: Path, device: UpdateContext, what: str
) -> None:
    path = tmp_path / "place"
    match what:
        case "file":
            path.write_text("x")
        case "half":
            (path / METADATA).mkdir(parents=True)
        case "link":
            (path / TARGETS).mkdir(parents=True)
            (path / METADATA).symlink_to(tmp_path)
        case "nul":
            path = tmp_path / "a\0b"
    assert code_of(lambda: take(device, path)) == "U01"


def test_the_update_folder_itself_may_be_named(
    device: UpdateContext, mount: Path
) -> None:
    take(device, mount / "LEUKOSCOPE-UPDATE")


def test_strange_files_cost_nothing_because_no_folder_is_listed(
    device: UpdateContext, mount: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = mount / "LEUKOSCOPE-UPDATE"
    for number in range(N_STRANGE_FILES):
        os.close(os.open(update / METADATA / f"{number}.x", os.O_CREAT))
    os.mkfifo(update / TARGETS / "pipe")
    (update / TARGETS / "TIMESTAMP.JSON").write_text("{}")
    (update / METADATA / "TIMESTAMP.JSON").write_text("a case twin")
    (update / METADATA / "..json").write_text("dots")
    listed: list[object] = []
    real = os.scandir

    def scandir(path: Any = ".") -> Any:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "listdir", lambda path=".": listed.append(path) or [])
    take(device, mount)
    assert not [p for p in listed if str(p).startswith(str(mount))]


@pytest.mark.parametrize("name", ["", ".", "..", "../state.json", "/etc/hostname"])
def test_no_name_leads_out_of_the_stick(mount: Path, name: str) -> None:
    with FolderStick(mount) as stick, pytest.raises(UpdateError, match="U04"):
        list(stick.read(METADATA, name))


def test_a_nul_in_a_name_is_refused_in_words(mount: Path) -> None:
    with FolderStick(mount) as stick:
        assert not stick.holds(METADATA, "a\0b")
        with pytest.raises(UpdateError, match="U03"):
            list(stick.read(METADATA, "a\0b"))


def test_links_pipes_and_devices_are_not_followed(mount: Path) -> None:
    folder = mount / "LEUKOSCOPE-UPDATE" / METADATA
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    if os.geteuid() == 0:
        os.mknod(folder / "zero", 0o020666, os.makedev(1, 5))
    with FolderStick(mount) as stick:
        for name in {"link", "folder", "pipe", "zero"} & {
            p.name for p in folder.iterdir()
        }:
            with pytest.raises(UpdateError, match="U03"):
                list(stick.read(METADATA, name))


class LeavingStick(FolderStick):
    """Is taken out while the model file is read: its folder goes with it."""

    def read(self, part: str, name: str) -> Iterator[bytes]:
        for chunk in super().read(part, name):
            yield chunk[:100] if name.endswith("model.cpu.onnx") else chunk
            if name.endswith("model.cpu.onnx"):
                self.folder.rename(self.folder.with_name("gone"))
                raise self._failure(OSError(5, "Input/output error"), name)


def test_taken_out_in_the_middle_is_u14_and_put_back_works(
    device: UpdateContext, mount: Path
) -> None:
    def pull() -> None:
        with LeavingStick(mount) as stick:
            install(device, stick)

    assert code_of(pull) == "U14"
    assert active_of(device) == "shipped"
    update = mount / "LEUKOSCOPE-UPDATE"
    update.with_name("gone").rename(update)
    take(device, mount)
    assert active_of(device) == "0.1"


def test_a_stick_that_changes_all_the_time_never_gets_a_changed_byte_in(
    device: UpdateContext, mount: Path, bundle_bytes: dict[str, bytes]
) -> None:
    """A thread swaps the model for another, before, between and after every check."""
    (model,) = mount.glob("LEUKOSCOPE-UPDATE/targets/*model.cpu.onnx")
    good, evil = model.read_bytes(), bytes(len(model.read_bytes()))
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            for data in (evil, good):
                model.with_suffix(".new").write_bytes(data)
                model.with_suffix(".new").rename(model)

    thread = threading.Thread(target=swap)
    thread.start()
    codes = set()
    try:
        for _ in range(8):
            try:
                take(device, mount)
                codes.add("")
            except UpdateError as err:
                codes.add(err.code)
    finally:
        is_over.set()
        thread.join()
    assert codes <= {"", "U03", "U06"}
    for slot in (device.models / "slots").iterdir():
        assert (slot / "model.cpu.onnx").read_bytes() == bundle_bytes["model.cpu.onnx"]


class SwappingStick:
    """Gives the honest model once, and another to whoever reads a second time."""

    def __init__(self, stick: Any, name: str) -> None:
        self.stick, self.name, self.n_reads = stick, name, 0

    def holds(self, part: str, name: str) -> bool:
        return bool(self.stick.holds(part, name))

    def read(self, part: str, name: str) -> Iterator[bytes]:
        if f"{part}/{name}" == self.name:
            self.n_reads += 1
            if self.n_reads > 1:
                yield b"evil"
                return
        yield from self.stick.read(part, name)


@pytest.mark.parametrize("name", ["model.cpu.onnx", "card.toml", "manifest.toml"])
def test_every_file_is_read_once(
    device: UpdateContext, publisher: Any, name: str
) -> None:
    stick = publisher.release(1).stick
    swapping = SwappingStick(stick, publisher.target_name(name))
    install(device, swapping)
    assert swapping.n_reads == 1


def test_too_little_room_is_u08_before_the_model_is_read(
    device: UpdateContext, publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from types import SimpleNamespace

    stick = publisher.release(1).stick
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 20)
    )
    assert code_of(lambda: install(device, stick)) == "U08"
    assert stick.asked == []


def test_a_disk_that_fills_while_copying_is_u08(
    make_device: MakeDevice, publisher: Any
) -> None:
    """A real limit: the child may write no file longer than 1 kB."""
    import resource

    from leukoscope_edge.updates import Step

    device = make_device()

    def cramp(step: Step, n_bytes: int) -> None:
        if step is Step.COPY:
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        cramped = make_device(tell=cramp)
        assert code_of(lambda: install(cramped, publisher.release(1).stick)) == "U08"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert active_of(device) == "shipped"
    install(device, publisher.stick)
    assert active_of(device) == "0.1"
