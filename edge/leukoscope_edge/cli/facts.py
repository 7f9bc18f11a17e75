"""What is said of a slide on the command line: sample type, age, how it was read."""

import argparse
from typing import get_args

from leukoscope_edge.capture import is_simulated, plan_of
from leukoscope_edge.sample import AgeGroup, Mode, SampleType, SlideFacts


def add_facts(parser: argparse._ActionsContainer) -> None:
    """Add the options that say it."""
    parser.add_argument(
        "--sample-type",
        choices=[s.value for s in SampleType],
        help="what was smeared; without it cells are listed but no verdict is given",
    )
    parser.add_argument(
        "--age",
        choices=[a.value for a in AgeGroup],
        default=AgeGroup.UNKNOWN.value,
        help="unknown (default) is treated like a child",
    )
    parser.add_argument(
        "--leukopenic",
        action="store_true",
        help="the person is known to have few white cells: count longer",
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="count",
        help="passive: speak only of blasts above the background, never a negative",
    )


def facts_of(options: argparse.Namespace) -> SlideFacts:
    """Return what was said; the simulated slide says itself whether it is blood.

    Raises:
        SourceError: It has no such setting.
    """
    named = options.sample_type
    if named is None and is_simulated(options.source):
        drawn = plan_of(options.source)
        named = (SampleType.MARROW if drawn.marrow else SampleType.BLOOD).value
    return SlideFacts(
        sample_type=None if named is None else SampleType(named),
        age=AgeGroup(options.age),
        is_leukopenic=options.leukopenic,
        mode=options.mode,
    )
