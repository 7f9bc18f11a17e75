"""How the device is, for Home and the quality page. Reads, and decides nothing."""

from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from leukoscope_edge.service.health import read_health, signs
from leukoscope_edge.updates import clock
from leukoscope_edge.updates.device import time_floor
from leukoscope_edge.updates.slots import models_folder
from leukoscope_edge.updates.state import load as load_state
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.orders import Mode

BRIEF = ("Disk, slides", "Temperature")
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


def health(device: Device, *, briefly: bool = False) -> list[Sign]:
    """Return the device's signs; `leukoscope_edge.service.health` measures them.

    Args:
        device: The device.
        briefly: Leave out what is as it should be and nobody asks for before a slide.
    """
    found = read_health(device.store.folder)
    shown = [Sign(name=n, value=v, is_good=g) for n, v, g in signs(found or {})]
    fallen = [s for s in shown if s.name == "Runs on"]
    others = [s for s in shown if s.name != "Runs on"]
    return [
        _camera(device),
        Sign(name="Model", value=device.bundle.card.id),
        *(fallen or [Sign(name="Runs on", value=device.engine.name)]),
        *(s for s in others if not (briefly and s.is_good and s.name not in BRIEF)),
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


def page_facts(device: Device) -> dict[str, Any]:
    """Return what only the page's process knows, for everybody's health."""
    tests = device.store.notes("golden cells")
    floor = time_floor(load_state(models_folder(device.store.folder)))
    return {
        "bundle": device.bundle.card.id,
        "quality_test_at": tests[-1].at if tests else None,
        "clock": clock.assess(clock.utc_now(), floor).value,
    }


def _camera(device: Device) -> Sign:
    newest = device.counter.newest
    if newest.mode is Mode.FAILED:
        reason = str(newest.facts.get("instruction", ""))
        return Sign(name="Camera", value=reason, is_good=False)
    return Sign(name="Camera", value=device.profile.camera.source.split(":")[0])


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
