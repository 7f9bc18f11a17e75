"""Whether a model judges some groups of people worse than others.

Groups are of sex, age band, ethnicity and site. A group of fewer than ten people is
named with its size and judged "insufficient": a figure on it would be chance. People
of whom nothing is known are no group, however many they are.
"""

from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_train.data import CropSet, Demographics
from leukoscope_train.evaluation.report import model_row

FEWEST_PEOPLE = 10
"""Even ten people, all judged rightly, leave an error of 31 % possible (exact)."""
AGE_BANDS = ((0, 18), (18, 40), (40, 65), (65, 200))
"""Years, from and below: children, young adults, adults, the old."""
UNKNOWN = "unknown"
MEASURED, INSUFFICIENT, NO_DATA = "measured", "insufficient", "insufficient: no data"


def groups_of(person: Demographics) -> dict[str, str]:
    """Return the group of a person by each question."""
    return {
        "sex": person.sex or UNKNOWN,
        "age": age_band(person.age_years),
        "ethnicity": person.ethnicity or UNKNOWN,
        "site": person.site or UNKNOWN,
    }


def age_band(age_years: str) -> str:
    """Return the band of an age written in years; what is no number is unknown."""
    try:
        years = float(age_years)
    except ValueError:
        return UNKNOWN
    for low, high in AGE_BANDS:
        if low <= years < high:
            return f"{low} to {high - 1}" if high < 200 else f"{low} and over"
    return UNKNOWN


def audit_groups(
    crops: CropSet, p: F64, people: dict[str, Demographics], n_draws: int = 1000
) -> list[dict[str, Any]]:
    """Return a row for every group: its size, and its figures where it is large enough.

    Args:
        crops: The cells.
        p: (N,) probability of blast, from a network that never saw the person.
        people: What is known of each person.
        n_draws: Resamplings for the intervals.
    """
    rows = []
    for question in groups_of(Demographics()):
        group_of = {
            name: groups_of(people.get(name, Demographics()))[question]
            for name in np.unique(crops.people).tolist()
        }
        own = np.array([group_of[name] for name in crops.people.tolist()])
        for group in sorted(set(group_of.values())):
            rows.append(_row(crops, p, question, group, own == group, n_draws))
    return rows


def _row(
    crops: CropSet, p: F64, question: str, group: str, here: Any, n_draws: int
) -> dict[str, Any]:
    n_people = len(np.unique(crops.people[here]))
    verdict = MEASURED if n_people >= FEWEST_PEOPLE else INSUFFICIENT
    row: dict[str, Any] = {
        "question": question,
        "group": group,
        "n_people": n_people,
        "n_cells": int(here.sum()),
        "verdict": NO_DATA if group == UNKNOWN else verdict,
    }
    if row["verdict"] == MEASURED:
        chosen = crops.pick(here)
        measured = model_row(group, chosen.labels, p[here], chosen.people, n_draws)
        row["pooled"] = measured["pooled"]
    return row
