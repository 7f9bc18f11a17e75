"""Figures of a service in which all is well."""

import time
from typing import Any


def figures(**changes: Any) -> dict[str, Any]:
    process = {"name": "count", "pid": 7, "cpu_percent": 12.5, "memory_mb": 102.5}
    facts = {"frames_per_s": 9.5, "stages_ms": {"look": 11.0}, "fallback": ""}
    part = {"pid": 7, "n_restarts": 0, "trouble": "", "n_done": 3, "beat_age_s": 0.1}
    found = {
        "at_s": time.monotonic(),
        "safe": "",
        "is_cpu_only": False,
        "processes": [process | {"n_threads": 6, "n_descriptors": 8}],
        "parts": {"count": part | {"facts": facts}},
        "disk": {"free_bytes": 10**10, "n_slides": 1250, "room": "good"},
        "temperature_c": 61.5,
        "throttling": "",
    }
    return found | changes
