"""The supervisor's judgement, turn by turn: made-up processes, a made-up clock."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.service import (
    Part,
    ServiceState,
    Supervisor,
    alone,
    processes,
    supervisor,
)
from leukoscope_edge.service.heartbeat import write_json
from leukoscope_edge.service.restart_policy import RestartStep


class Process:
    """Runs until it is killed, or ended with a code before."""

    def __init__(self, pid: int = 7, code: int | None = None) -> None:
        self.pid, self.returncode = pid, code
        self.waits: list[float | None] = []

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.returncode = -9

    def terminate(self) -> None:
        self.returncode = 0

    def wait(self, timeout: float | None = None) -> int | None:
        self.waits.append(timeout)
        return self.returncode


class Steps:
    """A policy that says one step, and counts what it is told."""

    def __init__(self, step: RestartStep, *, is_revived: bool = True) -> None:
        self.step, self.is_revived = step, is_revived
        self.failed_s: list[float] = []
        self.works_s: list[float] = []

    def failed(self, now_s: float) -> RestartStep:
        self.failed_s.append(now_s)
        return self.step

    def pause_s(self) -> float:
        return 3.0

    def works(self, now_s: float) -> None:
        self.works_s.append(now_s)


@pytest.fixture(autouse=True)
def orphans(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Who was spared each time when orphans were ended: nobody is, here."""
    spared: list[set[int]] = []
    monkeypatch.setattr(processes, "end_orphans", spared.append)
    monkeypatch.setattr(processes, "reap", lambda _: None)
    return spared


@pytest.fixture
def notices() -> list[str]:
    """What systemd would hear."""
    return []


Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path, notices: list[str]) -> Make:
    def made(*parts: Part, step: RestartStep = RestartStep.CHILD, **how: Any) -> Any:
        policy = Steps(step, is_revived=how.pop("is_revived", True))
        tell = how.pop("tell", lambda _: None)
        how.setdefault("notify", lambda *words: notices.extend(words))
        return Supervisor(
            parts=list(parts), folder=tmp_path, policy=policy, tell=tell, **how
        )  # type: ignore[arg-type]

    return made


def part(process: Process | None = None, name: str = "page", **known: Any) -> Part:
    return Part(name=name, command=lambda _: ["true"], process=process, **known)  # type: ignore[arg-type]


def beats(folder: Path, pid: int = 7, due_s: float = 50.0, name: str = "page") -> None:
    beat = {"pid": pid, "n_done": 1, "at_s": 0.0, "due_s": due_s, "facts": {}}
    write_json(folder / f"{name}.json", beat)


@pytest.mark.parametrize(
    ("process", "pid"), [(None, None), (Process(), 7), (Process(code=1), None)]
)
def test_only_the_beat_of_a_process_that_runs_is_its_own(
    tmp_path: Path, process: Process | None, pid: int | None
) -> None:
    one = part(process)
    assert one.beat(tmp_path) is None
    beats(tmp_path)
    assert one.pid == pid
    assert (one.beat(tmp_path) is not None) == (pid is not None)
    beats(tmp_path, pid=8)  # of an earlier life
    assert one.beat(tmp_path) is None


@pytest.mark.parametrize(
    ("due_s", "judge_from_s", "now_s", "is_left"),
    [
        (50.0, 0.0, 50.0, True),
        (50.0, 0.0, 50.5, False),
        (50.0, 60.0, 60.0, True),  # we stood still ourselves
        (50.0, 60.0, 60.5, False),
        (None, 0.0, 10.0 + supervisor.START_S, True),
        (None, 0.0, 10.5 + supervisor.START_S, False),
    ],
)
def test_a_part_is_ended_when_its_beat_is_overdue_and_not_before(
    *,
    make: Make,
    orphans: list[set[int]],
    tmp_path: Path,
    due_s: float | None,
    judge_from_s: float,
    now_s: float,
    is_left: bool,
) -> None:
    process = Process()
    one, other = part(process, started_s=10.0), part(Process(8), "count")
    service = make(one, other, judge_from_s=judge_from_s)
    if due_s is not None:
        beats(tmp_path, due_s=due_s)
    service._look_after(one, now_s)
    assert (one.process is process) == is_left
    assert process.returncode == (None if is_left else -9)
    assert one.n_restarts == (0 if is_left else 1)
    assert orphans == ([] if is_left else [{8}])
    assert one.trouble == ("" if is_left else "stood still")


@pytest.mark.parametrize(
    ("code", "trouble", "start_at_s"),
    [
        (0, "", 0.0),
        (1, "ended with exit code 1", 103.0),
        (-6, "ended with signal 6", 103.0),
    ],
)
def test_what_ended_failed_unless_it_asked_for_a_new_start(
    make: Make, orphans: list[set[int]], code: int, trouble: str, start_at_s: float
) -> None:
    one = part(Process(code=code))
    make(one)._look_after(one, 100.0)
    assert one.process is None
    assert (one.trouble, one.start_at_s) == (trouble, start_at_s)
    assert one.n_restarts == bool(trouble)
    assert orphans == [set()]


@pytest.mark.parametrize(("now_s", "is_started"), [(99.5, False), (100.0, True)])
def test_a_part_is_started_when_its_pause_is_over(
    make: Make, now_s: float, *, is_started: bool
) -> None:
    one = part(start_at_s=100.0)
    make(one, start=lambda _: Process())._look_after(one, now_s)
    assert (one.process is not None) == is_started
    assert one.started_s == (now_s if is_started else 0.0)


@pytest.mark.parametrize(
    ("step", "is_cpu_only", "exit_status"),
    [
        (RestartStep.CHILD, False, None),
        (RestartStep.BACKEND, True, None),
        (RestartStep.SERVICE, False, 1),
        (RestartStep.REBOOT, False, 75),
    ],
)
def test_a_failure_is_answered_as_the_restart_policy_says(
    make: Make, step: RestartStep, exit_status: int | None, *, is_cpu_only: bool
) -> None:
    one = part()
    service = make(one, step=step)
    service._failed(one, "died", 100.0)
    assert service.state == ServiceState(is_cpu_only=is_cpu_only)
    assert service.ends.is_set() == (exit_status is not None)
    assert service._exit == (exit_status or 0)


@pytest.mark.parametrize(
    ("is_ready", "is_revived", "leaves"),
    [
        (False, False, True),  # never came up, and a person is watching
        (True, False, False),
        (False, True, False),
        (True, True, False),
    ],
)
def test_the_safe_state_is_for_a_device_that_once_worked_or_that_nobody_watches(
    make: Make, *, is_ready: bool, is_revived: bool, leaves: bool
) -> None:
    process = Process()
    one, gone = part(process), part(None, "count")
    how = {"is_revived": is_revived, "is_ready": is_ready}
    service = make(gone, one, step=RestartStep.SAFE, **how)
    service._failed(gone, "died", 100.0)
    assert service.ends.is_set() == leaves
    assert (process.returncode is None) == leaves
    assert (one.process is process) == leaves
    why = "" if leaves else "the count process died, repeatedly: call service"
    assert service.state == ServiceState(is_cpu_only=not leaves, safe=why)


def test_ready_is_said_once_and_when_every_part_beats(
    make: Make, notices: list[str], tmp_path: Path
) -> None:
    one, other = part(Process(7)), part(Process(8), "count")
    service = make(one, other)
    beats(tmp_path)
    service._report(100.0)
    status = "STATUS=page 0 restarts, count 0 restarts"
    assert notices == ["WATCHDOG=1", status]
    assert service.policy.works_s == []  # type: ignore[attr-defined]
    beats(tmp_path, pid=8, name="count")
    notices.clear()
    service._report(101.0)
    service._report(102.0)
    assert notices == ["READY=1", "WATCHDOG=1", status]
    assert service.policy.works_s == [102.0]  # type: ignore[attr-defined]


def test_a_device_that_screens_nothing_says_why(make: Make, notices: list[str]) -> None:
    service = make(part(), state=ServiceState(safe="no disk"))
    service._report(100.0)
    assert notices == ["WATCHDOG=1", "STATUS=no disk"]
    assert service.policy.works_s == []  # type: ignore[attr-defined]


def test_figures_that_cannot_be_written_are_spoken_of_once(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = [True]

    def tell(_: Supervisor) -> None:
        if fails[0]:
            raise OSError("no room")

    service = make(tell=tell)
    for fails[0] in (True, True, False, True):
        service._tell()
    assert capsys.readouterr().err.count("no room") == 2


class Noted(Process):
    """Runs, and notes that it was looked after."""

    def __init__(self, name: str, found: list[str]) -> None:
        super().__init__()
        self._name, self._found = name, found

    def poll(self) -> int | None:
        self._found.append(self._name)
        return super().poll()


class Turns:
    """Lets so many turns be, each at its time."""

    def __init__(self, at_s: list[float]) -> None:
        self.at_s, self.left = at_s, len(at_s) - 1

    def wait(self, _: float) -> bool:
        self.left -= 1
        return self.left < 0

    def now_s(self) -> float:
        return self.at_s.pop(0)


@pytest.mark.parametrize(
    ("is_ready", "beating", "looked_after"),
    [
        (False, [], ["page"]),
        (False, ["page"], ["page", "count"]),
        (True, [], ["page", "count"]),
    ],
)
def test_at_the_first_start_each_part_waits_for_the_one_before(
    *,
    make: Make,
    tmp_path: Path,
    is_ready: bool,
    beating: list[str],
    looked_after: list[str],
) -> None:
    found: list[str] = []
    turns = Turns([0.0, 0.1])
    page, count = (part(Noted(name, found), name) for name in ("page", "count"))
    service = make(page, count, ends=turns, now_s=turns.now_s, is_ready=is_ready)
    for name in beating:
        beats(tmp_path, name=name)
    service._watch()
    assert found == looked_after


@pytest.mark.parametrize(
    ("at_s", "judge_from_s"),
    [([0.0, 2.0, 4.0], 0.0), ([0.0, 2.5, 2.6], 2.5 + supervisor.ALLOW_S)],
)
def test_after_it_stood_still_itself_nobody_is_judged_for_a_while(
    make: Make, at_s: list[float], judge_from_s: float
) -> None:
    turns = Turns(at_s)
    service = make(ends=turns, now_s=turns.now_s)
    service._watch()
    assert service.judge_from_s == judge_from_s
    assert at_s == []


def test_at_the_end_the_last_part_goes_first_and_all_by_one_time(
    make: Make, orphans: list[set[int]]
) -> None:
    at_s = [100.0, 101.0, 200.0]
    page, count = Process(7), Process(8)
    parts = part(page), part(None, "gone"), part(count, "count")
    make(*parts, now_s=lambda: at_s.pop(0))._end_all()
    assert count.waits == [supervisor.GOODBYE_S - 1.0]
    assert page.waits == [0.0]  # its time is over: killed at once if it still runs
    assert page.returncode == count.returncode == 0
    assert orphans == [set()]


def test_a_lock_that_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="missing"), alone(tmp_path / "missing"):
        pass

    def no_right(*_: object) -> int:
        raise PermissionError(13, "Permission denied", "lock")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_right)
        with pytest.raises(ConfigError, match="lock"), alone(tmp_path):
            pass
