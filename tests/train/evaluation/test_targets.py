"""Every figure that was asked, beside what each bundle reached."""

from pathlib import Path

import pytest

from leukoscope_edge.inference import read_card
from leukoscope_train.evaluation.targets import (
    TARGETS,
    Interval,
    Shown,
    Target,
    calls_changed,
    share_of,
)

ROOT = Path(__file__).parents[3]

SHIPPED = ROOT / "edge" / "leukoscope_edge" / "bundles"

BUNDLES = sorted(SHIPPED.glob("kinds-*"))


@pytest.mark.parametrize(
    ("is_least", "found", "told"),
    [
        (True, [], "not measured"),
        (True, [[0.9], [0.5]], "0.900 / 0.500: met"),
        (True, [[0.899], [0.9]], "0.899 / 0.900: **missed**"),
        (
            True,
            [[0.9], [0.499, 0.4, 0.6]],
            "0.900 / 0.499 (0.400 to 0.600): **missed**",
        ),
        (False, [[0.9], [0.5]], "0.900 / 0.500: met"),
        (False, [[0.1], [0.501]], "0.100 / 0.501: **missed**"),
    ],
)
def test_a_target_is_met_at_its_limit_and_missed_beyond(
    is_least: bool, found: list[Interval], told: str
) -> None:
    def reached(_: Shown, __: object) -> list[Interval]:
        return found

    target = Target(
        what="two", limits=("0.9", "0.5"), reached=reached, is_least=is_least
    )
    one = Shown(card=read_card(BUNDLES[0]), figures={}, called={})
    assert target.told(one, {}) == told


def test_the_report_names_every_target_with_what_measured_it() -> None:
    report = (ROOT / "docs" / "validation.md").read_text()
    for target in TARGETS:
        (row,) = [x for x in report.splitlines() if x.startswith(f"| {target.what} ")]
        assert target.command in row


def test_a_single_network_passes_nothing_on() -> None:
    report = (ROOT / "docs" / "validation.md").read_text()
    (row,) = [x for x in report.splitlines() if x.startswith("| AlexNet first")]
    assert row.split("|")[3].strip() == "no pair"


def test_a_share_of_few_cells_is_less_sure_than_of_many() -> None:
    share, low, high = share_of(0.035, 200)
    assert share == 0.035
    assert (round(low, 3), round(high, 3)) == (0.014, 0.071)
    few, many = share_of(0.5, 10), share_of(0.5, 1000)
    assert few[1] < many[1] < 0.5 < many[2] < few[2]


@pytest.mark.parametrize(("n_cells", "n"), [(95, 95), (1654, 200)])
def test_forms_were_compared_on_two_hundred_cells_at_most(n_cells: int, n: int) -> None:
    called = {"a": {"n_cells": n_cells}}
    one = Shown(card=read_card(BUNDLES[0]), figures={}, called=called)
    assert calls_changed(one, "a", {"calls_changed": 0.2}) == share_of(0.2, n)
