"""What passes between the web process and the counting process.

Orders go one way, news the other. News is whole each time (counts, boxes, state), so
that any of it may be dropped for a newer one.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, cast

from leukoscope_edge.messages import Say, said_by, told_from
from leukoscope_edge.records.slides import Action, Live

HEAD_BYTES = 4
"""Length of the facts in front of the picture, big-endian."""


class Command(str, Enum):
    """What the counting process can be asked for."""

    PREVIEW = "preview"
    COUNT = "count"
    COUNT_MORE = "count-more"  # of a count that is over
    PAUSE = "pause"
    GO_ON = "go-on"
    NEW_AREA = "new-area"
    FINISH = "finish"
    REST = "rest"
    LEAVE = "leave"  # end, to be started again with whatever model is installed then


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing to do.

    Attributes:
        do: What.
        slide: For which slide.
        by: Who asked.
    """

    do: Command
    slide: str = ""
    by: str = ""

    def message(self) -> bytes:
        """Return the order as one message."""
        return json.dumps({"do": self.do, "slide": self.slide, "by": self.by}).encode()

    @staticmethod
    def from_message(data: bytes) -> "Order":
        """Read what `message` wrote."""
        found = json.loads(data)
        return Order(do=Command(found["do"]), slide=found["slide"], by=found["by"])


class Orders(Protocol):
    """Where orders come from, as a `Channel` is."""

    def take(self, timeout_s: float, /) -> Order | None:
        """Return the next order, None where none came in time."""
        ...


class Mode(str, Enum):
    """What the counting process is at."""

    STARTING = "starting"
    IDLE = "idle"
    PREVIEW = "preview"
    COUNTING = "counting"
    PAUSED = "paused"
    ENDED = "ended"  # the source has no further frame
    FINISHED = "finished"
    FAILED = "failed"


SAID = frozenset({"instruction", "found_by", "advice", "doubt"})
"""The facts that a person reads: messages (`messages/`), or sentences; "" or None where
there is nothing to say."""


def said_in(facts: dict[str, Any], say: Say) -> dict[str, Any]:
    """Return facts with their sentences in another language."""
    return {k: _said(k, v, say) for k, v in facts.items()}


def _said(name: str, value: Any, say: Say) -> Any:
    match value:
        case str() | dict() if name in SAID and value:
            return said_by(told_from(value), say)
        case dict():
            return said_in(value, say)
        case [*items] if name == "lights":
            return [said_in(light, say) for light in items]
        case _:
            return value


BUSY = frozenset({Mode.COUNTING, Mode.PAUSED, Mode.ENDED})
"""A slide is under the lens."""
ASKS: dict[Command, Action] = {
    Command.PREVIEW: Action.GET_READY,
    Command.COUNT: Action.COUNT,
    Command.COUNT_MORE: Action.COUNT_MORE,
    Command.PAUSE: Action.PAUSE,
    Command.GO_ON: Action.GO_ON,
    Command.NEW_AREA: Action.NEW_AREA,
    Command.FINISH: Action.FINISH,
}
"""What an order does with a slide, as the table of its states names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One picture with what was found in it.

    Attributes:
        mode: What the counting process is at.
        slide: The slide under the lens, empty where there is none.
        facts: Plain JSON values for the page; the counting process makes them.
        jpeg: The picture, empty where there is none.
    """

    mode: Mode
    slide: str
    facts: dict[str, Any]
    jpeg: bytes = b""

    def live_at(self, slide: str) -> Live:
        """Return what the counting process does with a slide."""
        is_there = self.slide == slide and self.mode in BUSY
        return cast("Live", self.mode.value) if is_there else ""

    def message(self, say: Say | None = None) -> bytes:
        """Return the news as one WebSocket message: length, facts, picture.

        Args:
            say: From the machine's English to the viewer's language; None
                between processes, where messages stay values.
        """
        facts = said_in(self.facts, say) if say else self.facts
        head = facts | {"mode": self.mode.value, "slide": self.slide}
        text = json.dumps(head, ensure_ascii=False).encode()
        return len(text).to_bytes(HEAD_BYTES, "big") + text + self.jpeg

    @staticmethod
    def from_message(data: bytes) -> "News":
        """Read what `message` wrote."""
        end = HEAD_BYTES + int.from_bytes(data[:HEAD_BYTES], "big")
        facts = json.loads(data[HEAD_BYTES:end])
        mode, slide = Mode(facts.pop("mode")), facts.pop("slide")
        return News(mode=mode, slide=slide, facts=facts, jpeg=data[end:])
