"""What is more or less than usual, by age."""

from dataclasses import replace

import pytest
from tests.edge.counting.usual_blood import kinds

from leukoscope_edge.counting import count_kinds
from leukoscope_edge.counting.reference_ranges import (
    ReferenceRanges,
    flags,
    is_leukopenic,
)
from leukoscope_edge.sample import AgeGroup


@pytest.mark.parametrize(
    ("counts", "age", "ids"),
    [
        ({}, AgeGroup.ADULT, []),
        ({"immature_granulocyte": 1}, AgeGroup.ADULT, ["flag-left-shift"]),
        ({"eosinophil": 5}, AgeGroup.ADULT, []),
        ({"eosinophil": 6}, AgeGroup.ADULT, ["flag-eosinophilia"]),
        ({"lymphocyte": 55, "neutrophil": 35}, AgeGroup.ADULT, ["flag-lymphocytosis"]),
        ({"lymphocyte": 45, "neutrophil": 45}, AgeGroup.CHILD, []),
        ({"erythroblast": 1}, AgeGroup.UNKNOWN, ["flag-erythroblasts"]),
        ({"eosinophil": 30}, AgeGroup.UNKNOWN, []),
        ({"neutrophil": 9, "eosinophil": 30}, AgeGroup.ADULT, []),
    ],
)
def test_flags(
    counts: dict[str, int], age: AgeGroup, ids: list[str], ranges: ReferenceRanges
) -> None:
    found = count_kinds(kinds(**counts), n_smudges=0, is_marrow=False)
    assert found is not None
    assert [m.id for m in flags(found, ranges.of(age))] == ids


@pytest.mark.parametrize(
    ("wbc", "age", "is_low"),
    [
        (3.99, AgeGroup.ADULT, True),
        (4.0, AgeGroup.ADULT, False),
        (4.4, AgeGroup.CHILD, True),
        (4.4, AgeGroup.UNKNOWN, True),
        (4.5, AgeGroup.UNKNOWN, False),
    ],
)
def test_few_white_cells_are_fewer_than_usual(
    wbc: float, age: AgeGroup, is_low: bool, ranges: ReferenceRanges
) -> None:
    assert is_leukopenic(wbc, ranges, age) == is_low


def test_what_is_usual_to_the_last_is_no_flag(ranges: ReferenceRanges) -> None:
    found = count_kinds(
        kinds(neutrophil=50, eosinophil=13), n_smudges=0, is_marrow=False
    )
    assert found is not None
    share = found.share("eosinophil")
    assert share is not None
    at = replace(ranges.adult, eosinophil=(1.0, share.percent))
    assert flags(found, at) == ()
    below = replace(ranges.adult, eosinophil=(1.0, 12.5))
    (flag,) = flags(found, below)
    assert dict(flag.params) == {"p": "13.0", "high": "12.5"}


@pytest.mark.parametrize("ends", [(1.0,), (1.0, 2.0, 3.0), (2.0, 2.0), (-1.0, 2.0)])
def test_a_range_has_a_low_end_and_a_higher_one(
    ends: tuple[float, ...], ranges: ReferenceRanges
) -> None:
    with pytest.raises(ValueError, match="'basophil' must be"):
        replace(ranges.adult, basophil=ends)  # type: ignore[arg-type]


def test_where_the_ranges_come_from_is_no_kind(ranges: ReferenceRanges) -> None:
    assert ranges.adult.usual("basophil") == ranges.adult.basophil
    assert ranges.adult.usual("source") is None
    assert ranges.adult.usual("") is None
