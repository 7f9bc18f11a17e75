"""An update as one file: honest, cut short, hostile."""

import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.edge.updates.outcomes import active_of, code_of

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates import UpdateContext, install, open_stick
from leukoscope_edge.updates.zipped import MAX_ENTRIES, ZIP_NAME, ZipStick, holds_update


def zipped(files: dict[str, bytes], path: Path, kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in files.items():
            file.writestr(f"LEUKOSCOPE-UPDATE/{name}", data)
    return path


@pytest.fixture
def single(publisher: Any, tmp_path: Path) -> Path:
    return zipped(publisher.release(1).files, tmp_path / ZIP_NAME)


def take(device: UpdateContext, path: Path) -> None:
    with open_stick(path) as stick:
        install(device, stick)


@pytest.mark.parametrize("name", ["", ZIP_NAME])
def test_one_file_gives_the_same_as_a_folder(
    device: UpdateContext, single: Path, name: str
) -> None:
    assert holds_update(single.parent)
    take(device, single.parent / name)
    assert active_of(device) == "0.1"


def test_a_folder_goes_before_a_file_beside_it(
    device: UpdateContext, publisher: Any, single: Path
) -> None:
    publisher.release(2).write(single.parent)
    take(device, single.parent)
    assert active_of(device) == "0.2"


def test_what_is_compressed_or_missing_has_its_code(
    device: UpdateContext, publisher: Any, tmp_path: Path
) -> None:
    files = dict(publisher.release(1).files)
    packed = zipped(files, tmp_path / "a.allbundle", zipfile.ZIP_DEFLATED)
    assert code_of(lambda: take(device, packed)) == "U03"
    del files[publisher.target_name("golden.npz")]
    short = zipped(files, tmp_path / "b.allbundle")
    assert code_of(lambda: take(device, short)) == "U02"
    assert code_of(lambda: take(device, tmp_path / "none.allbundle")) == "U01"


@pytest.mark.parametrize(("is_there", "code"), [(True, "U03"), (False, "U14")])
def test_a_file_that_cannot_be_read_to_its_end_is_told_at_once(
    single: Path, publisher: Any, is_there: bool, code: str
) -> None:
    """Not as a shorter file, whose hash then differs."""
    name = publisher.target_name("model.cpu.onnx")
    data = bytearray(single.read_bytes())
    data[data.index(publisher.files[name])] ^= 1
    single.write_bytes(data)
    with ZipStick(single) as stick:
        if not is_there:
            single.unlink()
        assert code_of(lambda: list(stick.read(*name.split("/", 1)))) == code


@pytest.mark.parametrize(
    ("folders", "is_update"),
    [((), False), (("metadata",), False), (("metadata", "targets"), True)],
)
def test_a_stick_with_a_part_of_an_update_holds_none(
    tmp_path: Path, folders: tuple[str, ...], is_update: bool
) -> None:
    for name in folders:
        (tmp_path / "LEUKOSCOPE-UPDATE" / name).mkdir(parents=True)
    assert holds_update(tmp_path) is is_update


def test_a_name_that_stands_there_twice_counts_once_and_verified(
    device: UpdateContext, single: Path, publisher: Any
) -> None:
    name = f"LEUKOSCOPE-UPDATE/{publisher.target_name('model.cpu.onnx')}"
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(single, "a") as file,
    ):
        file.writestr(name, b"another model")
    assert code_of(lambda: take(device, single)) in ("U02", "U03")


def test_a_directory_of_a_million_files_is_not_read(single: Path) -> None:
    data = bytearray(single.read_bytes())
    for n_entries, n_bytes in ((MAX_ENTRIES + 1, 100), (1, 1 << 30)):
        struct.pack_into("<2HL", data, len(data) - 14, n_entries, n_entries, n_bytes)
        single.write_bytes(data)
        with pytest.raises(UpdateError, match="it lists"):
            ZipStick(single)


def test_a_zip64_end_is_refused(single: Path) -> None:
    data = single.read_bytes()
    single.write_bytes(data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:])
    with pytest.raises(UpdateError, match="plain zip"):
        ZipStick(single)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_changed_in_it_has_a_code_and_changes_nothing(
    device: UpdateContext, single: Path, data: st.DataObject
) -> None:
    whole = single.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["cut", "flip", "zero"]))
    match how:
        case "cut":
            broken = whole[:at]
        case "flip":
            broken = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        case _:
            broken = whole[:at] + bytes(min(64, len(whole) - at)) + whole[at + 64 :]
    path = single.with_name("broken.allbundle")
    path.write_bytes(broken)
    before = active_of(device)
    code = code_of(lambda: take(device, path))
    assert active_of(device) == (before if code else "0.1")
