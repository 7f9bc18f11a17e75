"""The service asks the helper for a file on a stick."""

from pathlib import Path

import pytest

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.helper_client import NO_ANSWER, SentFile


def test_where_no_helper_listens_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=NO_ANSWER):
        SentFile("sdb1", "a.pdf", tmp_path / "none")
