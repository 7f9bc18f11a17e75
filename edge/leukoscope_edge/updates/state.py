"""The commit file: which model is in use, what is on trial, and the floor.

One small checksummed file decides everything, so that one rename is the commit. It is
kept twice, and the floor a third time in a file of its own: whichever of them a bad
disk eats, the highest floor that is left counts, and an old stick stays out.
"""

import contextlib
import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leukoscope_edge.durable import read_plain
from leukoscope_edge.messages import Message, from_plain, plain
from leukoscope_edge.types import Domain
from leukoscope_edge.updates.manifest import NO_FLOOR, Floor
from leukoscope_edge.updates.own_disk import replace_file

STATE_NAME, BACKUP_NAME, FLOOR_NAME = "state.json", "state.json.bak", "floor.json"
STATE_FORMAT, FLOOR_FORMAT = 2, 1
"""2: an event holds its message, beside the English of the day."""
READ_FORMATS = (1, 2)
MAX_EVENTS = 500
"""History kept in the commit file: at a release a month, forty years."""
SHIPPED = "shipped"
"""Stands where a slot's name would for the model that came with the program."""
DOMAINS: tuple[Domain, ...] = ("real", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEvent:
    """One line of a device's model history.

    Attributes:
        time: UTC, ISO; as the device's clock had it.
        what: "installed", "failed", "dropped", "damaged", "rolled back", "given up".
        domain: Of the model.
        slot: Which model.
        note: Why, or who accepted it, in the English of the day.
        message: The same as a message; None where it is none, or the program was
            older.
    """

    time: str
    what: str
    domain: str
    slot: str
    note: str = ""
    message: Message | None = None

    @property
    def told(self) -> str | Message:
        """Why, or who accepted it, for a page in the reader's language."""
        return self.message or self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The models of one domain, by slot name.

    Attributes:
        active: In use; SHIPPED before the first install, None where it was lost.
        previous: What a rollback returns to.
        n_failures: How often the active model failed since it last worked.
    """

    active: str | None = SHIPPED
    previous: str | None = None
    n_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A staged model that has yet to prove itself.

    Attributes:
        slot: Where it lies.
        domain: Of its card.
        root_version: Of the root of trust that verified it.
        n_tries: How often its trial was begun.
    """

    slot: str
    domain: Domain
    root_version: int
    n_tries: int = 0


def lanes_of(lane: Lane) -> dict[str, Lane]:
    """Return the same lane for every domain."""
    return dict.fromkeys(DOMAINS, lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is remembered about models.

    Attributes:
        generation: Raised with every save; the higher of two copies counts.
        lanes: By domain.
        trial: None where nothing is on trial.
        floor: What was had; never goes down.
        bad: Releases that failed here or were revoked.
        trust: Folder of the verified TUF metadata, None before the first update.
        time_floor: Latest moment known to have passed, UTC, ISO; empty if none.
        events: The history, oldest first.
    """

    generation: int = 0
    lanes: dict[str, Lane] = field(default_factory=lambda: lanes_of(Lane()))
    trial: Trial | None = None
    floor: Floor = field(default_factory=Floor)
    bad: tuple[str, ...] = ()
    trust: str | None = None
    time_floor: str = ""
    events: tuple[ModelEvent, ...] = ()

    def with_lane(self, domain: str, lane: Lane) -> "State":
        """Return this state with one lane replaced."""
        return dataclasses.replace(self, lanes={**self.lanes, domain: lane})

    def with_event(self, event: ModelEvent) -> "State":
        """Return this state with one more line of history."""
        return dataclasses.replace(self, events=(*self.events, event)[-MAX_EVENTS:])

    def slots_in_use(self) -> set[str]:
        """Return the names of all slots that must be kept."""
        lanes = self.lanes.values()
        names = {n for lane in lanes for n in (lane.active, lane.previous)}
        return {n for n in (*names, self.trial and self.trial.slot) if n} - {SHIPPED}


def load(folder: Path, elsewhere: Floor = NO_FLOOR) -> State:
    """Return the newest whole copy, with the highest floor of all copies.

    Where both copies are gone but the floor is not, a model was installed and is lost:
    no lane has an active model then.

    Args:
        folder: Of the models.
        elsewhere: The copy of the floor that the records hold.
    """
    copies = [_read_state(folder / n) for n in (STATE_NAME, BACKUP_NAME)]
    whole = [c for c in copies if c is not None]
    kept = max(elsewhere, _read_floor(folder / FLOOR_NAME))
    if whole:
        newest = max(whole, key=lambda s: s.generation)
    elif kept > NO_FLOOR:
        newest = State(lanes=lanes_of(Lane(active=None)))
    else:
        newest = State()
    floor = max(kept, *(c.floor for c in (newest, *whole)))
    return dataclasses.replace(newest, floor=floor)


def save(folder: Path, state: State) -> State:
    """Commit a state: after this returns, no power cut can undo it.

    The state goes first: a floor ahead of it would lock its own model out. Once it is
    in place the commit has happened, whatever becomes of the copies; the next start
    writes those again.

    Returns:
        The state with its new generation.

    Raises:
        OSError: It could not be written; the old state stands.
    """
    state = dataclasses.replace(state, generation=state.generation + 1)
    data = _sealed(_plain_state(state), STATE_FORMAT)
    try:
        replace_file(folder / STATE_NAME, data)
    except OSError:
        if _read_state(folder / STATE_NAME) != state:
            raise
    with contextlib.suppress(OSError):
        replace_file(folder / BACKUP_NAME, data)
        replace_file(folder / FLOOR_NAME, _floor_file(state.floor))
    return state


def is_settled(folder: Path) -> bool:
    """Return whether all three files are whole and agree."""
    copies = [_read_state(folder / n) for n in (STATE_NAME, BACKUP_NAME)]
    if copies[0] is None or copies[0] != copies[1]:
        return False
    return _read_floor(folder / FLOOR_NAME) == copies[0].floor


def _plain_state(state: State) -> dict[str, Any]:
    content = dataclasses.asdict(state)
    for kept, event in zip(content["events"], state.events, strict=True):
        kept["message"] = plain(event.message) if event.message else None
    return content


def _floor_file(floor: Floor) -> bytes:
    return _sealed(dataclasses.asdict(floor), FLOOR_FORMAT)


def _sealed(content: dict[str, Any], format_: int) -> bytes:
    body = json.dumps(content)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return json.dumps({"format": format_, "sha256": digest, "body": body}).encode()


def _unsealed(path: Path) -> dict[str, Any] | None:
    """Return what was sealed, or None where the file is missing or not whole."""
    try:
        sealed = json.loads(read_plain(path, follows_links=False))
        body: str = sealed["body"]
        digest = hashlib.sha256(body.encode()).hexdigest()
        if sealed["format"] not in READ_FORMATS or sealed["sha256"] != digest:
            return None
        content: dict[str, Any] = json.loads(body)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return content


def _read_floor(path: Path) -> Floor:
    content = _unsealed(path)
    return Floor() if content is None else Floor(**content)


def _read_state(path: Path) -> State | None:
    raw = _unsealed(path)
    if raw is None:
        return None
    raw["lanes"] = {domain: Lane(**lane) for domain, lane in raw["lanes"].items()}
    raw["trial"] = raw["trial"] and Trial(**raw["trial"])
    raw["floor"] = Floor(**raw["floor"])
    raw["bad"] = tuple(raw["bad"])
    raw["events"] = tuple(_event_of(e) for e in raw["events"])
    return State(**raw)


def _event_of(kept: dict[str, Any]) -> ModelEvent:
    """Return an event; one whose message this program does not know has its note."""
    found = kept.pop("message", None)
    with contextlib.suppress(ValueError):
        return ModelEvent(**kept, message=from_plain(found) if found else None)
    return ModelEvent(**kept)
