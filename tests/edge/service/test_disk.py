import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from leukoscope_edge.service import disk
from leukoscope_edge.service.disk import Room, keep_ballast, room_left

Usage = namedtuple("Usage", "total used free")
SLIDE = disk.BYTES_PER_SLIDE


@pytest.mark.parametrize(
    ("free_bytes", "room"),
    [
        (0, Room.FULL),
        (10 * SLIDE - 1, Room.FULL),
        (10 * SLIDE, Room.WARN),
        (100 * SLIDE - 1, Room.WARN),
        (100 * SLIDE, Room.GOOD),
    ],
)
def test_room(free_bytes: int, room: Room) -> None:
    assert room_left(free_bytes) is room


def free(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, n_bytes))


def test_the_ballast_is_real_room_and_is_given_up_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "BALLAST_BYTES", 1 << 20)
    ballast = tmp_path / disk.BALLAST
    free(monkeypatch, 1 << 30)
    assert keep_ballast(tmp_path)
    assert ballast.stat().st_blocks * 512 >= 1 << 20
    assert ballast.stat().st_size == 1 << 20
    free(monkeypatch, disk.LAST_BYTES)
    assert keep_ballast(tmp_path)
    free(monkeypatch, disk.LAST_BYTES - 1)
    assert not keep_ballast(tmp_path)
    assert not ballast.exists()
    assert not keep_ballast(tmp_path)
    free(monkeypatch, 1 << 30)
    assert keep_ballast(tmp_path)


@pytest.mark.parametrize(("beyond", "is_made"), [(0, False), (1, True)])
def test_the_ballast_is_made_where_slides_still_fit_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beyond: int, *, is_made: bool
) -> None:
    monkeypatch.setattr(disk, "BALLAST_BYTES", 4096)
    free(monkeypatch, 2 * 4096 + disk.REFUSE_SLIDES * SLIDE + beyond)
    assert keep_ballast(tmp_path) is is_made


def test_a_ballast_without_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "BALLAST_BYTES", 1 << 60)
    monkeypatch.setattr(disk, "REFUSE_SLIDES", -(1 << 61) // SLIDE)
    assert not keep_ballast(tmp_path)
    assert list(tmp_path.iterdir()) == []
