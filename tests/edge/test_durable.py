import contextlib
import threading
from pathlib import Path

import pytest

from leukoscope_edge.durable import whole_file, write_whole
from leukoscope_edge.errors import OutputError


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path, mode=0o600) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "error", [OSError("full"), ValueError("no"), KeyboardInterrupt]
)
def test_what_raises_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(BaseException), whole_file(path) as file:  # noqa: PT011, B017
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_longer_part_left_by_a_cut_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"left by a cut")
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "none" / "a", b"")


@pytest.mark.parametrize("first_fails", [False, True])
def test_two_who_write_one_file_write_one_after_the_other(
    tmp_path: Path, *, first_fails: bool
) -> None:
    """Else the first to end gave its name to what the second had half written."""
    path, seen = tmp_path / "a", []

    def write_the_second() -> None:
        with whole_file(path) as file:
            seen.append(path.read_bytes() if path.exists() else b"")
            file.write(b"second")

    second = threading.Thread(target=write_the_second)
    with contextlib.suppress(ValueError), whole_file(path) as file:
        file.write(b"fir")
        file.flush()
        second.start()
        second.join(0.2)
        assert seen == []
        file.write(b"st")
        if first_fails:
            raise ValueError
    second.join()
    assert seen == [b"" if first_fails else b"first"]
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]
