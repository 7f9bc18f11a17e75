"""How the device is, for Home and the quality page. Reads, and decides nothing."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from leukoscope_edge.web.device import Device
from leukoscope_edge.web.orders import Mode
from leukoscope_edge.web.rounds import GOLDEN_NOTE

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
BYTES_PER_SLIDE = 8_000_000
"""Measured: the pictures of a 240-cell simulated slide take 6 to 8 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One thing about the device, in words.

    Attributes:
        name: What it is about.
        value: How it is.
        is_good: Whether it is as it should be.
    """

    name: str
    value: str
    is_good: bool = True


def health(device: Device) -> list[Sign]:
    """Return the device's signs."""
    free = shutil.disk_usage(device.store.folder).free
    return [
        _camera(device),
        Sign(name="Model", value=device.bundle.card.id),
        Sign(name="Runs on", value=device.engine.name),
        Sign(
            name="Disk, slides",
            value=f"{free / 1e9:.0f} GB ≈ {free // BYTES_PER_SLIDE}",
            is_good=free > 10 * BYTES_PER_SLIDE,
        ),
        *_temperature(),
        _golden(device),
    ]


def notices(device: Device) -> list[str]:
    """Return what somebody should know at once, each as one sentence."""
    store = device.store
    return [
        *([device.why_off] if device.why_off else []),
        *(b for b in device.desk.banners if b != device.why_off),
        *([store.recovery.sentence] if store.recovery else []),
        *(f"Slide {i} is left out: {why}" for i, why in sorted(store.damaged.items())),
    ]


def _camera(device: Device) -> Sign:
    newest = device.counter.newest
    if newest.mode is Mode.FAILED:
        reason = str(newest.facts.get("instruction", ""))
        return Sign(name="Camera", value=reason, is_good=False)
    return Sign(name="Camera", value=device.profile.camera.source.split(":")[0])


def _temperature() -> list[Sign]:
    try:
        temp_c = int(THERMAL.read_text()) / 1000
    except (OSError, ValueError):
        return []
    return [Sign(name="Temperature", value=f"{temp_c:.0f} °C")]


def _golden(device: Device) -> Sign:
    tests = device.store.notes(GOLDEN_NOTE)
    if not tests:
        return Sign(name="Quality test", value="not run yet", is_good=False)
    newest = tests[-1]
    failed = newest.body["facts"].get("failed", "")
    at = newest.at[:16].replace("T", " ")
    return Sign(name="Quality test", value=failed or at, is_good=not failed)
