"""Whether this machine was quiet enough for a figure to count.

The benchmarks ask it of the time that they took, and print what comes of it beside
their figures: one busy neighbour makes two-threaded PyTorch wait at its barriers, and
the same comparison then gives 10 or 100.

What counts, of the machine's time while the benchmark ran:

* stolen: the hypervisor gave it to another machine (`steal` of /proc/stat);
* others: other processes computed, on whatever core (/proc/stat less our own);
* kept waiting: our threads were ready and had no core (run delay, /proc/PID/schedstat
  of every thread);
* too little: our own processor time lies far below the clock, as where a container's
  quota throttles us, which none of the others shows.

Source: proc(5); Linux, Documentation/scheduler/sched-stats.rst.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_STOLEN, MAX_OTHERS, MAX_WAITING = 0.01, 0.10, 0.05
"""Shares of one core. With these, medians of one benchmark repeat within 3 %."""
MIN_OWN = 0.8
"""Share of the clock that a benchmark, which only computes, has the processor."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STAT, SCHED = Path("/proc/stat"), Path("/proc/self/task")


CLOCKS = ("wall", "cpu")


def add_clock(parser: argparse.ArgumentParser) -> None:
    """Let somebody choose the clock of a benchmark and its threads."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")


def parsed_with_clock(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read a benchmark's options; refuse a clock that says nothing of it."""
    options = parser.parse_args()
    if options.clock == "cpu" and options.threads != 1:
        parser.error("--clock cpu needs --threads 1: it adds up what all threads take")
    return options


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Seconds that something took so far.

    Attributes:
        wall_s: On the clock.
        own_s: Processor time of this process and of children that ended.
        busy_s: Processor time of everybody.
        stolen_s: Given to another machine.
        waiting_s: This process's threads were ready and had no core.
    """

    wall_s: float
    own_s: float
    busy_s: float
    stolen_s: float
    waiting_s: float

    def __sub__(self, before: "Usage") -> "Usage":
        return Usage(
            wall_s=self.wall_s - before.wall_s,
            own_s=self.own_s - before.own_s,
            busy_s=self.busy_s - before.busy_s,
            stolen_s=self.stolen_s - before.stolen_s,
            waiting_s=self.waiting_s - before.waiting_s,
        )


def why_not_quiet(used: Usage, least_own: float = MIN_OWN) -> str:
    """Return why figures of that time do not count, "" where they do.

    Args:
        used: What was used.
        least_own: Share of the clock that was to be computed; 0 where much is waited.
    """
    if used.wall_s <= 0:
        return "nothing was measured"
    others_s = max(0.0, used.busy_s - used.own_s)
    shares = {
        "stolen by other machines": (used.stolen_s, MAX_STOLEN),
        "of other processes": (others_s, MAX_OTHERS),
        "kept waiting for a core": (used.waiting_s, MAX_WAITING),
    }
    found = [
        f"{seconds / used.wall_s:.0%} of a core {what}"
        for what, (seconds, limit) in shares.items()
        if seconds / used.wall_s > limit
    ]
    if used.own_s < least_own * used.wall_s:
        found.append(f"it computed for {used.own_s / used.wall_s:.0%} of the clock")
    return ", ".join(found)


def verdict(used: Usage, least_own: float = MIN_OWN) -> str:
    """Return the line that stands beside the figures; as `why_not_quiet`."""
    why = why_not_quiet(used, least_own)
    return f"not quiet: figures do not count ({why})" if why else "quiet"


def usage() -> Usage:
    """Return what has been used so far."""
    cpu = STAT.read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system, _, _, interrupt, soft, steal = (int(v) for v in cpu[1:9])
    return Usage(
        wall_s=time.perf_counter(),
        own_s=sum(os.times()[:4]),
        busy_s=(user + nice + system + interrupt + soft) / TICKS_PER_S,
        stolen_s=steal / TICKS_PER_S,
        waiting_s=_waiting_s(),
    )


def _waiting_s() -> float:
    """Return the run delay of all threads that there are now."""
    total_ns = 0
    for thread in SCHED.iterdir():
        try:
            total_ns += int((thread / "schedstat").read_text().split()[1])
        except (OSError, IndexError):  # it ended, or the kernel does not count
            continue
    return total_ns / 1e9


class Watch:
    """Watches the machine while it is open; threads that end inside are not asked."""

    def __enter__(self) -> "Watch":
        self._before = usage()
        return self

    def __exit__(self, *_: object) -> None:
        self.used = usage() - self._before


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run of something took."""

    wall_ms: float
    cpu_ms: float


class Stopwatch:
    """Measures what is done inside: on the clock, and this process's processor time."""

    def __enter__(self) -> "Stopwatch":
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.taken = Taken(
            wall_ms=1e3 * (time.perf_counter() - self._wall_s),
            cpu_ms=1e3 * (time.process_time() - self._cpu_s),
        )


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles of some values, rounded to three digits."""
    ordered = sorted(values)
    low, middle, high = (_at(ordered, share) for share in (0.25, 0.5, 0.75))
    return {
        "median": float(f"{middle:.3g}"),
        "low": float(f"{low:.3g}"),
        "high": float(f"{high:.3g}"),
    }


def _at(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
