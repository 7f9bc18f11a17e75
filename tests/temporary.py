"""Where tests write: into memory where there is plenty, since a disk's syncs take time.

Records are synced at every step, and a test waits for its disk as long as it computes.
What is tested is that the program asks for the sync, not the disk.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_BYTES, AVAILABLE_BYTES = 6 << 30, 10 << 30
"""At least so much is free in `MEMORY`, and so much in the whole machine: what a whole
run writes lies there until its end."""
GROUP = Path("/sys/fs/cgroup")
LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""What a container may hold and holds, of both kinds of control group."""


def write_in_memory(
    environment: MutableMapping[str, str],
    memory: Path = MEMORY,
    facts: Path = Path("/proc/meminfo"),
    group: Path = GROUP,
) -> None:
    """Set TMPDIR for this process and its children, unless somebody has set it."""
    if "TMPDIR" in environment or not is_fit(memory):
        return
    if is_plenty(facts) and is_allowed(group):
        environment["TMPDIR"] = str(memory)
        tempfile.tempdir = None  # it is looked up anew


def live_elsewhere(environment: MutableMapping[str, str]) -> None:
    """Give this process and its children an empty home: records there are no test's.

    The workers of pytest have that of the process that began them.
    """
    if "PYTEST_XDIST_WORKER" not in environment:
        home = tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True)
        atexit.register(home.cleanup)
        environment["HOME"] = home.name


def is_fit(memory: Path) -> bool:
    """Say whether there is room, and programs that lie there may run."""
    if not os.access(memory, os.W_OK):
        return False
    there = os.statvfs(memory)
    can_run = not there.f_flag & os.ST_NOEXEC
    return can_run and there.f_bavail * there.f_frsize >= MEMORY_BYTES


def is_plenty(facts: Path) -> bool:
    """Say whether the machine has memory to spare; one that does not tell has none."""
    try:
        lines = facts.read_text().splitlines()
    except OSError:
        return False
    told = dict(line.split(":", 1) for line in lines)
    return int(told.get("MemAvailable", "0").split()[0]) << 10 >= AVAILABLE_BYTES


def is_allowed(group: Path) -> bool:
    """Say whether no container's limit stands against it: its memory files count."""
    for most, held in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            left = int((group / most).read_text()) - int((group / held).read_text())
            if left < AVAILABLE_BYTES:
                return False
    return True


def leave_memory(folder: Path | None, memory: Path = MEMORY) -> None:
    """Take away what a run wrote into memory; what lies on a disk may stay.

    At the end of the run alone: a store that a test left open looks after its records
    in a thread, which would wait for the folder to come back.
    """
    if folder is not None and folder.is_relative_to(memory):
        shutil.rmtree(folder, ignore_errors=True)
