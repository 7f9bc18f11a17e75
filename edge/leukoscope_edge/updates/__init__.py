"""New models by USB stick: signed, power-safe, self-tested, reversible.

Offers the way of a release (`install`, `recover`, `roll_back`), what is in use, the
sticks that it comes on, and the words of a refusal (`Code`); `clock`, `slots` and
`state` are offered whole.
"""

from leukoscope_edge.updates import clock, slots, state
from leukoscope_edge.updates.active import (
    active_bundle,
    banners,
    folders,
    history,
    in_use,
    is_on_trial,
    keep_time,
    name_of,
    probe,
    refused_releases,
    roll_back,
    watched,
)
from leukoscope_edge.updates.codes import UNCHANGED, Code, refused
from leukoscope_edge.updates.comparison import Shadow
from leukoscope_edge.updates.context import Step, UpdateContext, time_floor
from leukoscope_edge.updates.install import install, preview, recover
from leukoscope_edge.updates.manifest import (
    MANIFEST_FORMAT,
    MANIFEST_NAME,
    FileFact,
    Manifest,
    Offer,
    parse_manifest,
)
from leukoscope_edge.updates.records_link import device_with
from leukoscope_edge.updates.slots import (
    models_folder,
    read_slot,
    release_of,
    trust_root,
)
from leukoscope_edge.updates.software import (
    LIST_NAME,
    LIST_TARGET,
    SETTINGS,
    SIGNED_FOLDER,
    TRUST,
    parse_list,
    take_software,
    trust_software,
)
from leukoscope_edge.updates.state import DOMAINS, SHIPPED, ModelEvent
from leukoscope_edge.updates.stick import (
    METADATA,
    TARGETS,
    UPDATE_FOLDER,
    FolderStick,
)
from leukoscope_edge.updates.zipped import ZIP_NAME, holds_update, open_stick

__all__ = [
    "DOMAINS",
    "LIST_NAME",
    "LIST_TARGET",
    "MANIFEST_FORMAT",
    "MANIFEST_NAME",
    "METADATA",
    "SETTINGS",
    "SHIPPED",
    "SIGNED_FOLDER",
    "TARGETS",
    "TRUST",
    "UNCHANGED",
    "UPDATE_FOLDER",
    "ZIP_NAME",
    "Code",
    "FileFact",
    "FolderStick",
    "Manifest",
    "ModelEvent",
    "Offer",
    "Shadow",
    "Step",
    "UpdateContext",
    "active_bundle",
    "banners",
    "clock",
    "device_with",
    "folders",
    "history",
    "holds_update",
    "in_use",
    "install",
    "is_on_trial",
    "keep_time",
    "models_folder",
    "name_of",
    "open_stick",
    "parse_list",
    "parse_manifest",
    "preview",
    "probe",
    "read_slot",
    "recover",
    "refused",
    "refused_releases",
    "release_of",
    "roll_back",
    "slots",
    "state",
    "take_software",
    "time_floor",
    "trust_root",
    "trust_software",
    "watched",
]
