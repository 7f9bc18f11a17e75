"""One update from the stick to the commit: every step can be cut and begun again.

    PREFLIGHT  finish what an earlier cut left; the root of trust; room on the disk
    VERIFY     TUF over a copy of the trusted metadata; is this release new, for us?
    COPY       each signed file into staging, hashed on the way
    CHECK      every staged file again from this disk; card, manifest and limits
    STAGE      synced, read-only, renamed into its slot
    TRIAL      the try is counted first, then the stored cells run in a child
    SHADOW     earlier cells called again; a person accepts a change by name
    COMMIT     one save: the new model, the old one to go back to, the higher floor

Up to STAGE a cut leaves litter that the next start sweeps away. From TRIAL on the
commit file knows, and the next start goes on; after two cut tries it gives the release
up. Only COMMIT changes the model in use.
"""

import contextlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from leukoscope_edge.durable import remove
from leukoscope_edge.errors import BundleError, LeukoscopeError, UpdateError, as_told
from leukoscope_edge.inference import (
    open_bundle,
    open_engine,
    read_card,
    shipped_bundle_for,
)
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message
from leukoscope_edge.types import Domain
from leukoscope_edge.updates import slots, state
from leukoscope_edge.updates.clock import at_midnight, raised
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.comparison import Shadow, compare
from leukoscope_edge.updates.context import Step, UpdateContext, time_floor
from leukoscope_edge.updates.manifest import Floor, Manifest, Offer
from leukoscope_edge.updates.own_disk import own_disk
from leukoscope_edge.updates.state import SHIPPED, Lane, State, Trial
from leukoscope_edge.updates.stick import Stick

MAX_TRIES = 2
"""A model that takes the device down twice is not tried a third time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An update that went through.

    Attributes:
        manifest: Of the model now in use.
        shadow: How it differs from the one before on earlier cells.
        accepted_by: Who accepted that; empty where nothing differs.
    """

    manifest: Manifest
    shadow: Shadow
    accepted_by: str


def install(device: UpdateContext, stick: Stick) -> Installed:
    """Take an update from a stick.

    Args:
        device: Where it goes.
        stick: Where it comes from; it may leave once TRIAL is told.

    Raises:
        UpdateError: By its code; the model in use has not changed.
    """
    from leukoscope_edge.updates.stage import receive  # brings in tuf

    with slots.locked(device.models), own_disk():
        device.tell(Step.PREFLIGHT, 0)
        before = _settle(device)
        try:
            trial = receive(device, stick, before)
        finally:
            with contextlib.suppress(OSError):  # else the next start sweeps it away
                remove(slots.staging_folder(device.models))
        staged = state.save(device.models, replace(before, trial=trial))
        installed = _finish(device, staged, trial)
        after = state.load(device.models)
        with contextlib.suppress(OSError):  # done already; the next start sweeps again
            slots.sweep(device.models, after)
        _keep_floor(device, after.floor)
        device.tell(Step.DONE, 0)
        return installed


def preview(device: UpdateContext, stick: Stick) -> Offer:
    """Verify what a stick offers, without taking it.

    Args:
        device: Where it would go.
        stick: Where it would come from.

    Raises:
        UpdateError: By its code; nothing has changed.
    """
    from leukoscope_edge.updates.stage import look  # brings in tuf

    with slots.locked(device.models), own_disk():
        try:
            return look(device, stick, _settle(device))
        finally:
            with contextlib.suppress(OSError):
                remove(slots.staging_folder(device.models))


def recover(device: UpdateContext) -> State:
    """Finish or undo whatever a cut left; to be called at every start.

    A trial that fails here is a line in the history, not an error.

    Raises:
        UpdateError: U08, U09 or U16; the disk fails or another updater is at work.
    """
    with slots.locked(device.models), own_disk():
        return _settle(device)


def is_usable(models: Path, slot: str | None) -> bool:
    """Return whether a lane's entry names a whole model."""
    if slot is None:
        return False
    return slot == SHIPPED or slots.read_slot(models, slot) is not None


def bundle_folder(models: Path, slot: str, domain: Domain) -> Path:
    """Return the folder of a lane's model, shipped or installed."""
    if slot == SHIPPED:
        return shipped_bundle_for(domain)
    return slots.slot_folder(models, slot)


def _settle(device: UpdateContext) -> State:
    now = state.load(device.models, device.kept_floor)
    if now.trial is not None:
        with passing_over(
            UpdateError, doing="ending a trial that a stop caught"
        ):  # the history says what became of it
            _finish(device, now, now.trial)
        now = state.load(device.models, device.kept_floor)
    mended = _without_damaged(device, now)
    if mended != now or not state.is_settled(device.models):
        mended = state.save(device.models, mended)
    slots.sweep(device.models, mended)
    _keep_floor(device, mended.floor)
    return mended


def _keep_floor(device: UpdateContext, floor: Floor) -> None:
    """Keep the copy outside this folder; the next start tries again."""
    if floor > device.kept_floor:
        with passing_over(LeukoscopeError, doing="keeping the floor of versions apart"):
            device.keep_floor(floor)


def _without_damaged(device: UpdateContext, now: State) -> State:
    """Replace every damaged model in use by the one before it."""
    for domain, lane in now.lanes.items():
        if lane.active is None or is_usable(device.models, lane.active):
            continue
        spare = lane.previous if is_usable(device.models, lane.previous) else None
        told = message("now-slot", slot=str(spare))
        event = device.event("damaged", domain, lane.active, told)
        now = now.with_lane(domain, Lane(active=spare)).with_event(event)
    return now


def _finish(device: UpdateContext, now: State, trial: Trial) -> Installed:
    """Try a staged model and commit it, or give it up."""
    manifest = slots.read_slot(device.models, trial.slot)
    if manifest is None:
        _drop(device, now, trial, message("slot-its"))
        raise refused(Code.DEVICE_DISK, message("slot", name=trial.slot))
    if trial.n_tries >= MAX_TRIES:
        _condemn(device, now, trial, message("cut-short"))
        raise refused(Code.CUT_SHORT, manifest.bundle_id)
    trial = replace(trial, n_tries=trial.n_tries + 1)
    now = state.save(device.models, replace(now, trial=trial))
    try:
        shadow = _tried(device, now, trial)
    except UpdateError as err:
        _condemn(device, now, trial, err.told)
        raise
    accepted_by = device.accept(shadow) if shadow.needs_acceptance else ""
    if accepted_by is None:
        _drop(device, now, trial, message("not-accepted", what=shadow.told))
        raise refused(Code.NOT_ACCEPTED, shadow.told)
    device.tell(Step.COMMIT, 0)
    _commit(device, now, trial, manifest, _note(shadow, accepted_by))
    return Installed(manifest=manifest, shadow=shadow, accepted_by=accepted_by)


def _tried(device: UpdateContext, now: State, trial: Trial) -> Shadow:
    """Run the stored cells in a child, then the earlier cells here.

    Raises:
        UpdateError: U11.
    """
    folder = slots.slot_folder(device.models, trial.slot)
    device.tell(Step.TRIAL, 0)
    device.try_model(folder)
    _require_own_id(device, now, trial)
    device.tell(Step.SHADOW, 0)
    cells = iter(device.cells)
    first = next(cells, None)
    active = now.lanes[trial.domain].active
    if first is None or active is None:
        return Shadow()
    old_card = read_card(bundle_folder(device.models, active, trial.domain))
    try:
        bundle = open_bundle(folder)
        with open_engine(bundle) as engine:
            return compare(
                itertools.chain([first], cells), engine, bundle.card, old_card
            )
    except BundleError as err:
        raise refused(Code.SELF_TEST, as_told(err)) from err


def _require_own_id(device: UpdateContext, now: State, trial: Trial) -> None:
    """Let no two models here have one id: a slide says by it who judged.

    Raises:
        UpdateError: U11; a model that is here has the id, and another card.
    """
    card = read_card(slots.slot_folder(device.models, trial.slot))
    lane = now.lanes[trial.domain]
    for slot in dict.fromkeys((lane.active, lane.previous, SHIPPED)):
        if slot is None or slot == trial.slot:
            continue
        with passing_over(
            BundleError, doing="comparing the id of a model that is here"
        ):  # a damaged one says nothing
            here = read_card(bundle_folder(device.models, slot, trial.domain))
            if here.id == card.id and here.digest != card.digest:
                taken = message("model-of-this-id", model=card.id)
                raise refused(Code.SELF_TEST, taken)


def _commit(
    device: UpdateContext, now: State, trial: Trial, manifest: Manifest, note: Message
) -> None:
    bad = tuple(sorted({*now.bad, *manifest.revokes}))
    lane = Lane(active=trial.slot, previous=now.lanes[trial.domain].active)
    lanes = {**now.lanes, trial.domain: lane}
    known = max(time_floor(now), at_midnight(manifest.issued))
    committed = replace(
        now,
        lanes={domain: _unrevoked(lane, bad) for domain, lane in lanes.items()},
        trial=None,
        bad=bad,
        trust=trial.slot,
        floor=Floor(
            epoch=manifest.epoch,
            sequence=manifest.sequence,
            root_version=max(now.floor.root_version, trial.root_version),
        ),
        time_floor=raised(known, device.now()).isoformat(),
    )
    event = device.event("installed", trial.domain, trial.slot, note)
    state.save(device.models, committed.with_event(event))


def _unrevoked(lane: Lane, bad: tuple[str, ...]) -> Lane:
    names = [n for n in (lane.active, lane.previous) if n]
    good = [n for n in names if slots.release_of(n) not in bad]
    if good == names:
        return lane
    active, previous = (*good, None, None)[:2]
    return Lane(active=active, previous=previous)


def _condemn(device: UpdateContext, now: State, trial: Trial, why: Message) -> None:
    """End a trial and never try this release again."""
    bad = tuple(sorted({*now.bad, slots.release_of(trial.slot)}))
    event = device.event("failed", trial.domain, trial.slot, why)
    state.save(device.models, replace(now, trial=None, bad=bad).with_event(event))


def _drop(device: UpdateContext, now: State, trial: Trial, why: Message) -> None:
    """End a trial through no fault of the release."""
    event = device.event("dropped", trial.domain, trial.slot, why)
    state.save(device.models, replace(now, trial=None).with_event(event))


def _note(shadow: Shadow, accepted_by: str) -> Message:
    if not accepted_by:
        return shadow.told
    return message("accepted-by", what=shadow.told, name=accepted_by)
