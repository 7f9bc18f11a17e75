"""What the technician reads when an update does not go through.

Each code has a cause and one next step. Whatever the code, the model in use has not
changed: that is the room's invariant, and the tests hold it for every code.
"""

from enum import Enum

from leukoscope_edge.errors import UpdateError

UNCHANGED = "The model in use has not changed."


class Code(Enum):
    """A cause and the next step; the value is (id, cause, next step)."""

    NO_UPDATE = (
        "U01",
        "no update was found here",
        "Put in the stick with the LEUKOSCOPE-UPDATE folder.",
    )
    INCOMPLETE = (
        "U02",
        "the stick is incomplete",
        "Copy the whole LEUKOSCOPE-UPDATE folder onto it again.",
    )
    DAMAGED = ("U03", "the stick is damaged", "Copy the update onto another stick.")
    FOREIGN = (
        "U04",
        "this update was not signed by the publisher whom this device trusts",
        "Do not use it. Keep the stick and report it to the publisher.",
    )
    OLDER = (
        "U05",
        "this update is older than what this device has had",
        "Ask the publisher for the newest update.",
    )
    SAME = ("U06", "this model is already installed", "Nothing needs to be done.")
    KEY_GAP = (
        "U07",
        "the stick lacks key files",
        "Ask the publisher for the full update.",
    )
    NO_SPACE = (
        "U08",
        "the device has not enough room",
        "Export old records and erase them, then try again.",
    )
    DEVICE_DISK = ("U09", "this device's own disk does not work", "Call service.")
    UNSUITED = (
        "U10",
        "this update is not for this device as it is",
        "Update the software first, or ask for the update for this device.",
    )
    SELF_TEST = (
        "U11",
        "the new model failed its check",
        "Keep working with the present one and send this code to the publisher.",
    )
    CUT_SHORT = (
        "U12",
        "the check of the new model was cut short too often",
        "Keep working with the present one and send this code to the publisher.",
    )
    WITHDRAWN = (
        "U13",
        "this model was withdrawn, or failed here before",
        "Ask the publisher for the newest update.",
    )
    PULLED = (
        "U14",
        "the stick was taken out too early",
        "Put it back and start the update again.",
    )
    NO_TRUST = (
        "U15",
        "this device was never told whose updates to trust",
        "Run `leukoscope model trust ROOT.json` with the publisher's first root file.",
    )
    BUSY = ("U16", "another update is running", "Wait until it has finished.")
    NOT_ACCEPTED = (
        "U17",
        "nobody accepted what the new model changes",
        "Let a supervisor look, then install again and accept by name.",
    )
    NOTHING_BEFORE = (
        "U18",
        "there is no earlier model to go back to",
        "Install another update.",
    )
    NO_MODEL = (
        "S01",
        "no installed model is whole, so screening is off; records can be read",
        "Install an update again, or run `leukoscope model rollback`.",
    )
    CLOCK = ("W01", "this device's clock is wrong", "Set date and time.")

    @property
    def id(self) -> str:
        """What the technician reads out."""
        return self.value[0]

    @property
    def cause(self) -> str:
        """What is wrong."""
        return self.value[1]

    @property
    def next_step(self) -> str:
        """What to do."""
        return self.value[2]

    def text(self, detail: str = "") -> str:
        """Return the one line that is shown: code, cause, detail, next step."""
        about = f": {detail}" if detail else ""
        unchanged = f" {UNCHANGED}" if self.id.startswith("U") else ""
        return f"{self.id}: {self.cause}{about}.{unchanged} {self.next_step}"


def refused(code: Code, detail: str = "") -> UpdateError:
    """Return the exception for a code, with what exactly was found."""
    return UpdateError(code.text(detail), code.id, detail)
