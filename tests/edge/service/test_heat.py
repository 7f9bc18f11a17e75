from pathlib import Path

import pytest

from leukoscope_edge.profile import ThermalEntry
from leukoscope_edge.service.heat import Heat, judge, temperature_c, throttling

LIMITS = ThermalEntry(warn_c=75.0, pause_c=90.0)


@pytest.mark.parametrize(
    ("temp_c", "before", "after"),
    [
        (None, Heat.HOT, Heat.GOOD),
        (20.0, Heat.GOOD, Heat.GOOD),
        (74.9, Heat.WARM, Heat.GOOD),
        (75.0, Heat.GOOD, Heat.WARM),
        (89.9, Heat.WARM, Heat.WARM),
        (90.0, Heat.WARM, Heat.HOT),
        (85.0, Heat.HOT, Heat.HOT),  # not cool enough to begin again
        (84.9, Heat.HOT, Heat.WARM),
        (84.9, Heat.WARM, Heat.WARM),
    ],
)
def test_limits_of_the_profile(temp_c: float | None, before: Heat, after: Heat) -> None:
    assert judge(temp_c, LIMITS, before) is after


@pytest.mark.parametrize(
    ("zones", "hottest_c"),
    [
        ([], None),
        (["45000"], 45.0),
        (["45000", "61500", "-256000"], 61.5),  # a sensor that is switched off
        (["", "x"], None),
    ],
)
def test_the_hottest_zone_counts(
    tmp_path: Path, zones: list[str], hottest_c: float | None
) -> None:
    for i, text in enumerate(zones):
        zone = tmp_path / "class" / "thermal" / f"thermal_zone{i}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    assert temperature_c(tmp_path) == hottest_c


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (None, ""),
        ("0", ""),
        ("50000", ""),  # it was once, and is no more
        ("4", "the processor is slowed down"),
        ("50005", "the power supply is too weak"),
        ("junk", ""),
    ],
)
def test_a_raspberry_pi_says_why_it_is_slow(
    tmp_path: Path, bits: str | None, words: str
) -> None:
    if bits is not None:
        folder = tmp_path / "devices/platform/soc/soc:firmware"
        folder.mkdir(parents=True)
        (folder / "get_throttled").write_text(bits)
    assert throttling(tmp_path) == words
