"""What is more or less than usual, by age."""

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
