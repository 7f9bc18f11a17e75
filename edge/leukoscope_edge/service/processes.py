"""What the kernel knows of our processes: who they are, what they use, who is left.

Source: proc(5), prctl(2).
"""

import contextlib
import ctypes
import gc
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CAMERA_MODULE = "leukoscope_edge.capture.driver_process"
TENSORRT_MODULE = "leukoscope_edge.inference.nvidia.tensorrt_child"
M_ARENA_MAX, N_ARENAS = -8, 1
"""Of mallopt(3). By itself glibc gives threads up to eight arenas a core, and what one
thread frees stays in its own: 22 MB in the counting process, 6 in the page's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process at one moment.

    Attributes:
        pid: Its number.
        parent: Its parent's.
        cpu_s: Processor time used since its start.
        rss_bytes: Memory that it holds, shared pages included.
        n_threads: Of it.
        n_descriptors: Open files and sockets.
    """

    pid: int
    parent: int
    cpu_s: float
    rss_bytes: int
    n_threads: int
    n_descriptors: int


def adopt_orphans() -> None:
    """Become the parent of whatever a dead child of ours leaves behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends, however that comes.

    Args:
        parent: Who it must be; another one means that it ended already.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def yield_thread(niceness: int) -> None:
    """Let this thread yield to others; one that yields more already goes on as it is.

    Taking niceness back is root's alone (setpriority(2)), and the thread would end.

    Args:
        niceness: 1..19, as of nice(1).
    """
    thread = threading.get_native_id()
    own = os.getpriority(os.PRIO_PROCESS, thread)
    os.setpriority(os.PRIO_PROCESS, thread, max(own, niceness))


def share_arenas() -> None:
    """Let threads share one arena of glibc's malloc; before the first thread starts.

    Source: mallopt(3).
    """
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, N_ARENAS)


def give_memory_back() -> None:
    """Return to the kernel what large work leaves: cycles, and glibc's free memory.

    Source: malloc_trim(3).
    """
    gc.collect()
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def read_process(pid: int) -> Process | None:
    """Return how a process is, None where there is none or it is a zombie."""
    folder = PROC / str(pid)
    try:
        fields = _stat(pid)
        state, parent, n_threads = fields[0], int(fields[1]), int(fields[17])
        if state == "Z":
            return None
        return Process(
            pid=pid,
            parent=parent,
            cpu_s=(int(fields[11]) + int(fields[12])) / TICKS_PER_S,
            rss_bytes=int(fields[21]) * PAGE_BYTES,
            n_threads=n_threads,
            n_descriptors=len(os.listdir(folder / "fd")),  # noqa: PTH208 - no paths
        )
    except (OSError, IndexError, ValueError):
        return None


def family(pid: int) -> list[Process]:
    """Return a process and all below it, itself first."""
    everybody = {p.pid: p for p in map(read_process, _pids()) if p is not None}
    found = [everybody[pid]] if pid in everybody else []
    for member in found:  # grows as it is walked
        found += [p for p in everybody.values() if p.parent == member.pid]
    return found


def name_of(pid: int) -> str:
    """Return what one of our processes does, by its command line."""
    try:
        line = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return "gone"
    if CAMERA_MODULE in line:
        return "camera"
    return "tensorrt" if TENSORRT_MODULE in line else "helper"


def end_orphans(ours: set[int]) -> None:
    """Kill children that we did not start: their parent died and left them to us.

    Args:
        ours: Processes that we started ourselves.
    """
    for process in map(read_process, _pids()):
        if process and process.parent == os.getpid() and process.pid not in ours:
            kill_group(process.pid)


def reap(ours: set[int]) -> None:
    """Let dead orphans go; those that we started are waited for elsewhere."""
    for pid in _pids():
        with contextlib.suppress(OSError, IndexError, ValueError):
            stat = _stat(pid)
            if stat[0] == "Z" and int(stat[1]) == os.getpid() and pid not in ours:
                os.waitpid(pid, os.WNOHANG)


def kill_group(pid: int) -> None:
    """Kill a process, and its group where it leads one."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold blanks and brackets itself."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _pids() -> list[int]:
    return [int(p.name) for p in PROC.iterdir() if p.name.isdigit()]
