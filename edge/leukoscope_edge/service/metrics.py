"""The health as Prometheus reads it. Source: text exposition format 0.0.4."""

from collections.abc import Iterator, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HELP = {
    "leukoscope_up": "1 where the service runs",
    "leukoscope_safe": "1 where screening is off",
    "leukoscope_cpu_only": "1 where the accelerator is left alone",
    "leukoscope_cpu_percent": "of one core, by process",
    "leukoscope_memory_bytes": "resident, by process",
    "leukoscope_threads": "by process",
    "leukoscope_descriptors": "open files and sockets, by process",
    "leukoscope_restarts": "after failures, by part, since the service started",
    "leukoscope_work_done": "turns or frames, by part, since it started",
    "leukoscope_beat_age_seconds": "since the last beat, by part",
    "leukoscope_frames_per_second": "looked at",
    "leukoscope_stage_seconds": "of the last frames, by stage",
    "leukoscope_temperature_celsius": "of the hottest zone",
    "leukoscope_throttled": "1 where the chip slows itself down",
    "leukoscope_disk_free_bytes": "where the records lie",
}
Sample = tuple[str, dict[str, str], float]


def metrics(found: Mapping[str, Any] | None) -> str:
    """Return the figures as text.

    Args:
        found: As `health.read_health` returns them.
    """
    samples = list(_samples(found)) if found else [("leukoscope_up", {}, 0.0)]
    lines = []
    for name, words in HELP.items():
        own = [s for s in samples if s[0] == name]
        if own:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
            lines += [_line(s) for s in own]
    return "\n".join(lines) + "\n"


def _samples(found: Mapping[str, Any]) -> Iterator[Sample]:
    yield "leukoscope_up", {}, 1
    yield "leukoscope_safe", {}, bool(found["safe"])
    yield "leukoscope_cpu_only", {}, found["is_cpu_only"]
    for process in found["processes"]:
        of = {"process": process["name"], "pid": str(process["pid"])}
        if process["cpu_percent"] is not None:
            yield "leukoscope_cpu_percent", of, process["cpu_percent"]
        yield "leukoscope_memory_bytes", of, process["memory_mb"] * 1e6
        yield "leukoscope_threads", of, process["n_threads"]
        yield "leukoscope_descriptors", of, process["n_descriptors"]
    for name, part in found["parts"].items():
        of = {"part": name}
        yield "leukoscope_restarts", of, part["n_restarts"]
        yield "leukoscope_work_done", of, part["n_done"]
        if part["beat_age_s"] is not None:
            yield "leukoscope_beat_age_seconds", of, part["beat_age_s"]
    yield from _count_samples(found["parts"].get("count", {}).get("facts", {}))
    if found["temperature_c"] is not None:
        yield "leukoscope_temperature_celsius", {}, found["temperature_c"]
    yield "leukoscope_throttled", {}, bool(found["throttling"])
    if "free_bytes" in found["disk"]:
        yield "leukoscope_disk_free_bytes", {}, found["disk"]["free_bytes"]


def _count_samples(facts: Mapping[str, Any]) -> Iterator[Sample]:
    if facts.get("frames_per_s") is not None:
        yield "leukoscope_frames_per_second", {}, facts["frames_per_s"]
    for stage, taken_ms in facts.get("stages_ms", {}).items():
        yield "leukoscope_stage_seconds", {"stage": stage}, taken_ms / 1000


def _line(sample: Sample) -> str:
    name, labels, value = sample
    inside = ",".join(f'{k}="{_escaped(v)}"' for k, v in labels.items())
    return (
        f"{name}{{{inside}}} {float(value)!r}" if inside else f"{name} {float(value)!r}"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
