"""What to do about a process that failed: each failure soon after another goes higher.

    child      start it again, at once the first time, then after growing pauses
    back end   the same, on the CPU alone
    service    give up; systemd starts everything anew
    reboot     at most three times without an hour of good work between
    safe       stop screening, say why; records and page stay

Reboots are counted on disk and forgiven after an hour of good work, by the monotonic
clock: a wrong clock neither boots a device for ever nor keeps it from booting.
"""

import json
from collections import deque
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from leukoscope_edge.durable import whole_file

LONGEST_PAUSE_S = 30.0


class RestartStep(Enum):
    """What a failure is answered with, the mildest first."""

    CHILD = "child"
    BACKEND = "back end"
    SERVICE = "service"
    REBOOT = "reboot"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When the next step is due.

    Attributes:
        within_s: Failures that lie further back are forgotten.
        n_child: So many restarts as it was.
        n_backend: So many more on the CPU alone.
        n_service: So many restarts of the service.
        n_reboots: So many reboots.
        forgive_s: After so long without a failure, all is forgiven.
        first_pause_s: Before the second restart in a row; doubles from there.
    """

    within_s: float = 60.0
    n_child: int = 3
    n_backend: int = 2
    n_service: int = 2
    n_reboots: int = 3
    forgive_s: float = 3600.0
    first_pause_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What outlives the service and the computer.

    Attributes:
        n_service: Restarts of the service since all was well.
        n_reboots: Reboots since all was well.
    """

    n_service: int = 0
    n_reboots: int = 0


class RestartPolicy:
    """Counts failures and says what to do."""

    def __init__(self, path: Path, *, is_revived: bool, limits: Limits) -> None:
        """Remember what came before.

        Args:
            path: The file of the past.
            is_revived: Somebody (systemd) starts us anew when we end; without, the
                steps "service" and "reboot" are left out.
            limits: When the next step is due.
        """
        self._path, self.is_revived, self._limits = path, is_revived, limits
        self._past = _read(path)
        self._failed_s: deque[float] = deque()
        self._last_failed_s: float | None = None
        self._since_s: float | None = None

    def failed(self, now_s: float) -> RestartStep:
        """Count a failure and return what to do about it."""
        limits = self._limits
        self._failed_s.append(now_s)
        self._last_failed_s = now_s
        while now_s - self._failed_s[0] > limits.within_s:
            self._failed_s.popleft()
        n = len(self._failed_s)
        if n <= limits.n_child:
            return RestartStep.CHILD
        if n <= limits.n_child + limits.n_backend:
            return RestartStep.BACKEND
        return self._beyond()

    def pause_s(self) -> float:
        """Return how long to wait before the next start, in seconds."""
        n = len(self._failed_s)
        if n <= 1:
            return 0.0
        return min(self._limits.first_pause_s * 2.0 ** min(n - 2, 16), LONGEST_PAUSE_S)

    def works(self, now_s: float) -> None:
        """Say that all is well at a time; forgives after long enough."""
        self._since_s = now_s if self._since_s is None else self._since_s
        since_s = max(self._since_s, self._last_failed_s or self._since_s)
        if now_s - since_s >= self._limits.forgive_s and self._past != Past():
            self._keep(Past())

    def _beyond(self) -> RestartStep:
        past, limits = self._past, self._limits
        if not self.is_revived:
            return RestartStep.SAFE
        if past.n_service < limits.n_service:
            self._keep(replace(past, n_service=past.n_service + 1))
            return RestartStep.SERVICE
        if past.n_reboots < limits.n_reboots:
            self._keep(Past(n_reboots=past.n_reboots + 1))
            return RestartStep.REBOOT
        return RestartStep.SAFE

    def _keep(self, past: Past) -> None:
        """Remember for good; where the disk cannot, climb as if all had been tried."""
        self._past = past
        try:
            with whole_file(self._path) as file:
                file.write(json.dumps(asdict(past)).encode())
        except OSError:
            self._past = Past(
                n_service=self._limits.n_service, n_reboots=self._limits.n_reboots
            )


def _read(path: Path) -> Past:
    """Return the past; a damaged file is none, a missing one neither."""
    try:
        return Past(**{k: int(v) for k, v in json.loads(path.read_text()).items()})
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return Past()
