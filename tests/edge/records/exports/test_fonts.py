"""Fonts for paper: the own ones first, and which way a text runs."""

from itertools import pairwise
from pathlib import Path

import pytest

from leukoscope_edge.records.exports.fonts import (
    OWN,
    SCRIPTS,
    SUMS_NAME,
    digest_of,
    find_fonts,
    is_right_to_left,
    read_sums,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", False), ("Ann", False), ("فاطمة", True), ("שרה", True), ("12 فاطمة", True)],
)
def test_knows_which_way_a_text_runs(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_a_latin_text_needs_the_base_font_alone(tmp_path: Path) -> None:
    fonts = find_fonts(["", "Łucja Σοφία Мария"], folders=[tmp_path])
    assert fonts.scripts == {}
    assert fonts.base.regular.parent == fonts.base.bold.parent == OWN
    assert fonts.base.regular != fonts.base.bold


def test_what_the_device_lacks_is_looked_for_in_the_folders(tmp_path: Path) -> None:
    assert not find_fonts(["ગીતા"], folders=[tmp_path]).covers("ગીતા")
    (tmp_path / "noto").mkdir()
    regular = tmp_path / "noto" / "NotoSansGujarati-Regular.ttf"
    regular.touch()
    fonts = find_fonts(["ગીતા"], folders=[tmp_path])
    assert fonts.covers("ગીતા")
    assert not fonts.covers("ગીતા ราตรี")
    cuts = fonts.scripts["NotoSansGujarati"]
    assert (cuts.regular, cuts.bold) == (regular, regular)


def test_the_devices_own_cut_is_taken_before_the_systems(tmp_path: Path) -> None:
    for script in ("Arabic", "Gujarati"):
        (tmp_path / f"NotoSans{script}-Regular.ttf").touch()
    fonts = find_fonts(["فاطمة", "ગીતા"], folders=[tmp_path])
    assert fonts.scripts["NotoSansArabic"].regular.parent == OWN
    assert fonts.scripts["NotoSansGujarati"].regular.parent == tmp_path


def test_no_two_scripts_claim_one_character() -> None:
    blocks = sorted(SCRIPTS.values())
    assert all(low <= high for low, high in blocks)
    assert all(a[1] < b[0] for a, b in pairwise(blocks))


def test_every_font_of_the_device_is_what_its_list_says() -> None:
    sums = read_sums(OWN)
    assert sums == {name: digest_of(OWN / name) for name in sums}
    assert {p.name for p in OWN.glob("*.ttf")} <= set(sums)


@pytest.mark.parametrize("text", [None, "", "a line of one two three\n", "é\n"])
def test_a_list_that_is_none_names_no_font(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / SUMS_NAME).write_text(text, "utf-8")
    assert read_sums(tmp_path) == {}
    assert digest_of(tmp_path / "gone.ttf") == ""
