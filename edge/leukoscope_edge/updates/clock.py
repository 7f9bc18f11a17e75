"""How far this device's clock can be believed, without a network to ask.

A wrong clock never stops a device and never lets an old stick in: order comes from
sequence numbers, and time only makes banners. Times are UTC.
"""

from datetime import date, datetime, timedelta, timezone
from enum import Enum

from leukoscope_edge.messages import Message, message
from leukoscope_edge.updates.codes import Code

FAR_AHEAD = timedelta(days=5 * 365)
"""A clock this far past everything known is more likely wrong than the device idle."""


class ClockQuality(Enum):
    """What a clock's reading is worth beside what is known to have happened."""

    TRUSTED = "trusted"
    BEHIND = "behind"
    AHEAD = "far ahead"


def utc_now() -> datetime:
    """Return the system clock's time."""
    return datetime.now(timezone.utc)


def at_midnight(day: str) -> datetime:
    """Return the start of an ISO date in UTC.

    Raises:
        ValueError: It is not a date.
    """
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc)


def assess(now: datetime, floor: datetime) -> ClockQuality:
    """Judge a clock by the latest moment that is known to have passed.

    Args:
        now: What the clock says.
        floor: The latest of the program's date, the dates of accepted models and the
            last time that was written down.
    """
    if now < floor:
        return ClockQuality.BEHIND
    return ClockQuality.AHEAD if now > floor + FAR_AHEAD else ClockQuality.TRUSTED


def raised(floor: datetime, now: datetime) -> datetime:
    """Return the new floor: a clock that is not believed does not raise it."""
    return now if assess(now, floor) is ClockQuality.TRUSTED else floor


def banners(
    now: datetime, floor: datetime, review_by: str | None
) -> tuple[Message, ...]:
    """Return what the page shows about time; none of it stops anything.

    Args:
        now: What the clock says.
        floor: The latest moment known to have passed.
        review_by: The model's review date, ISO; None for the shipped model.
    """
    quality = assess(now, floor)
    if quality is not ClockQuality.TRUSTED:
        found = {"found": f"{now:%Y-%m-%d}", "expected": f"{floor:%Y-%m-%d}"}
        return (Code.CLOCK.told(message("clock-reads", **found)),)
    if review_by is not None and now > at_midnight(review_by):
        return (message("review-due", day=review_by),)
    return ()
