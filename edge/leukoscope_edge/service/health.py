"""How the device is: measured here, and only here, every two seconds.

The supervisor measures and leaves the figures in memory; the page, `leukoscope health`
and `/metrics` show the same ones. Plain values throughout, no patient in any.
"""

import os
import pwd
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leukoscope_edge.messages import (
    Message,
    Say,
    in_english,
    message,
    said_by,
    told_from,
)
from leukoscope_edge.service import disk, heat, processes
from leukoscope_edge.service.heartbeat import read_json, run_folder, write_json
from leukoscope_edge.service.supervisor import Part, Supervisor
from leukoscope_edge.types import hardware_of

HEALTH = "health.json"
FOUND_BY = "Cells found by"
STALE_S = 10.0
"""Figures older than five rounds are nobody's health any more."""


@dataclass(slots=True)
class _Used:
    at_s: float
    cpu_s: float


class HealthWriter:
    """Measures what needs two looks, and leaves the figures for all to read."""

    def __init__(
        self,
        data_dir: Path,
        sys: Path = heat.SYS,
        *,
        now_s: Callable[[], float] = time.monotonic,
        family: Callable[[int], Sequence[processes.Process]] = processes.family,
    ) -> None:
        """Begin.

        Args:
            data_dir: Of the records.
            sys: Root of the kernel's files.
            now_s: The clock, monotonic.
            family: Measures a process and those that it started.
        """
        self._data_dir, self._sys = data_dir, sys
        self._now_s, self._family = now_s, family
        self._used: dict[int, _Used] = {}

    def write(self, supervisor: Supervisor) -> None:
        """Measure and leave the figures."""
        found = {
            "at_s": time.monotonic(),
            "safe": supervisor.state.safe,
            "is_cpu_only": supervisor.state.is_cpu_only,
            "processes": self._processes(supervisor.parts),
            "parts": {p.name: _part(p, supervisor.folder) for p in supervisor.parts},
            "disk": self._disk(),
            "temperature_c": heat.temperature_c(self._sys),
            "throttling": heat.throttling(self._sys),
        }
        write_json(supervisor.folder / HEALTH, found)

    def _processes(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        names = {p.pid: p.name for p in parts if p.pid is not None}
        own = self._family(os.getpid())
        shown = [self._process(p, names) for p in own]
        self._used = {p.pid: _Used(self._now_s(), p.cpu_s) for p in own}
        return shown

    def _process(
        self, process: processes.Process, names: Mapping[int, str]
    ) -> dict[str, Any]:
        is_us = process.pid == os.getpid()
        name = "supervisor" if is_us else names.get(process.pid)
        before = self._used.get(process.pid)
        cpu_percent = None
        if before is not None:
            elapsed_s = max(self._now_s() - before.at_s, 1e-3)
            cpu_percent = round(100 * (process.cpu_s - before.cpu_s) / elapsed_s, 1)
        return {
            "name": name or processes.name_of(process.pid),
            "pid": process.pid,
            "cpu_percent": cpu_percent,
            "memory_mb": round(process.rss_bytes / 1e6, 1),
            "n_threads": process.n_threads,
            "n_descriptors": process.n_descriptors,
        }

    def _disk(self) -> dict[str, Any]:
        try:
            has_ballast = disk.keep_ballast(self._data_dir)
            free = disk.free_bytes(self._data_dir)
        except OSError as err:
            return {"trouble": str(err.strerror), "room": disk.Room.FULL.value}
        return {
            "free_bytes": free,
            "n_slides": free // disk.BYTES_PER_SLIDE,
            "room": disk.room_left(free).value,
            "has_ballast": has_ballast,
        }


def _part(part: Part, folder: Path) -> dict[str, Any]:
    beat = part.beat(folder)
    return {
        "pid": part.pid,
        "n_restarts": part.n_restarts,
        "trouble": part.trouble,
        "n_done": beat.n_done if beat else 0,
        "beat_age_s": round(time.monotonic() - beat.at_s, 2) if beat else None,
        "facts": beat.facts if beat else {},
    }


def read_health(data_dir: Path) -> dict[str, Any] | None:
    """Return the newest figures of a device, None where its service does not run.

    Args:
        data_dir: Of the records.
    """
    found = read_json(run_folder(data_dir) / HEALTH)
    if found is None or time.monotonic() - found.get("at_s", 0.0) > STALE_S:
        return None
    return found


def who_may_read(data_dir: Path) -> str:
    """Return whose service keeps figures that we may not read, "" where there is none.

    Args:
        data_dir: Of the records.
    """
    folder = run_folder(data_dir)
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        owner = folder.stat().st_uid
    except OSError:
        return ""
    else:
        return ""
    return name_of(owner)


def name_of(uid: int) -> str:
    """Return a user's name, or number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def why_no_new_slide(data_dir: Path) -> Message | None:
    """Return why no slide may be started now, None where one may."""
    if why := why_safe(read_health(data_dir)):
        return message("screening-off", why=why)
    if disk.room_left(disk.free_bytes(data_dir)) is disk.Room.FULL:
        return message("disk-full", n=disk.REFUSE_SLIDES)
    return None


def why_safe(found: Mapping[str, Any] | None) -> str | Message:
    """Return why nothing is screened, "" where something is, or nobody knows."""
    if found is None:
        return ""
    return told_from(found["safe"] or _facts(found, "count").get("why", ""))


def _facts(found: Mapping[str, Any], part: str) -> dict[str, Any]:
    facts: dict[str, Any] = found["parts"].get(part, {}).get("facts", {})
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One thing about the device, in words.

    Attributes:
        name: What it is about.
        words: How it is; each is a sentence, a state or a figure by itself.
        is_good: Whether it is as it should be.
    """

    name: str
    words: tuple[str | Message, ...]
    is_good: bool = True

    @property
    def value(self) -> str:
        """How it is, in English."""
        return ", ".join(in_english(word) for word in self.words)

    def said(self, say: Say) -> str:
        """Return how it is in a language, between dots: not all share our comma.

        Args:
            say: From English to it.
        """
        return " · ".join(said_by(word, say) for word in self.words)


def signs(found: Mapping[str, Any]) -> list[Sign]:
    """Return the figures in words.

    Args:
        found: As `read_health` returns them; nothing for a service that does not run.
    """
    if not found:
        return []
    why, clock = why_safe(found), _facts(found, "page").get("clock")
    n_restarts = sum(p["n_restarts"] for p in found["parts"].values())
    memory_mb = sum(p["memory_mb"] for p in found["processes"])
    shown = [
        Sign(name="Screening", words=(why or "on",), is_good=not why),
        *_camera(found),
        _disk(found["disk"]),
        *_temperature(found),
        Sign(name="Memory", words=(f"{memory_mb:.0f} MB",)),
        *_count(_facts(found, "count")),
    ]
    if clock is not None:
        shown.append(Sign(name="Clock", words=(clock,), is_good=clock == "trusted"))
    words = (str(n_restarts),)
    return [*shown, Sign(name="Restarts", words=words, is_good=n_restarts == 0)]


def _disk(room: Mapping[str, Any]) -> Sign:
    words = room.get("trouble")
    words = words or f"{room['free_bytes'] / 1e9:.0f} GB ≈ {room['n_slides']}"
    is_good = room["room"] == disk.Room.GOOD.value
    return Sign(name="Disk, slides", words=(words,), is_good=is_good)


def _temperature(found: Mapping[str, Any]) -> list[Sign]:
    if found["temperature_c"] is None:
        return []
    words = (f"{found['temperature_c']:.0f} °C", found["throttling"])
    return [
        Sign(
            name="Temperature",
            words=tuple(filter(None, words)),
            is_good=not found["throttling"],
        )
    ]


def _count(facts: Mapping[str, Any]) -> list[Sign]:
    shown = []
    if facts.get("frames_per_s") is not None:
        words = (f"{facts['frames_per_s']:.1f}",)
        shown.append(Sign(name="Frames a second", words=words))
    if facts.get("fallback"):
        fallen = (hardware_of(facts["engine"]), facts["fallback"])
        shown.append(Sign(name="Runs on", words=fallen, is_good=False))
    if facts.get("segmenter"):
        why = facts["found_by"]
        words = (why or facts["segmenter"],)
        shown.append(Sign(name=FOUND_BY, words=words, is_good=not why))
    return shown


def _camera(found: Mapping[str, Any]) -> list[Sign]:
    """Return which camera it is, its last frame, its locks and its scales.

    It is not as it should be where it gave a fault, where light or colour follow the
    picture, or where no objective was calibrated: then there is no verdict.
    """
    facts = _facts(found, "count")
    if "camera" not in facts:
        return []
    words: list[str | Message] = [str(facts["camera"])]
    is_good = True
    if facts["camera_fault"]:
        words.append(told_from(facts["camera_fault"]))
        is_good = False
    elif facts["frame_at_s"] is not None:
        words.append(f"{max(found['at_s'] - facts['frame_at_s'], 0):.1f} s ago")
    if facts["is_locked"] is not None:
        words.append("locked" if facts["is_locked"] else "not locked")
        is_good &= facts["is_locked"]
    scales = _facts(found, "page").get("scales_um_per_px")
    if scales is not None:
        words += [f"{k} {v:.4f} µm/px" for k, v in sorted(scales.items())]
        words += [] if scales else ["not calibrated"]
        is_good &= bool(scales)
    return [Sign(name="Camera", words=tuple(words), is_good=is_good)]
