"""Keeps the device's processes at work, and says how it is.

Nothing here looks at a picture or a record: the supervisor must start at once, weigh
little and outlive whatever it watches, so it imports no more than the profile.

Offers the supervisor and its parts, the heartbeat (`Pulse`), when a part is started
anew (`RestartPolicy`), the health file and its signs, heat, room on the disk, metrics,
and what a process asks of the kernel.
"""

from leukoscope_edge.service import heat
from leukoscope_edge.service.disk import Room, room_left
from leukoscope_edge.service.health import (
    FOUND_BY,
    HEALTH,
    HealthWriter,
    Sign,
    name_of,
    read_health,
    signs,
    who_may_read,
    why_no_new_slide,
)
from leukoscope_edge.service.heartbeat import (
    ALLOW_S,
    NoPulse,
    Pulse,
    choose_run_folder,
    run_folder,
)
from leukoscope_edge.service.heat import Heat
from leukoscope_edge.service.metrics import MEDIA_TYPE, metrics
from leukoscope_edge.service.processes import (
    die_with_parent,
    family,
    give_memory_back,
    share_arenas,
    yield_thread,
)
from leukoscope_edge.service.restart_policy import Limits, RestartPolicy
from leukoscope_edge.service.supervisor import Part, ServiceState, Supervisor, alone

__all__ = [
    "ALLOW_S",
    "FOUND_BY",
    "HEALTH",
    "MEDIA_TYPE",
    "HealthWriter",
    "Heat",
    "Limits",
    "NoPulse",
    "Part",
    "Pulse",
    "RestartPolicy",
    "Room",
    "ServiceState",
    "Sign",
    "Supervisor",
    "alone",
    "choose_run_folder",
    "die_with_parent",
    "family",
    "give_memory_back",
    "heat",
    "metrics",
    "name_of",
    "read_health",
    "room_left",
    "run_folder",
    "share_arenas",
    "signs",
    "who_may_read",
    "why_no_new_slide",
    "yield_thread",
]
