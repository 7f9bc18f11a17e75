"""Every file of the stick and of the device, damaged in every way."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.edge.updates.outcomes import MakeDevice, active_of, code_of

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates import (
    FolderStick,
    UpdateContext,
    active_bundle,
    in_use,
    install,
    recover,
    slots,
    state,
)

DAMAGES = ("truncate", "zero", "flip", "delete", "folder", "link", "fifo", "mode 000")
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def damage(path: Path, how: str, where: float) -> None:
    """Damage one file; `where` in 0..1 says at which byte."""
    data = bytearray(path.read_bytes())
    at = int(where * (len(data) - 1))
    path.chmod(0o644)
    match how:
        case "truncate":
            path.write_bytes(data[:at])
        case "zero":
            path.write_bytes(bytes(len(data)))
        case "flip":
            data[at] ^= 1 << (at % 8)
            path.write_bytes(data)
        case "mode 000":
            path.chmod(0)
        case _:
            path.unlink()
    match how:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to("/etc/hostname")
        case "fifo":
            os.mkfifo(path)


def expected_on_stick(name: str, how: str) -> set[str]:
    """Return the codes that a damaged file of the stick may give."""
    if how == "mode 000":
        return {""} if os.geteuid() == 0 else {"U03"}
    is_root, is_pinned = name.endswith(".root.json"), not name.endswith("stamp.json")
    if is_root and how == "delete":
        return {"U04"}  # its signatures are all that is known of what follows it
    if how == "delete":
        return {"U02"}
    if how in ("folder", "link", "fifo"):
        return {"U03"}
    if is_root or not is_pinned:
        # One of three signatures may be lost, and no hash is known: only the
        # signature tells damage from forgery.
        return {"U02", "U03", "U04", ""} if how == "flip" else {"U03"}
    return {"U02"} if how == "truncate" else {"U03"}


@pytest.fixture
def template(
    tmp_path: Path, publisher: Any, make_device: MakeDevice
) -> dict[str, Path]:
    """A device on release 1 with another before it, and the stick of release 2."""
    device = make_device()
    install(device, publisher.release(1, id="red-0").stick)
    install(device, publisher.release(2, id="red-1").stick)
    publisher.rotate("targets")
    mount = publisher.release(3).write(tmp_path / "mount")
    return {"data": device.data, "mount": mount}


def read_by_the_device(mount: Path) -> list[Path]:
    """Return the stick's files of this release that a device has to read."""
    update = mount / "LEUKOSCOPE-UPDATE"
    newest = [update / "metadata" / n for n in ("2.root.json", "timestamp.json")]
    newest += [update / "metadata" / n for n in ("3.snapshot.json", "3.targets.json")]
    targets = sorted(update.glob("targets/*"))
    cards = [p for p in targets if p.name.endswith(("card.toml", "manifest.toml"))]
    latest = [p for p in cards if b"red-3" in p.read_bytes()]
    return newest + latest + [p for p in targets if p not in cards]


@SETTINGS
@given(which=st.integers(0, 100), how=st.sampled_from(DAMAGES), where=st.floats(0, 1))
def test_a_damaged_stick_gives_its_code_and_changes_nothing(
    template: dict[str, Path],
    make_device: MakeDevice,
    which: int,
    how: str,
    where: float,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        mount, data = Path(name) / "mount", Path(name) / "data"
        shutil.copytree(template["mount"], mount)
        shutil.copytree(template["data"], data, symlinks=True)
        device = make_device(data)
        files = read_by_the_device(mount)
        path = files[which % len(files)]
        damage(path, how, where)
        with FolderStick(mount) as stick:
            code = code_of(lambda: install(device, stick))
        label = path.name.split(".", 1)[1] if len(path.name) > 64 else path.name
        assert code in expected_on_stick(label, how), (label, how, where)
        assert active_of(device) == ("0.2" if code else "0.3")
        assert active_bundle(data, "real") is not None


@SETTINGS
@given(which=st.integers(0, 100), how=st.sampled_from(DAMAGES), where=st.floats(0, 1))
def test_a_damaged_device_never_uses_what_is_not_whole(
    template: dict[str, Path],
    make_device: MakeDevice,
    publisher: Any,
    which: int,
    how: str,
    where: float,
) -> None:
    """One file of the device is hurt: another copy, the model before, or S01."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        shutil.copytree(template["data"], data, symlinks=True)
        device = make_device(data)
        old = publisher_stick_of_release_1(publisher)
        files = sorted(p for p in device.models.rglob("*") if p.is_file())
        path = files[which % len(files)]
        if path.name == "lock" or path.is_symlink():
            return
        damage(path, how, where)
        for _ in range(2):  # before and after the device mended itself
            used = in_use(data, "real")
            assert used.slot in state.load(device.models).slots_in_use()
            assert slots.read_slot(device.models, str(used.slot)) is not None
            with pytest.raises(UpdateError, match=r"U0[59]|U15"):
                install(device, old)
            recover(device)
        assert state.load(device.models).floor.sequence == 2


def publisher_stick_of_release_1(publisher: Any) -> Any:
    """The newest signatures over an old release: only the floor keeps it out."""
    return publisher.clone().release(1).stick


FLOORS = ("state.json", "state.json.bak", "floor.json")


@pytest.mark.parametrize("survivor", [*FLOORS, ""])
def test_all_three_floors_must_go_before_an_old_stick_comes_in(
    device: UpdateContext, publisher: Any, survivor: str
) -> None:
    install(device, publisher.release(7).stick)
    for name in set(FLOORS) - {survivor}:
        (device.models / name).write_bytes(b"")
    assert state.load(device.models).floor.sequence == (7 if survivor else 0)
    old = publisher.clone().release(3).stick
    assert code_of(lambda: install(device, old)) == ("U05" if survivor else "")


@pytest.mark.parametrize("name", ["state.json", "state.json.bak"])
def test_a_changed_commit_file_is_not_believed(
    device: UpdateContext, publisher: Any, name: str
) -> None:
    """Its numbers are changed so that it still reads well; the other copy counts."""
    install(device, publisher.release(1).stick)
    path = device.models / name
    text = path.read_text()
    changed = re.sub(r"generation(\W+)\d+", r"generation\g<1>900", text)
    changed = changed.replace("0.1-", "0.9-")
    assert changed != text
    path.write_text(changed)
    assert active_of(device) == "0.1"
    assert not state.is_settled(device.models)
    recover(device)
    assert state.is_settled(device.models)
