"""The model in use: which one it is, whether it still works, and the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from leukoscope_edge.errors import BundleError, UpdateError, as_told
from leukoscope_edge.inference import read_card
from leukoscope_edge.messages import Message, message
from leukoscope_edge.types import Domain
from leukoscope_edge.updates import clock, slots, state
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.context import UpdateContext, time_floor
from leukoscope_edge.updates.install import bundle_folder, is_usable
from leukoscope_edge.updates.manifest import MANIFEST_NAME, parse_manifest
from leukoscope_edge.updates.own_disk import own_disk
from leukoscope_edge.updates.state import DOMAINS, SHIPPED, Lane, ModelEvent, State

TIME_STEP = timedelta(hours=1)
"""The commit file is not written for less."""
MAX_FAILURES = 3
"""Failures in a row of the model in use before the one before it takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A domain's model.

    Attributes:
        domain: Real or simulated.
        folder: Its bundle, None where no installed model is whole.
        slot: SHIPPED, a slot's name, or None.
        previous: What a rollback returns to, the same way.
        fallback: True where the one before serves because this one is damaged.
    """

    domain: Domain
    folder: Path | None
    slot: str | None
    previous: str | None
    fallback: bool = False


def in_use(data: Path, domain: Domain) -> InUse:
    """Hash and return a domain's model; writes nothing.

    A damaged model is passed over for the one before it, and that is said.
    """
    models = slots.models_folder(data)
    lane = state.load(models).lanes[domain]
    for slot, is_spare in ((lane.active, False), (lane.previous, True)):
        if slot is not None and is_usable(models, slot):
            return InUse(
                domain=domain,
                folder=bundle_folder(models, slot, domain),
                slot=slot,
                previous=None if is_spare else lane.previous,
                fallback=is_spare,
            )
    return InUse(domain=domain, folder=None, slot=None, previous=None)


def active_bundle(data: Path, domain: Domain) -> Path | None:
    """Return the installed bundle to screen with, None for the shipped one.

    Every file was hashed a moment ago. No clock and no signature is asked: what was
    accepted once stays usable.

    Raises:
        UpdateError: S01; a model was installed and none is whole any more.
    """
    used = in_use(data, domain)
    if used.slot is None:
        where = message("slides-below", what=domain_said(domain), folder=str(data))
        raise refused(Code.NO_MODEL, where)
    return None if used.slot == SHIPPED else used.folder


def roll_back(device: UpdateContext, domain: Domain, by: str = "") -> InUse:
    """Change the model in use with the one before it; again changes them back.

    Where nothing was before it, or nothing is whole, the shipped model serves.

    Raises:
        UpdateError: U18; the shipped model is in use already.
    """

    def swap(now: State, lane: Lane) -> State:
        if lane.active == SHIPPED and lane.previous is None:
            raise refused(Code.NOTHING_BEFORE)
        spare = lane.previous if is_usable(device.models, lane.previous) else SHIPPED
        event = device.event("rolled back", domain, str(lane.active), by)
        return now.with_lane(
            domain, Lane(active=spare, previous=lane.active)
        ).with_event(event)

    _change(device, domain, swap)
    return in_use(device.data, domain)


def note_failure(device: UpdateContext, domain: Domain, why: str | Message) -> bool:
    """Count a failure of the model in use; too many, and the one before takes over.

    Args:
        device: The device.
        domain: Whose model failed.
        why: What happened; no patient's name.

    Returns:
        Whether the model was given up.
    """

    def count(now: State, lane: Lane) -> State:
        n_failures = lane.n_failures + 1
        if n_failures < MAX_FAILURES:
            return now.with_lane(domain, replace(lane, n_failures=n_failures))
        return _given_up(device, now, domain, why)

    before = state.load(device.models).lanes[domain].active
    if before in (None, SHIPPED):
        return False
    return _change(device, domain, count).lanes[domain].active != before


def note_success(device: UpdateContext, domain: Domain) -> None:
    """Forget earlier failures: the model in use works."""
    if state.load(device.models).lanes[domain].n_failures:
        _change(
            device,
            domain,
            lambda now, lane: now.with_lane(domain, replace(lane, n_failures=0)),
        )


@contextmanager
def watched(device: UpdateContext, folder: Path, domain: Domain) -> Iterator[None]:
    """Count it where the installed model fails; forget earlier failures if not.

    Args:
        device: The device.
        folder: Of the bundle that is used; another than the installed one is no
            concern of ours.
        domain: Of the bundle.
    """
    is_ours = slots.models_folder(device.data) in folder.parents
    try:
        yield
    except BundleError as err:
        if is_ours:
            note_failure(device, domain, as_told(err))
        raise
    if is_ours:
        note_success(device, domain)


def probe(device: UpdateContext, domain: Domain) -> None:
    """Run the stored cells of the installed model again; meant for once a day.

    Raises:
        UpdateError: U11; it failed, and the model before it is in use now.
    """
    used = in_use(device.data, domain)
    if used.folder is None or used.slot == SHIPPED:
        return
    try:
        device.try_model(used.folder)
    except UpdateError as err:
        told = err.told
        _change(device, domain, lambda now, _: _given_up(device, now, domain, told))
        raise


def keep_time(device: UpdateContext) -> None:
    """Write down that time has passed, if the clock is believed; meant for hourly."""
    now = state.load(device.models)
    if clock.raised(time_floor(now), device.now()) < time_floor(now) + TIME_STEP:
        return
    with slots.locked(device.models), own_disk():
        now = state.load(device.models)
        floor = clock.raised(time_floor(now), device.now())
        state.save(device.models, replace(now, time_floor=floor.isoformat()))


def history(data: Path) -> tuple[ModelEvent, ...]:
    """Return what happened to this device's models, oldest first."""
    return state.load(slots.models_folder(data)).events


def banners(device: UpdateContext) -> tuple[Message, ...]:
    """Return what the page shows about models and time, every line once."""
    now, lines = state.load(device.models), list[Message]()
    for domain in DOMAINS:
        used = in_use(device.data, domain)
        if used.folder is None:
            lines.append(Code.NO_MODEL.told(domain_said(domain)))
            continue
        if used.fallback:
            lines.append(message("model-damaged", what=domain_said(domain)))
        lines += clock.banners(device.now(), time_floor(now), _review_by(used))
    return tuple(dict.fromkeys(lines))


def domain_said(domain: Domain) -> Message:
    """Return the name of a domain, for a sentence."""
    return message(f"domain-{domain}")


def folders(data: Path, domain: Domain) -> tuple[Path, ...]:
    """Return the bundles of a domain that are here: in use, before it, shipped."""
    models = slots.models_folder(data)
    lane = state.load(models).lanes[domain]
    names = dict.fromkeys(n for n in (lane.active, lane.previous, SHIPPED) if n)
    return tuple(bundle_folder(models, name, domain) for name in names)


def is_on_trial(data: Path) -> bool:
    """Say whether a model has yet to prove itself: which one counts is still open."""
    return state.load(slots.models_folder(data)).trial is not None


def refused_releases(data: Path) -> tuple[str, ...]:
    """Return the releases that failed here or were withdrawn."""
    return state.load(slots.models_folder(data)).bad


def name_of(data: Path, slot: str | None, domain: Domain) -> str:
    """Return the id of a lane's model, as far as it can still be read."""
    if slot is None:
        return "none"
    folder = bundle_folder(slots.models_folder(data), slot, domain)
    return read_card(folder).id


def _review_by(used: InUse) -> str | None:
    if used.folder is None or used.slot == SHIPPED:
        return None
    return parse_manifest((used.folder / MANIFEST_NAME).read_bytes()).review_by


def _given_up(
    device: UpdateContext, now: State, domain: Domain, why: str | Message
) -> State:
    lane = now.lanes[domain]
    spare = lane.previous if is_usable(device.models, lane.previous) else None
    slot = str(lane.active)
    bad = tuple(sorted({*now.bad, slots.release_of(slot)}))
    event = device.event("given up", domain, slot, why)
    return replace(now, bad=bad).with_lane(domain, Lane(active=spare)).with_event(event)


def _change(
    device: UpdateContext, domain: Domain, change: Callable[[State, Lane], State]
) -> State:
    with slots.locked(device.models), own_disk():
        now = state.load(device.models)
        changed = change(now, now.lanes[domain])
        return now if changed == now else state.save(device.models, changed)
