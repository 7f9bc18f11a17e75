"""A new file on a stick: aside first, then under its own name."""

from pathlib import Path

import pytest

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.new_file import NewFile, in_words


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "/etc/passwd"])
def test_a_new_file_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no name for a file"):
        NewFile(tmp_path, name)


def test_a_file_above_what_fat_holds_is_said_to_be() -> None:
    assert "exFAT" in str(in_words(OSError(27, "File too large")))
    assert "Exec format" in str(in_words(OSError(8, "Exec format error")))
