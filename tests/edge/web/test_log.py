"""What service asks for: how the device is and what happened to it. Names nobody."""

import pytest
from tests.edge.web.stand_ins import NAME, PIN, fill_slide

from leukoscope_edge import __version__
from leukoscope_edge.accounts import Role
from leukoscope_edge.durable import make_folder
from leukoscope_edge.messages import Message, message
from leukoscope_edge.updates import ModelEvent, models_folder
from leukoscope_edge.updates.state import State, save
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.log import log_text


def test_a_new_device_says_what_it_is(device: Device) -> None:
    lines = log_text(device).splitlines()
    assert lines[0] == f"leukoscope {__version__}, profile test"
    assert f"device {device.store.device}" in lines[2]
    assert device.store.log.head().code in lines[2]
    assert "slides by model: 0" in lines
    assert log_text(device).endswith("\n")


def test_what_is_wrong_stands_out(device: Device) -> None:
    assert "BAD  Quality test: not run yet" in log_text(device).splitlines()


@pytest.mark.parametrize("name", ["Ann", "Annabel"])
def test_whoever_did_something_is_a_role(device: Device, name: str) -> None:
    device.people.add("Ann", Role.SUPERVISOR, PIN)
    device.people.add("Annabel", Role.OPERATOR, PIN)
    device.store.log.note("unlocked", {"person": name}, name)
    text = log_text(device)
    role = device.people.require(name).role.value
    assert f'unlocked {{"person": "({role})"}}' in text
    assert "Ann" not in text


def test_a_name_of_before_and_one_that_is_gone_are_not_told(device: Device) -> None:
    device.people.add_first(NAME, PIN)
    device.people.add("Olu", Role.OPERATOR, PIN)
    device.people.rename("Olu", "Olumide")
    device.people.remove("Olumide")
    for name in ("Olu", "Olumide"):
        device.store.log.note("removed", {"person": name}, NAME)
    assert "Olu" not in log_text(device)


def test_nobodys_blood_is_in_it(device: Device) -> None:
    fill_slide(device, n_normal=1, sample="CANARY-1", name="Canary")
    text = log_text(device)
    assert "canary" not in text.lower()
    assert "slides by model: simulated-1 1" in text


def test_faults_of_the_page_stand_under_their_heading(device: Device) -> None:
    device.page_faults.append("one fault")
    head, _, rest = log_text(device).partition("-- faults of the page")
    assert "one fault" not in head
    assert rest.splitlines()[1:3] == ["one fault", "-- models"]


TRIED = message("not-written", why="it was tried. Accepted by nobody")
"""Words of the message that cuts a name off do not cut another message."""


@pytest.mark.parametrize(
    ("note", "told", "kept"),
    [
        ("It is as good. Accepted by Ada.", None, "It is as good."),
        ("", TRIED, TRIED.said()),
        ("", message("accepted-by", what=TRIED, name="Ada"), TRIED.said()),
        ("", message("accepted-by", what="as good.", name="Ada"), "as good."),
    ],
)
def test_who_accepted_a_model_is_not_told(
    device: Device, note: str, told: Message | None, kept: str
) -> None:
    event = ModelEvent(
        time="2026-11-01T00:00:00Z",
        what="installed",
        domain="real",
        slot="1",
        note=told.said() if told else note,
        message=told,
    )
    models = models_folder(device.store.folder)
    make_folder(models)
    save(models, State(events=(event,)))
    text = log_text(device)
    assert f"installed real 1 {kept}\n" in text
    assert "Ada" not in text
