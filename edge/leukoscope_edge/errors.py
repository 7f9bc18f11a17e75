"""Every exception that Leukoscope raises on purpose.

An exception means that the machine or the set-up is wrong. A medical "no result"
is a value (`leukoscope_edge.types.Refusal`), not an exception.

    LeukoscopeError
    ├── SourceError        the images or the camera cannot be used
    ├── BundleError        the model bundle cannot be trusted or loaded
    │   └── CardError      its card is not what the format says
    ├── EngineFault        an accelerator failed, and the CPU must serve
    │   └── CachedPlanFault    while it used a cached plan; a rebuild may help
    ├── ConfigError        a setting, profile or calibration is wrong
    │   └── UsageError         options that do not go together, or have no effect
    ├── UpdateError        a new model cannot be installed, or none is whole
    ├── OutputError        the results cannot be written
    └── RecordError        the records cannot be read or kept
        └── StepError      this cannot be done to a slide as it stands

A message is one line: what, where, found, expected, what to do.
"""

import errno
import os

from leukoscope_edge.messages import Message, in_english, message

CURES = {
    errno.EACCES: "disk-cure-owner-all",
    errno.EPERM: "disk-cure-owner",
    errno.ENOSPC: "disk-cure-full",
    errno.EROFS: "disk-cure-read-only",
    errno.EIO: "disk-cure-broken",
}
"""The message of what to do about what the kernel says."""


def in_one_sentence(error: Exception) -> str:
    """Return what happened and what to do, on one line.

    Args:
        error: Of ours, which says so itself, or the kernel's.
    """
    return in_english(as_told(error))


def as_told(error: Exception) -> str | Message:
    """Return what happened and what to do, as a message where it is one.

    Args:
        error: Of ours, which says so itself, or the kernel's.
    """
    if not isinstance(error, OSError):
        return getattr(error, "told", None) or str(error)
    id_ = CURES.get(error.errno or 0, "disk-cure-service")
    cure = message(id_, user=os.geteuid()) if "owner" in id_ else message(id_)
    where = error.filename or "the device"
    return message("disk-says", file=str(where), why=str(error.strerror), cure=cure)


class LeukoscopeError(Exception):
    """Base of every error that Leukoscope raises on purpose.

    Attributes:
        told: What a technician reads, None where it is a plain English sentence.
    """

    def __init__(self, what: str | Message = "") -> None:
        """Say what went wrong.

        Args:
            what: A message, or one English sentence.
        """
        super().__init__(what.said() if isinstance(what, Message) else what)
        self.told = what if isinstance(what, Message) else None


class SourceError(LeukoscopeError):
    """The images, the video or the camera cannot be used."""


class BundleError(LeukoscopeError):
    """A model bundle is missing, damaged, foreign to the source or unusable."""


class CardError(BundleError):
    """A bundle's card has an unknown, missing or impossible entry."""


class EngineFault(LeukoscopeError):  # noqa: N818 - a fault, with a way round it
    """An accelerator is absent, died, hung or gave wrong answers; the CPU serves."""


class CachedPlanFault(EngineFault):
    """The accelerator failed with a plan from its cache; a rebuild may help."""


class ConfigError(LeukoscopeError):
    """A setting, a profile or a calibration is wrong."""


class UsageError(ConfigError):
    """Options of a command do not go together, or would have no effect."""


class UpdateError(LeukoscopeError):
    """A new model cannot be installed, or no installed one is whole.

    Attributes:
        told: The line of a code.
        code: What the technician reads out, U01 and so on; `updates.codes` lists them.
        detail: What exactly was found; empty where there is no more to say.
    """

    told: Message

    def __init__(self, told: Message) -> None:
        """Say what went wrong.

        Args:
            told: The line of a code, as `updates.codes` puts it together.
        """
        super().__init__(told)
        parts = dict(told.params)
        self.code, detail = str(parts["code"]), parts.get("detail", "")
        self.detail = detail if isinstance(detail, Message) else str(detail)


class OutputError(LeukoscopeError):
    """The results cannot be written where they were asked for."""


class RecordError(LeukoscopeError):
    """The records cannot be read or kept."""


class StepError(RecordError):
    """A step cannot be taken with a slide as it stands, or there is no such slide."""
