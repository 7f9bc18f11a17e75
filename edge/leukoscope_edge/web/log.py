"""What service asks for: how the device is and what happened to it. Names nobody."""

import json
import platform
from collections.abc import Iterator

from leukoscope_edge import __version__, updates
from leukoscope_edge.i18n import message_in
from leukoscope_edge.messages import Message, in_english
from leukoscope_edge.updates import ModelEvent
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import health, notices

LOG_NAME = "leukoscope-log.txt"
N_NOTES = 2000


def log_text(device: Device) -> str:
    """Return the log: neither patients nor staff are in it."""
    return "\n".join(_lines(device)) + "\n"


def _lines(device: Device) -> Iterator[str]:
    yield f"leukoscope {__version__}, profile {device.profile.name}"
    yield f"{platform.platform()}, Python {platform.python_version()}"
    yield f"device {device.store.device}, audit code {device.store.log.head().code}"
    for sign in health(device):
        yield f"{'good' if sign.is_good else 'BAD '} {sign.name}: {sign.value}"
    yield from (in_english(notice) for notice in notices(device))
    yield f"slides by model: {_counts(device)}"
    yield "-- faults of the page since it was started"
    yield from device.page_faults
    yield "-- models"
    for change in updates.history(device.store.folder):
        yield (
            f"{change.time} {change.what} {change.domain} {change.slot} "
            f"{_without_who_accepted(change)}"
        )
    yield "-- device"
    for event in device.store.log.notes(newest=N_NOTES):
        facts = json.dumps(event.body["facts"], sort_keys=True, ensure_ascii=False)
        yield f"{event.at} {event.body['what']} {_without_staff(facts, device)}"


def _counts(device: Device) -> str:
    judged = device.store.reader.slides_by_model()
    return ", ".join(f"{bundle} {len(s)}" for (bundle, _), s in judged.items()) or "0"


def _without_who_accepted(change: ModelEvent) -> str:
    told = change.message or message_in(change.note, "accepted-by")
    if told is None or told.id != "accepted-by":
        return change.note
    what = dict(told.params)["what"]
    return what.said() if isinstance(what, Message) else str(what)


def _without_staff(text: str, device: Device) -> str:
    named = [(n, p.role.value) for p in device.people.ever for n in p.names]
    for name, role in sorted(named, key=lambda one: -len(one[0])):  # Annabel, then Ann
        text = text.replace(name, f"({role})")
    return text
