"""What an update knows of its device where nothing else is said."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from leukoscope_edge.inference import read_card, shipped_bundles
from leukoscope_edge.updates.clock import at_midnight
from leukoscope_edge.updates.context import (
    Step,
    UpdateContext,
    accept_nothing,
    time_floor,
)
from leukoscope_edge.updates.manifest import NO_FLOOR
from leukoscope_edge.updates.state import State

NOON = datetime(2027, 3, 4, 12, 30, 15, 999, tzinfo=timezone.utc)


def test_models_lie_below_the_data_and_an_event_has_the_devices_time(
    tmp_path: Path,
) -> None:
    device = UpdateContext(data=tmp_path, now=lambda: NOON)
    assert device.models == tmp_path / "models"
    event = device.event("installed", "real", "5-abc", "by Ann")
    assert event.time == "2027-03-04T12:30:15+00:00"
    assert (event.what, event.domain, event.slot, event.note) == (
        "installed",
        "real",
        "5-abc",
        "by Ann",
    )


def test_where_nobody_is_there_no_change_is_accepted_and_no_floor_kept() -> None:
    device = UpdateContext(data=Path("unused"))
    assert device.accept is accept_nothing
    assert device.accept(None) is None  # type: ignore[arg-type]
    assert device.kept_floor == NO_FLOOR
    assert tuple(device.cells) == ()


@pytest.mark.parametrize("kept", ["", "no time at all", "1999-01-01T00:00:00+00:00"])
def test_time_is_at_least_that_of_the_newest_model_that_was_shipped(kept: str) -> None:
    days = [read_card(f).created for f in shipped_bundles().values()]
    assert time_floor(replace(State(), time_floor=kept)) == at_midnight(max(days))


def test_a_later_moment_that_was_kept_counts() -> None:
    later = time_floor(State()) + timedelta(hours=1)
    assert time_floor(replace(State(), time_floor=later.isoformat())) == later


def test_every_step_has_words_of_its_own() -> None:
    words = [step.value for step in Step]
    assert all(words)
    assert len(set(words)) == len(words)
