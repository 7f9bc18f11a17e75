"""How the device is, for Home and the quality page. Reads, and decides nothing."""

from typing import Any

from leukoscope_edge.capture import is_simulated
from leukoscope_edge.i18n import local_time
from leukoscope_edge.live import Mode
from leukoscope_edge.messages import Message, message, told_from
from leukoscope_edge.quality import GOLDEN_NOTE, scales
from leukoscope_edge.service import FOUND_BY, Sign, read_health, signs
from leukoscope_edge.types import hardware_of
from leukoscope_edge.updates import clock, models_folder, state, time_floor
from leukoscope_edge.web.device import Device

BRIEF = ("Disk, slides", "Temperature")


def health(device: Device, *, briefly: bool = False) -> list[Sign]:
    """Return the device's signs; `leukoscope_edge.service.health` measures them.

    Args:
        device: The device.
        briefly: Leave out what is as it should be and nobody asks for before a slide.
    """
    shown = signs(_measured(device))
    fallen = [s for s in shown if s.name == "Runs on"]
    others = [s for s in shown if s.name not in ("Runs on", "Camera")]
    return [
        _camera(device, [s for s in shown if s.name == "Camera"]),
        Sign(name="Model", words=(device.bundle.card.id,)),
        *(fallen or [Sign(name="Runs on", words=(hardware_of(device.engine.name),))]),
        *(s for s in others if not (briefly and _is_left_out(s))),
        _golden(device),
    ]


def _measured(device: Device) -> dict[str, Any]:
    """Return the newest figures, with the scales of this moment.

    The file is some seconds old: who has just calibrated would read the scale before.
    """
    found = read_health(device.store.folder) or {}
    page = found.get("parts", {}).get("page", {})
    scales_now = _scales(device)
    if "facts" in page and scales_now is not None:
        page["facts"]["scales_um_per_px"] = scales_now
    return found


def _is_left_out(sign: Sign) -> bool:
    """Say whether nobody asks for it before a slide, or a notice says it."""
    return sign.name == FOUND_BY or (sign.is_good and sign.name not in BRIEF)


def notices(device: Device) -> list[str | Message]:
    """Return what somebody should know at once, each as one sentence."""
    store, found_by = device.store, device.counter.newest.facts.get("found_by", "")
    return [
        *([device.why_off] if device.why_off else []),
        *(b for b in device.banners if b != device.why_off),
        *([found_by] if found_by else []),
        *(store.recovery.messages if store.recovery else ()),
        *store.troubles,
        *device.hospital_troubles,
        *(
            message("slide-left-out", slide=i, why=why)
            for i, why in sorted(store.reader.damaged.items())
        ),
    ]


def page_facts(device: Device) -> dict[str, Any]:
    """Return what only the page's process knows, for everybody's health."""
    tests = device.store.log.notes(GOLDEN_NOTE, newest=1)
    floor = time_floor(state.load(models_folder(device.store.folder)))
    return {
        "bundle": device.bundle.card.id,
        "quality_test_at": tests[-1].at if tests else None,
        "clock": clock.assess(clock.utc_now(), floor).value,
        "scales_um_per_px": _scales(device),
    }


def _scales(device: Device) -> dict[str, float] | None:
    """Return the camera's scales by objective, None where it brings its own."""
    camera = device.profile.camera
    if is_simulated(camera.source):
        return None
    return {k: s.um_per_px for k, s in scales(device.store, camera).items()}


def _camera(device: Device, measured: list[Sign]) -> Sign:
    newest = device.counter.newest
    if newest.mode is Mode.FAILED:
        reason = told_from(newest.facts.get("instruction", ""))
        return Sign(name="Camera", words=(reason,), is_good=False)
    source = device.profile.camera.source.split(":")[0]
    return next(iter(measured), Sign(name="Camera", words=(source,)))


def _golden(device: Device) -> Sign:
    tests = device.store.log.notes(GOLDEN_NOTE, newest=1)
    if not tests:
        return Sign(name="Quality test", words=("not run yet",), is_good=False)
    newest = tests[-1]
    failed = newest.body["facts"].get("failed", "")
    return Sign(
        name="Quality test",
        words=(failed or local_time(newest.at),),
        is_good=not failed,
    )
