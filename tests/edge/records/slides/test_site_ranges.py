"""What is usual at this site: its own file, or the shipped one."""

from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.named_kinds import name_all

from leukoscope_edge.counting import NAMED
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.records.exports import list_facts, open_version
from leukoscope_edge.records.slides.site_ranges import RANGES_NAME, SHIPPED, open_ranges
from leukoscope_edge.sample import AgeGroup


def test_a_sites_own_ranges_count_and_a_broken_file_keeps_no_result_back(
    bench: Any,
) -> None:
    slide = name_all(bench, bench.of_kinds())
    (bench.folder / RANGES_NAME).write_text("[adult]\n")
    version = open_version(bench.store, slide)
    assert version.ranges is None
    said = " ".join(f.said(str) for f in list_facts(version))
    assert "No usual ranges: reference_ranges.toml: missing key" in said


def test_the_shipped_ranges_know_every_kind_of_leukocyte_at_every_age(
    tmp_path: Path,
) -> None:
    ranges = open_ranges(tmp_path)
    assert ranges.of(AgeGroup.UNKNOWN) is None
    for age in (AgeGroup.ADULT, AgeGroup.CHILD):
        found = ranges.of(age)
        assert found is not None
        assert found.source
        lacking = {kind for kind in NAMED if found.usual(kind) is None}
        assert lacking == {"erythroblast"}  # no leukocyte


def test_the_sites_own_file_takes_the_place_of_the_whole(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    own = "\n".join(
        "eosinophil = [1.0, 77.0]" if line.startswith("eosinophil") else line
        for line in text.splitlines()
    )
    (tmp_path / RANGES_NAME).write_text(own, "utf-8")
    found = open_ranges(tmp_path).of(AgeGroup.ADULT)
    assert found is not None
    assert found.usual("eosinophil") == (1.0, 77.0)
    assert open_ranges(tmp_path / "another").of(AgeGroup.ADULT) != found


@pytest.mark.parametrize("line", ["eosinophil = [7.0, 1.0]", "eosinophil = [1.0]"])
def test_a_range_without_two_ends_is_refused(tmp_path: Path, line: str) -> None:
    text = SHIPPED.read_text("utf-8")
    own = "\n".join(
        line if old.startswith("eosinophil") else old for old in text.splitlines()
    )
    (tmp_path / RANGES_NAME).write_text(own, "utf-8")
    with pytest.raises(ConfigError, match="'eosinophil' must be"):
        open_ranges(tmp_path)
