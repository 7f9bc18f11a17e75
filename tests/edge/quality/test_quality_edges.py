"""The edges of the charts and of the quality slide."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.errors import StepError
from leukoscope_edge.quality.cell_location import (
    SLIDE_NOTE,
    days,
    keep_quality_slide,
    whole_labels,
)
from leukoscope_edge.quality.levey_jennings import (
    GOLDEN_NOTE,
    Point,
    Trend,
    begin_new_band,
    earlier_bands,
    note_light,
    plot,
    trends,
)
from leukoscope_edge.records.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as store:
        yield store


def trend(*values: float, limit: float | None = None) -> Trend:
    points = tuple(Point(value=v, at="") for v in values)
    return Trend(name="x", points=points, limit=limit)


@pytest.mark.parametrize(
    ("drawn", "places"),
    [
        (trend(5.0), [(0.0, 25.0)]),
        (trend(5.0, 5.0), [(0.0, 25.0), (100.0, 25.0)]),
        (trend(1.0, 3.0), [(0.0, 50.0), (100.0, 0.0)]),
        (
            trend(0.0, 1.0, 2.0, 3.0),
            [(0.0, 50.0), (33.3, 33.3), (66.7, 16.7), (100.0, 0.0)],
        ),
        (trend(0.25, limit=0.5), [(0.0, 25.0)]),
    ],
)
def test_where_figures_lie_in_a_chart(
    drawn: Trend, places: list[tuple[float, float]]
) -> None:
    chart = plot(drawn, 100, 50)
    assert [(p["x"], p["y"]) for p in chart["points"]] == places
    assert chart["lines"] == []
    assert chart["limit"] == (None if drawn.limit is None else 0.0)


def test_the_first_figure_of_all_counts_and_stored_cells_stand_first(
    store: Store,
) -> None:
    note_light(store, {"plasma_level": 1.0})
    assert store.log.notes("light")[0].seq == 1
    note_light(store, {"plasma_level": 2.0})
    store.log.note(GOLDEN_NOTE, {"bundle": "m", "largest_logit_difference": 0.1}, "ann")
    golden, light = trends(store, 0.5, "m")
    assert golden.name == GOLDEN_NOTE
    assert [p.value for p in light.points] == [1.0, 2.0]
    begin_new_band(store, "lamp", "burnt out", "ann")
    assert [t.name for t in trends(store, 0.5, "m")] == [GOLDEN_NOTE]
    [earlier] = earlier_bands(store)
    assert [p.value for p in earlier.trends[0].points] == [1.0, 2.0]


def test_a_cell_that_any_edge_cuts_is_not_whole() -> None:
    cells = np.zeros((9, 9), np.int32)
    for label, place in enumerate([(0, 4), (8, 4), (4, 0), (4, 8)], start=2):
        cells[place] = label
    for label, place in enumerate([(1, 2), (7, 2), (2, 1), (2, 7)], start=6):
        cells[place] = label
    cells[4, 4] = 1
    assert whole_labels(cells, cells) == {1, 6, 7, 8, 9}


@pytest.mark.parametrize("located", [0, 1])
def test_a_quality_slide_may_hold_one_cell(store: Store, located: int) -> None:
    keep_quality_slide(store, 1, located, "ann")
    [day] = days(store, SLIDE_NOTE, 9)
    assert (day.n_present, day.n_located) == (1, located)


@pytest.mark.parametrize(("present", "located"), [(0, 0), (0, 1), (1, 2), (1, -1)])
def test_a_quality_slide_without_cells_or_with_more_than_there_are_is_none(
    store: Store, present: int, located: int
) -> None:
    with pytest.raises(StepError, match="count in the same fields"):
        keep_quality_slide(store, present, located, "ann")
    assert days(store, SLIDE_NOTE, 9) == []
