import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.service.heartbeat import (
    MEMORY,
    Pulse,
    choose_run_folder,
    make_run_folder,
    read_beat,
    run_folder,
)


def test_nothing_said_is_no_beat(tmp_path: Path) -> None:
    assert read_beat(tmp_path, "count") is None


def test_a_beat_counts_work_and_says_when_the_next_is_due(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path, "count")
    pulse.beat()
    pulse.beat(allow_s=30.0, mode="counting")
    beat = read_beat(tmp_path, "count")
    assert beat is not None
    assert beat.n_done == 2
    assert beat.due_s == pytest.approx(beat.at_s + 30.0)
    assert abs(time.monotonic() - beat.at_s) < 5.0
    assert beat.facts == {"mode": "counting"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_half_a_beat_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "count.json").write_text(text)
    assert read_beat(tmp_path, "count") is None


def test_a_folder_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    Pulse(folder, "count").beat()
    assert read_beat(folder, "count") is not None
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="not ours alone"):
        make_run_folder(folder)
    link = tmp_path / "link"
    (tmp_path / "own").mkdir(mode=0o700)
    link.symlink_to(tmp_path / "own")
    with pytest.raises(ConfigError, match="not ours alone"):
        make_run_folder(link)


def test_beats_are_written_to_memory_and_each_device_has_its_own(
    tmp_path: Path,
) -> None:
    one, other = run_folder(tmp_path / "a"), run_folder(tmp_path / "b")
    assert one != other
    assert one == run_folder(tmp_path / "x" / ".." / "a")
    assert one.parent in (MEMORY, tmp_path / "a")


def test_a_run_folder_that_cannot_be_made_is_said_in_one_line() -> None:
    """Where /dev/shm is read only; so is /proc/sys, to root as well."""
    with pytest.raises(ConfigError, match="make /proc/sys writable") as found:
        make_run_folder(Path("/proc/sys/leukoscope"))
    assert "\n" not in str(found.value)


@contextmanager
def small_memory(folder: Path, n_bytes: int) -> Iterator[Path]:
    """A /dev/shm of our own, to fill."""
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes},mode=0700", "none", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("NOT DONE HERE: mounting a tmpfs needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    with suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_beat_is_written_though_somebody_filled_the_memory(tmp_path: Path) -> None:
    with small_memory(tmp_path / "memory", 1 << 20) as memory:
        folder = choose_run_folder(tmp_path / "data", ["count.json"], memory)
        assert folder.parent == memory
        fill(memory)
        pulse = Pulse(folder, "count")
        for _ in range(3):
            pulse.beat(mode="counting", words="x" * 1000)
        beat = read_beat(folder, "count")
        assert beat is not None
        assert beat.n_done == 3
        with pytest.raises(OSError, match=r"No such file|No space"):
            Pulse(folder, "never reserved").beat()
        assert [p.name for p in folder.iterdir()] == ["count.json"]


def test_where_the_memory_is_full_from_the_first_the_disk_serves(
    tmp_path: Path,
) -> None:
    with small_memory(tmp_path / "memory", 1 << 20) as memory:
        fill(memory)
        data = tmp_path / "data"
        folder = choose_run_folder(data, ["count.json"], memory)
        assert folder == data / "run" == run_folder(data, memory)
        Pulse(folder, "count").beat()
        (memory / "full").unlink()
        again = choose_run_folder(data, ["count.json"], memory)  # the next service
        assert again.parent == memory
        assert run_folder(data, memory) == again


def test_a_folder_that_somebody_else_took_is_refused_and_not_gone_round(
    tmp_path: Path,
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    run_folder(tmp_path / "data", memory).mkdir(mode=0o755)
    run_folder(tmp_path / "data", memory).chmod(0o755)
    with pytest.raises(ConfigError, match="not ours alone"):
        choose_run_folder(tmp_path / "data", ["count.json"], memory)
