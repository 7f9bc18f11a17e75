"""New models by USB stick: signed, power-safe, self-tested, reversible.

The program's other rooms need these few names; the rest is this room's own.

Offers: clock, codes, context, manifest, slots, software, state, stick, zipped.
"""

from leukoscope_edge.updates.active import (
    InUse,
    active_bundle,
    banners,
    folders,
    history,
    in_use,
    is_on_trial,
    keep_time,
    name_of,
    note_failure,
    note_success,
    probe,
    refused_releases,
    roll_back,
    watched,
)
from leukoscope_edge.updates.comparison import Shadow
from leukoscope_edge.updates.context import Step, UpdateContext
from leukoscope_edge.updates.install import Installed, install, preview, recover
from leukoscope_edge.updates.manifest import Offer
from leukoscope_edge.updates.records_link import device_with
from leukoscope_edge.updates.slots import trust_root
from leukoscope_edge.updates.stick import FolderStick, Stick
from leukoscope_edge.updates.zipped import ZipStick, holds_update, open_stick

__all__ = [
    "FolderStick",
    "InUse",
    "Installed",
    "Offer",
    "Shadow",
    "Step",
    "Stick",
    "UpdateContext",
    "ZipStick",
    "active_bundle",
    "banners",
    "device_with",
    "folders",
    "history",
    "holds_update",
    "in_use",
    "install",
    "is_on_trial",
    "keep_time",
    "name_of",
    "note_failure",
    "note_success",
    "open_stick",
    "preview",
    "probe",
    "recover",
    "refused_releases",
    "roll_back",
    "trust_root",
    "watched",
]
