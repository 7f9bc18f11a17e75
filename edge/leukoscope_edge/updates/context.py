"""What an update needs to know of the device around it; the seams of this room."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from leukoscope_edge.inference import read_card, shipped_bundles
from leukoscope_edge.messages import Message
from leukoscope_edge.records.slides import ArchivedCell
from leukoscope_edge.updates.clock import at_midnight, utc_now
from leukoscope_edge.updates.comparison import Shadow
from leukoscope_edge.updates.manifest import NO_FLOOR, Floor
from leukoscope_edge.updates.slots import models_folder
from leukoscope_edge.updates.state import ModelEvent, State
from leukoscope_edge.updates.trial import run_trial


class Step(Enum):
    """Where an update is; the value is what a person reads."""

    PREFLIGHT = "looking at the stick"
    VERIFY = "checking who signed it"
    COPY = "copying"
    CHECK = "checking the copy"
    STAGE = "storing it"
    TRIAL = "trying it on stored cells"
    SHADOW = "comparing it on earlier cells"
    COMMIT = "putting it to use"
    DONE = "done"


def tell_nobody(_: Step, __: int) -> None:
    """Take no notice."""


def keep_nowhere(_: Floor) -> None:
    """Keep no further copy of the floor: there are no records here."""


def accept_nothing(_: Shadow) -> str | None:
    """Accept no change: nobody is there to read it."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateContext:
    """One device's data folder and the parts of it that differ in tests.

    Attributes:
        data: The data folder.
        try_model: Runs a bundle's stored cells; raises UpdateError where it fails.
        cells: Of earlier slides, for the shadow run; gone through at every trial.
        kept_floor: The copy of the floor outside the models' folder.
        keep_floor: Keeps that copy.
        accept: Shown a change that needs a person; returns a name, or None.
        tell: Told each step with 0, and the bytes read within COPY.
        now: The clock.
    """

    data: Path
    try_model: Callable[[Path], object] = run_trial
    cells: Iterable[ArchivedCell] = ()
    kept_floor: Floor = NO_FLOOR
    keep_floor: Callable[[Floor], None] = keep_nowhere
    accept: Callable[[Shadow], str | None] = accept_nothing
    tell: Callable[[Step, int], None] = tell_nobody
    now: Callable[[], datetime] = utc_now

    @property
    def models(self) -> Path:
        """The folder of everything about models."""
        return models_folder(self.data)

    def event(
        self, what: str, domain: str, slot: str, note: str | Message = ""
    ) -> ModelEvent:
        """Return a line of history, stamped with this device's clock."""
        stamp = self.now().isoformat(timespec="seconds")
        event = ModelEvent(time=stamp, what=what, domain=domain, slot=slot)
        if isinstance(note, Message):
            return replace(event, note=note.said(), message=note)
        return replace(event, note=note)


def time_floor(state: State) -> datetime:
    """Return the latest moment that is known to have passed.

    The program's own date is that of its newest shipped card.
    """
    known = [at_midnight(read_card(f).created) for f in shipped_bundles().values()]
    with contextlib.suppress(ValueError):
        known.append(datetime.fromisoformat(state.time_floor))
    return max(known)
