"""How the device is, for Home and the quality page. Reads, and decides nothing."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from leukoscope_edge.web.device import Device
from leukoscope_edge.web.orders import Mode

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
BYTES_PER_SLIDE = 8_000_000
"""Measured: the pictures of a 240-cell simulated slide take 6 to 8 MB."""
MIN_POINTS = 5
"""Fewer points have no spread worth drawing a band for."""
N_POINTS = 30


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A quality figure over time (Levey-Jennings).

    Attributes:
        name: What is measured.
        values: The newest last.
        mean: Of all, None where there are too few.
        sd: Their standard deviation, likewise.
    """

    name: str
    values: tuple[float, ...]
    mean: float | None
    sd: float | None


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
    tests = device.store.notes("golden cells")
    if not tests:
        return Sign(name="Quality test", value="not run yet", is_good=False)
    return Sign(name="Quality test", value=tests[-1].at[:16].replace("T", " "))


def trends(device: Device) -> list[Trend]:
    """Return the figures that are kept over time."""
    golden = [
        e.body["facts"]["largest_logit_difference"]
        for e in device.store.notes("golden cells")
    ]
    figures: dict[str, list[float]] = {"golden cells": golden}
    for event in device.store.notes("light"):
        for name, value in event.body["facts"].items():
            figures.setdefault(name, []).append(value)
    return [trend(name, values) for name, values in figures.items() if values]


def trend(name: str, values: list[float]) -> Trend:
    """Return a trend with its band, from the newest values."""
    newest = tuple(values[-N_POINTS:])
    if len(newest) < MIN_POINTS:
        return Trend(name=name, values=newest, mean=None, sd=None)
    return Trend(name=name, values=newest, mean=fmean(newest), sd=stdev(newest))


def plot_points(shown: Trend, width: int, height: int) -> dict[str, Any]:
    """Return where a trend's points and band lie in a drawing of so many pixels."""
    low, high = min(shown.values), max(shown.values)
    if shown.mean is not None and shown.sd is not None:
        low = min(low, shown.mean - 3 * shown.sd)
        high = max(high, shown.mean + 3 * shown.sd)
    span = (high - low) or 1.0
    step = width / max(len(shown.values) - 1, 1)

    def y(value: float) -> float:
        return round(height - (value - low) / span * height, 1)

    band = []
    if shown.mean is not None and shown.sd is not None:
        band = [y(shown.mean + k * shown.sd) for k in (-2, 0, 2)]
    points = [(round(i * step, 1), y(v)) for i, v in enumerate(shown.values)]
    return {"points": points, "band": band}
