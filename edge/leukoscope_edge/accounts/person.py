"""Who somebody is at a device, and what they may do there: values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from leukoscope_edge.accounts.pins import PeopleError
from leukoscope_edge.messages import message


class Role(str, Enum):
    """What somebody is at this device."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    SERVICE = "service"


class Right(str, Enum):
    """What somebody may do beyond reading."""

    SLIDES = "slides"  # count, review, sign, share
    PEOPLE = "people"  # add people
    SETTLE = "settle"  # decide where two readers differ
    WITHDRAW = "withdraw"  # void a slide of which a version is signed
    DEVICE = "device"  # calibrate
    BACKGROUND = "background"  # start a healthy person's slide for the background
    QUALITY = "quality"  # look at the device and run its tests
    MODEL = "model"  # install a model, or go back to the one before
    RECORDS = "records"  # back the records up and restore them


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: frozenset({Right.SLIDES, Right.QUALITY}),
    Role.SUPERVISOR: frozenset(Right),
    Role.SERVICE: frozenset({Right.DEVICE, Right.QUALITY, Right.MODEL}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may use the device.

    Attributes:
        name: As on reports; unique, whatever its case.
        role: What they may do.
        pin_hash: argon2id over the PIN, keyed with the device's pepper.
        n_failures: Wrong PINs in a row, at the device's own screen.
        n_from_network: Wrong PINs in a row from anywhere else.
        is_locked: They may not come in until somebody unlocks them.
        is_removed: They are here no more; nobody else gets their name, which stands in
            the records.
        former: Names that they had before, likewise.
    """

    name: str
    role: Role
    pin_hash: str
    n_failures: int = 0
    n_from_network: int = 0
    is_locked: bool = False
    is_removed: bool = False
    former: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names under which the records know them."""
        return (self.name, *self.former)

    @property
    def may_enter(self) -> bool:
        """Whether their PIN opens the page."""
        return not (self.is_locked or self.is_removed)


def named_apart(person: Person, open_slides: Sequence[str]) -> None:
    """Let nobody who reads with another become a third reader by another name.

    Args:
        person: Who is to be renamed.
        open_slides: Unsigned slides that they read with another.

    Raises:
        PeopleError: There is one.
    """
    if open_slides:
        why = message("reads-with-another", name=person.name, slide=open_slides[0])
        raise PeopleError(why.said())
