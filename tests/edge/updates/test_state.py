"""What the device keeps of its models: two copies, the newer whole one counts."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from leukoscope_edge.messages import message
from leukoscope_edge.updates import (
    Code,
    UpdateContext,
    install,
    recover,
    state,
)

EVENT = {"time": "2026-11-01T10:00:00+00:00", "what": "failed", "domain": "real"}
EVENT["slot"] = "0.3-a"


def test_an_installed_model_has_not_failed_yet(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    lanes = state.load(device.models).lanes.values()
    assert [lane.n_failures for lane in lanes] == [0, 0]


@pytest.mark.parametrize("stale", [state.STATE_NAME, state.BACKUP_NAME])
def test_the_newer_of_two_whole_copies_counts_wherever_it_lies(
    device: UpdateContext, stale: str
) -> None:
    before = state.save(device.models, state.State(bad=("red-1",)))
    older = (device.models / stale).read_bytes()
    state.save(device.models, replace(before, bad=("red-1", "red-2")))
    (device.models / stale).write_bytes(older)
    assert state.load(device.models).bad == ("red-1", "red-2")
    assert recover(device).bad == ("red-1", "red-2")
    assert state.is_settled(device.models)


def test_what_is_kept_says_its_format(device: UpdateContext) -> None:
    """Devices in use have files of it, which a later program must read."""
    state.save(device.models, state.State())
    for name, format_ in (
        (state.STATE_NAME, 2),
        (state.BACKUP_NAME, 2),
        (state.FLOOR_NAME, 1),  # an older program goes on reading it
    ):
        assert json.loads((device.models / name).read_bytes())["format"] == format_


def write_state(device: UpdateContext, format_: int, event: dict[str, Any]) -> None:
    """Write both copies of a state with one event, as a program of a format did."""
    body = json.loads(json.loads(saved(device))["body"])
    body["events"] = [event]
    text = json.dumps(body, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    for name in (state.STATE_NAME, state.BACKUP_NAME):
        kept = json.dumps({"format": format_, "sha256": digest, "body": text})
        (device.models / name).write_text(kept)


def saved(device: UpdateContext) -> bytes:
    state.save(device.models, state.State(bad=("0.3",)))
    return (device.models / state.STATE_NAME).read_bytes()


def test_an_event_keeps_its_message_beside_the_english_of_the_day(
    device: UpdateContext,
) -> None:
    told = Code.SELF_TEST.told(message("model-crashed", signal="SIGSEGV"))
    event = device.event("failed", "real", "0.3-a", told)
    assert event.note == told.said()
    state.save(device.models, state.State().with_event(event))
    assert state.load(device.models).events == (event,)
    assert event.told == told
    kept = json.loads((device.models / state.STATE_NAME).read_bytes())["body"]
    assert json.loads(kept)["events"][0]["message"]["id"] == told.id


def test_the_history_of_an_older_program_is_read(device: UpdateContext) -> None:
    note = "U11: the new model failed its check. The model in use has not changed."
    write_state(device, 1, {**EVENT, "note": note})
    found = state.load(device.models)
    assert found.bad == ("0.3",)
    assert [(e.told, e.message) for e in found.events] == [(note, None)]


def test_a_message_that_this_program_does_not_know_leaves_the_english(
    device: UpdateContext,
) -> None:
    unknown = {"id": "of-a-newer-program", "params": {}}
    write_state(device, 2, {**EVENT, "note": "as it was said", "message": unknown})
    found = state.load(device.models)
    assert (found.bad, found.events[0].told) == (("0.3",), "as it was said")


def test_of_a_long_history_the_latest_lines_stay(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    now = state.load(device.models)
    for number in range(502):
        now = now.with_event(replace(now.events[-1], slot=f"0.{number}-a"))
    kept = [event.slot for event in now.events]
    assert kept == [f"0.{number}-a" for number in range(2, 502)]
