"""What the device says, as values: an id and its figures, no sentence to be parsed.

One table holds every id with its English text, a file a subject. A page or a report
renders a message in the reader's language by translating the text of the id and filling
the figures in; the records keep id and figures beside the English of the day.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Union

from leukoscope_edge.messages.device import DEVICE
from leukoscope_edge.messages.page import PAGE
from leukoscope_edge.messages.pictures import PICTURES
from leukoscope_edge.messages.quality import QUALITY
from leukoscope_edge.messages.records import RECORDS
from leukoscope_edge.messages.report import REPORT
from leukoscope_edge.messages.results import RESULTS
from leukoscope_edge.messages.updates import UPDATES

Say = Callable[[str], str]
"""From English to the reader's language."""

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {**RESULTS, **REPORT, **QUALITY, **PICTURES, **DEVICE, **RECORDS, **UPDATES, **PAGE}
)
"""Every id with its English text. A text is the msgid of the catalogues."""

Param = Union[str, int, "Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that the device says.

    Attributes:
        id: Of the text in `TEMPLATES`.
        params: What stands in its braces, by name: figures as text, or messages.
    """

    id: str
    params: tuple[tuple[str, Param], ...] = ()

    def __post_init__(self) -> None:
        if self.id not in TEMPLATES:
            raise ValueError(f"no message has the id {self.id!r}")

    def said(self, say: Say = str) -> str:
        """Return the text in a reader's language, in English without one."""
        held = {
            name: value.said(say) if isinstance(value, Message) else str(value)
            for name, value in self.params
        }
        return say(TEMPLATES[self.id]).format(**held)

    def holds(self, id_: str) -> bool:
        """Say whether this message, or one in its braces, has an id."""
        held = (v for _, v in self.params if isinstance(v, Message))
        return self.id == id_ or any(v.holds(id_) for v in held)


def message(id_: str, /, **params: Param) -> Message:
    """Return a message with what stands in its braces."""
    return Message(id_, tuple(params.items()))


NOT_FOR_CARE = message("research")
"""Stands on every screen, report and export of a model that was not validated."""


def in_english(told: str | Message) -> str:
    """Return the English of a message, or of what is no message."""
    return told.said() if isinstance(told, Message) else told


def said_by(told: str | Message, say: Say) -> str:
    """Return a message, or what is no message, in a reader's language."""
    return told.said(say) if isinstance(told, Message) else say(told)


def said_all(messages: Iterable[Message], say: Say = str) -> str:
    """Return several messages as one text."""
    return " ".join(m.said(say) for m in messages)


def plain(found: Message) -> dict[str, Any]:
    """Return a message as plain JSON values."""
    params = {k: plain(v) if isinstance(v, Message) else v for k, v in found.params}
    return {"id": found.id, "params": params}


def told_plain(told: str | Message) -> str | dict[str, Any]:
    """Return a message as plain JSON values, and a text as it is."""
    return plain(told) if isinstance(told, Message) else told


def told_from(found: str | Mapping[str, Any]) -> str | Message:
    """Return what `told_plain` made plain."""
    return found if isinstance(found, str) else from_plain(found)


def from_plain(found: Mapping[str, Any]) -> Message:
    """Return the message that `plain` made plain."""
    params = {
        name: from_plain(value) if isinstance(value, Mapping) else value
        for name, value in found["params"].items()
    }
    return Message(str(found["id"]), tuple(params.items()))
