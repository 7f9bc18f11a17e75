"""Where sticks are, and which of them can be written."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.web.stand_ins import PROFILE

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.new_file import NewFile
from leukoscope_edge.media.removable_disks import (
    READ_ONLY,
    backups_on,
    new_file_on,
    stick_named,
    stick_to_write,
    sticks,
    sticks_of,
    writable_sticks_of,
)
from leukoscope_edge.profile import Profile

NOBODY_WRITES = Path("/proc/sys")
"""To root as well."""


def test_only_removable_disks_are_sticks(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "/dev/sdb1 /media/amina/MY\\040STICK vfat rw 0 0\n"
        "/dev/sdc1 /mnt/disk ext4 rw 0 0\n"
        "/dev/sdd1 /media2/x vfat rw 0 0\n"
    )
    assert sticks(mounts) == [Path("/media/amina/MY STICK")]
    assert sticks(tmp_path / "none") == []


def with_sticks(*folders: Path) -> Profile:
    return replace(PROFILE, sticks=tuple(map(str, folders)))


def test_a_folder_that_the_profile_names_is_a_stick_while_it_is_there(
    tmp_path: Path,
) -> None:
    profile = with_sticks(tmp_path, tmp_path / "gone")
    assert sticks_of(profile)[-1] == tmp_path
    assert tmp_path / "gone" not in sticks_of(profile)
    assert tmp_path not in sticks_of(PROFILE)


def test_a_page_asks_for_no_folder_but_a_sticks(tmp_path: Path) -> None:
    (inside := tmp_path / "inside").mkdir()
    profile = with_sticks(tmp_path)
    assert stick_named(profile, str(tmp_path)) == tmp_path
    for name in (str(inside), f"{tmp_path}/", "/etc", ""):
        with pytest.raises(OutputError, match="no such stick"):
            stick_named(profile, name)


def test_a_stick_that_can_only_be_read_is_said_to_be(tmp_path: Path) -> None:
    profile = with_sticks(NOBODY_WRITES, tmp_path)
    assert writable_sticks_of(profile)[-1:] == [tmp_path]
    assert NOBODY_WRITES not in writable_sticks_of(profile)
    assert stick_to_write(profile, str(tmp_path)) == tmp_path
    with pytest.raises(OutputError, match=READ_ONLY.said()):
        stick_to_write(profile, str(NOBODY_WRITES))


def test_a_new_file_goes_to_the_stick_that_was_named(tmp_path: Path) -> None:
    with new_file_on(with_sticks(tmp_path), str(tmp_path), "a.pdf") as file:
        assert isinstance(file, NewFile)
        file.write(b"x")
        assert file.keep() == "leukoscope/a.pdf"
    assert (tmp_path / "leukoscope" / "a.pdf").read_bytes() == b"x"


def test_backups_lie_in_our_folder_or_beside_it_the_newest_last(
    tmp_path: Path,
) -> None:
    assert backups_on(tmp_path) == backups_on(tmp_path / "gone") == []
    (tmp_path / "leukoscope").mkdir()
    for name in ("b", "leukoscope/d", "leukoscope/c", ".hidden", "leukoscope/.part"):
        (tmp_path / f"{name}.leukoscope-backup").touch()
    (tmp_path / "letter.txt").touch()
    assert backups_on(tmp_path) == [
        "b.leukoscope-backup",
        "leukoscope/c.leukoscope-backup",
        "leukoscope/d.leukoscope-backup",
    ]
