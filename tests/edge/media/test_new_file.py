"""A new file on a stick: aside first, then under its own name."""

from pathlib import Path

import pytest

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.new_file import FOLDER, NewFile, in_words


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "/etc/passwd"])
def test_a_new_file_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no name for a file"):
        NewFile(tmp_path, name)


def test_a_file_above_what_fat_holds_is_said_to_be() -> None:
    assert "exFAT" in str(in_words(OSError(27, "File too large")))
    assert "Exec format" in str(in_words(OSError(8, "Exec format error")))


def put(stick: Path, name: str, data: bytes) -> str:
    with NewFile(stick, name) as file:
        assert file.write(data) == len(data)
        return file.keep()


def listed(stick: Path) -> list[str]:
    return sorted(p.name for p in (stick / FOLDER).iterdir())


def test_it_has_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    with NewFile(tmp_path, "a.pdf") as file:
        file.write(b"half, ")
        assert listed(tmp_path) == [".a.pdf.part"]
        file.write(b"whole")
        assert file.keep() == "leukoscope/a.pdf"
    assert (tmp_path / FOLDER / "a.pdf").read_bytes() == b"half, whole"
    assert listed(tmp_path) == ["a.pdf"]


def test_one_that_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with NewFile(tmp_path, "a.pdf") as file:
        file.write(b"half")
    assert listed(tmp_path) == []


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    names = [put(tmp_path, "a.fhir.json", bytes([n])) for n in range(3)]
    assert names == [f"leukoscope/a{n}.fhir.json" for n in ("", "-2", "-3")]
    assert [(tmp_path / n).read_bytes() for n in names] == [b"\0", b"\1", b"\2"]


def test_what_a_cut_left_of_an_earlier_one_goes(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    for name in (".old.pdf.part", ".hidden", "mine.part"):
        (tmp_path / FOLDER / name).touch()
    put(tmp_path, "a.pdf", b"x")
    assert listed(tmp_path) == [".hidden", "a.pdf", "mine.part"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    (stick := tmp_path / "stick").mkdir()
    (target := tmp_path / "etc").mkdir()
    (stick / FOLDER).symlink_to(target)
    with pytest.raises(OutputError, match="a file or a link named leukoscope"):
        NewFile(stick, "passwd")
    assert list(target.iterdir()) == []


def test_a_link_in_the_place_of_the_name_stays_and_is_not_written(
    tmp_path: Path,
) -> None:
    (tmp_path / FOLDER).mkdir()
    (target := tmp_path / "secret").write_bytes(b"kept")
    (tmp_path / FOLDER / "a.pdf").symlink_to(target)
    assert put(tmp_path, "a.pdf", b"new") == "leukoscope/a-2.pdf"
    assert target.read_bytes() == b"kept"


def test_a_stick_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    n_open = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OutputError, match="the stick was taken out"):
        NewFile(tmp_path / "gone", "a.pdf")
    assert len(list(Path("/proc/self/fd").iterdir())) == n_open
