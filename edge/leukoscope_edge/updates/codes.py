"""What the technician reads when an update does not go through.

Each code has a cause and one next step (`leukoscope_edge.messages.updates`). Whatever
the code, the model in use has not changed: that is the room's invariant, and the tests
hold it for every code.
"""

from enum import Enum

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.messages import Message, Param, message

UNCHANGED = message("model-unchanged")


class Code(Enum):
    """A cause and the next step; the value is what the technician reads out."""

    NO_UPDATE = "U01"
    INCOMPLETE = "U02"
    DAMAGED = "U03"
    FOREIGN = "U04"
    OLDER = "U05"
    SAME = "U06"
    KEY_GAP = "U07"
    NO_SPACE = "U08"
    DEVICE_DISK = "U09"
    UNSUITED = "U10"
    SELF_TEST = "U11"
    CUT_SHORT = "U12"
    WITHDRAWN = "U13"
    PULLED = "U14"
    NO_TRUST = "U15"
    BUSY = "U16"
    NOT_ACCEPTED = "U17"
    NOTHING_BEFORE = "U18"
    NO_MODEL = "S01"
    CLOCK = "W01"

    @property
    def id(self) -> str:
        """What the technician reads out."""
        return self.value

    @property
    def cause(self) -> Message:
        """What is wrong."""
        return message(self.id)

    @property
    def next_step(self) -> Message:
        """What to do."""
        return message(f"{self.id}-cure")

    def told(self, detail: str | Message = "") -> Message:
        """Return the one line that is shown: code, cause, detail, next step."""
        of_line = "update-refused" if self.id.startswith("U") else "model-trouble"
        parts: dict[str, Param] = {
            "code": self.id,
            "cause": self.cause,
            "cure": self.next_step,
        }
        if not detail:
            return message(of_line, **parts)
        return message(f"{of_line}-found", **parts, detail=detail)


def refused(code: Code, detail: str | Message = "") -> UpdateError:
    """Return the exception for a code, with what exactly was found."""
    return UpdateError(code.told(detail))
