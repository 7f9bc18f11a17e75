"""Where sticks are, and which of them can be written."""

from pathlib import Path

from leukoscope_edge.media.removable_disks import sticks


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
