"""What a person says of a slide before the first frame, as far as the rules ask."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Mode = Literal["count", "passive"]
"""A counting run, or a watch that runs while the film is read for something else."""


class SampleType(str, Enum):
    """What was smeared."""

    BLOOD = "blood"
    MARROW = "marrow"


class AgeGroup(str, Enum):
    """Whose sample it is, as far as the rules ask."""

    CHILD = "child"
    ADULT = "adult"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideFacts:
    """What a person says of a slide when it starts; kept with it.

    Attributes:
        sample_type: Blood or marrow; None where nobody said, and then there is no
            result.
        age: A child's, an adult's, or not known, which is treated like a child's.
        is_leukopenic: The person is known to have few white cells.
        mode: A counting run, or a passive watch.
        wbc_10e9_per_l: White cells in blood as a counter gave them, None where nobody
            typed them in.
    """

    sample_type: SampleType | None
    age: AgeGroup
    is_leukopenic: bool
    mode: Mode
    wbc_10e9_per_l: float | None = None


SIMULATED_SAMPLE = SlideFacts(
    sample_type=SampleType.BLOOD, age=AgeGroup.ADULT, is_leukopenic=False, mode="count"
)
"""What the simulated slide shows, for tools and tests that count it."""
