"""New models by USB stick: signed, power-safe, self-tested, reversible.

The program's other rooms need these few names; the rest is this room's own.
"""

from leukoscope_edge.updates.active import (
    InUse,
    active_bundle,
    banners,
    history,
    in_use,
    note_failure,
    note_success,
    probe,
    roll_back,
)
from leukoscope_edge.updates.device import Device, Step
from leukoscope_edge.updates.install import Installed, install, recover
from leukoscope_edge.updates.shadow import Shadow
from leukoscope_edge.updates.slots import trust_root
from leukoscope_edge.updates.stick import FolderStick, Stick

__all__ = [
    "Device",
    "FolderStick",
    "InUse",
    "Installed",
    "Shadow",
    "Step",
    "Stick",
    "active_bundle",
    "banners",
    "history",
    "in_use",
    "install",
    "note_failure",
    "note_success",
    "probe",
    "recover",
    "roll_back",
    "trust_root",
]
