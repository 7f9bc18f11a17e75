"""Whose laboratory it is: a file of the site, or nothing."""

from pathlib import Path

import pytest

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.records.exports.laboratory import (
    LABORATORY_NAME,
    Laboratory,
    open_laboratory,
)


def test_a_site_that_says_nothing_has_no_head(tmp_path: Path) -> None:
    assert open_laboratory(tmp_path) is None


def test_what_the_site_leaves_out_is_no_line() -> None:
    assert Laboratory(name="Lab").lines == ("Lab",)
    whole = Laboratory(name="Lab", address="Street 1", phone="555", send_to="Dr. Eve")
    assert whole.lines == ("Lab", "Street 1", "555")


def test_the_sites_file_is_read(tmp_path: Path) -> None:
    (tmp_path / LABORATORY_NAME).write_text('name = "Lab"\nsend_what = "blood"\n')
    found = open_laboratory(tmp_path)
    assert found == Laboratory(name="Lab", send_what="blood")


@pytest.mark.parametrize(
    "text", ["", "name = 7\n", 'name = "Lab"\nfax = "5"\n', "name ="]
)
def test_a_file_that_is_no_head_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / LABORATORY_NAME).write_text(text)
    with pytest.raises(ConfigError, match=LABORATORY_NAME):
        open_laboratory(tmp_path)
