"""What the writers of a count and of a review share: the log is emptied at an end."""

from typing import Any

import pytest
from tests.edge.records.bench import VERDICT

from leukoscope_edge.records.slides.count_writer import CountWriter
from leukoscope_edge.records.slides.review_writer import ReviewWriter
from leukoscope_edge.types import Reading, Tally


@pytest.fixture
def emptied() -> list[str]:
    """What had happened each time that the database's log was emptied."""
    return []


@pytest.fixture
def parts(bench: Any, emptied: list[str]) -> dict[str, Any]:
    store = bench.store
    return {
        "events": store._events,
        "reader": store.reader,
        "identities": store._identities,
        "pictures": store.pictures,
        "write_back": lambda: emptied.append(store.reader.events("0001")[-1].kind),
    }


def test_a_count_empties_the_log_once_it_has_ended(
    bench: Any, parts: dict[str, Any], emptied: list[str]
) -> None:
    count = CountWriter(**parts)
    slide = bench.counted()
    count.resume(slide, "ann")
    assert emptied == []
    count.finish_count(slide, VERDICT, "ann", tally=Tally())
    assert emptied == ["finish"]


def test_a_review_empties_the_log_once_it_is_signed(
    bench: Any, parts: dict[str, Any], emptied: list[str]
) -> None:
    review = ReviewWriter(**parts)
    slide = bench.reviewed()
    review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="again")
    assert emptied == []
    review.sign(slide, lambda _: VERDICT, "ann", key="sign")
    assert emptied == ["sign"]
