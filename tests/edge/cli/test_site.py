"""Whose normal slides count: those of a file, of the records, or nobody's."""

import sqlite3
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from leukoscope_edge.cli.site import site_of
from leukoscope_edge.counting import MIN_SLIDES
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.inference import Bundle, open_bundle
from leukoscope_edge.records import DATABASE_NAME, open_store

SLIDE = "[[slides]]\nn_cells = 100\nn_blast = 3\n"
NO_BUNDLE = cast("Bundle", None)
"""None is looked at where the records hold nothing."""


def options(folder: Path, **more: Any) -> Namespace:
    facts = {"sample_type": "blood", "age": "unknown", "is_leukopenic": False}
    told = facts | {"leukopenic": False, "mode": "count", "source": "slides"}
    return Namespace(**(told | {"data": folder, "site": None} | more))


def test_without_records_there_is_none_and_none_are_made(tmp_path: Path) -> None:
    assert site_of(options(tmp_path / "data"), NO_BUNDLE) is None
    assert list(tmp_path.iterdir()) == []


def test_records_without_normal_slides_give_none_and_nothing_is_said(
    tmp_path: Path, bundle_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(tmp_path / "data"):
        pass
    assert site_of(options(tmp_path / "data"), open_bundle(bundle_folder)) is None
    assert capsys.readouterr().err == ""


def test_a_file_counts_and_the_records_are_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('bundle = "red-test"\n' + SLIDE * MIN_SLIDES)
    (tmp_path / DATABASE_NAME).write_bytes(b"no database")
    site = site_of(options(tmp_path, site=file), NO_BUNDLE)
    assert site is not None
    assert (site.bundle, len(site.slides)) == ("red-test", MIN_SLIDES)


def test_a_file_with_too_few_slides_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('bundle = "red-test"\n' + SLIDE * (MIN_SLIDES - 1))
    with pytest.raises(ConfigError, match=f"at least {MIN_SLIDES}"):
        site_of(options(tmp_path, site=file), NO_BUNDLE)


def test_records_that_cannot_be_read_are_named_and_stop_no_screening(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as newer:
        newer.execute("PRAGMA user_version = 1000")
    assert site_of(options(tmp_path), NO_BUNDLE) is None
    assert "the background of the records is not used" in capsys.readouterr().err
