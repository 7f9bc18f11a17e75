"""The parent of the device's processes: starts them, watches their beats, ends them.

A process is started again when it ended, or when its beat is overdue. How often, and
what then, is the policy's word. systemd's watchdog is fed by the loop that judges all
of them: in each turn every process is in time, or is ended and on its way back.
"""

import fcntl
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from leukoscope_edge.errors import ConfigError, in_one_sentence
from leukoscope_edge.service import processes
from leukoscope_edge.service.heartbeat import (
    ALLOW_S,
    Beat,
    cannot_write,
    make_run_folder,
    read_beat,
)
from leukoscope_edge.service.notify import notify
from leukoscope_edge.service.restart_policy import RestartPolicy, RestartStep

TICK_S = 0.1
START_S = 90.0
"""Until the first beat: a cold Raspberry Pi reads a model and Python from its card."""
STOOD_STILL_S = 2.0
"""Our own gap from which on nobody's beat is judged: we were stopped, perhaps all."""
TELL_S = 2.0
GOODBYE_S = 5.0
EXIT_SERVICE, EXIT_REBOOT = 1, 75
"""What systemd reads: start the service anew; boot anew (`leukoscope.service`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """How the processes are to be started.

    Attributes:
        is_cpu_only: Leave the accelerator alone.
        safe: Why nothing may be screened; "" where it may.
    """

    is_cpu_only: bool = False
    safe: str = ""


@dataclass(slots=True, kw_only=True)
class Part:
    """One process of the device.

    Attributes:
        name: Of its beat.
        command: Its command line in a state.
        process: Running or ended; None before its first start.
        started_s: Monotonic.
        start_at_s: When to start it again.
        n_restarts: After failures.
        trouble: Why it failed last.
    """

    name: str
    command: Callable[[ServiceState], Sequence[str]]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    n_restarts: int = 0
    trouble: str = ""

    @property
    def pid(self) -> int | None:
        """Its number, None where it does not run."""
        return self.process.pid if self.process and self._runs() else None

    def beat(self, folder: Path) -> Beat | None:
        """Return the last beat of the process that runs now."""
        found = read_beat(folder, self.name)
        return found if found is not None and found.pid == self.pid else None

    def _runs(self) -> bool:
        return self.process is not None and self.process.returncode is None


class Ends(Protocol):
    """Says that it is time to end."""

    def wait(self, timeout: float, /) -> bool:
        """Wait so many seconds at most; return whether it is set."""
        ...

    def is_set(self) -> bool:
        """Return whether it is set."""
        ...

    def set(self) -> None:
        """Set it."""
        ...


class SignalledEnd:
    """An end that a handler of signals may set.

    Not a `threading.Event`: a handler runs in the thread that waits, and if that holds
    the event's lock at that moment, it waits for itself for ever.
    """

    def __init__(self) -> None:
        """Begin unset."""
        self._is_set = False
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait(self, timeout: float, /) -> bool:
        """Wait so many seconds at most; return whether it is set."""
        if not self._is_set:
            with suppress(queue.Empty):
                self._told.get(timeout=timeout)
        return self._is_set

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it."""
        self._is_set = True
        self._told.put(None)


def start_process(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a part of the device.

    Raises:
        OSError: There is no memory for it, or no number left.
    """
    return subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # a terminal's Ctrl-C is for us alone
    )


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """All parts of one device.

    Attributes:
        parts: In the order of their first start; each waits for the one before it.
        folder: Of the beats.
        policy: What to do about failures.
        tell: Told the parts and the state every two seconds; writes the health.
        state: How parts are started now.
        now_s: The clock, monotonic.
        start: Starts a command line.
        notify: Tells systemd.
        ends: Set where it is to end; waits between two turns.
        is_ready: Every part has beaten at once.
        judge_from_s: Nobody's beat is overdue before, monotonic.
    """

    parts: list[Part]
    folder: Path
    policy: RestartPolicy
    tell: Callable[["Supervisor"], None]
    state: ServiceState = ServiceState()
    now_s: Callable[[], float] = time.monotonic
    start: Callable[[Sequence[str]], "subprocess.Popen[bytes]"] = start_process
    notify: Callable[..., bool] = notify
    ends: Ends = field(default_factory=SignalledEnd)
    is_ready: bool = False
    judge_from_s: float = 0.0
    _exit: int = 0
    _tell_at_s: float = 0.0
    _untold: str = ""

    def run(self) -> int:
        """Keep the parts at work until told to end; return the exit status."""
        make_run_folder(self.folder)
        with alone(self.folder):
            processes.adopt_orphans()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as by nohup
                    signal.signal(number, lambda *_: self.ends.set())
            try:
                self._watch()
            finally:
                self._end_all()
                # Beats of the dead are nobody's, and the folder lies in memory.
                shutil.rmtree(self.folder, ignore_errors=True)
        return self._exit

    def _watch(self) -> None:
        turned_s = self.now_s()
        while not self.ends.wait(TICK_S):
            now_s = self.now_s()
            if now_s - turned_s > STOOD_STILL_S:
                self.judge_from_s = now_s + ALLOW_S
            turned_s = now_s
            for part in self.parts:
                self._look_after(part, now_s)
                if not part.beat(self.folder) and not self.is_ready:
                    break  # the next one waits for this one's first beat
            self._report(now_s)

    def _look_after(self, part: Part, now_s: float) -> None:
        """Start a part, leave it alone, or end it."""
        if part.process is None:
            if now_s >= part.start_at_s:
                self._start(part, now_s)
            return
        code = part.process.poll()
        if code is None:
            self._judge(part, part.process, now_s)
            return
        part.process = None
        processes.end_orphans(self._ours())
        if code != 0:  # else it asked for a new start
            self._failed(part, _how_ended(code), now_s)

    def _judge(
        self, part: Part, process: subprocess.Popen[bytes], now_s: float
    ) -> None:
        beat = part.beat(self.folder)
        due_s = beat.due_s if beat else part.started_s + START_S
        if now_s <= max(due_s, self.judge_from_s):
            return
        process.kill()
        process.wait()
        part.process = None
        processes.end_orphans(self._ours())
        self._failed(part, "stood still", now_s)

    def _failed(self, part: Part, trouble: str, now_s: float) -> None:
        part.trouble, part.n_restarts = trouble, part.n_restarts + 1
        step = self.policy.failed(now_s)
        part.start_at_s = now_s + self.policy.pause_s()
        _say(f"the {part.name} process {trouble}; next: {step.value}")
        match step:
            case RestartStep.CHILD:
                pass
            case RestartStep.BACKEND:
                self.state = ServiceState(is_cpu_only=True, safe=self.state.safe)
            case RestartStep.SERVICE:
                self._leave(EXIT_SERVICE)
            case RestartStep.REBOOT:
                self._leave(EXIT_REBOOT)
            case RestartStep.SAFE:
                self._stop_screening(f"the {part.name} process {trouble}, repeatedly")

    def _stop_screening(self, why: str) -> None:
        if self.state.safe:
            return
        if not self.is_ready and not self.policy.is_revived:
            self._leave(EXIT_SERVICE)  # never came up, and a person is watching
            return
        self.state = ServiceState(is_cpu_only=True, safe=f"{why}: call service")
        for part in self.parts:  # so that each learns of it
            if part.process is not None:
                part.process.kill()
                part.process.wait()
                part.process = None

    def _leave(self, status: int) -> None:
        self._exit = status
        self.ends.set()

    def _start(self, part: Part, now_s: float) -> None:
        command = part.command(self.state)
        part.started_s = now_s
        try:
            part.process = self.start(command)
        except OSError as err:
            self._failed(part, f"cannot be started ({err.strerror})", now_s)

    def _ours(self) -> set[int]:
        return {p.process.pid for p in self.parts if p.process is not None}

    def _report(self, now_s: float) -> None:
        """Feed the watchdog and tell the health, both now and then."""
        is_up = all(p.beat(self.folder) for p in self.parts)
        if not self.is_ready and is_up:
            self.is_ready = True
            self.notify("READY=1")
        if now_s < self._tell_at_s:
            return
        self._tell_at_s = now_s + TELL_S
        processes.reap(self._ours())
        if is_up and not self.state.safe:  # to screen nothing is no good work
            self.policy.works(now_s)
        self.notify("WATCHDOG=1", f"STATUS={self.state.safe or _status(self.parts)}")
        self._tell()

    def _tell(self) -> None:
        """Tell the health; that it cannot be written ends nobody."""
        try:
            self.tell(self)
            self._untold = ""
        except OSError as err:
            if not self._untold:
                _say(f"the device's figures cannot be written: {err}")
            self._untold = str(err)

    def _end_all(self) -> None:
        self.notify("STOPPING=1")
        by_s = self.now_s() + GOODBYE_S
        # The first part last: who closes the records last writes their log back.
        for part in reversed(self.parts):
            if part.process is not None:
                _end(part.process, by_s - self.now_s())
        processes.end_orphans(set())
        processes.reap(set())


def _end(process: subprocess.Popen[bytes], within_s: float) -> None:
    process.terminate()
    try:
        process.wait(max(0.0, within_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _status(parts: Sequence[Part]) -> str:
    return ", ".join(f"{p.name} {p.n_restarts} restarts" for p in parts)


def _how_ended(code: int) -> str:
    return f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}"


def _say(text: str) -> None:
    print(f"leukoscope: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the journal


@contextmanager
def alone(folder: Path, name: str = "lock") -> Iterator[None]:
    """Hold the lock of this device's service.

    Args:
        folder: Where it lies; one folder by two ways is one lock.
        name: Of its file.

    Raises:
        ConfigError: Another service holds it, or the folder cannot be written.
    """
    try:
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as err:
        raise ConfigError(in_one_sentence(err)) from err
    except OSError as err:
        raise cannot_write(folder, err) from err
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise ConfigError(
                "the service already runs on these records: end it first, or name "
                "another folder with --data"
            ) from err
        yield
    finally:
        os.close(lock)
