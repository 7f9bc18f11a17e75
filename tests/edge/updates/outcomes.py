"""What became of a step of an update: its code, and the release in use."""

from collections.abc import Callable
from typing import Any

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates import UpdateContext, slots, state

MakeDevice = Callable[..., UpdateContext]
"""Makes a device that trusts the publisher; parts of it by name."""


def code_of(run: Callable[[], Any]) -> str:
    """Run something and return its code, "" if none."""
    try:
        run()
    except UpdateError as err:
        return err.code
    return ""


def active_of(device: UpdateContext) -> str | None:
    """Return the release in use for real slides."""
    slot = state.load(device.models).lanes["real"].active
    return slot and slots.release_of(slot)
