"""The API about the device: its model, its tests, its records as a whole."""

import subprocess
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from leukoscope_edge import updates
from leukoscope_edge.accounts import Person, Right, Role
from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.live import BUSY
from leukoscope_edge.log import passing_over
from leukoscope_edge.media import new_file_on, stick_named
from leukoscope_edge.messages import Message, message
from leukoscope_edge.quality import begin_new_band
from leukoscope_edge.quality import cell_location as location
from leukoscope_edge.records.backups import (
    backup_name,
    note_backup,
    restore_backup,
    seal,
)
from leukoscope_edge.web.access import (
    SignInFirstError,
    check_pin,
    device_of,
    may,
    refusal,
)
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.forms import (
    Accepted,
    Backup,
    NewBand,
    OnQualitySlide,
    OnStick,
    Restore,
)
from leukoscope_edge.web.log import LOG_NAME, log_text
from leukoscope_edge.web.maintenance import look_at_model, run_golden
from leukoscope_edge.web.model_list import open_slides

router = APIRouter(prefix="/api")
Checker = Annotated[Person, Depends(may(Right.QUALITY))]
Installer = Annotated[Person, Depends(may(Right.MODEL))]
Recorder = Annotated[Person, Depends(may(Right.RECORDS))]
DEVICE_RIGHT = Depends(may(Right.DEVICE))
POWER_OFF, POWER_OFF_S = ("systemctl", "poweroff"), 20.0


@router.get("/update")
def update_progress(request: Request) -> dict[str, Any]:
    """Return how far an update is; asking is no sign of life."""
    device = device_of(request)
    if device.person(request, touch=False) is None:
        raise SignInFirstError
    progress = device.update_session.progress
    return {
        "stage": progress.stage.value,
        "step": progress.step.name if progress.step else "",
        "fraction": round(progress.fraction, 3),
        "serves": device.bundle.card.id,
        "is_ending": device.lifecycle.is_ending or not device.store.is_sound,
    }


@router.post("/update/look")
def look(body: OnStick, request: Request, _: Installer) -> dict[str, str]:
    """Verify what a stick offers."""
    device = device_of(request)
    device.update_session.look(device.store, stick_named(device.profile, body.stick))
    return {"next": "/update"}


@router.post("/update/install")
def install(body: OnStick, request: Request, person: Installer) -> dict[str, str]:
    """Begin to install what was looked at."""
    device = device_of(request)
    _require_no_slide(device)
    stick = stick_named(device.profile, body.stick)
    device.update_session.install(
        device.store, stick, person.name, device.lifecycle.reopen
    )
    return {"next": "/update"}


@router.post("/update/accept")
def accept(body: Accepted, request: Request, _: Installer) -> dict[str, str]:
    """Accept what the new model changes, by the name and PIN of a supervisor."""
    device = device_of(request)
    supervisor = device.people.find(body.name)
    if supervisor is None or supervisor.role is not Role.SUPERVISOR:
        raise refusal(403, "supervisor-accepts")
    check_pin(request, supervisor.name, body.pin)
    device.update_session.answer(supervisor.name)
    return {"next": "/update"}


@router.post("/update/decline")
def decline(request: Request, _: Installer) -> dict[str, str]:
    """Accept nothing: the model in use stays."""
    device_of(request).update_session.answer(None)
    return {"next": "/update"}


@router.post("/update/clear")
def clear(request: Request, _: Installer) -> dict[str, str]:
    """Forget what came of the last update."""
    device_of(request).update_session.clear()
    return {"next": "/update"}


@router.post("/update/roll-back")
def roll_back(request: Request, person: Installer) -> dict[str, str]:
    """Use the model before this one."""
    device = device_of(request)
    _require_no_slide(device)
    device.update_session.clear()
    about = updates.device_with(device.store)
    domain = device.bundle.card.domain
    used = updates.roll_back(about, domain, person.name)
    name = updates.name_of(device.store.folder, used.slot, domain)
    device.store.log.note("model rolled back", {"model": name}, person.name)
    device.update_session.say(message("model-in-use", name=name))
    look_at_model(device)
    return {"next": "/update"}


@router.post("/device/golden-cells")
def golden_cells(request: Request, person: Checker) -> dict[str, Any]:
    """Run the model's stored cells and compare with the stored answers."""
    device = device_of(request)
    return {"largest_logit_difference": run_golden(device, person.name)}


@router.post("/device/cell-location")
def cell_location(request: Request, person: Checker) -> dict[str, Any]:
    """Look for the cells of drawn fields."""
    day = location.run_drawn(device_of(request).store, person.name)
    return {"n_present": day.n_present, "n_located": day.n_located}


@router.post("/device/quality-slide")
def quality_slide(
    body: OnQualitySlide, request: Request, person: Checker
) -> dict[str, str]:
    """Keep what was counted on today's quality slide."""
    store = device_of(request).store
    location.keep_quality_slide(store, body.n_present, body.n_located, person.name)
    return {"next": "/device"}


@router.post("/device/new-band")
def new_band(
    body: NewBand, request: Request, person: Annotated[Person, DEVICE_RIGHT]
) -> dict[str, str]:
    """Begin the bands of lamp and stain anew."""
    begin_new_band(device_of(request).store, body.why, body.reason, person.name)
    return {"next": "/device"}


@router.post("/device/power-off")
def power_off(request: Request, person: Checker) -> dict[str, str]:
    """Power the machine off, where its profile lets the page do so."""
    device = device_of(request)
    _require_no_count(device)
    if not device.profile.may_power_off:
        raise StepError(message("switch-off"))
    with passing_over(
        RecordError, doing="noting that power goes off"
    ):  # whatever the records are at, off is off
        device.store.log.note("power off", {}, person.name)
    try:
        subprocess.run(POWER_OFF, check=True, capture_output=True, timeout=POWER_OFF_S)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError) as err:
        raise StepError(message("no-power-off", why=str(err))) from err
    return {"next": "/device"}


@router.post("/records/backup")
def backup(body: Backup, request: Request, person: Recorder) -> dict[str, str]:
    """Write all records to a stick, sealed."""
    device = device_of(request)
    _require_no_count(device)
    name = backup_name(device.store)
    with new_file_on(device.profile, body.stick, name) as file:
        seal(device.store, file, body.passphrase)
        place = file.keep()
    note_backup(device.store, name, person.name)
    told = message("backup-on-stick", name=str(place))
    device.update_session.say_to(person.name, told)
    return {"next": "/device"}


@router.post("/device/log-to-stick")
def log_to_stick(body: OnStick, request: Request, _: Checker) -> dict[str, str]:
    """Put the log for service on a stick."""
    device = device_of(request)
    with new_file_on(device.profile, body.stick, LOG_NAME) as file:
        file.write(log_text(device).encode())
        place = file.keep()
    return {"place": place}


@router.post("/records/restore")
def restore(body: Restore, request: Request, person: Recorder) -> dict[str, str]:
    """Put a backup in the place of the records, once the server has closed them."""
    device = device_of(request)
    check_pin(request, person.name, body.pin)
    _require_no_count(device)
    path = stick_named(device.profile, body.stick) / body.file
    folder, by, passphrase = device.store.folder, person.name, body.passphrase

    def put_back() -> Message:
        before = restore_backup(path, folder, passphrase, by)
        if before is None:
            return message("restored", file=path.name)
        return message("restored-kept", file=path.name, folder=before.name)

    session = device.update_session
    device.lifecycle.reopen(put_back, session.say, session.say_trouble)
    return {"next": "/device"}


def _require_no_count(device: Device) -> None:
    newest = device.counter.newest
    if newest.mode in BUSY:
        raise StepError(message("being-counted", slide=newest.slide))
    device.require_no_install()


def _require_no_slide(device: Device) -> None:
    """Let no model change while one counts: a slide is judged by one model.

    Raises:
        StepError: A slide is open.
    """
    _require_no_count(device)
    if slides := open_slides(device):
        named = ", ".join(sorted(r.id for r in slides)[:5])
        raise StepError(message("slides-open", name=named))
