"""From the stick to a slot: everything before the new model is first run."""

import platform
import shutil
from pathlib import Path

from leukoscope_edge import __version__
from leukoscope_edge.durable import make_folder, read_plain, remove
from leukoscope_edge.errors import BundleError, as_told
from leukoscope_edge.inference import CARD_NAME, open_bundle, read_card
from leukoscope_edge.messages import message
from leukoscope_edge.updates import slots
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.context import Step, UpdateContext
from leukoscope_edge.updates.manifest import (
    MANIFEST_NAME,
    Manifest,
    Offer,
    admit,
    parse_manifest,
)
from leukoscope_edge.updates.state import State, Trial
from leukoscope_edge.updates.stick import Stick
from leukoscope_edge.updates.verify import Verifier, verify

SPARE_BYTES = 32 << 20
"""Room that an update leaves for records, on top of its own size."""


def receive(device: UpdateContext, stick: Stick, before: State) -> Trial:
    """Verify a stick's update and bring it into a slot.

    Args:
        device: Where it goes.
        stick: Where it comes from.
        before: What the device has.

    Returns:
        The slot, ready to be tried.

    Raises:
        UpdateError: U02 to U11, U13 to U15 or W01.
    """
    verifier, staged, manifest = _verified(device, stick, before)
    device.tell(Step.COPY, 0)
    for fact in manifest.files:
        verifier.copy(fact, staged)

    device.tell(Step.CHECK, 0)
    _check_copy(staged, manifest)
    device.tell(Step.STAGE, 0)
    slot = slots.slot_name(manifest, (staged / MANIFEST_NAME).read_bytes())
    root_version = verifier.root_version
    slots.place(device.models, staged, verifier.trust, slot)
    return Trial(slot=slot, domain=manifest.domain, root_version=root_version)


def look(device: UpdateContext, stick: Stick, before: State) -> Offer:
    """Verify what a stick offers; only its manifest and card are read.

    Raises:
        UpdateError: U02 to U10, U13 to U15 or W01.
    """
    verifier, staged, manifest = _verified(device, stick, before)
    for fact in manifest.files:
        if fact.name == CARD_NAME:
            verifier.copy(fact, staged)
    try:
        return Offer(manifest=manifest, card=read_card(staged))
    except BundleError as err:
        raise refused(Code.UNSUITED, as_told(err)) from err


def _verified(
    device: UpdateContext, stick: Stick, before: State
) -> tuple[Verifier, Path, Manifest]:
    """Verify a stick's metadata and manifest into fresh staging folders."""
    root = slots.trusted_root(device.models)
    staging = slots.staging_folder(device.models)
    _require_room(device.models, 0)
    staged, trust = _prepare(device.models, staging, before.trust)
    device.tell(Step.VERIFY, 0)
    verifier = verify(
        stick,
        root=root,
        trust=trust,
        spool=staging,
        progress=lambda n_bytes: device.tell(Step.COPY, n_bytes),
    )
    manifest = _admitted(verifier, staged, before)
    _require_room(device.models, manifest.total_bytes)
    return verifier, staged, manifest


def _require_room(models: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(models).free
    if free < n_bytes + SPARE_BYTES:
        need = (n_bytes + SPARE_BYTES) >> 20
        found = message("room-needed", free=free >> 20, need=need)
        raise refused(Code.NO_SPACE, found)


def _prepare(models: Path, staging: Path, trusted: str | None) -> tuple[Path, Path]:
    """Make the staging folders and copy the metadata that was verified last."""
    staged, trust = staging / "bundle", staging / "trust"
    remove(staging)
    make_folder(staged, mode=0o755)
    make_folder(trust / "root_history", mode=0o755)
    if trusted is not None:
        _copy_metadata(slots.trust_folder(models, trusted), trust)
    return staged, trust


def _copy_metadata(source: Path, target: Path) -> None:
    """Copy what was verified last, as far as it can be read.

    A part that is lost costs no safety: signatures are checked from the root on, and
    the floor keeps old releases out.
    """
    for path in (*source.glob("*.json"), *source.glob("root_history/*.json")):
        try:
            data = read_plain(path, follows_links=False)
        except OSError:
            continue
        (target / path.relative_to(source)).write_bytes(data)


def _admitted(verifier: Verifier, staged: Path, before: State) -> Manifest:
    manifest = parse_manifest(verifier.manifest(staged))
    admit(
        manifest,
        floor=before.floor,
        bad=before.bad,
        here={slots.release_of(slot) for slot in before.slots_in_use()},
        root_version=verifier.root_version,
        software=__version__,
        machine=platform.machine(),
    )
    return manifest


def _check_copy(staged: Path, manifest: Manifest) -> None:
    """Hash the copy on this disk, and open it as the program would.

    Raises:
        UpdateError: U03 where the copy is not what was signed, U11 where what was
            signed is no model that this program could run.
    """
    for fact in manifest.files:
        if not slots.is_as_signed(staged, fact):
            raise refused(Code.DAMAGED, message("copy-changed", file=fact.name))
    try:
        card = open_bundle(staged).card
    except BundleError as err:
        raise refused(Code.SELF_TEST, as_told(err)) from err
    if (card.id, card.domain) != (manifest.bundle_id, manifest.domain):
        raise refused(Code.SELF_TEST, message("card-differs", model=card.id))
