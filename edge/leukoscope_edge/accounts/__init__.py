"""Named people with a PIN and a role: who may use a device."""

from leukoscope_edge.accounts.drafts import Drafts
from leukoscope_edge.accounts.people import Entry, People
from leukoscope_edge.accounts.people_file import PEOPLE_FILE
from leukoscope_edge.accounts.person import (
    RIGHTS,
    Person,
    Right,
    Role,
    named_apart,
)
from leukoscope_edge.accounts.pins import PeopleError, check_pin
from leukoscope_edge.accounts.set_up_code import SetUpCode
from leukoscope_edge.accounts.sign_in_backoff import AT_SCREEN

__all__ = [
    "AT_SCREEN",
    "PEOPLE_FILE",
    "RIGHTS",
    "Drafts",
    "Entry",
    "People",
    "PeopleError",
    "Person",
    "Right",
    "Role",
    "SetUpCode",
    "check_pin",
    "named_apart",
]
